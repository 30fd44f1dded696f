// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace larder {

/// From here on OpenSSL, libuv and libcurl allocate by conf/base/patient_memory.h: libuv ends the
/// process where it gets no memory, and a failed HMAC is a bug to larder. Starts libcurl. Once a
/// process, on the main thread, before any use of these libraries.
void start_libraries_with_patient_memory();

}  // namespace larder
