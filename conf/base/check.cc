// SPDX-License-Identifier: Apache-2.0
#include "conf/base/check.h"

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <string_view>

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
  const auto put = [](std::string_view text) {
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text.data(), text.size());
  };
  put("larder: bug: ");
  put(expression);
  put(" does not hold at ");
  put(file);
  put(":");
  put({digits, static_cast<std::size_t>(end - digits)});
  put("\n");
  note_own_bug();
  std::abort();
}

}  // namespace larder
