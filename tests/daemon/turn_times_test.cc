// SPDX-License-Identifier: Apache-2.0
#include "daemon/client/turn_times.h"

#include <catch2/catch_test_macros.hpp>
#include <memory>

using namespace larder;

namespace {

std::uint64_t counted(const AnswerTimes& times, AnswerClass answer) {
  const LatencyHistogram& one = times[static_cast<std::size_t>(answer)];
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < LatencyHistogram::kBuckets; ++i) sum += one.count(i);
  return sum;
}

}  // namespace

TEST_CASE("turn times: the requests of a turn count from the same moment, another turn's do not",
          "[daemon]") {
  const auto histograms = std::make_unique<AnswerTimes>();
  TurnTimes times(*histograms);
  const std::uint64_t began = times.began_ns();
  CHECK(times.began_ns() == began);
  times.end();
  CHECK(times.began_ns() > began);
}

TEST_CASE("turn times: what is answered in its turn is counted at its end, once", "[daemon]") {
  const auto histograms = std::make_unique<AnswerTimes>();
  TurnTimes times(*histograms);
  times.began_ns();
  times.note_in_turn(AnswerClass::hit);
  times.note_in_turn(AnswerClass::hit);
  times.note_in_turn(AnswerClass::own);
  CHECK(counted(*histograms, AnswerClass::hit) == 0);
  times.end();
  CHECK(counted(*histograms, AnswerClass::hit) == 2);
  CHECK(counted(*histograms, AnswerClass::own) == 1);
  times.end();
  times.began_ns();
  times.end();
  CHECK(counted(*histograms, AnswerClass::hit) == 2);
}

TEST_CASE("turn times: what took longer has a time of its own", "[daemon]") {
  const auto histograms = std::make_unique<AnswerTimes>();
  TurnTimes times(*histograms);
  times.note(AnswerClass::miss, 1'500);
  CHECK(counted(*histograms, AnswerClass::miss) == 1);
  CHECK((*histograms)[static_cast<std::size_t>(AnswerClass::miss)].sum_us() == 1'500);
}
