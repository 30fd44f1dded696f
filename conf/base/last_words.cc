// SPDX-License-Identifier: Apache-2.0
#include "conf/base/last_words.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "conf/base/line_output.h"

namespace larder {
namespace {

constexpr int kLimitMs = 1'000;
constexpr int kStepMs = 5;

/// One line, the line break at its end; what is longer is cut.
struct Line {
  std::array<char, 1'024> bytes;
  std::size_t length = 0;

  void append(std::string_view text) noexcept {
    const std::size_t room = bytes.size() - 1 - length;
    const std::size_t taken = std::min(room, text.size());
    std::copy_n(text.data(), taken, bytes.data() + length);
    length += taken;
  }
  std::string_view view() const noexcept { return {bytes.data(), length}; }
};

enum class Slot : std::uint8_t { free, being_filled, filled, said };

std::atomic<int> speaker_wake{-1};  ///< -1 = there is no speaker
std::atomic<pid_t> speaker_thread{0};
std::atomic<Slot> slot{Slot::free};
Line slot_line;
static_assert(std::atomic<Slot>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

/// False = there is no speaker, or it has something else to say.
bool hand_over(const Line& line) noexcept {
  const int wake = speaker_wake.load();
  Slot expected = Slot::free;
  if (wake < 0 || speaker_thread.load() == ::gettid() ||
      !slot.compare_exchange_strong(expected, Slot::being_filled)) {
    return false;
  }
  slot_line = line;
  slot.store(Slot::filled);
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto woken = ::write(wake, &one, sizeof one);
  for (int waited = 0; waited < kLimitMs; waited += kStepMs) {
    if (slot.load() == Slot::said) {
      slot.store(Slot::free);
      return true;
    }
    ::poll(nullptr, 0, kStepMs);  // a pause that a signal handler may make
  }
  return true;  // lost: whoever does not take the log's lines does not take this one
}

}  // namespace

void say_last_words(std::initializer_list<std::string_view> parts) noexcept {
  Line line;
  for (const std::string_view part : parts) line.append(part);
  line.bytes[line.length++] = '\n';
  if (hand_over(line)) return;
  pollfd ready{STDERR_FILENO, POLLOUT, 0};
  if (::poll(&ready, 1, kLimitMs) <= 0) return;
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.bytes.data(), line.length);
}

LastWordsSpeaker::LastWordsSpeaker(int wake) {
  speaker_thread.store(::gettid());
  speaker_wake.store(wake);
}

LastWordsSpeaker::~LastWordsSpeaker() {
  speaker_wake.store(-1);
  speaker_thread.store(0);
}

void LastWordsSpeaker::speak(LineOutput& output) {
  if (slot.load() != Slot::filled) return;
  output.write(slot_line.view());
  slot.store(Slot::said);
}

}  // namespace larder
