// SPDX-License-Identifier: Apache-2.0
#include "conf/base/redact.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "conf/base/redact_scan.h"
#include "conf/base/text_unit.h"

namespace larder {
namespace {

constexpr std::string_view kMarker = "[redacted]";

/// `cs` and 24 hex digits; uids have 16.
constexpr std::size_t kTokenBytes = 26;

bool may_be_uid(std::string_view shape) {
  return shape.size() < kTokenBytes && shape.find_first_of("pP") == std::string_view::npos;
}

/// `secret` at `at`, each byte of it plain or escaped.
std::optional<Span> secret_at(std::string_view text, std::size_t at, std::string_view secret) {
  const std::size_t begin = at;
  for (const char wanted : secret) {
    if (at >= text.size()) return std::nullopt;
    const TextUnit unit = unit_at(text, at);
    if (unit.byte != wanted) return std::nullopt;
    at += unit.length;
  }
  return Span{begin, at};
}

bool holds(std::string_view text, const Secret& secret) {
  for (std::size_t at = 0; at < text.size() && !secret.empty(); ++at) {
    if (secret_at(text, at, secret.reveal())) return true;
  }
  return false;
}

/// Sorts, joins what overlaps or touches, and drops what lies inside a marker of an earlier pass
/// (a secret may well be part of the marker's word).
std::vector<Span> tidy(std::string_view text, std::vector<Span> spans) {
  const auto inside_marker = [text](const Span& span) {
    const std::size_t from = span.begin < kMarker.size() ? 0 : span.begin - kMarker.size();
    const std::string_view around = text.substr(from, span.end - from + kMarker.size());
    if (span.end - span.begin > kMarker.size()) return false;
    for (std::size_t at = around.find(kMarker); at != around.npos;
         at = around.find(kMarker, at + 1)) {
      if (from + at <= span.begin && span.end <= from + at + kMarker.size()) return true;
    }
    return false;
  };
  std::erase_if(spans, inside_marker);
  std::sort(spans.begin(), spans.end(),
            [](const Span& a, const Span& b) { return a.begin < b.begin; });
  std::vector<Span> joined;
  for (const Span& span : spans) {
    if (!joined.empty() && span.begin <= joined.back().end) {
      joined.back().end = std::max(joined.back().end, span.end);
    } else {
      joined.push_back(span);
    }
  }
  return joined;
}

struct Installed {
  std::mutex mutex;
  std::shared_ptr<const Redactor> redactor = std::make_shared<const Redactor>();
};

/// Deliberately never freed: threads may log until the very end of the process.
Installed& installed() {
  static auto* const only = new Installed;
  return *only;
}

}  // namespace

void Redactor::add(const Secret& secret) {
  if (secret.empty()) return;
  for (const Secret& known : secrets_) {
    if (known.equals(secret.reveal())) return;
  }
  starts_secret_[static_cast<unsigned char>(secret.reveal().front())] = true;
  secrets_.push_back(secret);
}

void Redactor::add_retired(const Redactor& earlier) {
  const std::size_t bound = secrets_.size() + kMaxRetired;
  for (const Secret& secret : earlier.secrets_) {
    if (secrets_.size() < bound) add(secret);
  }
}

void Redactor::find_secrets(std::string_view text, std::vector<Span>& spans) const {
  for (std::size_t at = 0; at < text.size() && !secrets_.empty(); ++at) {
    if (!starts_secret_[static_cast<unsigned char>(text[at])] && !starts_escape(text[at])) continue;
    for (const Secret& secret : secrets_) {
      if (const auto span = secret_at(text, at, secret.reveal())) spans.push_back(*span);
    }
  }
}

bool Redactor::finds_credential(std::string_view text, const Secret& also) const {
  std::vector<Span> spans;
  find_token_shapes(text, spans);
  std::erase_if(spans, [text](const Span& span) {
    return may_be_uid(text.substr(span.begin, span.end - span.begin));
  });
  find_named_values(text, spans);
  find_secrets(text, spans);
  return !spans.empty() || holds(text, also);
}

/// What was taken out may have held a quote that something before it needed: until nothing changes.
std::string Redactor::redact(std::string_view text) const {
  constexpr int kMaxPasses = 8;
  std::string out = redact_once(text);
  for (int pass = 1; pass < kMaxPasses && out != text; ++pass) {
    std::string next = redact_once(out);
    if (next == out) break;
    out.swap(next);
  }
  return out;
}

std::string Redactor::redact_once(std::string_view text) const {
  std::vector<Span> spans;
  find_named_values(text, spans);
  find_token_shapes(text, spans);
  find_secrets(text, spans);
  if (spans.empty()) return std::string(text);
  std::string out;
  out.reserve(text.size());
  std::size_t done = 0;
  for (const Span& span : tidy(text, std::move(spans))) {
    out.append(text, done, span.begin - done);
    out += kMarker;
    done = span.end;
  }
  out.append(text, done);
  return out;
}

namespace {

std::atomic<std::uint64_t> installs{0};

}  // namespace

std::uint64_t redactor_number() {
  return installs.load(std::memory_order_acquire);
}

void install_redactor(Redactor redactor) {
  auto& [mutex, current] = installed();
  const std::lock_guard lock(mutex);
  redactor.add_retired(*current);
  current = std::make_shared<const Redactor>(std::move(redactor));
  installs.fetch_add(1, std::memory_order_release);
}

namespace {

std::shared_ptr<const Redactor> redactor() {
  auto& [mutex, current] = installed();
  const std::lock_guard lock(mutex);
  return current;
}

}  // namespace

std::string redact(std::string_view text) {
  return redactor()->redact(text);
}

bool finds_credential(std::string_view text, const Secret& also) {
  return redactor()->finds_credential(text, also);
}

}  // namespace larder
