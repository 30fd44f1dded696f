// SPDX-License-Identifier: Apache-2.0
#include "bench/replay/replay_purges.h"

#include "bench/run/command.h"
#include "bench/run/json.h"
#include "bench/trace/trace_request.h"
#include "conf/base/hex.h"

namespace larder::bench {
namespace {

/// For a value in a query.
std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char byte : text) {
    const bool plain = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
                       (byte >= 'A' && byte <= 'Z') || byte == '_' || byte == '-' || byte == '/';
    if (plain) {
      out.push_back(byte);
    } else {
      append_percent(out, static_cast<unsigned char>(byte));
    }
  }
  return out;
}

}  // namespace

void ReplayPurges::advance(Poll& poll, const std::function<bool(std::uint32_t)>& may_begin,
                           const std::function<void(std::uint32_t)>& ended) {
  for (auto at = jobs_.begin(); at != jobs_.end();) {
    Job& job = *at;
    if (job.step == Step::waits && may_begin(job.order.key)) tell_origin(job, poll);
    if (job.errand && job.errand->done()) go_on(job, poll);
    if (job.step == Step::ended) {
      ended(job.order.key);
      at = jobs_.erase(at);
    } else {
      ++at;
    }
  }
}

void ReplayPurges::go_on(Job& job, Poll& poll) {
  if (job.errand->status() != 200) {
    throw BenchError(std::string(job.step == Step::purges ? "the purge" : "the new size") + " of " +
                     job.order.uid + " was refused: " + job.errand->text());
  }
  if (job.step == Step::tells_origin) return purge(job, poll);
  ++purged_;
  job.step = Step::ended;
}

void ReplayPurges::tell_origin(Job& job, Poll& poll) {
  if (job.order.new_bytes == 0) return purge(job, poll);
  job.step = Step::tells_origin;
  const std::string body = Json{{job.order.uid, job.order.new_bytes}}.dump();
  job.errand = std::make_unique<Errand>(poll, connect_to(control_),
                                        post_request(control_.authority, "/sizes", body));
}

void ReplayPurges::purge(Job& job, Poll& poll) {
  if (!admin_) {
    job.step = Step::ended;
    return;
  }
  job.step = Step::purges;
  const std::string target = "/purge?what=url&url=" + percent_encoded(trace_target(job.order.uid));
  job.errand = std::make_unique<Errand>(poll, connect_to(*admin_),
                                        post_request(admin_->authority, target, ""));
}

}  // namespace larder::bench
