// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#include <memory>
#include <string>
#include <vector>

#include "conf/base/field_table.h"
#include "daemon/http1/request_memo.h"
#include "daemon/http1/request_parser.h"

namespace {

using larder::KnownRequest;
using larder::RequestMemo;
using Role = larder::ListenerConfig::Role;

larder::RequestView request_of(std::string_view target, std::uint64_t header_id = 1) {
  return {.method = larder::Method::get, .target = target, .headers = {}, .header_id = header_id};
}

larder::CacheKey key_of(std::uint8_t number) {
  larder::CacheKey key;
  key.bytes.fill(number);
  return key;
}

larder::SettingsPtr settings_of(std::uint64_t generation, std::vector<std::string> keyed = {},
                                std::vector<std::string> unkeyed = {}) {
  auto settings = std::make_shared<larder::Settings>();
  settings->generation = generation;
  settings->config.upstream.forward_headers = std::move(keyed);
  settings->config.upstream.forward_headers_unkeyed = std::move(unkeyed);
  return settings;
}

const std::shared_ptr<const larder::Scope> kScope = std::make_shared<larder::Scope>();
constexpr std::string_view kTarget = "/v3/content_types/blog/entries/blt1?environment=production";

void learn(RequestMemo& memo, const larder::RequestView& request, std::uint8_t number = 1,
           int times = 2) {
  for (int i = 0; i < times; ++i) {
    memo.learn_request(request, Role::delivery, "canonical " + std::to_string(number),
                       key_of(number), kScope, larder::Reason::open_scope);
  }
}

}  // namespace

TEST_CASE("request memo: one that came twice is found with all that was made of it", "[daemon]") {
  RequestMemo memo(settings_of(1));
  const auto request = request_of(kTarget);
  CHECK(memo.find_request(request, Role::delivery) == nullptr);
  learn(memo, request, 7, 1);
  CHECK(memo.find_request(request, Role::delivery) == nullptr);
  learn(memo, request, 7, 1);
  const KnownRequest* found = memo.find_request(request, Role::delivery);
  REQUIRE(found != nullptr);
  CHECK(found->target() == kTarget);
  CHECK(found->canonical() == "canonical 7");
  CHECK(found->key == key_of(7));
  CHECK(found->scope == kScope);
}

TEST_CASE("request memo: another header block, role or target is another request", "[daemon]") {
  RequestMemo memo(settings_of(1));
  learn(memo, request_of(kTarget, 1));
  CHECK(memo.find_request(request_of(kTarget, 2), Role::delivery) == nullptr);
  CHECK(memo.find_request(request_of(kTarget, 0), Role::delivery) == nullptr);
  CHECK(memo.find_request(request_of(kTarget, 1), Role::preview) == nullptr);
  const std::string longer = std::string(kTarget) + "x";
  CHECK(memo.find_request(request_of(longer), Role::delivery) == nullptr);
  CHECK(memo.find_request(request_of(kTarget.substr(0, kTarget.size() - 1)), Role::delivery) ==
        nullptr);
  CHECK(memo.find_request(request_of(kTarget, 1), Role::delivery) != nullptr);
}

TEST_CASE("request memo: nothing is kept of an unknown header block, nor of a long request",
          "[daemon]") {
  RequestMemo memo(settings_of(1));
  learn(memo, request_of(kTarget, 0));
  CHECK(memo.find_request(request_of(kTarget, 0), Role::delivery) == nullptr);
  const std::string target = "/v3/assets?query=" + std::string(RequestMemo::kMaxText, 'x');
  learn(memo, request_of(target));
  CHECK(memo.find_request(request_of(target), Role::delivery) == nullptr);
}

TEST_CASE("request memo: in one place the last that came twice in a row is kept, and no other",
          "[daemon]") {
  RequestMemo memo(settings_of(1));
  learn(memo, request_of(kTarget));
  // By count alone several of these share its place.
  bool displaced = false;
  for (std::size_t i = 0; i < 20 * RequestMemo::kRequests; ++i) {
    const std::string target = "/v3/assets/blt" + std::to_string(i);
    learn(memo, request_of(target), 2, 1);
    REQUIRE(memo.find_request(request_of(target), Role::delivery) == nullptr);
  }
  CHECK(memo.find_request(request_of(kTarget), Role::delivery) != nullptr);
  for (std::size_t i = 0; i < 20 * RequestMemo::kRequests && !displaced; ++i) {
    const std::string target = "/v3/assets/blt" + std::to_string(i);
    learn(memo, request_of(target), 2);
    const KnownRequest* found = memo.find_request(request_of(target), Role::delivery);
    REQUIRE(found != nullptr);
    CHECK(found->target() == target);
    CHECK(found->key == key_of(2));
    displaced = memo.find_request(request_of(kTarget), Role::delivery) == nullptr;
  }
  CHECK(displaced);
}

