// SPDX-License-Identifier: Apache-2.0
#include "daemon/webhook/webhook_desk.h"

#include <utility>

#include "cache/request/query_json.h"
#include "conf/base/octets.h"

namespace larder {
namespace {

WebhookVerdict refusal(int status, WebhookResult result, std::string text) {
  return {.status = status, .result = result, .text = std::move(text)};
}

/// Of what the body means: whoever replays it with more blanks has sent it before.
Sha256 digest_of(std::string_view body) {
  std::string compact(body.size(), '\0');
  const std::size_t length = canonical_json(body, compact.data());
  if (length == std::string_view::npos) return sha256(body);
  compact.resize(length);
  return sha256(compact);
}

/// `application/json`, with parameters or without.
bool is_json_type(std::string_view type) {
  constexpr std::string_view kJson = "application/json";
  if (!equals_ignoring_case(type.substr(0, kJson.size()), kJson)) return false;
  type.remove_prefix(kJson.size());
  return type.empty() || type.front() == ';' || type.front() == ' ' || type.front() == '\t';
}

std::string age_text(std::int64_t ms) {
  return std::to_string(ms / 1'000) + " s";
}

}  // namespace

WebhookVerdict WebhookDesk::judge(const WebhookConfig& config,
                                  std::span<const SigningKey> signing_keys,
                                  std::span<const HeaderView> headers, std::string_view body,
                                  WallTime now) {
  if (const auto unproven = find_unproven(config, signing_keys, headers, body, now)) {
    // Which proof failed is the operator's to know, not the sender's.
    WebhookVerdict verdict = refusal(401, WebhookResult::unproven, "not verified");
    verdict.unproven = unproven;
    return verdict;
  }
  return judge_genuine(config, body, now);
}

WebhookVerdict WebhookDesk::judge_genuine(const WebhookConfig& config, std::string_view body,
                                          WallTime now) {
  auto event = read_webhook_event(body, now);
  if (!event) return refusal(400, WebhookResult::invalid, event.error().context);
  WebhookVerdict verdict;
  verdict.digest = digest_of(body);
  verdict.event = *std::move(event);
  if (!config.requires_proof()) verdict.event.distrust();
  const WallTime triggered = verdict.event.triggered;
  switch (seen_.judge(verdict.digest, triggered, now, config.window_s)) {
    case SeenEvents::Verdict::seen:
      verdict.result = WebhookResult::duplicate;
      verdict.text = "applied before";
      verdict.event.order.reset();
      return verdict;
    case SeenEvents::Verdict::too_old:
      return refusal(400, WebhookResult::too_old,
                     "triggered_at was " + age_text(now.ms - triggered.ms) +
                         " ago, longer than webhook.window: not applied");
    case SeenEvents::Verdict::too_far_ahead:
      return refusal(400, WebhookResult::too_far_ahead,
                     "triggered_at is " + age_text(triggered.ms - now.ms) +
                         " ahead of the clock here: not applied");
    case SeenEvents::Verdict::fresh:
      break;
  }
  if (verdict.event.order) {
    verdict.result = verdict.event.coarse ? WebhookResult::coarse : WebhookResult::applied;
  } else {
    verdict.result = WebhookResult::ignored;
    verdict.text = verdict.event.subject;
  }
  return verdict;
}

std::optional<WebhookVerdict> refuse_head(const WebhookConfig& config, std::string_view method,
                                          const RequestView& request) {
  const std::string_view path = request.target.substr(0, request.target.find('?'));
  if (path != config.path) return refusal(404, WebhookResult::wrong_path, "no such path");
  if (method != "POST") return refusal(405, WebhookResult::wrong_method, "webhooks are POSTed");
  for (const HeaderView& header : request.headers) {
    // A page in a browser of somebody who can reach this port would send one.
    if (equals_ignoring_case(header.name, "origin"))
      return refusal(403, WebhookResult::wrong_type, "not for browsers");
    if (equals_ignoring_case(header.name, "content-type") && !is_json_type(header.value))
      return refusal(415, WebhookResult::wrong_type, "send application/json");
    if (equals_ignoring_case(header.name, "content-encoding") &&
        !equals_ignoring_case(header.value, "identity"))
      return refusal(415, WebhookResult::wrong_type, "send it without a content coding");
  }
  return std::nullopt;
}

}  // namespace larder
