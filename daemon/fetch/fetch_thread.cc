// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/fetch_thread.h"

#include <algorithm>

#include "cache/store/find_answer.h"
#include "cache/tags/place.h"
#include "conf/base/check.h"
#include "conf/base/log.h"
#include "conf/base/thread_role.h"
#include "daemon/fetch/key_outlook.h"
#include "daemon/fetch/stored_answer.h"
#include "daemon/fetch/transfer_gauges.h"

namespace larder {
namespace {

constexpr Milliseconds kSweepMs = 250;
constexpr std::size_t kMostOutdated = 4'096;

}  // namespace

FetchThread::FetchThread(SettingsPtr settings, const AnchoredClock& clock, Store& store,
                         WorkersOut& workers, OriginMetrics& metrics, const HeldBytes& held)
    : settings_(std::move(settings)),
      clock_(clock),
      store_(store),
      workers_(workers),
      metrics_(metrics),
      held_(held),
      delivery_(std::make_unique<OriginLoop>(loop_.get(), config().upstream)),
      preview_(std::make_unique<OriginLoop>(loop_.get(), config().upstream, "preview")),
      reader_(store.reader()),
      writes_(store, metrics,
              [this](const CacheKey& key, std::uint64_t fill) {
                post(CommittedNote{key, fill});
              }),
      buckets_(config().open.miss_rate, config().open.miss_burst),
      unshared_(config().upstream),
      rejected_(config().upstream.rejected_hold_s),
      fence_(kMostOutdated),
      raw_(config().purge.known_entries, monotonic_now()),
      refetches_(*reader_, metrics, config(), ways_of_refetches()),
      around_fills_{*this, writes_, *this, *delivery_, held, raw_.entries(), intake_.published()},
      relays_(*delivery_, *preview_, held),
      followers_(
          std::make_unique<Followers>(loop_.get(), clock, store, config(), ways_of_followers())),
      sweep_(make_timer(loop_.get(), this)),
      turn_end_(make_handle<uv_prepare_t>(loop_.get(), this, uv_prepare_init)),
      mailbox_(loop_.get(), this),
      pulse_(loop_.get()),
      thread_([this] { run(); }) {}

FetchThread::~FetchThread() {
  stop();
}

void FetchThread::stop() {
  if (!thread_.joinable()) return;
  post(StopOrder{});
  thread_.join();
}

void FetchThread::run() {
  begin_thread("origin", Urgency::patient);
  uv_timer_start(sweep_.get(), on_sweep, kSweepMs, kSweepMs);
  uv_prepare_start(turn_end_.get(), on_turn_end);
  loop_.run();
  // Everything on the loop closes here, on its own thread.
  relays_.clear();
  fills_.clear();
  outdated_.clear();
  followers_.reset();
  delivery_.reset();
  preview_.reset();
  reader_.reset();
  sweep_.reset();
  turn_end_.reset();
  loop_.run();
  end_turn();
}

void FetchThread::on_turn_end(uv_prepare_t* handle) noexcept {
  static_cast<FetchThread*>(handle->data)->end_turn();
}

void FetchThread::note_sent(AnswerOut& out) {
  if (std::find(sent_to_.begin(), sent_to_.end(), &out) == sent_to_.end()) sent_to_.push_back(&out);
}

void FetchThread::end_turn() {
  for (auto& order : std::exchange(outdated_, {})) start_fill(std::move(order), 1);
  for (AnswerOut* const out : sent_to_) out->take_sent();
  sent_to_.clear();
  if (delivery_ != nullptr) show_gauges();
}

Followers::Ways FetchThread::ways_of_followers() {
  return {
      .purge = [this](PurgeCommand command) { take(command); },
      .trouble = [this](const std::string& host) { return delivery_->trouble(host, false); },
      .caught_up = [this](const FeedName& feed) { store_.know(larder::place_of(feed)); },
      .know =
          [this](const FeedName& feed, std::vector<RawEntry> entries, MonotonicTime asked) {
            return raw_.know(branch_place(feed.api_key, feed.branch), std::move(entries), asked);
          },
  };
}

Refetches::Ways FetchThread::ways_of_refetches() {
  const auto may_start = [this](const FillOrder& order) {
    return fills_.current(order) == nullptr && !rejected_.believes(order.scope->credential) &&
           !delivery_->trouble(order.scope->delivery_host, true);
  };
  const auto start = [this](FillOrder order) {
    const Fill* const fill = start_fill(std::move(order), 1);
    return fill != nullptr ? fill->number() : 0;
  };
  return {.wall = [this] { return wall(); }, .may_start = may_start, .start = start};
}

void FetchThread::on_sweep(uv_timer_t* timer) noexcept {
  auto* self = static_cast<FetchThread*>(timer->data);
  self->cut_laggards();
  self->give_stale();
  self->refetches_.step(monotonic_now());
  self->memory_.tell(monotonic_now());
  self->show_gauges();  // a transfer is over only after its sink has heard of it
  self->metrics_.hosts.show(self->delivery_->hosts(), self->preview_->hosts());
  self->metrics_.feeds.show(self->followers_->snapshots());
}

void FetchThread::cut_laggards() {
  fills_.for_each([this](Fill& fill) { metrics_.laggards_cut.add(fill.cut_laggards(kSweepMs)); });
  metrics_.laggards_cut.add(
      relays_.cut_slow(config().upstream.max_slow_relays_per_client, kSweepMs));
  metrics_.laggards_cut.add(fills_.cut_slow(config().upstream, kSweepMs));
}

void FetchThread::give_stale() {
  const WallTime then{wall().ms - config().upstream.stale_after_ms};
  fills_.for_each([&](Fill& fill) { fill.give_stale(then); });
}

/// Fills that are under way keep the settings with which they began.
void FetchThread::take(SettingsChange& change) {
  settings_ = std::move(change.settings);
  const UpstreamConfig& upstream = settings_->config.upstream;
  unshared_.use(upstream);
  delivery_->use(upstream);
  preview_->use(upstream);
  known_good_.clear();
  raw_.set_most(config().purge.known_entries);
  intake_.forget();
  refetches_.use(config());
  buckets_.set_bounds(config().open.miss_rate, config().open.miss_burst);
  rejected_.set_hold(upstream.rejected_hold_s);
  followers_->use(config());
  metrics_.feeds.show(followers_->snapshots());
}

void FetchThread::take(StopOrder&) {
  mailbox_.close();
  pulse_.close();
  loop_.stop();
}

void FetchThread::on_mail(std::vector<FetchOrder>& orders) {
  for (auto& order : orders) {
    std::visit([this](auto& it) { take(it); }, order);
  }
  reader_->end_turn();
}

void FetchThread::show_gauges() {
  show_transfers(metrics_, *delivery_, *preview_);
  metrics_.fills_active.set(fills_.size());
  metrics_.known_entries.set(raw_.entries().size());
}

void FetchThread::take(FillOrder& order) {
  const bool refresh = order.waiter.out == nullptr;
  if (!refresh && answer_from_held(order)) return;
  Fill* const fill = fills_.current(order);
  const auto advice = refresh ? HitForMiss::Advice::share : advise(order);
  const bool alone = advice == HitForMiss::Advice::alone;
  if (fill != nullptr && may_join(*fill, order) &&
      (!alone || fill->state() == Fill::State::committing)) {
    const bool here = fill->state() == Fill::State::committing;
    return refresh || (!here && tell_at_once(order)) ? void() : join(*fill, order);
  }
  if (fence_.pauses(order.key, wall()) && (refresh || order.has_stale)) {
    return refresh ? void() : refuse(order.waiter, refusal_of({OriginCause::outdated, ""}));
  }
  if (!order.skip_store && answer_from_store(order)) return;
  if (!refresh && !may_ask(*order.scope, order.waiter)) return;
  if (refresh) {
    metrics_.fills_refreshed.add();
  } else if (tell_at_once(order)) {
    order.waiter = {};
  } else if (alone) {
    metrics_.hit_for_miss.add();
    return relay_alone(order);
  }
  start_fill(std::move(order), 1);
}

/// True = its host is not asked now, or too slow for one who has a stale object, and its waiter has
/// been told: the worker answers with the stale object where there is one.
bool FetchThread::tell_at_once(const FillOrder& order) {
  const auto trouble = delivery_->trouble(order.scope->delivery_host, order.has_stale);
  if (trouble) refuse(order.waiter, refusal_of(*trouble));
  return trouble.has_value();
}

/// A credential that must prove itself takes no answer that another one, or an earlier request,
/// has had from the origin.
bool FetchThread::may_join(const Fill& fill, const FillOrder& order) const {
  if (!fill.joinable(wall())) return false;
  return !order.skip_store || (fill.order().scope->credential == order.scope->credential &&
                               fill.state() != Fill::State::committing);
}

void FetchThread::join(Fill& fill, FillOrder& order) {
  if (fill.waiters() >= config().upstream.max_waiters_per_fill) {
    return refuse(order.waiter, refusal_of_overload("too many clients wait for this answer "
                                                    "(upstream.max_waiters_per_fill)"));
  }
  if (!fill.promote(lane_of(order))) {
    return refuse(order.waiter, refusal_of_overload("too many requests wait for the origin "
                                                    "(upstream.max_queue_per_host)"));
  }
  metrics_.fills_joined.add();
  fills_.note_waiter(order.waiter, fill);
  fill.join(std::move(order));
}

/// Whoever can fall back on a stale object always shares: on a way of its own it would be handed
/// the origin's errors instead.
HitForMiss::Advice FetchThread::advise(const FillOrder& order) {
  if (order.has_stale) return HitForMiss::Advice::share;
  return unshared_.advise(order.key, monotonic_now());
}

/// The refusal of this credential is still held.
bool FetchThread::answer_from_held(const FillOrder& order) {
  const auto* held = rejected_.held(order.scope->credential, order.key, monotonic_now());
  if (held == nullptr) return false;
  const bool encoded = held->head->blocks.entity.find("Content-Encoding") != std::string::npos;
  if (encoded && order.request.representation == Representation::identity) return false;
  AnswerEvent event;
  event.waiter = order.waiter.id;
  event.head = held->head;
  event.body = held->body;
  event.end = AnswerEvent::End::complete;
  event.source = AnswerSource::held;
  order.waiter.out->send(std::move(event));
  metrics_.rejections_held.add();
  return true;
}

/// The commit may have overtaken the snapshot in which the worker missed.
bool FetchThread::answer_from_store(const FillOrder& order) {
  const auto answer = find_answer(*reader_, order.key, order.canonical, order.scope->mac, wall());
  if (!answer || answer->freshness != Freshness::fresh) return false;
  if (order.waiter.out == nullptr) return true;
  auto event = stored_answer(*reader_, *answer, order.waiter, held_, wall());
  if (!event) return false;
  order.waiter.out->send(std::move(*event));
  return true;
}

/// null = refused, and its waiter told so.
Fill* FetchThread::start_fill(FillOrder order, unsigned attempt) {
  const auto waiter = order.waiter;
  order.past_caches = fence_.passes_caches(order.key);
  auto owned =
      std::make_unique<Fill>(around_fills_, settings_, next_fill_++, std::move(order), attempt);
  if (const auto refused = owned->start()) {
    refuse(waiter, refusal_of(*refused));
    return nullptr;
  }
  retries_.earn();
  metrics_.fills_started.add();
  Fill& fill = fills_.add(std::move(owned));
  if (waiter.out != nullptr) fills_.note_waiter(waiter, fill);
  return &fill;
}

/// False = in open mode this credential has asked the origin too often lately, and the waiter is
/// told so.
bool FetchThread::may_ask(const Scope& scope, Waiter waiter) {
  if (!config().open_mode()) return true;
  const auto wait_ms = buckets_.take(scope.bearer, monotonic_now());
  if (!wait_ms) return true;
  metrics_.over_miss_rate.add();
  refuse(waiter, {.status = 429,
                  .error_code = 429,
                  .cause = "too many requests of this token that the cache could not answer "
                           "(open.miss_rate)",
                  .detail = "miss-rate",
                  .retry_after_s = (*wait_ms + 999) / 1'000});
  return false;
}

void FetchThread::take(RelayOrder& order) {
  if (order.to == RelayOrder::To::delivery && order.scope && !may_ask(*order.scope, order.waiter)) {
    return;
  }
  start_relay(order.waiter, std::move(order.request), order.to, order.client);
}

void FetchThread::start_relay(Waiter waiter, OriginRequest request, RelayOrder::To to,
                              const std::string& client) {
  (to == RelayOrder::To::preview ? metrics_.previews : metrics_.passes).add();
  if (const auto refused = relays_.start(waiter, std::move(request), to, client)) {
    refuse(waiter, refusal_of(*refused));
  }
}

/// A cacheable request on a fetch of its own.
void FetchThread::relay_alone(const FillOrder& order) {
  start_relay(
      order.waiter,
      delivery_request(order.request, *order.scope, order.access_token.reveal(), order.unkeyed),
      RelayOrder::To::delivery, order.client);
}

void FetchThread::take(LeaveOrder& order) {
  relays_.leave(order.waiter);
  Fill* const fill = fills_.of(order.waiter);
  if (fill == nullptr) return;
  fills_.forget_waiter(order.waiter);
  fill->leave(order.waiter);
}

void FetchThread::take(CreditOrder& order) {
  if (relays_.credit(order.waiter, order.bytes)) return;
  if (Fill* const fill = fills_.of(order.waiter)) fill->credit(order.waiter, order.bytes);
}

/// Nobody joins what is under way any more; then the store's order, behind every commit of before.
/// By a purge that raises epochs what is under way is stored with the number of before; of another
/// nothing is stored.
void FetchThread::take(PurgeCommand& command) {
  PurgeOrder& order = command.order;
  const auto forgotten = raw_.note_purge(order, monotonic_now());
  if (!forgotten.empty()) followers_->learn(order, forgotten);
  if (!forgotten.empty()) metrics_.feeds.show(followers_->snapshots());
  if (intake_.take(command, config().purge, wall())) return;
  const bool by_epoch = order.raises_epochs();
  std::vector<const Fill*> committing;
  std::uint64_t retired = 0;
  fills_.for_each([&](Fill& fill) {
    const FillOrder& filling = fill.order();
    if (!selects(order, filling)) return;
    ++retired;
    if (by_epoch) {
      order.add_filling(larder::place_of(*filling.scope));
    } else {
      fill.forbid_store();
    }
    fills_.retire(fill);
    if (fill.state() == Fill::State::committing) committing.push_back(&fill);
  });
  for (const Fill* const fill : committing) fills_.remove(*fill);
  fence_.end_pauses();
  unshared_.clear();
  set_times(order, clock_.ahead_ms(), wall());
  writes_.expect(order);
  refetches_.note_purge(order);
  auto done = metrics_.purges.noting(order, clock_, std::move(command.done));
  store_.purge(std::move(order), [this, retired, done = std::move(done)](PurgeResult result) {
    result.fills = retired;
    done(std::move(result));
    refetches_.note_purged();
  });
}

void FetchThread::take(OutlookOrder& order) {
  const OutlookSources sources{unshared_, fence_, fills_, rejected_, *delivery_, wall()};
  for (KeyOutlook& outlook : order.outlooks) look_at(outlook, sources);
  order.done(std::move(order.outlooks));
}

void FetchThread::on_unshareable(const Fill& fill, std::vector<FillOrder> others, Unshareable why) {
  unshared_.mark(fill.order().key, why, monotonic_now());
  fills_.retire(fill);
  for (const auto& order : others) {
    fills_.forget_waiter(order.waiter);
    if (!answer_from_held(order) && may_ask(*order.scope, order.waiter)) relay_alone(order);
  }
}

void FetchThread::on_leader_failed(const Fill& fill, std::vector<FillOrder> others,
                                   const Refusal& refusal) {
  fills_.retire(fill);
  for (const auto& order : others) fills_.forget_waiter(order.waiter);
  if (refusal.retry_after_s > 0 || fill.attempt() > 1 || !retries_.spend()) {
    for (const auto& order : others) refuse(order.waiter, refusal);
    return;
  }
  metrics_.fills_retried.add();
  Fill* const second = start_fill(std::move(others.front()), fill.attempt() + 1);
  for (std::size_t i = 1; i < others.size(); ++i) {
    if (second == nullptr || !may_join(*second, others[i])) {
      refuse(others[i].waiter, refusal);
      continue;
    }
    fills_.note_waiter(others[i].waiter, *second);
    second->join(std::move(others[i]));
  }
}

void FetchThread::on_verdict(const Fill& fill, StoreVerdict verdict) {
  const auto words = unstored_.note(fill.order().scope->delivery_host, verdict,
                                    lasting_reason(verdict, fill.arrived_old()), monotonic_now());
  if (words) log(LogLevel::warning, "fill", *words);
  if (verdict == StoreVerdict::storable) {
    settle_fence(fill);
  } else if (fill.order().past_caches) {
    fence_.ask_plainly(fill.order().key);
  }
  refetches_.note_end(fill.number(), fill.etag());
  metrics_.verdicts[static_cast<std::size_t>(verdict) % metrics_.verdicts.size()].add();
}

void FetchThread::settle_fence(const Fill& fill) {
  const CacheKey& key = fill.order().key;
  if (!fill.outdated()) return fence_.settle(key);
  metrics_.outdated_answers.add();
  if (!fence_.note(key, wall())) return;
  metrics_.outdated_asked_again.add();
  outdated_.push_back(fill.order());
  outdated_.back().waiter = {};
  outdated_.back().has_stale = true;
}

/// One refusal may be a mistake of a moment. It is believed when a request that this credential has
/// had an answer to is refused as well. Where none other than the refused one is known, as after a
/// start, a refusal of any other key will do. A credential without hits has nothing to lose.
void FetchThread::on_rejected(const Fill& fill, std::shared_ptr<const AnswerHead> head,
                              const std::vector<Chunk>& body) {
  const FillOrder& order = fill.order();
  const auto& credential = order.scope->credential;
  const auto now = monotonic_now();
  const auto* const other = known_good_.other_than(credential, order.key);
  const bool second = rejected_.doubts_by_other(credential, order.key) &&
                      (other == nullptr || known_good_.has(credential, order.key));
  const bool has_hits = may_have_hits(fill);
  auto copy = RejectedCredentials::copy_of(body);
  if (has_hits && !second && !rejected_.believes(credential)) {
    const bool asks = rejected_.doubt(credential, order.key, std::move(head), std::move(copy), now);
    if (asks && other != nullptr) ask_again(*other);
    return;
  }
  rejected_.reject(credential, std::move(head), std::move(copy), now);
  metrics_.credentials_rejected.set(rejected_.believed());
  if (has_hits) workers_.tell_all({.credential = credential, .rejected = true});
}

/// What comes of it tells whether the credential is refused; as a refresh, in the visitors' lane.
void FetchThread::ask_again(FillOrder order) {
  if (Fill* const fill = start_fill(std::move(order), 1)) fill->promote(Lane::visitor);
}

CacheKey FetchThread::place_of(const FillOrder& order, int status) {
  if (status == 200) return order.key;
  reader_->end_turn();  // the snapshot must not be older than the last commit
  const bool beside =
      has_undoubted_good(*reader_, order.key, order.canonical, order.scope->mac, wall());
  reader_->end_turn();
  return beside ? negative_key_of(order.key) : order.key;
}

/// In open mode each credential has a scope of its own. One that nothing is stored for, an invented
/// one, has no hits to stop: it must not displace those that have.
bool FetchThread::may_have_hits(const Fill& fill) {
  if (!config().open_mode() || store_.stats().pending_bytes > 0) return true;
  reader_->end_turn();  // the snapshot must not be older than that
  const bool stored = reader_->may_hold_scope_of(fill.order().key);
  reader_->end_turn();
  return stored;
}

void FetchThread::on_accepted(const Fill& fill) {
  unshared_.unmark(fill.order().key);
  if (fill.status() != 200) return;  // an edge says 404 without a look at the credential
  const FillOrder& order = fill.order();
  if (order.generation == settings_->generation) {  // else its token may be removed
    known_good_.note(order);
    refetches_.note_answer(order);
  }
  if (!rejected_.accept(order.scope->credential) && !order.skip_store) return;
  metrics_.credentials_rejected.set(rejected_.believed());
  workers_.tell_all({.credential = order.scope->credential, .rejected = false});
}

}  // namespace larder
