#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The life of connections to an origin: those that died without a word, those that are too old, and
those that never come to be."""

import socket
import threading
import time

from bare_origin import CREDENTIALS, BareOrigin, forget, larder_before, target
import harness
from harness import TIME_FACTOR, check, check_equal, wait_until
from scenario_lib import Background, Herd, check_answer

BODY = b'{"entry":{"uid":"a"}}'


class Gate:
    """Holds answers back until it is opened."""

    def __init__(self):
        self.open = threading.Event()

    def __call__(self, _):
        self.open.wait(harness.DEADLINE_S)
        return BODY


def keep_connections(larder, origin, count):
    """Has `count` connections made, and kept."""
    gate, before = Gate(), origin.answer
    origin.answer = gate
    herds = [Herd(larder, 1, target(f"keep{number}"), CREDENTIALS) for number in range(count)]
    wait_until(lambda: origin.count()[1] == count, f"{count} requests at once")
    gate.open.set()
    for herd in herds:
        with herd:
            check_answer(herd.responses()[0], 200, BODY)
    origin.answer = before
    check_equal(origin.count(), (count, count), "connections and requests")


def test_connections_that_a_firewall_forgot_cost_one_short_wait(stage):
    origin = BareOrigin(stage)
    larder = larder_before(stage, f"http://{origin.address}")
    keep_connections(larder, origin, 9)
    origin.forget_all()
    times = []
    for number in range(9):
        started = time.monotonic()
        check_answer(larder.get(target(f"after{number}"), CREDENTIALS), 200, BODY, f"request {number}")
        times.append(time.monotonic() - started)
    # The first finds out after acknowledge_timeout, 1 s; the other connections are not tried then.
    check(times[0] < 3 * TIME_FACTOR and sum(times[1:]) < TIME_FACTOR, f"they took {times}")


def test_a_slow_answer_on_a_kept_connection_is_not_asked_for_twice(stage):
    gate = Gate()
    origin = BareOrigin(stage)
    larder = larder_before(stage, f"http://{origin.address}", upstream={"acknowledge_timeout": "100ms"})
    keep_connections(larder, origin, 1)
    origin.answer = gate
    with Herd(larder, 1, target("slow"), CREDENTIALS) as herd:
        wait_until(lambda: origin.count()[1] == 2, "the request is there")
        released = threading.Timer(1.5, gate.open.set)
        released.start()
        check_answer(herd.responses()[0], 200, BODY)
    check_equal(origin.count(), (1, 2), "connections and requests")


def test_a_request_that_was_not_answered_by_a_byte_goes_once_more(stage):
    endings = [True]
    origin = BareOrigin(stage, lambda _: None if endings and endings.pop() else BODY)
    larder = larder_before(stage, f"http://{origin.address}")
    check_answer(larder.get(target("one"), CREDENTIALS), 200, BODY, "a request whose connection ended")
    check_equal(origin.count(), (2, 2), "connections and requests")
    # A host that was not well before is not asked twice as often.
    origin.answer = lambda _: None
    for name, requests in (("two", 2), ("three", 1)):
        before = origin.count()[1]
        check_equal(larder.get(target(name), CREDENTIALS).status, 502, f"status of {name}")
        asked = origin.count()[1] - before
        check(asked <= requests, f"{asked} requests for {name}")


def test_idle_and_old_connections_end(stage):
    origin = BareOrigin(stage)
    larder = larder_before(stage, f"http://{origin.address}", upstream={"idle_connection": "1s"})
    check_answer(larder.get(target("one"), CREDENTIALS), 200, BODY)
    wait_until(lambda: len(origin.ended) == 1, "an idle connection ends")
    larder.reload(upstream={"idle_connection": "60s", "max_connection_age": "1s"})
    deadline = time.monotonic() + 2.5
    number = 0
    while time.monotonic() < deadline:
        check_answer(larder.get(target(f"t{number}"), CREDENTIALS), 200, BODY)
        number += 1
    made = origin.count()[0] - 1
    check(2 <= made < number or made == number < 3, f"{number} requests in 2.5 s went over {made} connections")


def all_end_in_time(larder, what, seconds):
    """20 cold keys at once: none waits for another."""
    times = []

    def ask(number):
        started = time.monotonic()
        status = larder.get(target(f"cold{number}"), CREDENTIALS).status
        check(status in (502, 503, 504), f"status {status} at an origin that {what}")
        times.append(time.monotonic() - started)
    with Background() as background:
        for number in range(20):
            background.start(ask, number)
    check_equal(len(times), 20, "requests that ended")
    check(max(times) < seconds, f"at an origin that {what} they took {sorted(times)}")


def test_handshakes_that_hang_do_not_wait_for_each_other(stage):
    for what, scheme, ignores in (("never completes TLS", "https", False), ("never accepts", "http", True)):
        listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        stage.stack.callback(listener.close)
        if ignores:
            forget(listener)
        base = f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"
        larder = larder_before(stage, base, upstream={"connect_timeout": "2s"})
        all_end_in_time(larder, what, 12 * TIME_FACTOR)  # 2 s on an idle machine; one behind the other, 40 s


if __name__ == "__main__":
    harness.main(globals())
