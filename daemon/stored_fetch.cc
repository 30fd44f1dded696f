// SPDX-License-Identifier: Apache-2.0
#include "daemon/stored_fetch.h"

#include "cache/body/inflater.h"

namespace larder {

Result<ControlAnswer> StoredFetch::heads() const {
  return ask_daemon(side_.socket, "GET", target_, side_.timeout_s);
}

Result<std::string> StoredFetch::stored_body(const PickedObject& object) const {
  std::string whole;
  for (std::uint64_t piece = 0; piece < object.pieces; ++piece) {
    const auto answer = ask_daemon(
        side_.socket, "GET",
        target_ + "&object=" + std::to_string(object.number) + "&piece=" + std::to_string(piece),
        side_.timeout_s);
    if (!answer) return tl::unexpected<Error>(answer.error());
    if (answer->status == 409) return fail(Error::Code::not_found, answer->body);
    if (answer->status != 200) return fail(Error::Code::unavailable, answer->body);
    whole.append(answer->body);
    if (whole.size() > object.bytes) break;
  }
  if (whole.size() != object.bytes) {
    return fail(Error::Code::corrupt, "the body has " + std::to_string(whole.size()) +
                                          " bytes, not " + std::to_string(object.bytes));
  }
  return whole;
}

Result<std::string> StoredFetch::body(const PickedObject& object) const {
  if (!object.usable) {
    return fail(Error::Code::unavailable,
                "its body is not shown: it was purged hard, or is damaged (--head shows the rest)");
  }
  auto stored = stored_body(object);
  if (!stored || !object.gzip) return stored;
  return inflated(*stored);
}

Result<std::string> inflated(std::string_view stored) {
  Inflater inflater;
  std::string out;
  inflater.give(stored);
  while (const auto text = inflater.take()) out.append(*text);
  if (inflater.broken() || !inflater.at_end()) {
    return fail(Error::Code::corrupt, "the body says that it is gzip, and is none");
  }
  return out;
}

}  // namespace larder
