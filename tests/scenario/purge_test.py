#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Once larderctl purge has returned, no request that starts later gets what was there before."""

import re
import threading

import harness
from harness import check, check_equal
from scenario_lib import cache_status, check_answer, entry_target, scaled, wait_metric, wait_stored

CREDENTIALS = harness.credentials()
LONG = {"ttl": {"entry": {"fresh": "1h"}, "list": {"fresh": "1h"}}}


def version(response):
    """`_version` of a sandbox entry: every publish raises it."""
    found = re.search(rb'"_version":(\d+)', response.decoded)
    check(found, lambda: f"no version in {response}")
    return int(found.group(1))


def purge(larder, *what):
    status, output = larder.ctl("purge", *what)
    check_equal(status, 0, f"larderctl purge {' '.join(what)}: {output}")
    return int(re.search(r'"purged":(\d+)', output).group(1))


class Reader(threading.Thread):
    """Asks without a pause, and notes each answer's version with the publishes that it must know."""

    def __init__(self, larder, acknowledged):
        super().__init__(daemon=True)
        self.larder, self.acknowledged = larder, acknowledged
        self.done = threading.Event()
        self.answers = 0
        self.failure = None

    def run(self):
        try:
            with self.larder.connect() as connection:
                while not self.done.is_set():
                    least = self.acknowledged[0]
                    got = version(connection.request(entry_target(), CREDENTIALS))
                    self.answers += 1
                    if got < least:
                        self.failure = f"version {got} after the purge of {least} was acknowledged"
                        return
        except Exception as failure:  # noqa: BLE001: shown by the test
            self.failure = repr(failure)


def under_load(stage, *what):
    larder = stage.larder(server={"workers": 2}, **LONG)
    acknowledged = [version(larder.get(entry_target(), CREDENTIALS))]
    readers = [Reader(larder, acknowledged) for _ in range(6)]
    for reader in readers:
        reader.start()
    for _ in range(scaled(60, 15)):
        stage.sandbox.publish()
        purge(larder, *what)
        acknowledged[0] += 1
    for reader in readers:
        reader.done.set()
        reader.join(harness.DEADLINE_S)
        check(reader.failure is None, reader.failure)
    check(sum(reader.answers for reader in readers) > 200, "too little load to prove anything")


def test_purge_of_a_url_is_exact_under_load(stage):
    under_load(stage, "url", entry_target())


def test_purge_of_a_scope_is_exact_under_load(stage):
    under_load(stage, "scope", "--environment", "production")


def test_purge_of_all_is_exact_under_load(stage):
    under_load(stage, "all")


def test_a_fill_that_began_before_is_neither_joined_nor_stored(stage):
    larder = stage.larder(**LONG)
    stage.sandbox.hold("old", host="delivery", times=1)
    with larder.connect() as early, larder.connect() as late:
        early.send(harness.format_request(entry_target(), CREDENTIALS, "GET", early.address))
        stage.sandbox.wait_held("old")
        stage.sandbox.publish()
        purge(larder, "url", entry_target())
        fresh = late.request(entry_target(), CREDENTIALS)
        check_equal(version(fresh), 2, "version of a request behind the purge")
        stage.sandbox.release("old")
        check_equal(version(early.read_response()), 1, "version of a request from before")
    check_equal(version(larder.get(entry_target(), CREDENTIALS)), 2, "version that was stored")


def test_a_purge_survives_a_kill_right_after_its_acknowledgement(stage):
    larder = stage.larder(**LONG)
    for published in range(2, scaled(12, 5)):
        larder.get(entry_target(), CREDENTIALS)
        wait_stored(larder)
        stage.sandbox.publish()
        check(purge(larder, "url", entry_target()) >= 1, "nothing was purged")
        larder.kill()
        larder.start()
        check_equal(version(larder.get(entry_target(), CREDENTIALS)), published, "version after the kill")


def test_other_urls_and_scopes_stay(stage):
    larder = stage.larder(**LONG)
    others = [(entry_target("bltaaaa1112"), CREDENTIALS),
              (entry_target(environment="staging"), harness.credentials(environment="staging")),
              (entry_target(), harness.credentials(branch="develop")),
              (entry_target(), harness.credentials(harness.STACK_B))]
    for target, headers in [(entry_target(), CREDENTIALS), *others]:
        check_answer(larder.get(target, headers), 200)
    wait_stored(larder, 5)
    count = purge(larder, "url", entry_target(), "--api-key", harness.STACK_A.api_key, "--branch", "main")
    check_equal(count, 1, "objects purged")
    for target, headers in others:
        check("hit" in cache_status(larder.get(target, headers)), f"{target} {headers} was lost")
    check("miss" in cache_status(larder.get(entry_target(), CREDENTIALS)), "the purged URL is still a hit")
    wait_stored(larder, 5)
    check_equal(purge(larder, "scope", "--api-key", harness.STACK_B.api_key), 1, "objects of stack B")
    check("hit" in cache_status(larder.get(entry_target(), CREDENTIALS)), "stack A lost its object")
    check_equal(purge(larder, "all"), 4, "objects left")


def test_every_variant_of_a_url_goes(stage):
    larder = stage.larder(**LONG)
    spellings = [[], [("Accept-Encoding", "gzip")], [("x-cs-variant-uid", "csvariant1")], [("x-header-ea", "a")]]
    for extra in spellings:
        larder.get(entry_target(more="&locale=en-us"), CREDENTIALS + extra)
    wait_stored(larder, len(spellings))
    url = "https://cdn.contentstack.io/v3/content_types/blog/entries/bltaaaa1111/?locale=en-us&environment=production"
    check_equal(purge(larder, "url", url), len(spellings), "variants purged")


def test_bad_orders_say_what_is_wrong(stage):
    larder = stage.larder()
    for words in (["url", "/nowhere"], ["url", "/v3/sync?init=true"], ["scope"], ["scope", "--colour", "red"],
                  ["url"], []):
        status, output = larder.ctl("purge", *words)
        check(status != 0 and len(output) > 20, f"purge {words}: {status} {output}")


if __name__ == "__main__":
    harness.main(globals())
