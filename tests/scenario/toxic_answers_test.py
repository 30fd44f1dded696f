#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Toxic answers, each for a key that is cold, warm (fresh) and stale: no bad object is stored, the status
is right, the answer comes in time, and memory stays bounded."""

import json
import random
import socket
import threading
import time

import harness
from chaotic_answers import WAYS, Turn, good
from harness import check, check_equal, wait_until
from scenario_lib import GZIP, SANITIZED, cache_status, entry_target, is_fresh_hit, wait_stored

CREDENTIALS = harness.credentials()
FIRST_BYTE_S = 1.0
ANSWER_WITHIN_S = FIRST_BYTE_S * 2 + 3 * harness.TIME_FACTOR  # one retry; the machine is busy
RSS_BOUND_KIB = (2_000 if SANITIZED else 160) * 1024
LIMITS = {
    "upstream": {"failures_to_open": 1_000_000, "first_byte_timeout": "1s", "total_timeout": "5s", "max_response_header": "32KiB",
                 "max_response_body": "1MiB", "hit_for_miss": "60s", "rejected_hold": "1s"},
    "cache": {"max_object": "512KiB", "max_decoded": "2MiB"},
}

REFUSED = {502}  # by larder
# name: (statuses for a cold key, what becomes of it).
#   trouble: nothing is stored, a stale object stands in
#   one:     an answer for one client, not stored; a stale object is not asked for
#   kept:    a good answer in odd clothes, or the API's own not-found
TOXINS = {
    **{name: (REFUSED, "trouble") for name in (
        "version HTTP/2.0", "version ICY", "HTTP/0.9, no head", "trailers", "interim 101 unasked", "interim flood",
        "interim with a length and a body", "length too long, closes", "length differs, short first",
        "length negative", "length folded", "no length, resets", "chunk size bad",
        "chunks without an end, closes", "chunks without an end, resets", "coding 'gzip, chunked'",
        "coding 'foo'", "coding 'chunked, chunked'", "coding gzip, chunked of gzip", "chunks and a length",
        "status '99 Low'", "status '600 Six'", "304", "status 302 Found", "head flood", "head huge",
        "head with NUL", "head without a colon", "garbage", "coding br", "closes at once", "resets at once",
        "a bare 200 and a reset")},
    **{name: ({200}, "trouble") for name in (
        "HTML", "HTML that says JSON", "JSON cut", "JSON and more", "type wrong", "no object of the API",
        "an error document with 200", "gzip cut", "gzip with a wrong trailer", "gzip bomb")},
    "204": ({204}, "trouble"),
    "status 206 Partial": ({206}, "trouble"),
    "404 HTML": ({404}, "trouble"),
    "400 HTML": ({400}, "trouble"),
    "status 403 No": ({403}, "trouble"),
    "status 500 Oops": ({500}, "trouble"),
    "status 503 Busy": ({503}, "trouble"),
    "status 429 Slow Down": ({429}, "trouble"),
    "body beyond the bound": ({502, 503}, "trouble"),
    "stall before the answer": ({504}, "trouble"),
    "cookie": ({200}, "one"),
    "private": ({200}, "one"),
    "gzip unasked": ({200}, "kept"),
    "vary": ({200}, "kept"),
    "one byte at a time": ({200}, "kept"),
    "chunk extensions": ({200}, "kept"),
    "status 404 Not Found": ({404}, "kept"),
}
OWN_WAYS = {
    "a bare 200 and a reset": lambda turn: (turn.send(b"HTTP/1.1 200 OK\r\n\r\n"), turn.connection.reset()) and False,
    "no object of the API": lambda turn: turn.send(turn.answer(b"{}")) or True,
    "an error document with 200": lambda turn: turn.send(turn.answer(b'{"error_code":141}')) or True,
    "404 HTML": lambda turn: turn.send(turn.answer(b"<p>", status="404 Not Found", kind="text/html")) or True,
    "400 HTML": lambda turn: turn.send(turn.answer(b"<p>", status="400 Bad", kind="text/html")) or True,
}
# What has come of the body may have gone on to the client by then, which is cut off in its turn.
BREAKS_OFF = ("length too long, closes", "no length, resets", "chunk size bad", "chunks without an end, closes",
              "chunks without an end, resets", "trailers")
ZIPPED = ("gzip cut", "gzip with a wrong trailer", "gzip bomb")  # asked for in gzip


class ToxicOrigin:
    """Answers well, but for the entries that `toxins` names."""

    def __init__(self, stage):
        self.toxins = {}  # uid -> function of a turn
        self.asked = 0
        self.serial = 0
        listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        stage.stack.callback(listener.close)
        threading.Thread(target=self.accept, args=(listener,), daemon=True).start()

    def accept(self, listener):
        while True:
            try:
                connected, _ = listener.accept()
            except OSError:
                return
            self.serial += 1
            threading.Thread(target=OriginSide(self, connected, self.serial).run, daemon=True).start()


class OriginSide:
    """One connection of larder's, as chaotic_answers needs it."""

    host = "delivery"
    late = ""

    def __init__(self, origin, connected, serial):
        self.origin = origin
        self.socket = connected
        self.serial = serial
        self.random = random.Random(serial)
        connected.settimeout(10)

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)

    def run(self):
        try:
            self.serve()
        except OSError:
            pass
        finally:
            self.socket.close()

    def serve(self):
        buffer = b""
        number = 0
        while True:
            while b"\r\n\r\n" not in buffer:
                data = self.socket.recv(65_536)
                if not data:
                    return
                buffer += data
            head, _, buffer = buffer.partition(b"\r\n\r\n")
            lines = head.decode("latin-1").split("\r\n")
            fields = (line.partition(":") for line in lines[1:])
            target = lines[0].split(" ")[1]
            number += 1
            self.origin.asked += 1
            turn = Turn(self, number, target, {name.lower(): value.strip() for name, _, value in fields})
            uid = target.partition("?")[0].rpartition("/")[2]
            if not self.origin.toxins.get(uid, good)(turn):
                return


