#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a purge selects, of sixteen scopes and of a URL's forms, and what a mistaken one says."""

import json
import socket

import harness
from harness import (ALIASES, BRANCHES, ENTRY, STACK_B, STACKS, Connection, check, check_equal,
                     credentials, sized_target)
from scenario_lib import (GZIP, check_answer, costs, entry_target, metric, origin_requests, scaled,
                          wait_stored)

CREDENTIALS = credentials()


def purge(larder, *arguments):
    """Number of objects purged, by an acknowledged purge."""
    status, output = larder.ctl("purge", *arguments)
    check_equal(status, 0, f"exit status of larderctl purge {arguments}: {output}")
    return json.loads(output)["purged"]


def scopes():
    """(stack, environment, branch or alias): 16 of them."""
    return [(stack, environment, branch) for stack in STACKS
            for environment in ("production", "staging") for branch in BRANCHES + ALIASES]


def scope_get(larder, scope, more=""):
    stack, environment, branch = scope
    return larder.get(entry_target(environment=environment, more=more),
                      credentials(stack, environment, branch))


def is_cached(stage, larder, scope, more=""):
    before = origin_requests(stage)
    check_answer(scope_get(larder, scope, more), 200)
    return origin_requests(stage) == before


def test_purges_take_their_scopes_and_no_other(stage):
    larder = stage.larder()
    path = ENTRY.partition("?")[0]
    key = STACK_B.api_key
    cases = [
        (["url", path], lambda s, e, b: True),
        (["url", ENTRY], lambda s, e, b: e == "production"),
        (["url", path, "--environment", "staging"], lambda s, e, b: e == "staging"),
        (["url", path, "--api-key", key], lambda s, e, b: s == STACK_B),
        (["url", path, "--branch", "develop"], lambda s, e, b: b == "develop"),
        (["url", ENTRY, "--api-key", key, "--branch", "live"],
         lambda s, e, b: (s, e, b) == (STACK_B, "production", "live")),
        (["scope", "--api-key", key], lambda s, e, b: s == STACK_B),
        (["scope", "--environment", "production"], lambda s, e, b: e == "production"),
        (["scope", "--branch", "live"], lambda s, e, b: b == "live"),
        (["scope", "--branch", "main"], lambda s, e, b: b == "main"),
        (["scope", "--api-key", key, "--environment", "staging", "--branch", "release"],
         lambda s, e, b: (s, e, b) == (STACK_B, "staging", "release")),
        (["scope", "--environment", "nowhere"], lambda s, e, b: False),
        (["all"], lambda s, e, b: True),
    ]
    for arguments, selects in cases:
        for scope in scopes():
            scope_get(larder, scope)
        wait_stored(larder, 16)
        chosen = {scope[0].letter + "/" + "/".join(scope[1:]) for scope in scopes()
                  if selects(*scope)}
        check_equal(purge(larder, *arguments), len(chosen), f"objects purged by {arguments}")
        gone = {scope[0].letter + "/" + "/".join(scope[1:]) for scope in scopes()
                if not is_cached(stage, larder, scope)}
        check_equal(sorted(gone), sorted(chosen), f"scopes purged by {arguments}")


def test_a_purge_of_an_environment_takes_what_was_asked_for_without_one(stage):
    larder = stage.larder(stack=None, open={"delivery": f"http://{stage.sandbox.delivery}",
                                            "preview": f"http://{stage.sandbox.preview}"})
    path = sized_target(300, "bare").partition("?")[0]
    stage.sandbox.fault(host="delivery", status=200, body={"entry": {}})
    for arguments in (["scope", "--environment", "staging"], ["scope", "--environment", "production"],
                      ["url", path + "?environment=production"]):
        larder.get(path, CREDENTIALS)
        wait_stored(larder)
        check_equal(purge(larder, *arguments), 1, f"objects purged by {arguments}")
        with costs(stage, delivery=1, what=f"after {arguments}"):
            larder.get(path, CREDENTIALS)


def test_a_purge_takes_a_branch_and_its_alias_when_both_are_named(stage):
    larder = stage.larder()
    headers = [credentials(branch=branch) for branch in ("main", "live", "develop")]
    for those in headers:
        larder.get(ENTRY, those)
    wait_stored(larder, 3)
    status, output = larder.ctl("purge", "url", ENTRY, "--branch", "main", "--branch", "live")
    check_equal(status, 0, f"exit status: {output}")
    check_equal([json.loads(line)["purged"] for line in output.splitlines()], [1, 1],
                "objects purged, branch by branch")
    with costs(stage, delivery=2):
        for those in headers:
            larder.get(ENTRY, those)


