// SPDX-License-Identifier: Apache-2.0
// The daemon's operator new: patient, for an exception cannot pass through the callbacks of an
// event loop. All other forms of new come here. Sanitizers bring their own.
#include <new>

#include "conf/base/patient_memory.h"

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

#include <algorithm>
#include <cstdlib>

namespace {

void* or_throw(void* memory) {
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(std::size_t bytes) {
  return or_throw(larder::patient_malloc(bytes));
}

void* operator new(std::size_t bytes, std::align_val_t alignment) {
  const auto unit = std::max(static_cast<std::size_t>(alignment), sizeof(void*));
  const auto whole = std::max<std::size_t>(1, (bytes + unit - 1) / unit) * unit;
  return or_throw(larder::patiently([&] { return std::aligned_alloc(unit, whole); }));
}

void operator delete(void* memory) noexcept {
  std::free(memory);
}

void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}

void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}

#endif
