#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Names of origins: a changed address is followed under traffic, the last good one survives a name
server that fails, and one that does not answer holds up nothing but who needs its answer."""

import os
import pathlib
import subprocess
import time

from bare_origin import CREDENTIALS, BareOrigin, target
import harness
from harness import TIME_FACTOR, check, check_equal, wait_until
from scenario_lib import Herd, check_answer

SOURCE = pathlib.Path(__file__).parent / "preloaded_names.c"
BODY = b'{"entry":{"uid":"a"}}'
MOVED = b'{"entry":{"uid":"moved"}}'


class Names:
    """What the resolver says of origin.test."""

    def __init__(self, stage, *lines):
        self.path = pathlib.Path(stage.directory) / "names"
        self.library = pathlib.Path(stage.directory) / "names.so"
        subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-o", self.library, SOURCE, "-ldl"],
                       check=True)
        self.say(*lines)

    def say(self, *lines):
        fresh = self.path.with_suffix(".new")
        fresh.write_text("".join(f"{line}\n" for line in lines))
        fresh.rename(self.path)

    def environment(self):
        options = os.environ.get("ASAN_OPTIONS", "")
        return dict(os.environ, LD_PRELOAD=str(self.library), LARDER_TEST_NAMES=str(self.path),
                    ASAN_OPTIONS=f"{options}:verify_asan_link_order=0")


def larder_asking(stage, names, port, **upstream):
    base = f"http://origin.test:{port}"
    larder = stage.larder(start=False, stack=None, open={"delivery": base, "preview": base, "miss_rate": 10_000},
                          upstream={"dns_cache": "1s"} | upstream)
    return larder.start(environment=names.environment())


def test_a_changed_address_is_followed_under_traffic(stage):
    old = BareOrigin(stage, lambda _: BODY)
    new = BareOrigin(stage, lambda _: MOVED, "127.0.0.2", old.port)
    names = Names(stage, "127.0.0.1")
    larder = larder_asking(stage, names, old.port)
    check_answer(larder.get(target("before"), CREDENTIALS), 200, BODY)
    names.say("127.0.0.2")
    number = iter(range(1_000_000))

    def moved():
        response = larder.get(target(f"n{next(number)}"), CREDENTIALS)
        check(response.status == 200 and response.body in (BODY, MOVED), f"wrong: {response}")
        return response.body == MOVED
    wait_until(moved, "the new address is asked")
    wait_until(lambda: len(old.ended) == old.count()[0], "connections to the old address end")
    before = old.count()
    for _ in range(20):
        check(moved(), "the old address is asked again")
    check_equal(old.count(), before, "connections to the old address, and requests")
    check(new.count()[1] > 20, "the new origin was not asked")


def test_the_last_good_address_survives_a_name_server_that_fails(stage):
    origin = BareOrigin(stage)
    names = Names(stage, "127.0.0.1")
    larder = larder_asking(stage, names, origin.port, idle_connection="0ms")
    check_answer(larder.get(target("good"), CREDENTIALS), 200, BODY)
    for number, lines in enumerate((["fail"], ["sleep 15", "127.0.0.1"])):
        names.say(*lines)
        deadline = time.monotonic() + 2.5
        while time.monotonic() < deadline:
            started = time.monotonic()
            response = larder.get(target(f"f{number}{started}"), CREDENTIALS)
            check_answer(response, 200, BODY, f"with a resolver that says {lines}")
            check(time.monotonic() - started < 1.5 * TIME_FACTOR, f"it waited for {lines}")


def test_a_name_server_that_does_not_answer_holds_up_nobody_else(stage):
    origin = BareOrigin(stage)
    names = Names(stage, "127.0.0.1")
    larder = larder_asking(stage, names, origin.port)
    check_answer(larder.get(target("stored"), CREDENTIALS), 200, BODY)
    names.say("sleep 15", "127.0.0.1")
    larder.stop()
    larder.start(environment=names.environment())
    with Herd(larder, 3, target("waits"), CREDENTIALS) as waiting:
        started = time.monotonic()
        code, output = larder.ctl("purge", "all")
        check_equal(code, 0, f"exit status of a purge: {output}")
        check(time.monotonic() - started < 2 * TIME_FACTOR, "the purge waited for the name server")
        check_answer(larder.get("/robots.txt"), 404)
        for response in waiting.responses():
            check(response.status in (502, 504), f"status of who waits for the name: {response}")
        check(time.monotonic() - started < 5 * TIME_FACTOR, "they waited longer than connect_timeout")
    with Herd(larder, 1, target("waits"), CREDENTIALS):
        started = time.monotonic()
        larder.stop()
        check(time.monotonic() - started < 11 * TIME_FACTOR, "the end waited for the name server")


if __name__ == "__main__":
    harness.main(globals())