namespace {

constexpr std::string_view kRequestLine = "GET /v3/assets/blt1 HTTP/1.1\r\n";

/// A request's header block with one field more, in the middle.
std::string block_with(std::string_view name, std::string_view value) {
  std::string block = "Host: x\r\napi_key: blt1\r\n";
  if (!name.empty()) block.append(name).append(": ").append(value).append("\r\n");
  return block + "User-Agent: sdk\r\naccess_token: cs1\r\n\r\n";
}

/// The worker's parser and memo.
struct Parsing {
  explicit Parsing(larder::SettingsPtr from) : memo(from), parser(from->config.server, &memo) {}

  /// What the request is known by, 0 = it was not; learnt in any case.
  std::uint64_t id_of(const std::string& block) {
    bytes = std::string(kRequestLine) + block;
    parser.reset();
    if (parser.feed(bytes) != larder::RequestParser::Outcome::complete) return 0;
    return parser.view(bytes).header_id;
  }

  RequestMemo memo;
  larder::RequestParser parser;
  std::string bytes;
};

std::string spelled(std::string_view name, bool dashes) {
  std::string text(name);
  for (char& c : text) {
    if (dashes && c == '_') c = '-';
    if (dashes && c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  }
  return text;
}

}  // namespace

TEST_CASE("request memo: blocks that differ in a field that is read are never the same",
          "[daemon]") {
  const larder::FieldRow row = GENERATE(from_range(larder::kFields));
  const bool dashes = GENERATE(false, true);
  const std::string value = GENERATE(values<std::string>({"bb", "aaa", "", "a ,a", "AA"}));
  if (!row.has(larder::kRead | larder::kHop)) return;
  const std::string name = spelled(row.name, dashes);
  CAPTURE(name, value);
  Parsing one(settings_of(1));
  one.id_of(block_with(name, "aa"));
  const auto first = one.id_of(block_with(name, "aa"));
  CHECK(one.id_of(block_with("", "")) == 0);
  const auto other = one.id_of(block_with(name, value));
  CHECK((other == 0 || other != first));
  const auto again = one.id_of(block_with(name, value));
  CHECK((again == 0 || again != first));
  const auto without = one.id_of(block_with("", ""));
  CHECK(without != 0);
  CHECK(without != first);
}

TEST_CASE("request memo: blocks that differ in a value that nobody reads are the same",
          "[daemon]") {
  const auto name = GENERATE(
      values<std::string>({"traceparent", "tracestate", "x-request-id", "baggage", "sentry-trace",
                           "Cookie", "Accept", "X-Forwarded-For", "Range"}));
  const auto value = GENERATE(values<std::string>({"b", "", "00-0123456789abcdef-01", "\xc3\xa9"}));
  CAPTURE(name, value);
  Parsing one(settings_of(1));
  CHECK(one.id_of(block_with(name, "a")) == 0);
  const auto first = one.id_of(block_with(name, "a"));
  CHECK(first != 0);
  CHECK(one.id_of(block_with(name, value)) == first);
  const auto view = one.parser.view(one.bytes);
  for (const auto& field : view.headers) CHECK(field.name != name);
  CHECK(view.headers.size() == 3);
  CHECK(one.parser.consumed() == one.bytes.size());
}

TEST_CASE("request memo: the first X-Request-Id is known, in every block that means the same",
          "[daemon]") {
  const bool read = GENERATE(false, true);
  const auto before = GENERATE(values<std::string>({"a", "", "longer than before"}));
  const auto id = GENERATE(values<std::string>({"one", "another", "x", ""}));
  CAPTURE(read, before, id);
  Parsing one(settings_of(
      1, {}, read ? std::vector<std::string>{"x-request-id"} : std::vector<std::string>{}));
  const auto block = [](const std::string& trace, const std::string& value) {
    return block_with("traceparent", trace + "\r\nX-Request-Id:  " + value +
                                         " \r\nX-Request-Id: second\r\ntracestate: " + trace);
  };
  one.id_of(block("b", "one"));
  CHECK(one.parser.view(one.bytes).request_id == "one");
  one.id_of(block(before, id));
  CHECK(one.parser.view(one.bytes).request_id == id);
  one.id_of(block_with("traceparent", "a"));
  one.id_of(block_with("traceparent", before));
  CHECK(one.parser.view(one.bytes).request_id.empty());
}

TEST_CASE("request memo: the traceparent is known wherever it stands, and of two none is",
          "[daemon]") {
  const bool read = GENERATE(false, true);
  const bool first = GENERATE(false, true);  // before the request's id, or behind it
  const auto before = GENERATE(values<std::string>({"a", "", "longer than before"}));
  const auto trace = GENERATE(values<std::string>({"one", "another", "x", ""}));
  CAPTURE(read, first, before, trace);
  Parsing one(settings_of(
      1, {}, read ? std::vector<std::string>{"traceparent"} : std::vector<std::string>{}));
  const auto block = [first](const std::string& other, const std::string& value) {
    const std::string id = "X-Request-Id: id " + other + "\r\n";
    const std::string parent = "TraceParent:  " + value + " \r\n";
    return block_with("tracestate",
                      other + "\r\n" + (first ? parent + id : id + parent) + "baggage: " + other);
  };
  one.id_of(block("b", "one"));
  CHECK(one.parser.view(one.bytes).trace_parent == "one");
  one.id_of(block(before, trace));
  CHECK(one.parser.view(one.bytes).trace_parent == trace);
  CHECK(one.parser.view(one.bytes).request_id == (before.empty() ? "id" : "id " + before));
  for (int i = 0; i < 2; ++i) {
    one.id_of(block_with("traceparent", before + "\r\ntraceparent: " + trace));
    CHECK(one.parser.view(one.bytes).trace_parent.empty());
  }
}

TEST_CASE("request memo: beside an X-Request-Id the credentials that nobody else reads are shown",
          "[daemon]") {
  const auto name = GENERATE(values<std::string>({"Cookie", "Proxy-Authorization"}));
  CAPTURE(name);
  Parsing one(settings_of(1));
  const auto block = [&name](const std::string& value) {
    return block_with(name, value + "\r\nX-Request-Id: " + value);
  };
  one.id_of(block("a"));
  CHECK(one.id_of(block("a")) != 0);
  const auto view = one.parser.view(one.bytes);
  CHECK(std::any_of(view.headers.begin(), view.headers.end(), [&name](const auto& field) {
    return field.name == name && field.value == "a";
  }));
}

TEST_CASE("request memo: a header that the operator forwards is read", "[daemon]") {
  const bool keyed = GENERATE(false, true);
  const auto name = GENERATE(values<std::string>({"x-tenant", "X_Tenant"}));
  CAPTURE(keyed, name);
  const std::vector<std::string> names{"x-tenant"};
  Parsing one(settings_of(1, keyed ? names : std::vector<std::string>{},
                          keyed ? std::vector<std::string>{} : names));
  one.id_of(block_with(name, "a"));
  const auto first = one.id_of(block_with(name, "a"));
  CHECK(first != 0);
  CHECK(one.id_of(block_with(name, "b")) == 0);
  CHECK(one.id_of(block_with(name, "b")) != first);
  CHECK(one.parser.view(one.bytes).headers[2].value == "b");
}

TEST_CASE("request memo: a field more, or names that swap values, make another block", "[daemon]") {
  Parsing one(settings_of(1));
  one.id_of(block_with("traceparent", "a"));
  const auto first = one.id_of(block_with("traceparent", "a"));
  REQUIRE(first != 0);
  for (const std::string& block :
       {block_with("traceparent", "a\r\naccess_token: cs2"), block_with("tracestate", "a"),
        block_with("access_token", "a"), block_with("traceparent", "a\r\nx-a: b"),
        block_with("traceparent ", "a"), block_with("traceparent", "a\r\n folded")}) {
    CAPTURE(block);
    CHECK(one.id_of(block) != first);
  }
}

TEST_CASE("request memo: another generation of the settings knows nothing of the last",
          "[daemon]") {
  Parsing one(settings_of(1));
  one.id_of(block_with("x-tenant", "a"));
  const auto first = one.id_of(block_with("x-tenant", "a"));
  REQUIRE(first != 0);
  auto request = request_of(kTarget, first);
  learn(one.memo, request);
  one.memo.use(settings_of(1));
  CHECK(one.memo.find_request(request, Role::delivery) != nullptr);
  one.memo.use(settings_of(2, {"x-tenant"}));
  CHECK(one.memo.find_request(request, Role::delivery) == nullptr);
  CHECK(one.id_of(block_with("x-tenant", "b")) == 0);
  const auto second = one.id_of(block_with("x-tenant", "b"));
  CHECK(second != 0);
  CHECK(second != first);
  CHECK(one.id_of(block_with("x-tenant", "c")) == 0);
}
