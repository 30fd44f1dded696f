#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Origins behind a TLS proxy that offers HTTP/2: larder speaks HTTP/1.1 to it on connections that it
keeps, each for one request at a time; previews stream, certificates are checked. nghttpx stands
before the sandbox; its access log says what it was asked by."""

import shutil
import socket
import subprocess
import sys
from pathlib import Path

import harness
from certificates import make_authority, make_certificate
from harness import (DRAFT_MARKER, ENTRY, check, check_equal, credentials, marker, preview_credentials,
                     sized_body, sized_target, sized_uid, wait_until)
from scenario_lib import GZIP, Herd, ask, changes, check_answer, metric, wait_stored

CREDENTIALS = credentials()
MIB = 1 << 20


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_listening(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Proxy:
    """nghttpx, TLS with HTTP/2 and HTTP/1.1 on offer, in front of one of the sandbox's hosts."""

    def __init__(self, stage, name, backend, certificate, key):
        self.log_path = Path(stage.directory) / f"{name}.access"
        host, port = backend.rsplit(":", 1)
        while True:  # it cannot choose a port itself, and the one that was free may be taken
            self.port = free_port()
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "nghttpx", "--conf=/dev/null", "--workers=1",
                 "--no-ocsp", "--accesslog-write-early", f"--frontend=127.0.0.1,{self.port}", f"--backend={host},{port}",
                 f"--accesslog-file={self.log_path}", "--accesslog-format=$remote_port $alpn $request",
                 "--errorlog-file=/dev/null", "--log-level=ERROR", str(key), str(certificate)],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            if wait_until(lambda: is_listening(self.port) or self.process.poll() is not None,
                          "nghttpx listens") and self.process.poll() is None:
                break
        stage.stack.callback(self.stop)

    def stop(self):
        self.process.kill()
        self.process.wait()

    def seen(self):
        """(port of the client, protocol, request line) of each request."""
        lines = self.log_path.read_text().splitlines() if self.log_path.exists() else []
        return [line.split(" ", 2) for line in lines]


def larder_before(stage, host="localhost", **changes):
    folder = Path(stage.directory)
    authority = make_authority(folder, "ca")
    certificate, key = make_certificate(folder, "ca", "origin", host)
    delivery = Proxy(stage, "delivery", stage.sandbox.delivery, certificate, key)
    preview = Proxy(stage, "preview", stage.sandbox.preview, certificate, key)
    upstream = {"allow_plain_http": False, "ca_file": str(authority)} | changes
    larder = stage.larder(stack=None, upstream=upstream,
                          open={"delivery": f"https://localhost:{delivery.port}",
                                "preview": f"https://localhost:{preview.port}"})
    return larder, delivery, preview


def check_protocol(proxy, least):
    wait_until(lambda: len(proxy.seen()) >= least, lambda: f"{least} requests: {proxy.seen()}")
    check_equal({alpn for _, alpn, _ in proxy.seen()}, {"http/1.1"}, "protocols at the origin")


def test_fills_are_stored_and_hit(stage):
    larder, delivery, _ = larder_before(stage)
    for headers in ([], [GZIP]):
        expected = stage.sandbox.get(ENTRY, CREDENTIALS + headers)
        with changes(larder, fills_stored=1, requests__hit=1):
            response = larder.get(ENTRY, CREDENTIALS + headers)
            check_answer(response, 200, expected.decoded)
            wait_stored(larder)
            check_equal(larder.get(ENTRY, CREDENTIALS + headers).body, response.body, "the hit")
    check_protocol(delivery, 2)


def test_many_fills_at_once_have_a_connection_each_and_keep_it(stage):
    larder, delivery, _ = larder_before(stage, max_connections_per_host=10)
    for turn in range(3):
        stage.sandbox.hold("all", host="delivery")
        clients = [larder.connect() for _ in range(10)]
        for number, client in enumerate(clients):
            ask(client, sized_target(20_000, f"m{turn}{number}"), CREDENTIALS)
        stage.sandbox.wait_held("all", 10)
        stage.sandbox.release("all")
        for number, client in enumerate(clients):
            check_answer(client.read_response(), 200,
                         sized_body(20_000, sized_uid(20_000, f"m{turn}{number}")))
            client.close()
    check_protocol(delivery, 30)
    connections = {port for port, _, _ in delivery.seen()}
    check_equal(len(connections), 10, "connections for three times ten requests at once")


