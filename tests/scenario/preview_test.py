#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Previews: one transfer for each request, straight through to the preview host; no lookup, no
store, no join, no retry, and no preview credential at the delivery host."""

import harness
from harness import (DRAFT_MARKER, ENTRY, STACK_A, check, check_equal, credentials, marker,
                     preview_credentials, sized_body, sized_uid, wait_until)
from scenario_lib import (GZIP, SANITIZED, Cut, Herd, ask, cache_status, changes, check_answer, check_api_error,
                          costs, entry_target, read_or_cut, scaled, wait_stored)

CREDENTIALS = credentials()
KEY = ("api_key", STACK_A.api_key)
ACCESS = CREDENTIALS[1]
TOKEN = ("preview_token", STACK_A.scopes[0][2][0])
HASH = ("live_preview", "hash123")
INIT = ("live_preview", "init")
WHEN = ("preview_timestamp", "2026-01-01T00:00:00Z")
RELEASE = ("release_id", "release1")
MANAGEMENT = ("authorization", harness.MANAGEMENT_TOKEN)
PATH = ENTRY.partition("?")[0]

# Rows of requests that are previews on a delivery listener: (query, headers, status of the origin).
PREVIEWS = {
    "hash in the header": ("", [KEY, TOKEN, HASH], 200),
    "hash in the query": ("live_preview=hash123", [KEY, TOKEN], 200),
    "hash in both": ("live_preview=hash123", [KEY, TOKEN, HASH], 200),
    "hash, all in the query": (f"api_key={KEY[1]}&preview_token={TOKEN[1]}&live_preview=hash123", [],
                               200),
    "hash and access token": ("environment=production", [KEY, ACCESS, TOKEN, HASH], 200),
    "hash and a placeholder": ("", [KEY, TOKEN, HASH, ("access_token", "unused-on-client")], 200),
    "hash and empty access token": ("", [KEY, TOKEN, HASH, ("access_token", "")], 200),
    "hash, access token, no preview token": ("", [KEY, ACCESS, HASH], 401),
    "hash and no token": ("live_preview=hash123", [KEY], 401),
    "hash and management token": ("live_preview=hash123", [KEY, MANAGEMENT], 200),
    "hash and a word for no token": ("live_preview=hash123", [KEY, ("authorization", "undefined")],
                                     401),
    "hash and timeline": ("", [KEY, TOKEN, HASH, WHEN, RELEASE], 200),
    "expired hash": ("", [KEY, TOKEN, ("live_preview", "expired")], 400),
    "hash spelt otherwise": ("", [KEY, TOKEN, ("Live-Preview", "hash123")], 200),
    "init and time": ("", [KEY, ACCESS, TOKEN, INIT, WHEN], 200),
    "init in the query and release": ("live_preview=init", [KEY, TOKEN, RELEASE], 200),
    "preview token alone": ("", [KEY, TOKEN], 400),
    "preview token and empty access token": ("", [KEY, TOKEN, ("access_token", "")], 400),
    "preview token and init": ("", [KEY, TOKEN, INIT], 200),
}


def target_of(path, query):
    return path + ("?" + query if query else "")


def check_preview(response, status, case):
    check_equal(response.status, status, f"status, {case}: {response}")
    check_equal(response.header_values("Cache-Control"), ["private, no-store"], f"Cache-Control, {case}")
    check_equal((response.header("ETag"), response.header("Age")), (None, None),
                f"ETag and Age, {case}")
    check("hit" not in cache_status(response), f"{case} is a hit: {response}")
    if status == 200:
        check(DRAFT_MARKER.encode() in response.decoded, f"no draft, {case}: {response}")


def test_every_preview_is_one_request_at_the_preview_host_and_nothing_stored(stage):
    larder = stage.larder()
    for name, (query, headers, status) in PREVIEWS.items():
        for path in (PATH, PATH.removeprefix("/v3")):
            for role in ("delivery", "preview"):
                case = f"{name}, {path}, {role} listener"
                with changes(larder, case, previews=2, fills=0, fills_stored=0, store_objects=0), \
                        costs(stage, preview=2, what=case):
                    for extra in ([], [GZIP]):
                        response = larder.get(target_of(path, query), headers + extra, role)
                        check_preview(response, status, case)


def test_previews_of_every_kind_of_path(stage):
    larder = stage.larder()
    for path in ("/content_types/blog/entries", "/content_types/blog/entries/", "/assets",
                 "/content_types", "/content_types/blog", "/global_fields", "/taxonomies",
                 "/taxonomies/entries", "/stacks/sync?init=true", "/unknown/path"):
        for prefix in ("/v3", ""):
            case = prefix + path
            with changes(larder, case, previews=1, fills_stored=0, store_objects=0), \
                    costs(stage, preview=1, what=case):
                response = larder.get(case, preview_credentials())
            check_equal(response.header("Cache-Control"), "private, no-store", f"of {case}")
            check_equal(stage.sandbox.requests()[-1]["target"], case, "target at the preview host")


def test_everything_on_a_preview_listener_goes_to_the_preview_host(stage):
    larder = stage.larder()
    larder.get(ENTRY, CREDENTIALS)
    wait_stored(larder)
    for name, headers in {"delivery request": CREDENTIALS, "with a preview token": CREDENTIALS + [TOKEN],
                          "time alone": CREDENTIALS + [WHEN], "empty hash": CREDENTIALS + [TOKEN, ("live_preview", "")],
                          "management token": [KEY, MANAGEMENT], "no token": [KEY]}.items():
        with costs(stage, preview=1, what=name), changes(larder, name, previews=1, requests__hit=0):
            response = larder.get(ENTRY, headers, "preview")
        check(response.status >= 400, f"the preview host takes {name}: {response}")
        check_equal(response.header("Cache-Control"), "private, no-store", f"Cache-Control, {name}")


def test_a_strict_token_is_a_preview(stage):
    larder = stage.larder(preview={"strict_token": True})
    for headers in ([KEY, ACCESS, TOKEN], [KEY, ACCESS, TOKEN, ("live_preview", "")],
                    [KEY, ACCESS, TOKEN, INIT]):
        with costs(stage, preview=1, what=str(headers)), changes(larder, previews=1, fills_stored=0):
            larder.get(ENTRY, headers)
    with costs(stage, delivery=1):
        check_answer(larder.get(ENTRY, CREDENTIALS), 200)


def test_what_looks_like_a_preview_but_is_delivery(stage):
    larder = stage.larder()
    expected = stage.sandbox.get(ENTRY, CREDENTIALS).body
    with costs(stage, delivery=1):
        for headers in ([TOKEN], [TOKEN, ("live_preview", "")], [TOKEN, INIT], [INIT], [],
                        [("live_preview", ""), ("preview_timestamp", ""), ("release_id", "")]):
            check_answer(larder.get(ENTRY, CREDENTIALS + headers), 200, expected, str(headers))
        check_answer(larder.get(ENTRY + "&live_preview=init", CREDENTIALS), 200, expected)
        check_answer(larder.get(ENTRY + "&live_preview=&preview_timestamp=", CREDENTIALS), 200, expected)


def test_a_timeline_without_a_hash_passes_to_the_delivery_host(stage):
    larder = stage.larder()
    for headers in ([WHEN], [RELEASE], [WHEN, RELEASE, TOKEN], [RELEASE, TOKEN, ("live_preview", "")]):
        with costs(stage, delivery=2, what=str(headers)), changes(larder, passes=2, fills_stored=0):
            for _ in range(2):
                response = larder.get(ENTRY, CREDENTIALS + headers)
                check_answer(response, 200)
                check("_timeline" in response.json(), f"not of that time: {response}")


def test_a_cached_url_is_no_answer_for_a_preview_nor_the_other_way(stage):
    larder = stage.larder()
    published = larder.get(ENTRY, CREDENTIALS).body
    wait_stored(larder)
    with larder.connect() as client:
        for _ in range(5):
            with costs(stage, preview=1):
                check_preview(client.request(ENTRY, CREDENTIALS + [TOKEN, HASH]), 200, "cached URL")
            with costs(stage), changes(larder, requests__hit=1):
                check_answer(client.request(ENTRY, CREDENTIALS), 200, published)
    tag = larder.get(ENTRY, CREDENTIALS).header("ETag")
    response = larder.get(ENTRY, CREDENTIALS + [TOKEN, HASH, ("If-None-Match", tag)])
    check_preview(response, 200, "with the published ETag")


def test_identical_previews_are_not_joined(stage):
    clients = scaled(50, 20)
    larder = stage.larder(upstream={"max_connections_per_host": 64})
    stage.sandbox.hold("all", host="preview")
    with costs(stage, preview=clients), changes(larder, previews=clients, fills=0, fills_joined=0), \
            Herd(larder, clients, ENTRY, preview_credentials()) as herd:
        stage.sandbox.wait_held("all", clients)
        stage.sandbox.release("all")
        for response in herd.responses():
            check_preview(response, 200, "one of many")


def test_editors_do_not_get_each_others_drafts(stage):
    larder = stage.larder()
    for index in range(10):
        response = larder.get(ENTRY, preview_credentials(hash_=f"session{index}"))
        check_equal(response.json()["_marker"], f"{DRAFT_MARKER} {marker()} hash=session{index}", "draft")


def test_failures_are_passed_on_and_only_silence_is_retried(stage):
    """A connection that ends without a byte of an answer gives one more attempt."""
    for name, fault, status in [("500", {"status": 500}, 500), ("503", {"status": 503}, 503),
                                ("429", {"status": 429}, 429), ("reset", {"reset": True}, 200),
                                ("closed", {"raw": ""}, 200), ("nonsense", {"raw": "x\r\n\r\n"}, 502)]:
        larder = stage.larder()  # its first transfer has a connection of its own
        stage.sandbox.fault(host="preview", times=1, **fault)
        with costs(stage, preview=2 if status == 200 else 1, what=name):
            response = larder.get(ENTRY, preview_credentials())
        check_equal(response.status, status, f"status of a preview that failed: {name}")
        check("no-store" in response.header("Cache-Control"), f"{name}: {response}")


def test_a_preview_that_breaks_off_does_not_look_whole(stage):
    larder = stage.larder()
    for fault in ({"reset": 100}, {"truncate_after": 100}, {"chunked": True, "truncate_after": 100}):
        stage.sandbox.fault(host="preview", times=1, **fault)
        with costs(stage, preview=1, what=str(fault)), larder.connect() as client:
            ask(client, ENTRY, preview_credentials())
            try:
                response = read_or_cut(client)
            except Cut:
                continue
            check(response.status >= 500, f"{fault} looks whole: {response}")


def test_without_a_preview_host_there_is_no_answer(stage):
    larder = stage.larder(ttl={"entry": {"fresh": "0s", "stale_if_error": "24h"}})
    larder.get(ENTRY, CREDENTIALS)
    wait_stored(larder)
    stage.sandbox.down("preview")
    with costs(stage):
        check_api_error(larder.get(ENTRY, CREDENTIALS + [TOKEN, HASH]), 502, "a preview with its host down")
    stage.sandbox.up("preview")
    stage.sandbox.down("delivery")
    with costs(stage, preview=1):
        check_preview(larder.get(ENTRY, preview_credentials()), 200, "delivery host down")


def test_a_silent_preview_is_504_and_its_transfer_ends(stage):
    larder = stage.larder(server={"request_timeout": "1s"})
    stage.sandbox.fault(host="preview", stall="head")
    check_api_error(larder.get(ENTRY, preview_credentials()), 504, "a preview at its deadline")
    wait_until(lambda: stage.sandbox.counts("preview")["in_progress"] == 0, "the transfer is ended")


def test_a_client_that_leaves_ends_its_transfer(stage):
    larder = stage.larder()
    stage.sandbox.hold("left", host="preview")
    with larder.connect() as client:
        ask(client, ENTRY, preview_credentials())
        stage.sandbox.wait_held("left")
        client.reset()
    wait_until(lambda: stage.sandbox.counts("preview")["aborted"] == 1, "the transfer is ended")


def test_preview_credentials_never_reach_the_delivery_host(stage):
    larder = stage.larder()
    selectors = [[TOKEN], [TOKEN, ("live_preview", "")], [TOKEN, INIT], [TOKEN, WHEN], [TOKEN, HASH],
                 [TOKEN, RELEASE, ("live_preview", "")]]
    for index, headers in enumerate(selectors):
        larder.get(entry_target(more=f"&n={index}"), CREDENTIALS + headers)
        larder.get(entry_target(more=f"&m={index}&preview_token={TOKEN[1]}&live_preview="), CREDENTIALS)
        larder.get(f"/v3/unknown?n={index}", CREDENTIALS + headers)
        larder.get(f"/v3/unknown?n={index}&preview_token={TOKEN[1]}", CREDENTIALS)
        larder.get(f"/v3/stacks/sync?init=true&n={index}", CREDENTIALS + headers)
    seen = stage.sandbox.requests("delivery")
    check(len(seen) > 10, f"too few requests to prove anything: {len(seen)}")
    for request in seen:
        check(TOKEN[1] not in str(request), f"a preview token at the delivery host: {request}")
        check("hash123" not in str(request), f"a preview hash at the delivery host: {request}")


def test_no_byte_of_a_draft_in_the_database(stage):
    larder = stage.larder()
    for query, headers, _ in PREVIEWS.values():
        larder.get(target_of(PATH, query), headers)
        larder.get(target_of(PATH, query), headers, "preview")
    larder.get(ENTRY, CREDENTIALS)
    wait_stored(larder)
    larder.stop()
    database = (larder.cache_directory / "data.mdb").read_bytes()
    check(marker().encode() in database, "the published entry is not in the database")
    larder.check_nothing_on_disk([DRAFT_MARKER])


if __name__ == "__main__":
    harness.main(globals())
