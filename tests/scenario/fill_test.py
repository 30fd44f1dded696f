# SPDX-License-Identifier: Apache-2.0
"""Fills: one fetch for each key across all workers, shared by those who may share it, and nothing
broken, private or oversized in the store."""

import contextlib
import gzip

import harness
from harness import (ENTRY, check, check_equal, credentials, preview_credentials, sized_body,
                     sized_target, sized_uid, wait_until)
from scenario_lib import (GZIP, Cut, Herd, ask, cache_status, changes, check_answer,
                          check_api_error, costs, entry_target, is_closed, metric, read_body_prefix,
                          read_body_rest, read_or_cut, scaled, wait_metric, wait_stored)

CREDENTIALS = credentials()
KIB = 1024


def sized(size, name):
    """(target, body) of an entry whose bytes are known."""
    return sized_target(size, name), sized_body(size, sized_uid(size, name))


def origin_body(stage, target=ENTRY):
    """What the origin says, without larder."""
    return stage.sandbox.get(target, CREDENTIALS).body


# --- Sharing ---------------------------------------------------------------------------------------

def test_500_clients_on_four_workers_are_one_request_at_the_origin(stage):
    clients = scaled(500, 100)
    larder = stage.larder(server={"workers": 4})
    expected = origin_body(stage)
    stage.sandbox.hold("herd", host="delivery")
    with costs(stage, delivery=1), changes(larder, requests__miss=1, requests__joined=clients - 1,
                                           fills=1):
        with Herd(larder, clients, ENTRY, CREDENTIALS) as herd:
            wait_metric(larder, "fills_joined", clients - 1)
            stage.sandbox.wait_held("herd")
            stage.sandbox.release("herd")
            for response in herd.responses():
                check_answer(response, 200, expected)
    wait_stored(larder)
    with costs(stage), changes(larder, requests__hit=1):
        check_answer(larder.get(ENTRY, CREDENTIALS), 200, expected)


def test_joined_clients_stream_from_the_first_byte(stage):
    larder = stage.larder()
    target, body = sized(200_000, "stream")
    stage.sandbox.hold("middle", host="delivery", after=64 * KIB)
    with larder.connect() as leader, larder.connect() as early, larder.connect() as late:
        ask(leader, target, CREDENTIALS)
        stage.sandbox.wait_held("middle")
        fields, got = read_body_prefix(leader, 64 * KIB)
        check_equal(got, body[:64 * KIB], "what the leader has of a body under way")
        readers = [(leader, fields)]
        with costs(stage):
            for connection in (early, late):
                ask(connection, target, CREDENTIALS)
                fields, got = read_body_prefix(connection, 64 * KIB)
                check_equal(got, body[:64 * KIB], "what a joined client has of a body under way")
                readers.append((connection, fields))
        stage.sandbox.release("middle")
        for connection, fields in readers:
            rest = read_body_rest(connection, fields, len(body) - 64 * KIB)
            check_equal(rest, body[64 * KIB:], "the rest of a shared body")


def test_a_leader_that_goes_away_does_not_hurt_the_others(stage):
    larder = stage.larder()
    for name, rule in {"before the head": {}, "within the body": {"after": 50_000}}.items():
        target, body = sized(100_000, name.replace(" ", ""))
        stage.sandbox.hold("leader", host="delivery", **rule)
        with costs(stage, delivery=1, what=name), larder.connect() as leader:
            ask(leader, target, CREDENTIALS)
            stage.sandbox.wait_held("leader")
            joined = metric(larder, "fills_joined")
            with Herd(larder, 5, target, CREDENTIALS) as herd:
                wait_metric(larder, "fills_joined", joined + 5)
                gone = metric(larder, "requests__aborted")
                leader.reset()
                wait_metric(larder, "requests__aborted", gone + 1)
                stage.sandbox.release("leader")
                for response in herd.responses():
                    check_answer(response, 200, body, f"a joined client, leader gone {name}")


def test_a_fill_that_everyone_has_left_is_stored(stage):
    larder = stage.larder()
    expected = origin_body(stage)
    stage.sandbox.hold("alone", host="delivery")
    with costs(stage, delivery=1):
        with larder.connect() as client:
            ask(client, ENTRY, CREDENTIALS)
            stage.sandbox.wait_held("alone")
            client.reset()
        wait_metric(larder, "requests__aborted", 1)
        stage.sandbox.release("alone")
        wait_stored(larder)
        check_answer(larder.get(ENTRY, CREDENTIALS), 200, expected)


