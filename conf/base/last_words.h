// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <string_view>

namespace larder {

class LineOutput;

/// Says one line on stderr for a process that is about to end by a bug or a fault; `parts` are put
/// one behind the other. Where a LastWordsSpeaker is there, the line goes behind what waits to be
/// written. Takes a second at most, also where nobody reads: then the line is lost.
/// Async-signal-safe, any thread.
void say_last_words(std::initializer_list<std::string_view> parts) noexcept;

/// Of the thread that writes the log: it says the last words of others. At most one at a time;
/// made, used and ended on that thread.
class LastWordsSpeaker {
 public:
  /// `wake`: an eventfd that wakes the thread, whose owner keeps it open for good.
  explicit LastWordsSpeaker(int wake);
  ~LastWordsSpeaker();
  LastWordsSpeaker(const LastWordsSpeaker&) = delete;
  LastWordsSpeaker& operator=(const LastWordsSpeaker&) = delete;

  /// Writes what there is to say, if anything.
  void speak(LineOutput& output);
};

}  // namespace larder