def test_a_herd_is_one_request_and_an_unshareable_answer_one_each(stage):
    larder, delivery, _ = larder_before(stage)
    for rule, requests in (({}, 1), ({"headers": {"Cache-Control": "no-store"}}, 20)):
        stage.sandbox.clear_faults()
        stage.sandbox.fault(host="delivery", hold="herd", times=1, **rule)
        stage.sandbox.fault(host="delivery", **rule)
        before = stage.sandbox.counts("delivery")["requests"]
        joined = metric(larder, "fills_joined")
        with Herd(larder, 20, sized_target(9_000, f"h{requests}"), CREDENTIALS) as herd:
            stage.sandbox.wait_held("herd")
            wait_until(lambda: metric(larder, "fills_joined") == joined + 19, "all have joined")
            stage.sandbox.release("herd", keep=True)
            for response in herd.responses():
                check_answer(response, 200, sized_body(9_000, sized_uid(9_000, f"h{requests}")))
        check_equal(stage.sandbox.counts("delivery")["requests"] - before, requests, f"requests, {rule}")
    check_protocol(delivery, 21)


def test_previews_stream(stage):
    larder, _, preview = larder_before(stage)
    draft = f"{DRAFT_MARKER} {marker()} hash=hash123"
    size = 12 * MIB
    stage.sandbox.hold("middle", host="preview", after=64 * 1024)
    with larder.connect() as client:
        ask(client, sized_target(size, "draft"), preview_credentials())
        stage.sandbox.wait_held("middle")
        client.need(20_000, "the beginning of a preview under way")
        stage.sandbox.release("middle")
        response = client.read_response()
        check_answer(response, 200, sized_body(size, sized_uid(size, "draft"), draft), "a preview")
        check_equal(response.header("Cache-Control"), "private, no-store", "Cache-Control of a preview")
    with changes(larder, store_objects=0, previews=2):
        for _ in range(2):
            larder.get(ENTRY, preview_credentials())
    check_protocol(preview, 3)


def test_a_broken_stream_does_not_look_whole_and_the_next_is_well(stage):
    larder, delivery, _ = larder_before(stage)
    rules = ({"reset": 20_000}, {"truncate_after": 20_000}, {"chunked": True, "truncate_after": 20_000})
    for number, rule in enumerate(rules):
        target, whole = sized_target(50_000, f"cut{number}"), sized_body(50_000, sized_uid(50_000, f"cut{number}"))
        stage.sandbox.fault(host="delivery", times=1, **rule)
        requests, stored = stage.sandbox.counts("delivery")["requests"], metric(larder, "fills_stored")
        with larder.connect() as client:
            ask(client, target, CREDENTIALS)
            try:
                response = client.read_response()
            except (harness.Failure, ConnectionResetError):
                response = None
        # Where the reset overtakes the head, nghttpx asks the sandbox again, and gets all of it.
        if stage.sandbox.counts("delivery")["requests"] - requests > 1:
            check_answer(response, 200, whole, f"an answer after {rule}")
        else:
            check(response is None or response.status >= 500, f"{rule} looks whole")
            check_equal(metric(larder, "fills_stored"), stored, f"fills stored after {rule}")
        check_answer(larder.get(target, CREDENTIALS), 200, whole)
    check_protocol(delivery, 4)


def test_a_certificate_for_another_name_is_refused(stage):
    larder, delivery, preview = larder_before(stage, host="elsewhere.test")
    check_equal(larder.get(ENTRY, CREDENTIALS).status, 502, "status of a fill")
    check_equal(larder.get(ENTRY, preview_credentials()).status, 502, "status of a preview")
    check_equal((delivery.seen(), preview.seen()), ([], []), "requests at the wrong origin")


if __name__ == "__main__":
    if shutil.which("nghttpx") is None:
        print("skipped: there is no nghttpx (package nghttp2-proxy)")
        sys.exit(77)
    harness.main(globals())
