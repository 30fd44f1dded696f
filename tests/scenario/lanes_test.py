#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The lanes to an origin host: refreshes never stand in a visitor's way."""

import json
import time

import harness
from harness import check, check_equal, wait_until
from scenario_lib import (SANITIZED, cache_status, check_answer, metric, scaled, wait_metric,
                          wait_stored)

CREDENTIALS = harness.credentials()
# Refreshes start as on a host that is well, though the tests hold it for long.
PATIENT = {"stale_after": "1h", "silence_to_open": "1h"}
STALE_AT_ONCE = {"entry": {"fresh": "1s", "stale_while_revalidate": "1h", "stale_if_error": "1h"}}
ORIGIN_S = 1.0
REFRESHES = scaled(200, 60)
PLACES = 32  # upstream.max_connections_per_host, as it is by default


def target(number):
    return harness.sized_target(1000, f"r{number}")


def host_status(larder, use="delivery"):
    return [host for host in json.loads(larder.ctl("status")[1])["hosts"] if host["for"] == use]


def fill(larder, count):
    with larder.connect() as connection:
        for number in range(count):
            check_answer(connection.request(target(number), CREDENTIALS), 200)
    wait_stored(larder, count)


def refresh_all(larder, count):
    """Until each object had a stale hit, which asks for its refresh."""
    before = metric(larder, "fills_refresh")
    with larder.connect() as connection:
        for number in range(count):
            wait_until(lambda n=number: "stale" in cache_status(connection.request(target(n), CREDENTIALS)), "a stale hit")
    wait_metric(larder, "fills_refresh", before + count)


def timed(larder, what, number):
    began = time.monotonic()
    check_answer(larder.get(target(number), CREDENTIALS), 200)
    took = time.monotonic() - began
    print(f"        {what}: {took:.3f} s, {took / ORIGIN_S:.2f} of the origin's own {ORIGIN_S} s")
    return took


