#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""When stale content is used, and when it must not be."""

import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import harness
from harness import check, check_equal, wait_until
from scenario_lib import (GZIP, Herd, ask, ask_until, cache_status, check_answer, costs, entry_target, is_fresh_hit,
                          metric, origin_requests, scaled, wait_metric, wait_stored)

CREDENTIALS = harness.credentials()
REJECTED = '{"error_message":"The token is not valid.","error_code":105,"errors":{"access_token":["is not valid."]}}'
FOR_REFRESH = {"entry": {"fresh": "1s", "stale_while_revalidate": "1h", "stale_if_error": "1h"}}
FOR_ERRORS = {"entry": {"fresh": "1s", "stale_while_revalidate": "0s", "stale_if_error": "1h"}}


def test_one_refresh_runs_while_all_get_the_stale_answer_at_once(stage):
    larder = stage.larder(ttl=FOR_REFRESH)
    check_answer(larder.get(entry_target(), CREDENTIALS), 200)
    wait_stored(larder)
    before = origin_requests(stage)
    stage.sandbox.publish()
    stage.sandbox.hold("refresh", host="delivery")
    ask_until(larder, entry_target(), CREDENTIALS, lambda r: "stale-while-revalidate" in cache_status(r),
              is_fresh_hit, "stale hits")
    stage.sandbox.wait_held("refresh")
    with Herd(larder, 100, entry_target(), CREDENTIALS) as herd:
        for response in herd.responses():
            check_answer(response, 200)
            check("larder; hit" in cache_status(response), lambda r=response: f"had to wait: {r}")
    stage.sandbox.release("refresh")
    ask_until(larder, entry_target(), CREDENTIALS, lambda r: b'"_version":2' in r.decoded,
              lambda r: r.status == 200 and b'"_version":1' in r.decoded and "larder; hit" in cache_status(r),
              "the refreshed answer")
    check_equal(origin_requests(stage) - before, 1, "refreshes")


def is_stale_if_error(response):
    return "stale-if-error" in cache_status(response)


def stale_when(stage, what, **fault):
    larder = stage.larder(ttl=FOR_ERRORS, upstream={"first_byte_timeout": "1s"})
    expected = larder.get(entry_target(), CREDENTIALS)
    check_answer(expected, 200)
    wait_stored(larder)
    stage.sandbox.fault(host="delivery", **fault)
    first = ask_until(larder, entry_target(), CREDENTIALS, is_stale_if_error, is_fresh_hit,
                      f"the stale answer stands in for {what}")
    again = larder.get(entry_target(), CREDENTIALS)
    for response in (first, again):
        check_answer(response, 200, expected.decoded, f"an answer after {what}")


def test_stale_stands_in_for_a_500(stage):
    stale_when(stage, "a 500", status=500)


def test_stale_stands_in_for_a_429(stage):
    stale_when(stage, "a 429", status=429)


def test_stale_stands_in_for_a_reset(stage):
    stale_when(stage, "a reset", reset=0)


def test_stale_stands_in_for_silence(stage):
    stale_when(stage, "silence", stall=True, hold="for ever")


def test_stale_stands_in_for_an_edges_html_403(stage):
    stale_when(stage, "an HTML 403", status=403, body="<html>no</html>", headers={"Content-Type": "text/html"})


def test_stale_stands_in_for_an_origin_that_is_down(stage):
    larder = stage.larder(ttl=FOR_ERRORS)
    check_answer(larder.get(entry_target(), CREDENTIALS), 200)
    wait_stored(larder)
    stage.sandbox.down("delivery")
    response = ask_until(larder, entry_target(), CREDENTIALS, is_stale_if_error, is_fresh_hit, "the stale answer")
    check_answer(response, 200)
    check_equal(larder.get(entry_target("bltaaaa1112"), CREDENTIALS).status, 502, "status without a stored answer")


