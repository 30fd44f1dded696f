#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 under write load, again and again, and damaged files: never a wrong byte, always warm.

LARDER_CRASH_CYCLES sets the number of cycles (default 8). The figures are printed.
"""

import collections
import os
import random
import threading
import time

import harness
from harness import check, check_equal
from scenario_lib import SANITIZED, cache_status, check_answer, scaled, wait_stored

CYCLES = int(os.environ.get("LARDER_CRASH_CYCLES", "8"))
CREDENTIALS = harness.credentials()
FRESH_FOR_LONG = {"ttl": {"entry": {"fresh": "24h"}}}
SETTLED_S = 1.0  # what was in the store this long before the kill must still be there


def is_in_store(response):
    """Not the copy that serves while its commit is under way."""
    return "larder; hit; ttl" in cache_status(response)


class Writer(threading.Thread):
    """Fills the cache with new objects until the daemon dies; remembers when each was answered, and
    when it was first seen in the store."""

    def __init__(self, larder, name, seed):
        super().__init__(daemon=True)
        self.larder, self.prefix, self.random = larder, name, random.Random(seed)
        self.answered = []  # (size, name, time)
        self.committed = []  # ditto
        self.waits_s = []  # from an answer until the object was seen in the store
        self.wrong = None
        self.ended, self.end = None, None  # when the answers ended, and how

    def run(self):
        number = 0
        pending = collections.deque()
        try:
            with self.larder.connect() as connection:
                while True:
                    number += 1
                    size, name = self.random.randrange(200, 90_000), f"{self.prefix}n{number}"
                    response = connection.request(harness.sized_target(size, name), CREDENTIALS)
                    if response.decoded != harness.sized_body(size, harness.sized_uid(size, name)):
                        self.wrong = (size, name, response)
                        return
                    self.answered.append((size, name, time.monotonic()))
                    pending.append(self.answered[-1])
                    for _ in range(min(len(pending), 2)):
                        if not self._look(connection, *pending[0]):
                            pending.rotate(-1)
                            break
                        pending.popleft()
        except (OSError, harness.Failure) as failure:  # the daemon was killed, or this is the failure
            self.ended, self.end = time.monotonic(), failure

    def _look(self, connection, size, name, answered):
        response = connection.request(harness.sized_target(size, name), CREDENTIALS, method="HEAD")
        if not is_in_store(response):
            return False
        now = time.monotonic()
        self.committed.append((size, name, now))
        self.waits_s.append(now - answered)
        return True


def first_hit_ms(larder, known):
    """From exec to the first hit's last byte."""
    size, name, _ = known
    started = time.monotonic()
    larder.start()
    response = larder.get(harness.sized_target(size, name), CREDENTIALS)
    took = (time.monotonic() - started) * 1000
    check_answer(response, 200, harness.sized_body(size, harness.sized_uid(size, name)))
    return took, "hit" in cache_status(response)


def verify(larder, objects):
    """Every answer byte by byte; returns how many came from the cache."""
    hits = 0
    with larder.connect() as connection:
        for size, name, _ in objects:
            response = connection.request(harness.sized_target(size, name), CREDENTIALS)
            check_answer(response, 200, harness.sized_body(size, harness.sized_uid(size, name)),
                         f"s{size}_{name}")
            hits += "larder; hit" in cache_status(response)
    return hits


def test_kill_9_under_write_load(stage):
    # Room for all that is written: what eviction removes or refuses is not lost by a crash.
    larder = stage.larder(cache={"size": f"{2 + CYCLES // 8}GiB"}, **FRESH_FOR_LONG)
    chance = random.Random(1)
    expected = found = 0
    first_hits, cold_first, waits_s = [], 0, []
    known = None
    for cycle in range(scaled(CYCLES, min(CYCLES, 3))):
        writers = [Writer(larder, f"c{cycle}w{index}", cycle * 10 + index) for index in range(3)]
        for writer in writers:
            writer.start()
        threading.Event().wait(1.1 + chance.random() * 0.8)  # the load itself, not a wait for something
        killed = time.monotonic()
        larder.kill()
        for writer in writers:
            writer.join(harness.DEADLINE_S)
            check(writer.wrong is None, lambda w=writer: f"wrong bytes: {w.wrong}")
            check(writer.ended >= killed, lambda w=writer: f"an answer failed before the kill: {w.end}")
        answered = [item for writer in writers for item in writer.answered]
        committed = [item for writer in writers for item in writer.committed]
        waits_s += [wait for writer in writers for wait in writer.waits_s]
        settled = [item for item in committed if killed - item[2] > SETTLED_S]
        check(settled or SANITIZED, "no object was committed long enough before the kill")
        known = settled[0] if settled else known
        if known is None:
            larder.start()
            continue
        took, hit = first_hit_ms(larder, known)
        first_hits.append(took)
        cold_first += not hit
        expected += len(settled)
        kept = verify(larder, settled)
        found += kept
        if kept < len(settled):
            print(f"cycle {cycle}: {kept} of {len(settled)} kept")
        names = {name for _, name, _ in settled}
        verify(larder, [item for item in answered if item[1] not in names])
    check(first_hits, "no object was committed long enough before a kill")
    first_hits.sort()
    waits_s.sort()
    print(f"{len(first_hits)} kills: {found} of {expected} settled objects hit, first hit after "
          f"{first_hits[len(first_hits) // 2]:.0f} ms (median), {first_hits[-1]:.0f} ms (slowest), "
          f"{cold_first} starts cold; from an answer to its commit {waits_s[len(waits_s) // 2] * 1000:.0f} ms (median), "
          f"{waits_s[len(waits_s) * 99 // 100] * 1000:.0f} ms (p99), {waits_s[-1] * 1000:.0f} ms (slowest)")
    check(found >= 0.99 * expected, f"only {found} of {expected} settled objects were kept")
    check_equal(cold_first, 0, "starts whose first known object was no hit")


def test_damaged_databases_never_give_wrong_bytes(stage):
    larder = stage.larder(**FRESH_FOR_LONG)
    objects = [(size, f"d{size}", 0) for size in (300, 2_000, 9_000, 60_000, 200_000)]
    verify(larder, objects)
    wait_stored(larder, len(objects))
    larder.stop()
    database = larder.cache_directory / "data.mdb"
    whole = database.read_bytes()
    chance = random.Random(2)
    for trial in range(scaled(12, 4)):
        data = bytearray(whole)
        if trial % 3 == 0:
            del data[chance.randrange(0, len(data)):]
        else:
            for _ in range(chance.randrange(1, 40)):
                data[chance.randrange(0, len(data))] ^= 1 << chance.randrange(8)
        database.write_bytes(data)
        for _ in range(3):  # a page found broken while serving ends the process: systemd starts it anew
            try:
                larder.start()
                verify(larder, objects)
                larder.stop()
                break
            except (OSError, harness.Failure) as failure:
                check(isinstance(failure, OSError) or "closed within" in str(failure)
                      or "larderd ended" in str(failure), lambda f=failure: f"trial {trial}: {f}")
                check(larder.process.poll() is not None, lambda f=failure: f"trial {trial}: {f}")
        else:
            raise harness.Failure(f"trial {trial}: larderd did not recover in three starts")


if __name__ == "__main__":
    harness.main(globals())
