#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Starts that must fail say why, and starts that can go on do: limits, sockets and directories that
another larderd has, and a secret that is of no use."""

import os
import re
import resource
import signal
import socket

import harness
from harness import ENTRY, check, check_equal, wait_until
from scenario_lib import cache_status, check_answer, wait_stored

CREDENTIALS = harness.credentials()


def refused_start(larder, prefix=()):
    """The log of a start that ends with status 1."""
    larder.start(wait=False, command_prefix=prefix)
    check_equal(larder.process.wait(harness.DEADLINE_S), 1, "exit status of larderd")
    return larder.log()


def test_too_few_descriptors_are_named_with_the_least_that_is_needed(stage):
    larder = stage.larder(start=False)
    log = refused_start(larder, ("prlimit", "--nofile=64:64"))
    said = re.search(r"RLIMIT_NOFILE\) is 64, and larderd needs at least (\d+)", log)
    check(said, f"the log names the limit: {log}")
    least = said.group(1)
    larder.start(command_prefix=("prlimit", f"--nofile={least}:{least}"))
    check_answer(larder.get(ENTRY, CREDENTIALS), 200)


def test_a_busy_larderd_keeps_its_unix_socket(stage):
    path = stage.directory / "web.sock"
    listeners = {"listener": [{"address": f"unix:{path}"}, {"address": "127.0.0.1:0"}]}
    first = stage.larder(**listeners)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),
                                                resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    os.kill(first.process.pid, signal.SIGSTOP)
    waiting = []
    try:
        while True:  # until the backlog is full
            waiting.append(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            waiting[-1].setblocking(False)
            waiting[-1].connect(str(path))
    except BlockingIOError:
        pass
    try:
        log = refused_start(stage.larder(start=False, **listeners))
        check("another larderd uses it" in log, f"the log says who has the socket: {log}")
    finally:
        for one in waiting:
            one.close()
        os.kill(first.process.pid, signal.SIGCONT)

    def answers():
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(harness.DEADLINE_S)
            try:
                client.connect(str(path))
            except BlockingIOError:
                return False  # it has not emptied its backlog yet
            client.sendall(harness.format_request(ENTRY, CREDENTIALS))
            return client.recv(12).startswith(b"HTTP/1.1 200")
    wait_until(answers, "the first larderd answers on its socket")


def test_two_never_have_one_cache_directory(stage):
    first = stage.larder()
    for path in first.cache_directory.iterdir():
        path.unlink()
    second = stage.larder(start=False, cache={"path": str(first.cache_directory)})
    check("another larderd uses it" in refused_start(second), "the second is refused")
    check_answer(first.get(ENTRY, CREDENTIALS), 200)


def test_a_secret_that_is_of_no_use_makes_a_cold_start(stage):
    larder = stage.larder()
    check_answer(larder.get(ENTRY, CREDENTIALS), 200)
    wait_stored(larder)
    secret = larder.cache_directory / "secret"
    for bad in (b"", b"short"):
        larder.stop()
        secret.write_bytes(bad)
        larder.start()
        check_answer(larder.get(ENTRY, CREDENTIALS), 200)
        wait_stored(larder)
        check("secret is of no use" in larder.log(), "the log says so")
    larder.stop()
    secret.chmod(0o644)
    larder.start()
    check("larder; hit" in cache_status(larder.get(ENTRY, CREDENTIALS)), "wrong modes cost nothing")


if __name__ == "__main__":
    harness.main(globals())
