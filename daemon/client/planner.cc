// SPDX-License-Identifier: Apache-2.0
#include "daemon/client/planner.h"

#include "cache/store/find_answer.h"

namespace larder {
namespace {

void refuse(const Refusal& refusal, Plan& plan) {
  plan.what = Plan::What::refuse;
  plan.refusal = refusal;
}

}  // namespace

Planner::Planner(SettingsPtr settings, const InstallSecret& secret, const KeyHasher& hasher,
                 StoreReader& reader, const RejectedSet& rejected, RequestMemo& memo)
    : secret_(secret), hasher_(hasher), reader_(reader), rejected_(rejected), memo_(memo) {
  use(std::move(settings));
}

void Planner::use(SettingsPtr settings) {
  memo_.use(settings);
  scopes_ = std::make_unique<ScopeTable>(settings->config, secret_);
  settings_ = std::move(settings);
}

Plan Planner::plan(const RequestView& request, ListenerConfig::Role role, WallTime now) {
  Plan plan;
  plan.generation = settings_->generation;
  const auto* known = memo_.find_request(request, role);
  if (known == nullptr || !answer_known(*known, now, plan)) {
    plan_anew(request, role, now, plan);
  }
  return plan;
}

/// True = it is fresh in the store, and its credential is not refused. Whatever else may be is
/// planned as for any request.
bool Planner::answer_known(const KnownRequest& known, WallTime now, Plan& plan) {
  if (rejected_.has(known.scope->credential)) return false;
  plan.object = reader_.lookup(known.key, known.canonical(), known.scope->mac, now);
  if (!plan.object) return false;
  if (judge(plan.object->meta.lifetime, now) != Freshness::fresh) {
    plan.object.reset();
    return false;
  }
  plan.what = Plan::What::answer;
  plan.route_reason = Reason::cached_path;
  plan.scope_reason = known.scope_reason;
  plan.store_reason = Reason::fresh;
  plan.key = known.key;
  plan.scope = known.scope;
  return true;
}

void Planner::plan_anew(const RequestView& request, ListenerConfig::Role role, WallTime now,
                        Plan& plan) {
  auto classified = classify(request, settings_->config, role, plan.decoded);
  if (const auto* refusal = std::get_if<Refusal>(&classified)) return refuse(*refusal, plan);
  plan.fields = std::get<RequestFields>(classified);
  plan.route_reason = plan.fields.reason;
  if (plan.fields.route == Route::preflight) {
    plan.what = Plan::What::preflight;
    return;
  }
  if (plan.fields.route == Route::preview) return plan_preview(plan);
  auto scope = scopes_->resolve(plan.fields);
  if (const auto* refusal = std::get_if<Refusal>(&scope)) return refuse(*refusal, plan);
  auto& proven = std::get<ProvenScope>(scope);
  plan.scope = std::move(proven.scope);
  plan.scope_reason = proven.reason;
  if (plan.fields.route == Route::pass) {
    plan.what = Plan::What::relay;
    plan.relay_to = RelayOrder::To::delivery;
    return;
  }
  const CacheKey place = plan_stored(request, now, plan);
  const bool may_be_known = plan.key == place;  // the memo looks there alone
  if (may_be_known && plan.what == Plan::What::answer && plan.fields.if_none_match.empty()) {
    memo_.learn_request(request, role, form_.bytes, plan.key, plan.scope, plan.scope_reason);
  }
}

void Planner::plan_preview(Plan& plan) const {
  auto host = scopes_->preview_host(plan.fields);
  if (const auto* refusal = std::get_if<Refusal>(&host)) return refuse(*refusal, plan);
  plan.what = Plan::What::relay;
  plan.relay_to = RelayOrder::To::preview;
  plan.preview_host = std::move(std::get<std::string>(host));
}

/// Gives the key of the request; the plan's is that of what it found.
CacheKey Planner::plan_stored(const RequestView& request, WallTime now, Plan& plan) {
  canonicalise(plan.fields, request, settings_->config.upstream.forward_headers, form_.request);
  const auto url_length = write_canonical_bytes(form_.request, form_.bytes);
  plan.key = hasher_.key(plan.scope->mac, form_.bytes, url_length);
  const CacheKey key = plan.key;
  look_up(now, plan);
  const bool answers = plan.fresh() || plan.store_reason == Reason::stale_while_revalidate;
  plan.what = answers ? Plan::What::answer : Plan::What::fill;
  if (!plan.fresh()) plan.canonical = form_;
  return key;
}

void Planner::look_up(WallTime now, Plan& plan) {
  if (rejected_.has(plan.scope->credential)) {
    plan.store_reason = Reason::credential_rejected;
    return;
  }
  const auto found = find_answer(reader_, plan.key, form_.bytes, plan.scope->mac, now);
  plan.store_reason = found ? reason_of(found->freshness) : Reason::absent;
  if (!found || found->freshness == Freshness::expired) return;
  plan.object = found->object;
  plan.key = found->key;
}

}  // namespace larder