def test_a_failed_leader_is_healed_by_one_retry_for_those_who_wait(stage):
    larder = stage.larder()
    for name, fault, leader_status in [
            ("500", {"status": 500}, 500),
            ("503", {"status": 503}, 503),  # a 429 is not tried again: sick_origin_test.py
            ("nonsense", {"raw": "SIP/2.0 200 OK\r\n\r\n"}, 502)]:
        target, body = sized(5_000, f"retry{name}")
        stage.sandbox.fault(host="delivery", hold="fail", times=1, **fault)
        with costs(stage, delivery=2, what=name), changes(larder, name, fills_retried=1), \
                larder.connect() as leader:
            ask(leader, target, CREDENTIALS)
            stage.sandbox.wait_held("fail")
            joined = metric(larder, "fills_joined")
            with Herd(larder, 10, target, CREDENTIALS) as herd:
                wait_metric(larder, "fills_joined", joined + 10)
                stage.sandbox.release("fail")
                check_answer(leader.read_response(), leader_status, what=f"the leader, {name}")
                for response in herd.responses():
                    check_answer(response, 200, body, f"who waited, {name}")


def test_a_leader_whose_connection_ended_without_a_byte_is_asked_for_once_more(stage):
    larder = stage.larder()
    target, body = sized(5_000, "reset")
    stage.sandbox.fault(host="delivery", hold="fail", times=1, reset=True)
    with costs(stage, delivery=2), changes(larder, fills_retried=0), Herd(larder, 10, target, CREDENTIALS) as herd:
        stage.sandbox.wait_held("fail")
        wait_metric(larder, "fills_joined", 9)
        stage.sandbox.release("fail")
        for response in herd.responses():
            check_answer(response, 200, body, "the leader and who waited")


def test_an_origin_that_keeps_failing_is_asked_three_times_for_a_herd(stage):
    """Once more for a connection that ended without a byte, and once for those who still wait."""
    larder = stage.larder()
    stage.sandbox.hold("first", host="delivery", times=1, reset=True)
    stage.sandbox.fault(host="delivery", reset=True)
    with costs(stage, delivery=3), Herd(larder, 10, ENTRY, CREDENTIALS) as herd:
        stage.sandbox.wait_held("first")
        wait_metric(larder, "fills_joined", 9)
        stage.sandbox.release("first")
        for response in herd.responses():
            check_api_error(response, 502, "a herd's answer of a broken origin")


def test_the_operators_headers_reach_the_origin_on_every_route_and_no_others_do(stage):
    larder = stage.larder(upstream={"forward_headers": ["x-tenant"], "forward_headers_unkeyed": ["x-trace"]})
    sent = [("X-Tenant", "one"), ("X-Trace", "abc"), ("X-Other", "stays")]
    routes = {"delivery": [(ENTRY, CREDENTIALS), ("/v3/unknown/path?environment=production", CREDENTIALS)],
              "preview": [(ENTRY, preview_credentials())]}
    for host, requests in routes.items():
        for target, headers in requests:
            larder.get(target, headers + sent)
            seen = {name.lower(): value for name, value in stage.sandbox.requests(host)[-1]["headers"]}
            check_equal([seen.get(name) for name in ("x-tenant", "x-trace", "x-other")],
                        ["one", "abc", None], f"headers of {target} at the {host} host")


def test_the_origin_sees_each_representation_once(stage):
    larder = stage.larder()
    target, body = sized(30_000, "forms")
    forms = {"gzip": [GZIP], "of many": [("Accept-Encoding", "br;q=1.0, gzip;q=0.8, *;q=0.1")],
             "identity": [], "gzip refused": [("Accept-Encoding", "gzip;q=0, br")]}
    with costs(stage, delivery=2):
        for turn in range(3):
            for name, headers in forms.items():
                response = larder.get(target, CREDENTIALS + headers)
                zipped = "refused" not in name and name != "identity"
                check_equal(response.header("Content-Encoding"), "gzip" if zipped else None,
                            f"coding for {name}, turn {turn}")
                check_equal(response.header_values("Vary"), ["Accept-Encoding"], f"Vary for {name}")
                check_answer(response, 200, body, f"{name}, turn {turn}")
                if zipped:
                    check_equal(gzip.decompress(response.body), body, f"{name}, turn {turn}")


