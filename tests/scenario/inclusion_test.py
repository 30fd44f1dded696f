#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What entries refer to is learnt by the Sync API: then a publish purges what may include the entry, and
nothing else."""

import harness
from change_purge_test import entry
from harness import check, check_equal, credentials, wait_until
from scenario_lib import check_answer, is_fresh_hit, metric, wait_stored
from sync_follower_test import LONG, sync_requests, stacks, wait_followed, wait_polled
from webhook_test import Receiver

AUTHORS = ("bltauthor501", "bltauthor502")
POSTS = ("bltaaaa5001", "bltaaaa5002")


def publish_posts(stage):
    """Each with an author of its own that is not published."""
    for post, author in zip(POSTS, AUTHORS):
        stage.sandbox.publish("blog", post, fields={
            "title": post, "author": [{"uid": author, "_content_type_uid": "author"}]})


def known(larder):
    return metric(larder, "known_entries")


def wait_known(larder, sandbox_entries):
    wait_until(lambda: known(larder) >= sandbox_entries, lambda: f"{known(larder)} entries are known")


def page(post):
    return entry("blog", post, include__="author")


def start(stage, known_entries=50_000):
    """A larder that follows, and is told by webhooks."""
    publish_posts(stage)
    receiver = Receiver(stage)
    receiver.larder.reload(ttl=LONG, stack=stacks(stage, ("main",)),
                           purge={"soft_for": "0s", "known_entries": known_entries, "fence": False})
    wait_followed(receiver.larder, 1)
    return receiver


def fill(larder):
    for post in POSTS:
        wait_until(lambda: is_fresh_hit(larder.get(page(post), credentials())), f"{post} is stored")
    wait_stored(larder)


def test_a_publish_purges_only_what_may_include_the_entry(stage):
    receiver = start(stage)
    larder = receiver.larder
    wait_until(lambda: sync_requests(stage, "type=entry_published"), "the walk has begun")
    wait_known(larder, 20)
    larder.ctl("purge", "all")
    fill(larder)
    for author, here, other in ((AUTHORS[0], *POSTS), (AUTHORS[1], *reversed(POSTS))):
        before = receiver.sent()
        stage.sandbox.publish("author", author, fields={"title": author, "name": author})
        receiver.wait_sent(before + 1)
        wait_polled(larder)  # in the first minute webhooks teach nothing
        check(is_fresh_hit(larder.get(page(other), credentials())), f"{other} does not include {author}")
        answer = larder.get(page(here), credentials())
        check(not is_fresh_hit(answer), f"{here} includes {author}")
        check(author.encode() in answer.body and b'"name"' in answer.body, f"{here} shows {author}: {answer!r}")
        fill(larder)


def test_a_version_that_a_webhook_brought_is_known_at_once(stage):
    receiver = start(stage)
    larder = receiver.larder
    wait_known(larder, 20)
    before = receiver.sent()
    stage.sandbox.publish("blog", POSTS[0], fields={"title": "again"})
    receiver.wait_sent(before + 1)
    wait_polled(larder)
    larder.ctl("purge", "all")
    fill(larder)
    before = receiver.sent()
    stage.sandbox.publish("author", AUTHORS[1], fields={"title": "b", "name": "b"})
    receiver.wait_sent(before + 1)
    check(is_fresh_hit(larder.get(page(POSTS[0]), credentials())), "what includes another is not purged")
    check(not is_fresh_hit(larder.get(page(POSTS[1]), credentials())), "what includes it is")


def test_without_knowledge_all_that_includes_goes(stage):
    receiver = start(stage, known_entries=0)
    larder = receiver.larder
    fill(larder)
    before = receiver.sent()
    stage.sandbox.publish("author", AUTHORS[0], fields={"title": "a", "name": "a"})
    receiver.wait_sent(before + 1)
    for post in POSTS:
        check(not is_fresh_hit(larder.get(page(post), credentials())), f"{post} may include it")
    check_equal(sync_requests(stage, "type=entry_published"), [], "questions of a walk")
    check_equal(known(larder), 0, "known entries")


def test_a_changed_schema_is_learnt_anew(stage):
    receiver = start(stage)
    larder = receiver.larder
    wait_known(larder, 20)
    check_answer(larder.get(page(POSTS[0]), credentials()), 200)
    before = known(larder)
    asked = len(sync_requests(stage, "content_type_uid=blog"))
    larder.ctl("purge", "content-type", "blog")
    wait_until(lambda: len(sync_requests(stage, "content_type_uid=blog")) > asked, "blog is walked over again")
    wait_known(larder, before)


if __name__ == "__main__":
    harness.main(globals())
