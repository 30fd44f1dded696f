#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""No token on disk, in a log, a metric or an admin answer, and no draft in the database, after
traffic of every sort at the debug level."""

import contextlib
import pathlib

import harness
from harness import check
from scenario_lib import changes, check_answer, entry_target, wait_stored

ODD = "cs0badc0de0badc0de0badc0de"  # a token that nobody configured
HASHES = ["hash123secretsession", "draft-session-77"]
SECRETS = harness.SECRETS + [ODD] + HASHES


def traffic(stage, larder):
    good = harness.credentials()
    token = good[1][1]
    for stack in harness.STACKS:
        for environment, _, _ in stack.scopes:
            for branch in harness.BRANCHES + harness.ALIASES:
                larder.get(entry_target(environment=environment), harness.credentials(stack, environment, branch))
    for hash_ in HASHES:
        larder.get(entry_target(), harness.preview_credentials(hash_=hash_))
        larder.get(f"/v3/assets?live_preview={hash_}&environment=production", good)
        larder.get("/content_types/blog/entries", harness.preview_credentials(hash_=hash_), role="preview")
    larder.get(entry_target(), [("api_key", good[0][1]), ("access_token", ODD)])
    larder.get(f"/v3/assets?environment=production&access_token={token}&api_key={good[0][1]}")
    larder.get(f"/v3/assets?environment=production&access%5Ftoken={token}", good[:1])
    larder.get(f"/v3/assets?environment=production&note={token}", good)
    larder.get(f"/v3/content_types/{token}?environment=production", good)
    larder.get(f"/v3/unknown/{ODD}?environment=production", good)
    larder.get(entry_target(), good + [("User-Agent", token), ("X-User-Agent", f"sdk {token}"), ("Referer", ODD)])
    larder.get(entry_target(), good + [("authorization", ODD)])
    larder.get(entry_target(), good + [("access_token", ODD)])  # twice: refused
    larder.get(entry_target("bltaaaa1120"), good + [("preview_token", harness.SECRETS[-1])])
    with larder.connect() as connection:
        connection.send(f"GET /{token} BROKEN {ODD}\r\n\r\n".encode())
        connection.read_response()
    stage.sandbox.fault(host="delivery", times=1, reset=10)
    with contextlib.suppress(OSError, harness.Failure):  # cut off, when its head was out already
        larder.get(entry_target("bltaaaa1121"), good)
    stage.sandbox.fault(host="delivery", times=1, status=401, body='{"error_message":"no","error_code":105,"errors":{}}')
    larder.get(entry_target("bltaaaa1122"), good)


def test_no_token_and_no_draft_stays_anywhere(stage):
    larder = stage.larder(log={"level": "debug", "access_log": str(stage.directory / "access.log")})
    traffic(stage, larder)
    wait_stored(larder, 4)
    with harness.Connection(larder.metrics_address) as connection:
        shown = connection.request("/metrics").decoded.decode()
    shown += larder.ctl("status")[1]
    shown += pathlib.Path(f"/proc/{larder.process.pid}/cmdline").read_bytes().decode()
    larder.stop()
    for secret in SECRETS:
        check(secret not in shown, f"metrics, status or the command line show {secret}")
    larder.check_nothing_on_disk(SECRETS + [harness.DRAFT_MARKER])
    access = (stage.directory / "access.log").read_text()
    check(access.count("\n") > 20, f"the access log is too short to prove anything: {access}")
    for secret in SECRETS:
        check(secret not in access, f"the access log shows {secret}")
    database = (larder.cache_directory / "data.mdb").read_bytes()
    check(b"bltaaaa1111" in database, "the database holds nothing: the check proves nothing")


def test_a_token_in_the_place_of_an_environment_or_branch_is_not_stored(stage):
    larder = stage.larder(stack=None, open={"delivery": f"http://{stage.sandbox.delivery}",
                                            "preview": f"http://{stage.sandbox.preview}"})
    good = harness.credentials()
    stage.sandbox.fault(host="delivery", status=200, body={"entry": {"uid": "blt1"}})
    for target, headers in [(entry_target(environment=ODD), good), (entry_target(), good + [("branch", ODD)]),
                            (entry_target(), [("api_key", ODD), good[1]])]:
        with changes(larder, f"{target} {headers}", fills_stored=0):
            check_answer(larder.get(target, headers), 200)
    larder.get(entry_target(), good)
    wait_stored(larder)
    larder.stop()
    larder.check_nothing_on_disk([ODD, good[1][1]])


if __name__ == "__main__":
    harness.main(globals())
