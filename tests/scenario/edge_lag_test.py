#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The vendor's CDN answers with old content for a while after an event: that is never fresh here, the
new version is seen soon after the CDN has it, and the origin is not flooded meanwhile. LARDER_EDGE_LAGS sets
for how many seconds the CDN lags, "1 4" by default."""

import os
import time

import harness
from change_purge_test import entries, target
from harness import check, check_equal, credentials, wait_until
from scenario_lib import cache_status, entry_target, is_fresh_hit
from webhook_test import Receiver, event, now_text

TARGET = entry_target()
LAGS_S = [float(lag) for lag in os.environ.get("LARDER_EDGE_LAGS", "1 4").split()]


def version(response):
    check_equal(response.status, 200, f"an answer: {response}")
    return response.json()["entry"]["_version"]


class Site:
    """A receiver, and one entry that larder and the CDN have in its first version."""

    def __init__(self, stage, lag_s, cache_buster=True, tells_age=True, **purge):
        self.lag_s = lag_s
        self.sandbox = stage.sandbox
        self.sandbox.set_edge(lag_s=lag_s, cache_buster=cache_buster, tells_age=tells_age)
        self.receiver = Receiver(stage)
        self.larder = self.receiver.larder
        if purge:
            self.larder.reload(purge={"soft_for": "0s", **purge})
        self.old = version(self.larder.get(TARGET, credentials()))
        wait_until(lambda: is_fresh_hit(self.larder.get(TARGET, credentials())), "a hit")
        self.asked_before = self.asked()

    def asked(self):
        return self.sandbox.counts("delivery")["requests"]

    def publish(self):
        """When the event was acknowledged."""
        def applied():
            return self.larder.status()["webhook"]["results"].get("applied", 0)
        before = applied()
        self.sandbox.publish()
        wait_until(lambda: applied() > before, "the event")
        return time.monotonic()

    def see_new(self, since):
        """Seconds until the new version is seen; every answer before is no fresh hit."""
        while True:
            answer = self.larder.get(TARGET, credentials())
            if version(answer) > self.old:
                return time.monotonic() - since
            check(not is_fresh_hit(answer), f"old content is fresh: {cache_status(answer)}")
            check(time.monotonic() - since < self.lag_s + harness.DEADLINE_S, "the new version is never seen")


def test_past_the_cdn_the_new_version_is_seen_long_before_the_cdn_has_it(stage):
    lag_s = 60
    site = Site(stage, lag_s)
    took = site.see_new(site.publish())
    print(f"lag of {lag_s} s, past the CDN: seen {took * 1000:.0f} ms after the acknowledgement, "
          f"{site.asked() - site.asked_before} requests")
    check(took < lag_s / 4, f"seen after {took} s")
    check(site.asked() - site.asked_before <= 3, "the old one, and once more past the CDN")
    wait_until(lambda: is_fresh_hit(site.larder.get(TARGET, credentials())), "a hit again")
    check_equal(site.larder.metrics()["larder_fence_retries_total"], 1, "it is counted")
    check_equal(site.larder.metrics()["larder_publish_visible_seconds_count"], 1, "so is the time it took")


def test_where_nothing_gets_past_the_cdn_it_is_asked_in_pauses(stage):
    for lag_s in LAGS_S:
        site = Site(stage, lag_s, cache_buster=False)
        took = site.see_new(site.publish())
        asked = site.asked() - site.asked_before
        print(f"lag of {lag_s} s, nothing gets past: seen after {took:.2f} s, {asked} requests")
        check(took >= lag_s * 0.5, f"the CDN did lag, but {took:.2f} s")
        check(asked <= 4 + 2 * took, f"{asked} requests in {took} s")


def test_an_old_answer_that_hides_its_age_is_known_by_its_time_of_publishing(stage):
    lag_s = 4
    for cache_buster in (True, False):
        site = Site(stage, lag_s, cache_buster=cache_buster, tells_age=False)
        # The one before has to be older by more than what is put down to rounding.
        site.see_new(site.publish())
        wait_until(lambda: is_fresh_hit(site.larder.get(TARGET, credentials())), "the second version is stored")
        site.old += 1
        time_of = lambda: site.larder.get(TARGET, credentials()).json()["entry"]["publish_details"]["time"]
        second, before = time_of(), site.asked()
        wait_until(lambda: now_text(-1.2) > second, "the second version is old enough")
        took = site.see_new(site.publish())
        print(f"no Age, cache buster {cache_buster}: seen after {took:.2f} s, {site.asked() - before} requests")
        check(took < lag_s / 2 or not cache_buster, f"past the CDN it is seen after {took} s")
        check(site.asked() - before <= 4 + 2 * took, f"{site.asked() - before} requests in {took} s")


def test_no_other_purge_makes_older_content_fresh_again(stage):
    """Nothing tells its age; the CDN lags for longer than the test lasts."""
    site = Site(stage, 0.1, tells_age=False)
    site.see_new(site.publish())
    wait_until(lambda: is_fresh_hit(site.larder.get(TARGET, credentials())), "the second version is stored")
    second = site.larder.get(TARGET, credentials()).json()["entry"]["publish_details"]["time"]
    wait_until(lambda: now_text(-1.2) > second, "the second version is old enough")
    site.old += 1
    site.sandbox.set_edge(lag_s=60, cache_buster=False, tells_age=False)
    check_equal(site.larder.ctl("purge", "url", TARGET)[0], 0, "a purge")
    check_equal(version(site.larder.get(TARGET, credentials())), site.old, "what the CDN has for a minute")
    site.publish()
    module = {"global_field": "update", "workflow": "update", "folder": "delete"}
    purges = [lambda name=name, what=what: site.sandbox.control("POST", "/event", event(name, what, data={
        name: {"uid": "x"}, "branch": {"uid": "main"}})) for name, what in module.items()]

    def order(*words):
        status, said = site.larder.ctl("purge", *words)
        check(status in (0, 3), f"purge {words}: {status}, {said}")  # 3: nothing was stored
    for words in (["scope", "--branch", "main"], ["scope", "--environment", "production"], ["all"]):
        purges.append(lambda words=words: order(*words))
    for purge in purges:
        before = site.receiver.sent() + (purge in purges[:len(module)])
        purge()
        site.receiver.wait_sent(before)
        for _ in range(3):
            answer = site.larder.get(TARGET, credentials())
            check_equal(version(answer), site.old, "the CDN lags")
            check(not is_fresh_hit(answer), f"old content is fresh: {cache_status(answer)}")


def test_what_only_may_have_changed_is_suspect_for_a_while(stage):
    """A list by what entries refer to, and a schema: their tags do not name what has changed."""
    lag_s = 1.5
    site = Site(stage, lag_s, cache_buster=False)
    by_author = entries("blog", query={"author": {"$in_query": {"title": "of late"}}})
    schema = target("/content_types/blog")

    def publish():
        site.sandbox.publish("author", "bltauthor1", fields={"title": "of late"})

    def edit():
        site.sandbox.edit_schema("blog")
        site.sandbox.control("POST", "/event", event("content_type", "update", data={
            "content_type": {"uid": "blog"}, "branch": {"uid": "main"}}))
    for one, change in ((by_author, publish), (schema, edit)):
        old = site.larder.get(one, credentials()).body
        wait_until(lambda one=one: is_fresh_hit(site.larder.get(one, credentials())), f"a hit of {one}")
        before = site.receiver.sent()
        change()
        site.receiver.wait_sent(before + 1)
        since = time.monotonic()
        while True:
            answer = site.larder.get(one, credentials())
            if answer.body != old:
                break
            check(not is_fresh_hit(answer), f"old content is fresh: {one}: {cache_status(answer)}")
            check(time.monotonic() - since < lag_s + harness.DEADLINE_S, f"{one} is never new")
        check(time.monotonic() - since >= lag_s / 2, f"the CDN did not lag for {one}")
        wait_until(lambda one=one: is_fresh_hit(site.larder.get(one, credentials())), f"{one} is fresh again")


def test_a_start_keeps_the_fence(stage):
    site = Site(stage, 4, cache_buster=False)
    published = site.publish()
    site.larder.restart()
    site.see_new(published)


def test_without_the_fence_old_content_stays(stage):
    site = Site(stage, 1, cache_buster=False, fence=False)
    site.publish()
    wait_until(lambda: is_fresh_hit(site.larder.get(TARGET, credentials())), "the old one is stored")
    wait_until(lambda: version(site.sandbox.get(TARGET, credentials())) > site.old, "the CDN has it")
    answer = site.larder.get(TARGET, credentials())
    check_equal((version(answer), is_fresh_hit(answer)), (site.old, True), "fresh, and old")


if __name__ == "__main__":
    harness.main(globals())
