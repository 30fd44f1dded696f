// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "conf/base/check.h"
#include "daemon/events/webhook_event.h"
#include "daemon/events/webhook_signature.h"
#include "daemon/http1/request_body.h"
#include "tests/fuzz/fuzz_input.h"

// The body of a webhook -> what it purges. Input: an octet, 1 = the rest is in chunks; then the
// body.
//
// It can only purge, and only what is of the stack that it names: `api_key` is the one that another
// parser reads. An event is an object for that parser too. How the
// framing is cut changes nothing, and a body without a signature is never signed.

namespace larder::fuzz {
namespace {

constexpr WallTime kNow{1'700'000'000'000};
constexpr Bytes kMost = 64u << 10;

std::string unframed(std::string_view bytes, std::size_t piece, RequestBody::Outcome& outcome) {
  RequestBody body;
  const HeaderView chunked[] = {{"Transfer-Encoding", "chunked"}};
  outcome = body.begin(chunked, kMost);
  while (outcome == RequestBody::Outcome::more && !bytes.empty()) {
    outcome = body.feed(bytes.substr(0, piece));
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
  LARDER_CHECK(body.text().size() <= kMost);
  return body.text();
}

std::string take_chunks(std::string_view bytes) {
  RequestBody::Outcome whole{};
  RequestBody::Outcome in_pieces{};
  std::string text = unframed(bytes, bytes.size() + 1, whole);
  LARDER_CHECK(unframed(bytes, 1, in_pieces) == text);
  LARDER_CHECK(whole == in_pieces);
  return text;
}

void judge(std::string_view body) {
  const auto event = read_webhook_event(body, kNow);
  LARDER_CHECK(!is_signed("v1=AAAA", body, {}));
  const auto json = nlohmann::json::parse(body, nullptr, false);
  // That one refuses halves of surrogate pairs and the largest numbers.
  if (!event || json.is_discarded()) return;
  LARDER_CHECK(json.is_object());
  const PurgeOrder* const order = event->order ? &*event->order : nullptr;
  LARDER_CHECK(order != nullptr || !event->coarse);
  if (order == nullptr) return;
  LARDER_CHECK(order->what == PurgeOrder::What::scope || order->what == PurgeOrder::What::change);
  LARDER_CHECK(json.at("api_key").get<std::string>() == order->api_key);
  LARDER_CHECK(!order->api_key.empty() && order->api_key.size() <= 256);
  LARDER_CHECK(order->changes.size() <= 1'024);
  LARDER_CHECK(order->changes.empty() == (order->what == PurgeOrder::What::scope));
  LARDER_CHECK(order->happened <= kNow);
  for (const ContentChange& change : order->changes) LARDER_CHECK(!change.uid.empty());
}

void run(FuzzInput input) {
  if (input.octet() == 1) return judge(take_chunks(input.rest()));
  judge(input.rest());
}

}  // namespace
}  // namespace larder::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  larder::fuzz::run({data, size});
  return 0;
}
