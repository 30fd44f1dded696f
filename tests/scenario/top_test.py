#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""larderctl top: what is asked for most, missed most, largest and slowest, by URL and by scope, of samples; bounded,
and without tokens."""

import json

import harness
from harness import STACK_A, STACK_B, check, check_equal, credentials, wait_until
from scenario_lib import entry_target, wait_stored

HOT = entry_target()
SLOW = harness.sized_target(900, "slow")
LARGE = harness.sized_target(300_000)
PLACE = f"{STACK_A.api_key}/production/main"


def top(larder, *arguments):
    code, output = larder.ctl("top", "--json", *arguments)
    check_equal(code, 0, f"exit status of top {arguments}: {output}")
    check(all(secret not in output for secret in harness.SECRETS), f"a token in {output}")
    return json.loads(output)


def urls(larder, *arguments):
    return [(row["url"], row["scope"]) for row in top(larder, *arguments)["urls"]]


def test_what_is_hot_missed_large_and_slow_by_url_and_scope(stage):
    larder = stage.larder()
    larder.get(HOT, credentials())
    wait_stored(larder)
    for _ in range(20):
        check_equal(larder.get(HOT, credentials()).status, 200, "a hit")
    larder.get(LARGE, credentials())
    for number in range(3):
        larder.get(f"/v3/assets/none{number}?environment=production", credentials(stack=STACK_B))
    rule = stage.sandbox.hold("slow", match="_slow")
    with larder.connect() as connection:
        connection.send(harness.format_request(SLOW, credentials(), "GET", connection.address))
        stage.sandbox.wait_held("slow")
        wait_until(lambda: urls(larder)[:1] == [(HOT, PLACE)], "the hottest URL comes first")
        stage.sandbox.release("slow")
        check_equal(connection.read_response("GET").status, 200, "the slow one")
    check(rule is not None, "a rule of the sandbox")
    wait_until(lambda: (SLOW, PLACE) in urls(larder, "--by", "misses"), "the slow one is counted")
    check_equal(urls(larder, "--by", "bytes", "--limit", "1"), [(LARGE, PLACE)], "the largest")
    scopes = {row["scope"]: row for row in top(larder)["scopes"]}
    check(scopes[PLACE]["samples"] > 20, f"by scope: {scopes}")
    check_equal(scopes[f"{STACK_B.api_key}/production/main"]["missed"], 3, f"misses by scope: {scopes}")
    code, output = larder.ctl("top", "--text")
    check(code == 0 and f"{HOT}  {PLACE}" in output, f"as text: {output}")


def test_tokens_in_a_url_do_not_show(stage):
    larder = stage.larder()
    token = STACK_A.scopes[0][1][0]
    larder.get(f"{HOT}&access_token={token}", [("api_key", STACK_A.api_key)])
    wait_until(lambda: urls(larder), "it is counted")
    top(larder)


def test_its_memory_is_bounded_and_it_can_be_off(stage):
    larder = stage.larder(admin={"top": 5})
    for number in range(50):
        larder.get(f"/v3/assets/none{number}?environment=production", credentials())
    wait_until(lambda: top(larder)["samples"] == 50, lambda: f"all are counted: {top(larder)['samples']}")
    check_equal(len(top(larder, "--limit", "1000")["urls"]), 5, "rows")
    larder.configure(admin={"top": 0})
    larder.restart()
    code, output = larder.ctl("top")
    check_equal(code, 1, f"exit status where it is off: {output}")
    check("admin.top is 0" in output, output)


def test_wrong_usage(stage):
    larder = stage.larder(start=False)
    for arguments, expected in ((("top",), 1), (("top", "--by", "all"), 2), (("top", "--limit", "0"), 2)):
        check_equal(larder.ctl(*arguments)[0], expected, f"exit status of {arguments}")


if __name__ == "__main__":
    harness.main(globals())
