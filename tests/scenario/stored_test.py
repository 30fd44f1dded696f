#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What is stored, as `larderctl get` and `larderctl list` tell it: heads, whole bodies, scopes and tags."""

import json

import harness
from harness import STACK_A, check, check_equal, credentials, wait_until
from scenario_lib import Background, check_answer, wait_stored

ENTRY = "/v3/content_types/blog/entries/bltaaaa1111?environment=production"
KINDS = ("entry", "list", "asset", "content_type")
LARGE = 700_000
MAIN = f"{STACK_A.api_key}/production/main"


def larder_of(stage, **more):
    return stage.larder(ttl={kind: {"fresh": "1h"} for kind in KINDS}, **more)


def told(larder, *words, status=0):
    code, output = larder.ctl(*words)
    check_equal(code, status, f"exit status of {words}: {output}")
    return output


def get(larder, *words):
    return json.loads(told(larder, "get", *words, "--json"))


def listed(larder, *words, status=0):
    return json.loads(told(larder, "list", *words, "--json", status=status))


def test_a_stored_answer_is_shown_whole_whatever_its_coding_and_size(stage):
    larder = larder_of(stage)
    large = harness.sized_target(LARGE)
    for target, coding in ((ENTRY, None), (ENTRY, "gzip"), (large, None)):
        headers = credentials() + ([("Accept-Encoding", coding)] if coding else [])
        check_answer(larder.get(target, headers), 200)
    wait_stored(larder, 3)
    answer = larder.get(ENTRY, credentials())
    shown = get(larder, ENTRY)
    check_equal(shown["body"].encode(), answer.decoded, "the body")
    check_equal((shown["status"], shown["state"], shown["branch"]), (200, "fresh", "main"), shown)
    check(0 < shown["fresh_for_s"] <= 3600 and shown["age_s"] >= 0, f"lifetimes: {shown}")
    check(any(line.startswith("Content-Type: application/json") for line in shown["head"]), shown["head"])
    # Each coding is an object of its own, and inflates to the same.
    others = [one for one in listed(larder, "--scope", MAIN)["objects"] if one["path"].endswith("1111")]
    check_equal({one["coding"] for one in others}, {"gzip", "identity"}, "codings")
    check_equal(told(larder, "get", ENTRY, "--body").encode(), answer.decoded, "the body alone")
    body = told(larder, "get", large, "--body")
    check_equal(body.encode(), larder.get(large, credentials()).decoded, "a body in many pieces")
    check("body" not in get(larder, ENTRY, "--head"), "a head has no body")
    text = told(larder, "get", ENTRY, "--text")
    check("\n  state     fresh\n" in text and "\n  head      Content-Type: " in text, f"text: {text}")
    check(text.endswith(answer.decoded.decode() + "\n"), f"the body is behind the head: {text}")


def test_several_are_told_apart_by_scope_and_variant(stage):
    larder = larder_of(stage)
    check_answer(larder.get(ENTRY, credentials()), 200)
    check_answer(larder.get(ENTRY, credentials(branch="develop")), 200)
    wait_stored(larder, 2)
    output = told(larder, "get", ENTRY, status=1)
    check("several are stored" in output and "/ develop" in output, f"several: {output}")
    shown = get(larder, ENTRY, "--branch", "develop")
    check_equal(shown["branch"], "develop", "branch")
    check_equal(shown["body"].encode(), larder.get(ENTRY, credentials(branch="develop")).decoded, "its body")
    check_equal(get(larder, ENTRY, "--object", str(shown["object"]))["branch"], "develop", "by number")
    told(larder, "get", ENTRY.replace("1111", "1112"), status=3)
    told(larder, "get", "/v3/stacks/nothing", status=2)


def test_previews_are_never_there_and_tokens_never_shown(stage):
    larder = larder_of(stage)
    check_answer(larder.get(ENTRY, harness.preview_credentials()), 200)
    told(larder, "get", ENTRY, status=3)
    told(larder, "list", "--scope", MAIN, status=3)
    check_answer(larder.get(ENTRY, credentials()), 200)
    wait_stored(larder)
    shown = "".join(told(larder, *words) for words in
                    (["get", ENTRY], ["get", ENTRY, "--text"], ["list", "--scope", MAIN],
                     ["list", "--scope", MAIN, "--text"]))
    for secret in harness.SECRETS:
        check(secret not in shown, f"{secret} is shown")


def test_lists_by_scope_and_tag_say_when_there_are_more(stage):
    larder = larder_of(stage)
    for number in range(12):
        check_answer(larder.get(harness.sized_target(500, f"n{number}"), credentials()), 200)
    check_answer(larder.get(ENTRY, credentials()), 200)
    check_answer(larder.get(ENTRY, credentials(branch="develop")), 200)
    wait_stored(larder, 14)
    for _ in range(3):
        check_answer(larder.get(ENTRY, credentials()), 200)
    whole = listed(larder, "--scope", MAIN)
    check_equal((len(whole["objects"]), whole["more"]), (13, False), "all of the branch")
    check_equal(len(listed(larder, "--scope", MAIN.rsplit("/", 1)[0])["objects"]), 14, "all branches")
    some = listed(larder, "--scope", MAIN, "--limit", "5")
    check_equal((len(some["objects"]), some["more"]), (5, True), "five of them")
    tagged = listed(larder, "--tag", "entry:blog/bltaaaa1111")["objects"]
    check_equal({one["branch"] for one in tagged}, {"main", "develop"}, "what shows the entry")
    one = next(one for one in tagged if one["branch"] == "main")
    check(one["uses"] >= 3 and one["state"] == "fresh", f"how often it was used: {one}")
    check_equal(len(listed(larder, "--tag", "entry:bltaaaa1111", "--scope", MAIN)["objects"]), 1, "both")
    told(larder, "purge", "entry", "blog", "bltaaaa1111")
    check(all(one["purged"] for one in listed(larder, "--tag", "entry:bltaaaa1111")["objects"]), "purged")
    text = told(larder, "list", "--scope", MAIN, "--limit", "2", "--text")
    check("There are more" in text and f"{STACK_A.api_key} / production / main" in text, f"text: {text}")
    listed(larder, "--tag", "entry:bltnothing", status=3)
    told(larder, "list", "--tag", "thing:x", status=2)


def test_a_body_is_never_a_mixture_of_two_versions(stage):
    larder = larder_of(stage)
    uid, target = harness.sized_uid(LARGE), harness.sized_target(LARGE)
    versions = [harness.sized_body(LARGE, uid, version=number) for number in range(1, 6)]

    def replace(version):
        stage.sandbox.publish("sized", uid)
        check_equal(larder.ctl("purge", "entry", "sized", uid, "--hard")[0], 0, "a purge")
        check_answer(larder.get(target, credentials()), 200, versions[version])

    def read():
        """The number of the version, or None where there was nothing to read."""
        code, output = larder.ctl("get", target, "--body")
        if code != 0:
            check(code in (1, 3) and len(output) < 1000, f"exit status {code}: {output[:300]}")
            return None
        check(output.encode() in versions, f"{len(output)} bytes that are no version")
        return versions.index(output.encode())

    check_answer(larder.get(target, credentials()), 200, versions[0])
    wait_until(lambda: read() == 0, "the first version is stored")
    for version in range(1, len(versions)):
        with Background() as changing:
            changing.start(replace, version)
            wait_until(lambda at=version: read() == at, "the next version is read while it comes")


if __name__ == "__main__":
    harness.main(globals())
