#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Entity tags come from the body and its coding alone: a client that changes from one larderd to
another, or meets one that has lost its cache, keeps its copy."""

import shutil

import harness
from harness import STACK_A, STACK_B, check, check_equal, credentials, sized_target
from scenario_lib import check_answer, costs, entry_target, wait_stored

CODINGS = ("gzip", "identity")
SMALL = (entry_target(), sized_target(10_000, "tag"))
LARGE = sized_target(400_000, "tag")  # sent on before its tag is known


def headers(coding, stack=STACK_A, tag=None):
    conditional = [("If-None-Match", tag)] if tag else []
    return credentials(stack) + [("Accept-Encoding", coding)] + conditional


def learn_tags(larder, targets=SMALL):
    """{(target, coding): entity tag} of answers that are stored."""
    asked = [(target, coding) for target in targets for coding in CODINGS]
    for target, coding in asked:
        check_answer(larder.get(target, headers(coding)), 200)
    wait_stored(larder, len(asked))
    tags = {each: larder.get(each[0], headers(each[1])).header("ETag") for each in asked}
    check(all(tags.values()), f"every hit has a tag: {tags}")
    return tags


def check_not_modified(larder, tags, what):
    for (target, coding), tag in tags.items():
        answer = larder.get(target, headers(coding, tag=tag))
        check_equal((answer.status, answer.header("ETag"), answer.body), (304, tag, b""),
                    f"{target} in {coding}, {what}")


def test_the_tag_of_one_larderd_is_not_modified_at_another(stage):
    one, other = stage.larder(), stage.larder()
    tags = learn_tags(one)
    with costs(stage, delivery=len(tags), what="the other has its own cache"):
        check_not_modified(other, tags, "at the other, on a miss")
    wait_stored(other, len(tags))
    with costs(stage, what="and now it has them"):
        check_not_modified(other, tags, "at the other, on a hit")


def test_hits_have_equal_tags_at_both(stage):
    one, other = stage.larder(), stage.larder()
    tags = learn_tags(one, (*SMALL, LARGE))
    check_equal(learn_tags(other, (*SMALL, LARGE)), tags, "tags of the other")
    with costs(stage, what="both have all"):
        check_not_modified(other, tags, "at the other")


def test_a_larderd_that_has_lost_its_cache_gives_the_same_tags(stage):
    larder = stage.larder()
    tags = learn_tags(larder)
    larder.stop()
    shutil.rmtree(larder.cache_directory)  # the secret of the installation goes with it
    larder.start()
    check_not_modified(larder, tags, "without its cache")


def test_other_bytes_and_other_codings_have_other_tags(stage):
    one, other = stage.larder(), stage.larder()
    tags = learn_tags(one)
    check_equal(len(set(tags.values())), len(tags), "one tag for each body and coding")
    for (target, coding), tag in tags.items():
        check_answer(other.get(target, headers(coding, STACK_B, tag)), 200,
                     what=f"another stack's {target}")
    stage.sandbox.publish()
    check_answer(other.get(entry_target(), headers("gzip", tag=tags[entry_target(), "gzip"])), 200,
                 what="a newer version at the other")


if __name__ == "__main__":
    harness.main(globals())
