#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The sandbox is an origin that the other scenarios can rely on."""

import gzip
import json
import socket
import time
import urllib.parse

import harness
from harness import (ENTRY, Connection, check, check_equal, credentials, marker,
                     preview_credentials, wait_until)

LIST = "/v3/content_types/blog/entries"


def query(condition):
    return urllib.parse.quote(json.dumps(condition))


def uids(response):
    return [entry["uid"] for entry in response.json()["entries"]]


def check_error(response, status, code, field=None):
    check_equal(response.status, status, f"status of {response}")
    body = response.json()
    check_equal(sorted(body), ["error_code", "error_message", "errors"], "keys of an error")
    check_equal(body["error_code"], code, "error_code")
    if field:
        check(isinstance(body["errors"][field], list), f"errors has {field}: {body}")


def test_every_scope_has_its_own_content(stage):
    bodies = set()
    for stack in harness.STACKS:
        for environment, tokens, _ in stack.scopes:
            for branch in ["main", "develop", "release"]:
                for number in range(len(tokens)):
                    response = stage.sandbox.get(
                        f"{LIST}/bltaaaa1111?environment={environment}",
                        credentials(stack, environment, branch, number))
                    check_equal(response.status, 200, "status")
                    scope = marker(stack.letter, environment, branch)
                    body = response.json()
                    check_equal(body["_marker"], scope, "marker of the body")
                    check(scope in body["entry"]["title"], "the title names the scope")
                    bodies.add(response.body)
    check_equal(len(bodies), 12, "different bodies")


def test_aliases_answer_as_their_branch_and_can_be_assigned(stage):
    sandbox = stage.sandbox
    main = sandbox.get(ENTRY, credentials(branch="main")).body
    check_equal(sandbox.get(ENTRY, credentials()).body, main, "without a branch")
    check_equal(sandbox.get(ENTRY, credentials(branch="live")).body, main, "by its alias")
    sandbox.assign_alias("live", "release")
    check_equal(sandbox.get(ENTRY, credentials(branch="live")).json()["_marker"],
                marker(branch="release"), "after the alias was assigned")
    check_equal(sandbox.get(ENTRY, credentials()).body, main, "main itself")


def test_errors_have_the_shape_of_the_api(stage):
    get = stage.sandbox.get
    good = credentials()
    key, token = good
    check_error(get(ENTRY, [("api_key", "bltnone"), token]), 412, 109, "api_key")
    check_error(get(ENTRY, [token]), 412, 109, "api_key")
    check_error(get(ENTRY, [key]), 401, 105, "access_token")
    check_error(get(ENTRY, [key, ("access_token", "")]), 401, 105, "access_token")
    check_error(get(ENTRY, [key, ("access_token", "cs3123456789abcdef01234567")]), 401, 105)
    check_error(get("/v3/content_types/none", good), 422, 118, "uid")
    check_error(get("/v3/content_types/none/entries", good), 422, 118, "uid")
    check_error(get(f"{LIST}/none", good), 422, 141, "uid")
    check_error(get(f"{LIST}/bltaaaa1112?locale=fr-fr", good), 422, 141, "uid")
    check_error(get("/v3/assets/none", good), 404, 145, "uid")
    check_error(get(ENTRY.replace("production", "staging"), good), 422, 141, "access_token")
    check_error(get(ENTRY, [*good, ("branch", "none")]), 422, 901, "branch")
    check_error(get("/v3/stacks/sync?sync_token=blt00", good), 422, 141, "sync_token")
    check_error(get(LIST + "?query=author", good), 400, 141, "query")
    check_error(get(LIST + "?query=" + query({"taxonomies.color": {"$exists": 1}}), good), 500, 500)
    check_error(get("/v3/none", good), 404, 404)
    check_error(get("/content_types/blog", good), 404, 404)
    check_error(get(ENTRY, good, method="POST"), 405, 405)
    unknown = get(f"{LIST}/none", [*good, ("Accept-Encoding", "gzip")])
    check_equal(unknown.header("Content-Encoding"), None, "coding of an error")


