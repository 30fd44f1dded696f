#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Hostile and odd requests, byte by byte: status and end of the connection for each, no second
answer where the framing cannot be trusted, and nothing of it at the origin. Then pipelining,
deadlines, half-closed connections, the bound on connections, and draining."""

import signal
import socket
import threading

import harness
from harness import (ENTRY, STACK_A, check, check_equal, credentials, sized_body, sized_target,
                     sized_uid, wait_until)
from scenario_lib import (Cut, Herd, ask, begin_to_stop, cache_status, changes, check_answer, check_api_error, costs,
                          entry_target, is_closed, metric, read_or_cut, wait_metric, wait_stored)

CREDENTIALS = credentials()
KEY, TOKEN = CREDENTIALS
PATH = ENTRY.partition("?")[0]
FIELDS = f"api_key: {KEY[1]}\r\naccess_token: {TOKEN[1]}\r\n"
HOST = "Host: larder\r\n"
# Sent behind every request: answered only where the connection goes on.
SECOND = f"GET {ENTRY}&second=1 HTTP/1.1\r\n{HOST}{FIELDS}\r\n"


def request(more="", line=f"GET {ENTRY} HTTP/1.1", host=HOST, fields=FIELDS, body=""):
    return f"{line}\r\n{host}{fields}{more}\r\n{body}"


def target(text):
    return request(line=f"GET {text} HTTP/1.1")


def in_path(text):
    return target(f"/v3/content_types/blog/entries/{text}?environment=production")


def in_query(text):
    return target(f"{ENTRY}&{text}")


# Name -> (bytes, statuses, any of which is right). All of these close the connection.
CLOSING = {
    # Versions and methods
    "HTTP/0.9": (f"GET {ENTRY}\r\n\r\n", (400, 505)),
    "HTTP/0.9 with fields": (request(line=f"GET {ENTRY}"), (400, 505)),
    "HTTP/1.2": (request(line=f"GET {ENTRY} HTTP/1.2"), (400, 505)),
    "HTTP/2.0": (request(line=f"GET {ENTRY} HTTP/2.0"), (400, 505)),
    "HTTP/3.0": (request(line=f"GET {ENTRY} HTTP/3.0"), (400, 505)),
    "HTTP/11.1": (request(line=f"GET {ENTRY} HTTP/11.1"), (400, 505)),
    "HTTP/1.10": (request(line=f"GET {ENTRY} HTTP/1.10"), (400, 505)),
    "HTTP/1": (request(line=f"GET {ENTRY} HTTP/1"), (400, 505)),
    "http/1.1": (request(line=f"GET {ENTRY} http/1.1"), (400, 505)),
    "RTSP": (request(line=f"GET {ENTRY} RTSP/1.0"), (400, 505)),
    "ICE": (request(line=f"GET {ENTRY} ICE/1.0"), (400, 505)),
    "SOURCE of ICE": (request(line=f"SOURCE {ENTRY} ICE/1.0"), (400, 405, 505)),
    "preface of HTTP/2": ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400, 405, 505)),
    "TLS": ("\x16\x03\x01\x02\x00\x01\x00\x01\xfc", (400,)),
    **{method: (request(line=f"{method} {ENTRY} HTTP/1.1"), (405,))
       for method in ("POST", "PUT", "DELETE", "PATCH", "TRACE", "PURGE", "PROPFIND")},
    "CONNECT": (request(line="CONNECT larder:443 HTTP/1.1"), (400, 405)),
    "unknown method": (request(line=f"FETCH {ENTRY} HTTP/1.1"), (400, 405, 501)),
    "lower-case method": (request(line=f"get {ENTRY} HTTP/1.1"), (400, 405, 501)),
    "method with a NUL": (request(line=f"GET\0 {ENTRY} HTTP/1.1"), (400,)),
    # Host
    "no Host": (request(host=""), (400,)),
    "two Hosts": (request(host=HOST + "Host: other\r\n"), (400,)),
    "two equal Hosts": (request(host=HOST + HOST), (400,)),
    "empty Host": (request(host="Host:\r\n"), (400,)),
    **{f"Host {host}": (request(host=f"Host: {host}\r\n"), (400,))
       for host in ("u@a", "a/b", "a,b", "a b", "u@a/b c", "a:b", "a:99999", "[::1", "a%41", "a?b",
                    "a#b", "a\\b", "\xff")},
    # Bodies
    "chunked": (request("Transfer-Encoding: chunked\r\n", body="0\r\n\r\n"), (400,)),
    "empty Transfer-Encoding": (request("Transfer-Encoding:\r\n", body="5\r\nhello"), (400,)),
    **{f"Transfer-Encoding {coding}": (request(f"Transfer-Encoding: {coding}\r\n"), (400,))
       for coding in ("gzip, chunked", ",chunked", "identity", "chunked, identity", "xchunked",
                      "chunked;q=1", '"chunked"', "\x0bchunked")},
    "chunked in HTTP/1.0": (request("Transfer-Encoding: chunked\r\n", f"GET {ENTRY} HTTP/1.0"), (400,)),
    "length and chunked": (request("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n",
                                   body="0\r\n\r\nG"), (400,)),
    "chunked and length": (request("Transfer-Encoding: chunked\r\nContent-Length: 6\r\n",
                                   body="0\r\n\r\nG"), (400,)),
    "chunked spelt otherwise": (request("transfer_encoding: chunked\r\n"), (400,)),
    "chunked with a blank": (request("Transfer-Encoding : chunked\r\n"), (400,)),
    "a body": (request("Content-Length: 5\r\n", body="hello"), (400,)),
    "a body that is a request": (request(f"Content-Length: {len(SECOND)}\r\n", body=SECOND), (400,)),
    "a body of HEAD": (request("Content-Length: 5\r\n", f"HEAD {ENTRY} HTTP/1.1", body="hello"), (400,)),
    "a body of POST": (request("Content-Length: 5\r\n", f"POST {ENTRY} HTTP/1.1", body="hello"),
                       (405,)),
    **{f"Content-Length {length!r}": (request(f"Content-Length: {length}\r\n"), (400,))
       for length in ("", "+5", "-1", "0x5", "5 5", "5,5", "00", "5a", "1e1", "18446744073709551615",
                      "18446744073709551616", "99999999999999999999999")},
    "two lengths": (request("Content-Length: 0\r\nContent-Length: 5\r\n", body="hello"), (400,)),
    "two equal lengths": (request("Content-Length: 0\r\nContent-Length: 0\r\n"), (400,)),
    "Expect": (request("Expect: 100-continue\r\n"), (417,)),
    "unknown Expect": (request("Expect: something\r\n"), (417,)),
    # Lines and fields
    "two blanks before the target": (request(line=f"GET  {ENTRY} HTTP/1.1"), (400,)),
    "two blanks behind the target": (request(line=f"GET {ENTRY}  HTTP/1.1"), (400,)),
    "a tab in the request line": (request(line=f"GET\t{ENTRY} HTTP/1.1"), (400,)),
    "a blank at the line's end": (request(line=f"GET {ENTRY} HTTP/1.1 "), (400,)),
    "a blank before the line": (" " + request(), (400,)),
    "many line ends before": ("\r\n" * 3 + request(), (400,)),
    "a bare LF behind the line": (f"GET {ENTRY} HTTP/1.1\n{HOST}{FIELDS}\r\n", (400,)),
    "a bare LF behind a field": (request("X-A: b\n"), (400,)),
    "a bare CR in a value": (request("X-A: b\rX-C: d\r\n"), (400,)),
    "a bare CR behind the fields": (request("\rX-A: b\r\n"), (400,)),
    "bare LFs at the end": (f"GET {ENTRY} HTTP/1.1\r\n{HOST}{FIELDS}\n\n", (400,)),
    "a folded field": (request("X-A: b\r\n  c\r\n"), (400,)),
    "a folded Host": (request(host="Host: larder\r\n\tother\r\n"), (400,)),
    "a fold before the first field": (request(host=" " + HOST), (400,)),
    "a NUL in a name": (request("X-\0A: b\r\n"), (400,)),
    "a NUL in a value": (request("X-A: b\0c\r\n"), (400,)),
    "a control character in a value": (request("X-A: b\x01c\r\n"), (400,)),
    "an empty name": (request(": b\r\n"), (400,)),
    "no colon": (request("X-A\r\n"), (400,)),
    "a blank in a name": (request("X A: b\r\n"), (400,)),
    "a blank before the colon": (request("X-A : b\r\n"), (400,)),
    "letters beyond ASCII in a name": (request("X-\xe9: b\r\n"), (400,)),
    # Targets
    "a fragment": (target(f"{ENTRY}#x"), (400,)),
    "a fragment in the path": (target("/v3/x#y"), (400,)),
    "an asterisk": (target("*"), (400,)),
    "OPTIONS of an asterisk": (request(line="OPTIONS * HTTP/1.1"), (400,)),
    "no slash": (target("v3/assets"), (400,)),
    "authority form": (target("larder:80"), (400,)),
    "another host": (target(f"http://other{ENTRY}"), (400,)),
    "another scheme": (target(f"ftp://larder{ENTRY}"), (400,)),
    "user information": (target(f"http://u@larder{ENTRY}"), (400,)),
    "two slashes": (target(f"//larder{ENTRY}"), (400,)),
    **{f"{text!r} in the path": (in_path(text), (400,))
       for text in ("a\x01b", "a\x7fb", "a\xe9b", 'a"b', "a<b", "a>b", "a\\b", "a^b", "a`b", "a{b",
                    "a|b", "a}b", "%", "%4", "%zz", "%00", "a%0ab", "a%0D%0Ab", "a%2fb", "a%2Fb",
                    "a%5cb", "a//b", "./b", "../b", "%2e%2e/b", "%2E/b", ".%2e", "..", ".")},
    **{f"{text!r} in the query": (in_query(text), (400,))
       for text in ("a\x01b", "a\x7fb", "a\xe9b", "a<b", "a>b", "a=%", "a=%4",
                    "a=%zz", "a=%00", "a%00=b", "a#b")},
    # Bounds
    "a long target": (in_query("a=" + "b" * (16 << 10)), (414,)),
    "an endless target": (f"GET /{'a' * (40 << 10)}", (414, 431)),
    "a long field": (request(f"X-A: {'b' * (16 << 10)}\r\n"), (431,)),
    "a long field that larder reads": (request(f"Accept-Encoding: {'b' * (8 << 10)}\r\n"), (431,)),
    "a long name": (request(f"{'X' * (16 << 10)}: b\r\n"), (431,)),
    "a large header": (request("".join(f"X-{n}: {'b' * 1000}\r\n" for n in range(17))), (431,)),
    "many fields": (request("".join(f"X-{n}: b\r\n" for n in range(62))), (431,)),
    "an endless name": (request("")[:-2] + "X" * (40 << 10), (400, 431)),
}


def encoded(text):
    return text.encode("latin-1")


def check_row(larder, name, text, statuses):
    with larder.connect() as client:
        client.send(encoded(text + SECOND))
        response = client.read_response("HEAD" if text.startswith("HEAD") else "GET")
        check(response.status in statuses, f"{name}: {response} instead of {statuses}")
        check_equal(response.header("Connection"), "close", f"Connection of {name}")
        if not text.startswith("HEAD"):
            check_equal(sorted(response.json()), ["error_code", "error_message", "errors"], name)
        check_equal((client.buffer, is_closed(client)), (b"", True),
                    f"{name}: what follows the answer, and whether it ends")


def test_requests_that_end_the_connection(stage):
    larder = stage.larder()
    check_answer(larder.get(ENTRY, CREDENTIALS), 200)
    with costs(stage), changes(larder, requests__refused=len(CLOSING), requests__hit=0):
        for name, (text, statuses) in CLOSING.items():
            check_row(larder, name, text, statuses)


def test_no_more_is_read_of_a_body_than_came(stage):
    """A body that is announced and never sent is refused at once, not waited for."""
    larder = stage.larder(server={"header_timeout": "60s"})
    for more in ("Content-Length: 100\r\n", "Transfer-Encoding: chunked\r\n", "Expect: 100-continue\r\n"):
        with larder.connect() as client:
            client.send(encoded(request(more)))
            check(client.read_response().status >= 400, more)
            check(is_closed(client), f"goes on after {more}")


# --- Requests after which the connection goes on ---------------------------------------------------

SCOPE_FIELDS = {"api_key": KEY[1], "access_token": TOKEN[1], "branch": "main",
                "environment": "production", "preview_token": STACK_A.scopes[0][2][0],
                "live_preview": "init", "release_id": "release1",
                "preview_timestamp": "2026-01-01T00:00:00Z", "authorization": "token",
                "authtoken": "token"}


def duplicates():
    """(name, bytes): a field of the scope twice, or with two values, in any spelling."""
    for field, value in SCOPE_FIELDS.items():
        dashed = field.replace("_", "-")
        others = [f"{name}: {text}\r\n" for name, text in CREDENTIALS if name != field]
        base = "".join(others)
        for first, second in [(field, field), (field, dashed), (field, field.upper()),
                              (dashed.title(), field), (dashed, dashed.upper())]:
            for other in (value, "other", ""):
                yield (f"header {first}: {value}, {second}: {other!r}",
                       request(fields=f"{base}{first}: {value}\r\n{second}: {other}\r\n",
                               line=f"GET {PATH} HTTP/1.1"))
        escaped = field[:-1] + f"%{ord(field[-1]):02x}"
        for first, second in [(field, field), (field, dashed), (field, field.upper()),
                              (escaped, field), (field, field.replace("_", "%5F").replace("e", "%65"))]:
            for other in (value, "other"):
                yield (f"query {first}={value}&{second}={other}",
                       request(fields=base, line=f"GET {PATH}?{first}={value}&{second}={other} HTTP/1.1"))
        yield (f"header and query, {field}",
               request(fields=f"{base}{field}: {value}\r\n", line=f"GET {PATH}?{dashed}=other HTTP/1.1"))
        for brackets in ("[]", "[0]", "[][]", "%5B%5D", "[a]"):
            yield (f"brackets {field}{brackets}",
                   request(fields=base, line=f"GET {PATH}?{field}{brackets}={value} HTTP/1.1"))


def test_a_field_of_the_scope_that_is_said_twice_is_refused(stage):
    larder = stage.larder()
    for path in (PATH, ENTRY):
        larder.get(path, CREDENTIALS)
    wait_stored(larder)
    with costs(stage):
        for name, text in duplicates():
            for role in ("delivery", "preview"):
                with larder.connect(role) as client:
                    client.send(encoded(text))
                    check_api_error(client.read_response(), 400, f"{name}, {role} listener")


def test_a_field_that_says_the_same_in_header_and_query_is_taken(stage):
    larder = stage.larder()
    with costs(stage, delivery=1):
        for more in (f"&api_key={KEY[1]}", f"&access_token={TOKEN[1]}", "&branch=main"):
            check_answer(larder.get(ENTRY + more, CREDENTIALS + [("branch", "main")]), 200, what=more)


TOLERATED = {
    "one line end before": ("\r\n" + request(), 200),
    "absolute form": (target(f"http://larder{ENTRY}"), 200),
    "absolute form in capitals": (target(f"HTTP://LARDER{ENTRY}"), 200),
    "a length of 0": (request("Content-Length: 0\r\n"), 200),
    "an IPv6 Host": (request(host="Host: [::1]:8080\r\n"), 200),
    "a Host with port": (request(host="Host: larder:8080\r\n"), 200),
    "underscores in names": (request("user_agent: x\r\nread_timeout: 5\r\n"), 200),
    "braces in a value": (request("User-Agent: {'sdk': {'name': \"x\", 'v': 1}}\r\n"), 200),
    "letters beyond ASCII in a value": (request("X-A: \xe9\r\n"), 200),
    "an empty value": (request("X-A:\r\n"), 200),
    "an empty pair": (in_query("&&"), 200),
    "braces in the query": (in_query('query={"title":"a"}'), 200),
    "line ends in the query": (in_query("query=%7B%0A%22title%22%3A%22a%22%0D%0A%7D"), 200),
    "a semicolon is data": (in_query("a=b;access_token=other"), 200),
    "an escaped letter in the path": (target(ENTRY.replace("/blog/", "/b%6Cog/")), 200),
    "a slash at the end": (target(PATH + "/?environment=production"), 200),
    "a long query": (in_query("a=" + "b" * 14_000), 200),
    "62 more fields": (request("".join(f"X-{n}: b\r\n" for n in range(61))), 200),
    "a range": (request("Range: bytes=0-1\r\n"), 200),
    "no-cache": (request("Cache-Control: no-cache\r\nPragma: no-cache\r\n"), 200),
    "a loop": (request("CDN-Loop: a, larder-this;v=1\r\n"), 508),
    "another's loop": (request("CDN-Loop: fastly, cloudflare\r\n"), 200),
    "no path of the API": (target("/robots.txt"), 404),
    "the root": (target("/"), 404),
    "no token": (request(fields=f"api_key: {KEY[1]}\r\n"), 401),
    "no api key": (request(fields=f"access_token: {TOKEN[1]}\r\n"), 412),
    "an unknown token": (request(fields=f"api_key: {KEY[1]}\r\naccess_token: x\r\n"), 401),
    "a longer token": (request(fields=f"api_key: {KEY[1]}\r\naccess_token: {TOKEN[1]}x\r\n"), 401),
    "an unknown branch": (request("branch: other\r\n"), 422),
    "management": (request("authorization: cs_mgmt\r\n"), 403),
    "preflight": (request(line=f"OPTIONS {ENTRY} HTTP/1.1"), 204),
    "a cookie of 9 KiB": (request(f"Cookie: a={'b' * (9 << 10)}\r\n"), 200),
    "Basic of a staging site": (request("Authorization: Basic dTpw\r\n"), 200),
    "bearer": (request("Authorization: Bearer x\r\n"), 403),
    "an offer of h2c": (request("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
                                "HTTP2-Settings: AA\r\n"), 200),
    "an offer of websocket": (request("Connection: upgrade\r\nUpgrade: websocket\r\n"), 200),
    **{f"{text!r} in the query": (in_query(text), 200) for text in ("a=^", "a=|", "a=`", "a=\\d+")},
}


def test_requests_after_which_the_connection_goes_on(stage):
    larder = stage.larder(server={"instance_id": "this"})
    for name, (text, status) in TOLERATED.items():
        with larder.connect() as client:
            client.send(encoded(text + SECOND))
            check_equal(client.read_response().status, status, f"status of {name}")
            check_answer(client.read_response(), 200, what=f"the request behind {name}")


ENDING = {
    "HTTP/1.0": request(line=f"GET {ENTRY} HTTP/1.0"),
    "HTTP/1.0 without Host": request(line=f"GET {ENTRY} HTTP/1.0", host=""),
    "HTTP/1.0 keep-alive": request("Connection: keep-alive\r\n", f"GET {ENTRY} HTTP/1.0"),
    "Connection: close": request("Connection: close\r\n"),
    "close among others": request("Connection: x, Close\r\n"),
}


def test_answers_after_which_the_connection_ends(stage):
    larder = stage.larder()
    expected = larder.get(ENTRY, CREDENTIALS).body
    wait_stored(larder)
    for name, text in ENDING.items():
        with larder.connect() as client:
            client.send(encoded(text + SECOND))
            response = client.read_response()
            check_answer(response, 200, expected, name)
            check_equal(response.header("Connection"), "close", f"Connection of {name}")
            check_equal((client.buffer, is_closed(client)), (b"", True), f"what follows {name}")


def test_a_post_is_told_which_methods_there_are(stage):
    larder = stage.larder()
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        with larder.connect() as client:
            client.send(encoded(request("Content-Length: 5\r\n", f"{method} {ENTRY} HTTP/1.1", body="hello")))
            response = client.read_response()
            check_api_error(response, 405, method)
            check_equal(response.header("Allow"), "GET, HEAD, OPTIONS", f"Allow of {method}")


def test_a_preflight_allows_what_was_asked_for(stage):
    larder = stage.larder()
    asked = "access_token,api_key,baggage,sentry-trace,traceparent,x-request-id,x-tenant"
    with larder.connect() as client:
        client.send(encoded(request(f"Origin: https://site\r\nAccess-Control-Request-Method: GET\r\n"
                                    f"Access-Control-Request-Headers: {asked}\r\n",
                                    f"OPTIONS {ENTRY} HTTP/1.1")))
        response = client.read_response()
    check_equal(response.status, 204, "status of a preflight")
    check_equal((response.header("Access-Control-Allow-Headers") or "").split(", "), asked.split(","),
                "names that are allowed")


def test_what_fetch_leaves_raw_is_one_request_with_its_encoded_form(stage):
    larder = stage.larder()
    raw = entry_target(more="&query={\"title\":\"a^b|c`d\\\\e\"}")
    same = entry_target(more="&query=%7B%22title%22%3A%22a%5Eb%7Cc%60d%5C%5Ce%22%7D")
    with costs(stage, delivery=1):
        first = larder.get(raw, CREDENTIALS)
        wait_stored(larder)
        check_answer(larder.get(same, CREDENTIALS), 200, first.body, "the same, encoded")


def test_the_credentials_of_a_staging_site_go_nowhere(stage):
    larder = stage.larder(preview={"allow_authorization": True})
    basic = ("Authorization", "Basic c3RhZ2luZzpzZWNyZXQ=")
    with costs(stage, delivery=1, what="Basic"):
        check_answer(larder.get(ENTRY, CREDENTIALS + [basic]), 200)
    larder.get(ENTRY + "&release_id=r1", CREDENTIALS + [basic])
    larder.get(ENTRY + "&live_preview=hash123", harness.preview_credentials() + [basic])
    for host in ("delivery", "preview"):
        for seen in stage.sandbox.requests(host):
            check("c3RhZ2luZzpzZWNyZXQ" not in str(seen), f"a site's password at the {host} host: {seen}")


UNKEYED = ["X-Forwarded-Host", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Scheme",
           "Forwarded", "X-Host", "X-Original-URL", "X-Rewrite-URL", "X-HTTP-Method-Override",
           "X-Method-Override", "Cookie", "Range", "If-Range", "If-Modified-Since", "Accept-Language",
           "Accept", "Referer", "Origin", "Traceparent", "User-Agent", "X-Original-Host", "True-Client-IP", "TE",
           "Trailer", "Keep-Alive", "Proxy-Authorization", "Via", "Cache-Control", "Content-Type",
           "Fastly-Debug", "X-Amz-Website-Redirect-Location"]
AT_THE_ORIGIN = {"host", "api_key", "access_token", "branch", "accept", "accept-encoding", "cdn-loop",
                 "via", "x-user-agent"}


def test_what_is_not_in_the_key_does_not_reach_the_origin(stage):
    larder = stage.larder()
    for index, name in enumerate(UNKEYED):
        target_ = entry_target(more=f"&n={index}")
        with costs(stage, delivery=1, what=name):
            first = larder.get(target_, CREDENTIALS + [(name, "evil.example")])
            second = larder.get(target_, CREDENTIALS)
        check_equal(first.body, second.body, f"bodies with and without {name}")
    larder.get(entry_target(more="&n=connection"),
               CREDENTIALS + [("Connection", "api_key, access_token, x-a"), ("X-A", "evil.example")])
    for seen in stage.sandbox.requests("delivery"):
        names = {name.lower() for name, _ in seen["headers"]}
        check_equal(sorted(names - AT_THE_ORIGIN), [], f"more fields at the origin: {seen}")
        check("evil.example" not in str(seen), f"a client's value at the origin: {seen}")


# --- Pieces and pipelines --------------------------------------------------------------------------

def test_pipelined_requests_are_answered_in_order(stage):
    larder = stage.larder()
    names = [f"pipe{index}" for index in range(12)]
    bodies = [sized_body(3_000, sized_uid(3_000, name)) for name in names]
    for name in names[::2]:  # every other one is a hit
        larder.get(sized_target(3_000, name), CREDENTIALS)
    wait_stored(larder, 6)
    stage.sandbox.hold("pipe", host="delivery")
    with larder.connect() as client:
        client.send(b"".join(harness.format_request(sized_target(3_000, name), CREDENTIALS)
                             for name in names))
        check_answer(client.read_response(), 200, bodies[0], "the first")
        stage.sandbox.wait_held("pipe")
        check_equal(client.buffer, b"", "what overtook a request that waits")
        check_equal(stage.sandbox.held("pipe"), 1, "requests of one connection at the origin")
        stage.sandbox.release("pipe")
        for body in bodies[1:]:
            check_answer(client.read_response(), 200, body, "a pipelined answer")


def test_a_long_pipeline_of_hits(stage):
    larder = stage.larder()
    body = larder.get(ENTRY, CREDENTIALS).body
    wait_stored(larder)
    one = harness.format_request(ENTRY, CREDENTIALS)
    with larder.connect() as client, changes(larder, requests__hit=2_000):
        for _ in range(20):
            client.send(one * 100)
            for _ in range(100):
                check_answer(client.read_response(), 200, body)


def test_hits_misses_and_refusals_of_a_pipeline_keep_their_order_before_a_slow_reader(stage):
    larder = stage.larder()
    hot = [(sized_target(size, f"hot{size}"), sized_body(size, sized_uid(size, f"hot{size}")))
           for size in (1_200, 30_000)]
    for target, body in hot:
        check_answer(larder.get(target, CREDENTIALS), 200, body, "a fill")
    wait_stored(larder, len(hot))
    asked = []
    for number in range(600):  # more than the sockets take, nearly all of it small hits
        asked += [hot[0]] * 10
        if number % 50 == 7:
            asked += [hot[1], ("/v3/assets?environment=production&environment=staging", None)]
        asked.append((sized_target(300, f"cold{number}"), sized_body(300, sized_uid(300, f"cold{number}"))))
    with larder.connect(receive_buffer=4_096) as client:
        sender = threading.Thread(target=client.send, args=(b"".join(
            harness.format_request(target, CREDENTIALS) for target, _ in asked),))
        sender.start()
        wait_metric(larder, "output_waiting_bytes", 1)
        for place, (target, body) in enumerate(asked):
            response = client.read_response()
            if body is None:
                check_equal(response.status, 400, f"status of answer {place}, {target}")
            else:
                check_answer(response, 200, body, f"answer {place}, {target}")
        sender.join()


def test_reading_goes_on_after_a_deep_pipeline_behind_a_slow_answer(stage):
    larder = stage.larder()
    body = larder.get(ENTRY, CREDENTIALS).body
    wait_stored(larder)
    one = harness.format_request(ENTRY, CREDENTIALS)
    count = 8 * 16 * 1024 // len(one)  # far more than is kept while an answer is under way
    stage.sandbox.hold("slow", host="delivery")
    with larder.connect() as client, changes(larder, requests__hit=count):
        client.send(harness.format_request(ENTRY + "&slow=1", CREDENTIALS) + one * count)
        stage.sandbox.wait_held("slow")
        stage.sandbox.release("slow")
        for _ in range(1 + count):
            check_answer(client.read_response(), 200, body)


def test_a_refused_request_in_a_pipeline_ends_it(stage):
    larder = stage.larder()
    with larder.connect() as client:
        client.send(encoded(request() + request("Content-Length: 5\r\n", body="hello") + SECOND))
        check_answer(client.read_response(), 200)
        check_api_error(client.read_response(), 400, "the second of three")
        check_equal((client.buffer, is_closed(client)), (b"", True), "what follows a refusal")


def test_requests_in_pieces(stage):
    larder = stage.larder()
    expected = larder.get(ENTRY, CREDENTIALS).body
    text = encoded(request())
    with larder.connect() as client:
        for cut in range(1, len(text)):
            client.send(text[:cut])
            client.send(text[cut:])
            check_answer(client.read_response(), 200, expected, f"cut at {cut}")
        for byte in text:
            client.send(bytes([byte]))
        check_answer(client.read_response(), 200, expected, "byte by byte")
        client.send(text + text[:50])
        check_answer(client.read_response(), 200, expected, "with the next one's beginning")
        client.send(text[50:])
        check_answer(client.read_response(), 200, expected, "the rest of the next one")


# --- Time ------------------------------------------------------------------------------------------

def test_a_header_has_a_deadline(stage):
    larder = stage.larder(server={"header_timeout": "1s", "idle_timeout": "60s"})
    with larder.connect() as client:
        client.send(encoded(request()[:40]))
        check_api_error(client.read_response(), 408, "the answer at the header's deadline")
        check(is_closed(client), "goes on after the deadline")
    with larder.connect() as client:
        check(is_closed(client), "a client that says nothing stays")
        check_equal(client.buffer, b"", "what a client that says nothing gets")


def test_a_slow_drip_does_not_move_the_deadline(stage):
    larder = stage.larder(server={"header_timeout": "1s"})
    with larder.connect() as client:
        client.socket.settimeout(0.05)
        client.send(encoded(request()[:-2]))

        def answered():
            client.send(b"X-A: b\r\n")
            try:
                return client.receive()
            except harness.Failure:
                return False
        wait_until(answered, "an answer to a client that drips", 5 * harness.TIME_FACTOR)
        client.socket.settimeout(harness.DEADLINE_S)
        check_api_error(client.read_response(), 408, "the answer to a client that drips")


def test_an_idle_connection_ends(stage):
    larder = stage.larder(server={"idle_timeout": "1s", "header_timeout": "60s"})
    with larder.connect() as client:
        for _ in range(2):
            check_answer(client.request(ENTRY, CREDENTIALS), 200)
        check_equal((is_closed(client), client.buffer), (True, b""), "after the idle time")
        client.send(encoded(request()))  # as one does whose request crossed the end of the stream
        check_equal(client.socket.recv(1), b"", "an orderly end, and no reset")


def test_the_idle_time_is_announced(stage):
    larder = stage.larder(server={"idle_timeout": "20s"})
    with larder.connect() as client:
        for what in ("a miss", "a hit"):
            response = client.request(ENTRY, CREDENTIALS)
            check_equal((response.header("Connection"), response.header("Keep-Alive")),
                        ("keep-alive", "timeout=19"), f"Connection and Keep-Alive of {what}")
            wait_stored(larder)
        larder.reload(server={"idle_timeout": "1s"})
        response = client.request(ENTRY, CREDENTIALS)
        check_equal((response.header("Connection"), response.header("Keep-Alive")), (None, None),
                    "a time too short to be announced")


def test_a_connection_has_a_number_of_requests(stage):
    larder = stage.larder(server={"max_requests_per_connection": 3})
    with larder.connect() as client:
        closes = [client.request(ENTRY, CREDENTIALS).header("Connection") for _ in range(3)]
        check_equal((closes, is_closed(client)), (["keep-alive", "keep-alive", "close"], True), "Connection fields")


def test_a_client_that_takes_nothing_is_cut_off(stage):
    larder = stage.larder(server={"write_timeout": "1s"}, cache={"size": "256MiB", "max_object": "32MiB"})
    size = 24 << 20
    target_ = sized_target(size, "stuck")
    for how in ("from the origin", "from the store"):
        with larder.connect() as client:
            timeouts = metric(larder, "client_timeouts")
            ask(client, target_, CREDENTIALS)
            client.need(1_000, "the beginning")
            wait_metric(larder, "client_timeouts", timeouts + 1)
            try:
                read_or_cut(client)
            except Cut:
                pass
            else:
                raise harness.Failure(f"a client that took nothing got all, {how}")
        wait_stored(larder)


def test_half_closed_connections_get_their_answer(stage):
    larder = stage.larder()
    size = 300_000
    target_, body = sized_target(size, "half"), sized_body(size, sized_uid(size, "half"))
    for how in ("miss", "hit"):
        with larder.connect() as client:
            ask(client, target_, CREDENTIALS)
            client.socket.shutdown(socket.SHUT_WR)
            check_answer(client.read_response(), 200, body, f"half closed, {how}")
            check(is_closed(client), "stays open")
        wait_stored(larder)
    with larder.connect() as client:
        client.send(encoded(request()[:30]))
        client.socket.shutdown(socket.SHUT_WR)
        check_equal((is_closed(client), client.buffer), (True, b""), "half a request, half closed")


def test_what_is_pipelined_behind_an_answer_under_way_is_answered_at_the_end(stage):
    for how in ("half-closed", "draining"):
        larder = stage.larder()
        check_answer(larder.get(ENTRY, CREDENTIALS), 200, what="what is to be a hit")
        wait_stored(larder)
        stage.sandbox.hold(how, host="delivery")
        with larder.connect() as client:
            client.send(encoded(target(f"{ENTRY}&cold=1") + request() + target(f"{ENTRY}&cold=2")))
            stage.sandbox.wait_held(how)
            if how == "draining":
                begin_to_stop(larder)
            else:
                client.socket.shutdown(socket.SHUT_WR)
            stage.sandbox.release(how)
            stage.sandbox.clear_faults()
            for number, closes in enumerate(("keep-alive", "keep-alive", "close")):
                response = client.read_response()
                check_answer(response, 200, what=f"answer {number}, {how}")
                check_equal(response.header("Connection"), closes, f"Connection {number}, {how}")
            check(is_closed(client), "stays open")
        if how == "draining":
            check_equal(larder.process.wait(harness.DEADLINE_S), 0, "exit status")


# --- Bounds and the end ----------------------------------------------------------------------------

def is_cut_off(larder):
    try:
        with larder.connect() as surplus:
            return is_closed(surplus)
    except ConnectionResetError:  # before connect() returned
        return True


def test_connections_have_a_bound(stage):
    larder = stage.larder(server={"max_connections": 4})
    kept = [larder.connect() for _ in range(4)]
    for client in kept:
        check_answer(client.request(ENTRY, CREDENTIALS), 200)
    with changes(larder, connections_refused=1):
        check(is_cut_off(larder), "a connection beyond the bound stays open")
    kept.pop().close()
    wait_until(lambda: metric(larder, "connections_open") == 3, "one place is free")
    with larder.connect() as client:
        check_answer(client.request(ENTRY, CREDENTIALS), 200)
    for client in kept:
        check_answer(client.request(ENTRY, CREDENTIALS), 200)
        client.close()


def test_sigterm_lets_answers_under_way_end(stage):
    larder = stage.larder()
    size = 400_000
    target_, body = sized_target(size, "drain"), sized_body(size, sized_uid(size, "drain"))
    draft = harness.preview_credentials()
    stage.sandbox.hold("wait", host="delivery", match="bltaaaa")
    stage.sandbox.hold("stream", host="delivery", match="drain", after=100_000)
    stage.sandbox.hold("preview", host="preview", after=100)
    with larder.connect() as waiting, larder.connect() as streaming, larder.connect() as preview, \
            larder.connect() as idle, Herd(larder, 5, ENTRY, CREDENTIALS) as herd:
        ask(waiting, ENTRY, CREDENTIALS)
        ask(streaming, target_, CREDENTIALS)
        ask(preview, PATH, draft)
        for name in ("wait", "stream", "preview"):
            stage.sandbox.wait_held(name)
        wait_metric(larder, "fills_joined", 5)
        begin_to_stop(larder)
        check(is_closed(idle), "an idle connection stays open")
        for name in ("wait", "stream", "preview"):
            stage.sandbox.release(name)
        for client in [waiting] + herd.connections:
            response = client.read_response()
            check_answer(response, 200, what="an answer under way")
            check_equal(response.header("Connection"), "close", "Connection while draining")
            check(is_closed(client), "stays open after its answer")
        check_answer(streaming.read_response(), 200, body, "a stream under way")
        check_answer(preview.read_response(), 200, what="a preview under way")
        check_equal(larder.process.wait(harness.DEADLINE_S), 0, "exit status")
    larder.start()
    with costs(stage):
        check_answer(larder.get(target_, CREDENTIALS), 200, body, "what was stored while draining")


def test_draining_has_a_deadline(stage):
    larder = stage.larder(server={"drain_timeout": "1s"})
    stage.sandbox.hold("stuck", host="delivery")
    with larder.connect() as client:
        ask(client, ENTRY, CREDENTIALS)
        stage.sandbox.wait_held("stuck")
        larder.process.send_signal(signal.SIGTERM)
        check_equal(larder.process.wait(harness.DEADLINE_S), 0, "exit status")
        check(is_closed(client), "outlives the daemon")
    check("stopp" in larder.log(), "says nothing of its end")


def test_an_answer_without_length_that_draining_cuts_off_is_reset(stage):
    larder = stage.larder(server={"drain_timeout": "1s"})
    stage.sandbox.fault(host="delivery", chunked=True, hold="part", after=3_000)
    with larder.connect() as client:
        client.send(harness.format_request(sized_target(5_000, "drained"), CREDENTIALS).replace(
            b"HTTP/1.1", b"HTTP/1.0", 1))
        client.read_head()
        client.take(2_900)
        larder.process.send_signal(signal.SIGTERM)
        try:
            while client.receive():
                pass
            raise harness.Failure("it ends as if it were whole")
        except ConnectionResetError:
            check_equal(larder.process.wait(harness.DEADLINE_S), 0, "exit status")


def test_a_half_request_behind_a_full_socket_has_the_deadline_of_a_header(stage):
    larder = stage.larder(server={"header_timeout": "1s", "idle_timeout": "300s"},
                          listener=[{"address": f"unix:{stage.directory}/listener"}])
    # A unix socket takes some 200 KB. With some of these numbers it is full just when only the half
    # request is left.
    for size in (3_000, 4_000, 5_000):
        target = sized_target(size, "half")
        larder.get(target, CREDENTIALS)
        whole = harness.format_request(target, CREDENTIALS)
        clients = {count: larder.connect() for count in range(30, 80)}
        for count, client in clients.items():
            client.send(whole * count + whole[:50])
        for count, client in clients.items():
            for _ in range(count):
                check_equal(client.read_response().status, 200, f"one of {count} hits")
        for count, client in clients.items():
            check_equal(client.read_response().status, 408, f"the half request behind {count} hits")
            client.close()


if __name__ == "__main__":
    harness.main(globals())
