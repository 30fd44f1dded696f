// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cache/body/error_code.h"
#include "cache/body/pipeline.h"
#include "cache/http/response.h"
#include "conf/base/result.h"
#include "daemon/orders/orders.h"

/// What a fill makes of an origin's answer. Pure.
namespace larder {

/// What to do with an answer, by its head alone.
enum class Course : std::uint8_t {
  hold_back,  ///< 401, 403, 412: its body says whether it is a word on the credential
  trouble,    ///< no answer about content: stale objects stand in, others may try again
  pass,       ///< for one client alone
  keep,       ///< may be stored and shared
};

struct HeadJudgement {
  Course course = Course::keep;
  StoreVerdict verdict = StoreVerdict::storable;
};

/// `unkeyed`: as for may_store().
HeadJudgement judge_head(const ResponseFacts& facts, const FillOrder& order,
                         const std::vector<std::string>& unkeyed);

/// An answer of which the whole body was kept.
struct WholeAnswer {
  const ResponseFacts& facts;
  const FillOrder& order;
  bool framed;  ///< its length was proven by its framing
  const Result<SoundBody>& body;
  const ErrorCodeReader& words;  ///< of the body
  StoreVerdict so_far;           ///< storable, or purged
};
StoreVerdict judge_whole(const WholeAnswer& answer);

/// The body is not what the head promised: whoever has a stale object gets that instead.
bool is_bad_body(StoreVerdict verdict);

/// Of a sound 401, 403 or 412: the API's own code for a credential that it does not take (105
/// token, 109 api key, 901 branch).
bool is_rejection(const ErrorCodeReader& words);

}  // namespace larder
