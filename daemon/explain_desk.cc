// SPDX-License-Identifier: Apache-2.0
#include "daemon/explain_desk.h"

#include <algorithm>
#include <utility>

namespace larder {
namespace {

/// Of one URL in one scope, whatever the variant.
bool is_same_url(const CacheKey& a, const CacheKey& b) {
  constexpr std::size_t kUrlPart = 32;
  return a.view().substr(0, kUrlPart) == b.view().substr(0, kUrlPart);
}

bool is_scope_of(const ScopeLabel& label, const CacheKey& key) {
  constexpr std::size_t kScopePart = 16;
  return std::equal(key.bytes.begin(), key.bytes.begin() + kScopePart, label.mac.bytes.begin());
}

/// Of a decision whose object is not stored any more.
void add_unstored(Explanation& explanation, const std::vector<ScopeLabel>& labels) {
  ExplainedScope scope;
  scope.outlook.key = explanation.decision->key;
  const auto label = std::find_if(labels.begin(), labels.end(), [&](const ScopeLabel& one) {
    return is_scope_of(one, scope.outlook.key);
  });
  if (label != labels.end()) {
    scope.label = *label;
    scope.outlook.host = label->delivery_host;
  }
  explanation.scopes.push_back(std::move(scope));
}

}  // namespace

/// Whoever drops it last has it answered.
struct ExplainDesk::Case {
  Case(Explanation from, Done then) : explanation(std::move(from)), done(std::move(then)) {}
  ~Case() { done(std::move(explanation)); }
  Case(const Case&) = delete;
  Case& operator=(const Case&) = delete;

  Explanation explanation;
  Done done;
};

void ExplainDesk::explain(ExplainQuestion question, const Config& config, WallTime now, Done done) {
  Explanation explanation;
  explanation.now = now;
  if (question.request_id.empty()) {
    explanation.request = explained_request(question, config, secret_, hasher_);
  }
  explanation.question = std::move(question);
  const auto one = std::make_shared<Case>(std::move(explanation), std::move(done));
  if (!one->explanation.question.request_id.empty()) return find_request(one, 0);
  const ExplainedRequest& request = one->explanation.request;
  if (!request.refusal && request.route == Route::cached) list_url(one);
}

void ExplainDesk::find_request(const CasePtr& one, std::size_t worker) {
  if (worker == workers_.size()) return find_key(one);
  workers_[worker]->look([this, one, worker](const DecisionRing& ring) {
    Explanation& explanation = one->explanation;
    const RequestId id = RequestId::of_text(explanation.question.request_id);
    const auto found = ring.find([&](const Decision& it) { return it.id == id; }, 1);
    const bool later = !found.empty() &&
                       (!explanation.decision || explanation.decision->time < found.front().time);
    if (later) explanation.decision = found.front();
    find_request(one, worker + 1);
  });
}

void ExplainDesk::find_key(const CasePtr& one) {
  const Explanation& explanation = one->explanation;
  if (!explanation.decision || explanation.decision->key == CacheKey{}) return;
  store_.list(explanation.decision->key, explanation.now, [this, one](UrlListing listing) {
    Explanation& into = one->explanation;
    if (listing.objects.empty()) {
      add_unstored(into, listing.scopes);
    } else {
      into.request.path = listing.objects.front().path;
      into.request.query = listing.objects.front().query;
      gather_scopes(into, std::move(listing));
    }
    look_at_keys(one);
  });
}

void ExplainDesk::list_url(const CasePtr& one) {
  const Explanation& explanation = one->explanation;
  const ExplainQuestion& question = explanation.question;
  PurgeOrder order;
  order.what = PurgeOrder::What::url;
  order.path = explanation.request.path;
  order.query = explanation.request.query;
  order.api_key = question.api_key;
  order.branch = question.branch;
  order.environment =
      question.environment.empty() ? explanation.request.environment : question.environment;
  store_.list(std::move(order), explanation.now, [this, one](UrlListing listing) {
    gather_scopes(one->explanation, std::move(listing));
    look_at_keys(one);
  });
}

void ExplainDesk::look_at_keys(const CasePtr& one) {
  OutlookOrder order;
  for (const ExplainedScope& scope : one->explanation.scopes) {
    order.outlooks.push_back(scope.outlook);
  }
  order.done = [this, one](std::vector<KeyOutlook> outlooks) {
    for (std::size_t i = 0; i < outlooks.size(); ++i) {
      one->explanation.scopes[i].outlook = std::move(outlooks[i]);
    }
    find_decisions(one, 0);
  };
  fetch_->post(std::move(order));
}

void ExplainDesk::find_decisions(const CasePtr& one, std::size_t worker) {
  if (worker == workers_.size()) return;
  workers_[worker]->look([this, one, worker](const DecisionRing& ring) {
    for (ExplainedScope& scope : one->explanation.scopes) {
      const auto found =
          ring.find([&](const Decision& it) { return is_same_url(it.key, scope.outlook.key); },
                    Explanation::kMostDecisions);
      scope.decisions.insert(scope.decisions.end(), found.begin(), found.end());
      keep_latest(scope.decisions, Explanation::kMostDecisions);
    }
    find_decisions(one, worker + 1);
  });
}

}  // namespace larder
