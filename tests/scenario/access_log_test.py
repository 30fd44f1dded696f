#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The access log's formats and samples, and the trace that a request belongs to."""

import json
import re

import harness
from harness import ENTRY, check, check_equal, credentials, wait_until
from scenario_lib import check_answer, wait_stored

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = ("traceparent", f"00-{TRACE}-{SPAN}-01")
COMBINED = re.compile(r'(\S+) - - \[(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000)\] "([A-Z]+) (\S+) HTTP/1\.1" '
                      r'(\d{3}) (\d+) "-" "-"((?: \w+=\S+)*)')


def larder_of(stage, **log):
    path = stage.directory / "access.log"
    # One worker: lines are in the order of the answers.
    return stage.larder(server={"workers": 1}, log={"access_log": str(path), **log}), path


def lines_of(path, count):
    """Once there are so many."""
    return wait_until(lambda: (lambda lines: lines if len(lines) >= count else None)(
        path.read_text().splitlines() if path.exists() else []), f"{count} lines in {path}")


def test_combined_lines_are_those_that_other_programs_read(stage):
    larder, path = larder_of(stage, access_format="combined")
    token = dict(credentials())["access_token"]
    check_answer(larder.get(ENTRY, credentials() + [PARENT]), 200)
    wait_stored(larder)
    body = larder.get(ENTRY, credentials()).body
    target = f"{ENTRY}&access_token={token}&api_key={dict(credentials())['api_key']}"
    check_answer(larder.get(target), 200)
    check_equal(larder.get("/v3/assets").status, 401, "without a token")
    lines = [COMBINED.fullmatch(line) for line in lines_of(path, 4)]
    check(all(lines), f"lines: {path.read_text()}")
    check_equal([line[5] for line in lines], ["200", "200", "200", "401"], "status")
    check_equal((lines[1][3], lines[1][4], int(lines[1][6])), ("GET", ENTRY, len(body)), "a hit")
    check_equal(lines[0][7], f" trace_id={TRACE}", "the trace")
    check(lines[2][4].startswith(f"{ENTRY}&access_token=[redacted]"), f"a token: {lines[2][4]}")
    check(token not in path.read_text(), "the token is in the log")


def test_samples_and_all_errors_add_up(stage):
    larder, path = larder_of(stage, access_sample="1 in 10")
    requests, errors = 2000, 20
    check_answer(larder.get(ENTRY, credentials()), 200)
    wait_stored(larder)
    with larder.connect() as connection:
        for _ in range(requests - 1):
            check_answer(connection.request(ENTRY, credentials()), 200)
    for _ in range(errors):
        check_equal(larder.get("/v3/assets").status, 401, "without a token")
    lines = [json.loads(line) for line in
             wait_until(lambda: (lambda all_: all_ if sum("refused" in one for one in all_) == errors else None)(
                 path.read_text().splitlines()), "all errors are lines")]
    sampled = [line for line in lines if line["status"] == 200]
    check(all(line["sample"] == 0.1 for line in sampled), "each says for how many it stands")
    check(all("sample" not in line for line in lines if line["status"] == 401), "errors stand for themselves")
    # Six standard deviations.
    check(abs(10 * len(sampled) - requests) < 6 * (requests * 9) ** 0.5, f"{len(sampled)} of {requests}")
    larder.reload(log={"access_log": str(path), "access_sample": 0})
    before = len(path.read_text().splitlines())
    for _ in range(100):
        check_answer(larder.get(ENTRY, credentials()), 200)
    check_equal(larder.get("/v3/assets").status, 401, "without a token")
    after = lines_of(path, before + 1)[before:]
    check_equal([json.loads(line)["status"] for line in after], [401], "at 0 errors alone")


def sent_parents(stage, host):
    return [dict((name.lower(), value) for name, value in request["headers"]).get("traceparent")
            for request in stage.sandbox.requests(host)]


def test_a_trace_goes_on_to_the_origin_and_is_not_in_the_key(stage):
    larder, path = larder_of(stage)
    check_answer(larder.get(ENTRY, credentials() + [PARENT]), 200)
    wait_stored(larder)
    other = ("traceparent", f"00-{TRACE[::-1]}-{SPAN}-00")
    hit = larder.get(ENTRY, credentials() + [other])
    check("larder; hit" in hit.header("Cache-Status"), f"another trace is a hit: {hit}")
    check_answer(larder.get(ENTRY, harness.preview_credentials() + [other]), 200)
    for number, bad in enumerate((f"00-{'0' * 32}-{SPAN}-01", f"ff-{TRACE}-{SPAN}-01", f"00-{TRACE.upper()}-{SPAN}-01",
                                  f"00-{TRACE}-{SPAN}-01-x", "x" * 2000)):
        check_answer(larder.get(f"{ENTRY}&locale=en-us&cold={number}", credentials() + [("traceparent", bad)]), 200)
    check_answer(larder.get(f"{ENTRY}&cold=two", credentials() + [PARENT, other]), 200)
    check_equal(sent_parents(stage, "delivery"), [PARENT[1]] + [None] * 6, "what the delivery host got")
    check_equal(sent_parents(stage, "preview"), [other[1]], "what the preview host got")
    traces = [json.loads(line).get("trace_id") for line in lines_of(path, 9)]
    check_equal(traces, [TRACE, TRACE[::-1], TRACE[::-1]] + [None] * 6, "in the access log")


def test_of_those_who_wait_for_one_fill_the_first_gives_the_trace(stage):
    larder, _ = larder_of(stage)
    stage.sandbox.hold("slow", host="delivery", match="cold=")
    target = f"{ENTRY}&cold=1"
    clients = []
    for number in range(3):
        client = larder.connect()
        client.send(harness.format_request(target, credentials() + [
            ("traceparent", f"00-{number + 1:032x}-{SPAN}-01")], "GET", client.address))
        clients.append(client)
        if number == 0:
            stage.sandbox.wait_held("slow")
    wait_until(lambda: larder.metrics()["larder_fills_joined_total"] == 2, "two have joined")
    stage.sandbox.clear_faults()
    stage.sandbox.release("slow")
    for client in clients:
        check_answer(client.read_response(), 200)
        client.close()
    check_equal(sent_parents(stage, "delivery"), [f"00-{1:032x}-{SPAN}-01"], "what the origin got")


if __name__ == "__main__":
    harness.main(globals())
