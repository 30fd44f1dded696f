// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <charconv>

#include "cache/http/conditional.h"
#include "conf/base/check.h"
#include "daemon/connection.h"
#include "daemon/worker.h"

/// What a Connection answers: objects, errors, and streams from the origin thread.
namespace larder {
namespace {

/// Up to this length copying a body behind its head costs less than a second piece of a write:
/// 0.2 us of CPU less at 1 KiB, more at 10 KiB.
constexpr std::size_t kCopiedBodyBytes = 4 * 1024;

bool has_body(int status) {
  return status != 204 && status != 304;
}

/// `larder; hit; ttl=N` with the seconds that the object stays fresh, in `buffer`.
std::string_view hit_words(std::array<char, 96>& buffer, const ObjectView& object, WallTime now,
                           std::string_view detail) {
  constexpr std::string_view kLead = "larder; hit; ttl=";
  char* at = std::copy(kLead.begin(), kLead.end(), buffer.data());
  at = std::to_chars(at, buffer.data() + 60, (object.meta.lifetime.fresh_until.ms - now.ms) / 1000)
           .ptr;
  at = std::copy(detail.begin(), detail.end(), at);
  return {buffer.data(), static_cast<std::size_t>(at - buffer.data())};
}

std::string_view stream_words(const AnswerEvent& event, bool relay) {
  switch (event.source) {
    case AnswerSource::fill:
      return event.stored ? "larder; fwd=miss; stored" : "larder; fwd=miss";
    case AnswerSource::joined:
      return "larder; fwd=miss; collapsed";
    case AnswerSource::committed:
      return "larder; hit; detail=committed";
    case AnswerSource::relay:
      return relay ? "larder; fwd=bypass" : "larder; fwd=miss; detail=hit-for-miss";
    case AnswerSource::held:
      return "larder; detail=rejected-credential";
  }
  return "larder";
}

Outcome stream_outcome(const AnswerEvent& event, bool relay, RelayOrder::To to) {
  switch (event.source) {
    case AnswerSource::fill:
      return Outcome::miss;
    case AnswerSource::joined:
      return Outcome::joined;
    case AnswerSource::committed:
      return Outcome::committed;
    case AnswerSource::held:
      return Outcome::rejected;
    case AnswerSource::relay:
      break;
  }
  if (!relay) return Outcome::miss;
  return to == RelayOrder::To::preview ? Outcome::preview : Outcome::pass;
}

}  // namespace

void Connection::answer(const RequestView& view, const Decision& decision) {
  switch (decision.what) {
    case Decision::What::refuse:
      return refuse(decision.refusal, view.target);
    case Decision::What::preflight:
      current_.outcome = Outcome::preflight;
      current_.status = 204;
      return answer_text(preflight_answer(worker_.date(), !current_.keep_alive), view.target);
    case Decision::What::fill:
    case Decision::What::relay:
      return place_order(view, decision);
    case Decision::What::answer:
      break;
  }
  std::array<char, 96> words;
  const bool fresh = decision.freshness == Freshness::fresh;
  current_.outcome = fresh ? Outcome::hit : Outcome::stale;
  if (!fresh) worker_.refresh(view, decision.fields);
  const auto& key = worker_.dispatch().key();
  std::copy_n(key.bytes.begin() + 16, current_.key.size(), current_.key.begin());
  worker_.reader().count_hit(decision.object->slot, eviction_tick(worker_.now()));
  answer_object(key, *decision.object,
                hit_words(words, *decision.object, worker_.wall(),
                          fresh ? "" : "; detail=stale-while-revalidate"),
                decision.fields.if_none_match, view.target);
}

void Connection::answer_text(const std::string& text, std::string_view target) {
  if (!send_now(text, {})) return;
  if (writing_) {
    pending().target = target;
    return transition_to(State::sending);
  }
  finish(target);
}

void Connection::refuse(const Refusal& refusal, std::string_view target) {
  if (refusal.close) current_.keep_alive = false;
  if (current_.outcome != Outcome::failed) current_.outcome = Outcome::refused;
  current_.status = refusal.status;
  answer_text(
      error_answer(refusal, worker_.date(), !current_.keep_alive, current_.method != Method::head),
      target);
}

/// Sends an object of this turn's snapshot, straight from the map.
void Connection::answer_object(const CacheKey& key, const ObjectView& object,
                               std::string_view status_words, std::string_view if_none_match,
                               std::string_view target) {
  bool unchanged = false;
  if (!if_none_match.empty() && object.meta.status == 200) {
    unchanged = none_match_hits(if_none_match, format_entity_tag(object.meta.etag));
  }
  current_.status = unchanged ? 304 : object.meta.status;
  std::string& head = worker_.scratch();
  head.assign(status_line(current_.status));
  if (!unchanged) head.append(object.entity_fields);
  head.append(object.shared_fields);
  append_head_tail(head, {.date = worker_.date(),
                          .age_s = age_s(object.meta.lifetime, worker_.wall()),
                          .cache_status = status_words,
                          .close = !current_.keep_alive});
  const bool with_body = !unchanged && current_.method != Method::head;
  std::string_view body = with_body ? object.body : std::string_view{};
  if (unchanged) worker_.counters().not_modified.add();
  if (with_body) current_.body_bytes = object.meta.body_length;
  if (body.size() <= kCopiedBodyBytes) {
    head.append(body);
    body = {};
  }
  const bool rows = with_body && object.chunk_count > 0;
  if (rows) gathering_ = false;
  if (!send_now(head, body)) return;
  if (rows || writing_) {
    auto& rest = pending();
    rest.target = target;
    rest.key = key;
    rest.sequence = object.sequence;
    rest.next_chunk = 0;
    rest.chunk_count = rows ? object.chunk_count : 0;
    rest.rest = rows ? object.meta.body_length : 0;
    transition_to(State::sending);
    return settle();
  }
  finish(target);
}

/// Each row under the snapshot of its own turn; cut off when the object has changed meanwhile.
void Connection::send_chunk_rows() {
  while (!writing_ && pending_->next_chunk < pending_->chunk_count) {
    const auto row =
        worker_.reader().chunk(pending_->key, pending_->sequence, pending_->next_chunk);
    const bool last = pending_->next_chunk + 1 == pending_->chunk_count;
    if (!row) return abort_answer();
    if (last ? row->size() != pending_->rest : row->size() > pending_->rest) {
      worker_.reader().report(pending_->key);
      return abort_answer();
    }
    pending_->rest -= row->size();
    ++pending_->next_chunk;
    if (!send_now(*row, {})) return;
  }
  settle();
}

void Connection::place_order(const RequestView& view, const Decision& decision) {
  auto& order = pending();
  order.target = view.target;
  order.relay = decision.what == Decision::What::relay;
  order.to = decision.relay_to;
  order.waiter = worker_.add_waiter(*this);
  const Waiter waiter{&worker_, order.waiter};
  if (order.relay) {
    worker_.post_to_origin(worker_.dispatch().relay_order(view, decision, waiter));
  } else {
    if (decision.object) order.recall = worker_.dispatch().stale_recall();
    order.key = worker_.dispatch().key();
    std::copy_n(order.key.bytes.begin() + 16, current_.key.size(), current_.key.begin());
    order.if_none_match = decision.fields.if_none_match;
    worker_.post_to_origin(
        worker_.dispatch().fill_order(view, decision.fields, waiter, decision.object.has_value()));
  }
  transition_to(State::waiting);
  set_deadline(worker_.config().server.request_timeout_ms);
}

void Connection::on_answer(AnswerEvent event) {
  LARDER_CHECK(pending_ && pending_->waiter == event.waiter);
  const auto end = event.end;
  if (end != AnswerEvent::End::no) {
    worker_.remove_waiter(pending_->waiter);
    pending_->waiter = 0;
  }
  if (state_ == State::waiting) {
    if (!event.head) {
      leave();
      return fail_order(event.failure);
    }
    begin_stream(event);
    if (state_ != State::streaming) return;
  }
  for (const auto& chunk : event.body) queue_body(chunk);
  if (!writing_) set_deadline(worker_.config().server.request_timeout_ms);
  end_stream(end);
}

void Connection::begin_stream(const AnswerEvent& event) {
  const auto& head = *event.head;
  current_.outcome = stream_outcome(event, pending_->relay, pending_->to);
  const bool unchanged = head.status == 200 && !head.etag.empty() &&
                         !pending_->if_none_match.empty() &&
                         none_match_hits(pending_->if_none_match, head.etag);
  current_.status = unchanged ? 304 : head.status;
  const bool bodiless = current_.method == Method::head || !has_body(current_.status);
  std::string text(status_line(current_.status));
  if (!unchanged) text += head.blocks.entity;
  text += head.blocks.shared;
  pending_->body_length = head.body_length;
  if (!bodiless && !head.body_length) {
    pending_->chunked = current_.http_1_1;
    if (pending_->chunked) text += "Transfer-Encoding: chunked\r\n";
    if (!pending_->chunked) current_.keep_alive = false;  // the body ends with the connection
  }
  append_head_tail(text, {.date = worker_.date(),
                          .age_s = event.source == AnswerSource::committed ? event.age_s : -1,
                          .cache_status = stream_words(event, pending_->relay),
                          .close = !current_.keep_alive});
  if (unchanged) worker_.counters().not_modified.add();
  const bool ends_with_connection = !bodiless && !head.body_length && !pending_->chunked;
  if (ends_with_connection && !transport_->can_reset()) {
    pending_->withheld = std::move(text);
  } else {
    queue_.push_back({.owner = std::move(text)});
  }
  transition_to(State::streaming);
  if (!bodiless) return;
  leave();  // the fill goes on without this client
  body_complete_ = true;
  flush_queue();
  settle();
}

void Connection::queue_body(const Chunk& chunk) {
  if (chunk->empty() || body_complete_) return;
  current_.body_bytes += chunk->size();
  if (pending_->withheld) give_credit(chunk->size());
  if (!pending_->chunked) {
    queue_.push_back({.owner = chunk});
    return;
  }
  std::array<char, 24> size;
  char* end = std::to_chars(size.data(), size.data() + 20, chunk->size(), 16).ptr;
  *end++ = '\r';
  *end++ = '\n';
  queue_.push_back({.owner = std::string(size.data(), end)});
  queue_.push_back({.owner = chunk});
  queue_.push_back({.owner = std::string("\r\n")});
}

void Connection::end_stream(AnswerEvent::End end) {
  if (state_ != State::streaming) return;
  const auto& length = pending_->body_length;
  const bool wrong_length = !body_complete_ && length &&
                            (current_.body_bytes > *length ||
                             (end == AnswerEvent::End::complete && current_.body_bytes < *length));
  if (end == AnswerEvent::End::failed || wrong_length) return abort_answer();
  if (pending_->withheld && end == AnswerEvent::End::no) return withhold();
  if (pending_->withheld) release_withheld();
  if (end == AnswerEvent::End::complete && !body_complete_) {
    if (pending_->chunked) queue_.push_back({.owner = std::string("0\r\n\r\n")});
    body_complete_ = true;
  }
  flush_queue();
  if (state_ == State::streaming) settle();
}

/// Bounded as what waits for clients is: at server.max_output those who wait longest are cut off.
void Connection::withhold() {
  if (place_ == 0) place_ = worker_.begin_waiting(*this);
  worker_.make_output_room(0);
}

void Connection::release_withheld() {
  stop_waiting();
  std::string head = std::move(*pending_->withheld);
  pending_->withheld.reset();
  head.insert(head.find("\r\n") + 2,
              "Content-Length: " + std::to_string(current_.body_bytes) + "\r\n");
  queue_.insert(queue_.begin(), {.owner = std::move(head)});
}

/// The origin thread has nothing for us: a stale object stands in where there is one.
void Connection::fail_order(const std::optional<Refusal>& failure) {
  const auto target = pending_->target;
  if (pending_->recall) {
    const auto object = worker_.dispatch().recall(*pending_->recall, worker_.wall());
    if (object) {
      std::array<char, 96> words;
      current_.outcome = Outcome::stale_error;
      const auto if_none_match = std::move(pending_->if_none_match);
      const auto key = pending_->recall->key;
      pending_->recall.reset();
      return answer_object(key, *object,
                           hit_words(words, *object, worker_.wall(), "; detail=stale-if-error"),
                           if_none_match, target);
    }
  }
  current_.outcome = Outcome::failed;
  refuse(failure.value_or(
             Refusal{.status = 502, .error_code = 502, .cause = "the origin's answer broke off"}),
         target);
}

}  // namespace larder
