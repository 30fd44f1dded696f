// SPDX-License-Identifier: Apache-2.0
#include "daemon/client/answer_head.h"

#include <algorithm>
#include <charconv>

#include "cache/http/response.h"

namespace larder {

std::string_view hit_words(HitWords& buffer, const ObjectView& object, WallTime now,
                           Reason reason) {
  constexpr std::string_view kLead = "larder; hit; ttl=";
  constexpr std::string_view kDetail = "; detail=";
  char* at = std::copy(kLead.begin(), kLead.end(), buffer.data());
  at = std::to_chars(at, buffer.data() + 60, (object.meta.lifetime.fresh_until.ms - now.ms) / 1000)
           .ptr;
  if (reason != Reason::none) {
    const std::string_view words = name_of(reason);
    at = std::copy(kDetail.begin(), kDetail.end(), at);
    at = std::copy(words.begin(), words.end(), at);
  }
  return {buffer.data(), static_cast<std::size_t>(at - buffer.data())};
}

const char* stream_detail(const AnswerEvent& event, bool relay) {
  switch (event.source) {
    case AnswerSource::fill:
    case AnswerSource::joined:
      if (*event.detail != '\0') return event.detail;
      return event.stored ? "stored" : "";
    case AnswerSource::committed:
      return "committed";
    case AnswerSource::relay:
      return relay ? "" : "hit-for-miss";
    case AnswerSource::held:
      return "rejected-credential";
  }
  return "";
}

std::string stream_words(const AnswerEvent& event, bool relay) {
  switch (event.source) {
    case AnswerSource::fill:
    case AnswerSource::joined: {
      std::string words = "larder; fwd=miss";
      if (event.source == AnswerSource::joined) {
        words += "; collapsed";
      } else if (event.stored) {
        words += "; stored";
      }
      return *event.detail == '\0' ? words : words.append("; detail=").append(event.detail);
    }
    case AnswerSource::committed:
      return "larder; hit; detail=committed";
    case AnswerSource::relay:
      return relay ? "larder; fwd=bypass" : "larder; fwd=miss; detail=hit-for-miss";
    case AnswerSource::held:
      return "larder; detail=rejected-credential";
  }
  return "larder";
}

Outcome stream_outcome(const AnswerEvent& event, bool relay, RelayOrder::To to) {
  switch (event.source) {
    case AnswerSource::fill:
      return Outcome::miss;
    case AnswerSource::joined:
      return Outcome::joined;
    case AnswerSource::committed:
      return Outcome::committed;
    case AnswerSource::held:
      return Outcome::rejected;
    case AnswerSource::relay:
      break;
  }
  if (!relay) return Outcome::miss;
  return to == RelayOrder::To::preview ? Outcome::preview : Outcome::pass;
}

bool has_body(int status) {
  return status != 204 && status != 304;
}

void write_object_head(std::string& out, const ObjectView& object, int status,
                       const HeadTail& tail) {
  out.assign(status_line(status));
  if (status != 304) out.append(object.entity_fields);
  out.append(object.shared_fields);
  append_head_tail(out, tail);
}

}  // namespace larder