# --- Answers for one client ------------------------------------------------------------------------

UNSHAREABLE = {
    "no-store": {"headers": {"Cache-Control": "no-store"}},
    "no-store among others": {"headers": {"Cache-Control": ["max-age=60", "NO-STORE"]}},
    "private": {"headers": {"Cache-Control": "private, max-age=60"}},
    "private with fields": {"headers": {"Cache-Control": 'private="x-y"'}},
    "Set-Cookie": {"headers": {"Set-Cookie": "session=1"}},
    "Vary: *": {"headers": {"Vary": "*"}},
}
# Of one request, as far as is known: not shared, but not marked for long either.
ODD = {"400": {"status": 400}, "403": {"status": 403}, "410": {"status": 410}, "451": {"status": 451}}
# No answers about content.
TROUBLE = {
    "Content-Range": {"headers": {"Content-Range": "bytes 0-9/100"}},
    "206": {"status": 206},
    "HTML": {"headers": {"Content-Type": "text/html"}},
    "404 of HTML": {"status": 404, "headers": {"Content-Type": "text/html"}},
    "no type": {"headers": {"Content-Type": None}},
    "brotli": {"headers": {"Content-Encoding": "br"}},
    "gzip that is none": {"headers": {"Content-Encoding": "gzip"}},
    "two types": {"headers": {"Content-Type": ["application/json", "text/plain"]}},
}


def herd_of_unshareable(stage, larder, target, rule, name):
    """Ten clients join one fetch whose answer is for one only: ten bodies, each seen once."""
    clients = 10
    for number in range(clients):
        first = {"hold": "one"} if number == 0 else {}
        stage.sandbox.fault(host="delivery", times=1, **rule, **first,
                            body={"for": f"client {number}"})
    joined = metric(larder, "fills_joined")
    with costs(stage, delivery=clients, what=name), Herd(larder, clients, target, CREDENTIALS) as herd:
        stage.sandbox.wait_held("one")
        wait_metric(larder, "fills_joined", joined + clients - 1)
        stage.sandbox.release("one")
        responses = herd.responses()
    check_equal(sorted(response.body for response in responses),
                sorted(f'{{"for":"client {number}"}}'.encode() for number in range(clients)),
                f"bodies of answers with {name}")
    check_equal({response.status for response in responses}, {rule.get("status", 200)},
                f"statuses of answers with {name}")
    check_equal([value for response in responses for value in response.header_values("Set-Cookie")],
                [], "cookies on their way to clients")


def second_herd_does_not_queue(stage, larder, target, name):
    """What could not be shared once is not waited for again."""
    stage.sandbox.hold("all", host="delivery")
    with costs(stage, delivery=5, what=f"of the second herd, {name}"), \
            changes(larder, name, fills_joined=0), Herd(larder, 5, target, CREDENTIALS) as herd:
        stage.sandbox.wait_held("all", 5)
        stage.sandbox.release("all")
        herd.responses()


def test_answers_for_one_client_are_never_shared_and_never_stored(stage):
    larder = stage.larder(upstream={"failures_to_open": 1_000_000})  # HTML counts as a failure
    for index, (name, rule) in enumerate((UNSHAREABLE | ODD).items()):
        target = entry_target(more=f"&case={index}")
        with changes(larder, name, store_stores=0, fills_stored=0, requests__hit=0):
            herd_of_unshareable(stage, larder, target, rule, name)
            if name in UNSHAREABLE:
                second_herd_does_not_queue(stage, larder, target, name)


def test_trouble_costs_a_herd_two_requests_and_marks_nothing(stage):
    larder = stage.larder(upstream={"failures_to_open": 1_000_000})
    for index, (name, rule) in enumerate(TROUBLE.items()):
        target = entry_target(more=f"&trouble={index}")
        number = stage.sandbox.fault(host="delivery", hold="bad", **rule)
        joined = metric(larder, "fills_joined")
        with costs(stage, delivery=2, what=name), changes(larder, name, fills_stored=0, hit_for_miss=0):
            with Herd(larder, 10, target, CREDENTIALS) as herd:
                stage.sandbox.wait_held("bad")
                wait_metric(larder, "fills_joined", joined + 9)
                stage.sandbox.release("bad", keep=True)
                stage.sandbox.wait_held("bad")
                stage.sandbox.release("bad", keep=True)
                statuses = {response.status for response in herd.responses()}
        check(statuses <= {rule.get("status", 200), 502, 503}, f"statuses of {name}: {statuses}")
        stage.sandbox.remove_fault(number)
        stage.sandbox.hold("well", host="delivery")
        joined = metric(larder, "fills_joined")
        with costs(stage, delivery=1, what=f"after {name}"), Herd(larder, 5, target, CREDENTIALS) as herd:
            stage.sandbox.wait_held("well")
            wait_metric(larder, "fills_joined", joined + 4)
            stage.sandbox.release("well")
            for response in herd.responses():
                check_answer(response, 200, what=f"an answer after {name}")


