#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How much an event of an entry purges: by purge.mode what may show it, or its whole content type and
what refers to that."""

import harness
from harness import check, check_equal, credentials
from change_purge_test import entries, entry, target
from scenario_lib import cache_status, wait_stored

CHANGED = entry("author", "bltauthor1")
ANOTHER = entry("author", "bltauthor2")
REFERRING = entry("blog", "bltaaaa1111")  # names an author, and includes none
LIST = entries("author")
APART = [entry("org", "bltorg0"), target("/assets/bltasset1")]
ALL = [CHANGED, ANOTHER, REFERRING, LIST, *APART]


def fill(larder):
    for one in ALL:
        check_equal(larder.get(one, credentials()).status, 200, one)
    wait_stored(larder, len(ALL))


def purged(larder):
    return {one for one in ALL if "larder; hit" not in cache_status(larder.get(one, credentials()))}


def test_by_content_type_all_that_shows_or_names_any_entry_of_it_goes(stage):
    larder = stage.larder(ttl={kind: {"fresh": "1h"} for kind in ("entry", "list", "asset")},
                          purge={"soft_for": "0s"})
    for mode, more in (("exact", set()), ("content_type", {ANOTHER, REFERRING})):
        larder.reload(purge={"soft_for": "0s", "mode": mode})
        fill(larder)
        author = larder.get(REFERRING, credentials()).json()["entry"]["author"][0]["uid"]
        uid = next(uid for uid in ("bltauthor1", "bltauthor2") if uid != author)
        status, output = larder.ctl("purge", "entry", "author", uid)
        check_equal(status, 0, output)
        shown = {one for one in (CHANGED, ANOTHER) if uid in one}
        expected = shown | {LIST} | (more if not more else {CHANGED, ANOTHER, REFERRING})
        check_equal(purged(larder), expected, f"purged by mode {mode}")
        check(not set(APART) & expected, "what is apart stays")


if __name__ == "__main__":
    harness.main(globals())
