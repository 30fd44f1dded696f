#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Clients that read late: larder reads no further ahead of them than a window, holds no more memory
than that, and goes on when they do. For previews, passes, and objects beyond the store's cap."""

import contextlib
import multiprocessing
import pathlib
import select
import socket

import harness
from harness import (DRAFT_MARKER, check, check_equal, credentials, format_request, marker,
                     preview_credentials, sized_body, sized_target, sized_uid, wait_until)
from scenario_lib import (SANITIZED, ask, check_answer, metric, scaled, wait_metric, wait_stored)

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


def keep_asking(sockets, request):
    """Asks without end on each socket, and reads whatever comes. For a process of its own: it never ends."""
    requests = request * 40
    left = {client.fileno(): requests for client in sockets}
    by_number = {client.fileno(): client for client in sockets}
    waste = bytearray(4 * MIB)
    with select.epoll() as poll:
        for number, client in by_number.items():
            client.setblocking(False)
            poll.register(number, select.EPOLLIN | select.EPOLLOUT)
        while True:
            for number, event in poll.poll():
                with contextlib.suppress(BlockingIOError):
                    if event & select.EPOLLOUT:
                        sent = by_number[number].send(left[number])
                        left[number] = left[number][sent:] or requests
                    if event & select.EPOLLIN:
                        by_number[number].recv_into(waste, len(waste), socket.MSG_TRUNC)  # thrown away


def test_large_answers_without_end_do_not_keep_new_clients_out(stage):
    larder = stage.larder(server={"workers": 1, "max_requests_per_connection": 1_000_000_000})
    large, small = sized_target(100_000, "large"), sized_target(500, "small")
    body = sized_body(500, sized_uid(500, "small"), marker())
    for target in (large, small):
        larder.get(target, credentials())
    wait_stored(larder, 2)
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(larder.connect(receive_buffer=4 * MIB)).socket for _ in range(32)]
        sent = metric(larder, "sent_bytes")
        load = multiprocessing.get_context("fork").Process(
            target=keep_asking, args=(clients, format_request(large, credentials())), daemon=True)
        load.start()
        stack.callback(load.kill)
        wait_metric(larder, "sent_bytes", sent + 64 * MIB)
        for number in range(50):
            check_answer(larder.get(small, credentials()), 200, body, f"new client {number}")


if __name__ == "__main__":
    harness.main(globals())
