// SPDX-License-Identifier: Apache-2.0
#include "upstream/curl_library.h"

#include <curl/curl.h>

#include "conf/base/check.h"

namespace larder {

void start_curl_library() {
  LARDER_CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
}

}  // namespace larder
