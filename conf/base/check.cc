// SPDX-License-Identifier: Apache-2.0
#include "conf/base/check.h"

#include <atomic>
#include <cstdlib>
#include <string_view>

#include "conf/base/last_words.h"

namespace larder {
namespace {

std::atomic<bool> own_bug{false};
static_assert(std::atomic<bool>::is_always_lock_free);

}  // namespace

void note_own_bug() noexcept {
  own_bug.store(true);
}

bool own_bug_noted() noexcept {
  return own_bug.load();
}

void check_failed(const char* expression, const char* file, int line) noexcept {
  char number[16];
  char* end = number + sizeof number;
  char* digits = end;
  for (int rest = line; rest > 0 && digits > number; rest /= 10) {
    *--digits = static_cast<char>('0' + rest % 10);
  }
  note_own_bug();
  say_last_words({"larder: bug: ", expression, " does not hold at ", file, ":",
                  std::string_view(digits, static_cast<std::size_t>(end - digits))});
  std::abort();
}

}  // namespace larder
