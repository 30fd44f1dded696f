#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Clients that read late: larder reads no further ahead of them than a window, holds no more memory
than that, and goes on when they do. For previews, passes, and objects beyond the store's cap."""

import pathlib

import harness
from harness import (DRAFT_MARKER, check, check_equal, credentials, marker, preview_credentials,
                     sized_body, sized_target, sized_uid, wait_until)
from scenario_lib import SANITIZED, ask, scaled

MIB = 1 << 20
SIZE = 24 * MIB
DRAFT = f"{DRAFT_MARKER} {marker()} hash=hash123"
# Name -> (headers, marker in the body). All of these are streamed, and not kept.
WAYS = {
    "preview": (preview_credentials(), DRAFT),
    "pass": (credentials() + [("release_id", "release1")], marker()),
    "beyond the cap": (credentials(), marker()),
}


def streamed(name, way):
    """(target, headers, body)"""
    headers, text = WAYS[way]
    uid = sized_uid(SIZE, name)
    target = sized_target(SIZE, name)
    return target, headers, sized_body(SIZE, uid, text)


def wait_until_nothing_moves(larder):
    """The bytes sent have been the same at ten looks in a row."""
    last = [None, 0]

    def still():
        sent = larder.metrics()["larder_sent_bytes_total"]
        last[1] = last[1] + 1 if sent == last[0] else 0
        last[0] = sent
        return last[1] >= 10
    wait_until(still, "all clients are full")


def resident_bytes(larder):
    status = pathlib.Path(f"/proc/{larder.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) * 1024


def test_a_client_that_reads_late_gets_the_rest(stage):
    larder = stage.larder()
    for framing in ({}, {"chunked": True}):
        stage.sandbox.clear_faults()
        stage.sandbox.fault(**framing)
        for way in WAYS:
            target, headers, body = streamed(f"late{len(framing)}", way)
            with larder.connect() as client:
                ask(client, target, headers)
                client.need(10_000, f"the beginning, {way}")
                wait_until_nothing_moves(larder)
                check_equal(client.read_response().body, body, f"all that was read late, {way} {framing}")


def test_clients_that_read_late_take_no_memory(stage):
    clients = scaled(12, 3)
    for way in WAYS:
        larder = stage.larder()
        connections = [larder.connect() for _ in range(clients)]
        before = resident_bytes(larder)
        for index, client in enumerate(connections):
            ask(client, sized_target(SIZE, f"slow{index}"), WAYS[way][0])
        for client in connections:
            client.need(10_000, f"the beginning, {way}")
        wait_until_nothing_moves(larder)
        grown = resident_bytes(larder) - before
        # A window of 256 KiB each, and as much on its way to and from sockets. A sanitizer keeps
        # what was freed.
        check(grown < (clients + 6) * MIB or SANITIZED,
              f"{clients} clients that read late grew the memory by {grown} bytes, {way}")
        for client in connections:
            client.reset()
        larder.stop()


if __name__ == "__main__":
    harness.main(globals())
