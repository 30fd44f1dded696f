#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""SIGHUP reads the configuration again: what can change does, for every worker and without one failed
request; what cannot is named; and a file with a mistake changes nothing."""

import contextlib
import copy
import json
import signal
import time

import harness
from harness import STACK_A, STACK_B, check, check_equal, credentials, wait_until
from scenario_lib import (Background, ask, cache_status, check_answer, check_api_error, costs,
                          entry_target, scaled, wait_stored)

RATE = 2_000  # requests a second, all clients together
CLIENTS = 4
PIPELINED = 10
LOAD_S = 5
PRODUCTION = STACK_A.scopes[0]
FIRST, SECOND = PRODUCTION[1]


def stacks_of(larder):
    return copy.deepcopy(larder.config["stack"])


def production_with(larder, tokens):
    stacks = stacks_of(larder)
    stacks[0]["scope"][0]["delivery_tokens"] = tokens
    return stacks


def by(token):
    return [("api_key", STACK_A.api_key), ("access_token", token)]


def generation(larder):
    return larder.status()["settings"]["generation"]


@contextlib.contextmanager
def connections(larder, count=8):
    """Kept open across reloads, and enough for every worker to have one."""
    with contextlib.ExitStack() as open_ones:
        yield [open_ones.enter_context(larder.connect()) for _ in range(count)]


def check_all(opened, expected, target, headers, what):
    for connection in opened:
        check_equal(connection.request(target, headers).status, expected, what)


# --- Under load ------------------------------------------------------------------------------------

def paced(larder, stopping, number, counts):
    """Its share of RATE, pipelined: hits, a miss, and a preview in each burst."""
    hit = entry_target()
    sent = 0
    begun = time.monotonic()
    with larder.connect() as connection:
        while not stopping.is_set():
            due = begun + sent / (RATE / CLIENTS)
            time.sleep(max(0.0, due - time.monotonic()))
            burst = [(hit, credentials())] * (PIPELINED - 2)
            burst.append((harness.sized_target(500, f"c{number}n{sent}"), credentials()))
            burst.append((hit, harness.preview_credentials()))
            connection.send(b"".join(harness.format_request(target, headers, "GET", connection.address)
                                     for target, headers in burst))
            for target, _ in burst:
                response = connection.read_response()
                check(response.status == 200, lambda r=response, t=target: f"{t} failed: {r}")
                check_equal(response.header("Connection"), "keep-alive", "no connection is given up")
            sent += len(burst)
            counts[number] = sent


def test_no_request_fails_under_load(stage):
    larder = stage.larder(server={"max_requests_per_connection": 1_000_000})
    counts = [0] * CLIENTS
    begun = time.monotonic()
    reloads = 0
    with Background() as clients:
        for number in range(CLIENTS):
            clients.start(paced, larder, clients.stopping, number, counts)
        wait_until(lambda: all(counts), "every client has answers")
        while time.monotonic() - begun < LOAD_S and not clients.stopping.is_set():
            reloads += 1
            odd = reloads % 2 == 1
            outcome = larder.reload(
                ttl={"entry": {"fresh": "45s" if odd else "50s"}},
                stack=production_with(larder, [FIRST] if odd else [FIRST, SECOND]),
                upstream={"max_connections_per_host": 16 if odd else 32})
            check_equal(outcome["result"], "applied", "result of a reload")
            check_equal(generation(larder), reloads + 1, "generation")
        seconds = time.monotonic() - begun
        total = sum(counts)
    print(f"{total} requests in {seconds:.1f} s, {total / seconds:.0f} a second, {reloads} reloads")
    check(reloads >= scaled(10, 2), f"only {reloads} reloads in {seconds} s")


# --- Mistakes --------------------------------------------------------------------------------------

MISTAKES = [
    # (what to replace, by what, text of the log)
    ('"64MiB"', '"64 potatoes"', "cache.size"),
    ("[cache]", "[cache]\nsice = 3", "sice"),
    ("[upstream]", "[upstream", ""),
    (json.dumps(FIRST), '{ file = "/nonexistent/token" }', "/nonexistent/token"),
    ("[server]", "[server]\nidle_timeout = \"9 moons\"\nmax_target = true", "idle_timeout"),
]


def test_a_broken_file_changes_nothing(stage):
    larder = stage.larder()
    check_answer(larder.get(entry_target(), credentials()), 200)
    wait_stored(larder)
    text = harness.to_toml({**larder.config, "ttl": {"entry": {"fresh": "1s"}}})
    with connections(larder) as opened:
        for old, new, named in MISTAKES:
            broken = text.replace(old, new, 1)
            check(broken != text, f"{old} is in the configuration")
            line = text[:text.index(old)].count("\n") + 1
            before = len(larder.log())
            outcome = larder.reload(text=broken)
            check_equal(outcome["result"], "failed", f"result with {new}")
            check(outcome["mistakes"] >= 1, f"mistakes with {new}: {outcome}")
            check_equal(generation(larder), 1, f"generation with {new}")
            said = larder.log()[before:]
            lines = [each for each in said.splitlines() if f"{larder.config_path}:" in each]
            check(any(f":{at}: " in each and "; " in each and named in each
                      for each in lines for at in (line, line + 1)),
                  f"file, line {line} and remedy of {new}: {said}")
            check("kept the running configuration, generation 1" in said, f"what was kept: {said}")
            with costs(stage, what=f"with {new}"):
                check_all(opened, 200, entry_target(), credentials(), f"a hit with {new}")
        larder.config_path.unlink()
        before = len(larder.log())
        larder.process.send_signal(signal.SIGHUP)
        # The file must not come back before larderd has missed it.
        wait_until(lambda: "kept the running configuration, generation 1" in larder.log()[before:],
                   "a file that is gone is a mistake")
        check(f"{larder.config_path}" in larder.log()[before:], f"it is named: {larder.log()[before:]}")
        outcome = larder.reload(ttl={"entry": {"fresh": "1s"}})
        check_equal(outcome["result"], "applied", "result once the file is right")
        check_equal(generation(larder), 2, "generation once the file is right")


def test_what_needs_a_restart_is_named_and_kept(stage):
    larder = stage.larder()
    address = larder.address
    outcome = larder.reload(server={"workers": 1, "idle_timeout": "20s"}, cache={"size": "32MiB"},
                            listener=[{"address": "127.0.0.1:1"}])
    check_equal(outcome["result"], "applied", "result of a mixed change")
    check_equal(outcome["applied"], ["server.idle_timeout"], "what is applied")
    check_equal(sorted(set(outcome["needs_restart"])),
                sorted({"listener 127.0.0.1:0", "listener 127.0.0.1:1", "server.workers",
                        "cache.size"}), "what needs a restart")
    for said in ("server.workers needs a restart: 2 -> 1; kept the running value",
                 "cache.size needs a restart: 64MiB -> 32MiB; kept the running value",
                 "generation 2: server.idle_timeout 15s -> 20s"):
        check(said in larder.log(), f"the log says: {said}")
    check_equal(larder.status()["store"]["size_bytes"], 64 << 20, "size of the store")
    check_equal(larder.address, address, "address")
    check_answer(larder.get(entry_target(), credentials()), 200)
    outcome = larder.reload()
    check_equal(outcome["result"], "unchanged", "result of the same file again")
    check("server.workers" in outcome["needs_restart"], "it is named again")
    check_equal(generation(larder), 2, "generation")


def test_an_equal_file_changes_nothing(stage):
    larder = stage.larder()
    check_equal(larder.status()["settings"]["last_reload"], {"result": "none"}, "before any")
    outcome = larder.reload()
    check_equal(outcome["result"], "unchanged", "result")
    check(f"{larder.config_path}: nothing changed" in larder.log(), "the log says so")
    check_equal(generation(larder), 1, "generation")


def test_the_access_log_is_reopened_all_the_same(stage):
    path = stage.directory / "access.log"
    larder = stage.larder(log={"access_log": str(path)})
    check_answer(larder.get(entry_target(), credentials()), 200)
    wait_until(lambda: path.read_text().count("\n") == 1, "a line in the log")
    path.rename(stage.directory / "access.log.1")
    larder.reload(text="not toml")
    check_answer(larder.get(entry_target(), credentials()), 200)
    wait_until(lambda: path.exists() and path.read_text().count("\n") >= 1, "a line in the new log")


# --- What takes effect -----------------------------------------------------------------------------

def test_lifetimes(stage):
    larder = stage.larder(ttl={"entry": {"fresh": "1h"}})
    stored = entry_target("bltaaaa1111")
    check_answer(larder.get(stored, credentials()), 200)
    wait_stored(larder, 1)
    larder.reload(ttl={"entry": {"fresh": "0s", "stale_while_revalidate": "0s"}})
    other = harness.sized_target(800)
    for _ in range(2):
        with costs(stage, delivery=1, what="by a lifetime of nothing"):
            check_answer(larder.get(other, credentials()), 200)
        wait_stored(larder, 1)
    with costs(stage, what="by the lifetime that it was stored with"):
        check_answer(larder.get(stored, credentials()), 200)
    larder.reload(ttl={"entry": {"fresh": "1h"}})
    with costs(stage, delivery=1, what="to store it anew"):
        check_answer(larder.get(other, credentials()), 200)
    wait_stored(larder, 2)
    with costs(stage, what="by the new lifetime"):
        check_answer(larder.get(other, credentials()), 200)


def test_a_removed_token_loses_its_hits_and_an_added_one_has_them(stage):
    larder = stage.larder()
    check_answer(larder.get(entry_target(), by(FIRST)), 200)
    wait_stored(larder)
    with connections(larder) as opened:
        # Three times: larder takes short ways for what it has seen before.
        for _ in range(3):
            check_all(opened, 200, entry_target(), by(SECOND), "a hit before")
        outcome = larder.reload(stack=production_with(larder, [FIRST]))
        check_equal(outcome["applied"],
                    [f"stack {STACK_A.api_key}.scope production.delivery_tokens"], "applied")
        with costs(stage, what="by a token that is gone, and one that is not"):
            check_all(opened, 401, entry_target(), by(SECOND), "the removed token")
            check_all(opened, 200, entry_target(), by(FIRST), "the token that stays")
        check_api_error(larder.get(entry_target(), by(SECOND)), 401, "the removed token")
        larder.reload(stack=production_with(larder, [FIRST, SECOND]))
        with costs(stage, what="by a token that is back"):
            check_all(opened, 200, entry_target(), by(SECOND), "the token that is back")
        # The first token names the scope: another one in its place shares nothing with it.
        larder.reload(stack=production_with(larder, [SECOND]))
        with costs(stage, delivery=1, what="by a scope of another name"):
            check_answer(larder.get(entry_target(), by(SECOND)), 200)
        check_all(opened, 401, entry_target(), by(FIRST), "the token that named the scope")
    for token in (FIRST, SECOND):
        check(token not in larder.log(), "no token is in the log")


def test_a_token_file_is_read_again(stage):
    larder = stage.larder()
    token_file = stage.directory / "token"
    token_file.touch(mode=0o600)
    token_file.write_text(SECOND)
    larder.configure(stack=production_with(larder, [FIRST]))
    text = harness.to_toml(larder.config).replace(json.dumps(FIRST),
                                                  "{ file = " + json.dumps(str(token_file)) + " }")
    larder.reload(text=text)
    check_answer(larder.get(entry_target(), by(SECOND)), 200)
    check_api_error(larder.get(entry_target(), by(FIRST)), 401, "a token that is in no file")
    token_file.write_text(FIRST)
    outcome = larder.reload(text=text)
    check_equal(outcome["result"], "applied", "result of another token in the file")
    check_answer(larder.get(entry_target(), by(FIRST)), 200)
    check_api_error(larder.get(entry_target(), by(SECOND)), 401, "the token that was in the file")


def test_scopes_and_stacks_come_and_go(stage):
    larder = stage.larder()
    staging = entry_target(environment="staging")
    of_staging = credentials(environment="staging")
    of_release = credentials(branch="release")
    of_b = credentials(STACK_B)
    asked = [(staging, of_staging, 401), (entry_target(), of_release, 422), (entry_target(), of_b, 412)]
    for target, headers, _ in asked:
        check_answer(larder.get(target, headers), 200)
    wait_stored(larder, len(asked))
    whole = stacks_of(larder)
    less = stacks_of(larder)[:1]
    del less[0]["scope"][1]
    less[0]["scope"][0]["branches"] = ["main", "develop"]
    with connections(larder) as opened:
        larder.reload(stack=less)
        with costs(stage, what="by scopes that are gone"):
            for target, headers, status in asked:
                check_all(opened, status, target, headers, f"{headers} once it is gone")
        check_all(opened, 200, entry_target(), credentials(), "a scope that stays")
        larder.reload(stack=whole)
        with costs(stage, what="by scopes that are back"):
            for target, headers, _ in asked:
                check_all(opened, 200, target, headers, f"{headers} once it is back")


def test_the_preview_host_and_its_tokens(stage):
    larder = stage.larder()
    check_answer(larder.get(entry_target(), harness.preview_credentials()), 200)
    stacks = stacks_of(larder)
    stacks[0]["scope"][0]["preview_tokens"] = ["csprevffffffffffffffff0123"]
    larder.reload(stack=stacks)
    with costs(stage, what="by a preview token that is gone"):
        check_api_error(larder.get(entry_target(), harness.preview_credentials()), 401,
                        "a preview token that is gone")


def test_limits(stage):
    larder = stage.larder()
    long_target = entry_target(more="&include_count=" + "1" * 3_000)
    header = [("x-long", "a" * 3_000)]
    with connections(larder) as opened:
        for _ in range(3):
            check_all(opened, 200, entry_target(), credentials() + header, "a long header before")
        check(larder.get(long_target, credentials()).status != 414, "a long target before")
        larder.reload(server={"max_target": "2KiB", "max_header": "2KiB",
                              "max_requests_per_connection": 1})
        check_answer(larder.get(long_target, credentials()), 414)
        check_answer(larder.get(entry_target(), credentials() + header), 431)
        for connection in opened:
            response = connection.request(entry_target(), credentials())
            check_equal((response.status, response.header("Connection")), (200, "close"),
                        "the last request of a connection")


def test_bounds_of_the_origin(stage):
    larder = stage.larder(upstream={"max_connections_per_host": 1, "max_queue_per_host": 0})
    stage.sandbox.hold("one", host="delivery")
    with larder.connect() as first, larder.connect() as more:
        ask(first, harness.sized_target(300, "a"), credentials())
        stage.sandbox.wait_held("one")
        check_answer(larder.get(harness.sized_target(300, "b"), credentials()), 503)
        larder.reload(upstream={"max_connections_per_host": 2})
        ask(more, harness.sized_target(300, "c"), credentials())
        stage.sandbox.wait_held("one", 2)
        check_answer(larder.get(harness.sized_target(300, "b"), credentials()), 503)
        stage.sandbox.release("one")
        check_answer(first.read_response(), 200)
        check_answer(more.read_response(), 200)


def test_the_log_level(stage):
    larder = stage.larder(log={"level": "warning"})
    larder.reload(ttl={"entry": {"fresh": "9s"}})
    check("ttl.entry.fresh" not in larder.log(), "no word at level warning")
    larder.reload(log={"level": "info"})
    check("log.level warning -> info" in larder.log(), "it speaks at level info")


# --- What is under way -----------------------------------------------------------------------------

def test_a_request_under_way_is_answered_and_nobody_of_the_removed_token_joins(stage):
    larder = stage.larder()
    stage.sandbox.hold("answer", host="delivery")
    with larder.connect() as begun, larder.connect() as joined:
        ask(begun, entry_target(), by(SECOND))
        stage.sandbox.wait_held("answer")
        larder.reload(stack=production_with(larder, [FIRST]))
        check_api_error(larder.get(entry_target(), by(SECOND)), 401, "the removed token")
        ask(joined, entry_target(), by(FIRST))
        stage.sandbox.release("answer")
        check_answer(begun.read_response(), 200, what="what began before the reload")
        check_answer(joined.read_response(), 200, what="another token of the scope")
    wait_stored(larder)
    with costs(stage, what="by the token that stays"):
        check_answer(larder.get(entry_target(), by(FIRST)), 200)
    check_api_error(larder.get(entry_target(), by(SECOND)), 401, "the removed token, of what is stored")


def test_a_fill_of_a_removed_scope_serves_no_later_request(stage):
    larder = stage.larder()
    target, headers = entry_target(environment="staging"), credentials(environment="staging")
    stage.sandbox.hold("answer", host="delivery")
    with larder.connect() as begun:
        ask(begun, target, headers)
        stage.sandbox.wait_held("answer")
        stacks = stacks_of(larder)
        del stacks[0]["scope"][1]
        larder.reload(stack=stacks)
        check_api_error(larder.get(target, headers), 401, "the removed scope, while its fill runs")
        stage.sandbox.release("answer")
        check_answer(begun.read_response(), 200, what="what began before the reload")
    wait_stored(larder)
    check_api_error(larder.get(target, headers), 401, "the removed scope, once its fill is stored")


# --- Tokens and the logs ---------------------------------------------------------------------------

def test_new_and_old_tokens_reach_no_log(stage):
    path = stage.directory / "access.log"
    larder = stage.larder(log={"access_log": str(path)})
    new, old = "wholly-unusual-token-of-tomorrow", "wholly-unusual-token-of-yesterday"
    larder.reload(stack=production_with(larder, [FIRST, old]))
    larder.reload(stack=production_with(larder, [FIRST, new]))
    for token in (new, old):
        larder.get(entry_target(more=f"&query={token}&locale=of-{token[-9:]}"), credentials())
    wait_until(lambda: path.read_text().count("\n") == 2, "two lines in the log")
    broken = harness.to_toml(larder.config).replace("[server]", f'[server]\n"{new}" = "{new}"', 1)
    larder.reload(text=broken)
    for token in (new, old):
        for each in (path.read_text(), larder.log()):
            check(token not in each, f"{token} is in a log: {each}")


def test_purges_hold_across_reloads(stage):
    larder = stage.larder()
    check_answer(larder.get(entry_target(), credentials()), 200)
    wait_stored(larder)
    with connections(larder) as opened:
        for _ in range(3):
            check_all(opened, 200, entry_target(), credentials(), "a hit")
        larder.reload(ttl={"entry": {"fresh": "2h"}})
        stage.sandbox.publish()
        check_equal(larder.ctl("purge", "all")[0], 0, "exit status of the purge")
        larder.reload(ttl={"entry": {"fresh": "1h"}})
        with costs(stage, delivery=1, what="after the purge"):
            first = opened[0].request(entry_target(), credentials())
        check("hit" not in cache_status(first).split(";")[1], f"after a purge: {first}")


if __name__ == "__main__":
    harness.main(globals())
