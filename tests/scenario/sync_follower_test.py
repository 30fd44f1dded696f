#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Following the Sync API: what changes in the CMS is purged without any webhook, and nothing is skipped
by outages, restarts and crashes. After each, everything that is cached is what the origin says."""

import random
import time

import harness
from change_purge_test import Fleet, change_something, entry, target
from harness import check, check_equal, credentials, wait_until
from scenario_lib import cache_status, check_answer, is_fresh_hit, wait_stored

SYNC = "/v3/stacks/sync"
KINDS = ("entry", "list", "asset", "content_type", "taxonomy", "negative")
LONG = {kind: {"fresh": "1h"} for kind in KINDS}


def stacks(stage, branches=("main", "develop"), **more):
    """Stack A, of which production is followed."""
    stack = harness.stack_config(harness.STACK_A, stage.sandbox)
    scope = {**stack["scope"][0], "branches": list(branches), "aliases": [], "sync": True,
             "sync_interval": "100ms", **more}
    return [{**stack, "scope": [scope, *stack["scope"][1:]]}]


def feeds(larder):
    return {feed["branch"]: feed for feed in larder.status()["sync"]}


def wait_followed(larder, count=2):
    """Until each feed is up to date."""
    wait_until(lambda: sum(feed["complete_ago_ms"] is not None
                           for feed in feeds(larder).values()) == count,
               lambda: f"{count} feeds are up to date: {feeds(larder)}")


def wait_polled(larder, polls=5):
    """Until each feed has been told several times that there is nothing more: the first of these
    questions may be older than the last event, and others are about content types."""
    before = feeds(larder)

    def polled():
        now = feeds(larder)
        return all(now[branch]["unchanged"] >= feed["unchanged"] + polls and not now[branch]["trouble"]
                   for branch, feed in before.items())
    wait_until(polled, lambda: f"every feed is polled: {feeds(larder)}")


def judge(fleet, what):
    """Once what a purge lets be served for a moment more is over. Only a 200 opens a scope, and the
    first answer that is asked for may be none."""
    for branch in {branch for branch, _ in fleet.asked}:
        check_answer(fleet.larder.get(target("/content_types"), credentials(branch=branch)), 200)
    for branch, one in fleet.asked:
        wait_until(lambda: "detail=stale" not in cache_status(
            fleet.larder.get(one, credentials(branch=branch))), f"{one} is fresh after {what}")
    return fleet.judge(what)[0]


def sync_requests(stage, text=SYNC):
    return [one for one in stage.sandbox.requests("delivery") if text in one["target"]]


def test_what_is_published_unpublished_and_deleted_is_seen_after_the_next_poll(stage):
    larder = stage.larder(ttl=LONG, stack=stacks(stage))
    wait_followed(larder)
    fleet = Fleet(stage, larder)
    fleet.judge("the start")
    random_ = random.Random(3)
    state = {"n": 0}
    for _ in range(6):
        _, kind = change_something(stage, random_, state)
        wait_polled(larder)
        judge(fleet, kind)
    stage.sandbox.delete("blog", "bltaaaa1120", branch="develop")
    stage.sandbox.delete("sys_assets", "bltasset3")
    wait_polled(larder)
    changed = judge(fleet, "deletions")
    check(len(changed) > 4, f"the deletions have changed {changed}")
    check_equal(fleet.judge("nothing"), (set(), set()), "changed and thrown away without a change")


def test_an_edited_content_type_is_seen_though_sync_does_not_tell(stage):
    larder = stage.larder(ttl=LONG, stack=stacks(stage, ["main"]))
    wait_followed(larder, 1)
    fleet = Fleet(stage, larder)
    fleet.asked = [one for one in fleet.asked if one[0] == "main"]
    fleet.judge("the start")
    stage.sandbox.edit_schema("blog")
    before = feeds(larder)["main"]["purges"]
    wait_until(lambda: feeds(larder)["main"]["purges"] > before, "a purge")
    changed = judge(fleet, "an edited content type")
    check(changed, "nothing has changed")


def test_nothing_is_skipped_by_an_outage_and_a_crash_while_it_is_caught_up(stage):
    larder = stage.larder(ttl=LONG, stack=stacks(stage))
    wait_followed(larder)
    fleet = Fleet(stage, larder)
    fleet.judge("the start")
    wait_polled(larder)
    larder.kill()
    random_ = random.Random(5)
    state = {"n": 0}
    events = 0
    while events < 300:
        change_something(stage, random_, state)
        events += 1
    stage.sandbox.control("POST", "/requests/clear")
    # The first page is applied, and the second does not come.
    stage.sandbox.hold("second", match=SYNC, skip=2)
    larder.start()
    stage.sandbox.wait_held("second", 2)
    larder.kill()
    stage.sandbox.release("second")
    started = time.monotonic()
    larder.start()
    wait_followed(larder)
    took = time.monotonic() - started
    polls = len(sync_requests(stage))
    check_equal(sync_requests(stage, "init=true&start_from"), [], "synchronisations that begin anew")
    changed = judge(fleet, "an outage of 300 events and a crash")
    check(len(changed) > 50, f"only {len(changed)} have changed")
    check_equal(fleet.judge("nothing"), (set(), set()), "changed and thrown away without a change")
    print(f"outage: {events} events, {len(changed)} of {len(fleet.asked)} answers changed, 0 stale, "
          f"up to date {took * 1000:.0f} ms after the second start, {polls} sync requests")


def test_until_it_is_caught_up_what_is_stored_is_asked_for_anew_first(stage):
    one = entry("blog", "bltaaaa1111")
    for unknown_for in ("0s", "1h"):
        larder = stage.larder(ttl=LONG, stack=stacks(stage, ["main"]), purge={"unknown_for": unknown_for})
        wait_followed(larder, 1)
        check_answer(larder.get(one, credentials()), 200)
        wait_stored(larder)
        larder.stop()
        stage.sandbox.hold("poll", match=SYNC)
        larder.start()
        stage.sandbox.wait_held("poll")
        answer = larder.get(one, credentials())
        check_answer(answer, 200)
        check_equal(is_fresh_hit(answer), unknown_for == "1h", f"is a hit, unknown_for {unknown_for}")
        stage.sandbox.down()
        check_answer(larder.get(one, credentials()), 200, what="without an origin")
        stage.sandbox.up()
        larder.restart()
        stage.sandbox.release("poll")
        wait_followed(larder, 1)
        check(is_fresh_hit(larder.get(one, credentials())), "no hit once it is caught up")
        larder.stop()


def test_a_forgotten_position_takes_all_that_may_have_been_missed(stage):
    larder = stage.larder(ttl=LONG, stack=stacks(stage))
    wait_followed(larder)
    fleet = Fleet(stage, larder)
    fleet.judge("the start")
    # What happens now is in no delta of the positions to come.
    stage.sandbox.fault(match=SYNC, status=503)
    wait_until(lambda: all(feed["trouble"] for feed in feeds(larder).values()), "trouble")
    random_ = random.Random(7)
    state = {"n": 0}
    for _ in range(20):
        change_something(stage, random_, state)
    stage.sandbox.forget_sync()
    stage.sandbox.clear_faults()
    wait_until(lambda: all(feed["forgotten"] >= 1 and feed["trouble"] is None
                           for feed in feeds(larder).values()), lambda: f"{feeds(larder)}")
    wait_polled(larder)
    changed = judge(fleet, "a forgotten position")
    check(changed, "nothing has changed")


def test_sync_that_is_refused_by_429_waits_as_long_as_it_is_told(stage):
    larder = stage.larder(ttl=LONG, stack=stacks(stage, ["main"]))
    wait_followed(larder, 1)
    one = entry("blog", "bltaaaa1111")
    larder.get(one, credentials())
    wait_stored(larder)
    stage.sandbox.fault(match=SYNC, status=429, headers={"Retry-After": "2"}, times=1)
    wait_until(lambda: feeds(larder)["main"]["limited"] == 1, "a refused poll")
    stage.sandbox.control("POST", "/requests/clear")
    stage.sandbox.publish(fields={"title": "after the pause"})
    started = time.monotonic()
    # Visitors are not held by it.
    check_answer(larder.get(entry("blog", "bltaaaa1112"), credentials()), 200)
    wait_until(lambda: sync_requests(stage), "the next poll")
    check(time.monotonic() - started > 1, "asked again too soon")
    wait_until(lambda: "after the pause" in larder.get(one, credentials()).decoded.decode(),
               "the new version")


def test_hanging_sync_answers_delay_no_visitor_and_open_no_host(stage):
    larder = stage.larder(ttl=LONG, stack=stacks(stage, harness.BRANCHES + harness.ALIASES),
                          upstream={"silence_to_open": "200ms", "first_byte_timeout": "5s",
                                    "max_connections_per_host": 4})
    wait_followed(larder, 4)
    stage.sandbox.hold("sync", match=SYNC)
    stage.sandbox.wait_held("sync", 4)
    wait_until(lambda: all(feed["trouble"] for feed in feeds(larder).values()),
               lambda: f"the feeds are in trouble: {feeds(larder)}")
    worst = 0.0
    for number in range(1111, 1131):
        started = time.monotonic()
        response = larder.get(entry("blog", f"bltaaaa{number}"), credentials())
        worst = max(worst, time.monotonic() - started)
        check_answer(response, 200)
        check("fwd=miss" in cache_status(response), f"no miss: {response}")
    print(f"hanging: the slowest of 20 misses took {worst * 1000:.0f} ms")
    hosts = [host for host in larder.status()["hosts"] if host["for"] == "delivery"]
    check_equal([host["state"] for host in hosts], ["closed"], "state of the visitors' host")
    stage.sandbox.release("sync")
    wait_until(lambda: not any(feed["trouble"] for feed in feeds(larder).values()),
               lambda: f"the feeds go on: {feeds(larder)}")


def test_sync_begins_and_ends_with_a_reload_and_shows_no_token(stage):
    larder = stage.larder(ttl=LONG, stack=stacks(stage, ["main"], sync=False))
    check_equal(larder.status()["sync"], [], "feeds before")
    larder.reload(stack=stacks(stage))
    wait_followed(larder)
    targets = [one["target"] for one in sync_requests(stage)]
    check_equal(len(set(targets)), len(targets), "each poll asks another URL")
    metrics = larder.metrics()
    where = f'stack="{harness.STACK_A.api_key}",environment="production",branch="develop"'
    check(metrics[f"larder_sync_age_seconds{{{where}}}"] < 60, f"{metrics}")
    check(metrics[f'larder_sync_polls_total{{{where},result="changed"}}'] == 1, f"{metrics}")
    status, text = larder.ctl("status", "--text")
    check_equal(status, 0, "exit status")
    check("up to date" in text, text)
    for secret in harness.SECRETS:
        check(secret not in text and secret not in larder.log(), "a token is shown")
    larder.check_nothing_on_disk(harness.SECRETS)
    larder.reload(stack=stacks(stage, ["main"], sync=False))
    check_equal(larder.status()["sync"], [], "feeds after")


if __name__ == "__main__":
    harness.main(globals())
