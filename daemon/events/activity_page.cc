// SPDX-License-Identifier: Apache-2.0
#include "daemon/events/activity_page.h"

#include <algorithm>
#include <utility>

#include "cache/tags/event_time.h"

namespace larder {
namespace {

// FNV-1a: whoever could choose the octets could as well say that nothing has changed.
constexpr std::uint64_t kFnvBasis = 0xcbf29ce484222325u;
constexpr std::uint64_t kFnvPrime = 0x100000001b3u;

}  // namespace

void ActivityReading::feed(std::string_view piece) {
  std::uint64_t hash = page_.fingerprint == 0 ? kFnvBasis : page_.fingerprint;
  for (const char c : piece) hash = (hash ^ static_cast<unsigned char>(c)) * kFnvPrime;
  page_.fingerprint = hash;
  sound_ = sound_ && stream_.feed(piece);
}

void ActivityReading::on_open(JsonContainer container, unsigned depth) {
  const bool object = container == JsonContainer::object;
  if (depth == 0) is_object_ = object;
  if (depth == 1 && keys_[1] == "content_types") {
    in_types_ = !object;
    lists_types_ = in_types_;
  }
  if (!in_types_) return;
  if (depth == 2) {
    type_ = {};
    has_activity_ = false;
    page_.followed = page_.followed && object;
  }
  if (depth == 3 && keys_[3] == "last_activity") has_activity_ = true;
}

void ActivityReading::on_close(JsonContainer, unsigned depth) {
  if (depth == 1) in_types_ = false;
  if (depth != 2 || !in_types_) return;
  if (type_.uid.empty() || !has_activity_ || page_.types.size() == ActivityPage::kMaxTypes) {
    page_.followed = false;
    return;
  }
  page_.types.push_back(std::move(type_));
}

void ActivityReading::on_text(JsonText kind, std::string_view part, bool last, unsigned depth) {
  if (depth == 0) return;
  if (!text_.add(part, last)) return;
  if (kind != JsonText::key) {
    take_value(depth);
  } else if (depth <= kMaxFollowed) {
    keys_[depth] = text_.text();
  }
}

void ActivityReading::on_literal(JsonLiteral, unsigned depth) {
  if (!in_types_) return;
  if (depth == 2) page_.followed = false;
  if (depth == 3 && keys_[3] == "last_activity") has_activity_ = true;
}

/// The activity is a time, or holds times at any depth.
void ActivityReading::take_value(unsigned depth) {
  if (!in_types_) return;
  if (depth == 2) page_.followed = false;
  if (depth == 3 && keys_[3] == "uid") type_.uid = text_.text();
  if (depth < 3 || keys_[3] != "last_activity") return;
  const auto at = parse_event_time(text_.text());
  if (depth == 3) has_activity_ = at.has_value();
  if (at) type_.at = std::max(type_.at, *at);
}

std::optional<ActivityPage> ActivityReading::finish() {
  if (!sound_ || !stream_.finish() || !is_object_) return std::nullopt;
  page_.followed = page_.followed && lists_types_;
  return std::move(page_);
}

}  // namespace larder
