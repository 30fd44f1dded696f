// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <string_view>

#include "conf/base/check.h"
#include "conf/base/octets.h"
#include "tests/fuzz/fuzz_input.h"
#include "upstream/response_reader.h"

// Bytes of an origin's connection -> one answer. The whole input is the bytes, in which LF stands
// for CRLF if the first octet is 'A' (a mutation then keeps lines whole), and for itself after '@'.
//
// Where the bytes are cut changes nothing; an answer is complete at its last byte, not before; its
// bounds hold; and what announces its length has that length.

namespace larder::fuzz {
namespace {

const UpstreamConfig& limits() {
  static const UpstreamConfig config = [] {
    UpstreamConfig made;
    made.max_response_header_bytes = 1024;
    made.max_response_body_bytes = 2048;
    return made;
  }();
  return config;
}

struct Read {
  ResponseReader::Outcome outcome = ResponseReader::Outcome::incomplete;
  std::string body;
  std::size_t consumed = 0;
};

/// Cuts at `length()` octets each time.
template <typename Length>
Read read_in(ResponseReader& reader, std::string_view bytes, const Length& length) {
  Read read;
  reader.reset();
  while (!bytes.empty() && read.outcome == ResponseReader::Outcome::incomplete) {
    const std::string piece(bytes.substr(0, length()));  // gone before the next
    read.outcome = reader.feed(piece, read.body);
    LARDER_CHECK(reader.consumed() <= piece.size());
    read.consumed += reader.consumed();
    bytes.remove_prefix(piece.size());
  }
  return read;
}

Read read_whole(ResponseReader& reader, std::string_view bytes) {
  return read_in(reader, bytes, [&] { return bytes.size(); });
}

void check_bounds(const ResponseReader& reader, const Read& read) {
  LARDER_CHECK(read.body.size() <= limits().max_response_body_bytes);
  LARDER_CHECK(reader.facts().passed.size() <= 2 * limits().max_response_header_bytes);
  if (read.outcome == ResponseReader::Outcome::refused) {
    LARDER_CHECK(!reader.error().context.empty());
  }
  if (read.outcome != ResponseReader::Outcome::complete) return;
  const int status = reader.facts().status;
  LARDER_CHECK(reader.head_complete() && status >= 200 && status <= 599 && status != 304);
  if (reader.facts().content_length) {
    LARDER_CHECK(status == 204 || *reader.facts().content_length == read.body.size());
  }
}

void check_cuts(ResponseReader& reader, std::string_view bytes, const Read& whole) {
  static ResponseReader other(limits(), Representation::gzip);
  DerivedNumbers numbers(bytes);
  const Read cut = read_in(other, bytes, [&] { return 1 + numbers.below(24); });
  LARDER_CHECK(cut.outcome == whole.outcome);
  if (whole.outcome == ResponseReader::Outcome::refused) return;
  LARDER_CHECK(cut.body == whole.body && cut.consumed == whole.consumed);
  LARDER_CHECK(other.head_complete() == reader.head_complete());
  LARDER_CHECK(other.facts().passed == reader.facts().passed);
  LARDER_CHECK(other.facts().status == reader.facts().status);
  if (whole.outcome != ResponseReader::Outcome::complete) return;
  LARDER_CHECK(other.keeps_connection() == reader.keeps_connection());
  LARDER_CHECK(other.framed() == reader.framed());
}

/// The answer ends at its last byte: without it, it is not complete, and what follows is not read.
void check_end(ResponseReader& reader, std::string_view bytes, const Read& whole) {
  const bool keeps = reader.keeps_connection();
  const Read alone = read_whole(reader, bytes.substr(0, whole.consumed));
  LARDER_CHECK(alone.outcome == ResponseReader::Outcome::complete && alone.body == whole.body);
  LARDER_CHECK(reader.keeps_connection() == keeps);
  const Read cut = read_whole(reader, bytes.substr(0, whole.consumed - 1));
  LARDER_CHECK(cut.outcome == ResponseReader::Outcome::incomplete);
  const bool bodiless = reader.facts().status == 204;
  if (reader.head_complete() && !bodiless)
    LARDER_CHECK(reader.end() == ResponseReader::Outcome::refused);
}

void run(FuzzInput input) {
  static ResponseReader reader(limits(), Representation::gzip);
  static std::string bytes;
  const bool lines = input.octet() == 'A';
  bytes.clear();
  for (const char c : input.rest()) {
    if (lines && c == '\n') bytes += '\r';
    bytes += c;
  }
  if (bytes.empty()) return;
  Read whole = read_whole(reader, bytes);
  check_bounds(reader, whole);
  check_cuts(reader, bytes, whole);
  if (whole.outcome == ResponseReader::Outcome::complete) {
    check_end(reader, bytes, whole);
  } else if (whole.outcome == ResponseReader::Outcome::incomplete) {
    whole.outcome = reader.end();
    LARDER_CHECK(whole.outcome != ResponseReader::Outcome::incomplete);
    check_bounds(reader, whole);
    if (whole.outcome == ResponseReader::Outcome::complete) LARDER_CHECK(!reader.framed());
  }
}

}  // namespace
}  // namespace larder::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  larder::fuzz::run({data, size});
  return 0;
}
