// SPDX-License-Identifier: Apache-2.0
#include "upstream/relay.h"

#include <algorithm>

namespace larder {

Relay::Relay(Transfers& transfers, RelayOwner& owner, Waiter waiter, Privacy privacy)
    : transfers_(transfers), owner_(owner), waiter_(waiter), privacy_(privacy) {}

Relay::~Relay() {
  if (transfer_ != nullptr) transfers_.abandon(transfer_);
}

std::optional<OriginError> Relay::start(OriginRequest request) {
  const bool preview = privacy_ == Privacy::private_no_store;
  started_ = monotonic_now();
  const auto started =
      transfers_.start(std::move(request), this, preview ? Lane::preview : Lane::pass);
  if (!started) return started.error();
  transfer_ = *started;
  return std::nullopt;
}

void Relay::credit(std::uint64_t bytes) {
  taken_ = std::min(sent_, taken_ + bytes);  // credits count heads and chunk sizes too
  if (transfer_ != nullptr && sent_ - taken_ < kWindowBytes) transfers_.resume(transfer_);
}

Milliseconds Relay::count_wait(Milliseconds span) {
  if (transfer_ != nullptr && sent_ - taken_ >= kWindowBytes) waited_ms_ += span;
  return waited_ms_;
}

void Relay::cut() {
  AnswerEvent event;
  event.waiter = waiter_.id;
  event.source = AnswerSource::relay;
  event.end = AnswerEvent::End::failed;
  waiter_.out->send(std::move(event));
  owner_.on_relay_over(waiter_);  // destroys this
}

std::shared_ptr<const AnswerHead> Relay::head_for(const TransferProgress& progress) const {
  const auto whole = progress.ended && !progress.error
                         ? std::optional<std::uint64_t>(progress.body.size())
                         : std::nullopt;
  return privacy_ == Privacy::private_no_store ? make_private_head(*progress.head, whole)
                                               : make_answer_head(*progress.head, "", whole);
}

void Relay::on_progress(TransferProgress progress) {
  AnswerEvent event;
  event.waiter = waiter_.id;
  event.source = AnswerSource::relay;
  if (progress.ended && !progress.framed && !progress.error) {
    progress.error = OriginError{OriginCause::protocol, "the origin's answer has no proven end"};
  }
  const bool redirect = progress.head != nullptr && progress.head->status / 100 == 3;
  if (redirect) {
    event.failure = refusal_of_status(progress.head->status);
    event.end = AnswerEvent::End::failed;
  } else {
    if (progress.head != nullptr && !progress.error) {
      event.head = head_for(progress);
      const auto& facts = *progress.head;
      if (facts.has_age) event.age_s = facts.age_s + (monotonic_now().ms - started_.ms) / 1'000;
      head_sent_ = true;
    }
    if (!progress.body.empty() && head_sent_) {
      sent_ += progress.body.size();
      event.body.push_back(owner_.hold_output(std::move(progress.body)));
    }
    if (progress.ended) {
      event.end = progress.error ? AnswerEvent::End::failed : AnswerEvent::End::complete;
      if (progress.error && !head_sent_) event.failure = refusal_of(*progress.error);
    }
  }
  const bool over = event.end != AnswerEvent::End::no;
  if (!over && sent_ - taken_ >= kWindowBytes) transfers_.pause(transfer_);
  if (progress.ended) transfer_ = nullptr;  // the loop ends it after this call
  waiter_.out->send(std::move(event));
  if (over) owner_.on_relay_over(waiter_);  // destroys this
}

}  // namespace larder