def test_a_url_purge_takes_every_variant_and_representation_and_no_other_url(stage):
    larder = stage.larder()
    more = '&query={"title":"a%20b"}&include[]=author'
    wanted = entry_target(more=more)
    variants = [CREDENTIALS + extra for extra in
                ([], [GZIP], [("x-cs-variant-uid", "cs1,cs2")], [("x-header-ea", "one")],
                 [("x-cs-variant-uid", "cs1"), GZIP])]
    others = [ENTRY, entry_target("bltaaaa1112", more=more), entry_target(more="&include[]=author"),
              wanted + "&locale=en-us", "/v3/content_types/blog/entries?environment=production"]
    ways_to_say_it = [wanted, "https://cdn.contentstack.io" + wanted,
                      ENTRY.replace("?", '/?include%5B%5D=author&&query=%7B+%22title%22:"a+b"%7D&')]
    for url in ways_to_say_it:
        for headers in variants:
            larder.get(wanted, headers)
        for other in others:
            larder.get(other, CREDENTIALS)
        wait_stored(larder, len(variants) + len(others))
        check_equal(purge(larder, "url", url), len(variants), f"objects purged by {url}")
        with costs(stage, what=f"for other URLs, after {url}"):
            for other in others:
                larder.get(other, CREDENTIALS)
        with costs(stage, delivery=len(variants), what=f"for variants, after {url}"):
            for headers in variants:
                larder.get(wanted, headers)


def test_a_purge_of_many_objects_is_whole(stage):
    larder = stage.larder()
    count = scaled(1_500, 200)
    with larder.connect() as client:
        for number in range(count):
            check_answer(client.request(sized_target(300, f"n{number}"), CREDENTIALS), 200)
    wait_stored(larder, count)
    check_equal(purge(larder, "scope", "--environment", "production"), count, "objects purged")
    check_equal(metric(larder, "store_objects"), 0, "objects left")


# --- Mistakes --------------------------------------------------------------------------------------

def test_mistaken_purges_say_what_is_wrong_and_purge_nothing(stage):
    larder = stage.larder()
    larder.get(ENTRY, CREDENTIALS)
    wait_stored(larder)
    for arguments, hint in [
            (["purge"], "subcommand"), (["purge", "url"], "url"), (["purge", "scope"], "api_key"),
            (["purge", "everything"], "subcommand"), (["purge", "all", "--branch", "main"], "branch"),
            (["purge", "url", "/v3/unknown/path"], "never caches"),
            (["purge", "url", "/other"], "none that larder serves"),
            (["purge", "url", ENTRY + "&live_preview=hash"], "never caches"),
            (["purge", "url", "/v3/../x"], "none that larder serves"),
            (["purge", "url", ENTRY, "--environment", "staging"], "another environment"),
            (["purge", "url", ENTRY + "#x"], "none that larder serves"),
            (["purge", "url", ""], "url")]:
        status, output = larder.ctl(*arguments)
        check(status != 0 and hint in output, f"{arguments} gives {status} and: {output}")
    with costs(stage):
        check_answer(larder.get(ENTRY, CREDENTIALS), 200)
    larder.kill()
    status, output = larder.ctl("purge", "all")
    check(status != 0 and "admin.sock" in output, f"without a daemon: {status} and: {output}")


def test_a_purge_order_with_a_repeated_parameter_is_refused(stage):
    larder = stage.larder()
    with socket.socket(socket.AF_UNIX) as admin:
        admin.connect(str(larder.socket_path))
        admin.sendall(harness.format_request("/purge?what=scope&branch=main&branch=live", (), "POST"))
        check(admin.recv(4096).startswith(b"HTTP/1.1 400"), "the answer to two branches in one order")


def test_the_metrics_port_purges_nothing(stage):
    larder = stage.larder()
    larder.get(ENTRY, CREDENTIALS)
    wait_stored(larder)
    for method in ("GET", "POST"):
        for target in ("/purge?what=all", "/status"):
            with Connection(larder.metrics_address) as client:
                response = client.request(target, (), method)
            check_equal(response.status, 404, f"status of {method} {target} on the metrics port")
    with costs(stage):
        larder.get(ENTRY, CREDENTIALS)


if __name__ == "__main__":
    harness.main(globals())
