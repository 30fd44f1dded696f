// SPDX-License-Identifier: Apache-2.0
// What an answer costs: reading the stored row, its freshness, its head.
#include <benchmark/benchmark.h>

#include "cache/http/freshness.h"
#include "cache/store/object.h"
#include "daemon/http1/answer_text.h"
#include "tests/cache/store_fixture.h"

namespace larder::bench {
namespace {

void count_bytes(benchmark::State& state) {
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void decode_row(benchmark::State& state) {
  test::ObjectPlan plan;
  plan.length = static_cast<std::size_t>(state.range(0));
  const NewObject object = test::make_object(plan);
  const std::string row = encode_object(object, 1, 1, 0);
  for (auto _ : state) {
    auto view = decode_object(object.key, row);
    if (!view) state.SkipWithError("the row is not understood");
    benchmark::DoNotOptimize(view);
  }
  count_bytes(state);
}

void judge_freshness(benchmark::State& state) {
  const Lifetime lifetime{{1'000'000}, {1'060'000}, {1'360'000}, {90'000'000}, 0};
  std::int64_t now = 1'000'000;
  for (auto _ : state) {
    benchmark::DoNotOptimize(judge(lifetime, {now}));
    benchmark::DoNotOptimize(age_s(lifetime, {now}));
    now += 7;
  }
}

void format_head_tail(benchmark::State& state) {
  DateText date;
  std::string out;
  std::int64_t now = 1'700'000'000'000;
  for (auto _ : state) {
    out.clear();
    append_head_tail(out, {date.at({now}), 17, "larder; hit; ttl=43", false,
                           "Connection: keep-alive\r\nKeep-Alive: timeout=14\r\n"});
    benchmark::DoNotOptimize(out.data());
    ++now;  // a new second every thousandth time, as in a busy worker
  }
}

BENCHMARK(decode_row)->Arg(1'024)->Arg(10'240)->Arg(102'400);
BENCHMARK(judge_freshness);
BENCHMARK(format_head_tail);

}  // namespace
}  // namespace larder::bench
