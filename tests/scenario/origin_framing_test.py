#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Origins whose framing cannot be trusted: what they send is neither stored nor handed on as whole,
and never becomes part of another answer."""

import harness
from harness import ENTRY, check, check_equal, credentials, preview_credentials
from scenario_lib import Cut, ask, changes, check_answer, entry_target, read_or_cut

# Name -> (headers, host that is asked)
ALWAYS_ASKED = {"failures_to_open": 1_000_000}  # whatever it answers
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
    larder = stage.larder(upstream=ALWAYS_ASKED | {"low_speed_time": "1s"})
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
    larder = stage.larder(upstream=ALWAYS_ASKED)
    for number, (name, rest) in enumerate(NO_END.items()):
        for way in WAYS:
            case = f"{name}, {way}"
            with changes(larder, case, fills_stored=0):
                response = exchange(stage, larder, way, HEAD + rest, f"{number}{way}", False)
                check(response is None or response.status == 502, f"{case} looks whole: {response}")


def test_a_change_of_protocol_is_no_answer(stage):
    larder = stage.larder(upstream=ALWAYS_ASKED | {"first_byte_timeout": "1s"})
    raw = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n" + HEAD
    for number, way in enumerate(WAYS):
        with changes(larder, way, fills_stored=0):
            response = exchange(stage, larder, way, raw, number, False)
        check(response is not None, f"no answer at all, {way}")
        check(response.status in (502, 504), f"status of an answer with 101, {way}: {response}")
        check_origin_is_well(larder, way)


NO_ANSWER = {
    "coding foo": f"{HEAD}Transfer-Encoding: foo\r\nContent-Length: {len(BODY)}\r\n\r\n{BODY}",
    "coding gzip, chunked": f"{HEAD}Transfer-Encoding: gzip, chunked\r\n\r\n"
                            f"{len(BODY):x}\r\n{BODY}\r\n0\r\n\r\n",
    "coding identity": f"{HEAD}Transfer-Encoding: identity\r\nContent-Length: {len(BODY)}\r\n\r\n{BODY}",
    "chunked twice": f"{HEAD}Transfer-Encoding: chunked, chunked\r\n\r\n"
                     f"{len(BODY):x}\r\n{BODY}\r\n0\r\n\r\n",
    "chunked in HTTP/1.0": f"{HEAD}Transfer-Encoding: chunked\r\n\r\n"
                           f"{len(BODY):x}\r\n{BODY}\r\n0\r\n\r\n".replace("1.1", "1.0", 1),
    "two lengths": f"{HEAD}Content-Length: 2\r\nContent-Length: {len(BODY)}\r\n\r\n{BODY}",
    "a blank before the colon": f"{HEAD}Content-Length : {len(BODY)}\r\n\r\n{BODY}",
    "status 600": f"HTTP/1.1 600 Six\r\nContent-Length: {len(BODY)}\r\n\r\n{BODY}",
    "status 099": f"HTTP/1.1 099 Low\r\nContent-Length: {len(BODY)}\r\n\r\n{BODY}",
    "an interim answer with a body": "HTTP/1.1 103 Early Hints\r\nContent-Length: 2\r\n\r\n{}"
                                     f"{HEAD}Content-Length: {len(BODY)}\r\n\r\n{BODY}",
    "an interim answer that HTTP does not have": f"HTTP/1.1 199 Odd\r\n\r\n{HEAD}"
                                                 f"Content-Length: {len(BODY)}\r\n\r\n{BODY}",
    "too many interim answers": "HTTP/1.1 100 Continue\r\n\r\n" * 100 +
                                f"{HEAD}Content-Length: {len(BODY)}\r\n\r\n{BODY}",
    "a head within a head": f"{HEAD}HTTP/1.1 200 OK: b\r\n folded\r\n\r\n{BODY}",
}


def test_what_http_does_not_know_is_no_answer(stage):
    larder = stage.larder(upstream=ALWAYS_ASKED)
    for number, (name, raw) in enumerate(NO_ANSWER.items()):
        for way in WAYS:
            case = f"{name}, {way}"
            with changes(larder, case, fills_stored=0):
                response = exchange(stage, larder, way, raw, f"no{number}{way}", True)
                check(response is not None and response.status == 502, f"{case}: {response}")
            check_origin_is_well(larder, case)


def opened(stage):
    return stage.sandbox.counts("delivery")["connections_opened"]


# Name -> (answer, how many connections the next two requests open)
KEPT = {
    "a length": (f"{HEAD}Content-Length: {len(BODY)}\r\n\r\n{BODY}", 0),
    "chunks": (f"{HEAD}Transfer-Encoding: chunked\r\n\r\n{len(BODY):x}\r\n{BODY}\r\n0\r\n\r\n", 0),
    "an interim answer": (f"HTTP/1.1 103 Early Hints\r\n\r\n{HEAD}Content-Length: {len(BODY)}"
                          f"\r\n\r\n{BODY}", 0),
    "a trailer": (f"{HEAD}Transfer-Encoding: chunked\r\n\r\n{len(BODY):x}\r\n{BODY}\r\n"
                  "0\r\nX-A: b\r\n\r\n", 0),
    "chunks and a length": (f"{HEAD}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
                            f"{len(BODY):x}\r\n{BODY}\r\n0\r\n\r\n", 2),
    "204": ("HTTP/1.1 204 No Content\r\n\r\n", 0),
    "304": ("HTTP/1.1 304 Not Modified\r\n\r\n", 2),
    "length 0 with bytes behind it": (f"{HEAD}Content-Length: 0\r\n\r\n{BODY}", 2),
    "bytes behind a length": (f"{HEAD}Content-Length: {len(BODY)}\r\n\r\n{BODY}{HEAD}", 2),
    "bytes behind the last chunk": (f"{HEAD}Transfer-Encoding: chunked\r\n\r\n{len(BODY):x}\r\n{BODY}"
                                    f"\r\n0\r\n\r\n{HEAD}", 2),
    "another version": (HEAD.replace("1.1", "2.0") + f"Content-Length: {len(BODY)}\r\n\r\n{BODY}", 2),
}


def test_which_connections_are_used_again(stage):
    """0 = that one; 1 = another one, which is kept; 2 = a host that breaks framing gets no kept ones."""
    for number, (name, (raw, expected)) in enumerate(KEPT.items()):
        larder = stage.larder(upstream=ALWAYS_ASKED)
        larder.get(entry_target(more=f"&first={number}"), credentials())
        exchange(stage, larder, "fill", raw, f"kept{number}", True)
        before = opened(stage)
        for more in ("a", "b"):
            check_answer(larder.get(entry_target(more=f"&{more}={number}"), credentials()), 200, what=name)
        check_equal(opened(stage) - before, expected, f"connections after an answer with {name}")


def test_a_line_folded_behind_the_status_line_is_no_answer(stage):
    """libcurl 7.88 writes it into freed memory where an easy handle serves a second time."""
    larder = stage.larder(upstream=ALWAYS_ASKED)
    folded = f"HTTP/1.1 200 OK\r\n X-A: {'b' * 200}\r\nContent-Length: {len(BODY)}\r\n\r\n{BODY}"
    for number in range(20):
        for way in WAYS:
            check_origin_is_well(larder, f"a folded line, {way}")
            response = exchange(stage, larder, way, folded, f"{number}{way}", False)
            check(response is not None and response.status == 502, f"a folded line, {way}: {response}")


if __name__ == "__main__":
    harness.main(globals())
