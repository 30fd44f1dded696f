// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <list>
#include <string>

#include "tests/sandbox/connection.h"
#include "tests/sandbox/http.h"
#include "tests/sandbox/json.h"

/// Rules that make the origin misbehave for some requests, or wait at a barrier.
///
/// A rule is a JSON object. Which requests (all that are given must hold):
///   host      "delivery" or "preview"; default both
///   match     text that the target contains
///   prefix    text that the target begins with
///   method    "GET", ...
///   header    {"name": NAME, "value": VALUE}; without value: present at all
///   skip      so many matching requests go by first; default 0
///   times     then so many are met; default all
///   beyond_per_second   so many go by in any second, besides those of `skip`: only more are met
/// What happens, any of:
///   status, body, headers   another status; body a string or any JSON; headers
///                           {NAME: VALUE | [VALUE...] | null}: set, set several times, taken out
///   malformed_json          the body is cut in half, with the framing of the half
///   no_gzip                 identity whatever the client accepts
///   chunked                 chunked coding instead of Content-Length
///   close_delimited         neither; the end of the connection ends the body
///   wrong_content_length    so many bytes more (or less, when negative) are announced
///   huge_header             a field of so many bytes besides
///   raw                     these bytes instead of a response, then close unless `keep_open`
///   close                   closes after the answer
///   delay_ms                waits before the head
///   hold                    waits at this barrier before the head; with `after`: N, after the head
///                           and N bytes of the body
///   late                    the answer is made up after delay_ms and hold, not before
///   body_delay              {"chunks": N, "interval_ms": T}: the body in N pieces, T ms before
///   each;
///                           with `chunked` each is a chunk
///   truncate_after          closes after so many bytes of the body
///   reset                   RST instead of an answer; a number: after so many bytes of the body
///   stall                   "head": nothing is sent; true: the head, then nothing; a number: the
///                           head and so many bytes of the body, then nothing
namespace sandbox {

/// What a rule makes of an answer.
struct Plan {
  ApiAnswer answer;
  const HttpRequest* request = nullptr;
  Script script() const;  ///< without faults
};

class Fault {
 public:
  Fault(std::uint64_t id, Json rule);

  std::uint64_t id() const { return id_; }
  const std::string& barrier() const { return barrier_; }
  bool matches(const HttpRequest& request) const;
  /// Counts a match; true when this one is to be met.
  bool take();
  bool used_up() const { return times_ >= 0 && hits_ >= skip_ + times_; }
  Json describe() const;

  /// Whether the API is to be asked for identity.
  bool wants_identity() const;
  bool late() const { return rule_.value("late", false); }
  /// The waits before the head.
  std::vector<Step> waits() const;
  /// The answer with everything that the rule changes, without its waits.
  Script apply(ApiAnswer answer, const HttpRequest& request) const;

 private:
  std::uint64_t id_;
  Json rule_;
  std::string barrier_;
  long skip_ = 0, times_ = -1, hits_ = 0;
  std::size_t beyond_per_second_ = 0;
  std::deque<std::chrono::steady_clock::time_point> gone_by_;  ///< within the last second
};

class Faults {
 public:
  std::uint64_t add(Json rule);
  /// The first rule for this request, counted as met; nullptr when there is none. Good until the
  /// rules change: copy it to keep it.
  const Fault* find(const HttpRequest& request);
  void clear() { rules_.clear(); }
  bool remove(std::uint64_t id);
  void remove_barrier(const std::string& name);
  Json describe() const;

 private:
  std::list<Fault> rules_;
  std::uint64_t last_id_ = 0;
};

}  // namespace sandbox
