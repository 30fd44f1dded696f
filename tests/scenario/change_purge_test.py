#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Purges of what has changed (an entry, an asset ...): after each, everything that is cached is what
the origin says now, whatever it shows the changed thing in; and little else is thrown away."""

import json
import os
import random
import urllib.parse

import harness
from harness import Connection, check, check_equal, credentials
from scenario_lib import SANITIZED, cache_status, origin_requests, wait_stored

ROUNDS = int(os.environ.get("LARDER_CHANGE_ROUNDS", "20" if SANITIZED else "60"))
BRANCHES = ("main", "develop")


def target(path, **parameters):
    query = [("environment", "production")]
    for name, value in parameters.items():
        values = value if isinstance(value, list) else [value]
        name = name.replace("__", "[]")
        query += [(name, one if isinstance(one, str) else json.dumps(one)) for one in values]
    return f"/v3{path}?{urllib.parse.urlencode(query)}"


def entry(ct, uid, **parameters):
    return target(f"/content_types/{ct}/entries/{uid}", **parameters)


def entries(ct, **parameters):
    return target(f"/content_types/{ct}/entries", **parameters)


def targets():
    """Entries with references up to three deep, lists, filters of all kinds, assets, schemas."""
    found = []
    for number in range(1111, 1131):
        uid = f"bltaaaa{number}"
        found += [entry("blog", uid), entry("blog", uid, include__=["author", "related"]),
                  entry("blog", uid, include__=["author.org", "related.section.author"])]
    for number in range(10):
        found += [entry("author", f"bltauthor{number}"), entry("page", f"bltpage{number}"),
                  entry("author", f"bltauthor{number}", include__="org"),
                  entry("page", f"bltpage{number}", include__="section.author.org"),
                  entry("page", f"bltpage{number}", only__BASE__="title")]
    found += [entries(ct) for ct in ("blog", "author", "page", "org", "header")]
    found += [entries("blog", limit=5, skip=5), entries("blog", include_count="true"),
              entries("blog", include__="author", limit=7),
              entries("blog", query={"featured": True}),
              entries("blog", query={"author": {"$in_query": {"title": {"$regex": "Author 1"}}}}),
              entries("blog", query={"author": {"$nin_query": {"title": {"$regex": "Author 2"}}}}),
              entries("blog", include_content_type="true", limit=3),
              entry("blog", "bltnosuchentry"), entry("author", "bltnosuchauthor"),
              target("/assets"), target("/content_types"), target("/content_types/blog"),
              target("/global_fields"), target("/taxonomies")]
    found += [target(f"/assets/bltasset{number}") for number in range(1, 15)]
    return found


def body_of(response):
    """What of an answer depends on content alone."""
    return response.status, response.json()


class Fleet:
    """All that is cached, and what the origin says of it."""

    def __init__(self, stage, larder):
        self.stage = stage
        self.larder = larder
        self.asked = [(branch, one) for branch in BRANCHES for one in targets()]
        self.truth = {}

    def judge(self, what):
        """Every answer must be what the origin says now: (changed, thrown away)."""
        changed, gone = set(), set()
        with (Connection(self.larder.address) as larder,
              Connection(self.stage.sandbox.delivery) as origin):
            for branch, one in self.asked:
                headers = credentials(branch=branch)
                now = body_of(origin.request(one, headers))
                response = larder.request(one, headers)
                if "larder; hit" not in cache_status(response):
                    gone.add((branch, one))
                check(body_of(response) == now,
                      lambda: f"after {what}: {branch} {one} is stale: {response!r}, not {now}")
                if now != self.truth.get((branch, one)):
                    changed.add((branch, one))
                self.truth[branch, one] = now
        wait_stored(self.larder, len(self.asked))
        return changed, gone


def change_something(stage, random_, state):
    """Publishes or unpublishes one entry or asset of one branch: (words of the purge, kind)."""
    branch = random_.choice(BRANCHES)
    ct = random_.choice(["blog", "blog", "author", "page", "org", "sys_assets"])
    number = {"blog": lambda: f"bltaaaa{random_.randrange(1111, 1135)}",
              "author": lambda: f"bltauthor{random_.randrange(10)}",
              "page": lambda: f"bltpage{random_.randrange(10)}",
              "org": lambda: f"bltorg{random_.randrange(2)}",
              "sys_assets": lambda: f"bltasset{random_.randrange(1, 15)}"}[ct]
    uid = number()
    state["n"] += 1
    if random_.random() < 0.3:
        stage.sandbox.unpublish(ct, uid, branch=branch)
        kind = "unpublish"
    else:
        stage.sandbox.publish(ct, uid, branch=branch, fields={"title": f"new {state['n']}"})
        kind = "publish"
    words = ["asset", uid] if ct == "sys_assets" else ["entry", ct, uid]
    return [*words, "--branch", branch], f"{kind} of {ct}"


def test_nothing_stale_is_left_by_purges_of_what_has_changed(stage):
    kinds = ("entry", "list", "asset", "content_type", "taxonomy", "negative")
    larder = stage.larder(ttl={kind: {"fresh": "1h"} for kind in kinds}, purge={"soft_for": "0s"})
    fleet = Fleet(stage, larder)
    fleet.judge("the start")
    random_ = random.Random(int(os.environ.get("LARDER_CHANGE_SEED", "1")))
    state = {"n": 0}
    totals = {}
    for _ in range(ROUNDS):
        words, kind = change_something(stage, random_, state)
        status, output = larder.ctl("purge", *words)
        check(status in (0, 3), f"exit status {status} of larderctl purge {words}: {output}")
        changed, gone = fleet.judge(" ".join([kind, *words]))
        total = totals.setdefault(kind, [0, 0, 0])
        for index, more in enumerate((1, len(changed), len(gone))):
            total[index] += more
    if os.environ.get("LARDER_CHANGE_REPORT"):
        for kind, (count, changed, gone) in sorted(totals.items()):
            print(f"{kind}: {count} times, {gone} purged, {changed} of them changed: "
                  f"{gone / max(changed, 1):.2f}")
    # Without a purge nothing is thrown away, so that the figures above mean something.
    check_equal(fleet.judge("nothing"), (set(), set()), "changed and thrown away without a purge")


def test_an_entry_is_new_to_what_lacks_it_though_others_show_it_before_the_purge(stage):
    larder = stage.larder(ttl={"entry": {"fresh": "1h"}}, purge={"soft_for": "0s"})
    lacks, shows = (entry("author", uid, include__="org") for uid in ("bltauthor0", "bltauthor2"))
    stage.sandbox.unpublish("org", "bltorg0")
    larder.get(lacks, credentials())
    stage.sandbox.publish("org", "bltorg0", fields={"title": "new"})
    larder.get(shows, credentials())
    wait_stored(larder, 2)
    larder.ctl("purge", "entry", "org", "bltorg0")
    check_equal(body_of(larder.get(lacks, credentials())),
                body_of(stage.sandbox.get(lacks, credentials())), "what did not include it before")


def test_a_purge_of_a_change_outlives_a_restart_and_spares_the_rest(stage):
    larder = stage.larder(purge={"soft_for": "0s"})
    shows, other = entry("blog", "bltaaaa1111"), entry("blog", "bltaaaa1112")
    for one in (shows, other):
        larder.get(one, credentials())
    wait_stored(larder, 2)
    status, output = larder.ctl("purge", "entry", "blog", "bltaaaa1111")
    check_equal((status, json.loads(output)["purged"]), (0, 1), "status and objects purged")
    larder.restart()
    before = origin_requests(stage)
    larder.get(other, credentials())
    check_equal(origin_requests(stage), before, "requests for what was spared")
    larder.get(shows, credentials())
    check_equal(origin_requests(stage), before + 1, "requests for what was purged")


def test_an_asset_comes_to_where_it_was_missing(stage):
    larder = stage.larder(purge={"soft_for": "0s"})
    shows, other = entry("blog", "bltaaaa1118"), entry("blog", "bltaaaa1119")
    uid = "bltasset8"

    def ask(one):
        return larder.get(one, credentials()).json()["entry"]
    check_equal(ask(shows)["image"]["uid"], uid, "the asset that an entry shows")
    ask(other)
    wait_stored(larder, 2)
    stage.sandbox.unpublish("sys_assets", uid)
    check_equal(larder.ctl("purge", "asset", uid)[0], 0, "exit status of the purge")
    check_equal(ask(shows)["image"], None, "the asset that was unpublished")
    wait_stored(larder, 2)
    stage.sandbox.publish("sys_assets", uid, fields={"title": "back"})
    check_equal(larder.ctl("purge", "asset", uid)[0], 0, "exit status of the purge")
    check_equal(ask(shows)["image"]["title"], "back", "the asset that was published again")
    check("larder; hit" in cache_status(larder.get(other, credentials())),
          "an entry with all its assets is not purged when another asset comes")


def test_mistaken_orders_say_what_is_missing(stage):
    larder = stage.larder()
    for words in (["entry"], ["entry", "blog"], ["asset"], ["content-type"]):
        status, output = larder.ctl("purge", *words)
        check_equal(status, 2, f"exit status of purge {words}: {output}")
        check("required" in output, f"purge {words} says {output}")
    for what, said in (("what=entry&uid=a", "content_type"), ("what=asset", "uid"),
                       ("what=asset&uid=a&content_type=b", "content_type"),
                       ("what=scope&branch=b&uid=a", "uid"),
                       ("what=entry&uid=a&content_type=b&url=/v3/assets", "url")):
        with Connection(f"unix:{larder.socket_path}") as admin:
            response = admin.request("/purge?" + what, (), "POST")
        check_equal(response.status, 400, f"status of {what}")
        check(said in response.body.decode(), f"{what} says {response.body.decode()}")


if __name__ == "__main__":
    harness.main(globals())