def test_a_vary_that_cannot_have_changed_the_answer_does_not_keep_it_from_the_store(stage):
    larder = stage.larder()
    stage.sandbox.fault(host="delivery", headers={"Vary": "Accept-Encoding, Cookie, Origin, api_key"})
    with costs(stage, delivery=1):
        for _ in range(2):
            response = larder.get(ENTRY, CREDENTIALS)
            check_equal(response.header_values("Vary"), ["Accept-Encoding, Cookie, Origin, api_key"], "Vary")
            wait_stored(larder)


def test_date_age_and_other_fields_of_the_origin_reach_clients(stage):
    larder = stage.larder()
    date = "Tue, 01 Sep 2026 08:00:00 GMT"
    stage.sandbox.fault(host="delivery", headers={
        "Date": date, "Age": ["100", "7"], "X-New": "of the API", "Set-Cookie": None, "X-Cache": "HIT",
        "X-Request-Id": "1"})
    ages = []
    for what in ("the miss", "the hit"):
        response = larder.get(ENTRY, CREDENTIALS)
        check_equal(response.header_values("Date"), [date], f"Date of {what}")
        check_equal(response.header_values("X-New"), ["of the API"], f"a new field in {what}")
        check_equal(response.header("X-Cache"), None, f"X-Cache of {what}")
        ids = response.header_values("X-Request-Id")
        check(len(ids) == 1 and ids != ["1"], f"the id of {what} is the origin's: {ids}")
        ages.append(int(response.header("Age")))
        wait_stored(larder)
    check(100 <= ages[0] <= ages[1], f"Age of the miss and of the hit: {ages}")


def test_a_herd_is_let_go_as_soon_as_the_head_forbids_to_share(stage):
    larder = stage.larder()
    stage.sandbox.fault(host="delivery", times=1, hold="head", stall=100,
                        headers={"Cache-Control": "no-store"})
    with larder.connect() as leader:
        ask(leader, ENTRY, CREDENTIALS)
        stage.sandbox.wait_held("head")
        with Herd(larder, 5, ENTRY, CREDENTIALS) as herd:
            wait_metric(larder, "fills_joined", 5)
            stage.sandbox.release("head")
            for response in herd.responses():
                check_answer(response, 200, what="an answer while the leader's body is not complete")


def test_a_mark_that_has_run_out_is_tried_by_one_request_and_holds_up_nobody(stage):
    larder = stage.larder(upstream={"hit_for_miss": "1s"})
    stage.sandbox.fault(host="delivery", times=1, headers={"Cache-Control": "no-store"})
    with changes(larder, fills=1, fills_stored=0):
        larder.get(ENTRY, CREDENTIALS)
    stage.sandbox.hold("try", host="delivery")
    fills = metric(larder, "fills")
    with contextlib.ExitStack() as clients:
        def is_tried():
            client = clients.enter_context(larder.connect())
            ask(client, ENTRY, CREDENTIALS)
            stage.sandbox.wait_held("try")
            if metric(larder, "fills") > fills:
                return client
            stage.sandbox.release("try", keep=True)
            check_answer(client.read_response(), 200)
            return None
        first = wait_until(is_tried, "one request tries")
        with changes(larder, fills=0, fills_joined=0, hit_for_miss=5), \
                Herd(larder, 5, ENTRY, CREDENTIALS) as herd:
            stage.sandbox.wait_held("try", 6)
            stage.sandbox.release("try")
            for response in herd.responses() + [first.read_response()]:
                check_answer(response, 200)
    wait_stored(larder)
    with changes(larder, requests__hit=1):
        larder.get(ENTRY, CREDENTIALS)


