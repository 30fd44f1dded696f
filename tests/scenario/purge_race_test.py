#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Events at random points of fills, refreshes, restarts and kill -9: no request that starts after the
acknowledgement of a version is answered with an older one. A build whose fills count as newer than
they are is found out. LARDER_RACE_ROUNDS sets how many events."""

import json
import os
import random
import threading
import time

import harness
from harness import (STACK_A, Connection, check, check_equal, credentials, sized_target, sized_uid,
                     wait_until)
from scenario_lib import Background, scaled
from webhook_test import HEADER_SECRET, PATH, event

ROUNDS = int(os.environ.get("LARDER_RACE_ROUNDS", scaled(600, 60)))
DELAYS_MS = (0, 1, 3, 8, 20)  # of the origin, between the making of an answer and its head


class Race:
    """Entries of which the origin answers late, each with the version that has been acknowledged."""

    def __init__(self, stage, seed, fresh):
        self.random = random.Random(seed)
        self.sandbox = stage.sandbox
        self.sizes = [700 + 10 * number for number in range(len(DELAYS_MS))]
        for size, delay in zip(self.sizes, DELAYS_MS):
            self.sandbox.fault(host="delivery", match=sized_uid(size, "race"), delay_ms=delay)
        self.larder = stage.larder(
            server={"workers": 3}, purge={"soft_for": "0s"}, cache={"commit_interval": "20ms"},
            ttl={"entry": {"fresh": fresh, "stale_while_revalidate": "5m"}},
            webhook={"listen": ["127.0.0.1:0"], "secret_header": "x-cms",
                     "secret_header_values": [HEADER_SECRET]})
        self.floor = dict.fromkeys(self.sizes, 1)
        self.version = dict(self.floor)
        self.down = threading.Event()
        self.answers = self.hits = 0

    def ask(self, stopping):
        """A client: asks again and again, and compares."""
        connection = None
        mine = random.Random(threading.get_ident())
        while not stopping.is_set():
            size = mine.choice(self.sizes)
            floor = self.floor[size]
            try:
                if connection is None:
                    connection = Connection(self.larder.address)
                answer = connection.request(sized_target(size, "race"), credentials())
            except (OSError, harness.Failure):
                if connection is not None:
                    connection.close()
                connection = None
                # Whoever looks after the event has gone may be told of an end that is over by now.
                continue
            check_equal(answer.status, 200, f"an answer: {answer}")
            version = json.loads(answer.decoded)["entry"]["_version"]
            self.answers += 1
            self.hits += "larder; hit" in (answer.header("Cache-Status") or "")
            check(version >= floor, lambda: f"version {version} of {size} after {floor} was "
                                            f"acknowledged: {answer.headers}")
        if connection is not None:
            connection.close()

    def pause(self, most_ms):
        time.sleep(self.random.random() * most_ms / 1000)

    def tell(self, uid):
        """The event, until it is acknowledged."""
        body = json.dumps(event(data={
            "entry": {"uid": uid, "locale": "en-us"}, "content_type": {"uid": "sized"},
            "environment": {"name": "production"}, "locale": "en-us", "branch": {"uid": "main"}}))
        with Connection(self.larder.ready["webhook"][0]["address"]) as connection:
            answer = connection.request(PATH, [("Content-Type", "application/json"),
                                               ("X-Cms", HEADER_SECRET)], "POST", body.encode())
        check(answer.status in (200, 202), f"the event is answered with {answer!r}")
        if answer.status == 202:
            wait_until(lambda: self.larder.status()["webhook"]["pending"] == 0, "it is durable")

    def play(self):
        size = self.random.choice(self.sizes)
        uid = sized_uid(size, "race")
        self.sandbox.publish("sized", uid)
        self.version[size] += 1
        self.pause(4)
        self.tell(uid)
        self.floor[size] = self.version[size]
        self.pause(4)

    def end_and_start(self):
        """At a random point of what is under way, with an end of either kind."""
        self.pause(20)
        if self.random.random() < 0.5:
            self.larder.kill()
        else:
            self.larder.stop()
        self.larder.start()


def race(stage, seed, fresh, rounds):
    run = Race(stage, seed, fresh)
    with Background() as background:
        for _ in range(3):
            background.start(run.ask, background.stopping)
        for number in range(rounds):
            if background.stopping.is_set():
                break
            run.play()
            if number % 200 == 199:
                run.end_and_start()
    print(f"{number + 1} events, {run.answers} answers, {run.hits} hits")
    check(run.hits > rounds / 4, "hardly an answer from the store")


def test_nothing_older_than_what_was_acknowledged_is_an_answer(stage):
    race(stage, 1, "1h", ROUNDS)


def test_refreshes_bring_back_nothing_old(stage):
    race(stage, 2, "0s", ROUNDS // 2)


def test_fills_that_count_as_newer_than_they_are_are_found_out(stage):
    normal = os.environ["LARDERD"]
    os.environ["LARDERD"] = os.environ["LARDERD_LATE_EPOCH"]
    stage.stack.callback(os.environ.__setitem__, "LARDERD", normal)
    try:
        race(stage, 3, "1h", 2_000)
    except harness.Failure as failure:
        check("was acknowledged" in str(failure), f"another failure: {failure}")
        print(f"found: {failure}")
        return
    check(False, "nothing was found in 2,000 events")


if __name__ == "__main__":
    harness.main(globals())
