#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A host that is slow, or says when to come again, and what is said of a host that fails. Outages are in
outage_test.py."""

import time

import harness
from harness import check, check_equal, wait_until
from outage_load import CREDENTIALS, FOR_ERRORS, KEYS, host_state, target, warm
from scenario_lib import Herd, cache_status, check_answer, metric, origin_requests, wait_metric

ENTRY = "/v3/content_types/blog/entries/bltaaaa1111?environment=production"


# --- Merely slow -----------------------------------------------------------------------------------

def test_who_waits_for_a_slow_origin_gets_the_stale_answer_and_the_fetch_goes_on(stage):
    larder = stage.larder(ttl=FOR_ERRORS, upstream={"stale_after": "500ms", "silence_to_open": "1h"})
    warm(larder)
    stage.sandbox.hold("slow", host="delivery")
    began = time.monotonic()
    response = larder.get(target(1), CREDENTIALS)
    took = time.monotonic() - began
    check_answer(response, 200)
    check("stale-if-error" in cache_status(response), f"a stale answer: {response}")
    check(0.4 < took < 5, f"it took {took} s")
    # By now the host is known to be slow: the next one does not wait at all, and asks for nothing more.
    before = origin_requests(stage)
    began = time.monotonic()
    check_answer(larder.get(target(1), CREDENTIALS), 200)
    check(time.monotonic() - began < 0.4, f"the second one waits: {time.monotonic() - began} s")
    check_equal(origin_requests(stage), before, "requests at the origin")
    stage.sandbox.release("slow")
    wait_until(lambda: "larder; hit; ttl=" in cache_status(larder.get(target(1), CREDENTIALS)),
               "the fetch went on and was stored")
    check_equal(host_state(larder)["opened"], 0, "a slow host that answers is not open")


# --- Held by 429 and Retry-After --------------------------------------------------------------------

def check_held(stage, status):
    larder = stage.larder(ttl=FOR_ERRORS)
    warm(larder)
    rule = stage.sandbox.fault(host="delivery", status=status, headers={"Retry-After": "30"}, hold="herd")
    joined = metric(larder, "fills_joined")
    with Herd(larder, 20, target(0, "cold"), CREDENTIALS) as herd:
        stage.sandbox.wait_held("herd")
        wait_metric(larder, "fills_joined", joined + 19)
        before = origin_requests(stage)
        stage.sandbox.release("herd", keep=True)
        for response in herd.responses():
            check_equal(response.status, status, f"the status that each of the herd is told: {response}")
            check_equal(response.header("Retry-After"), "30", "when each is told to come again")
    check_equal(origin_requests(stage), before, "requests at the origin: nobody tries again")
    for number in range(1, 41):
        response = larder.get(target(number, "cold"), CREDENTIALS)
        check_equal(response.status, 503, f"another cold key: {response}")
        check(20 <= int(response.header("Retry-After")) <= 30, f"Retry-After: {response}")
        check("rate-limited" in cache_status(response), f"Cache-Status: {response}")
        check_answer(larder.get(target(number % KEYS), CREDENTIALS), 200, what="a stale key")
    check_equal(origin_requests(stage), before, "requests at the origin while it is held")
    stage.sandbox.remove_fault(rule)


def test_a_429_holds_the_host_and_everyone_is_told_when_to_retry(stage):
    check_held(stage, 429)


def test_a_503_with_retry_after_holds_the_host_and_everyone_is_told(stage):
    check_held(stage, 503)


def test_the_operator_bounds_a_hold(stage):
    larder = stage.larder(upstream={"max_hold": "1s"})
    stage.sandbox.fault(host="delivery", status=429, headers={"Retry-After": "86400"}, times=1)
    check_equal(larder.get(target(1), CREDENTIALS).status, 429, "status")

    def over():
        response = larder.get(target(1), CREDENTIALS)
        check(response.status == 200 or response.header("Retry-After") == "1", f"held for a second: {response}")
        return response.status == 200
    wait_until(over, "the hold is over")


# --- Words -----------------------------------------------------------------------------------------

def test_failures_and_recovery_are_said_once_counted_and_shown(stage):
    larder = stage.larder()
    stage.sandbox.down("delivery")
    for number in range(12):
        response = larder.get(target(number), CREDENTIALS)
        expected = (502, "fwd=miss; detail=connect") if number < 5 else (503, "detail=host-open")
        check_equal(response.status, expected[0], f"status {number}: {response}")
        check_equal(cache_status(response), f"larder; {expected[1]}", f"Cache-Status {number}")
        check(response.header("Retry-After") or number < 5, f"Retry-After: {response}")
    wait_until(lambda: host_state(larder)["state"] != "closed", "the status shows it")
    shown = host_state(larder)
    check(shown["failures_by"]["connect"] >= 5, f"failures by cause: {shown}")
    labels = f'host="http://{stage.sandbox.delivery}",for="delivery"'
    check_equal(larder.metrics()[f"larder_host_up{{{labels}}}"], 0, "larder_host_up")
    check(larder.metrics()[f'larder_host_failures_total{{{labels},cause="connect"}}'] >= 5, "counted by cause")
    stage.sandbox.up("delivery")
    wait_until(lambda: larder.get(target(0), CREDENTIALS).status == 200, "it answers again")
    wait_until(lambda: host_state(larder)["state"] == "closed", "the status shows that too")
    check_equal(larder.metrics()[f"larder_host_up{{{labels}}}"], 1, "larder_host_up")
    lines = [line for line in larder.log().splitlines() if f"origin http://{stage.sandbox.delivery}" in line]
    check_equal(len(lines), 2, f"lines about the host: {lines}")
    check("warning" in lines[0] and "firewall" in lines[0], f"the first line: {lines[0]}")
    check("info" in lines[1] and "answers again after" in lines[1], f"the second line: {lines[1]}")


def test_a_failing_preview_host_is_said_and_leaves_deliveries_alone(stage):
    larder = stage.larder()
    stage.sandbox.down("preview")
    for number in range(8):
        response = larder.get(ENTRY, harness.preview_credentials())
        expected = (502, "fwd=bypass; detail=connect") if number < 5 else (503, "detail=host-open")
        check_equal((response.status, cache_status(response)), (expected[0], f"larder; {expected[1]}"), f"preview {number}")
    check_answer(larder.get(target(1), CREDENTIALS), 200, what="a delivery")
    wait_until(lambda: host_state(larder, "preview")["state"] != "closed", "the status shows it")
    lines = [line for line in larder.log().splitlines() if "warning preview: origin" in line]
    check_equal(len(lines), 1, f"lines: {lines}")


def test_a_name_that_has_no_address_is_said(stage):
    larder = stage.larder(stack=None, open={"delivery": "https://larder.invalid", "preview": "https://larder.invalid"})
    response = larder.get(ENTRY, CREDENTIALS)
    # Without any name server the look-up may take until connect_timeout.
    check((response.status, cache_status(response)) in ((502, "larder; fwd=miss; detail=dns"),
                                                        (504, "larder; fwd=miss; detail=timeout")), f"{response}")
    wait_until(lambda: "warning upstream: origin https://larder.invalid" in larder.log(), "it is said")


def test_what_can_never_be_stored_is_said_once(stage):
    larder = stage.larder()
    stage.sandbox.fault(host="delivery", headers={"Set-Cookie": "session=1"})
    for number in range(25):
        check_answer(larder.get(target(number), CREDENTIALS), 200)
    wait_until(lambda: "is stored" in larder.log(), "it is said")
    lines = [line for line in larder.log().splitlines() if "nothing of host" in line]
    check_equal(len(lines), 1, f"lines: {lines}")
    check("warning" in lines[0] and lines[0].endswith("Set-Cookie"), f"the line: {lines[0]}")


if __name__ == "__main__":
    harness.main(globals())
