// SPDX-License-Identifier: Apache-2.0
#include "daemon/http1/known_headers.h"

namespace larder {

const KnownHeader* KnownHeaders::find(std::string_view rest) {
  if (last_->id != 0 && rest.starts_with(last_->bytes.reveal())) return last_;
  for (KnownHeader& place : places_) {
    if (place.id != 0 && place.bytes.reveal() == rest) return last_ = &place;
  }
  return nullptr;
}

void KnownHeaders::learn(std::string_view block, const HeaderView* fields, std::size_t count,
                         bool must_close) {
  if (block.size() > kMaxBytes) return;
  for (KnownHeader& known : places_) {  // find() may have had more than this block before it
    if (known.id == 0 || known.bytes.reveal() != block) continue;
    last_ = &known;
    return;
  }
  KnownHeader& place = places_[oldest_];
  oldest_ = (oldest_ + 1) % kPlaces;
  place.bytes = Secret(std::string(block));
  place.fields.clear();
  for (std::size_t i = 0; i < count; ++i) {
    const auto moved = [&](std::string_view text) {
      return text.empty() ? std::string_view{}
                          : place.bytes.reveal().substr(
                                static_cast<std::size_t>(text.data() - block.data()), text.size());
    };
    place.fields.push_back({moved(fields[i].name), moved(fields[i].value)});
  }
  place.must_close = must_close;
  place.id = next_id_++;
  last_ = &place;
}

}  // namespace larder
