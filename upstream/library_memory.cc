// SPDX-License-Identifier: Apache-2.0
#include "upstream/library_memory.h"

#include <curl/curl.h>
#include <openssl/crypto.h>
#include <uv.h>
#include <cstdlib>
#include <cstring>

#include "conf/base/check.h"
#include "conf/base/patient_memory.h"

namespace larder {
namespace {

void* allocate_for_openssl(std::size_t bytes, const char*, int) {
  return patient_malloc(bytes);
}

void* reallocate_for_openssl(void* old, std::size_t bytes, const char*, int) {
  return patient_realloc(old, bytes);
}

void free_for_openssl(void* memory, const char*, int) {
  std::free(memory);
}

char* duplicate(const char* text) {
  const auto bytes = std::strlen(text) + 1;
  void* const copy = patient_malloc(bytes);
  return copy == nullptr ? nullptr : static_cast<char*>(std::memcpy(copy, text, bytes));
}

}  // namespace

void start_libraries_with_patient_memory() {
  LARDER_CHECK(CRYPTO_set_mem_functions(allocate_for_openssl, reallocate_for_openssl,
                                        free_for_openssl) == 1);
  LARDER_CHECK(uv_replace_allocator(patient_malloc, patient_realloc, patient_calloc, std::free) ==
               0);
  LARDER_CHECK(curl_global_init_mem(CURL_GLOBAL_DEFAULT, patient_malloc, std::free, patient_realloc,
                                    duplicate, patient_calloc) == CURLE_OK);
}

}  // namespace larder
