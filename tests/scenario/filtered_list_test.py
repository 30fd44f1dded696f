#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lists with a filter by a value: an event takes along those that show the entry or get it, and no other; and
all of them where it does not tell the values of the entry."""

import harness
from change_purge_test import entries, entry
from harness import check, check_equal, credentials, wait_until
from scenario_lib import is_fresh_hit, wait_stored
from sync_follower_test import LONG, stacks, wait_followed, wait_polled
from webhook_test import Receiver, event

PAGE = "bltpage1"


def by_url(url, **more):
    return entries("page", query={"url": url}, **more)


OLD, NEW = by_url("/page-1"), by_url("/moved")
OTHERS = (by_url("/page-2"), by_url("/nowhere"), by_url("/page-3", include_fallback="true"),
          entries("page", query={"url": {"$in": ["/page-4", "/page-5"]}}, limit=5),
          entries("page", query={"url": "/page-6", "section": {"$exists": True}}, desc="title"))
ALL = (OLD, NEW, *OTHERS)


def shown_by(larder, target):
    return [one["uid"] for one in larder.get(target, credentials()).json()["entries"]]


def fill(larder, targets=ALL):
    for target in targets:
        wait_until(lambda: is_fresh_hit(larder.get(target, credentials())), f"{target} is stored")
    wait_stored(larder)


def fresh(larder, targets):
    return [target for target in targets if is_fresh_hit(larder.get(target, credentials()))]


def check_moved(larder, what):
    """What is stored of others was not touched."""
    check_equal(fresh(larder, OTHERS), list(OTHERS), f"lists of others that are still fresh after {what}")
    check_equal(shown_by(larder, OLD), [], f"the list that showed it, after {what}")
    check_equal(shown_by(larder, NEW), [PAGE], f"the list that it comes into, after {what}")


def receiver_of(stage, **webhook):
    receiver = Receiver(stage, webhook=webhook)
    receiver.larder.reload(purge={"soft_for": "0s", "fence": False})
    return receiver


def test_a_webhook_of_the_whole_entry_takes_along_the_lists_of_its_values(stage):
    receiver = receiver_of(stage)
    fill(receiver.larder)
    check_equal(shown_by(receiver.larder, OLD), [PAGE], "the list of its first URL")
    before = receiver.sent()
    stage.sandbox.publish("page", PAGE, fields={"url": "/moved"})
    receiver.wait_sent(before + 1)
    check_moved(receiver.larder, "the webhook")


def test_sync_does_so_too(stage):
    larder = stage.larder(ttl=LONG, stack=stacks(stage, ("main",)), purge={"soft_for": "0s", "fence": False})
    wait_followed(larder, 1)
    fill(larder)
    stage.sandbox.publish("page", PAGE, fields={"url": "/moved"})
    wait_polled(larder)
    check_moved(larder, "a poll")


def test_an_entry_that_goes_takes_along_what_shows_it_and_what_may_show_it_in_another_language(stage):
    receiver = receiver_of(stage)
    fill(receiver.larder)
    before = receiver.sent()
    stage.sandbox.unpublish("page", PAGE)
    receiver.wait_sent(before + 1)
    falls_back = OTHERS[2]
    check_equal(fresh(receiver.larder, ALL), [one for one in ALL if one not in (OLD, falls_back)],
                "lists that are still fresh")
    check_equal(shown_by(receiver.larder, OLD), [], "the list that showed it")


def test_an_event_that_does_not_show_the_entry_whole_takes_all_filtered_lists_along(stage):
    receiver = receiver_of(stage)
    concise = {"uid": PAGE, "locale": "en-us", "_version": 2, "url": "/moved"}
    whole = {**concise, "created_by": "blt1"}
    for data, takes_all in ((concise, True), (whole, False)):
        fill(receiver.larder)
        receiver.result(event(data={
            "entry": data, "content_type": {"uid": "page"}, "locale": "en-us", "status": "success",
            "environment": {"name": "production"}, "branch": {"uid": "main", "alias": []}}))
        left = [] if takes_all else list(OTHERS)
        check_equal(fresh(receiver.larder, OTHERS), left, f"lists of others after {data}")


def test_who_need_not_prove_who_he_is_cannot_narrow_a_purge(stage):
    receiver = receiver_of(stage, public_key_file="", allow_unverified=True)
    fill(receiver.larder)
    before = receiver.sent()
    stage.sandbox.publish("page", PAGE, fields={"url": "/moved"})
    receiver.wait_sent(before + 1)
    check_equal(fresh(receiver.larder, ALL), [], "filtered lists that are still fresh")


def test_what_names_an_entry_and_includes_nothing_stays_when_that_is_published(stage):
    receiver = receiver_of(stage)
    post = receiver.larder.get(entry("blog", "bltaaaa1111"), credentials()).json()["entry"]
    author = post["author"][0]["uid"]
    check_equal(set(post["author"][0]), {"uid", "_content_type_uid"}, "what a reference shows")
    targets = (entry("blog", "bltaaaa1111"), entry("blog", "bltaaaa1111", include__="author"))
    for publish, left in ((True, [targets[0]]), (False, [])):
        fill(receiver.larder, targets)
        before = receiver.sent()
        if publish:
            stage.sandbox.publish("author", author, fields={"title": "new"})
        else:
            stage.sandbox.delete("author", author)
        receiver.wait_sent(before + 1)
        check_equal(fresh(receiver.larder, targets), left, f"posts that are fresh, publish = {publish}")
        check(b"new" in receiver.larder.get(targets[1], credentials()).body or not publish, "the new author shows")


if __name__ == "__main__":
    harness.main(globals())
