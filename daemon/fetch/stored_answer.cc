// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/stored_answer.h"

#include <memory>
#include <string>
#include <utility>

#include "cache/http/freshness.h"

namespace larder {

std::optional<AnswerEvent> stored_answer(StoreReader& reader, const AnswerView& found,
                                         Waiter waiter, const HeldBytes& held, WallTime now) {
  const ObjectView& object = found.object;
  if (!held.output_has_room(object.meta.body_length)) return std::nullopt;
  AnswerEvent event;
  event.waiter = waiter.id;
  // The head first: reading chunk rows may renew the snapshot, and `object` ends with it.
  auto head = std::make_shared<AnswerHead>();
  head->status = object.meta.status;
  head->blocks = {std::string(object.entity_fields), std::string(object.shared_fields)};
  head->body_length = object.meta.body_length;
  head->etag = format_entity_tag(object.meta.etag);
  head->dated = true;
  event.age_s = age_s(object.meta.lifetime, now);
  const auto sequence = object.sequence;
  const auto chunk_count = object.chunk_count;
  if (chunk_count == 0) event.body.push_back(held.hold_output(std::string(object.body)));
  for (std::uint32_t i = 0; i < chunk_count; ++i) {
    const auto piece = reader.chunk(found.key, sequence, i);
    if (!piece) return std::nullopt;
    event.body.push_back(held.hold_output(std::string(*piece)));
  }
  event.head = std::move(head);
  event.end = AnswerEvent::End::complete;
  event.source = AnswerSource::committed;
  return event;
}

}  // namespace larder
