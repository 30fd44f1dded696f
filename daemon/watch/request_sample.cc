// SPDX-License-Identifier: Apache-2.0
#include "daemon/watch/request_sample.h"

#include <algorithm>
#include <string_view>

namespace larder {
namespace {

constexpr std::string_view kLeftOut = "...";

}  // namespace

void RequestSample::set_place(std::string_view api_key, std::string_view environment,
                              std::string_view branch) {
  place.fill('\0');
  std::size_t at = 0;
  // A token cut in half is none any more to the redactor: what does not fit is left out.
  const auto append = [&](std::string_view text) {
    if (text.size() > kMaxPlace - at) text = kMaxPlace - at >= kLeftOut.size() ? kLeftOut : "";
    std::copy_n(text.data(), text.size(), place.data() + at);
    at += text.size();
  };
  append(api_key);
  append("/");
  append(environment);
  append("/");
  append(branch);
}

}  // namespace larder