def test_responses_have_the_fields_of_the_cdn(stage):
    response = stage.sandbox.get(ENTRY, [*credentials(), ("Accept-Encoding", "br, gzip, deflate")])
    expected = {"Content-Type": "application/json; charset=utf-8", "Content-Encoding": "gzip",
                "Vary": "Accept-Encoding", "Access-Control-Allow-Origin": "*",
                "Via": "1.1 varnish, 1.1 varnish", "x-ratelimit-limit": "500"}
    for name, value in expected.items():
        check_equal(response.header(name), value, name)
    for name in ["x-cache", "x-served-by", "x-timer", "x-runtime", "x-request-id", "Date",
                 "x-contentstack-organization", "x-cs-includecount", "Content-Length"]:
        check(response.header(name), f"no {name}")
    for name in ["Cache-Control", "ETag", "Last-Modified", "Expires", "Set-Cookie"]:
        check_equal(response.header(name), None, name)
    identity = stage.sandbox.get(ENTRY, credentials())
    check_equal(identity.header("Content-Encoding"), None, "coding without Accept-Encoding")
    check_equal(gzip.decompress(response.body), identity.body, "decoded body")
    ages = {stage.sandbox.get(f"{ENTRY}&n={number}", credentials()).header("Age")
            for number in range(40)}
    check(None in ages and len(ages) > 1, f"some answers have an Age: {ages}")


def test_all_endpoints_have_their_envelopes(stage):
    envelopes = {
        "/content_types": {"content_types"},
        "/content_types?include_count=true": {"content_types", "count"},
        "/content_types?only_last_activity=true": {"content_types"},
        "/content_types/blog": {"content_type"},
        "/content_types/blog/entries?include_count=true&include_schema=true": {
            "entries", "count", "schema"},
        "/content_types/blog/entries/bltaaaa1111?include_content_type=true": {
            "entry", "content_type"},
        "/assets?include_count=true": {"assets", "count"},
        "/assets/bltasset1": {"asset"},
        "/global_fields": {"global_fields"},
        "/global_fields/seo": {"global_field"},
        "/taxonomies": {"taxonomies", "count"},
        "/taxonomies/color": {"taxonomy"},
        "/taxonomies/color/terms?include_count=true": {"terms", "count"},
        "/taxonomies/color/terms/red": {"term"},
        "/taxonomies/color/terms/red/locales": {"terms"},
        "/taxonomies/entries": {"entries"},
        "/stacks/sync?init=true": {"items", "skip", "limit", "total_count", "pagination_token"},
        "/sync?params%5Binit%5D=true": {"items", "skip", "limit", "total_count",
                                        "pagination_token"},
    }
    for path, keys in envelopes.items():
        for target in [path, path.replace("?", "/?", 1) if "?" in path else path + "/"]:
            response = stage.sandbox.get("/v3" + target, credentials())
            check_equal(response.status, 200, target)
            check_equal(set(response.json()) - {"_marker"}, keys, target)
    get = stage.sandbox.get
    ancestors = get("/v3/taxonomies/color/terms/red/ancestors", credentials()).json()
    check_equal([term["uid"] for term in ancestors["term"]["ancestors"]], ["warm"], "ancestors")
    descendants = get("/v3/taxonomies/color/terms/red/descendants", credentials()).json()
    check_equal([term["uid"] for term in descendants["term"]["descendants"]],
                ["crimson", "scarlet"], "descendants")


def test_lists_are_filtered_sorted_and_paged(stage):
    def found(parameters):
        return uids(stage.sandbox.get(f"{LIST}?{parameters}", credentials()))

    everything = [f"bltaaaa{number}" for number in range(1111, 1171)]
    check_equal(found("environment=production"), everything, "all")
    check_equal(found("skip=10&limit=5"), everything[10:15], "a page")
    check_equal(found("desc=price&limit=2"), everything[:-3:-1], "descending")
    check_equal(found("asc=price&limit=2"), everything[:2], "ascending")
    conditions = {
        "equal": ({"url": "/home"}, [1112]),
        "$in": ({"uid": {"$in": ["bltaaaa1113", "bltaaaa1120", "none"]}}, [1113, 1120]),
        "$nin": ({"price": {"$nin": list(range(1, 60))}}, [1111]),
        "$ne with $lt": ({"price": {"$ne": 1, "$lt": 3}}, [1111, 1113]),
        "$gte with $lte": ({"price": {"$gte": 58, "$lte": 59}}, [1169, 1170]),
        "$or": ({"$or": [{"url": "/"}, {"price": 4}]}, [1111, 1115]),
        "$and": ({"$and": [{"featured": True}, {"price": {"$gt": 56}}]}, [1169]),
        "$regex": ({"title": {"$regex": "^POST 111[12]", "$options": "i"}}, [1111, 1112]),
        "$exists": ({"none": {"$exists": True}}, []),
        "nested": ({"seo.meta_title": "SEO 1114"}, [1114]),
        "$in_query": ({"author": {"$in_query": {"name": "Author 3"}}},
                      [1114, 1124, 1134, 1144, 1154, 1164]),
        "taxonomy $below": ({"price": {"$lt": 5}, "taxonomies.color": {"$below": "warm"}},
                            [1111, 1114]),
        "taxonomy": ({"taxonomies.appliances": "led", "price": {"$lt": 5}}, [1111, 1115]),
    }
    for name, (condition, numbers) in conditions.items():
        check_equal(found("query=" + query(condition)), [f"bltaaaa{n}" for n in numbers], name)
    check(found("typeahead=post%201120") == ["bltaaaa1120"], "typeahead")
    check_equal(found("tags[]=a&tags[]=x&limit=3"), found("tags=a%2Cx&limit=3"), "tags")
    french = found("locale=fr-fr")
    check_equal(len(french), 30, "entries in French")
    check_equal(len(found("locale=fr-fr&include_fallback=true")), 60, "with fallback")
    count = stage.sandbox.get(f"{LIST}?count=true", credentials()).json()["entries"]
    check_equal(count, 60, "count")


