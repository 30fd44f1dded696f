// SPDX-License-Identifier: Apache-2.0
#include "daemon/known_headers.h"

namespace larder {

const KnownHeader* KnownHeaders::find(std::string_view rest) {
  if (last_->id != 0 && rest.starts_with(last_->bytes.reveal())) return last_;
  KnownHeader& other = place_of(rest.size());
  if (other.id == 0 || other.bytes.reveal() != rest) return nullptr;
  last_ = &other;
  return last_;
}

void KnownHeaders::learn(std::string_view block, const HeaderView* fields, std::size_t count,
                         bool must_close) {
  if (block.size() > kMaxBytes) return;
  KnownHeader& place = place_of(block.size());
  place.bytes = Secret(std::string(block));
  place.fields.clear();
  for (std::size_t i = 0; i < count; ++i) {
    const auto moved = [&](std::string_view text) {
      return text.empty() ? std::string_view{}
                          : place.bytes.reveal().substr(static_cast<std::size_t>(text.data() - block.data()),
                                        text.size());
    };
    place.fields.push_back({moved(fields[i].name), moved(fields[i].value)});
  }
  place.must_close = must_close;
  place.id = next_id_++;
  last_ = &place;
}

}  // namespace larder
