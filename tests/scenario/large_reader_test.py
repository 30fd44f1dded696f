#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A large entry that takes longer to download than it stays fresh: whoever began a download gets one
whole version, whatever is refreshed, evicted or purged meanwhile, and what is kept for that is bounded
and given back."""

import re
import threading

import harness
from harness import check, check_equal, credentials, sized_body, sized_target, sized_uid, wait_until
from scenario_lib import Background, ask, changes, check_answer, metric, wait_metric, wait_stored

MIB = 1 << 20
SIZE = 12 * MIB
READERS = 10
CREDENTIALS = credentials()
UID = sized_uid(SIZE, "large")
TARGET = sized_target(SIZE, "large")
VERSION = re.compile(rb'"_version":(\d+),')
CACHE = {"size": "192MiB", "max_object": "16MiB", "max_pending": "48MiB", "eviction": "fifo"}
SERVER = {"write_timeout": "60s", "request_timeout": "60s"}
# Bodies in flight, rows that wait for the readers, and what the rest of the program takes.
MAX_ANONYMOUS = 160 * MIB


def anonymous_bytes(larder):
    with open(f"/proc/{larder.process.pid}/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024
    raise harness.Failure("no RssAnon")


class SlowReaders:
    """Ten clients in the middle of the large entry, who read on a little at a time until `finish()`."""

    def __init__(self, larder, background):
        self.finishing = threading.Event()
        self.background = background
        self.versions = []
        self.begun = threading.Barrier(READERS + 1)
        self.clients = [larder.connect(receive_buffer=65_536) for _ in range(READERS)]
        self.threads = [background.start(self.read, client) for client in self.clients]
        self.begun.wait(harness.DEADLINE_S * 3)

    def read(self, client):
        ask(client, TARGET, CREDENTIALS)
        status, _, fields, _ = client.read_head()
        check_equal((status, dict(fields)["Content-Length"]), (200, str(SIZE)), "a slow reader's head")
        body = bytearray(client.take(100_000))
        self.begun.wait(harness.DEADLINE_S * 3)
        while len(body) < SIZE // 2 and not self.finishing.wait(0.05):
            body += client.take(20_000)
        self.finishing.wait(harness.DEADLINE_S * 6)
        body += client.take(SIZE - len(body))
        version = int(VERSION.search(body).group(1))
        check(bytes(body) == sized_body(SIZE, UID, version=version), f"not one whole version {version}")
        self.versions.append(version)
        client.close()

    def finish(self):
        """The versions that the readers got."""
        self.finishing.set()
        for thread in self.threads:
            thread.join(harness.DEADLINE_S * 6)
        if self.background.problems:
            raise self.background.problems[0]
        return sorted(self.versions)


def refresh(larder, how):
    """Waits until the entry is stale, and then until it was fetched and touched or replaced."""
    before = metric(larder, f"store_{how}")

    def stored_again():
        larder.get(TARGET, CREDENTIALS, method="HEAD")
        return metric(larder, f"store_{how}") > before
    wait_until(stored_again, f"a refresh has {how} the entry", harness.DEADLINE_S * 3)


class Watch:
    """The most that was seen of what has to be bounded."""

    def __init__(self, larder):
        self.larder = larder
        self.most = {}

    def look(self):
        metrics = self.larder.metrics()
        seen = {name: metrics[f"larder_{name}"] for name in (
            "inflight_bytes", "output_waiting_bytes", "store_live_bytes", "store_held_bytes",
            "store_held_objects")}
        seen["anonymous_bytes"] = anonymous_bytes(self.larder)
        for name, value in seen.items():
            self.most[name] = max(value, self.most.get(name, 0))
        check(seen["store_live_bytes"] < 0.86 * 192 * MIB, f"pages in use: {seen}")
        check(seen["store_held_bytes"] <= 192 * MIB // 4 + SIZE + MIB, f"pages that are held: {seen}")
        check(seen["anonymous_bytes"] < MAX_ANONYMOUS * harness.TIME_FACTOR, f"memory: {seen}")

    def show(self, what):
        self.look()
        shown = ", ".join(f"{name} {int(value):,}" for name, value in sorted(self.most.items()))
        print(f"    {what}: at most {shown}", flush=True)


def start(stage, **cache):
    larder = stage.larder(cache={**CACHE, **cache}, server=SERVER, ttl={"entry": {"fresh": "1s"}})
    check_answer(larder.get(TARGET, CREDENTIALS), 200, sized_body(SIZE, UID), "the large entry")
    wait_stored(larder)
    return larder


def check_given_back(larder):
    """Nothing is held, waits or is pending, and the pages of what is purged are free."""
    wait_until(lambda: metric(larder, "store_held_objects") == 0, "no rows are held any more")
    check_equal(metric(larder, "store_held_bytes"), 0, "bytes held")
    check_equal(metric(larder, "store_readers_cut"), 0, "objects removed while they were read")
    larder.ctl("purge", "all")
    wait_until(lambda: metric(larder, "store_live_bytes") < MIB, "all pages are given back")
    for name in ("inflight_bytes", "output_waiting_bytes", "store_pending_bytes"):
        wait_until(lambda name=name: metric(larder, name) == 0, f"{name} is given back")


def test_refreshes_with_the_same_bytes_leave_readers_and_rows_alone(stage):
    larder = start(stage)
    watch = Watch(larder)
    live = metric(larder, "store_live_bytes")
    with Background() as background:
        readers = SlowReaders(larder, background)
        with changes(larder, store_replaced=0):
            for _ in range(5):
                refresh(larder, "touched")
                watch.look()
        check(metric(larder, "store_live_bytes") < live + MIB, "a refresh takes pages")
        check_equal(watch.most["store_held_objects"], 0, "objects held")
        check_equal(readers.finish(), [1] * READERS, "versions that the readers got")
    watch.show("same bytes")
    check_given_back(larder)


def test_refreshes_with_other_bytes_leave_each_reader_its_version(stage):
    larder = start(stage)
    watch = Watch(larder)
    with Background() as background:
        first = SlowReaders(larder, background)
        stage.sandbox.publish("sized", UID)
        refresh(larder, "replaced")
        wait_metric(larder, "store_held_objects", 1)
        watch.look()
        second = SlowReaders(larder, background)
        for _ in range(3):
            stage.sandbox.publish("sized", UID)
            refresh(larder, "replaced")
            watch.look()
        wait_metric(larder, "store_held_objects", 2)
        watch.look()
        check_equal(watch.most["store_held_objects"], 2, "versions held: those that are read")
        check_equal(first.finish(), [1] * READERS, "versions of the first readers")
        check_equal(second.finish(), [2] * READERS, "versions of the second readers")
    watch.show("other bytes")
    check_given_back(larder)


def test_a_purge_is_acknowledged_while_readers_go_on(stage):
    larder = start(stage)
    watch = Watch(larder)
    with Background() as background:
        for number, how in enumerate((("url", TARGET), ("all",)), 1):
            readers = SlowReaders(larder, background)
            stage.sandbox.publish("sized", UID)
            larder.ctl("purge", *how)
            watch.look()
            answer = larder.get(TARGET, CREDENTIALS)
            check_answer(answer, 200, sized_body(SIZE, UID, version=number + 1), "the first after the purge")
            wait_stored(larder)
            check_equal(readers.finish(), [number] * READERS, "versions of those who were reading")
    watch.show("purges")
    check_given_back(larder)


def test_an_evicted_entry_goes_on_to_its_readers(stage):
    larder = start(stage)
    watch = Watch(larder)
    with Background() as background:
        readers = SlowReaders(larder, background)
        for number in range(40):
            check_equal(larder.get(sized_target(SIZE, f"o{number}"), CREDENTIALS).status, 200, "another one")
            wait_until(lambda: metric(larder, "store_pending_bytes") == 0, "it is committed")
            watch.look()
            if watch.most["store_held_objects"] > 0:
                break
        check(metric(larder, "store_evicted") > 0, "nothing was evicted")
        check_equal(watch.most["store_held_objects"], 1, "objects held")
        check_equal(readers.finish(), [1] * READERS, "versions that the readers got")
    watch.show("eviction")
    check_given_back(larder)


def test_readers_that_take_longer_than_the_operator_allows_are_cut_off(stage):
    larder = start(stage, reader_hold="1s")
    with Background() as background, larder.connect(receive_buffer=65_536) as client:
        ask(client, TARGET, CREDENTIALS)
        client.read_head()
        client.take(100_000)
        stage.sandbox.publish("sized", UID)
        refresh(larder, "replaced")
        wait_metric(larder, "store_readers_cut", 1)
        wait_until(lambda: metric(larder, "store_held_objects") == 0, "nothing is held any more")
        try:
            client.take(SIZE - 100_000)
            raise harness.Failure("the download goes on")
        except (ConnectionResetError, harness.Failure) as end:
            check("goes on" not in str(end), "the download goes on")


if __name__ == "__main__":
    harness.main(globals())