def test_200_queued_refreshes_on_a_slow_origin_do_not_delay_a_miss(stage):
    larder = stage.larder(ttl=STALE_AT_ONCE, upstream=PATIENT)
    fill(larder, REFRESHES)
    stage.sandbox.fault(host="delivery", delay_ms=int(ORIGIN_S * 1000))
    alone = timed(larder, "a miss with nothing else under way", 10_000)
    refresh_all(larder, REFRESHES)
    queued = metric(larder, "transfers_queued__delivery")
    running = metric(larder, "transfers_running__delivery")
    print(f"        refreshes running {running}, queued {queued}")
    check(running <= PLACES // 4, f"{running} refreshes take more than a quarter of {PLACES} places")
    check(queued >= REFRESHES // 2, f"only {queued} refreshes are queued: the test shows nothing")
    times = [timed(larder, "a miss behind the refreshes", 20_000 + number) for number in range(3)]
    check(metric(larder, "transfers_queued__delivery") > 0, "the queue was empty before the end")
    # Behind a round of refreshes it would take twice the origin's time, in one queue with them many times.
    usual = sorted(times)[1]
    check(usual <= 1.2 * max(ORIGIN_S, alone) or SANITIZED,
          f"misses took {times} s with {queued} refreshes queued, {alone:.3f} s alone")


def test_a_refresh_beyond_its_queue_is_dropped_and_no_visitor_is_refused(stage):
    larder = stage.larder(ttl=STALE_AT_ONCE, upstream=PATIENT | {"max_connections_per_host": 4, "max_queue_per_host": 4})
    fill(larder, 20)
    stage.sandbox.hold("origin", host="delivery")
    refresh_all(larder, 20)
    # One runs, four wait, the others are dropped.
    wait_metric(larder, "refreshes_dropped", 20 - 1 - 4)
    check_equal(metric(larder, "transfers_running__delivery"), 1, "refreshes that run")
    check_equal(metric(larder, "transfers_queued__delivery"), 4, "refreshes that wait")
    with larder.connect() as visitor:
        visitor.send(harness.format_request(target(500), CREDENTIALS))
        stage.sandbox.wait_held("origin", 2)
        stage.sandbox.release("origin")
        check_answer(visitor.read_response(), 200, what="a visitor's miss beside a full queue of refreshes")
    check_equal(metric(larder, "transfers_refused"), 0, "visitors refused")
    # A dropped refresh is asked for again, by a stale hit a second later.
    before = metric(larder, "fills_refresh")

    def asked_again():
        check_answer(larder.get(target(19), CREDENTIALS), 200)
        return metric(larder, "fills_refresh") > before
    wait_until(asked_again, "another refresh")


def test_a_visitor_who_waits_for_a_queued_refresh_takes_it_along(stage):
    # Stale answers end some seconds after the store: then a visitor waits for what was a mere refresh.
    larder = stage.larder(ttl={"entry": {"fresh": "1s", "stale_while_revalidate": "5s", "stale_if_error": "0s"}},
                          upstream=PATIENT | {"max_connections_per_host": 4, "queue_wait": "1h"})
    fill(larder, 6)
    stage.sandbox.hold("origin", host="delivery")
    refresh_all(larder, 6)
    wait_until(lambda: host_status(larder)[0]["queued"]["refresh"] == 5, lambda: f"5 queued: {host_status(larder)}")
    visitor = larder.connect()
    # Asks until the object is too old to be used: then the visitor waits, and the refresh runs.
    def waits():
        visitor.send(harness.format_request(target(5), CREDENTIALS))
        wait_until(lambda: readable(visitor) or stage.sandbox.held("origin") == 2, "an answer or a held request")
        if not readable(visitor):
            return True
        check("larder; hit" in cache_status(visitor.read_response()), "a hit until the object is too old")
        return False
    wait_until(waits, "a visitor who waits")
    newest = stage.sandbox.requests("delivery")[-1]["target"]
    check("r5" in newest, f"another request was started: {newest}")
    check_equal(metric(larder, "fills_joined"), 1, "requests that joined")
    stage.sandbox.release("origin")
    check_answer(visitor.read_response(), 200, what="the promoted refresh")
    visitor.close()


def readable(connection):
    import select
    return bool(connection.buffer) or bool(select.select([connection.socket], [], [], 0)[0])


def test_status_shows_lanes_and_health_of_each_host(stage):
    larder = stage.larder()
    check_answer(larder.get(target(1), CREDENTIALS), 200)
    wait_until(lambda: any(host["successes"] == 1 for host in host_status(larder)), "a success is shown")
    stage.sandbox.fault(host="delivery", status=503)
    for number in (2, 3):
        larder.get(target(number), CREDENTIALS)
    wait_until(lambda: any(host["consecutive_failures"] == 2 for host in host_status(larder)), "failures are shown")
    failing = next(host for host in host_status(larder) if host["failures"])
    check_equal(failing["name"], f"http://{stage.sandbox.delivery}", "name")
    check_equal(failing["running"], {"preview": 0, "visitor": 0, "pass": 0, "renewal": 0, "refresh": 0}, "running")
    check("503" in failing["last_error"]["text"], f"last error: {failing}")
    stage.sandbox.clear_faults()
    stage.sandbox.down("delivery")
    larder.get(target(4), CREDENTIALS)
    wait_until(lambda: any("origin " in (host["last_error"] or {"text": ""})["text"] for host in host_status(larder)),
               lambda: f"the connection's failure is shown: {host_status(larder)}")
    stage.sandbox.up("delivery")
    check_answer(larder.get(target(5), CREDENTIALS), 200)
    wait_until(lambda: any(host["consecutive_failures"] == 0 and "well_for_s" in host and host["failures"] >= 3
                           for host in host_status(larder)), lambda: f"it is well again: {host_status(larder)}")
    check_answer(larder.get("/v3/content_types/blog/entries/bltaaaa1111?environment=production",
                            harness.preview_credentials()), 200)
    wait_until(lambda: any(host["successes"] == 1 for host in host_status(larder, "preview")),
               "previews have a host of their own")


if __name__ == "__main__":
    harness.main(globals())
