// SPDX-License-Identifier: Apache-2.0
#include "daemon/client/dispatch.h"

namespace larder {

Dispatch::Dispatch(SettingsPtr settings, const InstallSecret& secret, const KeyHasher& hasher,
                   StoreReader& reader, const RejectedSet& rejected)
    : secret_(secret), hasher_(hasher), reader_(reader), rejected_(rejected) {
  use(std::move(settings));
}

void Dispatch::use(SettingsPtr settings) {
  known_.clear();
  scope_.reset();
  scopes_ = std::make_unique<ScopeTable>(settings->config, secret_);
  settings_ = std::move(settings);
}

Decision Dispatch::decide(const RequestView& request, ListenerConfig::Role role, WallTime now) {
  Decision decision;
  if (const auto* known = known_.find(request, role); known != nullptr) {
    if (answer_known(*known, now, decision)) return decision;
  }
  decoded_.clear();
  scope_.reset();
  auto classified = classify(request, settings_->config, role, decoded_);
  if (const auto* refusal = std::get_if<Refusal>(&classified)) {
    decision.refusal = *refusal;
    return decision;
  }
  decision.fields = std::get<RequestFields>(classified);
  const auto& fields = decision.fields;
  if (fields.route == Route::preflight) {
    decision.what = Decision::What::preflight;
    return decision;
  }
  if (fields.route == Route::preview) {
    auto host = scopes_->preview_host(fields);
    if (const auto* refusal = std::get_if<Refusal>(&host)) {
      decision.refusal = *refusal;
      return decision;
    }
    preview_host_ = std::move(std::get<std::string>(host));
    decision.what = Decision::What::relay;
    decision.relay_to = RelayOrder::To::preview;
    return decision;
  }
  auto scope = scopes_->resolve(fields);
  if (const auto* refusal = std::get_if<Refusal>(&scope)) {
    decision.refusal = *refusal;
    return decision;
  }
  scope_ = std::move(std::get<std::shared_ptr<const Scope>>(scope));
  if (fields.route == Route::cached) {
    decide_cached(request, now, decision);
    if (decision.what == Decision::What::answer && fields.if_none_match.empty()) {
      known_.learn(request, role, canonical_bytes_, key_, scope_);
    }
    return decision;
  }
  decision.what = Decision::What::relay;
  decision.relay_to = RelayOrder::To::delivery;
  return decision;
}

/// True = it is fresh in the store, and its credential is not refused. Whatever else may be is
/// decided as for any request.
bool Dispatch::answer_known(const KnownRequest& known, WallTime now, Decision& decision) {
  if (rejected_.has(known.scope->credential)) return false;
  decision.object = reader_.lookup(known.key, known.canonical(), known.scope->mac, now);
  if (!decision.object) return false;
  decision.freshness = judge(decision.object->meta.lifetime, now);
  if (decision.freshness != Freshness::fresh) {
    decision.object.reset();
    return false;
  }
  decision.what = Decision::What::answer;
  key_ = known.key;
  if (scope_ != known.scope) scope_ = known.scope;
  return true;
}

void Dispatch::decide_cached(const RequestView& request, WallTime now, Decision& decision) {
  canonicalise(decision.fields, request, settings_->config.upstream.forward_headers, canonical_);
  const auto url_length = write_canonical_bytes(canonical_, canonical_bytes_);
  key_ = hasher_.key(scope_->mac, canonical_bytes_, url_length);
  decision.what = Decision::What::fill;
  credential_rejected_ = rejected_.has(scope_->credential);
  if (credential_rejected_) return;
  decision.object = reader_.lookup(key_, canonical_bytes_, scope_->mac, now);
  if (!decision.object) return;
  decision.freshness = judge(decision.object->meta.lifetime, now);
  switch (decision.freshness) {
    case Freshness::fresh:
    case Freshness::stale_revalidate:
      decision.what = Decision::What::answer;
      break;
    case Freshness::stale_if_error:
      break;
    case Freshness::expired:
      decision.object.reset();
      break;
  }
}

FillOrder Dispatch::fill_order(const RequestView& request, const RequestFields& fields,
                               Waiter waiter, bool has_stale) const {
  FillOrder order;
  order.waiter = waiter;
  order.key = key_;
  order.canonical = canonical_bytes_;
  order.request = canonical_;
  order.scope = scope_;
  order.access_token = Secret(std::string(fields.access_token));
  order.user_agent = fields.user_agent;
  order.unkeyed = header_lines(request, settings_->config.upstream.forward_headers_unkeyed);
  order.has_stale = has_stale;
  order.skip_store = credential_rejected_;
  return order;
}

RelayOrder Dispatch::relay_order(const RequestView& request, const Decision& decision,
                                 Waiter waiter) const {
  RelayOrder order{.waiter = waiter,
                   .request = decision.relay_to == RelayOrder::To::preview
                                  ? preview_request(decision.fields, preview_host_)
                                  : pass_request(decision.fields, *scope_),
                   .to = decision.relay_to};
  for (const auto* names : {&settings_->config.upstream.forward_headers,
                            &settings_->config.upstream.forward_headers_unkeyed}) {
    for (auto& line : header_lines(request, *names))
      order.request.headers.push_back(std::move(line));
  }
  return order;
}

StaleRecall Dispatch::stale_recall() const {
  return {.key = key_, .canonical = canonical_bytes_, .scope = scope_->mac};
}

std::optional<ObjectView> Dispatch::recall(const StaleRecall& recall, WallTime now) {
  auto object = reader_.lookup(recall.key, recall.canonical, recall.scope, now);
  if (object && judge(object->meta.lifetime, now) == Freshness::expired) object.reset();
  return object;
}

}  // namespace larder