def test_references_and_projections(stage):
    def entry(parameters):
        return stage.sandbox.get(f"{LIST}/bltaaaa1111?{parameters}", credentials()).json()["entry"]

    check_equal(set(entry("")["author"][0]), {"uid", "_content_type_uid"}, "a stub")
    for spelling in ["include[]", "include%5B%5D%5B%5D", "include[0]"]:
        author = entry(f"{spelling}=author")["author"][0]
        check_equal(author["name"], "Author 0", spelling)
        check_equal(set(author["org"][0]), {"uid", "_content_type_uid"}, "the next level")
    deep = entry("include[]=author.org")["author"][0]["org"][0]
    check_equal(deep["title"], f"Org 0 [{marker()}]", "two levels")
    check_equal(entry("include_all=true&include_all_depth=3")["related"][0]["section"][0]["uid"],
                "bltaaaa1111", "include_all")
    check_equal(set(entry("only[BASE][]=title&only[BASE][]=url")), {"uid", "title", "url"}, "only")
    check_equal(set(entry("only%5BBASE%5D%5B0%5D=title")), {"uid", "title"}, "only, counted")
    check("body" not in entry("except[BASE][]=body"), "except")
    named = entry("include[]=author&only[author][]=name")["author"][0]
    check_equal(set(named), {"uid", "_content_type_uid", "name"}, "only of a reference")
    extras = entry("include_branch=true&include_metadata=true&include_owner=True")
    check_equal(extras["_branch"], "main", "_branch")
    check("_metadata" in extras and "_owner" in extras, "metadata and owner")
    check("dimension" not in entry("")["image"], "no dimension")
    check("dimension" in entry("include_dimension=true")["image"], "dimension")


def test_variants_and_early_access_change_the_body(stage):
    plain = stage.sandbox.get(ENTRY, credentials()).body
    seen = {plain}
    for header in [("x-cs-variant-uid", "csv1"), ("x-cs-variant-uid", "csv2,csv1"),
                   ("x-cs-variant-uid", "csv1,csv2"), ("x-header-ea", "taxonomy,newCDA"),
                   ("release_id", "rel1")]:
        seen.add(stage.sandbox.get(ENTRY, [*credentials(), header]).body)
    check_equal(len(seen), 6, "different bodies")
    spaced = stage.sandbox.get(ENTRY, [*credentials(), ("x-cs-variant-uid", "csv1, csv2")])
    check(spaced.body in seen, "blanks do not matter")
    turned = stage.sandbox.get(ENTRY, [*credentials(), ("x-header-ea", "newCDA, taxonomy")])
    check(turned.body in seen, "nor does the order of early access features")


