// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cache/body/chunk.h"
#include "cache/http/response.h"
#include "cache/request/request.h"
#include "upstream/origin_error.h"

/// What flows back to whoever waits for an answer from an origin: head, pieces of the body, end.
namespace larder {

/// The head of an answer, immutable once shared.
struct AnswerHead {
  int status = 200;
  HeadBlocks blocks;  ///< with Content-Length and ETag when they were known in time
  std::optional<std::uint64_t> body_length;
  std::string etag;    ///< quoted, or empty
  bool dated = false;  ///< `blocks` has a Date
};

/// How the answer came about, for Cache-Status (RFC 9211) and the metrics.
enum class AnswerSource : std::uint8_t {
  fill,       ///< this waiter caused the transfer
  joined,     ///< it joined a transfer under way
  committed,  ///< from an object found by the origin thread: stored, or waiting for its commit
  relay,      ///< a transfer of its own, not stored
  held,       ///< a held rejection, no transfer
};

/// Progress for one waiter. Events of one waiter come in order; `end` is the last.
struct AnswerEvent {
  enum class End : std::uint8_t { no, complete, failed };

  std::uint64_t waiter = 0;
  std::shared_ptr<const AnswerHead> head;  ///< set once, in the first event with anything to send
  std::vector<Chunk> body;
  End end = End::no;
  AnswerSource source = AnswerSource::fill;
  bool stored = false;             ///< with `complete`: the object went to the store
  const char* detail = "";         ///< why it was not stored, or stored as outdated; static text
  std::int64_t age_s = -1;         ///< with `head`; -1 = first-hand, as far as is known
  std::optional<Refusal> failure;  ///< with `failed` before any head: what to tell the client
};

/// Where a worker's events go. On the origin thread.
class AnswerOut {
 public:
  virtual ~AnswerOut() = default;
  /// The worker may learn of it only by take_sent(), which comes at the end of the turn.
  virtual void send(AnswerEvent event) = 0;
  virtual void take_sent() = 0;
};

/// One waiter: which worker, and its number there.
struct Waiter {
  AnswerOut* out = nullptr;  ///< outlives every order that names it
  std::uint64_t id = 0;
  friend bool operator==(const Waiter&, const Waiter&) = default;
};

/// Tells whoever waits that there is no answer, and why; nobody may wait.
void refuse(const Waiter& waiter, const Refusal& refusal);
/// What a client is told when the origin could not be reached or read.
Refusal refusal_of(const OriginError& error);
/// Of larder's own bound that `cause` names; to come again in a second.
Refusal refusal_of_overload(const char* cause);
/// The same for an answer that larder does not hand on (a redirect, an error while others wait).
Refusal refusal_of_status(int origin_status);
/// The same with what the answer says of when to ask again.
Refusal refusal_of_answer(const ResponseFacts& facts);

/// A head as it goes out. `etag` may be empty, `body_length` unknown. `date` = that of the receipt,
/// where the origin sent none; empty = whoever sends the head adds one.
std::shared_ptr<const AnswerHead> make_answer_head(const ResponseFacts& facts,
                                                   std::string_view etag,
                                                   std::optional<std::uint64_t> body_length,
                                                   std::string_view date = {});
/// The same for answers that nobody may keep: the origin's cache directives give way to
/// `Cache-Control: private, no-store`.
std::shared_ptr<const AnswerHead> make_private_head(const ResponseFacts& facts,
                                                    std::optional<std::uint64_t> body_length);

}  // namespace larder
