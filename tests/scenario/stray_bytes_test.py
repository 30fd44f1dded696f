#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Bytes that an origin sends behind an answer never become part of another one: the connection that
carried them is not used again, so that one scope's answer cannot pose as another's."""

import harness
from harness import (STACK_B, check_equal, credentials, preview_credentials, sized_body,
                     sized_target, sized_uid, wait_until)
from scenario_lib import check_answer, scaled

POISON = '{"poison":"of A"}'
STRAY = {
    "an answer": "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                 f"Content-Length: {len(POISON)}\r\n\r\n{POISON}",
    "half an answer": "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{",
    "a line end": "\r\n",
    "noise": "x" * 10,
}


def wait_for_the_end(stage, host):
    """All that the origin sends on behalf of an answer is on its way or has come."""
    wait_until(lambda: stage.sandbox.counts(host)["in_progress"] == 0, f"{host} has sent everything")


def stray_bytes(stage, larder, host, name, ask_a, ask_b):
    """A's answer comes with more behind it, a moment later; then B asks over the idle connection."""
    body = '{"a":"b"}'
    stage.sandbox.fault(host=host, times=1, body=body + STRAY[name], close=False,
                        wrong_content_length=-len(STRAY[name]),
                        body_delay={"chunks": 2, "interval_ms": 20})
    check_answer(ask_a(larder), 200, what=f"A's, {host}, followed by {name}")
    wait_for_the_end(stage, host)
    status, got, expected = ask_b(larder)
    check_equal((status, got), (200, expected), f"B's answer after A's was followed by {name}, {host}")


def test_bytes_behind_an_answer_are_nobodys(stage):
    larder = stage.larder()
    for name in STRAY:
        for turn in range(scaled(3, 1)):
            target = sized_target(5_000, f"b{turn}{len(name)}")
            uid = sized_uid(5_000, f"b{turn}{len(name)}")

            def ask_b(larder, target=target, uid=uid):
                response = larder.get(target, credentials(STACK_B))
                return response.status, response.decoded, sized_body(5_000, uid, "B/production/main")
            stray_bytes(stage, larder, "delivery", name,
                        lambda larder, turn=turn, name=name: larder.get(
                            sized_target(5_000, f"a{turn}{len(name)}"), credentials()), ask_b)


def test_bytes_behind_a_preview_are_nobodys(stage):
    larder = stage.larder()
    path = f"/v3/content_types/sized/entries/{sized_uid(900, 'draft')}"
    expected = stage.sandbox.get(path, preview_credentials(STACK_B, hash_="b"), "preview").body
    for name in STRAY:
        def ask_b(larder):
            response = larder.get(path, preview_credentials(STACK_B, hash_="b"))
            return response.status, response.decoded, expected
        stray_bytes(stage, larder, "preview", name,
                    lambda larder: larder.get(path, preview_credentials(hash_="a")), ask_b)


if __name__ == "__main__":
    harness.main(globals())
