#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Requests as the vendor's client libraries put them on the wire, byte for byte, sent through
larderd: the answers are the origin's own, repeated delivery requests cost the origin nothing, and
previews always reach the preview host and leave nothing behind.

tests/data/sdk_requests.json has one request a line: the client, what it was told to do (`call`), the
service it addressed, the target and the headers in wire order. Only Host is replaced here.
"""

import json
import pathlib
import re
import urllib.parse

import harness
from harness import DRAFT_MARKER, SECRETS, check, check_equal, shorten

DATA = pathlib.Path(__file__).resolve().parent.parent / "data" / "sdk_requests.json"

SLUG = "[^/]+"
CACHED_PATHS = re.compile("/v3/(" + "|".join([
    "content_types", f"content_types/{SLUG}", f"content_types/{SLUG}/entries",
    f"content_types/{SLUG}/entries/{SLUG}", "assets", f"assets/{SLUG}",
    "global_fields", f"global_fields/{SLUG}", "taxonomies", "taxonomies/entries",
    f"taxonomies/{SLUG}", f"taxonomies/{SLUG}/terms", f"taxonomies/{SLUG}/terms/{SLUG}",
    f"taxonomies/{SLUG}/terms/{SLUG}/(locales|ancestors|descendants)", "stacks/sync",
]) + ")/?")

CACHED_STATUSES = (200, 404, 422)

# An answer stays fresh for the whole test, whatever its kind.
LONG = {kind: {"fresh": "10m", "stale_while_revalidate": "0s"}
        for kind in ["entry", "list", "asset", "content_type", "taxonomy", "sync", "negative"]}


def load():
    requests = json.loads(DATA.read_text())["requests"]
    for request in requests:
        query = request["query"]
        request["target"] = request["path"] + (f"?{query}" if query else "")
    return requests


def field(request, name):
    """The value of a header, or of a query parameter of that name; empty when absent."""
    for other, value in request["headers"]:
        if other.lower() == name and value:
            return value
    query = urllib.parse.urlsplit(request["target"]).query
    return dict(urllib.parse.parse_qsl(query)).get(name, "")


def route_of(request):
    """What the protocol asks for: "cached", "pass", "preview" or "refused"."""
    path = request["path"]
    if field(request, "live_preview") not in ("", "init"):
        return "preview"
    if field(request, "authorization") or not path.startswith("/v3/"):
        return "refused"
    if field(request, "preview_token") and not field(request, "access_token"):
        return "preview"
    if not field(request, "access_token"):
        return "refused"
    if field(request, "release_id") or field(request, "preview_timestamp"):
        return "pass"
    return "cached" if CACHED_PATHS.fullmatch(path) else "pass"


def addressed(request, address):
    """The headers with Host for that address; the harness adds one where there is none."""
    return [(name, address if name.lower() == "host" else value)
            for name, value in request["headers"]]


class Replay:
    """One request, sent to the origin itself and twice through larderd."""

    def __init__(self, stage, larder, request):
        self.sandbox = stage.sandbox
        self.larder = larder
        self.request = request
        self.route = route_of(request)

    def send(self):
        """(response, (requests at the delivery host, requests at the preview host))."""
        before = self.sandbox.seen()
        response = self.larder.get(self.request["target"],
                                   addressed(self.request, self.larder.address))
        after = self.sandbox.seen()
        return response, (after[0] - before[0], after[1] - before[1])

    def ask_origin(self):
        host = "preview" if self.route == "preview" else "delivery"
        address = getattr(self.sandbox, host)
        return self.sandbox.get(self.request["target"], addressed(self.request, address), host)

    def check_same(self, response, origin, when):
        for what in ["status", "decoded"]:
            check_equal(getattr(response, what), getattr(origin, what), f"{what}, {when}")
        check_equal(response.header("Content-Type"), origin.header("Content-Type"),
                    f"Content-Type, {when}")

    def run(self):
        getattr(self, "check_" + self.route)()

    def check_cached(self):
        origin = self.ask_origin()
        first, asked = self.send()
        self.check_same(first, origin, "first time")
        check(asked in [(0, 0), (1, 0)], f"requests at the origin, first time: {asked}")
        second, asked = self.send()
        self.check_same(second, origin, "second time")
        if origin.status in CACHED_STATUSES:
            check_equal(asked, (0, 0), "requests at the origin, second time")

    def check_pass(self):
        origin = self.ask_origin()
        for when in ["first time", "second time"]:
            response, asked = self.send()
            self.check_same(response, origin, when)
            check_equal(asked, (1, 0), f"requests at the origin, {when}")

    def check_preview(self):
        origin = self.ask_origin()
        self.check_preview_answer(origin, "first time")
        # Uncompressed, so that a draft on disk would be found.
        rule = self.sandbox.fault(host="preview", no_gzip=True)
        self.check_preview_answer(origin, "second time")
        self.sandbox.remove_fault(rule)

    def check_preview_answer(self, origin, when):
        response, asked = self.send()
        self.check_same(response, origin, when)
        check_equal(asked, (0, 1), f"requests at the origin, {when}")
        directives = (response.header("Cache-Control") or "").replace(" ", "").split(",")
        check({"private", "no-store"} <= set(directives),
              f"Cache-Control of a preview, {when}: {directives}")

    def check_refused(self):
        for _ in range(2):
            response, asked = self.send()
            check(400 <= response.status < 500, f"not refused: {response}")
            check_equal(asked, (0, 0), "requests at the origin")

    def describe(self):
        return (f"{self.request['sdk']}, {self.request['call']} ({self.route})\n"
                f"  {shorten(self.request['target'], 300)}\n  {self.request['headers']}")


def replay_all(stage, larder, requests):
    """Goes on after a failure, and fails with all of them."""
    failures = []
    for request in requests:
        replay = Replay(stage, larder, request)
        try:
            replay.run()
        except harness.Failure as failure:
            failures.append(f"{replay.describe()}\n  {failure}")
    check(not failures, lambda: f"{len(failures)} of {len(requests)} requests:\n"
                                + "\n".join(failures))


def test_the_data_has_every_route(_):
    routes = [route_of(request) for request in load()]
    counts = {route: routes.count(route) for route in ["cached", "pass", "preview", "refused"]}
    check(counts["cached"] > 100 and counts["preview"] >= 20 and counts["pass"] >= 5,
          f"requests by route: {counts}")
    for request in load():
        if request["upstream"] == "preview":
            check_equal(route_of(request), "preview", request["call"])
        route = request["route"]  # a refusal is written as its status
        check_equal(route_of(request), "refused" if route.isdigit() else route, request["call"])


def test_answers_are_the_origins_and_repeats_are_free(stage):
    larder = stage.larder(ttl=LONG)
    replay_all(stage, larder, load())
    larder.stop()
    database = (larder.cache_directory / "data.mdb").read_bytes()
    check(harness.marker(branch="develop").encode() in database,
          "the database holds uncompressed content")
    larder.check_nothing_on_disk([DRAFT_MARKER, *SECRETS])


def test_a_preview_listener_sends_everything_to_the_preview_host(stage):
    larder = stage.larder(ttl=LONG)
    previews = [request for request in load() if route_of(request) == "preview"]
    for request in previews:
        before = stage.sandbox.seen()
        headers = addressed(request, larder.preview_address)
        response = larder.get(request["target"], headers, role="preview")
        origin = stage.sandbox.get(request["target"], headers, "preview")
        after = stage.sandbox.seen()
        check_equal((after[0] - before[0], after[1] - before[1]), (0, 2), request["call"])
        check_equal((response.status, response.decoded), (origin.status, origin.decoded),
                    request["call"])
    larder.stop()
    larder.check_nothing_on_disk([DRAFT_MARKER, *SECRETS])


if __name__ == "__main__":
    harness.main(globals())
