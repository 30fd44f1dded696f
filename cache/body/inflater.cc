// SPDX-License-Identifier: Apache-2.0
#include "cache/body/inflater.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "conf/base/patient_memory.h"

namespace larder {

struct Inflater::State {
  z_stream stream{};
  std::string_view piece;
  bool ready = false;  ///< `stream` is to be ended
  bool broken = false;
  bool at_end = false;
  bool window_full = false;  ///< zlib may hold more output than the window had room for
  std::array<char, kWindowBytes> window;

  State() {
    stream.zalloc = [](void*, unsigned count, unsigned bytes) {
      return patient_calloc(count, bytes);
    };
    stream.zfree = [](void*, void* memory) { std::free(memory); };
    ready = inflateInit2(&stream, 15 + 16) == Z_OK;
    broken = !ready;
  }
  ~State() {
    if (ready) inflateEnd(&stream);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  int step();
};

/// As much as fits the window.
int Inflater::State::step() {
  constexpr std::size_t kMaxStep = std::size_t{1} << 30;  // zlib counts in 32 bits
  const auto length = std::min(piece.size(), kMaxStep);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
  stream.avail_in = static_cast<uInt>(length);
  stream.next_out = reinterpret_cast<Bytef*>(window.data());
  stream.avail_out = static_cast<uInt>(window.size());
  const int status = inflate(&stream, Z_NO_FLUSH);
  piece.remove_prefix(length - stream.avail_in);
  return status;
}

Inflater::Inflater() : state_(new State) {}
Inflater::~Inflater() = default;
Inflater::Inflater(Inflater&&) noexcept = default;
Inflater& Inflater::operator=(Inflater&&) noexcept = default;

void Inflater::give(std::string_view piece) {
  state_->piece = piece;
}

std::optional<std::string_view> Inflater::take() {
  State& state = *state_;
  while (!state.broken && (!state.piece.empty() || state.window_full)) {
    if (state.at_end) {  // what follows must be a member too
      inflateReset(&state.stream);
      state.at_end = false;
    }
    const int status = state.step();
    state.at_end = status == Z_STREAM_END;
    state.window_full = state.stream.avail_out == 0 && !state.at_end;
    const bool dry = status == Z_BUF_ERROR && state.piece.empty();  // the window was just full
    state.broken = status != Z_OK && !state.at_end && !dry;
    const auto length = state.window.size() - state.stream.avail_out;
    if (length > 0) return std::string_view(state.window.data(), length);
  }
  return std::nullopt;
}

bool Inflater::broken() const {
  return state_->broken;
}

bool Inflater::at_end() const {
  return state_->at_end;
}

}  // namespace larder
