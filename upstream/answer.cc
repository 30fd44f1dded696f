// SPDX-License-Identifier: Apache-2.0
#include "upstream/answer.h"
#include "conf/base/octets.h"

namespace larder {
namespace {

/// `fields` without the lines of the given name.
std::string without_field(std::string_view fields, std::string_view name) {
  std::string kept;
  while (!fields.empty()) {
    const auto end = fields.find("\r\n");
    const auto line = fields.substr(0, end == std::string_view::npos ? fields.size() : end + 2);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !equals_ignoring_case(line.substr(0, colon), name))
      kept.append(line);
    fields.remove_prefix(line.size());
  }
  return kept;
}

std::shared_ptr<const AnswerHead> head_of(const ResponseFacts& facts, std::string_view etag,
                                          std::optional<std::uint64_t> body_length) {
  auto head = std::make_shared<AnswerHead>();
  head->status = facts.status;
  if (facts.status != 204) {  // has no length, not even 0 (RFC 9110 section 8.6)
    head->body_length = body_length ? body_length : facts.content_length;
  }
  head->etag = etag;
  head->blocks = build_head_blocks(facts, etag, head->body_length);
  return head;
}

}  // namespace

Refusal refusal_of(const Error& error) {
  switch (error.code) {
    case Error::Code::timed_out:
      return {.status = 504, .error_code = 504, .cause = "the origin did not answer in time"};
    case Error::Code::full:
      return {.status = 503,
              .error_code = 503,
              .cause = "larder is at a bound of its configuration for this origin"};
    default:
      return {.status = 502,
              .error_code = 502,
              .cause = "the origin could not be reached or its answer not be read"};
  }
}

Refusal refusal_of_status(int origin_status) {
  if (origin_status == 429) {
    return {.status = 429, .error_code = 429, .cause = "the origin's rate limit is reached"};
  }
  if (origin_status >= 300 && origin_status < 400) {
    return {.status = 502,
            .error_code = 502,
            .cause = "the origin answered with a redirect, which larder does not follow"};
  }
  if (origin_status == 503) {
    return {.status = 503, .error_code = 503, .cause = "the origin is unavailable"};
  }
  return {.status = 502, .error_code = 502, .cause = "the origin answered with an error"};
}

std::shared_ptr<const AnswerHead> make_answer_head(const ResponseFacts& facts,
                                                   std::string_view etag,
                                                   std::optional<std::uint64_t> body_length) {
  return head_of(facts, etag, body_length);
}

std::shared_ptr<const AnswerHead> make_private_head(const ResponseFacts& facts,
                                                    std::optional<std::uint64_t> body_length) {
  ResponseFacts closed = facts;
  closed.passed = without_field(without_field(facts.passed, "cache-control"), "expires");
  closed.passed += "Cache-Control: private, no-store\r\n";
  return head_of(closed, "", body_length);
}

}  // namespace larder
