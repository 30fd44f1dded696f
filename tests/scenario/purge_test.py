#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Purges: what they select and what mistaken ones say; and that no request which starts after the
acknowledgement gets what was purged, whatever was under way: hits of objects of one row and of many,
refreshes, fills before and within their body, copies that wait for their commit, failing origins,
crashes."""

import json
import socket

import harness
from harness import (ALIASES, BRANCHES, ENTRY, STACK_A, STACK_B, STACKS, Connection, check,
                     check_equal, credentials, marker, sized_body, sized_target, sized_uid)
from scenario_lib import (GZIP, Background, Cut, ask, changes, check_answer, costs, entry_target,
                          metric, origin_requests, read_or_cut, scaled, wait_metric, wait_stored)

CREDENTIALS = credentials()


def purge(larder, *arguments):
    """Number of objects purged, by an acknowledged purge. 3: it holds, but there was nothing."""
    status, output = larder.ctl("purge", *arguments)
    check(status in (0, 3), f"exit status {status} of larderctl purge {arguments}: {output}")
    return json.loads(output)["purged"]


# --- Selection -------------------------------------------------------------------------------------

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
        hard = ["--hard"] * (arguments[0] == "scope")
        check_equal(purge(larder, *arguments, *hard), len(chosen), f"objects purged by {arguments}")
        gone = {scope[0].letter + "/" + "/".join(scope[1:]) for scope in scopes()
                if not is_cached(stage, larder, scope)}
        check_equal(sorted(gone), sorted(chosen), f"scopes purged by {arguments}")


def test_a_purge_of_an_environment_takes_what_was_asked_for_without_one(stage):
    larder = stage.larder(stack=None, open={"delivery": f"http://{stage.sandbox.delivery}",
                                            "preview": f"http://{stage.sandbox.preview}"})
    path = sized_target(300, "bare").partition("?")[0]
    stage.sandbox.fault(host="delivery", status=200, body={"entry": {}})
    for arguments in (["scope", "--environment", "staging", "--hard"],
                      ["scope", "--environment", "production", "--hard"],
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
    check_equal(purge(larder, "scope", "--environment", "production", "--hard"), count, "objects purged")
    check_equal(metric(larder, "store_objects"), 0, "objects left")


# --- Exactness under load --------------------------------------------------------------------------

def sized_version(body, size, uid, scope=marker()):
    """The version of a sized body, every byte of which is checked."""
    version = json.loads(body)["entry"]["_version"]
    check_equal(body, sized_body(size, uid, scope, version), f"version {version} of {uid}")
    return version


class Published:
    """A sized entry, and the version below which nobody may see it any more."""

    def __init__(self, stage, size, name):
        self.stage = stage
        self.size = size
        self.uid = sized_uid(size, name)
        self.target = sized_target(size, name)
        self.floor = 1

    def publish_and_purge(self, larder, *arguments):
        self.stage.sandbox.publish("sized", self.uid)
        purge(larder, *arguments)
        self.floor += 1

    def ask(self, connection, headers):
        """One request; its version must be the floor of before, or later."""
        floor = self.floor
        ask(connection, self.target, headers)
        try:
            response = read_or_cut(connection)
        except Cut as cut:  # an object of many rows was purged while it went out
            check(self.size > 100_000, lambda: f"{self.uid} is cut off: {cut}")
            return False
        check_answer(response, 200, what=self.target)
        version = sized_version(response.decoded, self.size, self.uid)
        check(version >= floor, f"{self.uid}: version {version} after the purge for version {floor} "
                                f"was acknowledged: {response.headers}")
        return True


def load(larder, entries, headers, stopping):
    connection = larder.connect()
    connection.transcript = None
    while not stopping.is_set():
        for entry in entries:
            if not entry.ask(connection, headers):
                connection.close()
                connection = larder.connect()
                connection.transcript = None
    connection.close()


def purge_under_load(stage, ttl, cycles):
    larder = stage.larder(server={"workers": 3}, ttl={"entry": ttl},
                          cache={"commit_interval": "20ms"}, purge={"soft_for": "0s"})
    entries = [Published(stage, size, "load") for size in (700, 60_000, 700_000)]
    with Background() as background:
        for index in range(6):
            background.start(load, larder, entries, CREDENTIALS + [GZIP] * (index % 2),
                             background.stopping)
        wait_metric(larder, "store_objects", 2)
        for cycle in range(cycles):
            if background.stopping.is_set():
                break
            for entry in entries:
                how = (["url", entry.target], ["scope", "--api-key", STACK_A.api_key],
                       ["all"], ["entry", "sized", entry.uid],
                       ["scope", "--api-key", STACK_A.api_key, "--hard"])[cycle % 5]
                entry.publish_and_purge(larder, *how)
    metrics = larder.metrics()
    answered = sum(metrics[f'larder_requests_total{{outcome="{name}"}}'] for name in ("hit", "stale"))
    check(answered > cycles, f"hardly an answer from the store: {metrics}")


def test_no_hit_after_the_acknowledgement_shows_what_was_purged(stage):
    purge_under_load(stage, {"fresh": "60s"}, scaled(36, 9))


def test_no_refresh_under_way_brings_back_what_was_purged(stage):
    purge_under_load(stage, {"fresh": "0s", "stale_while_revalidate": "5m"}, scaled(24, 8))


def test_every_worker_knows_of_a_purge_at_once(stage):
    """Connections that have just been answered from the store, on all workers."""
    larder = stage.larder(server={"workers": 4})
    entry = Published(stage, 2_000, "workers")
    connections = [larder.connect() for _ in range(24)]
    for _ in range(scaled(20, 5)):
        for connection in connections:
            entry.ask(connection, CREDENTIALS)
        wait_stored(larder)
        entry.publish_and_purge(larder, "url", entry.target)
        # All ask before any answer is read, so that no worker learns of the purge by another's.
        for connection in connections:
            ask(connection, entry.target, CREDENTIALS)
        for connection in connections:
            response = connection.read_response()
            version = sized_version(response.decoded, entry.size, entry.uid)
            check_equal(version, entry.floor, f"version after the purge: {response.headers}")
    for connection in connections:
        connection.close()


# --- Fills under way -------------------------------------------------------------------------------

def test_a_fill_under_way_is_neither_joined_nor_stored_after_a_purge(stage):
    larder = stage.larder()
    ways = {"url": lambda target: ["url", target], "all": lambda target: ["all"],
            "path": lambda target: ["path-prefix", target.partition("?")[0]],
            "scope": lambda target: ["scope", "--environment", "production", "--hard"]}
    for where, rule in {"before the head": {}, "within the body": {"after": 30_000}}.items():
        for way, arguments in ways.items():
            case = f"{where}, purge {way}"
            name = f"{way}{len(rule)}"
            target, uid = sized_target(60_000, name), sized_uid(60_000, name)
            bodies = [sized_body(60_000, uid, version=version) for version in (1, 2)]
            stage.sandbox.hold("old", host="delivery", times=1, **rule)
            with costs(stage, delivery=2, what=case), larder.connect() as early:
                ask(early, target, CREDENTIALS)
                stage.sandbox.wait_held("old")
                stage.sandbox.publish("sized", uid)
                purge(larder, *arguments(target))
                check_answer(larder.get(target, CREDENTIALS), 200, bodies[1], f"later, {case}")
                with changes(larder, case, fills_stored=0, fill_verdicts__purged=1):
                    stage.sandbox.release("old")
                    check_answer(early.read_response(), 200, bodies[0], f"who waited, {case}")
                check_answer(larder.get(target, CREDENTIALS), 200, bodies[1], f"last, {case}")


def test_a_fill_that_ends_after_a_purge_leaves_nothing(stage):
    larder = stage.larder()
    target, uid = sized_target(5_000, "after"), sized_uid(5_000, "after")
    stage.sandbox.hold("old", host="delivery", times=1)
    with larder.connect() as early:
        ask(early, target, CREDENTIALS)
        stage.sandbox.wait_held("old")
        purge(larder, "url", target)
        stage.sandbox.publish("sized", uid)
        stage.sandbox.release("old")
        early.read_response()
    check_equal(metric(larder, "store_objects"), 0, "objects stored")
    with costs(stage, delivery=1):
        check_answer(larder.get(target, CREDENTIALS), 200, sized_body(5_000, uid, version=2))


def test_a_copy_that_waits_for_its_commit_is_purged(stage):
    larder = stage.larder(cache={"commit_interval": "5s"})
    larder.get(ENTRY, CREDENTIALS)
    wait_stored(larder)  # the next commit waits for its interval
    target, uid = sized_target(5_000, "pending"), sized_uid(5_000, "pending")
    for version in (1, 2, 3):
        check_answer(larder.get(target, CREDENTIALS), 200, sized_body(5_000, uid, version=version))
        stage.sandbox.publish("sized", uid)
        purge(larder, "url", target)


def test_a_purged_object_does_not_stand_in_for_a_failed_origin(stage):
    larder = stage.larder(ttl={"entry": {"fresh": "0s", "stale_while_revalidate": "0s"}})
    larder.get(ENTRY, CREDENTIALS)
    wait_stored(larder)
    stage.sandbox.hold("fail", host="delivery", times=1, status=500)
    with larder.connect() as client:
        ask(client, ENTRY, CREDENTIALS)
        stage.sandbox.wait_held("fail")
        purge(larder, "all")
        stage.sandbox.release("fail")
        response = client.read_response()
    # It asked before the purge, but the object is gone.
    check(response.status >= 500, f"a purged object stands in: {response}")


# --- Crashes ---------------------------------------------------------------------------------------

def test_a_purge_outlives_a_crash(stage):
    larder = stage.larder()
    kept = entry_target("bltaaaa1111", "staging")
    staging = credentials(environment="staging")
    for way in (["url", ENTRY], ["scope", "--environment", "production", "--hard"], ["all"],
                ["entry", "blog", "bltaaaa1111", "--environment", "production", "--hard"]) * scaled(3, 1):
        check_answer(larder.get(ENTRY, CREDENTIALS), 200)
        expected = larder.get(kept, staging).body
        wait_stored(larder, 2)
        purge(larder, *way)
        larder.kill()
        stage.sandbox.down()
        larder.start()
        response = larder.get(ENTRY, CREDENTIALS)
        check_equal(response.status, 502, f"after purge {way}, a crash and no origin: {response}")
        if way != ["all"]:
            check_answer(larder.get(kept, staging), 200, expected, f"other scope, purge {way}")
        stage.sandbox.up()


# --- Mistakes --------------------------------------------------------------------------------------

def test_mistaken_purges_say_what_is_wrong_and_purge_nothing(stage):
    larder = stage.larder()
    larder.get(ENTRY, CREDENTIALS)
    wait_stored(larder)
    for arguments, hint in [
            (["purge", "url"], "url"), (["purge", "scope"], "api_key"),
            (["purge", "everything"], "known are url, path-prefix, scope, all, entry, asset, "
                                      "content-type, global-field, taxonomy"),
            (["purge", "all", "--branch", "main"], "branch"),
            (["purge"], "give one of"), (["purge", "scope", "--colour", "red"], "colour"),
            (["purge", "url", "/v3/unknown/path"], "never caches"),
            (["purge", "url", "/v3/sync?init=true"], "never caches"),
            (["purge", "url", "/other"], "none that larder serves"),
            (["purge", "url", ENTRY + "&live_preview=hash"], "never caches"),
            (["purge", "url", "/v3/../x"], "none that larder serves"),
            (["purge", "url", ENTRY, "--environment", "staging"], "another environment"),
            (["purge", "url", ENTRY + "#x"], "none that larder serves"),
            (["purge", "url", ""], "url")]:
        status, output = larder.ctl(*arguments)
        check(status == 2 and hint in output, f"{arguments} gives {status} and: {output}")
    with costs(stage):
        check_answer(larder.get(ENTRY, CREDENTIALS), 200)
    larder.kill()
    status, output = larder.ctl("purge", "all")
    check(status == 1 and "admin.sock" in output, f"without a daemon: {status} and: {output}")


def test_a_purge_that_finds_nothing_says_which_name_was_meant(stage):
    larder = stage.larder()
    other = entry_target("bltbbbb2222")
    for arguments, hint in [
            (["scope", "--environment", "prodution"], 'environment \\"prodution\\"; the nearest is \\"production\\"'),
            (["scope", "--api-key", STACK_A.api_key[:-1]], f'the nearest is \\"{STACK_A.api_key}\\"'),
            (["url", ENTRY, "--branch", "mian"], 'the nearest is \\"main\\"'),
            (["url", other], "nothing of it is stored")]:
        larder.get(ENTRY, CREDENTIALS)
        wait_stored(larder)
        status, output = larder.ctl("purge", *arguments)
        check(status == 3 and hint in output, f"{arguments} gives {status} and: {output}")
    with costs(stage):
        check_answer(larder.get(ENTRY, CREDENTIALS), 200)
    status, output = larder.ctl("purge", "url", ENTRY, "--branch", "main", "--branch", "develop")
    check_equal(status, 0, f"exit status when one of two branches has it: {output}")
    check_equal(larder.ctl("purge", "all")[0], 0, "exit status of a purge of all that finds nothing")


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