def test_sync_walks_everything_then_shows_what_changed(stage):
    def sync(parameters, headers=credentials()):
        response = stage.sandbox.get(f"/v3/stacks/sync?{parameters}&environment=production",
                                     headers)
        check_equal(response.status, 200, f"{parameters}: {response}")
        return response.json()

    first = sync("init=true")
    check_equal((len(first["items"]), first["skip"], first["limit"]), (100, 0, 100), "first page")
    last = sync("pagination_token=" + first["pagination_token"])
    check_equal(len(first["items"]) + len(last["items"]), first["total_count"], "all items")
    check_equal(sync("init=true"), first, "the same again")
    token = last["sync_token"]
    empty = sync("sync_token=" + token)
    check_equal((empty["items"], empty["sync_token"]), ([], token), "nothing new")
    stage.sandbox.publish(uid="bltaaaa1112")
    stage.sandbox.unpublish(uid="bltaaaa1113")
    delta = sync("sync_token=" + token)
    check_equal([(item["type"], item["data"]["uid"]) for item in delta["items"]],
                [("entry_published", "bltaaaa1112"), ("entry_unpublished", "bltaaaa1113")],
                "what changed")
    check_equal(sync("sync_token=" + delta["sync_token"])["items"], [], "after that")
    assets = sync("init=true&type=asset_published,asset_deleted")
    check_equal({item["content_type_uid"] for item in assets["items"]}, {"sys_assets"}, "by type")
    french = sync("init=true&locale=fr-fr&content_type_uid=blog")
    check_equal(french["total_count"], 30, "by locale and content type")
    check_equal(sync("init=true&start_from=2030-01-01")["items"], [], "by time")
    for known in ["sync_token=blt_sync", "pagination_token=blt_page"]:
        sync(known)
    other = stage.sandbox.get("/v3/stacks/sync?sync_token=" + token,
                              credentials(branch="develop"))
    check_error(other, 422, 141, "sync_token")


def test_deltas_come_in_pages_and_positions_can_be_forgotten(stage):
    def ask(parameters):
        return stage.sandbox.get(f"/v3/stacks/sync?{parameters}&environment=production",
                                 credentials())

    # A synchronisation that begins later than all that is published goes on with what follows.
    begun = ask("init=true&start_from=2030-01-01").json()
    check_equal(begun["items"], [], "items of the beginning")
    for _ in range(100):
        stage.sandbox.publish()
    stage.sandbox.delete(uid="bltaaaa1115")
    first = ask("sync_token=" + begun["sync_token"]).json()
    check_equal((len(first["items"]), first["total_count"], "sync_token" in first),
                (100, 101, False), "first page of the delta")
    last = ask("pagination_token=" + first["pagination_token"]).json()
    check_equal([(item["type"], item["data"]["uid"]) for item in last["items"]],
                [("entry_deleted", "bltaaaa1115")], "second page of the delta")
    activities = "/v3/content_types?only_last_activity=true&environment=production"
    before = stage.sandbox.get(activities, credentials()).json()
    stage.sandbox.edit_schema("blog")
    check(stage.sandbox.get(activities, credentials()).json() != before, "no activity")
    check_equal(ask("sync_token=" + last["sync_token"]).json()["items"], [], "what sync tells of it")
    stage.sandbox.forget_sync()
    check_error(ask("sync_token=" + last["sync_token"]), 422, 141, "sync_token")


def test_items_of_sync_can_be_lost_repeated_reversed_and_late(stage):
    sandbox = stage.sandbox

    def sync(parameters):
        return sandbox.get(f"/v3/stacks/sync?{parameters}&environment=production",
                           credentials()).json()

    def told(*numbers, **trouble):
        """The numbers of the items that come when these are published."""
        begun = sync("init=true&start_from=2030-01-01")
        sandbox.trouble_sync(**trouble)
        for number in numbers:
            sandbox.publish(uid=f"bltaaaa{number}")
        items = sync("sync_token=" + begun["sync_token"])["items"]
        return begun, [int(item["data"]["uid"][-4:]) for item in items]

    check_equal(told(1111, 1112, lose=1)[1], [1112], "the first is lost")
    check_equal(told(1111, 1112, repeat=1)[1], [1111, 1111, 1112, 1112], "repeated")
    check_equal(told(1111, 1112, 1113, reverse=2)[1], [1112, 1111], "reversed; one waits")
    begun, items = told(1114, delay_ms=200)
    check_equal(items, [], "at once")
    wait_until(lambda: len(sync("sync_token=" + begun["sync_token"])["items"]) == 2,
               "what waited and what is late")


