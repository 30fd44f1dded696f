#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A site of 2,000 entries, and webhooks of random events: after each acknowledgement everything that is
cached is what the origin itself says then. How much is purged besides is counted for each kind of event.

LARDER_ORACLE_EVENTS: how many events; LARDER_ORACLE_SEED; LARDER_ORACLE_REPORT: prints the figures."""

import json
import os
import random
import re
import time
import urllib.parse

import harness
from change_purge_test import entries, entry, target
from harness import Connection, check, check_equal, credentials, format_request, wait_until
from scenario_lib import SANITIZED, cache_status, metric, wait_stored
from sync_follower_test import stacks, wait_followed
from webhook_test import Receiver, event

EVENTS = int(os.environ.get("LARDER_ORACLE_EVENTS", "8" if SANITIZED else "40"))
REPORT = bool(os.environ.get("LARDER_ORACLE_REPORT"))
SEED = int(os.environ.get("LARDER_ORACLE_SEED", "1"))
BRANCHES = ("main", "develop")
NAMES = (*BRANCHES, "live")  # an alias of one of them
SIZES = {"blog": 1400, "author": 80, "page": 440, "org": 20}
FIRST = {"blog": 1111, "author": 0, "page": 0, "org": 0}
PREFIX = {"blog": "bltaaaa", "author": "bltauthor", "page": "bltpage", "org": "bltorg"}
ASSETS = 12
HOT = {"blog": 60, "author": 20, "page": 25, "org": 6}  # of each type, the entries that are asked for
BATCH = 50


def uid(ct, number):
    return f"{PREFIX[ct]}{FIRST[ct] + number}"


def stub(ct, number):
    return [{"uid": uid(ct, number % SIZES[ct]), "_content_type_uid": ct}]


def image(number):
    """A field for an asset: the sandbox shows that asset as it was published last, if it is."""
    return {"uid": f"bltasset{1 + number % ASSETS}", "filename": "a.png", "url": "/a.png"}


def fields(ct, number):
    """Three references in a row: page, blog, author, org."""
    if ct == "blog":
        return {"title": f"Post {number}", "url": f"/blog/{number}", "featured": number % 3 == 0,
                "price": number % 50, "author": stub("author", number * 7),
                "related": stub("page", number * 11), "image": image(number) if number % 3 else None}
    if ct == "page":
        return {"title": f"Page {number}", "url": f"/page/{number}", "section": stub("blog", number * 3)}
    if ct == "author":
        return {"title": f"Author {number}", "name": f"Author {number}", "org": stub("org", number)}
    return {"title": f"Org {number}", "country": "NL"}


def pipelined(address, requests):
    """The responses to many requests on one connection, some at a time."""
    responses = []
    with Connection(address) as connection:
        for begin in range(0, len(requests), BATCH):
            batch = requests[begin:begin + BATCH]
            connection.send(b"".join(batch))
            responses += [connection.read_response() for _ in batch]
    return responses


def build_site(sandbox):
    orders = [{"ct": ct, "uid": uid(ct, number), "branch": branch, "fields": fields(ct, number)}
              for branch in BRANCHES for ct in SIZES for number in range(SIZES[ct])]
    requests = [format_request("/publish", (), "POST", sandbox.control_address,
                               json.dumps(order).encode()) for order in orders]
    for response in pipelined(sandbox.control_address, requests):
        check_equal(response.status, 200, "status of a first publish")


def receiver_of(stage):
    """Without the fence: the sandbox's CDN makes up an Age, in whole seconds, that leaves open whether an answer
    is older than an event of the same second; an older answer may then be given, as stale, for half a second.
    What there is not is fresh for as long as the rest, or its end would be taken for a purge."""
    receiver = Receiver(stage)
    receiver.larder.reload(purge={"soft_for": "0s", "fence": False}, ttl={"negative": {"fresh": "1h"}})
    return receiver


def learn(stage, larder):
    """What all entries refer to, by the Sync API; then webhooks alone tell of changes. Gives what waits until
    that is known again, after changes of schemas and aliases."""
    larder.reload(stack=stacks(stage, NAMES), purge={"known_entries": 50_000})
    wait_followed(larder, len(NAMES))
    entries_ = int(0.99 * sum(SIZES.values()) * len(NAMES))  # some are away

    def wait_learnt():
        wait_until(lambda: not any(feed["learning"] for feed in larder.status()["sync"]),
                   lambda: f"all is learnt: {larder.status()['sync']}", timeout_s=60)
        wait_until(lambda: metric(larder, "known_entries") >= entries_,
                   lambda: f"{metric(larder, 'known_entries')} of {entries_} entries are known")
    wait_learnt()
    larder.reload(stack=stacks(stage, NAMES, sync_interval="1h"))
    return wait_learnt


def wait_taught(receiver):
    """For a minute after the start, webhooks teach nothing: one of before might be on its way."""
    larder = receiver.larder

    def learns():
        known = metric(larder, "known_entries")
        before = receiver.sent()
        receiver.sandbox.publish("org", uid("org", 0), fields={"title": "Org 0"})
        receiver.wait_sent(before + 1)
        return metric(larder, "known_entries") > known
    # The first ones may be taught by a poll that was under way.
    wait_until(lambda: all(learns() for _ in range(5)), "webhooks teach", timeout_s=90)


def lists():
    found = [target("/assets"), target("/content_types"), target("/taxonomies")]
    for ct in SIZES:
        found += [entries(ct, limit=20), entries(ct, limit=20, skip=20), entries(ct, desc="title", limit=10),
                  target(f"/content_types/{ct}")]
    of_author = {"title": {"$in": [f"Author {number}" for number in range(0, SIZES["author"], 2)]}}
    found += [entries("blog", query={"featured": True}, limit=10),
              entries("blog", query={"price": 7}, include_count="true", limit=10),
              entries("blog", include__="author", limit=10),
              entries("blog", query={"author": {"$in_query": of_author}}, limit=10),
              entries("blog", query={"author": {"$nin_query": of_author}}, limit=10),
              entries("page", query={"section": {"$in_query": {"featured": True}}}, limit=10)]
    found += [entries("page", query={"url": f"/page/{number}"}) for number in range(5)]
    return found


class Site:
    """What is asked for, and what the origin says of it."""

    def __init__(self, receiver, random_):
        self.receiver = receiver
        self.sandbox = receiver.sandbox
        self.larder = receiver.larder
        self.random = random_
        self.hot = {ct: [uid(ct, number) for number in random_.sample(range(SIZES[ct]), count)]
                    for ct, count in HOT.items()}
        self.asked = [(name, one) for name in NAMES for one in self.targets()]
        self.requests = [format_request(one, credentials(branch=name)) for name, one in self.asked]
        self.truth = None
        self.gone_uids = {branch: set() for branch in BRANCHES}
        self.gone_assets = set()
        self.live = "main"

    def targets(self):
        found = lists() + [target(f"/assets/bltasset{number}") for number in range(1, ASSETS + 1)]
        for ct, deep in (("blog", ["author.org", "related.section"]), ("page", ["section.author.org"]),
                         ("author", ["org"]), ("org", None)):
            found += [entry(ct, one) for one in self.hot[ct]]
            if deep:
                found += [entry(ct, one, include__=deep) for one in self.hot[ct]]
        return found

    def fill(self):
        pipelined(self.larder.address, self.requests)
        wait_stored(self.larder)

    def judge(self, what, probed=()):
        """Every answer must be what the origin says now. (changed, purged), as sets of indices."""
        now = [(one.status, one.body) for one in pipelined(self.sandbox.delivery, self.requests)]
        answers = pipelined(self.larder.address, self.requests)
        purged = set(probed)
        for index, (answer, true) in enumerate(zip(answers, now)):
            check((answer.status, answer.body) == true,
                  lambda: f"after {what}: {self.asked[index]} is stale: {answer!r}, not {true}")
            if "larder; hit" not in cache_status(answer):
                purged.add(index)
        changed = {index for index, true in enumerate(now) if self.truth and true != self.truth[index]}
        self.truth = now
        wait_stored(self.larder)
        return changed, purged

    def wait_visible(self, branch, one, began):
        """(seconds until the answer is new, its index) once it is."""
        index = self.asked.index((branch, one))
        now = self.sandbox.get(one, credentials(branch=branch))
        if (now.status, now.body) == self.truth[index]:
            return None
        with Connection(self.larder.address) as connection:
            def arrived():
                answer = connection.request(one, credentials(branch=branch))
                return (answer.status, answer.body) == (now.status, now.body)
            harness.wait_until(arrived, f"the new {branch} {one}")
        return time.monotonic() - began, index

    def shape(self, index):
        """An URL without what tells it from others that are asked for alike."""
        path, _, query = urllib.parse.unquote_plus(self.asked[index][1]).partition("?environment=production")
        return re.sub(r"[0-9]+(?=$|\"})", "N", path) + re.sub(r"/page/[0-9]+", "/page/N", query)

    def some_entry(self):
        ct = self.random.choices(list(SIZES), [6, 2, 3, 1])[0]
        if self.random.random() < 0.8:
            return ct, self.random.choice(self.hot[ct])
        return ct, uid(ct, self.random.randrange(SIZES[ct]))

    def cause(self, number):
        """One event: (its kind, where to see it first)."""
        branch = self.random.choice(BRANCHES)
        dice = self.random.random()
        if dice < 0.03:
            self.live = "develop" if self.live == "main" else "main"
            self.sandbox.assign_alias("live", self.live)
            return "alias", None
        if dice < 0.06:
            return self.edit_schema(branch), None
        if dice < 0.12:
            one = f"bltasset{self.random.randrange(1, ASSETS + 1)}"
            shown = (branch, target(f"/assets/{one}"))
            if (branch, one) in self.gone_assets:
                self.gone_assets.remove((branch, one))
                kind = "first publish of an asset"
            elif dice < 0.08:
                self.gone_assets.add((branch, one))
                self.sandbox.unpublish("sys_assets", one, branch=branch)
                return "unpublish of an asset", shown
            else:
                kind = "publish of an asset"
            self.sandbox.publish("sys_assets", one, branch=branch, fields={"title": f"picture {number}"})
            return kind, shown
        ct, one = self.some_entry()
        gone = self.gone_uids[branch]
        away = sorted(set(self.hot[ct]) & gone)
        if away and dice > 0.8:
            one = self.random.choice(away)
        shown = (branch, entry(ct, one)) if one in self.hot[ct] else None
        if one not in gone and dice < 0.30:
            word = "delete" if dice < 0.17 else "unpublish"
            getattr(self.sandbox, word)(ct, one, branch=branch)
            gone.add(one)
            return f"{word} of an entry", shown
        again = one not in gone
        gone.discard(one)
        more = {"title": f"new {number}"} if again else fields(ct, int(one.removeprefix(PREFIX[ct])) - FIRST[ct])
        self.sandbox.publish(ct, one, branch=branch, fields=more)
        return f"{'publish' if again else 'first publish'} of an entry", shown

    def edit_schema(self, branch):
        ct = self.random.choice(list(SIZES))
        self.sandbox.edit_schema(ct, branch=branch)
        alias = ["live"] if branch == self.live else []
        self.sandbox.control("POST", "/event", event("content_type", "update", data={
            "content_type": {"uid": ct}, "branch": {"uid": branch, "alias": alias}}))
        return "edited schema"


class Figures:
    """How many events of each kind, what they have changed and what was purged."""

    def __init__(self):
        self.kinds = {}
        self.shapes = {}
        self.visible = []

    def add(self, kind, changed, purged, shape_of):
        for index in purged:
            totals = self.shapes.setdefault((kind, shape_of(index)), [0, 0])
            totals[0] += index in changed
            totals[1] += 1
        totals = self.kinds.setdefault(kind, [0, 0, 0])
        for index, more in enumerate((1, len(changed), len(purged))):
            totals[index] += more

    def over_purge(self, *kinds):
        changed, purged = (sum(self.kinds[kind][index] for kind in kinds if kind in self.kinds)
                           for index in (1, 2))
        return purged / max(changed, 1)

    def show(self, asked):
        print(f"{asked} URLs are cached")
        for kind, (count, changed, purged) in sorted(self.kinds.items()):
            print(f"{kind}: {count} times, {purged} purged, {changed} of them changed: "
                  f"{self.over_purge(kind):.2f}")
        rows = sorted(self.shapes.items(), key=lambda row: row[1][0] - row[1][1])
        for (kind, shape), (changed, purged) in rows[:30]:
            print(f"  {kind}: {purged} purged, {changed} of them changed: {shape}")
        took = sorted(self.visible)
        print(f"event to first new answer of {len(took)}: p50 {took[len(took) // 2] * 1000:.0f} ms, "
              f"p99 {took[len(took) * 99 // 100] * 1000:.0f} ms")


def run_events(stage, events):
    build_site(stage.sandbox)
    receiver = receiver_of(stage)
    learnt = learn(stage, receiver.larder)
    if REPORT:
        wait_taught(receiver)
    site = Site(receiver, random.Random(SEED))
    site.judge("the start")
    check_equal(site.judge("nothing"), (set(), set()), "changed and purged without an event")
    figures = Figures()
    for number in range(events):
        learnt()
        before = receiver.sent()
        began = time.monotonic()
        kind, shown = site.cause(number)
        seen = shown and site.wait_visible(*shown, began)
        if seen:
            figures.visible.append(seen[0])
        receiver.wait_sent(before + 1)
        changed, purged = site.judge(f"{kind} (event {number})", [seen[1]] if seen else [])
        check(changed <= purged, "what has changed was not answered by a hit")
        figures.add(kind, changed, purged, site.shape)
    if REPORT:
        figures.show(len(site.asked))
    check_equal(site.judge("nothing"), (set(), set()), "changed and purged without an event")
    check(figures.visible, "no event was seen to become visible")


def test_nothing_is_stale_after_any_acknowledged_event(stage):
    run_events(stage, EVENTS)


def test_nothing_is_stale_where_lists_begin_with_what_was_edited_last(stage):
    stage.sandbox.list_newest_first()
    run_events(stage, EVENTS if REPORT else max(EVENTS // 4, 2))


def test_events_that_are_repeated_and_overtake_each_other_leave_nothing_stale(stage):
    build_site(stage.sandbox)
    receiver = receiver_of(stage)
    site = Site(receiver, random.Random(SEED))
    site.judge("the start")
    receiver.tell_sandbox(reverse=3, repeat=1)
    for number in range(max(EVENTS // 8, 2)):
        before = receiver.sent()
        branch, author = site.random.choice(BRANCHES), site.random.choice(site.hot["author"])
        ct, org = "org", int(author.removeprefix(PREFIX["author"])) % SIZES["org"]
        one = uid(ct, org)  # what shows the author includes it
        if not site.sandbox.unpublish(ct, one, branch=branch)["unpublished"]:
            continue
        receiver.larder.ctl("purge", "entry", ct, one, "--branch", branch)
        site.fill()  # what lacks it is stored, and no event has told of that yet
        site.sandbox.publish(ct, one, branch=branch, fields=fields(ct, org))
        site.fill()
        kind, _ = site.cause(number)
        receiver.wait_sent(before + 6)
        site.judge(f"{ct} {one} of {branch} was away, then {kind} (round {number})")


if __name__ == "__main__":
    harness.main(globals())
