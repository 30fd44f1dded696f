// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Asserts for bugs, on in every build. A failed check means that larder itself is wrong; what the
/// world does wrong is a `Result` or a state instead.
namespace larder {

/// Says the expression and its place on stderr (say_last_words), then aborts. Async-signal-safe.
[[noreturn]] void check_failed(const char* expression, const char* file, int line) noexcept;

/// Notes that the abort() which follows is a bug of larder's own, and no consequence of damaged
/// memory or files. Async-signal-safe, any thread.
void note_own_bug() noexcept;
bool own_bug_noted() noexcept;

}  // namespace larder

#define LARDER_CHECK(expression)                        \
  (static_cast<bool>(expression) ? static_cast<void>(0) \
                                 : ::larder::check_failed(#expression, __FILE__, __LINE__))
