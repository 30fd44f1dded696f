// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace larder {

/// How soon a thread's work is wanted. A wish to the scheduler, which any process may make; where
/// it knows none or refuses (kernel, container), or where the operator has chosen another policy
/// than the usual for the process, nothing changes.
enum class Urgency {
  /// Wakes often and works shortly: asks for slices of 0.2 ms (since Linux 6.12), so that it need
  /// not wait for the whole slice, some 3 ms, of a thread below.
  prompt,
  /// SCHED_BATCH: wakes without taking the CPU from who runs.
  steady,
  /// As steady, and nice by 4 more: a share of 30 % beside a thread of another kind. Not less, for
  /// it has to keep up when a cold cache is filled.
  background,
};

/// The calling thread's, from here on. `name`: as ps and perf show it, at most 15 characters.
///
/// With one CPU for all of larderd and 5 % of 10,000 requests a second to be filled, urgencies
/// halve a hit's p99 where the store's disk has no part in it
/// (`larder-bench peers --only mixed --folder /dev/shm`).
void begin_thread(const char* name, Urgency urgency) noexcept;

}  // namespace larder
