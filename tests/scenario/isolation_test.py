#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""No byte of one scope in another's answer: sixteen scopes, every ordered pair, in five states; in
open mode, with configured stacks, and again with keys whose hash is cut to 4 bits (LARDERD_HASH4),
so that everything collides and the comparison alone must hold."""

import contextlib
import itertools
import os

import harness
from harness import STACK_B, check, check_equal, credentials, sized_target, wait_until
from scenario_lib import (cache_status, check_answer, check_api_error, costs, metric,
                          origin_requests, wait_stored)

UID = "bltaaaa1111"


class Scope:
    def __init__(self, stack, environment, branch):
        self.stack, self.environment, self.branch = stack, environment, branch
        self.headers = harness.credentials(stack, environment, branch)
        # The alias `live` answers as main does.
        self.marker = harness.marker(stack.letter, environment, "main" if branch == "live" else branch)
        self.name = f"{stack.letter}/{environment}/{branch}"

    def target(self, uid=UID):
        return f"/v3/content_types/blog/entries/{uid}?environment={self.environment}"


SCOPES = [Scope(stack, environment, branch)
          for stack in harness.STACKS for environment, _, _ in stack.scopes
          for branch in harness.BRANCHES + harness.ALIASES]
MARKERS = sorted({scope.marker for scope in SCOPES})
PAIRS = list(itertools.permutations(SCOPES, 2))


def check_own(scope, response, state):
    check_equal(response.status, 200, f"status in {scope.name}, {state}: {response}")
    text = response.decoded.decode()
    check(scope.marker in text, lambda: f"{scope.name}, {state}: not its own: {response}")
    for foreign in MARKERS:
        if foreign != scope.marker:
            check(foreign not in text, lambda f=foreign: f"{scope.name}, {state}: a byte of {f}: {response}")


TRACES = itertools.count()


def trace_headers():
    """Every other request has headers that larder does not read, with values of their own: the memo of
    header blocks is asked both for equal blocks and for such as differ in these alone."""
    number = next(TRACES)
    if number % 2 == 0:
        return []
    return [("traceparent", f"00-{number:032x}-{number:016x}-01"), ("x-request-id", "r" * (number % 7))]


def ask(connection, scope, state, uid=UID):
    response = connection.request(scope.target(uid), trace_headers() + scope.headers)
    check_own(scope, response, state)
    return response


def every_pair(larder, state, times=1):
    """A, then B, then A's ETag in B, for every ordered pair; each so many times, as larder takes
    short ways for what it has seen before. Returns the Cache-Status values seen."""
    seen = set()
    tags = {}
    with larder.connect() as connection:
        for first, second in PAIRS:
            for scope in [first] * times + [second] * times:
                response = ask(connection, scope, f"{state} after {first.name}")
                seen.add(cache_status(response).split(";")[1].strip())
                tags[scope.name] = response.header("ETag")
            if tags[first.name] is None:
                continue
            # A tag stands for the bytes alone: an alias has that of its branch, nobody else has.
            check_equal(tags[first.name] == tags[second.name], first.marker == second.marker,
                        f"{first.name} and {second.name} have the same ETag")
            if first.marker == second.marker:
                continue
            answer = connection.request(second.target(), second.headers + [("If-None-Match", tags[first.name])])
            check_own(second, answer, f"{state}, with the ETag of {first.name}")
    return seen


def in_flight_pairs(stage, larder):
    """While the origin holds A's answer, B asks for the same URL; then A is released."""
    for number, (first, second) in enumerate(PAIRS):
        uid = f"bltaaaa{1112 + number % 20}"
        larder_purge(larder)
        before = origin_requests(stage)
        stage.sandbox.hold("flight", host="delivery", times=2)
        with larder.connect() as one, larder.connect() as other:
            for connection, scope in ((one, first), (other, second)):
                connection.send(harness.format_request(scope.target(uid), scope.headers, "GET", connection.address))
            stage.sandbox.wait_held("flight", 2)
            stage.sandbox.release("flight")
            check_own(first, one.read_response(), f"in flight with {second.name}")
            check_own(second, other.read_response(), f"in flight with {first.name}")
        check_equal(origin_requests(stage) - before, 2, f"origin requests of {first.name} and {second.name}")


def larder_purge(larder):
    status, output = larder.ctl("purge", "all")
    check_equal(status, 0, f"purge all: {output}")


