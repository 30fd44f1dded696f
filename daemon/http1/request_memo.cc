// SPDX-License-Identifier: Apache-2.0
#include "daemon/http1/request_memo.h"

#include <functional>
#include <string>

namespace larder {
namespace {

// Without a secret: who makes requests meet in a place gets the answer that all others get, later
// by the classification that was not spared.
std::uint64_t hash_of(const RequestView& request) {
  return std::hash<std::string_view>{}(request.target) ^ request.header_id * 0x9E3779B97F4A7C15u;
}

}  // namespace

RequestMemo::RequestMemo(SettingsPtr settings)
    : settings_(std::move(settings)), requests_(kRequests) {}

void RequestMemo::use(SettingsPtr settings) {
  if (settings->generation != settings_->generation) {
    for (KnownHeader& header : headers_) header.forget();
    requests_ = std::vector<Place>(kRequests);
  }
  settings_ = std::move(settings);
}

RequestMemo::FoundHeader RequestMemo::find_header(std::string_view rest) {
  for (std::size_t i = 0; i < kHeaders; ++i) {
    const std::size_t at = (last_ + i) % kHeaders;
    KnownHeader::Told told;
    if (const std::size_t length = headers_[at].match(rest, told); length != 0) {
      last_ = at;
      return {&headers_[at], length, told};
    }
  }
  return {};
}

void RequestMemo::learn_header(std::string_view block, std::span<const HeaderView> fields,
                               bool must_close) {
  if (!headers_[oldest_].learn(block, fields, must_close, next_id_++, settings_->config)) return;
  last_ = oldest_;
  oldest_ = (oldest_ + 1) % kHeaders;
}

const KnownRequest* RequestMemo::find_request(const RequestView& request,
                                              ListenerConfig::Role role) const {
  if (request.header_id == 0) return nullptr;
  const KnownRequest& known = requests_[hash_of(request) % kRequests].known;
  const bool same = known.header_id == request.header_id && known.role == role &&
                    known.target() == request.target;
  return same ? &known : nullptr;
}

void RequestMemo::learn_request(const RequestView& request, ListenerConfig::Role role,
                                std::string_view canonical, const CacheKey& key,
                                const std::shared_ptr<const Scope>& scope, Reason scope_reason) {
  if (request.header_id == 0 || request.target.size() + canonical.size() > kMaxText) return;
  if (find_request(request, role) != nullptr) return;
  const std::uint64_t hash = hash_of(request);
  Place& place = requests_[hash % kRequests];
  if (place.candidate != hash) {
    place.candidate = hash;
    return;
  }
  std::string text;
  text.reserve(request.target.size() + canonical.size());
  text.append(request.target).append(canonical);
  place.known = {.header_id = request.header_id,
                 .role = role,
                 .target_length = static_cast<std::uint32_t>(request.target.size()),
                 .text = Secret(std::move(text)),
                 .key = key,
                 .scope = scope,
                 .scope_reason = scope_reason};
}

}  // namespace larder