def act_of(name):
    return OWN_WAYS.get(name) or WAYS[name][1]


def larder_for(stage, origin, **changes):
    return stage.larder(stack=None, open={"delivery": origin.url, "preview": origin.url, "miss_rate": 0},
                        **{**LIMITS, **changes})


def ask(larder, uid, name):
    """The answer, or None when it was cut off; in time."""
    began = time.monotonic()
    headers = CREDENTIALS + ([GZIP] if name in ZIPPED else [])
    try:
        response = larder.get(entry_target(uid), headers)
    except (harness.Failure, OSError):
        response = None
    took = time.monotonic() - began
    check(took < ANSWER_WITHIN_S, f"{name}: answered after {took:.2f} s")
    return response


def check_good(response, uid, what):
    """A whole body that names its own request at both ends."""
    check(response is not None, f"{what}: cut off")
    check_equal(response.status, 200, f"status of {what}: {response}")
    names = [json.loads(response.decoded)["entry"]["fill"][place]["who"] for place in (0, 2)]
    for who in names:
        check(who["path"].endswith(f"/{uid}") and not who["stray"], f"{what} is another's: {who}")
    return names[0]["at"]


def wait_asked_again(name):
    """A 429 holds its host for a second: nobody is asked meanwhile. For 7 s more requests go to it at a rate
    that doubles each second."""
    if name == "status 429 Slow Down":
        began = time.monotonic()
        wait_until(lambda: time.monotonic() - began > 8.5, "the origin is asked as before", timeout_s=30)


def check_rss(larder):
    status = open(f"/proc/{larder.process.pid}/status", encoding="ascii").read()
    rss = int(status.partition("VmHWM:")[2].split()[0])
    check(rss < RSS_BOUND_KIB, f"larderd took {rss} KiB")


def numbered(prefix):
    return [(f"{prefix}{number}", name) for number, name in enumerate(TOXINS)]