def test_a_rejected_credential_loses_its_hits_and_is_held(stage):
    larder = stage.larder(ttl={"entry": {"fresh": "1h"}}, upstream={"rejected_hold": "1h"})
    check_answer(larder.get(entry_target(), CREDENTIALS), 200)
    wait_stored(larder)
    rule = stage.sandbox.fault(host="delivery", status=401, body=REJECTED)
    check_answer(larder.get(entry_target("bltaaaa1112"), CREDENTIALS), 401)
    wait_metric(larder, "credentials_rejected", 1)
    with costs(stage, delivery=0, what="of a storm on a rejected token"):
        with Herd(larder, 50, entry_target("bltaaaa1113"), CREDENTIALS) as herd:
            for response in herd.responses():
                check_answer(response, 401, REJECTED.encode())
        check_answer(larder.get(entry_target(), CREDENTIALS), 401, what="what was a hit before")
    check_answer(larder.get(entry_target(), harness.credentials(token=1)), 200, what="another token of the scope")
    stage.sandbox.remove_fault(rule)


def test_an_accepted_credential_gets_its_hits_back(stage):
    larder = stage.larder(ttl={"entry": {"fresh": "1h"}}, upstream={"rejected_hold": "1s"})
    check_answer(larder.get(entry_target(), CREDENTIALS), 200)
    wait_stored(larder)
    rule = stage.sandbox.fault(host="delivery", status=401, body=REJECTED)
    check_answer(larder.get(entry_target("bltaaaa1112"), CREDENTIALS), 401)
    wait_metric(larder, "credentials_rejected", 1)
    stage.sandbox.remove_fault(rule)
    ask_until(larder, entry_target("bltaaaa1113"), CREDENTIALS, lambda r: r.status == 200,
              lambda r: (r.status, r.decoded) == (401, REJECTED.encode()), "the origin accepts it again")
    ask_until(larder, entry_target(), CREDENTIALS, is_fresh_hit, lambda r: r.status == 200, "hits come back")


def test_one_refusal_out_of_the_blue_stops_no_hits(stage):
    larder = stage.larder(ttl={"entry": {"fresh": "1h"}}, upstream={"rejected_hold": "1h"})
    check_answer(larder.get(entry_target(), CREDENTIALS), 200)
    wait_stored(larder)
    stage.sandbox.fault(host="delivery", match="bltaaaa1112", status=401, body=REJECTED)
    with costs(stage, delivery=2, what="of a refusal, and of the request that shows that it is not meant"):
        check_answer(larder.get(entry_target("bltaaaa1112"), CREDENTIALS), 401, REJECTED.encode())
        for _ in range(20):
            check(is_fresh_hit(larder.get(entry_target(), CREDENTIALS)), "a hit was stopped")
        wait_until(lambda: larder.metrics()["larder_fills_active"] == 0, "the fills are over")
    check_equal(metric(larder, "credentials_rejected"), 0, "credentials taken for rejected")
    check_answer(larder.get(entry_target("bltaaaa1113"), CREDENTIALS), 200, what="another miss")


def doubted_not_found(stage, times):
    """A larderd whose good answer has met so many 404, each in a fetch of its own."""
    larder = stage.larder(ttl={"entry": {"fresh": "1s", "stale_while_revalidate": "0s", "stale_if_error": "1h"},
                               "negative": {"fresh": "1s", "stale_while_revalidate": "0s", "stale_if_error": "0s"}})
    good = larder.get(entry_target(), CREDENTIALS)
    check_answer(good, 200)
    wait_stored(larder)
    rule = stage.sandbox.fault(host="delivery", times=times, status=404, body={"error_code": 141, "errors": {}})
    ask_until(larder, entry_target(), CREDENTIALS,
              lambda r: r.status == 404 and stage.sandbox.fault_hits(rule) == times,
              lambda r: r.status == 404 or is_fresh_hit(r), "the last 404")
    wait_stored(larder)
    return larder, good


