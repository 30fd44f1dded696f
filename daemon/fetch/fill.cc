// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/fill.h"

#include <algorithm>
#include <utility>

#include "cache/http/freshness.h"
#include "cache/http/http_date.h"
#include "cache/tags/request_tags.h"
#include "conf/base/check.h"
#include "conf/base/log.h"
#include "daemon/fetch/answer_judge.h"
#include "daemon/fetch/fence.h"
#include "daemon/fetch/filled_object.h"
#include "daemon/fetch/shown_epoch.h"

namespace larder {
namespace {

constexpr std::uint64_t kMaxRejectionBytes = 4 * 1024;  // the API's words have some hundred bytes

}  // namespace

Fill::Fill(FillSurroundings& around, SettingsPtr settings, std::uint64_t number, FillOrder order,
           unsigned attempt)
    : around_(around),
      settings_(std::move(settings)),
      number_(number),
      order_(std::move(order)),
      attempt_(attempt) {
  if (order_.waiter.out != nullptr) {
    members_.push_back({.waiter = order_.waiter,
                        .source = AnswerSource::fill,
                        .has_stale = order_.has_stale,
                        .since = around_.owner.wall(),
                        .order = nullptr});
  }
}

Fill::~Fill() {
  if (transfer_ != nullptr) around_.transfers.abandon(transfer_);
  for (const auto& chunk : body_) HeldBytes::pass_to_output(chunk);
}

bool Fill::joinable(WallTime now) const {
  switch (state_) {
    case State::requested:
    case State::keeping:
      return verdict_ == StoreVerdict::storable;
    case State::committing:
      return !outdated_ && judge(lifetime_, now) == Freshness::fresh;
    case State::held_back:
    case State::passing:
    case State::over:
      return false;
  }
  return false;
}

bool Fill::arrived_old() const {
  if (state_ != State::committing || facts_ == nullptr) return false;
  const CacheControl& control = facts_->cache_control;
  return control.s_maxage_s.value_or(control.max_age_s.value_or(0)) > 0 &&
         lifetime_.fresh_until.ms <= lifetime_.stored.ms;
}

void Fill::move_to(State next) {
  LARDER_CHECK(is_legal(state_, next));
  state_ = next;
}

std::optional<OriginError> Fill::start() {
  requested_ = around_.owner.wall();
  epoch_ = around_.store.epoch();
  auto request =
      delivery_request(order_.request, *order_.scope, order_.access_token.reveal(), order_.unkeyed);
  if (order_.past_caches) pass_caches(request.url, number_, requested_);
  const auto started = around_.transfers.start(std::move(request), this, lane_of(order_));
  if (!started) return started.error();
  transfer_ = *started;
  return std::nullopt;
}

void Fill::join(FillOrder order) {
  const bool whole = state_ == State::committing;
  Member member{.waiter = order.waiter,
                .source = whole ? AnswerSource::committed : AnswerSource::joined,
                .has_stale = order.has_stale,
                .since = around_.owner.wall(),
                .order = nullptr};
  if (whole) return send(member, body_, AnswerEvent::End::complete);
  member.order = std::make_unique<FillOrder>(std::move(order));
  if (state_ != State::requested && !waits_for_the_end(member)) {
    send(member, body_, AnswerEvent::End::no);
  }
  members_.push_back(std::move(member));
}

void Fill::leave(Waiter waiter) {
  std::erase_if(members_, [&](const Member& m) { return m.waiter == waiter; });
  if (members_.empty() && state_ == State::passing) return end();
  regulate();
}

void Fill::credit(Waiter waiter, std::uint64_t bytes) {
  for (auto& member : members_) {
    if (member.waiter != waiter) continue;
    member.taken = std::min(received_, member.taken + bytes);  // heads and chunk sizes count too
  }
  regulate();
}

void Fill::give_stale(WallTime then) {
  fail_those_with_stale(refusal_of(OriginError{OriginCause::timed_out, ""}), then);
}

void Fill::forbid_store() {
  if (verdict_ == StoreVerdict::storable) verdict_ = StoreVerdict::purged;
  write_.reset();
  order_.has_stale = false;
  for (auto& member : members_) {
    const bool waited = state_ == State::keeping && waits_for_the_end(member);
    member.has_stale = false;
    if (member.order != nullptr) member.order->has_stale = false;
    if (waited) send(member, body_, AnswerEvent::End::no);
  }
}

void Fill::on_progress(TransferProgress progress) {
  if (progress.ended) transfer_ = nullptr;
  if (progress.head != nullptr) take_head(*progress.head);
  if (!progress.body.empty()) take_body(std::move(progress.body));
  if (!progress.ended) {
    spread(AnswerEvent::End::no);
    if (members_.empty() && state_ == State::passing) return end();
    return regulate();
  }
  if (progress.error) {
    fail(*progress.error);
  } else {
    finish(progress.framed);
  }
}

// --- The head ---

void Fill::take_head(const ResponseFacts& facts) {
  facts_ = &facts;
  const auto by_head =
      judge_head(facts, order_, settings_->config.upstream.forward_headers_unkeyed);
  // Else it stays, perhaps `purged`.
  if (by_head.verdict != StoreVerdict::storable) verdict_ = by_head.verdict;
  switch (by_head.course) {
    case Course::hold_back:
      return hold_back();
    case Course::trouble:
      return meet_trouble();
    case Course::pass:
      release_others(is_origins_word(by_head.verdict) ? Unshareable::lasting : Unshareable::brief);
      return pass_on(by_head.verdict);
    case Course::keep:
      return keep();
  }
}

void Fill::hold_back() {
  move_to(State::held_back);
  begin_reading();
}

/// The leader alone sees the origin's error, and not even it a redirect.
void Fill::meet_trouble() {
  const auto refusal = refusal_of_answer(*facts_);
  fail_those_with_stale(refusal);
  auto others = take_others();
  if (facts_->status / 100 == 3) fail_leader(refusal);
  if (!others.empty()) around_.owner.on_leader_failed(*this, std::move(others), refusal);
  pass_on(verdict_);
}

/// What is announced as too large is not kept at all.
void Fill::keep() {
  const std::uint64_t announced = facts_->content_length.value_or(0);
  const bool storable = verdict_ == StoreVerdict::storable;
  if (storable) write_ = around_.store.begin(*this, announced);
  if (announced > around_.store.max_object_bytes() || (storable && write_ == nullptr)) {
    return pass_on(StoreVerdict::too_large);
  }
  move_to(State::keeping);
  begin_reading();
}

void Fill::begin_reading() {
  const bool zipped = facts_->content_encoding == "gzip";
  reading_.emplace(zipped ? Representation::gzip : Representation::identity,
                   BodyLimits{.max_bytes = around_.store.max_object_bytes(),
                              .max_decoded_bytes = settings_->config.cache.max_decoded_bytes},
                   content_type_of(order_.request.path), may_include(order_.request.query));
}

// --- The body ---

void Fill::take_body(std::string bytes) {
  received_ += bytes.size();
  if (state_ == State::held_back && received_ > kMaxRejectionBytes) stop_holding_back();
  const bool kept = keeps_body() && has_room(bytes.size());
  Chunk piece = kept ? around_.held.hold_pending(std::move(bytes))
                     : around_.held.hold_output(std::move(bytes));
  if (keeps_body() && !(kept && keep_piece(piece))) {
    HeldBytes::pass_to_output(piece);
    if (state_ == State::held_back) stop_holding_back();
    if (state_ == State::keeping) pass_on(StoreVerdict::too_large);
  }
  if (state_ != State::held_back) fresh_.push_back(std::move(piece));
}

bool Fill::has_room(std::uint64_t bytes) const {
  return received_ <= around_.store.max_object_bytes() && around_.held.pending_has_room(bytes);
}

/// False = the store has no room for it.
bool Fill::keep_piece(const Chunk& piece) {
  if (write_ != nullptr && !write_->append(piece)) return false;
  if (!reading_->feed(*piece)) write_.reset();  // not sound: it will not be stored
  body_.push_back(piece);
  return true;
}

/// Not for the store: from here on the answer only passes through, and waits for its readers.
void Fill::pass_on(StoreVerdict why) {
  const bool told_nobody = state_ == State::held_back;
  move_to(State::passing);
  if (verdict_ == StoreVerdict::storable) verdict_ = why;
  write_.reset();
  reading_.reset();
  auto arrived = std::exchange(body_, {});
  for (const auto& chunk : arrived) HeldBytes::pass_to_output(chunk);
  if (told_nobody) {
    fresh_ = std::move(arrived);
    return;
  }
  for (auto& member : members_) {
    const bool waited = member.has_stale && !member.head_sent;
    if (waited) send(member, arrived, AnswerEvent::End::no);
  }
}

/// This is no word of the API's on a credential.
void Fill::stop_holding_back() {
  fail_those_with_stale(refusal_of_status(502));
  release_others(Unshareable::brief);
  pass_on(verdict_);
}

// --- The end ---

void Fill::finish(bool framed) {
  std::optional<Result<SoundBody>> body;
  if (keeps_body()) body = reading_->finish();
  const bool sound = body && body->has_value();
  // Well-formed JSON is whole, even if nothing but the connection's end says so; but a number that
  // was cut is another number.
  if (!framed && !(sound && (*body)->ends_itself)) {
    return fail({OriginCause::protocol, "the origin's answer has no proven end"});
  }
  if (state_ == State::held_back) {
    if (settle_rejection(sound)) return end();
  } else if (state_ == State::keeping) {
    verdict_ = judge_whole({*facts_, order_, framed, *body, reading_->words(), verdict_});
    if (verdict_ == StoreVerdict::storable) {
      around_.credentials.on_accepted(*this);
      if (commit(**body)) move_to(State::committing);
    } else if (is_bad_body(verdict_)) {
      meet_bad_body();
    }
  }
  around_.owner.on_verdict(*this, verdict_);
  spread(AnswerEvent::End::complete);
  members_.clear();
  facts_ = nullptr;
  if (state_ != State::committing) end();
}

/// The leader gets it as it is; whoever has seen nothing of a broken one yet may try again.
void Fill::meet_bad_body() {
  const auto refusal = refusal_of_status(502);
  fail_those_with_stale(refusal);
  const bool broken =
      verdict_ == StoreVerdict::malformed_json || verdict_ == StoreVerdict::incomplete;
  const bool unseen =
      std::none_of(members_.begin(), members_.end(), [](const Member& m) { return m.head_sent; });
  auto others = broken && unseen ? take_others() : std::vector<FillOrder>{};
  if (!others.empty()) around_.owner.on_leader_failed(*this, std::move(others), refusal);
}

/// False = the store refused it.
bool Fill::commit(const SoundBody& body) {
  lifetime_ = lifetime_of(
      *facts_, policy_for(settings_->config.ttl, order_.request.kind, facts_->status),
      {requested_, around_.owner.wall(), around_.owner.ahead_ms()}, order_.key.bytes[20]);
  // For members that have not seen a head yet, and for those who come before the commit.
  head_ = make_answer_head(*facts_, format_entity_tag(body.etag), body.bytes,
                           format_http_date(lifetime_.stored));
  const auto shown = reading_->tags().take_publishings();
  ObjectHead object = filled_object(order_, facts_->status, lifetime_, body, head_->blocks,
                                    around_.raw, reading_->tags());
  object.key = around_.owner.place_of(order_, facts_->status);
  object.epoch = epoch_;
  if (settings_->config.purge.fence) {
    const auto made = made_after(*facts_, {requested_, around_.owner.wall()});
    object.epoch = shown_epoch(around_, *this, object, {made, shown, around_.owner.wall()});
  }
  outdated_ = object.epoch < epoch_;
  return write_->commit(std::move(object), around_.owner.wall());
}

/// Of a whole 401, 403 or 412: true when it was the API's word on the credential, and everyone
/// has been dealt with.
bool Fill::settle_rejection(bool sound) {
  if (!sound || !is_rejection(reading_->words())) {
    stop_holding_back();
    return false;
  }
  head_ = make_answer_head(*facts_, "", received_);
  around_.credentials.on_rejected(*this, head_, body_);
  auto others = take_others();
  for (auto& leader : members_) send(leader, body_, AnswerEvent::End::complete);
  members_.clear();
  // The answer that is held now serves them.
  if (!others.empty()) {
    around_.owner.on_unshareable(*this, std::move(others), Unshareable::refusal);
  }
  return true;
}

void Fill::fail(const OriginError& error) {
  log(LogLevel::debug, "fill", error.context);
  around_.owner.on_verdict(*this, StoreVerdict::incomplete);
  const auto refusal = refusal_of(error);
  std::vector<FillOrder> others;
  if (state_ == State::requested || state_ == State::held_back) {
    fail_those_with_stale(refusal);
    others = take_others();
    fail_leader(refusal);
  } else {
    for (auto& member : members_) {
      if (!member.head_sent && !member.has_stale) {
        others.push_back(order_of(member));
      } else {
        send_failure(member, refusal);
      }
    }
    members_.clear();
  }
  if (!others.empty()) around_.owner.on_leader_failed(*this, std::move(others), refusal);
  end();
}

void Fill::end() {
  move_to(State::over);
  around_.owner.on_over(*this);  // destroys this
}

// --- Those who wait ---

void Fill::spread(AnswerEvent::End end) {
  if (state_ == State::held_back || state_ == State::requested) return;
  for (auto& member : members_) {
    if (!waits_for_the_end(member)) {
      send(member, fresh_, end);
    } else if (end != AnswerEvent::End::no) {
      send(member, body_, end);
    }
  }
  fresh_.clear();
}

/// Who has a stale object to fall back on gets the new answer only whole: nothing is cut off that
/// could have been answered.
bool Fill::waits_for_the_end(const Member& member) const {
  return member.has_stale && !member.head_sent && state_ != State::passing;
}

void Fill::send(Member& member, std::vector<Chunk> body, AnswerEvent::End end) {
  // A head alone tells nobody anything, and what fails before the first octet can be made good.
  if (body.empty() && end == AnswerEvent::End::no) return;
  AnswerEvent event;
  event.waiter = member.waiter.id;
  if (!member.head_sent) {
    if (!head_) {
      const bool whole = end == AnswerEvent::End::complete;
      head_ = make_answer_head(*facts_, "", whole ? std::optional(received_) : std::nullopt);
    }
    event.head = head_;
    event.age_s = age_for(member);
    member.head_sent = true;
  }
  event.body = std::move(body);
  event.end = end;
  event.source = member.source;
  event.stored = state_ == State::committing;
  if (verdict_ != StoreVerdict::storable) event.detail = name_of(verdict_);
  if (outdated_) event.detail = name_of(OriginCause::outdated);
  member.waiter.out->send(std::move(event));
  if (end != AnswerEvent::End::no) around_.owner.on_waiter_over(member.waiter);
}

/// Of a first-hand answer none is said.
std::int64_t Fill::age_for(const Member& member) const {
  const WallTime now = around_.owner.wall();
  if (member.source == AnswerSource::committed) return age_s(lifetime_, now);
  return facts_->has_age ? received_age_s(*facts_, {requested_, now}) : -1;
}

/// Whose answer has begun is cut off; the others are told why there is none.
void Fill::send_failure(const Member& member, const Refusal& refusal) {
  AnswerEvent event;
  event.waiter = member.waiter.id;
  event.end = AnswerEvent::End::failed;
  if (!member.head_sent) event.failure = refusal;
  member.waiter.out->send(std::move(event));
  around_.owner.on_waiter_over(member.waiter);
}

FillOrder Fill::order_of(Member& member) const {
  if (member.order == nullptr) return order_;
  return std::move(*member.order);
}

/// Whoever joined is an "other", even when the leader has gone: its own credential was not sent.
std::vector<FillOrder> Fill::take_others() {
  std::vector<FillOrder> others;
  const auto first = std::find_if(members_.begin(), members_.end(), [](const Member& member) {
    return member.source != AnswerSource::fill;
  });
  for (auto it = first; it != members_.end(); ++it) others.push_back(order_of(*it));
  members_.erase(first, members_.end());
  return others;
}

void Fill::release_others(Unshareable why) {
  around_.owner.on_unshareable(*this, take_others(), why);
}

void Fill::fail_leader(const Refusal& refusal) {
  for (const auto& leader : members_) send_failure(leader, refusal);
  members_.clear();
}

void Fill::fail_those_with_stale(const Refusal& refusal, std::optional<WallTime> since) {
  std::erase_if(members_, [&](const Member& member) {
    if (!member.has_stale || member.head_sent || (since && *since < member.since)) return false;
    send_failure(member, refusal);
    return true;
  });
}

// --- Backpressure ---

/// An answer that is passing runs at most a window ahead of its slowest reader.
bool Fill::is_far_ahead() const {
  return state_ == State::passing && transfer_ != nullptr &&
         std::any_of(members_.begin(), members_.end(),
                     [&](const Member& member) { return lag_of(member) >= kWindowBytes; });
}

void Fill::cut_off() {
  for (const Member& member : members_) send_failure(member, {});
  members_.clear();
  end();
}

void Fill::regulate() {
  if (state_ != State::passing || transfer_ == nullptr) return;
  if (is_far_ahead()) {
    around_.transfers.pause(transfer_);
  } else {
    around_.transfers.resume(transfer_);
  }
}

unsigned Fill::cut_laggards(Milliseconds passed) {
  if (state_ != State::passing || transfer_ == nullptr) return 0;
  const bool others_starve =
      std::any_of(members_.begin(), members_.end(),
                  [&](const Member& member) { return lag_of(member) < kStarvingBytes; });
  if (!others_starve) return 0;
  const auto patience = settings_->config.server.write_timeout_ms;
  const auto cut = std::erase_if(members_, [&](Member& member) {
    if (lag_of(member) < kWindowBytes) return false;
    member.held_up_ms += passed;
    if (member.held_up_ms <= patience) return false;
    send_failure(member, {});
    return true;
  });
  regulate();
  return static_cast<unsigned>(cut);
}

}  // namespace larder
