// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace larder {

/// Once a process, on the main thread, before any other thread and any transfer.
void start_curl_library();

/// False for libcurl 7.88: an easy handle there keeps a pointer to the fields of its last answer,
/// which are freed. A folded line right behind the next answer's status line is appended to them.
bool easy_handles_may_serve_again();

}  // namespace larder