def test_the_edge_lags_and_tells_its_age(stage):
    sandbox = stage.sandbox
    many = [f"{ENTRY}&n={number}" for number in range(40)]

    def ages():
        return {sandbox.get(target, credentials()).header("Age") for target in many}

    def version(target=ENTRY):
        response = sandbox.get(target, credentials())
        age = response.header("Age")
        return response.json()["entry"]["_version"], None if age is None else int(age)

    check("78006" in ages(), "copies as old as they like before any change")
    published = time.monotonic()
    sandbox.publish()
    wait_until(lambda: any(ages()), "copies of after the change")
    seen = {int(age) for age in ages() if age is not None}
    check(seen and max(seen) <= time.monotonic() - published, f"older than the change: {seen}")

    sandbox.set_edge(lag_s=60)
    check_equal(version(), (2, None), "no copy yet")
    sandbox.publish()
    check_equal(version()[0], 2, "the copy")
    wait_until(lambda: (version()[1] or 0) >= 1, "the copy's age")
    check_equal(version(ENTRY + "&_cb=1"), (3, None), "past the copy")
    check_equal(version(ENTRY + "&_cb=1")[0], 3, "a copy of its own")
    check(sandbox.control("GET", "/edge")["late"] >= 2, "late answers are counted")

    sandbox.set_edge(lag_s=60, cache_buster=False)
    version()
    sandbox.publish()
    check_equal(version(ENTRY + "&_cb=2")[0], 3, "nothing gets past the copy")

    sandbox.set_edge(lag_s=0.3)
    version()
    sandbox.publish()
    wait_until(lambda: version()[0] == 5, "the end of the lag")
    check_equal(sandbox.get(ENTRY.replace("1111", "1112"), credentials()).header("Age"), None,
                "what was never asked for has no copy")
    sandbox.set_edge()
    sandbox.publish()
    check_equal(version()[0], 6, "without a lag")


def test_publishing_changes_bytes_and_unpublishing_removes(stage):
    sandbox = stage.sandbox
    before = sandbox.get(ENTRY, credentials())
    elsewhere = sandbox.get(ENTRY, credentials(branch="develop")).body
    sandbox.publish(fields={"price": 999})
    after = sandbox.get(ENTRY, credentials()).json()["entry"]
    check(after["_version"] == 2 and after["price"] == 999 and after["title"].endswith(" v2"),
          f"published: {after}")
    check(after["updated_at"] > before.json()["entry"]["updated_at"], "updated_at")
    check_equal(sandbox.get(ENTRY, credentials(branch="develop")).body, elsewhere, "other branch")
    sandbox.publish(uid="bltnew", env="staging", stack="B")
    check_equal(sandbox.get(f"{LIST}/bltnew", credentials(harness.STACK_B, "staging")).status, 200,
                "a new entry")
    check(sandbox.unpublish()["unpublished"], "unpublished")
    check_error(sandbox.get(ENTRY, credentials()), 422, 141, "uid")
    check("bltaaaa1111" not in uids(sandbox.get(LIST, credentials())), "not in the list")


def test_sized_entries_have_the_bytes_of_the_rule(stage):
    for size in [2, 20, 90, 91, 92, 93, 94, 95, 150, 1024, 10_240, 65_536, 1_000_001]:
        uid = harness.sized_uid(size, f"n{size}")
        response = stage.sandbox.get(harness.sized_target(size, f"n{size}"), credentials())
        check_equal(len(response.body), size, "size")
        check_equal(response.body, harness.sized_body(size, uid), uid)
        json.loads(response.body)
    coded = stage.sandbox.get(harness.sized_target(50_000), [*credentials(),
                                                             ("Accept-Encoding", "gzip")])
    check_equal(coded.decoded, harness.sized_body(50_000, "s50000_x"), "compressed")
    largest = stage.sandbox.get(harness.sized_target(64 << 20), credentials(branch="develop"))
    check(largest.body == harness.sized_body(64 << 20, f"s{64 << 20}_x",
                                             marker(branch="develop")), "64 MiB")
    check_error(stage.sandbox.get(harness.sized_target((64 << 20) + 1), credentials()), 422, 141)
    stage.sandbox.publish(ct="sized", uid="s300_x")
    check_equal(stage.sandbox.get(harness.sized_target(300), credentials()).body,
                harness.sized_body(300, "s300_x", version=2), "published again")


def test_sizes_can_be_told_and_change_under_the_same_url(stage):
    target = "/v3/content_types/sized/entries/t7?environment=production"
    check_error(stage.sandbox.get(target, credentials()), 422, 141, "uid")
    for size in [2, 1024, 300]:
        check_equal(stage.sandbox.control("POST", "/sizes", {"t7": size}), {"sizes": 1}, "told")
        check_equal(stage.sandbox.get(target, credentials()).body,
                    harness.sized_body(size, "t7"), "a body of the size that was told last")


