#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An origin's status line claims a version of HTTP that the connection does not speak. That answer is
passed to nobody, and no later one reaches a request that it does not belong to."""

import harness
from harness import (STACK_A, STACK_B, check_equal, credentials, preview_credentials, sized_body,
                     sized_target, sized_uid)
from scenario_lib import ask, check_answer, scaled

VERSIONS = ("HTTP/2.0", "HTTP/2", "HTTP/3", "HTTP/1.2", "HTTP/0.9", "HTTP/10.1")
POISON = '{"entry":{"uid":"poison"}}'


def claim(stage, host, version):
    stage.sandbox.fault(host=host, times=1, keep_open=True, raw=(
        f"{version} 200 OK\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(POISON)}\r\n\r\n{POISON}"))


def burst(larder, name, asked):
    """`asked`: (target, headers, expected body) of requests that are under way together."""
    clients = []
    for target, headers, _ in asked:
        clients.append(larder.connect())
        ask(clients[-1], target, headers)
    for client, (target, _, expected) in zip(clients, asked):
        check_answer(client.read_response(), 200, expected, f"{target} in {name}")
        client.close()


def test_a_version_that_was_not_negotiated_is_an_error_and_mixes_no_answers(stage):
    larder = stage.larder()
    for version in VERSIONS:
        claim(stage, "delivery", version)
        check_equal(larder.get(sized_target(900, "v" + version.replace("/", "")), credentials()).status,
                    502, f"status after {version}")
        for turn in range(scaled(10, 3) if version == "HTTP/2.0" else 2):
            asked = []
            for number in range(30):
                stack = (STACK_A, STACK_B)[number % 2]
                name = f"{version.replace('/', '').replace('.', '')}t{turn}n{number}"
                asked.append((sized_target(5_000, name), credentials(stack), sized_body(
                    5_000, sized_uid(5_000, name), f"{stack.letter}/production/main")))
            burst(larder, f"burst {turn} after {version}", asked)
            burst(larder, f"burst {turn} after {version}, from the store", asked)


def test_previews_do_not_mix_either(stage):
    larder = stage.larder()
    path = "/v3/content_types/sized/entries/"
    for version in VERSIONS:
        claim(stage, "preview", version)
        check_equal(larder.get(path + sized_uid(900, "p"), preview_credentials()).status, 502,
                    f"status of a preview after {version}")
        for turn in range(scaled(5, 2) if version == "HTTP/2.0" else 1):
            asked = []
            for number in range(30):
                stack = (STACK_A, STACK_B)[number % 2]
                headers = preview_credentials(stack)
                target = path + sized_uid(3_000, f"t{turn}n{number}")
                expected = stage.sandbox.get(target, headers, "preview").body
                asked.append((target, headers, expected))
            burst(larder, f"previews {turn} after {version}", asked)


if __name__ == "__main__":
    harness.main(globals())
