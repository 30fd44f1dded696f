#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Webhooks of the CMS: genuine ones purge what they name, and are acknowledged once that is durable;
what is forged, replayed, cut off, too large, of a wrong type or slow purges nothing and ends nothing."""

import contextlib
import datetime
import errno
import http.server
import json
import os
import random
import socket
import ssl
import threading
import time

import harness
from certificates import make_authority, make_certificate
from harness import STACK_A, Connection, check, check_equal, credentials, wait_until
from machine_trouble_test import Refusals
from scenario_lib import cache_status, entry_target, scaled, tcp

PATH = "/webhooks/contentstack"
HMAC_SECRET = "hmac-secret-of-the-scenario"
HEADER_SECRET = "header-secret-of-the-scenario"
LOGIN = "cms:password-of-the-scenario"
FORGERIES = int(os.environ.get("LARDER_WEBHOOK_FORGERIES", scaled(1000, 200)))
LIST = "/v3/content_types/blog/entries?environment=production"


class Receiver:
    """A larderd with a receiver, and the sandbox told of it."""

    def __init__(self, stage, sends=None, webhook=None, environment=None):
        self.sandbox = stage.sandbox
        key = self.sandbox.control("GET", "/webhook/key")["signing-key"]
        self.key_path = stage.directory / "cms.pem"
        self.key_path.write_text(key)
        config = harness.merge({"listen": ["127.0.0.1:0"], "public_key_file": str(self.key_path)},
                               webhook or {})
        kinds = ("entry", "list", "asset", "content_type")
        self.larder = stage.larder(start=False, webhook=config, purge={"soft_for": "0s"},
                                   ttl={kind: {"fresh": "1h"} for kind in kinds})
        self.larder.start(environment=environment)
        self.sends = sends or {}
        self.tell_sandbox()

    @property
    def address(self):
        return self.larder.ready["webhook"][0]["address"]

    def tell_sandbox(self, **how):
        self.sandbox.control("POST", "/webhook", {"url": f"http://{self.address}{PATH}", **self.sends,
                                                  **how})

    def headers(self, body):
        signed = self.sandbox.control("POST", "/webhook/sign", {"body": body.decode()})["headers"]
        return [("Content-Type", "application/json"), *map(tuple, signed)]

    def post(self, body, headers=None, path=PATH, method="POST"):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = self.headers(body) if headers is None else headers
        with Connection(self.address) as connection:
            return connection.request(path, headers, method, body)

    def settle(self):
        """On a slow machine a purge is acknowledged by 202 before it is durable."""
        wait_until(lambda: self.larder.status()["webhook"]["pending"] == 0, "every purge is durable")

    def result(self, body, headers=None):
        """What becomes of a genuine one, in the end."""
        answer = self.post(body, headers)
        check(answer.status in (200, 202), f"a genuine webhook is answered with {answer!r}")
        if answer.status == 200:
            return answer.json()["result"].split(":")[0]
        self.settle()
        return self.larder.status()["webhook"]["last"]["result"]

    def sent(self):
        """Events of the sandbox that were acknowledged."""
        answers = self.sandbox.control("GET", "/webhook")["answers"]
        return answers.get("200", 0) + answers.get("202", 0)

    def wait_sent(self, count):
        wait_until(lambda: self.sent() >= count,
                   lambda: f"{count} are acknowledged: {self.sandbox.control('GET', '/webhook')}")
        self.settle()

    def fill(self, *targets, branch=None):
        """Into the cache, so that the next one is a hit."""
        for target in targets:
            self.larder.get(target, credentials(branch=branch))
        wait_until(lambda: all(self.is_hit(target, branch) for target in targets), "all is stored")

    def is_hit(self, target, branch=None):
        status = cache_status(self.larder.get(target, credentials(branch=branch)))
        return "larder; hit" in status and "ttl=-" not in status

    def counts(self):
        return self.larder.status()["webhook"]["results"]

    def wait_count(self, name, value):
        wait_until(lambda: self.counts().get(name, 0) >= value,
                   lambda: f"{name} reaches {value}: {self.counts()}")

    def purges(self):
        return self.larder.status()["store"]["epoch"]


def now_text(ahead_s=0):
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=ahead_s)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def event(module="entry", word="publish", at=None, data=None, **more):
    found = {"entry": {"uid": "bltaaaa1111", "locale": "en-us"}, "content_type": {"uid": "blog"},
             "environment": {"name": "production", "uid": "bltenvAproduction"}, "locale": "en-us",
             "status": "success", "branch": {"uid": "main", "alias": ["live"]}}
    return {"module": module, "api_key": STACK_A.api_key, "event": word,
            "triggered_at": at or now_text(), "data": found if data is None else data, **more}


def test_a_publish_is_seen_by_the_first_request_after_its_acknowledgement(stage):
    receiver = Receiver(stage)
    shown, other = entry_target(), entry_target("bltaaaa1112")
    took = []
    for number in range(scaled(20, 5)):
        receiver.fill(shown, other, LIST)
        before = receiver.sent()
        began = time.monotonic()
        stage.sandbox.publish("blog", "bltaaaa1111", fields={"title": f"new {number}"})
        receiver.wait_sent(before + 1)
        took.append(time.monotonic() - began)
        answer = receiver.larder.get(shown, credentials())
        check_equal(answer.json()["entry"]["title"], f"new {number}", "title after the webhook")
        titles = [one["title"] for one in receiver.larder.get(LIST, credentials()).json()["entries"]]
        check(f"new {number}" in titles, f"the list is stale: {titles}")
        check(receiver.is_hit(other), "what has not changed stays")
    if os.environ.get("LARDER_WEBHOOK_REPORT"):
        took.sort()
        print(f"publish to acknowledgement, with polling: median {took[len(took) // 2] * 1000:.0f} ms, "
              f"most {took[-1] * 1000:.0f} ms of {len(took)}")


def test_events_of_all_kinds_purge_what_they_name(stage):
    receiver = Receiver(stage)
    entry, other = entry_target(), entry_target("bltaaaa1112")
    asset, schema = "/v3/assets/bltasset1?environment=production", "/v3/content_types/blog?environment=production"
    all_targets = (entry, other, LIST, asset, schema)
    of_entry = {entry, LIST}  # an entry that shows the asset
    data = {"content_type": {"uid": "blog"}, "branch": {"uid": "main", "alias": ["live"]}}
    release = {"release": {"uid": "r", "items": [
        {"uid": "bltaaaa1112", "content_type_uid": "blog", "action": "publish", "locale": "en-us"},
        {"uid": "bltasset1", "content_type_uid": "built_io_upload", "action": "publish"}]},
        "environment": {"name": "production"}, "branch": data["branch"]}
    cases = [
        ("publish", event(), of_entry, "applied"),
        ("unpublish", event(word="unpublish"), of_entry, "applied"),
        ("delete", event(word="delete"), of_entry, "applied"),
        ("draft", event(word="update"), set(), "ignored"),
        ("failed publish", event(data={**event()["data"], "status": "fail"}), set(), "ignored"),
        ("variant", event("entry_variant", data={**data, "entry_variant": {"entry_uid": "bltaaaa1111"}}),
         of_entry, "applied"),
        ("asset", event("asset", data={"asset": {"uid": "bltasset1"}, "branch": data["branch"]}),
         {asset, entry, LIST}, "applied"),
        ("content type", event("content_type", "update", data=data), {entry, other, LIST, schema}, "applied"),
        ("release", event("release", "deploy", data=release), {other, entry, LIST, asset}, "applied"),
        ("job", event("jobs", "completed", data={}), set(), "ignored"),
        ("other environment", event(data={**event()["data"], "environment": {"name": "staging"}}),
         set(), "applied"),
        ("other branch", event(data={**event()["data"], "branch": {"uid": "develop", "alias": []}}),
         set(), "applied"),
        ("locale", event("locale", "update", data={}), set(all_targets), "coarse"),
        ("unknown", event("comet", "landed", data={}), set(all_targets), "coarse"),
    ]
    for name, body, expected, result in cases:
        receiver.fill(*all_targets)
        check_equal(receiver.result(body), result, f"what becomes of {name}")
        gone = {target for target in all_targets if not receiver.is_hit(target)}
        check(expected <= gone, f"{name} left {expected - gone}")
        check_equal(gone, expected, f"what {name} has purged")
    last = receiver.larder.status()["webhook"]["last"]
    check_equal((last["event"], last["result"]), ("comet.landed", "coarse"), "the last event")


def test_an_alias_that_moves_takes_everything_under_its_name(stage):
    receiver = Receiver(stage)
    target = entry_target()
    receiver.fill(target, branch="live")
    receiver.fill(target, branch="release")
    stage.sandbox.assign_alias("live", "develop")
    receiver.wait_sent(1)
    moved = receiver.larder.get(target, credentials(branch="live"))
    check("A/production/develop" in moved.json()["entry"]["title"], f"still the old branch: {moved!r}")
    check(receiver.is_hit(target, branch="release"), "another branch stays")


def test_every_proof_that_is_configured_is_required(stage):
    proofs = {"hmac": HMAC_SECRET, "basic": LOGIN, "header": {"name": "X-Cms", "value": HEADER_SECRET}}
    receiver = Receiver(stage, proofs, {"hmac_secrets": ["an-older-secret", HMAC_SECRET],
                                        "basic_auth": LOGIN, "secret_header": "x-cms",
                                        "secret_header_values": [HEADER_SECRET]})
    body = json.dumps(event()).encode()
    genuine = receiver.headers(body)
    check_equal(len(genuine), 5, "headers of a genuine one")
    for index in range(1, len(genuine)):
        name, value = genuine[index]
        for what, headers in (("without", genuine[:index] + genuine[index + 1:]),
                              ("wrong", genuine[:index] + [(name, value[:-2] + "00")] + genuine[index + 1:]),
                              ("twice", genuine + [genuine[index]])):
            answer = receiver.post(body, headers)
            check_equal((answer.status, answer.json()), (401, {"error": "not verified"}), f"{what} {name}")
    check_equal(receiver.purges(), 0, "purged so far")
    check_equal(receiver.result(body, genuine), "applied", "all of them")
    text = json.dumps(receiver.larder.status()) + receiver.larder.log() + str(receiver.larder.metrics())
    for secret in (HMAC_SECRET, HEADER_SECRET, LOGIN, "an-older-secret", dict(genuine)["Authorization"]):
        check(secret not in text, "a secret is told")


def test_a_repeated_event_purges_once_and_an_old_one_never(stage):
    receiver = Receiver(stage)
    target = entry_target()
    receiver.fill(target)
    body = json.dumps(event()).encode()
    check_equal(receiver.result(body), "applied", "the first")
    receiver.fill(target)
    for again in (body, json.dumps(json.loads(body), indent=3).encode(), body):
        answer = receiver.post(again)
        check_equal((answer.status, answer.json()["result"]), (200, "duplicate: applied before"), "the same again")
    for at, said in ((now_text(-3700), "ago"), (now_text(3700), "ahead")):
        answer = receiver.post(event(at=at))
        check_equal(answer.status, 400, f"status of an event of {at}")
        check(said in answer.json()["error"], f"what is said: {answer.json()}")
    check(receiver.is_hit(target), "none of them purges")


def test_a_purge_that_is_not_durable_is_not_acknowledged_and_a_retry_applies_it(stage):
    disk = Refusals(stage, errno.EIO)
    receiver = Receiver(stage, environment=disk.environment)
    target = entry_target()
    receiver.fill(target)
    body = json.dumps(event()).encode()
    disk.begin()
    answer = receiver.post(body)
    check(answer.status in (202, 503), f"status on a bad disk: {answer!r}")
    check(answer.status == 202 or answer.header("Retry-After"), "it says when to try again")
    disk.end()
    wait_until(lambda: receiver.post(body).status in (200, 202), "the retry is applied")
    receiver.settle()
    check_equal(receiver.post(body).json()["result"], "duplicate: applied before", "the same again")
    check(not receiver.is_hit(target), "the entry is gone")


def test_a_slow_purge_is_202_and_goes_on_until_it_holds(stage):
    disk = Refusals(stage, errno.EIO)
    receiver = Receiver(stage, environment=disk.environment)
    target = entry_target()
    receiver.fill(target)
    body = json.dumps(event()).encode()
    headers = receiver.headers(body)
    disk.order.write_text("wait")
    began = time.monotonic()
    check_equal(receiver.post(body, headers).status, 202, "status while the disk waits")
    took = time.monotonic() - began
    check(took >= 0.09, f"after {took:.3f} s")
    check_equal(receiver.larder.status()["webhook"]["pending"], 1, "purges under way")
    disk.begin()
    receiver.wait_count("failed", 1)
    disk.end()
    receiver.wait_count("applied", 1)
    check(not receiver.is_hit(target), "the entry is gone")
    check_equal(receiver.larder.status()["webhook"]["pending"], 0, "purges under way at the end")
    check_equal(receiver.post(body).json()["result"], "duplicate: applied before", "the same again")


def forgeries(receiver, random_, recorded):
    """(name, bytes on the wire, statuses that are right) without end. `recorded`: a body that was applied."""
    while True:
        body = json.dumps(event(data={**event()["data"], "n": random_.randrange(1 << 40)})).encode()
        genuine = receiver.headers(body)
        signature = dict(genuine)["X-Contentstack-Request-Signature"]

        def request(headers=None, sent=body, length=None, method="POST", path=PATH):
            headers = genuine if headers is None else headers
            lines = [f"{method} {path} HTTP/1.1", "Host: x"] + [f"{n}: {v}" for n, v in headers]
            lines.append(f"Content-Length: {len(sent) if length is None else length}")
            return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + sent

        def signed(value):
            return [genuine[0], ("X-Contentstack-Request-Signature", value)]

        at = random_.randrange(3, len(signature))
        flipped = bytearray(body)
        flipped[random_.randrange(len(body))] ^= 1 << random_.randrange(7)
        yield "replayed", request(receiver.headers(recorded), recorded), (200,)
        yield "replayed with blanks", request(receiver.headers(recorded), recorded + b" \n"), (200,)
        yield "slow", request()[:-random_.randrange(1, len(body))], None
        yield "no signature", request(genuine[:1]), (401,)
        yield "another letter", request(signed(signature[:at] + "A" + signature[at + 1:] + "AAAA")), (401,)
        yield "a bit of the body", request(sent=bytes(flipped)), (401,)
        yield "random signature", request(signed("v1=" + "".join(random_.choices("ABCabc019+/", k=344)))), (401,)
        yield "two signatures", request(genuine + genuine[1:]), (401,)
        yield "cut and whole by its length", request(sent=body[:random_.randrange(len(body))]), (401,)
        yield "cut off", request(sent=body[:-1], length=len(body)), ()
        yield "header cut off", request()[:random_.randrange(10, 100)], ()
        yield "too large", request(length=1 << 30), (413,)
        yield "too large in chunks", request(genuine + [("Transfer-Encoding", "chunked")]).replace(
            f"Content-Length: {len(body)}\r\n".encode(), b"").replace(body, b"fffffff\r\n"), (413,)
        yield "length and chunks", request(genuine + [("Transfer-Encoding", "chunked")]), (400,)
        yield "wrong type", request([("Content-Type", "text/xml"), *genuine[1:]]), (415,)
        yield "coded", request(genuine + [("Content-Encoding", "gzip")]), (415,)
        yield "wrong method", request(method=random_.choice(["GET", "PUT", "DELETE"])), (405,)
        yield "wrong path", request(path=PATH + random_.choice(["/", "x", "/../purge"])), (404,)
        yield "by a browser", request(genuine + [("Origin", "http://evil.example")]), (403,)
        yield "no HTTP", random_.randbytes(random_.randrange(1, 400)) + b"\r\n\r\n", (400, 414, 431, 505)
        yield "bad JSON with its signature", *signed_anew(receiver, request, body[:-2])
        yield "no stack", *signed_anew(receiver, request, b'{"module":"entry","event":"publish"}')
        yield "deep", *signed_anew(receiver, request, b'{"api_key":' + b"[" * 5000)
        yield "an array", *signed_anew(receiver, request, b"[" + body + b"]")
        yield "old", *signed_anew(receiver, request, json.dumps(event(at=now_text(-4000))).encode())


def signed_anew(receiver, request, body):
    return request(receiver.headers(body), body), (400,)


def test_what_is_not_genuine_purges_nothing_and_ends_nothing(stage):
    receiver = Receiver(stage, webhook={"request_timeout": "2s"})
    targets = (entry_target(), LIST)
    recorded = json.dumps(event(), separators=(",", ":")).encode()
    check_equal(receiver.result(recorded), "applied", "the one that is recorded")
    receiver.fill(*targets)
    before, purged = receiver.counts(), receiver.purges()
    statuses, slow = {}, []
    source = forgeries(receiver, random.Random(int(os.environ.get("LARDER_WEBHOOK_SEED", "7"))), recorded)
    for _ in range(FORGERIES):
        name, sent, right = next(source)
        with contextlib.ExitStack() as stack:
            client = tcp(receiver.address)
            if right is None:  # it sends no more, and does not end
                client.sendall(sent)
                slow.append(client)
                continue
            stack.enter_context(client)
            client.sendall(sent)
            client.shutdown(socket.SHUT_WR)
            answer = b""
            while chunk := client.recv(1 << 16):
                answer += chunk
        status = int(answer[9:12]) if answer else None
        check(status in right or (status is None and not right), f"{name} is answered with {answer!r}")
        statuses[status] = statuses.get(status, 0) + 1
    for client in slow:
        answer = b""
        while chunk := client.recv(1 << 16):
            answer += chunk
        client.close()
        status = int(answer[9:12]) if answer else None
        check(status in (None, 408), f"a slow one is answered with {answer!r}")
        statuses[status] = statuses.get(status, 0) + 1
    check(all(receiver.is_hit(target) for target in targets), "something was purged")
    check_equal(receiver.purges(), purged, "objects purged")
    counts = receiver.counts()
    check_equal([counts.get(name) for name in ("applied", "coarse")],
                [before.get(name) for name in ("applied", "coarse")], f"events applied: {counts}")
    check_equal(receiver.result(event()), "applied", "a genuine one after them")
    warnings = [line for line in receiver.larder.log().splitlines() if "webhooks refused" in line]
    check(len(warnings) <= 3, f"warnings: {len(warnings)}")
    if os.environ.get("LARDER_WEBHOOK_REPORT"):
        print(f"{FORGERIES} forgeries: {sorted(statuses.items(), key=str)}; counted as {counts}")


def test_slow_and_idle_clients_do_not_keep_the_cms_out(stage):
    receiver = Receiver(stage, webhook={"request_timeout": "1s", "max_connections": 8})
    body = json.dumps(event()).encode()
    whole = harness.format_request(PATH, receiver.headers(body), "POST", "x", body)
    slow = [tcp(receiver.address) for _ in range(4)]
    for number, client in enumerate(slow):
        client.sendall(whole[:20 + number * (len(whole) // 5)])
    for client in slow:
        answer = b""
        while chunk := client.recv(1 << 16):
            answer += chunk
        check(answer.startswith(b"HTTP/1.1 408 "), f"a slow one is answered with {answer!r}")
    idle = [tcp(receiver.address) for _ in range(50)]
    for client in idle[:25]:
        client.sendall(whole[:40])
    check_equal(receiver.result(body), "applied", "the CMS, among idle ones")
    for client in slow + idle:
        client.close()


def test_a_burst_beyond_the_bound_of_connections_loses_none(stage):
    receiver = Receiver(stage, webhook={"max_connections": 4})
    for number in range(100):
        stage.sandbox.publish("blog", f"bltaaaa{1111 + number % 20}")
    wait_until(lambda: sum(receiver.sandbox.control("GET", "/webhook")["answers"].values()) == 100,
               lambda: f"all are answered: {receiver.sandbox.control('GET', '/webhook')}")
    told = receiver.sandbox.control("GET", "/webhook")
    check(set(told["answers"]) <= {"200", "202"} and told["failed"] == 0, f"answers: {told}")
    receiver.wait_count("applied", 100)


def test_memory_for_bodies_is_bounded(stage):
    receiver = Receiver(stage, webhook={"max_body": "256KiB", "max_memory": "512KiB"})
    head = (f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            f"Content-Length: {256 << 10}\r\n\r\n").encode()
    waiting = [tcp(receiver.address) for _ in range(8)]
    for client in waiting:
        client.sendall(head + b" " * (200 << 10))
    receiver.wait_count("busy", 6)
    for client in waiting:
        client.close()
    wait_until(lambda: receiver.post(event()).status in (200, 202), "there is room again")
    large = json.dumps(event(padding="x" * (200 << 10))).encode()
    check_equal(receiver.result(large), "applied", "a large genuine one")
    chunked = receiver.headers(large) + [("Transfer-Encoding", "chunked")]
    with Connection(receiver.address) as connection:
        connection.send(harness.format_request(PATH, chunked, "POST", "x"))
        for start in range(0, len(large), 7000):
            piece = large[start:start + 7000]
            connection.send(f"{len(piece):x};a=b\r\n".encode() + piece + b"\r\n")
        connection.send(b"0\r\nTrailer: x\r\n\r\n")
        check_equal(connection.read_response().json()["result"], "duplicate: applied before", "in chunks")


def test_a_reload_changes_the_proofs_and_reads_the_key_again(stage):
    receiver = Receiver(stage)
    body = json.dumps(event()).encode()
    headers = receiver.headers(body)
    key = receiver.key_path.read_text()
    other = (harness.pathlib.Path(__file__).parent.parent / "data" / "webhook" / "public.pem").read_text()
    receiver.key_path.write_text(other)
    check_equal(receiver.larder.reload()["result"], "unchanged", "reload of another key")
    check_equal(receiver.post(body, headers).status, 401, "by the old key")
    receiver.key_path.write_text(other + key)
    receiver.larder.reload()
    check_equal(receiver.result(body, headers), "applied", "by one of two keys")
    receiver.key_path.write_text("nothing")
    check_equal(receiver.larder.reload()["result"], "failed", "reload of no key")
    check_equal(receiver.result(body, headers), "duplicate", "the keys are kept")
    # Without listener the file may be without proofs; the listener stays until a restart.
    receiver.larder.reload(webhook={"listen": [], "public_key_file": ""})
    check_equal(receiver.post(event(), [("Content-Type", "application/json")]).status, 401,
                "without any proof")


class KeyHost:
    """Says `answer` to every request, (status, body), and counts them."""

    def __init__(self, stage, answer, certificate=None):
        self.answer, self.asked = answer, []
        self.scheme = "http" if certificate is None else "https"
        host = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # noqa: N802: the library's name
                host.asked.append(self.path)
                status, body = host.answer
                self.send_response(status)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        stage.stack.callback(self.server.server_close)
        stage.stack.callback(self.server.shutdown)

    def url(self, path="/key", host="127.0.0.1"):
        return f"{self.scheme}://{host}:{self.server.server_port}{path}"


def test_the_public_key_is_fetched_and_again_once_a_minute_at_most(stage):
    key = json.dumps(stage.sandbox.control("GET", "/webhook/key")).encode()
    other = (harness.pathlib.Path(__file__).parent.parent / "data" / "webhook" / "public.pem").read_bytes()
    host = KeyHost(stage, (200, other))
    receiver = Receiver(stage, webhook={"public_key_file": None, "public_key_url": host.url()})
    wait_until(lambda: "fetched the CMS's public key" in receiver.larder.log(), "the key is fetched")
    for _ in range(5):
        check_equal(receiver.post(event()).status, 401, "signed with another key")
    check_equal(host.asked, ["/key"], "what the host was asked")
    for path, answer in (("/redirect", (302, b"")), ("/missing", (404, key)), ("/empty", (200, b"{}")),
                         ("/large", (200, b"x" * (1 << 20)))):
        host.answer = answer
        receiver.larder.reload(webhook={"public_key_url": host.url(path)})
        wait_until(lambda: f"{path}" in receiver.larder.log().rpartition("webhook.public_key_url: ")[2],
                   f"it is said that {path} gives none")
        check_equal(receiver.post(event()).status, 503, f"status without a key, {path}")
    host.answer = (200, key)
    receiver.larder.reload(webhook={"public_key_url": host.url("/new")})
    wait_until(lambda: receiver.post(event()).status in (200, 202), "genuine ones pass with the right key")
    check_equal(host.asked, ["/key", "/redirect", "/missing", "/empty", "/large", "/new"], "what the host was asked")


def test_the_public_key_is_taken_from_no_host_but_the_one_of_the_url(stage):
    key = json.dumps(stage.sandbox.control("GET", "/webhook/key")).encode()
    authority = make_authority(stage.directory, "authority")
    host = KeyHost(stage, (200, key), make_certificate(stage.directory, "authority", "cms", "localhost"))
    # The certificate is of localhost, and of an authority that the system does not know.
    receiver = Receiver(stage, webhook={"public_key_file": None, "public_key_url": host.url(host="localhost")})
    wait_until(lambda: "webhooks get 503" in receiver.larder.log(), "an unknown authority is refused")
    check("webhooks get 503" in receiver.larder.status()["webhook"]["key_trouble"], "the status says so")
    check_equal(receiver.post(event()).status, 503, "status without a key")
    receiver.larder.reload(upstream={"ca_file": str(authority)}, webhook={"public_key_url": host.url()})
    wait_until(lambda: receiver.larder.log().count("webhooks get 503") == 2, "another name is refused")
    receiver.larder.reload(webhook={"public_key_url": host.url("/again", "localhost")})
    wait_until(lambda: receiver.post(event()).status in (200, 202), "the right host gives the key")
    check_equal(receiver.larder.status()["webhook"]["key_trouble"], None, "trouble with the key")
    receiver.larder.reload(webhook={"public_key_url": host.url("/other", "localhost").replace("localhost", "none.invalid")})
    wait_until(lambda: receiver.larder.status()["webhook"]["key_trouble"], "a host that there is not")
    file = stage.directory / "cms.json"
    file.write_bytes(key)
    receiver.larder.reload(webhook={"public_key_url": None, "public_key_file": str(file)})
    check_equal(receiver.larder.status()["webhook"]["key_trouble"], None, "trouble with a key that is not wanted")
    check_equal(host.asked, ["/again"], "requests that got through")


def test_a_host_of_the_key_that_does_not_answer_holds_up_neither_start_nor_end(stage):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        receiver = Receiver(stage, webhook={"public_key_file": None, "public_key_url":
                                            f"http://127.0.0.1:{silent.getsockname()[1]}/key"})
        silent.settimeout(harness.DEADLINE_S)
        connection, _ = silent.accept()
        check_equal(receiver.larder.get(harness.ENTRY, credentials()).status, 200, "larder serves")
        began = time.monotonic()
        receiver.larder.stop()
        took = time.monotonic() - began
        check(took < 5 * harness.TIME_FACTOR, f"the end took {took:.1f} s")
        connection.close()


def test_lost_repeated_and_reordered_events_of_the_sandbox(stage):
    receiver = Receiver(stage)
    receiver.tell_sandbox(lose=2, repeat=1, reverse=3, delay_ms=5)
    for _ in range(8):
        stage.sandbox.publish()
    receiver.wait_sent(12)
    told = receiver.sandbox.control("GET", "/webhook")
    check_equal((told["events"], told["lost"], told["sent"], told["waiting"]), (8, 2, 12, 0), "events")
    counts = receiver.counts()
    check_equal(counts.get("applied", 0) + counts.get("duplicate", 0), 12, "taken")


if __name__ == "__main__":
    harness.main(globals())
