#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The audit: fresh answers are compared with the origin's, so that a dead webhook shows. What
differs is replaced, and counts unless its event comes soon after."""

import harness
from harness import check, check_equal, credentials, sized_body, sized_target, sized_uid, wait_until
from scenario_lib import check_answer, is_fresh_hit, metric, wait_stored

CREDENTIALS = credentials()
SIZE = 1_000
NAMES = [f"audited{number}" for number in range(4)]


def body_of(name, version):
    return sized_body(SIZE, sized_uid(SIZE, name), version=version)


def audited_larder(stage, per_minute=600):
    larder = stage.larder(ttl={"entry": {"fresh": "1h"}}, audit={"per_minute": per_minute})
    for name in NAMES:
        check_answer(larder.get(sized_target(SIZE, name), CREDENTIALS), 200, body_of(name, 1))
    wait_stored(larder, len(NAMES))
    return larder


def publish_unheard(stage, larder, name):
    """A publish without an event; returns when the audit has found and replaced it."""
    stage.sandbox.publish("sized", sized_uid(SIZE, name))

    def replaced():
        answer = larder.get(sized_target(SIZE, name), CREDENTIALS)
        check(is_fresh_hit(answer), f"the audit took a fresh answer away: {answer!r}")
        return answer.decoded == body_of(name, 2)
    wait_until(replaced, "the audit has replaced what differs")


def test_what_no_event_told_of_is_counted_and_told_and_what_one_did_is_not(stage):
    larder = audited_larder(stage)
    told, missed = NAMES[:2]
    publish_unheard(stage, larder, told)
    check_equal(larder.ctl("purge", "entry", "sized", sized_uid(SIZE, told))[0], 0, "the late purge")
    publish_unheard(stage, larder, missed)
    wait_until(lambda: metric(larder, "audit_differing") >= 1, "it is counted", timeout_s=120)
    check_equal(larder.status()["audit"]["differing"], 1, "differing in the status")
    check(metric(larder, "audit_checked") > 10, "hardly anything was compared")
    check_equal(metric(larder, "audit_failed"), 0, "failed")
    warnings = [line for line in larder.log().splitlines() if " audit: " in line]
    check_equal(len(warnings), 1, f"warnings: {warnings}")
    check(sized_uid(SIZE, missed) in warnings[0] and "webhooks or sync may be dead" in warnings[0],
          f"the warning: {warnings[0]}")
    larder.check_nothing_on_disk([dict(CREDENTIALS)["access_token"]])


def test_an_origin_that_fails_leaves_what_is_fresh_alone(stage):
    larder = audited_larder(stage)
    stage.sandbox.fault(host="delivery", status=500)
    wait_until(lambda: metric(larder, "audit_failed") >= 2, "comparisons fail")
    for name in NAMES:
        answer = larder.get(sized_target(SIZE, name), CREDENTIALS)
        check(is_fresh_hit(answer) and answer.decoded == body_of(name, 1), f"it is {answer!r}")
    check_equal(metric(larder, "audit_differing"), 0, "differing")


def test_without_the_setting_nothing_is_asked(stage):
    larder = audited_larder(stage, per_minute=0)
    before = stage.sandbox.counts("delivery")["requests"]
    sweeps = metric(larder, "audit_checked")
    for _ in range(20):
        for name in NAMES:
            check(is_fresh_hit(larder.get(sized_target(SIZE, name), CREDENTIALS)), "no hit")
    check_equal(stage.sandbox.counts("delivery")["requests"], before, "requests at the origin")
    check_equal((sweeps, metric(larder, "audit_checked")), (0, 0), "checked")


if __name__ == "__main__":
    harness.main(globals())
