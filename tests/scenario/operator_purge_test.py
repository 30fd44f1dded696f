#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What operators and deploy scripts have for purges: options and subcommands of larderctl, counts
without a purge, a path with all below it, purges by HTTP with a token, the last events."""

import json

import harness
from harness import Connection, check, check_equal, credentials
from scenario_lib import Background, origin_requests, wait_stored

TOKEN = "purge-token-0123456789"
BLOG = "/v3/content_types/blog"
ENTRY = f"{BLOG}/entries/bltaaaa1111?environment=production"
LIST = f"{BLOG}/entries?environment=production"
SCHEMA = f"{BLOG}?environment=production"
OTHER = "/v3/content_types/author/entries/bltauthor0?environment=production"
ASSET = "/v3/assets/bltasset1?environment=production"
ALL = [ENTRY, LIST, SCHEMA, OTHER, ASSET]


def fill(larder):
    """All of it is stored in two branches: ten objects."""
    for branch in ("main", "develop"):
        for target in ALL:
            check_equal(larder.get(target, credentials(branch=branch)).status, 200, target)
    wait_stored(larder, 2 * len(ALL))


def asked_anew(stage, larder):
    """(branch, target) of what the origin is asked for; all of it is stored then."""
    anew = set()
    for branch in ("main", "develop"):
        for target in ALL:
            before = origin_requests(stage)
            larder.get(target, credentials(branch=branch))
            if origin_requests(stage) != before:
                anew.add((branch, target))
    wait_stored(larder, 2 * len(ALL))
    return anew


def purge(larder, *words):
    status, output = larder.ctl("purge", *words)
    check_equal(status, 0, f"exit status of purge {words}: {output}")
    return json.loads(output)


def by_branch(answer):
    return {scope["branch"]: scope["objects"] for scope in answer["scopes"]}


def post(larder, body, token=TOKEN, headers=(), method="POST", path="/purge"):
    text = body if isinstance(body, str) else json.dumps(body)
    lines = [*headers]
    if token is not None:
        lines.append(("Authorization", f"Bearer {token}"))
    with Connection(larder.metrics_address) as connection:
        return connection.request(path, lines, method=method, body=text.encode())


def larder_of(stage, **changes):
    kinds = ("entry", "list", "asset", "content_type")
    return stage.larder(ttl={kind: {"fresh": "1h"} for kind in kinds}, purge={"soft_for": "0s"},
                        **changes)


def test_what_goes_is_what_is_said_and_a_dry_run_takes_nothing(stage):
    larder = larder_of(stage)
    fill(larder)
    both = ("main", "develop")
    blog = {(branch, target) for branch in both for target in (ENTRY, LIST, SCHEMA)}
    cases = [
        (["--entry", "blog/bltaaaa1111"], {(b, t) for b in both for t in (ENTRY, LIST)}),
        (["--tag", "entry:blog/bltaaaa1111", "--branch", "main"],
         {("main", ENTRY), ("main", LIST)}),
        (["entry", "blog", "bltaaaa1111", "--hard"], {(b, t) for b in both for t in (ENTRY, LIST)}),
        (["--content-type", "blog"], blog),
        (["--tag", "content-type:blog"], blog),
        (["--asset", "bltasset1"], {(b, t) for b in both for t in (ASSET, ENTRY, LIST)}),
        (["--url", ENTRY], {(branch, ENTRY) for branch in both}),
        (["--path-prefix", BLOG], blog),
        (["path-prefix", BLOG + "/", "--branch", "main"], {one for one in blog if one[0] == "main"}),
        (["--path-prefix", BLOG + "/entries"], {one for one in blog if one[1] != SCHEMA}),
        (["--scope", "--branch", "develop"], {("develop", target) for target in ALL}),
        (["--scope", "--branch", "develop", "--hard"], {("develop", target) for target in ALL}),
    ]
    for words, expected in cases:
        counts = {branch: sum(one[0] == branch for one in expected) for branch in both}
        counts = {branch: count for branch, count in counts.items() if count}
        dry = purge(larder, *words, "--dry-run")
        check_equal((dry["would_purge"], by_branch(dry)), (len(expected), counts), f"dry {words}")
        check_equal(asked_anew(stage, larder), set(), f"asked anew after the dry run of {words}")
        done = purge(larder, *words)
        check_equal((done["purged"], by_branch(done)), (len(expected), counts), f"{words}")
        check_equal(larder.ctl("purge", *words)[0], 3, f"exit status of {words} once more")
        check_equal(asked_anew(stage, larder), expected, f"asked anew after {words}")
    check_equal(purge(larder, "--entry", "blog/bltaaaa1111", "--no-count"), {"purged": None, "fills": 0},
                "a purge that is not counted")
    check_equal({target for _, target in asked_anew(stage, larder)} & {ENTRY, OTHER}, {ENTRY}, "what it took")
    status, output = larder.ctl("purge", "--all", "--no-count", "--dry-run")
    check(status == 2 and "--no-count" in output, f"a dry run that does not count: {status}, {output}")
    check_equal(purge(larder, "--all", "--dry-run")["would_purge"], 10, "of all, in a dry run")
    check_equal(purge(larder, "--all")["purged"], 10, "of all")


def test_a_path_ends_at_a_segment(stage):
    larder = larder_of(stage)
    fill(larder)
    for prefix in ("/v3/content_types/blo", "/v3/content_types/blog/entrie", "/v3/asset"):
        status, output = larder.ctl("purge", "--path-prefix", prefix)
        check_equal((status, json.loads(output.splitlines()[-1])["purged"]), (3, 0), prefix)
    check_equal(asked_anew(stage, larder), set(), "asked anew")


def test_a_fill_under_way_is_not_stored_behind_a_purge_of_its_path(stage):
    larder = larder_of(stage)
    stage.sandbox.hold("entry")
    answers = []
    with Background() as asking:
        asking.start(lambda: answers.append(larder.get(ENTRY, credentials())))
        stage.sandbox.wait_held("entry")
        answer = purge(larder, "--path-prefix", BLOG)
        check_equal((answer["purged"], answer["fills"]), (0, 1), "purged and under way")
        stage.sandbox.release("entry")
    check_equal([answer.status for answer in answers], [200], "who waited")
    before = origin_requests(stage)
    larder.get(ENTRY, credentials())
    check_equal(origin_requests(stage), before + 1, "requests after the purge")


def test_mistakes_say_what_to_do(stage):
    larder = larder_of(stage)
    fill(larder)
    cases = [
        ([], "give one of"),
        (["--url", ENTRY, "--asset", "bltasset1"], "one thing at a time"),
        (["--tag", "page:x"], "KIND:NAME"),
        (["--tag", "entry:bltaaaa1111"], "CONTENT_TYPE/UID"),
        (["--entry", "blog"], "CONTENT_TYPE/UID"),
        (["--entry", ""], "empty"),
        (["--asset", "bltasset1", "--branch", ""], "empty"),
        (["scope", "--environment", ""], "empty"),
        (["--scope"], "needs api_key, environment or branch"),
        (["--all", "--branch", "main"], "takes no scope"),
        (["--path-prefix", "v3/assets"], "begins with /"),
        (["--path-prefix", "/v3/assets?limit=1"], "no query"),
    ]
    for words, said in cases:
        status, output = larder.ctl("purge", *words)
        check_equal(status, 2, f"exit status of purge {words}: {output}")
        check(said in output, f"purge {words} says {output}")
    status, output = larder.ctl("purge", "--url", BLOG + "/entries/bltnone")
    check(status == 3 and "single quotes" in output, f"a URL that was cut: {status}, {output}")
    check_equal(asked_anew(stage, larder), set(), "asked anew after mistakes")


def test_deploy_scripts_purge_by_http_with_a_token(stage):
    larder = larder_of(stage, admin={"purge_tokens": [TOKEN]})
    fill(larder)
    answer = post(larder, {"entry": "blog/bltaaaa1111", "branch": "main"})
    check_equal((answer.status, answer.json()["purged"], by_branch(answer.json())),
                (200, 2, {"main": 2}), "of a purge by HTTP")
    check_equal(asked_anew(stage, larder), {("main", ENTRY), ("main", LIST)}, "asked anew")
    dry = post(larder, {"path_prefix": BLOG, "dry_run": True})
    check_equal((dry.status, dry.json()["would_purge"]), (200, 6), "of a dry run")
    for token in (None, "", "x" + TOKEN[1:], TOKEN + "x", TOKEN[:-1]):
        for body in ({"all": True}, "x" * 100):
            refused = post(larder, body, token)
            check_equal((refused.status, refused.header("www-authenticate")), (401, "Bearer"),
                        f"{token} {refused!r}")
        check_equal(post(larder, "", token, method="GET", path="/events").status, 401, "of events")
    for body, said in [("", "give one of"), ("[]", "no JSON object"), ("{", "no JSON object"),
                       ({}, "give one of"), ({"entri": "a/b"}, '\\"entry\\"'),
                       ({"entry": 5}, '\\"entry\\"'), ({"entry": ["a/b"]}, '\\"entry\\"'),
                       ({"entry": ""}, "empty"), ({"all": "true"}, '\\"all\\"'),
                       ({"all": None}, '\\"all\\"'), ({"asset": "a", "url": ENTRY}, "one thing"),
                       ('{"asset":"a","asset":"b"}', "twice")]:
        refused = post(larder, body)
        check(refused.status == 400 and said in refused.body.decode(), f"{body}: {refused!r}")
    check_equal(post(larder, {"asset": "bltnone"}).status, 404, "where nothing is found")
    check_equal(post(larder, '{"all":true' + " " * 70_000 + "}").status, 413, "of a large body")
    wrong = post(larder, "", method="GET")
    check_equal((wrong.status, wrong.header("allow")), (405, "POST"), "of GET")
    check_equal(post(larder, "", method="GET", path="/status").status, 200, "of the status")
    check_equal(post(larder, "", None, method="GET", path="/status").status, 401, "of the status without a token")
    check_equal(post(larder, "", method="GET", path="/tags").status, 404, "of what is on the admin socket alone")
    check_equal(asked_anew(stage, larder), set(), "asked anew after mistakes")
    check(TOKEN not in larder.log() and TOKEN not in json.dumps(larder.status()), "the token shows")
    larder.check_nothing_on_disk([TOKEN])


def test_without_tokens_nobody_purges_by_tcp(stage):
    larder = larder_of(stage)
    fill(larder)
    for token in (None, TOKEN):
        refused = post(larder, {"all": True}, token)
        check(refused.status == 404 and "purge_tokens" in refused.body.decode(), f"{refused!r}")
    check_equal(asked_anew(stage, larder), set(), "asked anew")


def test_the_last_events_are_told(stage):
    larder = larder_of(stage, admin={"purge_tokens": [TOKEN]})
    larder.reload(purge={"events": 3})
    fill(larder)
    purge(larder, "--entry", "blog/bltaaaa1111", "--branch", "main")
    purge(larder, "--asset", "bltasset1", "--dry-run")
    post(larder, {"path_prefix": BLOG})
    status, output = larder.ctl("events")
    check_equal(status, 0, f"exit status of events: {output}")
    told = [(event["source"], event["purged"], event["scope"], event["objects"], event["done"])
            for event in json.loads(output)["events"]]
    check_equal(told, [("http", f"path {BLOG} and below", "*/*/*", 6, True),
                       ("operator", "entry blog/bltaaaa1111", "*/*/main", 2, True)], "events")
    for number in range(4):
        larder.ctl("purge", "asset", f"blt{number}")
    events = json.loads(post(larder, "", method="GET", path="/events").body)["events"]
    check_equal([event["purged"] for event in events], ["asset blt3", "asset blt2", "asset blt1"],
                "the three that are kept")
    counts = larder.metrics()
    check_equal(counts['larder_purges_total{source="operator",result="done"}'], 5.0, "of operators")
    check_equal(counts['larder_purges_total{source="http",result="done"}'], 1.0, "of http")


if __name__ == "__main__":
    harness.main(globals())
