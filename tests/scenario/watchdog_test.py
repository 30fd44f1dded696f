#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What larderd tells the service manager: that it is ready, reloads, goes on and stops. The watchdog is fed
while every thread goes on, and never again once one hangs."""

import os
import signal
import socket
import subprocess
import threading
import time

import harness
from harness import ENTRY, check, check_equal, wait_until
from machine_trouble_test import preloading
from scenario_lib import SANITIZED, check_answer, wait_stored

CREDENTIALS = harness.credentials()
INTERVAL_S = 2 * harness.TIME_FACTOR
THREADS = {"worker": "worker ", "origin": "fetch", "writer": "writer"}  # its name, and as the log has it


class Notices:
    """Every datagram that comes to NOTIFY_SOCKET: (when, {NAME: value})."""

    def __init__(self, stage, name="notify.sock"):
        self.path = f"{stage.directory}/{name}"
        self.receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.receiver.bind(self.path)
        self.seen = []
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            text, extra, _, _ = self.receiver.recvmsg(4096, socket.CMSG_SPACE(256 * 4))
            for _, _, numbers in extra:
                for number in memoryview(numbers).cast("i"):
                    os.close(number)
            fields = dict(line.split("=", 1) for line in text.decode().splitlines() if "=" in line)
            self.seen = self.seen + [(time.monotonic(), fields)]

    def having(self, name):
        return [(at, fields) for at, fields in self.seen if name in fields]

    def environment(self, base=None, **more):
        return {**(base or os.environ), "NOTIFY_SOCKET": self.path,
                "WATCHDOG_USEC": str(int(INTERVAL_S * 1_000_000)), **more}


def test_the_service_manager_hears_of_each_state(stage):
    notices = Notices(stage)
    larder = stage.larder(start=False, server={"drain_timeout": "40s"})
    larder.start(environment=notices.environment())
    wait_until(lambda: notices.having("READY"), "READY=1")
    check(not notices.having("WATCHDOG") or notices.having("WATCHDOG")[0][0] >= notices.having("READY")[0][0],
          "the watchdog is fed from the start's end on")
    wait_until(lambda: len(notices.having("WATCHDOG")) >= 3, "WATCHDOG=1 comes again and again")

    before_us = time.clock_gettime(time.CLOCK_MONOTONIC) * 1e6
    check_equal(larder.reload(server={"idle_timeout": "33s"})["result"], "applied", "result of the reload")
    wait_until(lambda: len(notices.having("READY")) == 2, "READY=1 after the reload")
    (reloading_at, reloading), = notices.having("RELOADING")
    check(before_us <= int(reloading["MONOTONIC_USEC"]) <= time.clock_gettime(time.CLOCK_MONOTONIC) * 1e6,
          f"MONOTONIC_USEC of the reload: {reloading}")
    check(reloading_at <= notices.having("READY")[1][0], "it is ready after it has reloaded")
    check_equal(larder.reload(text="nonsense = ")["result"], "failed", "result of a reload with mistakes")
    wait_until(lambda: len(notices.having("READY")) == 3, "READY=1 after a reload that failed")
    larder.write_config()

    larder.stop()
    (_, stopping), = notices.having("STOPPING")
    check(int(stopping["EXTEND_TIMEOUT_USEC"]) >= 40_000_000, f"time for the drain: {stopping}")
    for _, fields in notices.having("WATCHDOG"):
        check_equal(fields, {"WATCHDOG": "1"}, "a feeding says nothing else")


def test_nothing_is_fed_where_no_watchdog_is_wanted(stage):
    notices = Notices(stage)
    environment = notices.environment()
    for change in ({"WATCHDOG_USEC": None}, {"WATCHDOG_PID": "1"}):
        larder = stage.larder(start=False)
        own = {name: value for name, value in {**environment, **change}.items() if value is not None}
        larder.start(environment=own)
        larder.stop()
    check_equal(notices.having("WATCHDOG"), [], "feedings")


def test_the_watchdog_is_fed_during_a_long_drain(stage):
    notices = Notices(stage)
    larder = stage.larder(start=False, server={"drain_timeout": "300s"})
    larder.start(environment=notices.environment())
    stage.sandbox.hold("slow", host="delivery", match="cold=")
    with larder.connect() as client:
        client.send(harness.format_request(f"{ENTRY}&cold=1", CREDENTIALS))
        stage.sandbox.wait_held("slow")
        larder.process.send_signal(signal.SIGTERM)
        wait_until(lambda: notices.having("STOPPING"), "it stops")
        before = len(notices.having("WATCHDOG"))
        wait_until(lambda: len(notices.having("WATCHDOG")) >= before + 6, "it is fed while it drains")
        stage.sandbox.release("slow")
        check_answer(client.read_response(), 200)
    check_equal(larder.process.wait(harness.DEADLINE_S), 0, "exit status")


def hang(stage, kind):
    order = stage.directory / "hang"
    notices = Notices(stage)
    larder = stage.larder(start=False, server={"workers": 3})
    larder.start(environment=notices.environment(preloading(stage, "hung_thread.c", LARDER_HANG=str(order))))
    check_answer(larder.get(ENTRY, CREDENTIALS), 200)
    wait_stored(larder)
    wait_until(lambda: len(notices.having("WATCHDOG")) >= 3, "it is fed while all is well")
    order.with_suffix(".new").write_text(kind)
    order.with_suffix(".new").rename(order)
    wait_until(lambda: f"ms of: {THREADS[kind]}" in larder.log(), "the log names the thread that hangs",
               timeout_s=INTERVAL_S * 3 + harness.DEADLINE_S)
    # From the middle of the interval on to its end and beyond: that is when a service manager acts.
    last = notices.having("WATCHDOG")[-1][0]
    wait_until(lambda: time.monotonic() > last + INTERVAL_S * 1.5, "the interval ends",
               timeout_s=INTERVAL_S * 2 + harness.DEADLINE_S)
    check_equal(notices.having("WATCHDOG")[-1][0], last, f"the last feeding, with a {kind} that hangs")
    others = [name for own, name in THREADS.items() if own != kind]
    check(not any(f"ms of: {name}" in larder.log() for name in others), f"only one hangs: {larder.log()}")
    larder.process.send_signal(signal.SIGABRT)  # as systemd does
    check_equal(larder.process.wait(harness.DEADLINE_S), -signal.SIGABRT, "exit status")


def test_a_hung_worker_stops_the_feeding(stage):
    hang(stage, "worker")


def test_a_hung_fetch_thread_stops_the_feeding(stage):
    hang(stage, "origin")


def test_a_hung_writer_stops_the_feeding(stage):
    hang(stage, "writer")


if __name__ == "__main__":
    if SANITIZED:  # their run-time libraries have calls of these names
        for name in [name for name in globals() if name.startswith("test_a_hung_")]:
            del globals()[name]
    harness.main(globals())
