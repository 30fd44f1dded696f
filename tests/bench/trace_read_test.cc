// SPDX-License-Identifier: Apache-2.0
#include <zstd.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <fstream>

#include "bench/trace/trace.h"
#include "bench/trace/trace_file.h"
#include "daemon/watch/access_record.h"
#include "tests/cache/store_fixture.h"
#include "tests/gzip.h"

using namespace larder;
using namespace larder::bench;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::MessageMatches;
using larder::test::gzip;
using larder::test::TemporaryDirectory;

namespace {

constexpr const char* kSmall = "time,key,size\n0,a,10\n1,b,20\n1,a,10\n2,a,0\n5,a,12\n";

std::string write(const TemporaryDirectory& directory, const std::string& bytes,
                  const std::string& name = "trace") {
  const std::string path = directory.file(name);
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

Trace read(const std::vector<std::string>& paths) {
  return read_trace(paths, [](double) {});
}

Trace read_text(const std::string& bytes) {
  const TemporaryDirectory directory;
  return read({write(directory, bytes)});
}

std::string zstd_packed(const std::string& bytes) {
  std::string packed(::ZSTD_compressBound(bytes.size()), '\0');
  packed.resize(::ZSTD_compress(packed.data(), packed.size(), bytes.data(), bytes.size(), 3));
  return packed;
}

std::string long_csv(int lines) {
  std::string text = "time,key,size\n";
  for (int i = 0; i < lines; ++i) {
    text += std::to_string(i / 10) + ",key" + std::to_string(i * 7'919 % 5'003) + "," +
            std::to_string(100 + i % 900) + "\n";
  }
  return text;
}

struct Packing {
  const char* name;
  std::string (*pack)(const std::string&);
};

}  // namespace

TEST_CASE("trace: CSV gives requests and purges, and what they add up to", "[bench]") {
  const Trace trace = read_text(kSmall);
  CHECK(trace.format == "CSV of time, key and size");
  CHECK(trace.requests == 4);
  CHECK(trace.purges == 1);
  CHECK(trace.keys() == 2);
  CHECK(trace.keys_asked_once == 1);
  CHECK(trace.footprint_bytes == 32);
  CHECK(trace.requested_bytes == 52);
  CHECK(trace.largest_bytes == 20);
  CHECK(trace.first_requests == 3);
  CHECK(trace.first_bytes == 42);
  CHECK(trace.span_s == 5);
  REQUIRE(trace.events.size() == 5);
  CHECK(trace.events[3].size == TraceEvent::kPurge);
  CHECK(trace.events[3].key == trace.events[0].key);
  CHECK(trace.events[4].time_s == 5);
}

TEST_CASE("trace: line ends of Windows, empty lines and a missing last line end do not matter",
          "[bench]") {
  const Trace trace = read_text("time,key,size\r\n0,a,10\r\n\r\n1,b,20");
  CHECK(trace.requests == 2);
  CHECK(trace.requested_bytes == 30);
}

TEST_CASE("trace: packed files read as plain ones do, whole", "[bench]") {
  const auto packing = GENERATE(values<Packing>({{"gzip", gzip}, {"zstd", zstd_packed}}));
  DYNAMIC_SECTION(packing.name) {
    const std::string text = long_csv(200'000);
    const Trace plain = read_text(text);
    const Trace packed = read_text(packing.pack(text));
    CHECK(packed.requests == 200'000);
    CHECK(packed.requested_bytes == plain.requested_bytes);
    CHECK(packed.key_hashes == plain.key_hashes);
    // One packed file behind the other is one file.
    const Trace twice = read_text(packing.pack(text) + packing.pack("100000,x,5\n"));
    CHECK(twice.requests == 200'001);
  }
}

TEST_CASE("trace: very well packed files too", "[bench]") {
  const auto packing = GENERATE(values<Packing>({{"gzip", gzip}, {"zstd", zstd_packed}}));
  DYNAMIC_SECTION(packing.name) {
    std::string text = "time,key,size\n";
    for (int i = 0; i < 300'000; ++i) text += "0,a,10\n";
    CHECK(read_text(packing.pack(text)).requests == 300'000);
  }
}

TEST_CASE("trace: a packed file that is cut off or damaged is refused", "[bench]") {
  const auto packing = GENERATE(values<Packing>({{"gzip", gzip}, {"zstd", zstd_packed}}));
  DYNAMIC_SECTION(packing.name) {
    const std::string packed = packing.pack(long_csv(20'000));
    const std::size_t length = GENERATE(30, 1'000, 20'000);
    REQUIRE(packed.size() > length);
    CHECK_THROWS_MATCHES(read_text(packed.substr(0, packed.size() - length)), BenchError,
                         MessageMatches(ContainsSubstring("cut off; copy it again, whole")));
    std::string damaged = packed;
    damaged[packed.size() / 2] = static_cast<char>(damaged[packed.size() / 2] ^ 0x55);
    damaged[packed.size() / 2 + 1] = static_cast<char>(damaged[packed.size() / 2 + 1] ^ 0x55);
    CHECK_THROWS_AS(read_text(damaged), BenchError);
  }
}

TEST_CASE("trace: what is wrong is said with file, line and remedy", "[bench]") {
  struct Case {
    const char* name;
    std::string text;
    const char* message;
  };
  const auto c = GENERATE(values<Case>({
      {"an empty file", "", "trace: the file is empty"},
      {"no requests", "time,key,size\n1,a,0\n", "no request in it"},
      {"no format known", "hello\n", ":1: unknown format; a trace is CSV with the header time,key"},
      {"two fields", "time,key,size\n0,a,1\n1,a\n", ":3: three fields are wanted"},
      {"no time", "time,key,size\nx,a,1\n", ":2: the time is not a whole number"},
      {"no size", "time,key,size\n0,a,1.5\n", ":2: the size is not a whole number of bytes"},
      {"huge", "time,key,size\n0,a,1099511627777\n", ":2: no object has more than 1 TiB"},
      {"a negative size", "time,key,size\n0,a,-1\n", ":2: the size is not"},
      {"no key", "time,key,size\n0,,1\n", ":2: the key is empty"},
      {"time runs back", "time,key,size\n5,a,1\n4,a,1\n", ":3: time runs back; sort the trace"},
      {"not larder's log", "{\"a\":1}\n", ":1: not a line of larder's access log; remove it"},
      {"a cut line in it", "{\"time\":1,\"stat", ":1: not a line of larder's access log"},
      {"no status", "h - - [10/Oct/2000:13:55:36 +0000] \"GET /a HTTP/1.0\"\n",
       ":1: no status and size"},
      {"no date", "h - - [yesterday] \"GET /a HTTP/1.0\" 200 5\n", ":1: the time is not as in"},
      {"an endless line", std::string(2 << 20, 'a'), ":1: a line of more than a mebibyte"},
  }));
  DYNAMIC_SECTION(c.name) {
    CHECK_THROWS_MATCHES(read_text(c.text), BenchError,
                         MessageMatches(ContainsSubstring(c.message)));
  }
}

TEST_CASE("trace: a file that is not there is named", "[bench]") {
  CHECK_THROWS_MATCHES(read({"/no/such/file"}), BenchError,
                       MessageMatches(ContainsSubstring("/no/such/file: No such file")));
}

TEST_CASE("trace: larder's access log is read as it is written", "[bench]") {
  AccessRecord record;
  record.time = {1'700'000'000'500};
  record.outcome = Outcome::miss;
  record.status = 200;
  record.method = Method::get;
  record.body_bytes = 700;
  record.key = {1};
  CleanTargets targets;
  std::string text = format_access_record(record, targets);
  const auto add = [&](auto change) {
    AccessRecord other = record;
    change(other);
    text += format_access_record(other, targets);
  };
  add([](AccessRecord& r) { r.outcome = Outcome::hit; });
  add([](AccessRecord& r) { r.status = 304, r.body_bytes = 0; });  // asks for the 700 bytes
  add([](AccessRecord& r) { r.scope = {9}, r.outcome = Outcome::joined; });      // another key
  add([](AccessRecord& r) { r.outcome = Outcome::stale, r.body_bytes = 800; });  // it has changed
  add([](AccessRecord& r) { r.key = {2}, r.status = 304, r.body_bytes = 0; });   // of unknown size
  for (const auto outcome : {Outcome::pass, Outcome::preview, Outcome::refused, Outcome::failed,
                             Outcome::aborted, Outcome::preflight, Outcome::rejected}) {
    add([&](AccessRecord& r) { r.outcome = outcome; });
  }
  add([](AccessRecord& r) { r.status = 503; });
  const Trace trace = read_text(text);
  CHECK(trace.format == "larder's access log");
  CHECK(trace.requests == 5);
  CHECK(trace.lines_skipped == 9);
  CHECK(trace.requested_bytes == 700 * 4 + 800);
  CHECK(trace.first_requests == 3);
}

TEST_CASE("trace: of common and combined logs GET with 200 counts", "[bench]") {
  const Trace trace = read_text(
      "h - - [10/Oct/2000:13:55:36 -0700] \"GET /a?b=1 HTTP/1.0\" 200 500\n"
      "h - me you [10/Oct/2000:13:55:37 -0700] \"GET /a?b=1 HTTP/1.0\" 200 300 \"-\" \"x \\\" y\"\n"
      "h - - [10/Oct/2000:13:55:37 -0700] \"GET /say\" 404 5 HTTP/1.0\" 200 7\n"
      "h - - [10/Oct/2000:13:55:38 -0700] \"HEAD /a?b=1 HTTP/1.0\" 200 500\n"
      "h - - [10/Oct/2000:13:55:38 -0700] \"GET /b HTTP/1.0\" 404 20\n"
      "h - - [10/Oct/2000:13:55:38 -0700] \"GET /c HTTP/1.0\" 304 -\n"
      "h - - [10/Oct/2000:13:55:38 -0700] \"\\x16\\x03\" 400 226\n"
      "h - - [11/Oct/2000:13:55:36 -0700] \"GET /d HTTP/1.0\" 200 9\n");
  CHECK(trace.format == "common or combined log format");
  CHECK(trace.requests == 3);
  CHECK(trace.lines_skipped == 5);
  // The shorter transfer was broken off: the object is the same.
  CHECK(trace.requested_bytes == 500 + 500 + 9);
  CHECK(trace.first_requests == 2);
  CHECK(trace.span_s == 86'400);
}

TEST_CASE("trace: several files are one after the other", "[bench]") {
  const TemporaryDirectory directory;
  const Trace trace = read({write(directory, "time,key,size\n0,a,1\n", "one"),
                            write(directory, gzip("time,key,size\n0,a,1\n9,b,2\n"), "two")});
  CHECK(trace.name == "one + two");
  CHECK(trace.requests == 3);
  CHECK(trace.first_requests == 2);
}
