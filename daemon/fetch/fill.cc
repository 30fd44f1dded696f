// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/fill.h"

#include <algorithm>
#include <utility>

#include "cache/body/held_bytes.h"
#include "conf/base/check.h"
#include "conf/base/log.h"
#include "conf/base/octets.h"
#include "conf/base/redact.h"

namespace larder {
namespace {

constexpr std::uint64_t kMaxRejectionBytes = 4 * 1024;  // the API's words have some hundred bytes

bool may_be_rejection(int status) {
  return status == 401 || status == 403 || status == 412;
}

/// Errors of the way or of the origin's health, not answers about content.
bool is_trouble(int status) {
  return status >= 500 || status == 429 || status == 408 || status / 100 == 3;
}

/// The API's own codes for credentials it does not take: 105 token, 109 api key, 901 branch.
bool is_rejection_code(int error_code) {
  return error_code == 105 || error_code == 109 || error_code == 901;
}

/// Is a credential in what would reach the disk: the request's own one, or any that can be told?
bool names_credential(const FillOrder& order) {
  const auto& scope = *order.scope;
  for (const std::string_view text :
       {std::string_view(order.canonical), std::string_view(scope.environment),
        std::string_view(scope.branch), std::string_view(scope.api_key)}) {
    if (finds_credential(text, order.access_token)) return true;
  }
  return false;
}

}  // namespace

Fill::Fill(FillOwner& owner, std::uint64_t id, FillOrder order, unsigned attempt)
    : owner_(owner),
      settings_(owner.settings()),
      id_(id),
      order_(std::move(order)),
      attempt_(attempt) {
  if (order_.waiter.out != nullptr) {
    members_.push_back({.order = order_, .source = AnswerSource::fill});
  }
}

Fill::~Fill() {
  if (transfer_ != nullptr) owner_.delivery_loop().abandon(transfer_);
  for (const auto& chunk : body_) HeldBytes::pass_to_output(chunk);
}

bool Fill::joinable(WallTime now) const {
  if (forbidden_ || held_back_) return false;
  switch (state_) {
    case State::requested:
      return true;
    case State::streaming:
      return retained_ && verdict_ == StoreVerdict::storable;
    case State::committing:
      return judge(lifetime_, now) == Freshness::fresh;
    case State::over:
      return false;
  }
  return false;
}

void Fill::transition_to(State next) {
  const bool legal =
      (state_ == State::requested && next != State::requested && next != State::committing) ||
      (state_ == State::streaming && (next == State::committing || next == State::over)) ||
      (state_ == State::committing && next == State::over);
  LARDER_CHECK(legal);
  state_ = next;
}

bool Fill::start() {
  transfer_ = owner_.delivery_loop().start(
      delivery_request(order_.request, *order_.scope, order_.access_token.reveal(),
                       order_.user_agent, order_.unkeyed),
      this, order_.waiter.out == nullptr ? Lane::refresh : Lane::visitor);
  return transfer_ != nullptr;
}

bool Fill::promote() {
  return transfer_ == nullptr || owner_.delivery_loop().promote(transfer_);
}

void Fill::join(FillOrder order) {
  members_.push_back(
      {.order = std::move(order),
       .source = state_ == State::committing ? AnswerSource::committed : AnswerSource::joined});
  const bool whole = state_ == State::committing;
  if (state_ == State::requested || (!whole && waits_for_the_end(members_.back()))) return;
  const auto end = state_ == State::committing ? AnswerEvent::End::complete : AnswerEvent::End::no;
  send(members_.back(), body_, end);
  if (state_ == State::committing) members_.pop_back();
}

void Fill::leave(Waiter waiter) {
  std::erase_if(members_, [&](const Member& m) { return m.order.waiter == waiter; });
  if (members_.empty() && !retained_) return end();
  regulate();
}

void Fill::credit(Waiter waiter, std::uint64_t bytes) {
  for (auto& member : members_) {
    if (member.order.waiter != waiter) continue;
    member.taken = std::min(received_, member.taken + bytes);  // heads and chunk sizes count too
  }
  regulate();
}

void Fill::on_progress(TransferProgress progress) {
  if (progress.ended) transfer_ = nullptr;
  if (progress.head != nullptr) take_head(*progress.head);
  if (!progress.body.empty()) take_body(std::move(progress.body));
  if (!progress.ended) {
    spread(AnswerEvent::End::no);
    if (members_.empty() && !retained_) return end();
    return regulate();
  }
  if (progress.error) {
    fail(*progress.error);
  } else {
    finish(progress.framed);
  }
}

void Fill::take_head(const ResponseFacts& facts) {
  transition_to(State::streaming);
  facts_ = facts;
  verdict_ = may_store(facts_, order_.request.representation);
  held_back_ = may_be_rejection(facts_.status);
  if (held_back_) return;
  if (is_trouble(facts_.status)) {
    const auto refusal = refusal_of_status(facts_.status);
    fail_those_with_stale(refusal);
    auto others = take_others();
    if (facts_.status / 100 == 3) fail_leader(refusal);
    if (!others.empty()) owner_.on_leader_failed(*this, std::move(others), refusal);
    stop_retaining();
  } else if (verdict_ != StoreVerdict::storable) {
    release_others_as_unshareable();
  }
}

void Fill::fail_leader(const Refusal& refusal) {
  for (const auto& leader : members_) send_failure(leader.order, refusal, false);
  members_.clear();
}

void Fill::take_body(std::string bytes) {
  received_ += bytes.size();
  const bool fits = received_ <= owner_.max_object_bytes() && owner_.may_hold(bytes.size());
  if (held_back_ && received_ > kMaxRejectionBytes) {
    held_back_ = false;  // no word of the API's is this long
    fail_those_with_stale(refusal_of_status(502));
    release_others_as_unshareable();
  }
  if (retained_ && !fits) stop_retaining();
  fresh_.push_back(retained_ ? owner_.hold_pending(std::move(bytes))
                             : owner_.hold_output(std::move(bytes)));
  if (retained_) body_.push_back(fresh_.back());
}

/// Not for the store: from here on the answer only passes through, and waits for its readers.
void Fill::stop_retaining() {
  const auto arrived = std::exchange(body_, {});
  for (const auto& chunk : arrived) HeldBytes::pass_to_output(chunk);
  for (auto& member : members_) {
    if (waits_for_the_end(member) && !held_back_) send(member, arrived, AnswerEvent::End::no);
  }
  retained_ = false;
  if (verdict_ == StoreVerdict::storable) verdict_ = StoreVerdict::too_large;
}

void Fill::finish(bool framed) {
  if (!framed && !body_proves_itself()) {
    return fail({Error::Code::unavailable, "the origin's answer has no proven end"});
  }
  verdict_ = judge_whole(framed);
  if (held_back_ && settle_rejection()) return end();
  if (verdict_ == StoreVerdict::storable) {
    stored_ = commit();
  } else if (verdict_ == StoreVerdict::malformed_json || verdict_ == StoreVerdict::incomplete) {
    fail_those_with_stale(refusal_of_status(502));
    const bool unseen =
        std::none_of(members_.begin(), members_.end(), [](const Member& m) { return m.head_sent; });
    if (unseen) release_others_as_unshareable();
  }
  owner_.on_verdict(verdict_);
  spread(AnswerEvent::End::complete);
  members_.clear();
  if (stored_) {
    transition_to(State::committing);
  } else {
    end();
  }
}

/// Well-formed JSON is whole, even if nothing but the connection's end says so. Such an answer is
/// handed on, not stored.
bool Fill::body_proves_itself() {
  return retained_ && check_body().has_value();
}

Result<void> Fill::check_body() {
  const bool zipped = equals_ignoring_case(facts_.content_encoding, "gzip");
  return owner_.json_check().check(body_, zipped ? Representation::gzip : Representation::identity,
                                   settings_->config.cache.max_decoded_bytes);
}

StoreVerdict Fill::judge_whole(bool framed) {
  if (verdict_ != StoreVerdict::storable) return verdict_;
  if (forbidden_) return StoreVerdict::purged;
  if (!framed) return StoreVerdict::incomplete;
  if (names_credential(order_)) return StoreVerdict::secret_in_key;
  if (const auto checked = check_body(); !checked) {
    return checked.error().code == Error::Code::full ? StoreVerdict::too_large
                                                     : StoreVerdict::malformed_json;
  }
  owner_.on_accepted(*this);
  return StoreVerdict::storable;
}

bool Fill::commit() {
  NewObject object;
  object.key = order_.key;
  object.canonical = order_.canonical;
  EntityTagBuilder tag(order_.request.representation);
  for (const auto& chunk : body_) tag.add(*chunk);
  const auto& config = settings_->config;
  lifetime_ = lifetime_of(facts_, policy_for(config.ttl, order_.request.kind, facts_.status),
                          owner_.wall(), order_.key.bytes[20]);
  object.meta = {.scope = order_.scope->mac,
                 .status = facts_.status,
                 .kind = order_.request.kind,
                 .representation = order_.request.representation,
                 .lifetime = lifetime_,
                 .etag = tag.finish(),
                 .body_length = received_};
  const auto etag = format_entity_tag(object.meta.etag);
  const auto whole = make_answer_head(facts_, etag, received_);
  object.entity_fields = whole->blocks.entity;
  object.shared_fields = whole->blocks.shared;
  object.body = body_;
  head_ =
      whole;  // for members that have not seen a head yet, and for those who come before the commit
  return owner_.store(*this, std::move(object));
}

/// Of a whole 401, 403 or 412: true when it was the API's word on the credential, and everyone
/// has been dealt with.
bool Fill::settle_rejection() {
  held_back_ = false;
  if (!retained_ || !check_body() || !is_rejection_code(owner_.json_check().error_code())) {
    fail_those_with_stale(refusal_of_status(502));
    release_others_as_unshareable();
    return false;
  }
  head_ = make_answer_head(facts_, "", received_);
  owner_.on_rejected(*this, head_, body_);
  auto others = take_others();
  spread(AnswerEvent::End::complete);
  if (!others.empty())
    owner_.on_unshareable(*this, std::move(others),
                          Unshareable::refusal);  // the held answer serves them
  return true;
}

void Fill::fail(const Error& error) {
  log(LogLevel::debug, "fill", error.context);
  owner_.on_verdict(StoreVerdict::incomplete);
  const auto refusal = refusal_of(error);
  if (state_ == State::requested || held_back_) {
    fail_those_with_stale(refusal);
    auto others = take_others();
    fail_leader(refusal);
    if (!others.empty()) owner_.on_leader_failed(*this, std::move(others), refusal);
  } else {
    std::vector<FillOrder> unseen;
    for (const auto& member : members_) {
      if (!member.head_sent && !member.order.has_stale) {
        unseen.push_back(member.order);
      } else {
        send_failure(member.order, refusal, member.head_sent);
      }
    }
    members_.clear();
    if (!unseen.empty()) owner_.on_leader_failed(*this, std::move(unseen), refusal);
  }
  end();
}

void Fill::send_failure(const FillOrder& order, const Refusal& refusal, bool cut) {
  AnswerEvent event;
  event.waiter = order.waiter.id;
  event.end = AnswerEvent::End::failed;
  if (!cut) event.failure = refusal;
  order.waiter.out->send(std::move(event));
  owner_.on_member_over(order.waiter);
}

void Fill::fail_those_with_stale(const Refusal& refusal) {
  std::erase_if(members_, [&](const Member& member) {
    if (!member.order.has_stale || member.head_sent) return false;
    send_failure(member.order, refusal, false);
    return true;
  });
}

std::vector<FillOrder> Fill::take_others() {
  std::vector<FillOrder> others;
  // Whoever joined is an "other", even when the leader has gone: its own credential was not sent.
  const std::size_t leaders =
      !members_.empty() && members_.front().source == AnswerSource::fill ? 1 : 0;
  while (members_.size() > leaders) {
    others.push_back(std::move(members_.back().order));
    members_.pop_back();
  }
  std::reverse(others.begin(), others.end());
  return others;
}

void Fill::release_others_as_unshareable() {
  const bool by_header = may_store(facts_, order_.request.representation) != StoreVerdict::storable;
  const auto why = may_be_rejection(facts_.status) ? Unshareable::refusal
                   : by_header                     ? Unshareable::lasting
                                                   : Unshareable::broken;
  owner_.on_unshareable(*this, take_others(), why);
  if (!held_back_) stop_retaining();
}

void Fill::spread(AnswerEvent::End end) {
  if (held_back_ || state_ == State::requested) return;
  for (auto& member : members_) {
    if (waits_for_the_end(member)) {
      if (end != AnswerEvent::End::no) send(member, body_, end);
    } else {
      send(member, fresh_, end);
    }
  }
  fresh_.clear();
}

/// Who has a stale object to fall back on gets the new answer only whole: nothing is cut off that
/// could have been answered.
bool Fill::waits_for_the_end(const Member& member) const {
  return member.order.has_stale && retained_ && !member.head_sent;
}

void Fill::send(Member& member, std::vector<Chunk> body, AnswerEvent::End end) {
  AnswerEvent event;
  event.waiter = member.order.waiter.id;
  if (!member.head_sent) {
    if (!head_) {
      const bool whole = end == AnswerEvent::End::complete;
      head_ = make_answer_head(facts_, "", whole ? std::optional(received_) : std::nullopt);
    }
    event.head = head_;
    if (state_ == State::committing) event.age_s = age_s(lifetime_, owner_.wall());
    member.head_sent = true;
  } else if (body.empty() && end == AnswerEvent::End::no) {
    return;
  }
  event.body = std::move(body);
  event.end = end;
  event.source = member.source;
  event.stored = stored_;
  member.order.waiter.out->send(std::move(event));
  if (end != AnswerEvent::End::no) owner_.on_member_over(member.order.waiter);
}

std::uint64_t Fill::lag_of(const Member& member) const {
  return received_ - member.taken;
}

/// Backpressure: an answer that is not kept runs at most a window ahead of its slowest reader.
void Fill::regulate() {
  if (retained_ || transfer_ == nullptr) return;
  const bool far_ahead = std::any_of(members_.begin(), members_.end(), [&](const Member& member) {
    return lag_of(member) >= kWindowBytes;
  });
  if (far_ahead) {
    transfer_->pause();
  } else {
    owner_.delivery_loop().resume(transfer_);
  }
}

unsigned Fill::cut_laggards(Milliseconds passed) {
  if (retained_ || transfer_ == nullptr || held_back_) return 0;
  const bool others_starve =
      std::any_of(members_.begin(), members_.end(),
                  [&](const Member& member) { return lag_of(member) < kStarvingBytes; });
  if (!others_starve) return 0;
  const auto patience = settings_->config.server.write_timeout_ms;
  const auto cut = std::erase_if(members_, [&](Member& member) {
    if (lag_of(member) < kWindowBytes) return false;
    member.held_up_ms += passed;
    if (member.held_up_ms <= patience) return false;
    send_failure(member.order, {}, true);
    return true;
  });
  regulate();
  return static_cast<unsigned>(cut);
}

void Fill::end() {
  transition_to(State::over);
  owner_.on_fill_over(*this);  // destroys this
}

}  // namespace larder
