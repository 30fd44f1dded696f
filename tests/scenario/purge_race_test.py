#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Purges against all that may be under way: hits of objects of one row and of many, refreshes, fills
before and within their body, copies that wait for their commit, failing origins, crashes."""

import json

import harness
from harness import (ENTRY, STACK_A, check, check_equal, credentials, marker, sized_body,
                     sized_target, sized_uid)
from scenario_lib import (GZIP, Background, Cut, ask, changes, check_answer, costs, entry_target,
                          metric, read_or_cut, scaled, wait_metric, wait_stored)

CREDENTIALS = credentials()


def purge(larder, *arguments):
    """Number of objects purged, by an acknowledged purge."""
    status, output = larder.ctl("purge", *arguments)
    check_equal(status, 0, f"exit status of larderctl purge {arguments}: {output}")
    return json.loads(output)["purged"]


def sized_version(body, size, uid, scope=marker()):
    """The version of a sized body, every byte of which is checked."""
    version = json.loads(body)["entry"]["_version"]
    check_equal(body, sized_body(size, uid, scope, version), f"version {version} of {uid}")
    return version


# --- Exactness under load --------------------------------------------------------------------------

class Published:
    """A sized entry, and the version below which nobody may see it any more."""

    def __init__(self, stage, size, name):
        self.stage = stage
        self.size = size
        self.uid = sized_uid(size, name)
        self.target = sized_target(size, name)
        self.floor = 1

    def publish_and_purge(self, larder, *arguments):
        self.stage.sandbox.publish("sized", self.uid)
        purge(larder, *arguments)
        self.floor += 1

    def ask(self, connection, headers):
        """One request; its version must be the floor of before, or later."""
        floor = self.floor
        ask(connection, self.target, headers)
        try:
            response = read_or_cut(connection)
        except Cut:
            return False  # an object of many rows was purged while it went out
        check_answer(response, 200, what=self.target)
        version = sized_version(response.decoded, self.size, self.uid)
        check(version >= floor, f"{self.uid}: version {version} after the purge for version {floor} "
                                f"was acknowledged: {response.headers}")
        return True


def load(larder, entries, headers, stopping):
    connection = larder.connect()
    connection.transcript = None
    while not stopping.is_set():
        for entry in entries:
            if not entry.ask(connection, headers):
                connection.close()
                connection = larder.connect()
                connection.transcript = None
    connection.close()


def purge_under_load(stage, ttl, cycles):
    larder = stage.larder(server={"workers": 3}, ttl={"entry": ttl},
                          cache={"commit_interval": "20ms"})
    entries = [Published(stage, size, "load") for size in (700, 60_000, 700_000)]
    with Background() as background:
        for index in range(6):
            background.start(load, larder, entries, CREDENTIALS + [GZIP] * (index % 2),
                             background.stopping)
        wait_metric(larder, "store_objects", 2)
        for cycle in range(cycles):
            if background.stopping.is_set():
                break
            for entry in entries:
                how = (["url", entry.target], ["scope", "--api-key", STACK_A.api_key],
                       ["all"])[cycle % 3]
                entry.publish_and_purge(larder, *how)
    metrics = larder.metrics()
    answered = sum(metrics[f'larder_requests_total{{outcome="{name}"}}'] for name in ("hit", "stale"))
    check(answered > cycles, f"hardly an answer from the store: {metrics}")


def test_no_hit_after_the_acknowledgement_shows_what_was_purged(stage):
    purge_under_load(stage, {"fresh": "60s"}, scaled(24, 8))


def test_no_refresh_under_way_brings_back_what_was_purged(stage):
    purge_under_load(stage, {"fresh": "0s", "stale_while_revalidate": "5m"}, scaled(24, 8))


def test_every_worker_knows_of_a_purge_at_once(stage):
    """Connections that have just been answered from the store, on all workers."""
    larder = stage.larder(server={"workers": 4})
    entry = Published(stage, 2_000, "workers")
    connections = [larder.connect() for _ in range(24)]
    for _ in range(scaled(20, 5)):
        for connection in connections:
            entry.ask(connection, CREDENTIALS)
        wait_stored(larder)
        entry.publish_and_purge(larder, "url", entry.target)
        # All ask before any answer is read, so that no worker learns of the purge by another's.
        for connection in connections:
            ask(connection, entry.target, CREDENTIALS)
        for connection in connections:
            response = connection.read_response()
            version = sized_version(response.decoded, entry.size, entry.uid)
            check_equal(version, entry.floor, f"version after the purge: {response.headers}")
    for connection in connections:
        connection.close()


# --- Fills under way -------------------------------------------------------------------------------

def test_a_fill_under_way_is_neither_joined_nor_stored_after_a_purge(stage):
    larder = stage.larder()
    ways = {"url": lambda target: ["url", target], "all": lambda target: ["all"],
            "scope": lambda target: ["scope", "--environment", "production"]}
    for where, rule in {"before the head": {}, "within the body": {"after": 30_000}}.items():
        for way, arguments in ways.items():
            case = f"{where}, purge {way}"
            name = f"{way}{len(rule)}"
            target, uid = sized_target(60_000, name), sized_uid(60_000, name)
            bodies = [sized_body(60_000, uid, version=version) for version in (1, 2)]
            stage.sandbox.hold("old", host="delivery", times=1, **rule)
            with costs(stage, delivery=2, what=case), larder.connect() as early:
                ask(early, target, CREDENTIALS)
                stage.sandbox.wait_held("old")
                stage.sandbox.publish("sized", uid)
                purge(larder, *arguments(target))
                check_answer(larder.get(target, CREDENTIALS), 200, bodies[1], f"later, {case}")
                with changes(larder, case, fills_stored=0, fill_verdicts__purged=1):
                    stage.sandbox.release("old")
                    check_answer(early.read_response(), 200, bodies[0], f"who waited, {case}")
                check_answer(larder.get(target, CREDENTIALS), 200, bodies[1], f"last, {case}")


def test_a_fill_that_ends_after_a_purge_leaves_nothing(stage):
    larder = stage.larder()
    target, uid = sized_target(5_000, "after"), sized_uid(5_000, "after")
    stage.sandbox.hold("old", host="delivery", times=1)
    with larder.connect() as early:
        ask(early, target, CREDENTIALS)
        stage.sandbox.wait_held("old")
        purge(larder, "url", target)
        stage.sandbox.publish("sized", uid)
        stage.sandbox.release("old")
        early.read_response()
    check_equal(metric(larder, "store_objects"), 0, "objects stored")
    with costs(stage, delivery=1):
        check_answer(larder.get(target, CREDENTIALS), 200, sized_body(5_000, uid, version=2))


def test_a_copy_that_waits_for_its_commit_is_purged(stage):
    larder = stage.larder(cache={"commit_interval": "5s"})
    larder.get(ENTRY, CREDENTIALS)
    wait_stored(larder)  # the next commit waits for its interval
    target, uid = sized_target(5_000, "pending"), sized_uid(5_000, "pending")
    for version in (1, 2, 3):
        check_answer(larder.get(target, CREDENTIALS), 200, sized_body(5_000, uid, version=version))
        stage.sandbox.publish("sized", uid)
        purge(larder, "url", target)


def test_a_purged_object_does_not_stand_in_for_a_failed_origin(stage):
    larder = stage.larder(ttl={"entry": {"fresh": "0s", "stale_while_revalidate": "0s"}})
    larder.get(ENTRY, CREDENTIALS)
    wait_stored(larder)
    stage.sandbox.hold("fail", host="delivery", times=1, status=500)
    with larder.connect() as client:
        ask(client, ENTRY, CREDENTIALS)
        stage.sandbox.wait_held("fail")
        purge(larder, "all")
        stage.sandbox.release("fail")
        response = client.read_response()
    # It asked before the purge, but the object is gone.
    check(response.status >= 500, f"a purged object stands in: {response}")


# --- Crashes ---------------------------------------------------------------------------------------

def test_a_purge_outlives_a_crash(stage):
    larder = stage.larder()
    kept = entry_target("bltaaaa1111", "staging")
    staging = credentials(environment="staging")
    for way in (["url", ENTRY], ["scope", "--environment", "production"], ["all"]) * scaled(3, 1):
        check_answer(larder.get(ENTRY, CREDENTIALS), 200)
        expected = larder.get(kept, staging).body
        wait_stored(larder, 2)
        purge(larder, *way)
        larder.kill()
        stage.sandbox.down()
        larder.start()
        response = larder.get(ENTRY, CREDENTIALS)
        check_equal(response.status, 502, f"after purge {way}, a crash and no origin: {response}")
        if way != ["all"]:
            check_answer(larder.get(kept, staging), 200, expected, f"other scope, purge {way}")
        stage.sandbox.up()


if __name__ == "__main__":
    harness.main(globals())
