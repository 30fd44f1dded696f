// SPDX-License-Identifier: Apache-2.0
#include "conf/base/patient_memory.h"

#include <unistd.h>
#include <atomic>
#include <cstdlib>

namespace larder {
namespace {

std::atomic<std::uint64_t> refusals{0};

}  // namespace

void* patient_malloc(std::size_t bytes) noexcept {
  return patiently([bytes] { return std::malloc(bytes == 0 ? 1 : bytes); });
}

void* patient_calloc(std::size_t count, std::size_t bytes) noexcept {
  const bool none = count == 0 || bytes == 0;
  return patiently([&] { return none ? std::malloc(1) : std::calloc(count, bytes); });
}

void* patient_realloc(void* old, std::size_t bytes) noexcept {
  return patiently([&] { return std::realloc(old, bytes == 0 ? 1 : bytes); });
}

bool memory_may_come(unsigned tried) noexcept {
  if (tried == 0) refusals.fetch_add(1, std::memory_order_relaxed);
  if (tried > kMemoryPatienceMs) return false;
  if (tried > 0) ::usleep(1'000);
  return true;
}

std::uint64_t memory_refusals() noexcept {
  return refusals.load(std::memory_order_relaxed);
}

}  // namespace larder