def test_one_broken_body_does_not_keep_the_next_herd_from_sharing(stage):
    larder = stage.larder()
    target, body = sized(5_000, "once")
    stage.sandbox.fault(host="delivery", times=1, malformed_json=True)
    with changes(larder, fills_stored=0):
        larder.get(target, CREDENTIALS)
    stage.sandbox.hold("next", host="delivery")
    with costs(stage, delivery=1), changes(larder, fills_joined=4, hit_for_miss=0), \
            Herd(larder, 5, target, CREDENTIALS) as herd:
        stage.sandbox.wait_held("next")
        wait_metric(larder, "fills_joined", 4)
        stage.sandbox.release("next")
        for response in herd.responses():
            check_answer(response, 200, body, "an answer of the herd after a broken body")


def test_a_lone_unshareable_answer_is_not_stored(stage):
    larder = stage.larder()
    for index, (name, rule) in enumerate((UNSHAREABLE | ODD).items()):
        target = entry_target(more=f"&lone={index}")
        rule_id = stage.sandbox.fault(host="delivery", **rule)
        with costs(stage, delivery=3, what=name), changes(larder, name, fills_stored=0):
            for _ in range(3):
                larder.get(target, CREDENTIALS)
        stage.sandbox.remove_fault(rule_id)


def test_errors_carry_the_origins_retry_after(stage):
    for status in (429, 503):
        larder = stage.larder()  # one that has not been told to leave the host alone
        stage.sandbox.fault(host="delivery", status=status, headers={"Retry-After": "7"}, times=1)
        response = larder.get(entry_target(more=f"&retry={status}"), CREDENTIALS)
        check_equal((response.status, response.header("Retry-After")), (status, "7"),
                    f"status and Retry-After of an origin's {status}")


# --- Broken bodies ---------------------------------------------------------------------------------

