#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Webhooks and sync tell of the same events: a publishing that both tell purges once, and what is not
proven to be the same purges again."""

import json

import harness
from harness import check, check_equal, credentials, wait_until
from sync_follower_test import SYNC, feeds, stacks, wait_followed, wait_polled
from webhook_test import Receiver, now_text

ENTRY = "/v3/content_types/blog/entries/bltaaaa1111?environment=production"
ASSET = "/v3/assets/bltasset1?environment=production"


class Both(Receiver):
    """A larderd that gets webhooks and follows sync."""

    def __init__(self, stage):
        merged = stage.larder
        stage.larder = lambda **config: merged(**config, stack=stacks(stage, ["main"]))
        super().__init__(stage)
        stage.larder = merged
        self.stage = stage
        wait_followed(self.larder, 1)

    def hold_sync(self):
        self.sandbox.hold("poll", match=SYNC)
        self.sandbox.wait_held("poll")

    def release_sync(self):
        self.sandbox.release("poll")
        wait_polled(self.larder)

    def events(self):
        """(source, what was purged), the oldest first; without those of the start."""
        status, output = self.larder.ctl("events")
        check_equal(status, 0, output)
        return [(one["source"], one["purged"]) for one in reversed(json.loads(output)["events"])
                if one["purged"] != "whole scope"]

    def asked_for(self, target):
        return sum(one["target"].startswith(target.split("?")[0])
                   for one in self.sandbox.requests("delivery"))

    def repeated(self, source):
        return self.larder.metrics().get(f'larder_events_repeated_total{{source="{source}"}}', 0.0)


def test_a_publishing_that_a_webhook_and_sync_tell_purges_once(stage):
    both = Both(stage)
    for ct, uid, target, purged in (
            ("blog", "bltaaaa1111", ENTRY, "entry blog/bltaaaa1111 (en-us)"),
            ("sys_assets", "bltasset1", ASSET, "asset bltasset1 (en-us)")):
        both.fill(target)
        both.hold_sync()
        before = len(both.events())
        repeated = both.repeated("sync")
        acknowledged, asked = both.sent(), both.asked_for(target)
        both.sandbox.publish(ct, uid, fields={"title": "new"})
        both.wait_sent(acknowledged + 1)
        answer = both.larder.get(target, credentials())
        check_equal(next(iter(answer.json().values()))["title"], "new", "title after the webhook")
        both.fill(target)
        both.release_sync()
        check(both.is_hit(target), "what was refilled was purged once more by sync")
        check_equal(both.asked_for(target) - asked, 1, "requests to the origin after the publish")
        check_equal(both.events()[before:], [("webhook", purged)], "purges of one publishing")
        check_equal(both.repeated("sync"), repeated + 1, "events that were left out")


def test_a_webhook_that_comes_behind_sync_purges_nothing_again(stage):
    both = Both(stage)
    both.sandbox.control("POST", "/webhook", {"url": ""})
    both.fill(ENTRY)
    body = both.sandbox.publish("blog", "bltaaaa1111", fields={"title": "new"})
    wait_until(lambda: both.events() == [("sync", "entry blog/bltaaaa1111 (en-us)")],
               lambda: f"sync purges: {both.events()}")
    both.fill(ENTRY)
    event = {"module": "entry", "api_key": harness.STACK_A.api_key, "event": "publish",
             "triggered_at": now_text(),
             "data": {"entry": body, "content_type": {"uid": "blog"}, "locale": "en-us",
                      "environment": {"name": "production",
                                      "uid": body["publish_details"]["environment"]},
                      "branch": {"uid": "main", "alias": []}}}
    check_equal(both.post(event).status, 200, "a webhook of what sync has told")
    check_equal(both.larder.status()["webhook"]["last"]["result"], "duplicate", "its result")
    check(both.is_hit(ENTRY), "what was refilled was purged once more by the webhook")
    check_equal(len(both.events()), 1, "purges of one publishing")
    check_equal(both.repeated("webhook"), 1.0, "events that were left out")
    # A publishing of another time is another one, and so is one that names another place. (Of a later time, what
    # the origin shows would be outdated.)
    for change in ({"time": "2020-03-01T00:00:00.000Z"}, {"locale": "fr-fr"}):
        other = json.loads(json.dumps(event))
        other["data"]["entry"]["publish_details"].update(change)
        check_equal(both.post(other).status, 200, "another publishing")
        check(not both.is_hit(ENTRY), f"a publishing with {change} was left out")
        both.fill(ENTRY)


def test_a_reload_forgets_what_was_applied(stage):
    both = Both(stage)
    both.fill(ENTRY)
    both.hold_sync()
    acknowledged = both.sent()
    both.sandbox.publish("blog", "bltaaaa1111")
    both.wait_sent(acknowledged + 1)
    both.larder.reload(purge={"soft_for": "100ms"})
    both.release_sync()
    purged = "entry blog/bltaaaa1111 (en-us)"
    check_equal(both.events(), [("webhook", purged), ("sync", purged)], "purges")


def test_without_the_fence_each_way_purges(stage):
    """What a lagging CDN has brought back behind the webhook, sync purges."""
    both = Both(stage)
    both.larder.reload(purge={"fence": False})
    both.fill(ENTRY)
    both.hold_sync()
    acknowledged = both.sent()
    both.sandbox.publish("blog", "bltaaaa1111")
    both.wait_sent(acknowledged + 1)
    both.fill(ENTRY)
    both.release_sync()
    purged = "entry blog/bltaaaa1111 (en-us)"
    check_equal(both.events(), [("webhook", purged), ("sync", purged)], "purges")
    check(not both.is_hit(ENTRY), "what was refilled before sync told is kept")


def test_what_is_unpublished_has_no_time_and_purges_by_each(stage):
    both = Both(stage)
    both.fill(ENTRY)
    both.hold_sync()
    acknowledged = both.sent()
    both.sandbox.unpublish("blog", "bltaaaa1111")
    both.wait_sent(acknowledged + 1)
    both.release_sync()
    purged = "entry blog/bltaaaa1111 (en-us)"
    check_equal(both.events(), [("webhook", purged), ("sync", purged)], "purges")


def test_the_position_is_kept_though_nothing_was_purged(stage):
    both = Both(stage)
    both.fill(ENTRY)
    both.hold_sync()
    acknowledged = both.sent()
    both.sandbox.publish("blog", "bltaaaa1111")
    both.wait_sent(acknowledged + 1)
    both.release_sync()
    check_equal(both.repeated("sync"), 1.0, "events that were left out")
    both.larder.kill()
    both.larder.start()
    wait_followed(both.larder, 1)
    wait_polled(both.larder)
    # What was applied is forgotten, so a position from before would show as a purge.
    check_equal([one for one in both.events() if "entry" in one[1]], [], "purges after the start")
    check_equal(both.repeated("sync"), 0.0, "events that were left out after the start")


if __name__ == "__main__":
    harness.main(globals())
