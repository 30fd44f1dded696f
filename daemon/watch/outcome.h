// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace larder {

/// What became of a request, for the metrics, the access log and Cache-Status.
enum class Outcome : std::uint8_t {
  hit,          ///< fresh, from the store
  stale,        ///< from the store while a refresh runs
  stale_error,  ///< from the store because the origin failed
  miss,         ///< caused a fill
  joined,       ///< shared a fill under way
  committed,    ///< from an object that waited for its commit
  pass,         ///< streamed from the delivery host, uncached
  preview,      ///< streamed from the preview host
  rejected,     ///< the origin's refusal of the credential, from memory or fresh
  refused,      ///< answered with an error by larder
  preflight,
  failed,   ///< the origin failed and there was nothing to answer with
  aborted,  ///< the client left, or the answer broke off
};
constexpr std::size_t kOutcomes = 13;
const char* name_of(Outcome outcome);

/// Outcomes that take a like time and like work: the label of latencies.
enum class AnswerClass : std::uint8_t {
  hit,
  stale,    ///< from the store while a refresh runs, or because the origin failed
  miss,     ///< waited for the origin, or for a fill under way
  pass,     ///< uncached, from a delivery host
  preview,  ///< from a preview host
  own,      ///< larder's own words: refusals, preflights, failures
};
constexpr std::size_t kAnswerClasses = 6;
const char* name_of(AnswerClass answer);
/// Not of an aborted one: how long it took says nothing.
AnswerClass class_of(Outcome outcome);

}  // namespace larder