def test_one_not_found_does_not_destroy_the_good_answer(stage):
    larder, good = doubted_not_found(stage, 1)
    stage.sandbox.down("delivery")
    response = ask_until(larder, entry_target(), CREDENTIALS, is_stale_if_error, lambda r: r.status == 404,
                         "the good answer comes back in an outage")
    check_answer(response, 200, good.decoded)
    larder.restart()
    check_answer(larder.get(entry_target(), CREDENTIALS), 200, good.decoded, "after a restart")


def test_a_second_not_found_is_believed(stage):
    larder, _ = doubted_not_found(stage, 2)
    stage.sandbox.down("delivery")
    ask_until(larder, entry_target(), CREDENTIALS, lambda r: r.status in (502, 503), lambda r: r.status == 404,
              "an error: there is no good answer any more")


def test_a_purge_takes_the_good_answer_and_the_not_found(stage):
    larder, _ = doubted_not_found(stage, 1)
    status, output = larder.ctl("purge", "url", entry_target())
    check_equal((status, json.loads(output)["purged"]), (0, 2), f"what is purged: {output}")
    stage.sandbox.down("delivery")
    check(larder.get(entry_target(), CREDENTIALS).status in (502, 503), "an answer from before the purge")


class RejectingHandler(BaseHTTPRequestHandler):
    """Refuses every credential, in gzip where that is taken."""

    protocol_version = "HTTP/1.1"
    asked = 0

    def do_GET(self):
        type(self).asked += 1
        zipped = "gzip" in self.headers.get("Accept-Encoding", "")
        body = gzip.compress(REJECTED.encode()) if zipped else REJECTED.encode()
        self.send_response(401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if zipped:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_a_held_rejection_is_given_in_a_coding_that_the_client_takes(stage):
    origin = ThreadingHTTPServer(("127.0.0.1", 0), RejectingHandler)
    stage.stack.callback(origin.shutdown)
    threading.Thread(target=origin.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{origin.server_address[1]}"
    larder = stage.larder(stack=None, open={"delivery": url, "preview": url}, upstream={"rejected_hold": "1h"})
    # Headers of the client, the coding it gets, and how often the origin has been asked by then.
    for headers, coding, asked in [([GZIP], "gzip", 1), ([GZIP], "gzip", 1), ([], None, 2), ([], None, 2)]:
        response = larder.get(entry_target(), CREDENTIALS + headers)
        check_equal((response.status, response.header("Content-Encoding")), (401, coding), f"to {headers}")
        check_equal(response.decoded, REJECTED.encode(), f"the refusal for {headers}")
        check_equal(RejectingHandler.asked, asked, "requests at the origin")


def test_one_refusal_after_a_restart_stops_no_hits(stage):
    """larder knows no request yet that the origin has answered."""
    settings = {"ttl": {"entry": {"fresh": "1h"}}, "upstream": {"rejected_hold": "1h"}}
    larder = stage.larder(**settings)
    check_answer(larder.get(entry_target(), CREDENTIALS), 200)
    wait_stored(larder)
    for begins in ("after a restart", "after a reload"):
        if begins == "after a restart":
            larder.restart()
        else:
            larder.reload()
        rule = stage.sandbox.fault(host="delivery", match="bltaaaa1112", status=401, body=REJECTED)
        check_answer(larder.get(entry_target("bltaaaa1112"), CREDENTIALS), 401, REJECTED.encode(), begins)
        for _ in range(20):
            check(is_fresh_hit(larder.get(entry_target(), CREDENTIALS)), f"a hit was stopped {begins}")
        check_equal(metric(larder, "credentials_rejected"), 0, f"credentials taken for rejected {begins}")
        stage.sandbox.remove_fault(rule)
    stage.sandbox.fault(host="delivery", status=401, body=REJECTED)
    check_answer(larder.get(entry_target("bltaaaa1113"), CREDENTIALS), 401, what="another miss")
    wait_metric(larder, "credentials_rejected", 1)
    check_answer(larder.get(entry_target(), CREDENTIALS), 401, what="what was a hit, once two are refused")


def test_a_leaders_rejection_is_not_for_those_who_joined_with_another_token(stage):
    larder = stage.larder(upstream={"rejected_hold": "0s"})
    stage.sandbox.fault(host="delivery", status=401, body=REJECTED, hold="rejected",
                        header={"name": "access_token", "value": CREDENTIALS[1][1]})
    other = harness.credentials(token=1)
    for leaves in (False, True):
        target = entry_target(more=f"&leaves={leaves}")
        with larder.connect() as leader, larder.connect() as joiner:
            joined, gone = metric(larder, "fills_joined"), metric(larder, "requests__aborted")
            ask(leader, target, CREDENTIALS)
            stage.sandbox.wait_held("rejected")
            ask(joiner, target, other)
            wait_metric(larder, "fills_joined", joined + 1)
            if leaves:
                leader.reset()
                wait_metric(larder, "requests__aborted", gone + 1)
            stage.sandbox.release("rejected", keep=True)
            if not leaves:
                check_answer(leader.read_response(), 401, REJECTED.encode(), "the leader")
            check_answer(joiner.read_response(), 200, what=f"who joined, leader gone: {leaves}")
        check_answer(larder.get(entry_target("bltaaaa1112"), other), 200, what="the other token later")


def test_invented_tokens_do_not_displace_a_revoked_one(stage):
    """In open mode: more of them than credentials are remembered."""
    larder = stage.larder(stack=None, ttl={"entry": {"fresh": "1h"}},
                          open={"delivery": f"http://{stage.sandbox.delivery}",
                                "preview": f"http://{stage.sandbox.preview}"},
                          upstream={"rejected_hold": "1h"})
    check_answer(larder.get(entry_target(), CREDENTIALS), 200)
    wait_stored(larder)
    stage.sandbox.fault(host="delivery", status=401, body=REJECTED)
    check_answer(larder.get(entry_target("bltaaaa1112"), CREDENTIALS), 401)
    wait_metric(larder, "credentials_rejected", 1)
    with larder.connect() as client:
        for number in range(scaled(4_200, 100)):
            headers = [CREDENTIALS[0], ("access_token", f"invented{number}")]
            check_answer(client.request(entry_target(), headers), 401)
    check_answer(larder.get(entry_target(), CREDENTIALS), 401, what="a hit of the revoked token")


def test_negative_answers_are_cached_briefly(stage):
    larder = stage.larder(ttl={"negative": {"fresh": "1s", "stale_if_error": "0s"}})
    larder.get(entry_target(), CREDENTIALS)  # only a positive answer opens the scope
    wait_stored(larder)
    missing = "/v3/content_types/blog/entries/bltnone?environment=production"
    with costs(stage, delivery=1, what="of a missing entry asked for twice"):
        check_answer(larder.get(missing, CREDENTIALS), 422)
        check_answer(larder.get(missing, CREDENTIALS), 422)
    before = origin_requests(stage)
    ask_until(larder, missing, CREDENTIALS, lambda _: origin_requests(stage) > before,
              lambda r: r.status == 422, "asked again")
    check_answer(larder.get(missing, CREDENTIALS), 422)


def directives(stage, value, expected):
    larder = stage.larder(ttl={"entry": {"fresh": "1h"}})
    stage.sandbox.fault(host="delivery", headers={"Cache-Control": value})
    larder.get(entry_target(), CREDENTIALS)
    wait_until(lambda: larder.metrics()["larder_fills_active"] == 0, "the fill is over")
    with costs(stage, delivery=expected, what=f"of a second request after {value}"):
        check_answer(larder.get(entry_target(), CREDENTIALS), 200)


def test_the_origins_max_age_wins(stage):
    directives(stage, "max-age=600", 0)


def test_the_origins_no_cache_wins(stage):
    directives(stage, "no-cache", 1)


def test_s_maxage_wins_over_max_age(stage):
    directives(stage, "max-age=600, s-maxage=0", 1)


if __name__ == "__main__":
    harness.main(globals())
