#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Why a request got what it got, and what the next one gets: `larderctl explain` by URL and by request id,
in the words that stand in the access log."""

import itertools
import json

import harness
from harness import check, check_equal, credentials, sized_target, wait_until
from scenario_lib import (ask_until, cache_status, check_answer, entry_target, is_fresh_hit, metric, wait_metric,
                          wait_stored)
from webhook_test import Receiver

CREDENTIALS = credentials()
TOKEN = CREDENTIALS[1][1]
HOUR = {"fresh": "1h", "stale_while_revalidate": "0s", "stale_if_error": "1h"}
KINDS = ("entry", "list", "asset")


class Watched:
    """A larder with an access log, and requests that have ids."""

    def __init__(self, stage, larder=None, **changes):
        self.path = stage.directory / "explained.log"
        if larder is None:
            larder = stage.larder(log={"access_log": str(self.path)}, **changes)
        self.larder = larder
        self.numbers = itertools.count(1)
        self.shown = ""

    def get(self, target, headers=CREDENTIALS, **more):
        """The answer, and its line of the access log."""
        name = f"case-{next(self.numbers)}"
        answer = self.larder.get(target, [*headers, ("X-Request-Id", name)], **more)
        check_equal(answer.header("X-Request-Id"), name, "the id in the answer")
        return answer, self.logged(name)

    def logged(self, name):
        def lines():
            records = [json.loads(line) for line in self.path.read_text().splitlines() if line.endswith("}")]
            return [record for record in records if record["request_id"] == name]
        wait_until(lambda: lines(), lambda: f"a line of {name}: {self.path.read_text()[-2000:]}")
        check_equal(len(lines()), 1, f"lines of {name}")
        return lines()[0]

    def explain(self, *words, status=0):
        if words[0].startswith("/") and "--api-key" not in words:
            words = (*words, "--api-key", harness.STACK_A.api_key)
        got, output = self.larder.ctl("explain", *words, "--json")
        check_equal(got, status, f"exit status of explain {words}: {output}")
        self.shown += output + self.larder.ctl("explain", *words, "--text")[1]
        return json.loads(output)

    def next(self, target, *words):
        """What the next request for it gets, where one scope has it."""
        scopes = self.explain(target, *words)["scopes"]
        check_equal(len(scopes), 1, f"scopes of {target}: {scopes}")
        return scopes[0]["next"]

    def check_decision(self, record, outcome, reason, detail="-"):
        """The log says so, and explain of its id says the same."""
        check_equal((record["outcome"], record["reason"], record["detail"]), (outcome, reason, detail),
                    f"words of the access log: {record}")
        decision = self.explain(record["request_id"])["decision"]
        for name in ("outcome", "reason", "detail", "status", "request_id"):
            check_equal(decision[name], record[name], f"{name} of the decision")
        check("\n" not in decision["line"] and f"({reason})" in decision["line"] and
              decision["line"].startswith(outcome + ": "), f"line: {decision['line']}")
        return decision["line"]

    def check_next(self, target, outcome, reason, detail="-", words="", *options):
        return self.check_told(self.next(target, *options), outcome, reason, detail, words)

    @staticmethod
    def check_told(answer, outcome, reason, detail="-", words=""):
        check_equal((answer["outcome"], answer["reason"], answer["detail"]), (outcome, reason, detail),
                    f"next: {answer}")
        check(words in answer["line"] and "\n" not in answer["line"], f"line: {answer['line']}")
        print(f"  {answer['line']}")
        return answer


def test_a_first_miss_then_a_hit(stage):
    site = Watched(stage, ttl={kind: HOUR for kind in KINDS})
    target = entry_target(more="&include_count=true&b=1&a=2")
    unknown = site.explain(target, status=3)
    check_equal(unknown["scopes"][0]["next"]["reason"], "absent", "what was never asked for")
    answer, record = site.get(target)
    check("larder; fwd=miss" in cache_status(answer), f"Cache-Status: {answer}")
    line = site.check_decision(record, "miss", "absent", "stored")
    check("nothing of it is stored" in line, line)
    wait_stored(site.larder)
    _, record = site.get(target)
    site.check_decision(record, "hit", "fresh")
    site.check_next(target, "hit", "fresh", words="fresh in the store (fresh); so for ")
    # The derivation of the key, without the credential in it.
    whole = site.explain(f"{target}&api_key={CREDENTIALS[0][1]}&access_token={TOKEN}")
    check_equal((whole["route"], whole["reason"]), ("cached", "cached-path"), "route")
    check_equal(whole["query"], "a=2&b=1&include_count=true", "canonical query")
    check_equal((set(whole["not_in_key"]), whole["sorted"]), ({"environment", "api_key", "access_token"}, True),
                "derivation")
    scope = whole["scopes"][0]
    check_equal((scope["scope_reason"], scope["stored"]["state"]), ("configured-scope", "fresh"), "scope")
    check_equal(scope["key"], record["key"], "the key of the access log")
    check("entry:bltaaaa1111" in scope["stored"]["tags"], f"tags: {scope}")
    check_equal([one["outcome"] for one in scope["decisions"]], ["hit", "miss"], "the last decisions")
    by_id = site.explain(record["request_id"])
    check_equal((by_id["path"], by_id["scopes"][0]["next"]["outcome"]),
                (target.partition("?")[0], "hit"), "by its id")
    check(TOKEN not in site.shown, "a token is shown")


def test_an_expired_object(stage):
    life = {"fresh": "1s", "stale_while_revalidate": "0s", "stale_if_error": "0s"}
    site = Watched(stage, ttl={"entry": life})
    target = entry_target()
    site.get(target)
    wait_stored(site.larder)
    wait_until(lambda: site.next(target)["reason"] == "expired", "it expires")
    site.check_next(target, "miss", "expired", words="too old for any use (expired); the origin is asked")
    site.check_decision(site.get(target)[1], "miss", "expired", "stored")


def unshared(stage, detail, target=entry_target(), mark=True, site=None, **fault):
    site = site or Watched(stage)
    if fault:
        stage.sandbox.fault(host="delivery", **fault)
    answer, record = site.get(target)
    check_equal(answer.status, 200, f"{answer}")
    line = site.check_decision(record, "miss", "absent", detail)
    check("the answer was not stored: " in line and f"({detail})" in line, line)
    then = "hit-for-miss" if mark else "-"
    site.check_next(target, "miss", "absent", then, f"({detail})")
    _, record = site.get(target)
    site.check_decision(record, "miss", "absent", then if mark else detail)
    site.check_next(target, "miss", "absent", then, f"({detail})")


def test_a_hit_for_miss_after_a_cookie(stage):
    unshared(stage, "set_cookie", headers={"Set-Cookie": "session=1"})


def test_a_hit_for_miss_after_a_vary(stage):
    unshared(stage, "vary", headers={"Vary": "*"})


def test_an_answer_beyond_the_bound_of_size(stage):
    site = Watched(stage, cache={"max_object": "64KiB"})
    unshared(stage, "too_large", sized_target(100_000, "big"), mark=False, site=site)


def test_a_preview_and_a_refused_scope(stage):
    site = Watched(stage)
    target = entry_target().partition("?")[0]
    hashed = [CREDENTIALS[0], ("preview_token", harness.STACK_A.scopes[0][2][0]), ("live_preview", "hash123")]
    answer, record = site.get(target, hashed)
    check_equal(answer.status, 200, f"a preview: {answer}")
    line = site.check_decision(record, "preview", "preview-hash")
    check("never stored: it has the hash of an editor's session" in line, line)
    options = [word for name, value in hashed for word in ("--header", f"{name}: {value}")]
    preview = site.explain(target, *options)
    check_equal((preview["route"], preview["reason"], preview["scopes"]), ("preview", "preview-hash", []), "by URL")

    _, record = site.get(entry_target(), [CREDENTIALS[0], ("access_token", "nobodys-token")])
    site.check_decision(record, "refused", "unknown-token", "refused")
    refused = site.explain(entry_target(), "--header", "access_token: nobodys-token", "--api-key",
                           CREDENTIALS[0][1])
    check_equal((refused["route"], refused["reason"]), ("refused", "unknown-token"), f"by URL: {refused}")
    check("its token is none of the stack's (unknown-token)" in refused["line"], refused["line"])
    _, record = site.get(entry_target(environment="moon"))
    site.check_decision(record, "refused", "other-environment", "refused")
    refused = site.explain(entry_target(environment="moon"))
    check_equal((refused["route"], refused["reason"]), ("refused", "other-environment"), f"by URL: {refused}")
    for secret in ("nobodys-token", "hash123", hashed[1][1], TOKEN):
        check(secret not in site.shown + site.path.read_text(), f"{secret} is shown")


def test_a_stale_answer_while_the_host_is_open(stage):
    site = Watched(stage, ttl={"entry": {"fresh": "1s", "stale_while_revalidate": "0s", "stale_if_error": "1h"}},
                   upstream={"failures_to_open": 2})
    target = entry_target()
    site.get(target)
    wait_stored(site.larder)
    stage.sandbox.fault(host="delivery", status=500)
    def stale_by_circuit():
        _, record = site.get(target)
        return record if record["detail"] == "host-open" else None
    record = wait_until(stale_by_circuit, "an answer while the host is open")
    line = site.check_decision(record, "stale_error", "stale-if-error", "host-open")
    check("asked by probes only (host-open)" in line, line)
    site.check_next(target, "stale_error", "stale-if-error", "host-open", "so for ")
    scope = site.explain(target)["scopes"][0]
    check_equal(scope["origin"]["trouble"], "host-open", f"origin: {scope['origin']}")
    check(scope["origin"]["failures_in_a_row"] >= 2 and scope["origin"]["state"] in ("open", "probing") and
          "500" in scope["origin"]["last_error"], f"origin: {scope['origin']}")


def test_a_purged_object(stage):
    site = Watched(stage, ttl={"entry": HOUR}, purge={"soft_for": "1h"})
    target = entry_target()
    site.get(target)
    wait_stored(site.larder)
    check_equal(site.larder.ctl("purge", "entry", "blog", "bltaaaa1111")[0], 0, "a soft purge")
    site.check_next(target, "stale", "stale-while-revalidate", "purged", "a purge has hit it (purged); so for ")
    stage.sandbox.hold("refresh", host="delivery")
    _, record = site.get(target)
    site.check_decision(record, "stale", "stale-while-revalidate", "purged")
    check_equal(site.explain(target)["scopes"][0]["stored"]["purged"], True, "it is said to be purged")
    stage.sandbox.release("refresh")
    ask_until(site.larder, target, CREDENTIALS, is_fresh_hit, lambda r: r.status == 200, "the refresh")
    check_equal(site.larder.ctl("purge", "url", target)[0], 0, "a purge that removes it")
    site.check_next(target, "miss", "absent", words="it was stored before: it has been purged or evicted since")


def test_a_refill_that_a_fence_holds_back(stage):
    stage.sandbox.set_edge(lag_s=60, cache_buster=False)
    receiver = Receiver(stage)
    path = stage.directory / "explained.log"
    receiver.larder.configure(log={"access_log": str(path)})
    receiver.larder.restart()
    receiver.tell_sandbox()
    receiver.larder.reload(purge={"soft_for": "0s"})
    site = Watched(stage, receiver.larder)
    target = entry_target()
    site.get(target)
    wait_until(lambda: is_fresh_hit(site.larder.get(target, CREDENTIALS)), "a hit")
    stage.sandbox.publish()
    wait_until(lambda: not is_fresh_hit(site.larder.get(target, CREDENTIALS)), "the event")
    def outdated():
        _, record = site.get(target)
        return record if record["detail"] == "outdated" and record["outcome"] == "stale_error" else None
    record = wait_until(outdated, "an answer while refills pause")
    site.check_decision(record, "stale_error", "stale-if-error", "outdated")
    def pausing():
        site.get(target)
        answer = site.next(target)
        return answer if answer["detail"] == "outdated" else None
    told = wait_until(pausing, "refills pause")
    site.check_told(told, "stale_error", "stale-if-error", "outdated", "content of before a known change (outdated)")


def test_ids_are_made_where_there_is_no_sane_one_and_credentials_are_none(stage):
    site = Watched(stage)
    made = set()
    for value in (None, "with blank", "a" * 65, "", TOKEN, "cs0123456789abcdef01234567", 'quo"te'):
        headers = CREDENTIALS if value is None else [*CREDENTIALS, ("X-Request-Id", value)]
        answer = site.larder.get(entry_target(), headers)
        name = answer.header("X-Request-Id")
        check(len(name) == 16 and int(name, 16) >= 0, f"an id is made instead of {value!r}: {name}")
        check_equal(site.logged(name)["status"], 200, f"line of {name}")
        made.add(name)
    check_equal(len(made), 7, "ids")
    check_equal(site.explain("never-seen-id", status=3)["error"],
                "no request of this id is remembered (log.decisions)", "an unknown id")
    for secret in (TOKEN, "cs0123456789abcdef01234567"):
        check(secret not in site.shown + site.path.read_text(), "a credential is logged as an id")
    check(0 < site.larder.status()["decisions"]["bytes"] < 4096 * 160, "memory of the decisions")
    site.larder.reload(server={"request_id": False})
    answer = site.larder.get(entry_target(), [*CREDENTIALS, ("X-Request-Id", "quiet")])
    check_equal(answer.header("X-Request-Id"), None, "the id in an answer that shall have none")
    check_equal(site.logged("quiet")["outcome"], "hit", "it is logged all the same")


def test_no_id_gives_away_a_credential_of_its_request(stage):
    """Each twice on one connection: the second time larder knows the header block."""
    site = Watched(stage)
    secret = "Session-Secret-77aa"
    given = (([("Cookie", secret)], "", secret),
             ([("Proxy-Authorization", secret)], "", secret),
             ([("Cookie", f"a={secret}; b=c")], "", secret),
             ([("Cookie", f"a=b; c={secret}")], "", f"x-{secret}"),
             ([("Authorization", f"Bearer {secret}")], "", f"x-{secret}"),
             ([], f"&live_preview={secret}", f"x{secret}"),
             ([], f"&live%5Fpreview={secret}", secret),
             ([], f"&live_preview=%53{secret[1:]}", secret),
             ([], f"&access_token[]={secret}", secret))
    for headers, query, name in given:
        with site.larder.connect() as connection:
            for time in (1, 2, 3):
                answer = connection.request(entry_target() + query, [*CREDENTIALS, *headers, ("X-Request-Id", name)])
                got = answer.header("X-Request-Id")
                check(got and secret not in got, f"{headers} {query}, the {time}. time: the answer's id is {got}")
                site.logged(got)
    check(secret not in site.path.read_text(), f"the access log shows it: {site.path.read_text()}")


def test_an_origin_gets_the_id_where_the_operator_forwards_it(stage):
    for listed in ([], ["x-request-id"]):
        larder = stage.larder(upstream={"forward_headers_unkeyed": listed})
        stage.sandbox.reset()
        answer = larder.get(entry_target(), CREDENTIALS)
        got = [dict((name.lower(), value) for name, value in request["headers"]).get("x-request-id")
               for request in stage.sandbox.requests("delivery")]
        check_equal(got, [answer.header("X-Request-Id")] if listed else [None], "the id at the origin")


def test_only_the_admin_socket_explains(stage):
    site = Watched(stage)
    with harness.Connection(site.larder.metrics_address) as connection:
        check_equal(connection.request("/explain?url=/v3/assets").status, 404, "on TCP")
    check_equal(site.larder.ctl("explain", "/v3/assets", "--header", "no colon")[0], 2, "a header without a colon")
    status, output = site.larder.ctl("explain", "--help")
    check(status == 0 and "Examples:" in output and "larderctl explain" in output, f"help: {output}")


if __name__ == "__main__":
    harness.main(globals())
