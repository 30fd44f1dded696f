// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace larder {

/// Once a process, on the main thread, before any other thread and any transfer.
void start_curl_library();

}  // namespace larder
