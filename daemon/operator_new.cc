// SPDX-License-Identifier: Apache-2.0
// The daemon's operator new: patient, for an exception cannot pass through the callbacks of an
// event loop. All other forms of new, but for aligned ones, come here. Sanitizers bring their own.
#include <new>

#include "conf/base/patient_memory.h"

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

#include <cstdlib>

void* operator new(std::size_t bytes) {
  void* const memory = larder::patient_malloc(bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

void operator delete(void* memory) noexcept {
  std::free(memory);
}

void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

#endif
