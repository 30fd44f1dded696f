// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>

/// Allocations that ask again where there is no memory: at once, and then each millisecond for
/// kMemoryPatienceMs. Others give memory back meanwhile, and few callbacks of event loops could
/// give up just their own request. null = it has not come; who cannot do without ends the process,
/// and the next one starts with the cache as it is. Any thread.
namespace larder {

void* patient_malloc(std::size_t bytes) noexcept;
void* patient_calloc(std::size_t count, std::size_t bytes) noexcept;
void* patient_realloc(void* old, std::size_t bytes) noexcept;

inline constexpr unsigned kMemoryPatienceMs = 1'000;

/// After the `tried`th failure in a row, counted from 0. False = enough; true: after a pause.
bool memory_may_come(unsigned tried) noexcept;

/// What `allocate` gives, a pointer.
template <typename Allocate>
auto patiently(Allocate allocate) noexcept {
  auto* memory = allocate();
  for (unsigned tried = 0; memory == nullptr && memory_may_come(tried); ++tried) {
    memory = allocate();
  }
  return memory;
}

/// What `call` returns: ENOMEM where it got no memory.
template <typename Call>
int patient_code(Call call) noexcept {
  int code = call();
  for (unsigned tried = 0; code == ENOMEM && memory_may_come(tried); ++tried) code = call();
  return code;
}

/// How often memory was refused, and was asked for again.
std::uint64_t memory_refusals() noexcept;

}  // namespace larder