# Name -> (rule for a body of so many bytes on the wire, the client can tell that some are missing).
BROKEN = {
    "cut at 0": (lambda size: {"truncate_after": 0}, True),
    "cut in the middle": (lambda size: {"truncate_after": size // 2}, True),
    "cut before the last byte": (lambda size: {"truncate_after": size - 1}, True),
    "reset in the middle": (lambda size: {"reset": size // 2}, True),
    "chunked, cut": (lambda size: {"chunked": True, "truncate_after": size // 2}, True),
    "chunked, cut before the last chunk": (lambda size: {"chunked": True, "truncate_after": size + 5},
                                           True),
    "chunked, reset": (lambda size: {"chunked": True, "reset": size // 2}, True),
    "too few bytes": (lambda size: {"wrong_content_length": 10}, True),
    "stalled": (lambda size: {"stall": size // 2}, True),
    "too many bytes": (lambda size: {"wrong_content_length": -10}, False),
    "half a document": (lambda size: {"malformed_json": True}, False),
    "half a document, chunked": (lambda size: {"malformed_json": True, "chunked": True}, False),
    "no document": (lambda size: {"body": "null and void"}, False),
    "empty": (lambda size: {"body": ""}, False),
    "two documents": (lambda size: {"body": "{}{}"}, False),
    "a stray NUL": (lambda size: {"body": '{"a":"b"}\u0000'}, False),
    "without an end": (lambda size: {"close_delimited": True}, False),
    "without an end, cut": (lambda size: {"close_delimited": True, "truncate_after": size // 2},
                            True),
}


def test_broken_bodies_are_not_stored_and_cut_ones_do_not_look_whole(stage):
    larder = stage.larder(upstream={"low_speed_time": "1s"})
    for index, (name, (rule, tells)) in enumerate(BROKEN.items()):
        for coding, headers in (("identity", []), ("gzip", [GZIP])):
            case = f"{name}, {coding}"
            target, body = sized(5_000, f"broken{index}{coding}")
            size = len(stage.sandbox.get(target, CREDENTIALS + headers).body)
            number = stage.sandbox.fault(host="delivery", **rule(size))
            with changes(larder, case, fills_stored=0), larder.connect() as client:
                ask(client, target, CREDENTIALS + headers)
                try:
                    response = read_or_cut(client)
                    check(not tells or response.status >= 500, f"{case} looks whole: {response}")
                except Cut as cut:
                    check(tells, f"{case} is cut off: {cut}")
            stage.sandbox.remove_fault(number)
            with costs(stage, delivery=1, what=f"after {case}"):
                check_answer(larder.get(target, CREDENTIALS + headers), 200, body, f"after {case}")


def test_a_herd_on_a_broken_body_gets_nothing_that_looks_whole(stage):
    larder = stage.larder()
    target, body = sized(200_000, "brokenherd")
    stage.sandbox.fault(host="delivery", hold="first", times=1, truncate_after=150_000)
    with Herd(larder, 6, target, CREDENTIALS) as herd:
        stage.sandbox.wait_held("first")
        wait_metric(larder, "fills_joined", 5)
        stage.sandbox.release("first")
        for connection in herd.connections:
            try:
                check_answer(read_or_cut(connection), 200, body, "a whole answer of a second try")
            except Cut as cut:
                check_equal(cut.status, 200, "status of an answer that was cut off")
    # Whether a second try came to be, and so stored, depends on how the first one's bytes arrived.
    check_answer(larder.get(target, CREDENTIALS), 200, body)


def test_a_body_that_inflates_beyond_max_decoded_passes_through_unstored(stage):
    larder = stage.larder(cache={"max_decoded": "1MiB"})
    for size in (900_000, 4_000_000):
        target, body = sized(size, "inflates")
        stored = int(size < 1 << 20)
        with changes(larder, f"{size} bytes", fills_stored=stored), costs(stage, delivery=2 - stored):
            for _ in range(2):
                response = larder.get(target, CREDENTIALS + [GZIP])
                check(len(response.body) < size // 2, "the origin does not compress: nothing is proven")
                check_answer(response, 200, body, f"{size} bytes in gzip")
                wait_stored(larder, stored)


def test_gzip_that_does_not_inflate_is_not_stored(stage):
    larder = stage.larder()
    for name, body in {"not gzip": '{"entry":{}}', "only a magic": "\x1f", "nothing": ""}.items():
        with changes(larder, name, fills_stored=0):
            stage.sandbox.fault(host="delivery", times=1, body=body,
                                headers={"Content-Encoding": "gzip"})
            larder.get(entry_target(more="&gzip=broken"), CREDENTIALS + [GZIP])


def test_http_1_0_clients_see_a_cut_as_a_reset(stage):
    larder = stage.larder()
    stage.sandbox.fault(host="delivery", chunked=True, hold="part", after=3_000, reset=3_000)
    target, body = sized(5_000, "http10")
    request = harness.format_request(target, CREDENTIALS).replace(b"HTTP/1.1", b"HTTP/1.0", 1)
    with larder.connect() as client:
        client.send(request)
        status, _, headers, _ = client.read_head()
        check_equal(status, 200, "status")
        check(all(name.lower() != "transfer-encoding" for name, _ in headers),
              f"chunks for HTTP/1.0: {headers}")
        check_equal(client.take(2_900), body[:2_900], "the first part")
        stage.sandbox.release("part")
        try:
            while client.receive():
                pass
        except ConnectionResetError:
            return
        raise harness.Failure("a body without length that was cut off ends as if it were whole")


def http_1_0(target):
    return harness.format_request(target, CREDENTIALS).replace(b"HTTP/1.1", b"HTTP/1.0", 1)


def test_http_1_0_clients_on_a_unix_socket_get_a_length_or_nothing(stage):
    # A unix socket has no reset: they could not tell a part from the whole.
    larder = stage.larder(listener=[{"address": f"unix:{stage.directory}/listener"}])
    ways = {"fill": sized_target(300_000, "unix"), "pass": "/v3/unknown/unix?environment=production"}
    for way, target in ways.items():
        body = b"x" * 200_000 if way == "pass" else sized_body(300_000, sized_uid(300_000, "unix"))
        fault = {"status": 200, "body": body.decode()} if way == "pass" else {}
        stage.sandbox.clear_faults()
        stage.sandbox.fault(host="delivery", chunked=True, times=1, hold=way, after=3_000,
                            reset=3_000, **fault)
        with larder.connect() as client:
            client.send(http_1_0(target))
            stage.sandbox.wait_held(way)
            stage.sandbox.release(way)
            if client.receive():  # larder has seen the end before any part
                response = client.read_response()
                # Where the reset came along with the head, the request was sent once more.
                check(response.status >= 500 or response.body == body,
                      f"{way} that is cut off, but: {response}")
        stage.sandbox.clear_faults()
        stage.sandbox.fault(host="delivery", chunked=True, **fault)
        with larder.connect() as client:
            client.send(http_1_0(target))
            status, _, headers, _ = client.read_head()
            check_equal(status, 200, f"{way}, whole")
            check(("Content-Length", str(len(body))) in headers, f"{way} has no length: {headers}")
            check_equal(client.take(len(body)), body, f"{way}, body")


# --- Bounds ----------------------------------------------------------------------------------------

def test_objects_beyond_the_cap_pass_through_unstored(stage):
    larder = stage.larder(cache={"max_object": "64KiB"})
    for size in (64 * KIB, 64 * KIB + 1, 3_000_000):
        target, body = sized(size, "cap")
        stored = int(size <= 64 * KIB)
        with changes(larder, f"{size} bytes", fills_stored=stored), costs(stage, delivery=2 - stored):
            for _ in range(2):
                check_answer(larder.get(target, CREDENTIALS), 200, body, f"{size} bytes")
                wait_stored(larder, stored)


def test_a_herd_on_an_object_beyond_the_cap_gets_it_whole(stage):
    larder = stage.larder(cache={"max_object": "64KiB"})
    target, body = sized(400_000, "capherd")
    stage.sandbox.hold("head", host="delivery")
    with Herd(larder, 8, target, CREDENTIALS) as herd:
        stage.sandbox.wait_held("head")
        wait_metric(larder, "fills_joined", 7)
        stage.sandbox.release("head")
        for response in herd.responses():
            check_answer(response, 200, body, "an object beyond the cap")


def test_a_waiter_gets_504_at_its_deadline(stage):
    larder = stage.larder(server={"request_timeout": "1s"})
    expected = origin_body(stage)
    stage.sandbox.hold("long", host="delivery")
    with costs(stage, delivery=1), Herd(larder, 3, ENTRY, CREDENTIALS) as herd:
        for response in herd.responses():
            check_api_error(response, 504, "the answer at the deadline")
        stage.sandbox.release("long")
    wait_stored(larder)
    with costs(stage):
        check_answer(larder.get(ENTRY, CREDENTIALS), 200, expected)


def test_a_silent_origin_is_504_at_its_own_deadline(stage):
    larder = stage.larder(upstream={"first_byte_timeout": "1s"})
    stage.sandbox.fault(host="delivery", stall="head")
    check_api_error(larder.get(ENTRY, CREDENTIALS), 504, "the answer for a silent origin")


def test_the_queue_has_a_bound_and_a_deadline(stage):
    larder = stage.larder(upstream={"max_connections_per_host": 1, "max_queue_per_host": 1,
                                    "queue_wait": "1s"})
    stage.sandbox.hold("busy", host="delivery")
    with larder.connect() as running, larder.connect() as queued, larder.connect() as refused:
        ask(running, entry_target(more="&n=1"), CREDENTIALS)
        stage.sandbox.wait_held("busy")
        ask(queued, entry_target(more="&n=2"), CREDENTIALS)
        wait_metric(larder, "transfers_queued__delivery", 1)
        ask(refused, entry_target(more="&n=3"), CREDENTIALS)
        check_api_error(refused.read_response(), 503, "the answer beyond the queue's bound")
        check_api_error(queued.read_response(), 503, "the answer after queue_wait")
        stage.sandbox.release("busy")
        check_answer(running.read_response(), 200)


def test_waiters_of_a_fill_have_a_bound(stage):
    larder = stage.larder(upstream={"max_waiters_per_fill": 3})
    stage.sandbox.hold("few", host="delivery")
    with costs(stage, delivery=1), Herd(larder, 3, ENTRY, CREDENTIALS) as herd, \
            larder.connect() as surplus:
        stage.sandbox.wait_held("few")
        wait_metric(larder, "fills_joined", 2)
        ask(surplus, ENTRY, CREDENTIALS)
        check_api_error(surplus.read_response(), 503, "the answer beyond max_waiters_per_fill")
        stage.sandbox.release("few")
        for response in herd.responses():
            check_answer(response, 200)


def test_an_origins_header_has_a_bound(stage):
    larder = stage.larder(upstream={"max_response_header": "16KiB"})
    number = stage.sandbox.fault(host="delivery", huge_header=20_000)
    with changes(larder, fills_stored=0):
        response = larder.get(ENTRY, CREDENTIALS)
        check(response.status in (502, 503), f"the answer to a huge header: {response}")
        check_api_error(response, response.status, "the answer to a huge header")
    stage.sandbox.remove_fault(number)
    check_answer(larder.get(ENTRY, CREDENTIALS), 200)


def test_an_origins_body_has_a_bound(stage):
    larder = stage.larder(upstream={"max_response_body": "1MiB"})
    target, body = sized(2 << 20, "large")
    for rule in ({}, {"chunked": True}):
        stage.sandbox.fault(host="delivery", **rule)
        with changes(larder, str(rule), fills_stored=0), larder.connect() as client:
            ask(client, target, CREDENTIALS)
            try:
                response = read_or_cut(client)
                check(response.status in (502, 503), f"a body beyond the bound looks whole: {response}")
            except Cut as cut:
                check(len(cut.body) < len(body), "a body beyond the bound is whole")
        stage.sandbox.clear_faults()


# --- Forms of one object ---------------------------------------------------------------------------

def test_head_is_answered_from_what_get_stored_and_the_other_way(stage):
    larder = stage.larder()
    for first in ("GET", "HEAD"):
        target, body = sized(20_000, f"head{first.lower()}")
        with costs(stage, delivery=1, what=f"{first} first"):
            larder.get(target, CREDENTIALS, method=first)
            wait_stored(larder)
            head = larder.get(target, CREDENTIALS, method="HEAD")
            got = larder.get(target, CREDENTIALS)
        check_answer(got, 200, body)
        check_answer(head, 200, b"", "HEAD")
        volatile = ("date", "age", "cache-status", "x-request-id")
        fields = [[(name, value) for name, value in response.headers if name.lower() not in volatile]
                  for response in (head, got)]
        check_equal(fields[0], fields[1], "fields of HEAD and GET")
        check_equal(head.header("Content-Length"), "20000", "Content-Length of HEAD")
    check_equal({request["method"] for request in stage.sandbox.requests("delivery")}, {"GET"},
                "methods at the origin")


def test_conditional_requests(stage):
    larder = stage.larder()
    larder.get(ENTRY, CREDENTIALS)
    wait_stored(larder)
    whole = larder.get(ENTRY, CREDENTIALS)
    tag = whole.header("ETag")
    check(tag and tag.startswith('"'), f"a strong ETag: {whole.headers}")
    with costs(stage), larder.connect() as client:
        for value, status in [(tag, 304), ("W/" + tag, 304), ("*", 304), (f'"other", {tag}', 304),
                              ('"other"', 200), (tag[:-1], 200), (tag.strip('"'), 200)]:
            for method in ("GET", "HEAD"):
                response = client.request(ENTRY, CREDENTIALS + [("If-None-Match", value)], method)
                check_equal(response.status, status, f"status of {method} If-None-Match: {value}")
                check_equal(response.header("ETag"), tag, f"ETag with If-None-Match: {value}")
                if status == 304:
                    check_equal((response.header("Content-Length"), response.header("Content-Type")),
                                (None, None), "fields of a body in a 304")
    zipped = larder.get(ENTRY, CREDENTIALS + [GZIP]).header("ETag")
    check(zipped != tag, f"gzip and identity share the strong ETag {tag}")


def test_an_object_is_served_before_its_commit(stage):
    larder = stage.larder(cache={"commit_interval": "5s"})
    larder.get(ENTRY, CREDENTIALS)
    wait_stored(larder)  # the next commit waits for its interval
    target, body = sized(50_000, "soon")
    with costs(stage, delivery=1):
        check_answer(larder.get(target, CREDENTIALS), 200, body)
        for _ in range(20):
            response = larder.get(target, CREDENTIALS)
            check_answer(response, 200, body)
            tag = response.header("ETag")
        check("committed" in cache_status(response), f"not from a pending copy: {response.headers}")
        again = larder.get(target, CREDENTIALS + [("If-None-Match", tag)])
        check_equal(again.status, 304, "status with the pending copy's ETag")
    check_equal(metric(larder, "store_objects"), 1, "objects committed meanwhile")


def test_a_client_that_closes_while_it_waits_frees_its_place(stage):
    larder = stage.larder()
    stage.sandbox.hold("gone", host="delivery")
    with Herd(larder, 20, ENTRY, CREDENTIALS) as herd:
        stage.sandbox.wait_held("gone")
        wait_metric(larder, "fills_joined", 19)
        for connection in herd.connections:
            connection.reset()
        wait_metric(larder, "requests__aborted", 20)
    harness.wait_until(lambda: metric(larder, "connections_open") == 0, "all places are free")
    stage.sandbox.release("gone")


if __name__ == "__main__":
    harness.main(globals())
