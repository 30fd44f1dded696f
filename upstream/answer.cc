// SPDX-License-Identifier: Apache-2.0
#include "upstream/answer.h"

#include <algorithm>

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
                                          std::optional<std::uint64_t> body_length,
                                          std::string_view date) {
  auto head = std::make_shared<AnswerHead>();
  head->status = facts.status;
  if (facts.status != 204) {  // has no length, not even 0 (RFC 9110 section 8.6)
    head->body_length = body_length ? body_length : facts.content_length;
  }
  head->etag = etag;
  head->blocks = build_head_blocks(facts, etag, head->body_length, date);
  head->dated = facts.date || !date.empty();
  return head;
}

int status_for(OriginCause cause) {
  switch (cause) {
    case OriginCause::timed_out:
      return 504;
    case OriginCause::rate_limited:
    case OriginCause::host_open:
    case OriginCause::outdated:
    case OriginCause::overload:
      return 503;
    default:
      return 502;
  }
}

/// Did a request set out to the origin?
bool was_asked(OriginCause cause) {
  return is_failure_of_host(cause) || cause == OriginCause::too_large;
}

/// For the client: no host, no address, no number of a configuration.
const char* words_for(OriginCause cause) {
  switch (cause) {
    case OriginCause::dns:
      return "the origin's name could not be resolved";
    case OriginCause::private_address:
      return "the origin's address is private, which larder was not told to allow";
    case OriginCause::proxy:
      return "the proxy on the way to the origin failed";
    case OriginCause::connect:
      return "the origin takes no connection";
    case OriginCause::tls:
      return "the origin's certificate or TLS handshake was not accepted";
    case OriginCause::timed_out:
      return "the origin did not answer in time";
    case OriginCause::broken:
      return "the connection to the origin broke before the answer's end";
    case OriginCause::protocol:
      return "the origin's answer is not the HTTP that larder takes";
    case OriginCause::too_large:
      return "the origin's answer is larger than larder takes";
    case OriginCause::server_error:
      return "the origin answered with an error";
    case OriginCause::not_the_api:
      return "the origin's answer is not the API's";
    case OriginCause::rate_limited:
      return "the origin has asked to be left alone for a while";
    case OriginCause::outdated:
      return "the origin still answers with content of before a change";
    case OriginCause::host_open:
      return "the origin fails, and is not asked before it has recovered";
    case OriginCause::overload:
      return "larder is at a bound of its configuration for this origin";
  }
  return "";
}

}  // namespace

Refusal refusal_of(const OriginError& error) {
  Refusal refusal{.status = status_for(error.cause),
                  .cause = words_for(error.cause),
                  .detail = name_of(error.cause),
                  .fwd = was_asked(error.cause) ? "miss" : "",
                  .retry_after_s = error.retry_after_s};
  refusal.error_code = refusal.status;
  return refusal;
}

void refuse(const Waiter& waiter, const Refusal& refusal) {
  if (waiter.out == nullptr) return;
  AnswerEvent event;
  event.waiter = waiter.id;
  event.end = AnswerEvent::End::failed;
  event.failure = refusal;
  waiter.out->send(std::move(event));
}

Refusal refusal_of_overload(const char* cause) {
  Refusal refusal = refusal_of(OriginError{OriginCause::overload, "", 1});
  refusal.cause = cause;
  return refusal;
}

Refusal refusal_of_status(int origin_status) {
  Refusal refusal{.status = 502, .error_code = 502, .fwd = "miss"};
  refusal.detail = name_of(OriginCause::server_error);
  refusal.cause = words_for(OriginCause::server_error);
  if (origin_status == 429) {
    refusal.status = refusal.error_code = 429;
    refusal.cause = "the origin's rate limit is reached";
    refusal.detail = name_of(OriginCause::rate_limited);
  } else if (origin_status >= 300 && origin_status < 400) {
    refusal.cause = "the origin answered with a redirect, which larder does not follow";
    refusal.detail = "redirect";
  } else if (origin_status == 503) {
    refusal.status = refusal.error_code = 503;
    refusal.cause = "the origin is unavailable";
  }
  return refusal;
}

Refusal refusal_of_answer(const ResponseFacts& facts) {
  Refusal refusal = refusal_of_status(facts.status);
  if (refusal.status == 429) refusal.retry_after_s = 1;
  if (facts.retry_after_s && (refusal.status == 429 || refusal.status == 503)) {
    refusal.retry_after_s = std::max<std::int64_t>(1, *facts.retry_after_s);
  }
  return refusal;
}

std::shared_ptr<const AnswerHead> make_answer_head(const ResponseFacts& facts,
                                                   std::string_view etag,
                                                   std::optional<std::uint64_t> body_length,
                                                   std::string_view date) {
  return head_of(facts, etag, body_length, date);
}

std::shared_ptr<const AnswerHead> make_private_head(const ResponseFacts& facts,
                                                    std::optional<std::uint64_t> body_length) {
  ResponseFacts closed = facts;
  closed.passed = without_field(without_field(facts.passed, "cache-control"), "expires");
  closed.passed += "Cache-Control: private, no-store\r\n";
  return head_of(closed, "", body_length, "");
}

}  // namespace larder
