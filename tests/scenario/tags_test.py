#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What is stored of a URL, in which state and with which tags, as `larderctl tags` tells it."""

import json

import harness
from harness import check, check_equal, credentials
from scenario_lib import wait_stored

ENTRY = "/v3/content_types/blog/entries/bltaaaa1111?environment=production"
KINDS = ("entry", "list", "asset", "content_type")


def larder_of(stage, **more):
    return stage.larder(ttl={kind: {"fresh": "1h"} for kind in KINDS}, **more)


def tags(larder, *words):
    status, output = larder.ctl("tags", *words, "--json")
    check_equal(status, 0, f"exit status of tags {words}: {output}")
    return json.loads(output)["objects"]


def test_each_scope_and_variant_is_told_with_its_state_and_tags(stage):
    larder = larder_of(stage, purge={"soft_for": "1h"})
    for headers in ([], [("Accept-Encoding", "gzip")], [("x-cs-variant-uid", "cs1")]):
        check_equal(larder.get(ENTRY, credentials() + headers).status, 200, "an entry")
    check_equal(larder.get(ENTRY, credentials(branch="develop")).status, 200, "of a branch")
    wait_stored(larder, 4)
    objects = tags(larder, ENTRY)
    check_equal({(one["branch"], one["coding"], one.get("variants")) for one in objects},
                {("main", "identity", None), ("main", "gzip", None), ("main", "identity", "cs1"),
                 ("develop", "identity", None)}, "objects")
    check_equal(len(objects), 4, "objects")
    for one in objects:
        check_equal((one["state"], one["purged"], one["unnamed_tags"]), ("fresh", False, 0), one)
        check({"entry:bltaaaa1111", "reference:bltaaaa1111", "content-type:blog"}
              <= set(one["tags"]), f"tags of the entry: {one['tags']}")
    whole = "https://cdn.example" + ENTRY
    check_equal(len(tags(larder, whole, "--branch", "develop")), 1, "of one branch, by a whole URL")
    # The tags that it names are those that purges find it by.
    asset = next(tag for tag in objects[0]["tags"] if tag.startswith("asset:"))
    check_equal(larder.ctl("purge", "--tag", asset, "--branch", "main")[0], 0, "purge of an asset")
    states = {(one["branch"], one["state"], one["purged"]) for one in tags(larder, ENTRY)}
    check_equal(states, {("main", "stale", True), ("develop", "fresh", False)}, "after a purge")


def test_a_person_gets_text_and_nobody_a_token(stage):
    larder = larder_of(stage)
    check_equal(larder.get(ENTRY, credentials()).status, 200, "an entry")
    wait_stored(larder, 1)
    status, output = larder.ctl("tags", ENTRY, "--text")
    check_equal(status, 0, output)
    check("\n  tags      " in output and "entry:bltaaaa1111" in output, f"text: {output}")
    check("fresh until" in output and " / production / main" in output, f"text: {output}")
    token = dict(credentials())["access_token"]
    check(token not in output + json.dumps(tags(larder, ENTRY)), "the token is shown")


def test_what_is_not_stored_is_told_by_the_exit_status_and_a_hint(stage):
    larder = larder_of(stage)
    check_equal(larder.get(ENTRY, credentials()).status, 200, "an entry")
    wait_stored(larder, 1)
    for words, hint in (([ENTRY.replace("1111", "1112")], "nothing of it is stored"),
                        (["/v3/content_types/blog/entries"], "single quotes"),
                        ([ENTRY, "--branch", "mian"], 'the nearest is \\"main\\"')):
        status, output = larder.ctl("tags", *words)
        check_equal(status, 3, f"exit status of tags {words}: {output}")
        check(hint in output, f"hint for {words}: {output}")
    status, output = larder.ctl("tags", "/v3/stacks/nothing")
    check_equal(status, 2, f"a URL that is never cached: {output}")


if __name__ == "__main__":
    harness.main(globals())