def test_a_cold_key_gets_the_right_status_and_stores_nothing_bad(stage):
    origin = ToxicOrigin(stage)
    larder = larder_for(stage, origin, ttl={kind: {"fresh": "1h"} for kind in ("entry", "negative")})
    for uid, name in numbered("cold"):
        statuses, becomes = TOXINS[name]
        origin.toxins[uid] = act_of(name)
        first = ask(larder, uid, name)
        check(first is not None or name in BREAKS_OFF, f"{name}: cut off without a status")
        check(first is None or first.status in statuses, f"{name}: {first}")
        wait_until(lambda: larder.metrics()["larder_fills_active"] == 0, f"{name}: the fill is over")
        del origin.toxins[uid]
        wait_asked_again(name)
        second = ask(larder, uid, name)
        if becomes == "kept":
            check_equal((second.status, second.decoded), (first.status, first.decoded), f"{name}: the hit")
            check("larder; hit" in cache_status(second), f"{name} was not kept: {second}")
            continue
        at = check_good(second, uid, f"the answer after {name}")
        check("larder; hit" not in cache_status(second), f"{name} was stored: {second}")
        if becomes == "one":
            check("hit-for-miss" in cache_status(second), f"{name} is not marked: {second}")
            continue
        if name == "status 403 No":  # perhaps of that token alone: others do not wait for a second
            continue
        check("hit-for-miss" not in cache_status(second), f"{name} is marked for long: {second}")
        wait_stored(larder, 0)
        third = ask(larder, uid, name)
        check_equal(check_good(third, uid, f"the hit after {name}"), at, f"{name}: what was stored")
        check(is_fresh_hit(third), f"the good answer after {name} was not stored: {third}")
    check_rss(larder)


def test_a_warm_key_never_meets_the_origin(stage):
    origin = ToxicOrigin(stage)
    larder = larder_for(stage, origin, ttl={"entry": {"fresh": "1h"}})
    for uid, name in numbered("warm"):
        at = check_good(ask(larder, uid, name), uid, "the first answer")
        wait_stored(larder, 0)
        origin.toxins[uid] = act_of(name)
        asked = origin.asked
        hit = ask(larder, uid, name)
        check(is_fresh_hit(hit), f"{name}: {hit}")
        check_equal(check_good(hit, uid, f"the hit beside {name}"), at, f"{name}: the stored answer")
        check_equal(origin.asked, asked, f"requests at the origin beside {name}")
    check_rss(larder)


def test_a_stale_key_gets_its_stale_object_instead_of_trouble(stage):
    origin = ToxicOrigin(stage)
    larder = larder_for(stage, origin, ttl={"entry": {"fresh": "1s", "stale_while_revalidate": "0s",
                                                      "stale_if_error": "24h"}})
    stored = {}
    for uid, name in numbered("stale"):
        stored[uid] = check_good(ask(larder, uid, name), uid, "the first answer")
    wait_stored(larder, len(stored))
    since = time.monotonic()
    wait_until(lambda: time.monotonic() - since > 1.5, "all of it is stale")
    for uid, name in numbered("stale"):
        statuses, becomes = TOXINS[name]
        for time_ in (1, 2):  # the second time shows what the first has left behind
            origin.toxins[uid] = act_of(name)
            response = ask(larder, uid, name)
            wait_asked_again(name)
            well = f"well{time_}{uid}"
            check_good(ask(larder, well, name), well, f"another key after {name}")
            if becomes != "trouble":
                check(response is not None and response.status in statuses, f"{name}: {response}")
                continue
            at = check_good(response, uid, f"the answer instead of {name}")
            check_equal(at, stored[uid], f"the stale object, not another, instead of {name}")
            check("stale-if-error" in cache_status(response), f"{name}: {response}")
        del origin.toxins[uid]
        if becomes == "trouble":
            fresh = ask(larder, uid, name)
            check(check_good(fresh, uid, f"the origin's answer after {name}") != stored[uid] or
                  "stale" in cache_status(fresh), f"{name}: {fresh}")
    check_rss(larder)


if __name__ == "__main__":
    harness.main(globals())
