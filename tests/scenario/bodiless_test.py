#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Answers without a body, of fills, passes and previews: no field that speaks of one (RFC 9110
sections 6.4.1 and 8.6), and the connection goes on."""

import harness
from harness import ENTRY, check_equal, credentials, preview_credentials, sized_body, sized_target, sized_uid
from scenario_lib import ask_until, check_answer, entry_target

WAYS = {"fill": credentials(), "pass": credentials() + [("release_id", "release1")],
        "preview": preview_credentials()}
FRAMINGS = {"a length": {}, "chunks": {"chunked": True}}


def check_no_framing(response, case):
    check_equal((response.header("Content-Length"), response.header("Transfer-Encoding")),
                (None, None), f"framing of {case}: {response}")


def test_an_origins_204_has_no_length(stage):
    larder = stage.larder()
    for number, (way, headers) in enumerate(WAYS.items()):
        for method in ("GET", "HEAD"):
            case = f"204 by {method}, {way}"
            stage.sandbox.fault(times=1, status=204, body="")
            with larder.connect() as client:
                response = client.request(entry_target(more=f"&none={number}{method}"), headers, method)
                check_equal(response.status, 204, f"status of {case}")
                check_no_framing(response, case)
                check_answer(client.request(ENTRY, credentials()), 200, what=f"the next after {case}")


def test_an_answer_to_head_has_no_body_and_no_chunks(stage):
    larder = stage.larder()
    body = sized_body(5_000, sized_uid(5_000, "next"))
    for number, (way, headers) in enumerate(WAYS.items()):
        for framing, rule in FRAMINGS.items():
            case = f"HEAD, {way}, {framing}"
            fault = stage.sandbox.fault(**rule)
            with larder.connect() as client:
                response = client.request(sized_target(300_000, f"h{number}{len(rule)}"), headers, "HEAD")
                check_equal((response.status, response.header("Transfer-Encoding")), (200, None), case)
                stage.sandbox.remove_fault(fault)
                check_answer(client.request(sized_target(5_000, "next"), credentials()), 200, body,
                             f"the next after {case}")


def test_not_modified_has_no_fields_of_a_body(stage):
    larder = stage.larder()
    # The first reader may have had the head before the body's end, and so without a tag.
    tag = ask_until(larder, ENTRY, credentials(), lambda r: r.header("ETag") is not None,
                    lambda r: r.status == 200, "an entity tag").header("ETag")
    with larder.connect() as client:
        for method in ("GET", "HEAD"):
            response = client.request(ENTRY, credentials() + [("If-None-Match", tag)], method)
            check_equal(response.status, 304, f"status of {method} with If-None-Match")
            check_no_framing(response, f"304 by {method}")


if __name__ == "__main__":
    harness.main(globals())
