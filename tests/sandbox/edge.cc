// SPDX-License-Identifier: Apache-2.0
#include "tests/sandbox/edge.h"

#include <algorithm>
#include <utility>

namespace sandbox {
namespace {

long seconds(std::chrono::steady_clock::duration time) {
  return static_cast<long>(std::chrono::duration_cast<std::chrono::seconds>(time).count());
}

/// Without the parameters whose names begin with `_` or `larder_`.
std::string without_busters(std::string_view query) {
  std::string kept;
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const bool buster = query.starts_with('_') || query.starts_with("larder_");
    if (!buster) kept.append(query.substr(0, end)).push_back('&');
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return kept;
}

}  // namespace

void Edge::configure(const Json& order) {
  lag_ = std::chrono::milliseconds(order.value("lag_ms", 0L));
  cache_buster_ = order.value("cache_buster", true);
  tells_age_ = order.value("tells_age", true);
  copies_.clear();
}

void Edge::on_change() {
  changed_ = Clock::now();
  for (auto& [question, copy] : copies_) {
    if (!copy.purged) copy.purged = changed_;
  }
}

std::string Edge::question(const ApiRequest& request) const {
  std::string text(request.method);
  const std::string query =
      cache_buster_ ? std::string(request.query) : without_busters(request.query);
  for (const std::string_view part :
       {request.path, std::string_view(query), request.api_key, request.access_token,
        request.authorization, request.environment, request.branch, request.variants,
        request.early_access, request.release_id, request.preview_timestamp,
        std::string_view(request.gzip ? "gzip" : "")}) {
    text.push_back('\n');
    text.append(part);
  }
  return text;
}

ApiAnswer Edge::answer(const ApiRequest& request, const std::function<ApiAnswer()>& make) {
  if (lag_.count() == 0) {
    ApiAnswer made = make();
    made.age_s = made_up_age(request, made.status);
    return made;
  }
  const auto now = Clock::now();
  const std::string asked = question(request);
  const auto found = copies_.find(asked);
  if (found != copies_.end() && (!found->second.purged || now < *found->second.purged + lag_)) {
    if (found->second.purged) ++late_;
    ApiAnswer copy = found->second.answer;
    if (tells_age_) copy.age_s = seconds(now - found->second.made);
    return copy;
  }
  if (copies_.size() >= kMaxCopies) copies_.clear();
  ApiAnswer made = make();
  copies_.insert_or_assign(asked, Copy{made, now, std::nullopt});
  return made;
}

std::optional<long> Edge::made_up_age(const ApiRequest& request, int status) const {
  std::string target(request.path);
  if (!request.query.empty()) target.append("?").append(request.query);
  const std::size_t luck = std::hash<std::string>()(target) % 8;
  if (status != 200 || luck >= 3) return std::nullopt;
  const bool busts = without_busters(request.query).size() < request.query.size();
  if (busts && cache_buster_) return std::nullopt;
  const long age = luck == 0 ? 78'006 : 92;
  if (!changed_) return age;
  // In whole seconds: the copy was made after the change for sure.
  const long known = seconds(Clock::now() - *changed_) - 1;
  return known < 0 ? std::nullopt : std::optional(std::min(age, known));
}

Json Edge::describe() const {
  return {{"lag_ms", lag_.count()}, {"copies", copies_.size()}, {"late", late_}};
}

}  // namespace sandbox