def test_preview_shows_drafts_to_those_who_may(stage):
    def get(target, headers):
        return stage.sandbox.get(target, headers, "preview")

    good = preview_credentials()
    bare = "/content_types/blog/entries/bltaaaa1111"
    seen = set()
    for target in [bare, "/v3" + bare]:
        for hash_ in ["one", "two"]:
            response = get(target, preview_credentials(hash_=hash_))
            check_equal(response.status, 200, f"{target}: {response}")
            check_equal(response.json()["_marker"],
                        f"{harness.DRAFT_MARKER} {marker()} hash={hash_}", "marker")
            check(harness.DRAFT_MARKER in response.json()["entry"]["_draft"], "draft entry")
            seen.add(response.body)
    check_equal(len(seen), 2, "one body for each hash")
    in_query = get(bare + "?live_preview=one", good[:2])
    check(in_query.body in seen, "hash in the query")
    check_error(get(bare, good[:2]), 400, 382)
    check_error(get(bare, preview_credentials(hash_="expired")), 400, 382)
    check_error(get(bare, [good[0], good[2]]), 401, 105)
    wrong = get(bare, [good[0], ("preview_token", credentials()[1][1]), good[2]])
    check_error(wrong, 401, 105)
    check_equal(wrong.header("Access-Control-Allow-Origin"), None, "CORS of a 401")
    managed = get(bare + "?live_preview=one", [good[0], ("authorization", "cs_mgmt")])
    check(managed.body in seen, "with a management token")
    staging = get(bare, preview_credentials(environment="staging", branch="live"))
    check(marker("A", "staging", "main") in staging.json()["_marker"], "another scope")
    for target in ["/assets", "/content_types/blog", "/taxonomies/color", "/stacks/sync?init=true",
                   "/content_types/sized/entries/s4000_x"]:
        check(harness.DRAFT_MARKER.encode() in get(target, good).body, f"{target} is a draft")


def test_head_options_pipelining_and_bad_requests(stage):
    sandbox = stage.sandbox
    body = sandbox.get(ENTRY, credentials())
    head = sandbox.get(ENTRY, credentials(), method="HEAD")
    check_equal(head.header("Content-Length"), str(len(body.body)), "length by HEAD")
    check_equal(sandbox.get(ENTRY, method="OPTIONS").status, 204, "OPTIONS")
    with Connection(sandbox.delivery) as connection:
        targets = [f"{LIST}/bltaaaa{number}" for number in range(1111, 1131)]
        connection.send(b"".join(harness.format_request(target, credentials())
                                 for target in targets))
        for target in targets:
            check_equal(connection.read_response().json()["entry"]["uid"], target.split("/")[-1],
                        "answers in order")
    with Connection(sandbox.delivery) as connection:
        connection.send(b"GET / HTTP/1.1\r\nbad\x01header\r\n\r\n")
        check_equal(connection.read_response().status, 400, "a bad request")
        check(connection.is_closed_by_peer(), "closed")
    with Connection(sandbox.delivery) as connection:
        connection.send(b"GET /v3/none HTTP/1.0\r\napi_key: x\r\n\r\n")
        check(connection.read_response().status == 412 and connection.is_closed_by_peer(),
              "HTTP/1.0")
    check_equal(sandbox.counts("delivery")["in_progress"], 0, "requests at work")


def test_counts_and_requests(stage):
    sandbox = stage.sandbox
    with Connection(sandbox.delivery) as connection:
        for _ in range(3):
            connection.request(ENTRY, credentials())
    sandbox.get("/assets", preview_credentials(), "preview")
    check_equal(sandbox.seen(), (3, 1), "requests")
    counts = sandbox.counts("delivery")
    check_equal(counts["connections_opened"], 1, "connections")
    check_equal(counts["paths"], {f"{LIST}/bltaaaa1111": 3}, "by path")
    wait_until(lambda: sandbox.counts("delivery")["connections_open"] == 0, "it is closed")
    last = sandbox.requests("preview")[-1]
    check_equal((last["method"], last["target"]), ("GET", "/assets"), "the last request")
    check_equal(last["headers"][1:], [list(header) for header in preview_credentials()], "headers")
    sandbox.reset()
    check_equal((sandbox.seen(), sandbox.requests()), ((0, 0), []), "after a reset")


