#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""larderctl stats and hosts: figures of an interval, live on a terminal, and what is known of the origins."""

import contextlib
import json
import os
import pty
import select
import signal
import subprocess

import harness
from harness import check, check_equal, credentials, wait_until
from scenario_lib import Background, entry_target, wait_stored


@contextlib.contextmanager
def asked_all_the_time(larder, target=None):
    """Somebody asks while the block runs."""
    with Background() as visitors:
        def visit():
            while not visitors.stopping.wait(0.01):
                larder.get(target or entry_target(), credentials())
        visitors.start(visit)
        yield


@contextlib.contextmanager
def on_terminal(larder, *arguments):
    """(process, read): larderctl on a terminal of its own; read() gives all that it has written."""
    near, far = pty.openpty()
    process = subprocess.Popen([harness.program("LARDERCTL"), "--socket", str(larder.socket_path), *arguments],
                               stdin=far, stdout=far, stderr=far, start_new_session=True)
    os.close(far)
    text = ""

    def read():
        nonlocal text
        while select.select([near], [], [], 0)[0]:
            try:
                text += os.read(near, 65536).decode()
            except OSError:  # it has ended
                break
        return text
    try:
        yield process, read
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        os.close(near)


def test_one_sample_is_json_for_programs_and_text_where_it_is_wanted(stage):
    larder = stage.larder()
    larder.get(entry_target(), credentials())
    wait_stored(larder)
    with asked_all_the_time(larder):
        code, output = larder.ctl("stats", "--interval", "0.5")
        check_equal(code, 0, f"exit status: {output}")
        figures = json.loads(output)
        check(figures["requests_per_s"] > 5, f"requests a second: {figures}")
        check_equal(figures["hit_rate"], 1, f"hit rate: {figures}")
        check(0 < figures["from_store"]["p50_us"] < 1_000_000, f"median: {figures}")
        check(figures["memory_bytes"] > 1_000_000 and figures["objects"] == 1, f"memory and objects: {figures}")
        check_equal([host["state"] for host in figures["hosts"]], ["closed"], "hosts")
        code, output = larder.ctl("stats", "--text", "--interval", "0.2", "--times", "2")
        check_equal((code, output.count("hit rate      100 %")), (0, 2), f"two samples as text: {output}")
    check(all(secret not in output for secret in harness.SECRETS), "a token in the figures")


def test_it_is_live_on_a_terminal_and_says_when_larderd_is_gone(stage):
    larder = stage.larder()
    with asked_all_the_time(larder) as _, on_terminal(larder, "stats", "--interval", "0.2") as (process, read):
        wait_until(lambda: read().count("requests/s") >= 3, lambda: f"it goes on: {read()!r}")
        check("\x1b[H" in read(), "it writes over what was there")
    with on_terminal(larder, "stats", "--interval", "0.2") as (process, read):
        wait_until(lambda: "requests/s" in read(), lambda: f"it has begun: {read()!r}")
        larder.stop()
        wait_until(lambda: "NO ANSWER, the figures are" in read(), lambda: f"it says so: {read()!r}")
        larder.start()
        seen = len(read())
        wait_until(lambda: "requests/s" in read()[seen:].rpartition("NO ANSWER")[2], lambda: f"it goes on: {read()[seen:]!r}")
        check(process.poll() is None, "it has ended")
        process.send_signal(signal.SIGINT)
        check_equal(process.wait(harness.DEADLINE_S), -signal.SIGINT, "how Ctrl-C ends it")


def test_hosts_says_which_origin_fails_why_and_when_it_is_asked_again(stage):
    larder = stage.larder(upstream={"failures_to_open": 2, "connect_timeout": "500ms"})
    check_equal(larder.ctl("hosts", "--text"), (0, "none was asked yet\n"), "before anything was asked")
    larder.get(entry_target(), credentials())
    wait_until(lambda: f"http://{stage.sandbox.delivery}, delivery\n  health        well\n" in
               larder.ctl("hosts", "--text")[1], "it is well")
    stage.sandbox.down()
    with asked_all_the_time(larder, "/v3/assets/bltnone"):
        wait_until(lambda: "health        open" in larder.ctl("hosts", "--text")[1], "the host is open")
        def probe_is_due():
            output = larder.ctl("hosts", "--text")[1]
            return output if "next probe    in" in output else None
        output = wait_until(probe_is_due, "the next probe is told")
        for text in ("failing for", "failures in a row", "last error", "Couldn't connect to server", "failures by   connect"):
            check(text in output, f"{text!r} in {output}")
        code, output = larder.ctl("hosts")
        check_equal((code, [host["for"] for host in json.loads(output)]), (0, ["delivery"]), "as JSON")
        stage.sandbox.up()
        wait_until(lambda: "health        well" in larder.ctl("hosts", "--text")[1], "it is well again")


def test_without_a_larderd_and_with_wrong_usage_they_end_as_the_others_do(stage):
    larder = stage.larder(start=False)
    for arguments, expected in ((("stats",), 1), (("hosts",), 1), (("stats", "--interval", "0"), 2),
                                (("stats", "--json", "--text"), 2), (("hosts", "more"), 2)):
        code, output = larder.ctl(*arguments)
        check_equal(code, expected, f"exit status of {arguments}: {output}")
        check(output, f"{arguments} says nothing")
    for command in ("stats", "hosts"):
        code, output = larder.ctl(command, "--help")
        check(code == 0 and f"larderctl {command}" in output and "Examples:" in output, f"help: {output}")


if __name__ == "__main__":
    harness.main(globals())
