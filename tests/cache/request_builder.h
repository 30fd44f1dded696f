// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "cache/request/canonical.h"
#include "cache/request/classify.h"
#include "cache/request/request.h"
#include "cache/scope/key.h"

/// Requests for tests, and what the pure part of cache/ makes of them.
namespace larder::testing {

inline constexpr std::string_view kApiKey = "blt0123456789abcdef";
inline constexpr std::string_view kToken = "cs0123456789abcdef01234567";
inline constexpr std::string_view kPreviewToken = "csprev0123456789abcdef0123";

/// Owns the texts of a request. Starts as a plain delivery request without a Host check to fail.
class RequestBuilder {
 public:
  explicit RequestBuilder(std::string target) : target_(std::move(target)) {
    header("Host", "cache.test");
  }
  /// With API key and delivery token.
  static RequestBuilder delivery(std::string target) {
    RequestBuilder builder(std::move(target));
    builder.header("api_key", kApiKey).header("access_token", kToken);
    return builder;
  }
  RequestBuilder& header(std::string_view name, std::string_view value) {
    lines_.emplace_back(name, value);
    return *this;
  }
  RequestBuilder& without(std::string_view name) {
    std::erase_if(lines_, [name](const auto& line) { return line.first == name; });
    return *this;
  }
  RequestBuilder& method(Method value) {
    method_ = value;
    return *this;
  }
  RequestBuilder& version(int major, int minor) {
    major_ = major;
    minor_ = minor;
    return *this;
  }
  /// Good until the builder changes or ends.
  RequestView view() {
    views_.clear();
    for (const auto& [name, value] : lines_) views_.push_back({name, value});
    return {method_, major_, minor_, target_, views_};
  }

 private:
  std::string target_;
  std::deque<std::pair<std::string, std::string>> lines_;
  std::vector<HeaderView> views_;
  Method method_ = Method::get;
  int major_ = 1;
  int minor_ = 1;
};

/// All that became of a request. `fields` is valid when `refusal.status` is 0.
struct Outcome {
  Refusal refusal{0, 0, "", "", false};
  RequestFields fields;
  CanonicalRequest canonical;  ///< of cached and passed requests
  std::string bytes;
  std::size_t url_length = 0;
};

inline Outcome run(RequestBuilder& builder, const Config& config, Decoded& scratch,
                   const std::vector<std::string>& forward = {},
                   ListenerConfig::Role role = ListenerConfig::Role::delivery) {
  Outcome outcome;
  const RequestView request = builder.view();
  auto result = classify(request, config, role, scratch);
  if (const Refusal* refusal = std::get_if<Refusal>(&result)) {
    outcome.refusal = *refusal;
    return outcome;
  }
  outcome.fields = std::get<RequestFields>(result);
  if (outcome.fields.route == Route::cached || outcome.fields.route == Route::pass) {
    canonicalise(outcome.fields, request, forward, outcome.canonical);
    outcome.url_length = write_canonical_bytes(outcome.canonical, outcome.bytes);
  }
  return outcome;
}

/// "cached", "pass", ... or the status of the refusal: what a table of requests compares.
inline std::string name_of(const Outcome& outcome) {
  if (outcome.refusal.status != 0) return std::to_string(outcome.refusal.status);
  return name_of(outcome.fields.route);
}

}  // namespace larder::testing