def test_barriers_hold_and_release(stage):
    sandbox = stage.sandbox
    sandbox.hold("gate", match="bltaaaa1111")
    sandbox.hold("late", match="bltaaaa1113", late=True)
    connections = [Connection(sandbox.delivery) for _ in range(3)]
    for connection in connections:
        connection.send(harness.format_request(ENTRY, credentials()))
    sandbox.wait_held("gate", 3)
    check_equal(sandbox.counts("delivery")["max_in_progress"], 3, "at work together")
    check_equal(sandbox.get(f"{LIST}/bltaaaa1112", credentials()).status, 200, "others pass")
    connections[0].close()
    wait_until(lambda: sandbox.held("gate") == 2, "the one that left is not held")
    check_equal(sandbox.counts("delivery")["aborted"], 1, "aborted")
    sandbox.publish()
    check_equal(sandbox.release("gate", count=1), 1, "one released")
    check_equal(connections[1].read_response().json()["entry"]["_version"], 1,
                "answers are made up on arrival")
    check_equal(sandbox.release("gate"), 1, "the rest")
    connections[2].read_response()
    check_equal(sandbox.get(ENTRY, credentials()).status, 200, "the rule is gone")
    with connections[1] as connection:
        connection.send(harness.format_request(f"{LIST}/bltaaaa1113", credentials()))
        sandbox.wait_held("late")
        sandbox.publish(uid="bltaaaa1113")
        sandbox.release("late")
        check_equal(connection.read_response().json()["entry"]["_version"], 2,
                    "a late answer is made up on release")
    connections[2].close()


def test_a_barrier_inside_a_body(stage):
    sandbox = stage.sandbox
    size, uid = 100_000, "s100000_x"
    sandbox.hold("middle", match="sized", after=40_000)
    with Connection(sandbox.delivery) as connection:
        connection.send(harness.format_request(harness.sized_target(size), credentials()))
        sandbox.wait_held("middle")
        connection.read_head()
        body = connection.take(40_000)
        sandbox.release("middle")
        body += connection.take(size - 40_000)
        check_equal(body, harness.sized_body(size, uid), "body")