def five_states(stage, **changes):
    collides = bool(changes.pop("collides", False))
    larder = stage.larder(ttl={"entry": {"fresh": "1h", "stale_while_revalidate": "1h", "stale_if_error": "1h"}},
                          **changes)
    every_pair(larder, "warm", times=4)
    if not collides:
        wait_stored(larder, len(SCOPES))
        check_equal(every_pair(larder, "warm"), {"hit"}, "Cache-Status of warm pairs")
    larder.stop()
    larder.start()
    seen = every_pair(larder, "after restart")
    check(collides or seen == {"hit"}, f"after restart: {seen}")
    in_flight_pairs(stage, larder)

    larder.stop()
    larder.configure(ttl={"entry": {"fresh": "1s", "stale_while_revalidate": "1h", "stale_if_error": "1h"}})
    larder.start()
    larder_purge(larder)
    every_pair(larder, "before it is stale")
    if not collides:
        with larder.connect() as connection:
            wait_until(lambda: all("stale" in cache_status(ask(connection, scope, "ageing")) for scope in SCOPES[:1]),
                       "the first scope's answer is stale")
    every_pair(larder, "stale")
    stage.sandbox.down("delivery")
    with contextlib.ExitStack() as stack:
        stack.callback(stage.sandbox.up, "delivery")
        if not collides:
            every_pair(larder, "origin down")
            return
        with larder.connect() as connection:
            for scope in SCOPES:
                response = connection.request(scope.target(), scope.headers)
                if response.status == 200:
                    check_own(scope, response, "origin down")


def test_sixteen_configured_scopes(stage):
    check_equal(len(SCOPES), 16, "scopes")
    five_states(stage)


def test_sixteen_scopes_in_open_mode(stage):
    origin = {"delivery": f"http://{stage.sandbox.delivery}", "preview": f"http://{stage.sandbox.preview}"}
    five_states(stage, stack=None, open=origin)


def test_invented_scopes_empty_no_cache(stage):
    """Of one client with a public token: names that the origin does not know, and names that it does."""
    url = f"http://{stage.sandbox.delivery}"
    larder = stage.larder(stack=None, ttl={"entry": {"fresh": "1h"}},
                          open={"delivery": url, "preview": url, "max_scopes": 8, "miss_rate": 0})
    good = credentials()
    targets = [sized_target(300, f"kept{n}") for n in range(20)]
    for target in targets:
        check_answer(larder.get(target, good), 200)
    wait_stored(larder, len(targets))
    for invented in (lambda n: ("branch", f"invented{n}"), lambda n: ("environment", f"invented{n}")):
        with larder.connect() as client:
            for n in range(60):
                name = invented(n)
                target = targets[0] if name[0] == "branch" else targets[0].partition("?")[0]
                client.request(target, [field for field in good if field[0] != "branch"] + [name])
    stage.sandbox.fault(host="delivery", status=200, body={"entry": {"uid": "any"}}, times=60)
    with larder.connect() as client:
        for n in range(60):
            client.request(targets[0], [field for field in good if field[0] != "branch"]
                           + [("branch", f"answered{n}")])
    wait_stored(larder, len(targets))
    with costs(stage, what="what was stored before"):
        for target in targets:
            check_answer(larder.get(target, good), 200)


def test_the_misses_of_a_token_are_bounded_in_open_mode(stage):
    url = f"http://{stage.sandbox.delivery}"
    larder = stage.larder(stack=None, ttl={"entry": {"fresh": "1h"}},
                          open={"delivery": url, "preview": url, "miss_rate": 1, "miss_burst": 10})
    good, other = credentials(), credentials(STACK_B)
    answers = [larder.get(sized_target(300, f"miss{n}"), good + [("branch", "main")]) for n in range(40)]
    refused = [answer for answer in answers if answer.status == 429]
    check(20 <= len(refused) <= 30, f"{len(refused)} of 40 misses refused")
    for answer in refused:
        check_api_error(answer, 429, "a miss beyond the rate")
        check_equal(answer.header("Retry-After"), "1", "Retry-After")
    wait_stored(larder, 40 - len(refused))
    counted = [metric(larder, name) for name in ("over_miss_rate", "requests__refused", "requests__failed")]
    check_equal(counted, [len(refused), len(refused), 0], "refusals, and no failure of the origin")
    with costs(stage):
        check_answer(larder.get(sized_target(300, "miss0"), good), 200, what="a hit")
    check_answer(larder.get(sized_target(300, "other"), other), 200, what="a miss of another token")


def test_sixteen_scopes_when_every_key_collides(stage):
    program = os.environ.get("LARDERD_HASH4")
    if not program:
        print("skipped: LARDERD_HASH4 names no build with cut hashes")
        return
    normal = os.environ["LARDERD"]
    os.environ["LARDERD"] = program
    stage.stack.callback(os.environ.__setitem__, "LARDERD", normal)
    five_states(stage, collides=True)
    larder = stage.larders[-1]
    if larder.process.poll() is None:
        check(larder.metrics()["larder_store_collisions_total"] > 0, "no keys collided: is this the cut build?")


if __name__ == "__main__":
    harness.main(globals())
