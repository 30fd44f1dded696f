// SPDX-License-Identifier: Apache-2.0
#include "daemon/client/exchange.h"

#include <uv.h>
#include <algorithm>
#include <utility>

#include "cache/http/conditional.h"
#include "conf/base/check.h"
#include "conf/base/field_table.h"
#include "daemon/client/answer_head.h"
#include "daemon/client/stored_body.h"

namespace larder {
namespace {

/// Up to this length copying a body behind its head costs less than a second piece of a write:
/// 0.2 us of CPU less at 1 KiB, more at 10 KiB.
constexpr std::size_t kCopiedBodyBytes = 4 * 1024;
/// Credits go back in lots, so that small answers cost no message.
constexpr std::uint64_t kCreditLot = 64 * 1024;

/// A key begins with so much of its scope.
constexpr std::size_t kScopeOfKey = 16;

using State = Exchange::State;

/// legal[from] = states that may follow.
constexpr std::array<std::array<bool, 6>, 6> kLegalMoves{{
    //              begun  waiting streaming sending done aborted
    /* begun */ {false, true, false, true, true, true},
    /* waiting */ {false, false, true, true, true, true},
    /* streaming */ {false, false, false, false, true, true},
    /* sending */ {false, false, false, false, true, true},
    /* done */ {false, false, false, false, false, false},
    /* aborted */ {false, false, false, false, false, false},
}};

/// The first one's, of all that came.
std::string_view value_of(const RequestView& view, FieldId id) {
  for (const HeaderView& header : view.headers) {
    if (field_of(header.name) == id) return header.value;
  }
  return {};
}

bool matches(std::string_view if_none_match, int status, std::string_view etag) {
  return status == 200 && !if_none_match.empty() && !etag.empty() &&
         none_match_hits(if_none_match, etag);
}

bool asks_origin(const Plan& plan) {
  return plan.what == Plan::What::fill || plan.what == Plan::What::relay;
}

/// Of larder's own, or of the origin's.
bool is_error(Outcome outcome, int status) {
  return status >= 500 || outcome == Outcome::failed || outcome == Outcome::refused ||
         outcome == Outcome::rejected;
}

}  // namespace

const char* Exchange::name_of(State state) {
  switch (state) {
    case State::begun:
      return "begun";
    case State::waiting:
      return "waiting";
    case State::streaming:
      return "streaming";
    case State::sending:
      return "sending";
    case State::done:
      return "done";
    case State::aborted:
      return "aborted";
  }
  return "?";
}

Exchange::~Exchange() {
  leave();
}

void Exchange::transition_to(State next) {
  LARDER_CHECK(kLegalMoves[static_cast<std::size_t>(state_)][static_cast<std::size_t>(next)]);
  state_ = next;
}

void Exchange::answer(const RequestView& view, const Plan& plan) {
  reason_ = plan.reason();
  id_ = view.request_id.empty() ? RequestId() : RequestId::of_client(view);
  if (id_.empty()) id_ = side_.host.make_id();
  if (!view.trace_parent.empty() && (asks_origin(plan) || side_.host.logs())) {
    trace_ = trace_of_client(view);
  }
  if (plan.scope) {
    std::copy_n(plan.scope->mac.bytes.begin(), scope_.size(), scope_.begin());
    if (plan.scope_reason == Reason::configured_scope) {
      ScopeCounts& counts = side_.host.counters().scopes;
      scope_place_ = plan.scope->is_listed ? counts.place_of(*plan.scope) : ScopeCounts::kOther;
    }
    if (framing_.sampled) sampled_scope_ = plan.scope;
  }
  if (plan.what == Plan::What::answer) kind_ = plan.object->meta.kind;
  if (plan.what == Plan::What::fill) kind_ = plan.fields.kind;
  switch (plan.what) {
    case Plan::What::refuse:
      return refuse(plan.refusal, view.target);
    case Plan::What::preflight:
      outcome_ = Outcome::preflight;
      status_ = 204;
      return answer_text(preflight_answer(value_of(view, FieldId::access_control_request_headers),
                                          side_.host.date(), !framing_.keep_alive,
                                          side_.host.keep_alive(), told_id()),
                         view.target);
    case Plan::What::fill:
    case Plan::What::relay:
      return place_order(view, plan);
    case Plan::What::answer:
      return answer_hit(view, plan);
  }
}

void Exchange::answer_hit(const RequestView& view, const Plan& plan) {
  ClientHost& host = side_.host;
  outcome_ = plan.fresh() ? Outcome::hit : Outcome::stale;
  if (!plan.fresh()) host.refresh(view, plan);
  if (!plan.fresh() && plan.object->purged) detail_ = larder::name_of(StoreVerdict::purged);
  key_ = plan.key;
  host.reader().count_hit(plan.object->slot, eviction_tick(host.now()));
  HitWords words;
  answer_object(
      plan.key, *plan.object,
      hit_words(words, *plan.object, host.wall(), plan.fresh() ? Reason::none : plan.store_reason),
      plan.fields.if_none_match, view.target);
}

void Exchange::refuse(const Refusal& refusal, std::string_view target) {
  if (refusal.close) end_keep_alive();
  if (id_.empty()) id_ = side_.host.make_id();  // it was no request
  detail_ = refusal.detail;
  if (outcome_ != Outcome::failed) outcome_ = Outcome::refused;
  status_ = refusal.status;
  answer_text(error_answer(refusal, side_.host.date(), !framing_.keep_alive,
                           framing_.method != Method::head, side_.host.keep_alive(), told_id()),
              target);
}

void Exchange::answer_text(const std::string& text, std::string_view target) {
  if (!side_.out.send(text, {}, framing_.more_behind && framing_.keep_alive)) return abort();
  if (side_.out.is_idle()) return finish(target);
  pending().target = target;
  transition_to(State::sending);
}

/// Sends an object of this turn's snapshot, straight from the map.
void Exchange::answer_object(const CacheKey& key, const ObjectView& object, std::string_view words,
                             std::string_view if_none_match, std::string_view target) {
  ClientHost& host = side_.host;
  const bool unchanged = !if_none_match.empty() && matches(if_none_match, object.meta.status,
                                                           format_entity_tag(object.meta.etag));
  if (unchanged) host.counters().not_modified.add();
  status_ = unchanged ? 304 : object.meta.status;
  std::string& head = host.head_buffer();
  write_object_head(head, object, status_,
                    {.date = {},  // it has the one of its receipt
                     .age_s = age_s(object.meta.lifetime, host.wall()),
                     .cache_status = words,
                     .close = !framing_.keep_alive,
                     .keep_alive = host.keep_alive(),
                     .request_id = told_id()});
  const bool with_body = !unchanged && framing_.method != Method::head;
  std::string_view body = with_body ? object.body : std::string_view{};
  if (with_body) body_bytes_ = object.meta.body_length;
  if (body.size() <= kCopiedBodyBytes) {
    head.append(body);
    body = {};
  }
  const bool rows = with_body && object.chunk_count > 0;
  const bool gather = framing_.more_behind && framing_.keep_alive && !rows;
  if (!side_.out.send(head, body, gather)) return abort();
  if (!rows && side_.out.is_idle()) return finish(target);
  pending().target = target;
  if (rows) {
    pending_->body = std::make_unique<StoredBody>(side_.out, host.reader(), key, object);
  }
  transition_to(State::sending);
  pump();
}

void Exchange::place_order(const RequestView& view, const Plan& plan) {
  ClientHost& host = side_.host;
  auto& order = pending();
  order.target = view.target;
  order.relay = plan.what == Plan::What::relay;
  order.to = plan.relay_to;
  order.waiter = host.add_waiter(side_.taker);
  if (order.relay) {
    auto relay = relay_order_for(plan, view, order.waiter, host.server(), host.upstream());
    relay.client = side_.client;
    carry_id(relay.request.headers, host.upstream(), id_);
    carry_trace(relay.request.headers, host.upstream(), trace_);
    host.post(std::move(relay));
  } else {
    if (plan.object) order.recall = stale_recall_for(plan);
    key_ = plan.key;
    order.if_none_match = plan.fields.if_none_match;
    auto fill = fill_order_for(plan, view, order.waiter, host.server(), host.upstream());
    fill.client = side_.client;
    carry_id(fill.unkeyed, host.upstream(), id_);
    carry_trace(fill.unkeyed, host.upstream(), trace_);
    host.post(std::move(fill));
  }
  transition_to(State::waiting);
  set_deadline();
}

void Exchange::on_answer(AnswerEvent event) {
  LARDER_CHECK(pending_ && pending_->waiter.id == event.waiter);
  if (event.end != AnswerEvent::End::no) forget_waiter();
  if (state_ == State::waiting) {
    if (!event.head) {
      leave();
      return fail_order(event.failure);
    }
    begin_stream(event);
    if (state_ != State::streaming) return;
  } else if (event.end == AnswerEvent::End::complete) {
    detail_ = stream_detail(event, pending_->relay);  // of what its end has told
  }
  pending_->stream->take(std::move(event.body), event.end);
  body_bytes_ = pending_->stream->bytes();
  set_deadline();
  pump();
}

void Exchange::begin_stream(const AnswerEvent& event) {
  const auto& head = *event.head;
  outcome_ = stream_outcome(event, pending_->relay, pending_->to);
  detail_ = stream_detail(event, pending_->relay);
  const bool unchanged = matches(pending_->if_none_match, head.status, head.etag);
  if (unchanged) side_.host.counters().not_modified.add();
  status_ = unchanged ? 304 : head.status;
  const bool bodiless = framing_.method == Method::head || !has_body(status_);
  const auto framing = framing_of(head);
  if (!bodiless && (framing == BodyFraming::until_close || framing == BodyFraming::whole)) {
    end_keep_alive();
  }
  std::string text(status_line(status_));
  if (!unchanged) text += head.blocks.entity;
  text += head.blocks.shared;
  if (!bodiless && framing == BodyFraming::chunked) text += "Transfer-Encoding: chunked\r\n";
  append_head_tail(text, {.date = head.dated ? std::string_view{} : side_.host.date(),
                          .age_s = event.age_s,
                          .cache_status = stream_words(event, pending_->relay),
                          .close = !framing_.keep_alive,
                          .keep_alive = side_.host.keep_alive(),
                          .request_id = told_id()});
  pending_->sent_before = side_.out.sent();
  if (bodiless) {
    leave();  // the fill goes on without this client
    side_.out.push({.owner = std::move(text)});
    transition_to(State::sending);
    return pump();
  }
  auto body = std::make_unique<StreamBody>(side_.out, framing, std::move(text),
                                           head.body_length.value_or(0));
  pending_->stream = body.get();
  pending_->body = std::move(body);
  transition_to(State::streaming);
}

BodyFraming Exchange::framing_of(const AnswerHead& head) const {
  if (head.body_length) return BodyFraming::length;
  if (framing_.http_1_1) return BodyFraming::chunked;
  return side_.can_reset ? BodyFraming::until_close : BodyFraming::whole;
}

/// The fetch thread has nothing for us: a stale object stands in where there is one.
void Exchange::fail_order(const std::optional<Refusal>& failure) {
  Refusal refusal =
      failure.value_or(refusal_of(OriginError{OriginCause::broken, "the answer broke off"}));
  detail_ = refusal.detail;
  if (answer_stale()) return;
  // A 429 for which no origin was asked is a bound of the client's.
  const bool refused = refusal.status == 429 && *refusal.fwd == '\0';
  outcome_ = refused ? Outcome::refused : Outcome::failed;
  if (pending_->relay && *refusal.fwd != '\0') refusal.fwd = "bypass";
  refuse(refusal, std::string(pending_->target));
}

bool Exchange::answer_stale() {
  if (!pending_->recall) return false;
  const auto recall = std::move(*std::exchange(pending_->recall, std::nullopt));
  const auto object = larder::recall(side_.host.reader(), recall, side_.host.wall());
  if (!object) return false;
  outcome_ = Outcome::stale_error;
  HitWords words;
  answer_object(recall.key, *object,
                hit_words(words, *object, side_.host.wall(), Reason::stale_if_error),
                std::string(pending_->if_none_match), std::string(pending_->target));
  return true;
}

void Exchange::on_written() {
  set_deadline();
  pump();
}

/// Sends on, as far as the socket takes it; over when all of it is out.
void Exchange::pump() {
  if (is_over() || !pending_ || state_ == State::waiting) return;
  auto step = BodySource::Step::last;
  if (pending_->body) {
    step = pending_->body->send();
  } else if (!side_.out.flush()) {
    step = BodySource::Step::broken;
  }
  if (step == BodySource::Step::broken) return abort();
  give_credit();
  if (step == BodySource::Step::last && side_.out.is_idle()) finish(pending_->target);
}

/// Lets the origin be read on, by what the client has taken.
void Exchange::give_credit() {
  if (pending_->waiter.id == 0 || pending_->stream == nullptr) return;
  const auto taken = pending_->stream->is_kept_back() ? pending_->stream->bytes()
                                                      : side_.out.sent() - pending_->sent_before;
  const auto more = taken - pending_->acknowledged;
  if (more < kCreditLot) return;
  pending_->acknowledged = taken;
  side_.host.post(CreditOrder{pending_->waiter, more});
}

void Exchange::check_deadline(MonotonicTime now) {
  if (now < deadline_) return;
  switch (state_) {
    case State::waiting:
      side_.host.counters().timeouts.add();
      leave();
      return fail_order(refusal_of(OriginError{OriginCause::timed_out, "server.request_timeout"}));
    case State::streaming:
      side_.host.counters().timeouts.add();
      return abort();
    default:
      return;
  }
}

void Exchange::abort() {
  if (is_over()) return;
  leave();
  outcome_ = Outcome::aborted;
  transition_to(State::aborted);
  account(pending_ ? std::string_view(pending_->target) : std::string_view{});
}

void Exchange::finish(std::string_view target) {
  transition_to(State::done);
  account(target);
}

void Exchange::count() {
  WorkerMetrics& counters = side_.host.counters();
  const auto outcome = static_cast<std::size_t>(outcome_);
  counters.requests[outcome].add();
  if (kind_) counters.by_kind[static_cast<std::size_t>(*kind_)][outcome].add();
  if (scope_place_) counters.scopes.add(*scope_place_, outcome_);
  if (outcome_ == Outcome::aborted) return;
  TurnTimes& times = side_.host.times();
  if (framing_.since_ns == times.began_ns()) {
    times.note_in_turn(class_of(outcome_));
  } else {
    times.note(class_of(outcome_), duration_us());
  }
}

std::uint64_t Exchange::duration_us() const {
  return (uv_hrtime() - framing_.since_ns) / 1'000;
}

void Exchange::account(std::string_view target) {
  ClientHost& host = side_.host;
  count();
  if (host.decisions().keeps()) {
    host.decisions().note({.time = host.wall(),
                           .id = id_,
                           .key = key_,
                           .status = static_cast<std::uint16_t>(status_),
                           .outcome = outcome_,
                           .reason = reason_,
                           .detail = detail_});
  }
  const double share = host.access_share(is_error(outcome_, status_));
  if (share == 0 && !framing_.sampled) return;
  AccessRecord record = record_of(target);
  record.share = static_cast<float>(share);
  if (share > 0) host.log_request(record);
  if (framing_.sampled) sample(record);
}

void Exchange::sample(const AccessRecord& record) {
  RequestSample sample{.request = record};
  if (sampled_scope_) {
    sample.set_place(sampled_scope_->api_key, sampled_scope_->environment, sampled_scope_->branch);
  }
  side_.host.sample_request(sample);
}

AccessRecord Exchange::record_of(std::string_view target) const {
  AccessRecord record;
  record.time = wall_now();
  record.duration_us = static_cast<std::uint32_t>(duration_us());
  record.status = static_cast<std::uint16_t>(status_);
  record.outcome = outcome_;
  record.reason = reason_;
  record.detail = detail_;
  record.id = id_;
  record.trace = trace_;
  record.method = framing_.method;
  record.http_1_1 = framing_.http_1_1;
  record.body_bytes = body_bytes_;
  record.scope = scope_;
  std::copy_n(key_.bytes.begin() + kScopeOfKey, record.key.size(), record.key.begin());
  record.set_target(target);
  record.set_client(side_.client);
  return record;
}

/// Empty where answers do not carry it.
std::string_view Exchange::told_id() const {
  return side_.host.server().request_id ? id_.text() : std::string_view{};
}

/// The order is none of ours any more.
void Exchange::leave() {
  if (!pending_ || pending_->waiter.id == 0) return;
  side_.host.post(LeaveOrder{pending_->waiter});
  forget_waiter();
}

void Exchange::forget_waiter() {
  side_.host.remove_waiter(pending_->waiter.id);
  pending_->waiter = {};
}

Exchange::Pending& Exchange::pending() {
  if (!pending_) pending_ = std::make_unique<Pending>();
  return *pending_;
}

void Exchange::set_deadline() {
  deadline_ = {side_.host.now().ms + side_.host.server().request_timeout_ms};
}

}  // namespace larder