def test_faults_change_answers(stage):
    sandbox = stage.sandbox

    def with_fault(*more_headers, **rule):
        number = sandbox.fault(times=1, **rule)
        response = sandbox.get(ENTRY, [*credentials(), *more_headers])
        check_equal(sandbox.fault_hits(number), 1, "hits")
        sandbox.clear_faults()
        return response

    plain = sandbox.get(ENTRY, credentials())
    check_equal(with_fault(status=503).status, 503, "status")
    html = with_fault(status=403, body="<html>no</html>",
                      headers={"Content-Type": "text/html"})
    check_equal((html.body, html.header("Content-Type")), (b"<html>no</html>", "text/html"), "HTML")
    check_equal(with_fault(status=429, headers={"Retry-After": "7"}).header("Retry-After"), "7",
                "a field besides")
    several = with_fault(headers={"Set-Cookie": ["a=1", "b=2"], "Vary": None, "ETag": '"x"'})
    check_equal((several.header_values("set-cookie"), several.header("Vary")),
                (["a=1", "b=2"], None), "several fields")
    check_equal(with_fault(("Accept-Encoding", "gzip"), no_gzip=True).body, plain.body, "no_gzip")
    chunked = with_fault(chunked=True, body_delay={"chunks": 7, "interval_ms": 1})
    check_equal((chunked.header("Transfer-Encoding"), chunked.body), ("chunked", plain.body),
                "chunked")
    check_equal(with_fault(body_delay={"chunks": 5, "interval_ms": 1}).body, plain.body, "pieces")
    check_equal(with_fault(delay_ms=2).body, plain.body, "delay")
    until_close = with_fault(close_delimited=True)
    check(until_close.trailing_close and until_close.body == plain.body, "close_delimited")
    check_equal(len(with_fault(huge_header=100_000).header("x-filler")), 100_000, "huge header")
    half = with_fault(malformed_json=True)
    check_equal(half.body, plain.body[:len(plain.body) // 2], "malformed JSON")
    short = with_fault(wrong_content_length=-10)
    check_equal(short.body, plain.body[:-10], "a length that is too small")
    raw = with_fault(raw="HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
    check_equal(raw.body, b"{}", "raw bytes")
    check_equal(sandbox.get(ENTRY, credentials()).body, plain.body, "without faults")


def test_faults_break_connections(stage):
    sandbox = stage.sandbox

    def broken(**rule):
        """What arrives of a body before the end, and whether that was by RST."""
        sandbox.clear_faults()
        sandbox.fault(**rule)
        with Connection(sandbox.delivery) as connection:
            connection.send(harness.format_request(harness.sized_target(5000), credentials()))
            try:
                data = connection.read_to_end()
            except ConnectionResetError:
                return bytes(connection.buffer), True
            return data, False

    data, reset = broken(truncate_after=1000)
    check_equal((data.split(b"\r\n\r\n", 1)[1], reset),
                (harness.sized_body(5000, "s5000_x")[:1000], False), "truncated")
    check_equal(broken(reset=True), (b"", True), "reset at once")
    check_equal(broken(reset=1000)[1], True, "reset within the body")
    for stall, expected in [("head", 0), (True, 0), (10, 10)]:
        sandbox.clear_faults()
        sandbox.fault(stall=stall)
        with Connection(sandbox.delivery, timeout_s=0.2) as connection:
            connection.send(harness.format_request(harness.sized_target(5000), credentials()))
            if stall != "head":
                connection.read_head()
            check_equal(len(connection.take(expected)), expected, "bytes before the stall")
            try:
                connection.receive()
            except harness.Failure:
                continue
            raise harness.Failure(f"no stall: {connection.buffer}")


def test_rules_choose_their_requests(stage):
    sandbox = stage.sandbox

    def statuses(*requests):
        return [sandbox.get(target, [*credentials(), *headers]).status
                for target, *headers in requests]

    sandbox.fault(status=500, skip=1, times=2)
    check_equal(statuses(*[[ENTRY]] * 4), [200, 500, 500, 200], "skip and times")
    sandbox.clear_faults()
    sandbox.fault(status=429, beyond_per_second=3)
    seen = statuses(*[[ENTRY]] * 6)
    check_equal((seen[:3], 429 in seen[3:]), ([200] * 3, True), "beyond_per_second")
    sandbox.clear_faults()
    sandbox.fault(status=500, header={"name": "Branch", "value": "develop"})
    check_equal(statuses([ENTRY], [ENTRY, ("branch", "develop")], [ENTRY, ("branch", "main")]),
                [200, 500, 200], "header")
    sandbox.clear_faults()
    number = sandbox.fault(status=500, prefix="/v3/assets")
    check_equal(statuses([ENTRY], ["/v3/assets"], [ENTRY + "&x=/v3/assets"]), [200, 500, 200],
                "prefix")
    sandbox.remove_fault(number)
    sandbox.fault(status=500, host="preview")
    check_equal(statuses([ENTRY]), [200], "host")
    check_equal(sandbox.get("/assets", preview_credentials(), "preview").status, 500, "host")


def test_down_and_up_on_the_same_port(stage):
    sandbox = stage.sandbox
    with Connection(sandbox.delivery) as connection:
        connection.request(ENTRY, credentials())
        sandbox.down()
        check(connection.is_closed_by_peer(), "the connection is dropped")
    try:
        Connection(sandbox.delivery).close()
        raise harness.Failure("it still listens")
    except ConnectionRefusedError:
        pass
    check_equal(sandbox.get("/assets", preview_credentials(), "preview").status, 200, "preview")
    sandbox.up()
    check_equal(sandbox.get(ENTRY, credentials()).status, 200, "up again")


def test_two_thousand_connections(stage):
    sandbox = stage.sandbox
    sandbox.hold("all", match="bltaaaa1111")
    request = harness.format_request(ENTRY, credentials())
    host, port = sandbox.delivery.split(":")
    sockets = []
    for _ in range(2000):
        sockets.append(socket.create_connection((host, int(port))))
        sockets[-1].sendall(request)
    sandbox.wait_held("all", 2000)
    check_equal(sandbox.counts("delivery")["connections_open"], 2000, "connections")
    sandbox.release("all")
    for connection in sockets:
        check_equal(connection.recv(12), b"HTTP/1.1 200", "an answer")
        connection.close()
    wait_until(lambda: sandbox.counts("delivery")["connections_open"] == 0, "all are closed")


if __name__ == "__main__":
    import resource
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    harness.main(globals())
