// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/answer_judge.h"

#include <string_view>

#include "conf/base/redact.h"
#include "conf/base/secret.h"

namespace larder {
namespace {

/// Is a credential in what of the request would reach the disk: its own one, or any that can be
/// told?
bool names_credential(const FillOrder& order) {
  const auto& scope = *order.scope;
  for (const std::string_view text :
       {std::string_view(order.canonical), std::string_view(scope.environment),
        std::string_view(scope.branch), std::string_view(scope.api_key)}) {
    if (finds_credential(text, order.access_token)) return true;
  }
  return false;
}

/// Does a field of the answer hold a credential, the request's own one or any that can be told?
/// Then it is for nobody else, for another token of the same scope may have asked too.
bool echoes_credential(const ResponseFacts& facts, const Secret& access_token) {
  return finds_credential(facts.passed, access_token) ||
         finds_credential(facts.content_type, access_token) ||
         finds_credential(facts.vary, access_token);
}

}  // namespace

HeadJudgement judge_head(const ResponseFacts& facts, const FillOrder& order,
                         const std::vector<std::string>& unkeyed) {
  const StoreVerdict verdict = may_store(facts, order.request.representation, unkeyed);
  if (facts.status == 401 || facts.status == 403 || facts.status == 412) {
    return {Course::hold_back, verdict};
  }
  if (is_trouble(facts)) return {Course::trouble, verdict};
  if (verdict != StoreVerdict::storable) return {Course::pass, verdict};
  if (echoes_credential(facts, order.access_token)) {
    return {Course::pass, StoreVerdict::secret_in_key};
  }
  return {Course::keep, verdict};
}

StoreVerdict judge_whole(const WholeAnswer& answer) {
  if (!answer.framed) return StoreVerdict::incomplete;
  const auto& body = answer.body;
  if (!body && body.error().code != Error::Code::full) return StoreVerdict::malformed_json;
  if (answer.so_far != StoreVerdict::storable) return answer.so_far;
  if (!body) return StoreVerdict::too_large;
  if (answer.facts.status == 200 && answer.words.is_no_content()) {
    return StoreVerdict::not_of_the_api;
  }
  return names_credential(answer.order) ? StoreVerdict::secret_in_key : StoreVerdict::storable;
}

bool is_bad_body(StoreVerdict verdict) {
  return verdict == StoreVerdict::malformed_json || verdict == StoreVerdict::incomplete ||
         verdict == StoreVerdict::too_large || verdict == StoreVerdict::not_of_the_api;
}

bool is_rejection(const ErrorCodeReader& words) {
  return words.code() == 105 || words.code() == 109 || words.code() == 901;
}

}  // namespace larder
