// SPDX-License-Identifier: Apache-2.0
#include "daemon/dispatch.h"

namespace larder {

Dispatch::Dispatch(const Config& config, const InstallSecret& secret, const KeyHasher& hasher,
                   StoreReader& reader, const RejectedSet& rejected)
    : config_(config),
      hasher_(hasher),
      reader_(reader),
      rejected_(rejected),
      scopes_(config, secret) {}

Decision Dispatch::decide(const RequestView& request, ListenerConfig::Role role, WallTime now) {
  decoded_.clear();
  scope_.reset();
  Decision decision;
  auto classified = classify(request, config_, role, decoded_);
  if (const auto* refusal = std::get_if<Refusal>(&classified)) {
    decision.refusal = *refusal;
    return decision;
  }
  fields_ = std::get<RequestFields>(classified);
  if (fields_.route == Route::preflight) {
    decision.what = Decision::What::preflight;
    return decision;
  }
  if (fields_.route == Route::preview) {
    auto host = scopes_.preview_host(fields_);
    if (const auto* refusal = std::get_if<Refusal>(&host)) {
      decision.refusal = *refusal;
      return decision;
    }
    preview_host_ = std::move(std::get<std::string>(host));
    decision.what = Decision::What::relay;
    decision.relay_to = RelayOrder::To::preview;
    return decision;
  }
  auto scope = scopes_.resolve(fields_);
  if (const auto* refusal = std::get_if<Refusal>(&scope)) {
    decision.refusal = *refusal;
    return decision;
  }
  scope_ = std::move(std::get<std::shared_ptr<const Scope>>(scope));
  if (fields_.route == Route::cached) return decide_cached(request, now);
  decision.what = Decision::What::relay;
  decision.relay_to = RelayOrder::To::delivery;
  return decision;
}

Decision Dispatch::decide_cached(const RequestView& request, WallTime now) {
  canonicalise(fields_, request, config_.upstream.forward_headers, canonical_);
  const auto url_length = write_canonical_bytes(canonical_, canonical_bytes_);
  key_ = hasher_.key(scope_->mac, canonical_bytes_, url_length);
  Decision decision;
  decision.what = Decision::What::fill;
  credential_rejected_ = rejected_.has(scope_->credential);
  if (credential_rejected_) return decision;
  decision.object = reader_.lookup(key_, canonical_bytes_, scope_->mac, now);
  if (!decision.object) return decision;
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
  return decision;
}

FillOrder Dispatch::fill_order(const RequestView& request, Waiter waiter, bool has_stale) const {
  FillOrder order;
  order.waiter = waiter;
  order.key = key_;
  order.canonical = canonical_bytes_;
  order.request = canonical_;
  order.scope = scope_;
  order.access_token = Secret(std::string(fields_.access_token));
  order.user_agent = fields_.user_agent;
  order.unkeyed = unkeyed_headers(request, config_.upstream.forward_headers_unkeyed);
  order.has_stale = has_stale;
  order.skip_store = credential_rejected_;
  return order;
}

RelayOrder Dispatch::relay_order(Waiter waiter, RelayOrder::To to) const {
  return {.waiter = waiter,
          .request = to == RelayOrder::To::preview ? preview_request(fields_, preview_host_)
                                                   : pass_request(fields_, *scope_),
          .to = to};
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
