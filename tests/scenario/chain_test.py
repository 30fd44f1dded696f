#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""larder behind larder is a cache behind a cache; a request that comes back to a larder ends there."""

import socket

import harness
from harness import (ENTRY, STACK_A, check_equal, credentials, marker, merge, preview_credentials,
                     stack_config)
from scenario_lib import check_answer, costs

CREDENTIALS = credentials()


def behind(address, preview=None):
    """A stack whose hosts are other larders."""
    def stack(sandbox):
        return merge(stack_config(STACK_A, sandbox), {
            "delivery": f"http://{address}", "preview": f"http://{preview or address}"})
    return stack


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_larder_behind_larder_caches_and_passes_previews(stage):
    inner = stage.larder()
    middle = stage.larder(stack=[behind(inner.address, inner.preview_address)(stage.sandbox)])
    outer = stage.larder(stack=[behind(middle.address, middle.preview_address)(stage.sandbox)])
    expected = stage.sandbox.get(ENTRY, CREDENTIALS).body
    with costs(stage, delivery=1, what="of two askings"):
        for _ in range(2):
            check_answer(outer.get(ENTRY, CREDENTIALS), 200, expected, "an entry by way of three")
    draft = outer.get(ENTRY, preview_credentials())
    check_equal((draft.status, marker() in draft.decoded.decode()), (200, True), "a preview by way of three")
    loop = [value for request in stage.sandbox.requests("delivery")
            for name, value in request["headers"] if name.lower() == "cdn-loop"]
    check_equal([len(set(value.split(", "))) for value in loop], [3], f"names in CDN-Loop, {loop}")


def test_a_request_that_comes_back_ends_with_one_508(stage):
    for length in (1, 2):
        port = free_port()
        last = f"127.0.0.1:{port}"
        larders = []
        for number in range(length):
            to = larders[-1].address if larders else last
            changes = {"listener": [{"address": last}]} if number == length - 1 else {}
            larders.append(stage.larder(stack=[behind(to)(stage.sandbox)], **changes))
        response = larders[-1].get(ENTRY, CREDENTIALS)
        check_equal(response.status, 508, f"status at the door of {length} in a circle: {response}")
        asked = sum(larder.metrics()["larder_fills_total"] for larder in larders)
        check_equal(asked, length, "requests to origins")


if __name__ == "__main__":
    harness.main(globals())
