// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "cache/store/object.h"
#include "conf/base/clock.h"
#include "daemon/http1/answer_text.h"
#include "daemon/orders/orders.h"
#include "daemon/watch/metrics.h"
#include "upstream/answer.h"

/// What an answer says of itself: its head, Cache-Status (RFC 9211) and its kind in the metrics.
/// Pure.
namespace larder {

/// Room for the words of a hit.
using HitWords = std::array<char, 96>;

/// `larder; hit; ttl=N` with the seconds that the object stays fresh, and `; detail=` with the
/// reason's words unless it is none, in `buffer`.
std::string_view hit_words(HitWords& buffer, const ObjectView& object, WallTime now, Reason reason);

/// What became of an answer from the fetch thread, as far as the event tells: static text, "" = no
/// more than its outcome says. `relay`: its order was one.
const char* stream_detail(const AnswerEvent& event, bool relay);
/// Its Cache-Status.
std::string stream_words(const AnswerEvent& event, bool relay);
/// `to`: with `relay`, where it went.
Outcome stream_outcome(const AnswerEvent& event, bool relay, RelayOrder::To to);

/// False: the status never has one (RFC 9110 section 6.4.1).
bool has_body(int status);

/// Writes the head of a stored object's answer over `out`. `status`: the object's, or 304.
void write_object_head(std::string& out, const ObjectView& object, int status,
                       const HeadTail& tail);

}  // namespace larder
