// SPDX-License-Identifier: Apache-2.0
#include "daemon/client/stored_body.h"

namespace larder {

BodySource::Step StoredBody::send() {
  while (next_chunk_ < chunk_count_) {
    if (!out_.is_idle() || out_.puts_off()) return Step::more;
    const auto row = reader_.chunk(key_, sequence_, next_chunk_);
    if (!row) return Step::broken;
    const bool last = next_chunk_ + 1 == chunk_count_;
    if (last ? row->size() != rest_ : row->size() > rest_) {
      reader_.report(key_);
      return Step::broken;
    }
    rest_ -= row->size();
    ++next_chunk_;
    if (!out_.send(*row, {}, false)) return Step::broken;
  }
  return Step::last;
}

}  // namespace larder
