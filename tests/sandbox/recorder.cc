// SPDX-License-Identifier: Apache-2.0
#include "tests/sandbox/recorder.h"

#include <algorithm>

namespace sandbox {
namespace {

constexpr std::size_t kMaxPaths = 100'000;

}  // namespace

void Recorder::on_opened(Host host) {
  PerHost& counts = of(host);
  ++counts.opened;
  counts.max_open = std::max(counts.max_open, ++counts.open);
}

void Recorder::on_closed(Host host) {
  --of(host).open;
}

void Recorder::on_request(const HttpRequest& request) {
  PerHost& counts = of(request.host);
  ++counts.requests;
  counts.max_in_progress = std::max(counts.max_in_progress, ++counts.in_progress);
  const std::string path(request.path());
  if (counts.paths.size() < kMaxPaths || counts.paths.contains(path)) ++counts.paths[path];
  if (ring_.empty() || request.host == Host::control) return;
  Seen& seen = ring_[seen_ % ring_.size()];
  seen.number = ++seen_;
  seen.host = request.host;
  seen.method.assign(request.method);
  seen.target.assign(request.target);
  seen.text.clear();
  for (const Field& field : request.fields) {
    seen.text.append(field.name).append(1, '\0').append(field.value).append(1, '\n');
  }
}

void Recorder::on_end(Host host, bool complete) {
  PerHost& counts = of(host);
  --counts.in_progress;
  if (!complete) ++counts.aborted;
}

void Recorder::on_body(Host host, std::size_t bytes) {
  of(host).body_bytes += bytes;
}

Json Recorder::counts(bool with_paths) const {
  Json all = Json::object();
  for (const Host host : {Host::delivery, Host::preview}) {
    const PerHost& counts = hosts_[static_cast<std::size_t>(host)];
    Json& shown = all[std::string(name_of(host))];
    shown = {{"requests", counts.requests},       {"body_bytes", counts.body_bytes},
             {"in_progress", counts.in_progress}, {"max_in_progress", counts.max_in_progress},
             {"aborted", counts.aborted},         {"connections_opened", counts.opened},
             {"connections_open", counts.open},   {"max_connections_open", counts.max_open}};
    if (with_paths) shown["paths"] = Json(counts.paths);
  }
  return all;
}

Json Recorder::requests() const {
  Json list = Json::array();
  const std::uint64_t size = ring_.size();
  const std::uint64_t first = std::max(forgotten_, seen_ > size ? seen_ - size : 0);
  for (std::uint64_t number = first + 1; number <= seen_; ++number) {
    const Seen& seen = ring_[(number - 1) % size];
    Json headers = Json::array();
    for (std::string_view rest = seen.text; !rest.empty();) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      const auto zero = line.find('\0');
      headers.push_back(Json::array({line.substr(0, zero), line.substr(zero + 1)}));
      rest.remove_prefix(line.size() + 1);
    }
    list.push_back({{"number", number},
                    {"host", name_of(seen.host)},
                    {"method", seen.method},
                    {"target", seen.target},
                    {"headers", headers}});
  }
  return list;
}

void Recorder::reset_counts() {
  for (PerHost& counts : hosts_) {
    counts.requests = counts.aborted = counts.opened = counts.body_bytes = 0;
    counts.max_open = counts.open;
    counts.max_in_progress = counts.in_progress;
    counts.paths.clear();
  }
}

void Recorder::forget_requests() {
  forgotten_ = seen_;
}

}  // namespace sandbox
