#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Origins whose framing cannot be trusted: what they send is neither stored nor handed on as whole,
and never becomes part of another answer."""

import harness
from harness import ENTRY, check, check_equal, credentials, preview_credentials
from scenario_lib import Cut, ask, changes, check_answer, entry_target, read_or_cut

# Name -> (headers, host that is asked)
WAYS = {"fill": (credentials(), "delivery"), "pass": (credentials() + [("release_id", "r")], "delivery"),
        "preview": (preview_credentials(), "preview")}
HEAD = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
BODY = '{"entry":{"uid":"one"}}'
# Behind these lengths more bytes follow, so that the shorter one would leave some for the next answer.
CONTRADICTORY = {
    "two lengths, the shorter first": f"Content-Length: 2\r\nContent-Length: {len(BODY)}\r\n\r\n{BODY}",
    "two lengths, the longer first": f"Content-Length: {len(BODY)}\r\nContent-Length: 2\r\n\r\n{BODY}",
    "a list of lengths": f"Content-Length: 2, {len(BODY)}\r\n\r\n{BODY}",
    "a length that is no number": f"Content-Length: two\r\n\r\n{BODY}",
    "a negative length": f"Content-Length: -1\r\n\r\n{BODY}",
}
NO_END = {
    "nothing says where it ends": f'\r\n{{"entry":',
    "HTTP/1.0 without a length": f'Connection: close\r\n\r\n{{"entry":',
}


def exchange(stage, larder, way, raw, number, keep_open):
    """What a client makes of this answer: a response, or None when it was cut off."""
    headers, host = WAYS[way]
    rule = stage.sandbox.fault(host=host, raw=raw, keep_open=keep_open)
    with larder.connect() as client:
        ask(client, entry_target(more=f"&case={number}"), headers)
        try:
            return read_or_cut(client)
        except Cut:
            return None
        finally:
            stage.sandbox.remove_fault(rule)


def check_origin_is_well(larder, case):
    check_answer(larder.get(ENTRY, credentials()), 200, what=f"the next answer after {case}")
    check_answer(larder.get(ENTRY, preview_credentials()), 200, what=f"the next preview after {case}")


def test_contradictory_lengths_are_no_answer_and_leave_nothing_for_the_next(stage):
    larder = stage.larder(upstream={"low_speed_time": "1s"})
    for number, (name, rest) in enumerate(CONTRADICTORY.items()):
        for way in WAYS:
            case = f"{name}, {way}"
            with changes(larder, case, fills_stored=0):
                response = exchange(stage, larder, way, HEAD + rest, f"{number}{way}", True)
                check(response is None or response.status >= 500 or response.body == BODY.encode(),
                      f"{case} looks whole: {response}")
                if response is not None and response.status == 200:
                    check(response.header("Content-Length") in (None, str(len(BODY))),
                          f"a length that nobody proved, {case}: {response}")
            check_origin_is_well(larder, case)


def test_an_answer_without_a_proven_end_does_not_pass_for_whole(stage):
    larder = stage.larder()
    for number, (name, rest) in enumerate(NO_END.items()):
        for way in WAYS:
            case = f"{name}, {way}"
            with changes(larder, case, fills_stored=0):
                response = exchange(stage, larder, way, HEAD + rest, f"{number}{way}", False)
                check(response is None or response.status == 502, f"{case} looks whole: {response}")


def test_a_change_of_protocol_is_no_answer(stage):
    larder = stage.larder(upstream={"first_byte_timeout": "1s"})
    raw = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n" + HEAD
    for number, way in enumerate(WAYS):
        with changes(larder, way, fills_stored=0):
            response = exchange(stage, larder, way, raw, number, False)
        check(response is not None, f"no answer at all, {way}")
        check(response.status in (502, 504), f"status of an answer with 101, {way}: {response}")
        check_origin_is_well(larder, way)


def test_a_line_folded_behind_the_status_line_is_no_answer(stage):
    """libcurl 7.88 writes it into freed memory where an easy handle serves a second time."""
    larder = stage.larder()
    folded = f"HTTP/1.1 200 OK\r\n X-A: {'b' * 200}\r\nContent-Length: {len(BODY)}\r\n\r\n{BODY}"
    for number in range(20):
        for way in WAYS:
            check_origin_is_well(larder, f"a folded line, {way}")
            response = exchange(stage, larder, way, folded, f"{number}{way}", False)
            check(response is not None and response.status == 502, f"a folded line, {way}: {response}")


if __name__ == "__main__":
    harness.main(globals())
