// SPDX-License-Identifier: Apache-2.0
// What a request costs before the store is asked: classification, canonical form, key.
#include <benchmark/benchmark.h>

#include <array>

#include "cache/scope/key.h"
#include "tests/cache/request_builder.h"
#include "tests/cache/store_fixture.h"

namespace larder::bench {
namespace {

using larder::testing::RequestBuilder;

/// An entry by its uid, and a list with the operators that sites use.
constexpr std::array kTargets{
    "/v3/content_types/blog/entries/blt0123456789abcdef?environment=production&locale=en-us",
    "/v3/content_types/blog/entries?environment=production&locale=en-us&include%5B%5D=author&"
    "include%5B%5D=category&only%5BBASE%5D%5B%5D=title&only%5BBASE%5D%5B%5D=url&"
    "query=%7B%22tags%22%3A%7B%22%24in%22%3A%5B%22a%22%2C%22b%22%5D%7D%7D&limit=20&skip=40&"
    "desc=date&include_count=true"};

void name_target(benchmark::State& state) {
  state.SetLabel(state.range(0) == 0 ? "entry" : "list");
}

void classify_request(benchmark::State& state) {
  name_target(state);
  auto builder = RequestBuilder::delivery(kTargets.at(static_cast<std::size_t>(state.range(0))));
  const RequestView request = builder.view();
  const Config config;
  Decoded scratch;
  for (auto _ : state) {
    scratch.clear();
    benchmark::DoNotOptimize(classify(request, config, ListenerConfig::Role::delivery, scratch));
  }
}

void canonicalise_and_hash(benchmark::State& state) {
  name_target(state);
  auto builder = RequestBuilder::delivery(kTargets.at(static_cast<std::size_t>(state.range(0))));
  const RequestView request = builder.view();
  Decoded scratch;
  const auto fields =
      std::get<RequestFields>(classify(request, Config{}, ListenerConfig::Role::delivery, scratch));
  const ScopeMac scope = test::mac_of(1);
  CanonicalRequest canonical;
  std::string bytes;
  for (auto _ : state) {
    canonicalise(fields, request, {}, canonical);
    const std::size_t url_length = write_canonical_bytes(canonical, bytes);
    benchmark::DoNotOptimize(test::hasher().key(scope, bytes, url_length));
  }
}

BENCHMARK(classify_request)->Arg(0)->Arg(1);
BENCHMARK(canonicalise_and_hash)->Arg(0)->Arg(1);

}  // namespace
}  // namespace larder::bench
