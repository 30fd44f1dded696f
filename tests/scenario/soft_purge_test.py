#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Purges of what has changed: the old answer goes out once more while its refresh runs, for
purge.soft_for at most; then clients wait for the new one. It stands in for an origin that fails,
unless the purge is hard. A fill that began before is stored, but never served as fresh."""

import harness
from harness import check, check_equal, credentials, sized_body, sized_target, sized_uid
from scenario_lib import (ask, ask_until, cache_status, check_answer, costs, is_fresh_hit, wait_metric,
                          wait_stored)

CREDENTIALS = credentials()
SIZE = 5_000


class Entry:
    """A sized entry that is cached, and its versions."""

    def __init__(self, stage, larder, name):
        self.stage, self.larder = stage, larder
        self.uid, self.target = sized_uid(SIZE, name), sized_target(SIZE, name)
        self.version = 1

    def cache(self):
        check_answer(self.larder.get(self.target, CREDENTIALS), 200, self.body())
        wait_stored(self.larder)
        return self

    def body(self):
        return sized_body(SIZE, self.uid, version=self.version)

    def publish_and_purge(self, *more):
        self.stage.sandbox.publish("sized", self.uid)
        self.version += 1
        status, output = self.larder.ctl("purge", "entry", "sized", self.uid, *more)
        check_equal(status, 0, f"exit status of the purge: {output}")


def larder_with(stage, soft_for, **more):
    return stage.larder(ttl={"entry": {"fresh": "1h", "stale_while_revalidate": "0s"}},
                        purge={"soft_for": soft_for}, **more)


def test_the_old_answer_goes_out_while_one_refresh_runs(stage):
    larder = larder_with(stage, "1h")
    entry = Entry(stage, larder, "soft").cache()
    old = entry.body()
    stage.sandbox.hold("refresh", host="delivery", times=1)
    entry.publish_and_purge()
    with costs(stage, delivery=1, what="for ten requests behind a purge"):
        for _ in range(10):
            response = larder.get(entry.target, CREDENTIALS)
            check_answer(response, 200, old, "meanwhile")
            check(not is_fresh_hit(response),
                  f"it is said to be fresh: {response.headers}")
        stage.sandbox.wait_held("refresh")
        stage.sandbox.release("refresh")
        ask_until(larder, entry.target, CREDENTIALS, lambda r: r.decoded == entry.body(),
                  lambda r: r.decoded == old, "the new answer")
    check(is_fresh_hit(larder.get(entry.target, CREDENTIALS)), "the new answer is no hit")


def test_after_that_time_clients_wait_for_the_new_answer(stage):
    larder = larder_with(stage, "0s")
    entry = Entry(stage, larder, "waits").cache()
    for _ in range(3):
        entry.publish_and_purge()
        check_answer(larder.get(entry.target, CREDENTIALS), 200, entry.body(), "behind the purge")
        wait_stored(larder)
        check(is_fresh_hit(larder.get(entry.target, CREDENTIALS)), "the new answer is no hit")


def test_it_stands_in_for_a_failing_origin_unless_the_purge_is_hard(stage):
    larder = larder_with(stage, "0s")
    for hard in (False, True):
        entry = Entry(stage, larder, f"fails{hard}").cache()
        old = entry.body()
        entry.publish_and_purge(*["--hard"] * hard)
        stage.sandbox.down()
        for again in (False, True):
            response = larder.get(entry.target, CREDENTIALS)
            check_equal(response.status, 502 if hard else 200, f"hard: {hard}, again: {again}")
            check(hard or response.decoded == old, "another answer than that of before")
            larder.restart()
        stage.sandbox.up()


def test_a_fill_that_began_before_is_stored_but_not_as_fresh(stage):
    larder = larder_with(stage, "0s")
    for where, rule in (("before the head", {}), ("within the body", {"after": 2_000})):
        entry = Entry(stage, larder, f"fill{len(rule)}")
        old = entry.body()
        stage.sandbox.hold("old", host="delivery", times=1, **rule)
        with larder.connect() as early:
            ask(early, entry.target, CREDENTIALS)
            stage.sandbox.wait_held("old")
            stage.sandbox.publish("sized", entry.uid)
            entry.version += 1
            status, output = larder.ctl("purge", "entry", "sized", entry.uid)
            check(status in (0, 3), f"{status} of the purge: {output}")
            stored = larder.metrics()["larder_fills_stored_total"]
            stage.sandbox.release("old")
            check_answer(early.read_response(), 200, old, f"who waited, {where}")
        wait_metric(larder, "fills_stored", stored + 1)
        wait_stored(larder)
        check_answer(larder.get(entry.target, CREDENTIALS), 200, entry.body(), f"later, {where}")


def test_a_slow_fill_of_before_does_not_replace_what_is_newer(stage):
    larder = larder_with(stage, "0s")
    entry = Entry(stage, larder, "slow")
    old = entry.body()
    stage.sandbox.hold("old", host="delivery", times=1)
    with larder.connect() as early:
        ask(early, entry.target, CREDENTIALS)
        stage.sandbox.wait_held("old")
        stage.sandbox.publish("sized", entry.uid)
        entry.version += 1
        larder.ctl("purge", "entry", "sized", entry.uid)
        check_answer(larder.get(entry.target, CREDENTIALS), 200, entry.body(), "later")
        wait_metric(larder, "store_objects", 1)
        stage.sandbox.release("old")
        check_answer(early.read_response(), 200, old, "who waited")
    for _ in range(20):
        response = larder.get(entry.target, CREDENTIALS)
        check_answer(response, 200, entry.body(), "once it has ended")
        check(is_fresh_hit(response), f"the newer one is no hit any more: {response.headers}")


def test_purges_by_tags_outlive_a_crash(stage):
    larder = larder_with(stage, "0s")
    entry = Entry(stage, larder, "crash").cache()
    for _ in range(3):
        entry.publish_and_purge()
        larder.kill()
        larder.start()
        check_answer(larder.get(entry.target, CREDENTIALS), 200, entry.body(), "after a crash")
        wait_stored(larder)


def test_a_whole_scope_is_purged_softly(stage):
    larder = larder_with(stage, "0s")
    entry = Entry(stage, larder, "scope").cache()
    staging = credentials(environment="staging")
    kept = sized_target(SIZE, "kept").replace("production", "staging")
    check_answer(larder.get(kept, staging), 200)
    wait_stored(larder, 2)
    stage.sandbox.publish("sized", entry.uid)
    entry.version += 1
    status, output = larder.ctl("purge", "scope", "--environment", "production")
    check_equal((status, '"purged":1' in output), (0, True), f"the purge: {output}")
    check_answer(larder.get(entry.target, CREDENTIALS), 200, entry.body(), "of the purged scope")
    check(is_fresh_hit(larder.get(kept, staging)), "the other scope was purged")

if __name__ == "__main__":
    harness.main(globals())
