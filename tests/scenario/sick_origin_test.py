#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A sick origin is not larder's outage: who has a stale object gets it at once, who has not is told at
once, and the origin is asked once a second at most until it answers again.

LARDER_SICK_SECONDS: how long each origin stays sick; 60 for figures worth reading."""

import collections
import os
import pathlib
import signal
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import harness
from certificates import make_authority, make_certificate
from harness import Sandbox, check, check_equal, wait_until
from scenario_lib import Herd, cache_status, check_answer, metric, origin_requests, wait_metric, wait_stored

SICK_S = float(os.environ.get("LARDER_SICK_SECONDS", "6"))
KEYS = 50
CLIENTS = 4
CREDENTIALS = harness.credentials()
FOR_ERRORS = {"entry": {"fresh": "1s", "stale_while_revalidate": "0s", "stale_if_error": "1h"}}
ENTRY = "/v3/content_types/blog/entries/bltaaaa1111?environment=production"

Seen = collections.namedtuple("Seen", "at_s took_s status cache_status")


def target(number, name="warm"):
    return harness.sized_target(400, f"{name}{number}")


def host_state(larder, use="delivery"):
    unknown = {"state": "closed", "opened": 0}  # the board shows a host a moment after its first transfer
    return next((host for host in larder.status()["hosts"] if host["for"] == use), unknown)


class Load:
    """Clients that ask for the warm keys, one after the other, until the block ends."""

    def __init__(self, larder):
        self.larder = larder
        self.seen = []
        self.problems = []
        self.ends = threading.Event()
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(CLIENTS)]

    def __enter__(self):
        self.began = time.monotonic()
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ends.set()
        for thread in self.threads:
            thread.join()

    def run(self):
        try:
            while not self.ends.is_set():
                # A connection for each round: larder ends one after server.max_requests_per_connection.
                with harness.Connection(self.larder.address, timeout_s=60) as client:
                    for number in range(KEYS):
                        self.ask(client, number)
                        self.ends.wait(0.002)  # a share of the CPU for larder
        except Exception as problem:  # noqa: BLE001: told by the test
            self.problems.append(repr(problem))

    def ask(self, client, number):
        began = time.monotonic()
        response = client.request(target(number), CREDENTIALS)
        ended = time.monotonic()
        self.seen.append(Seen(began - self.began, ended - began, response.status, cache_status(response)))

    def between(self, first_s, last_s):
        return [seen for seen in self.seen if first_s <= seen.at_s < last_s]


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def warm(larder):
    for number in range(KEYS):
        check_answer(larder.get(target(number), CREDENTIALS), 200)
    wait_stored(larder, KEYS)
    stored = time.monotonic()
    wait_until(lambda: time.monotonic() > stored + 1.2, "all of it is stale")


def live_through(larder, what, make_sick, make_well, has_preview=True):
    """`make_sick` and `make_well` are functions that change the delivery host."""
    warm(larder)
    make_sick()
    with Load(larder) as load:
        wait_until(lambda: host_state(larder)["state"] != "closed", lambda: f"{what}: open: {host_state(larder)}")
        opened_s = time.monotonic() - load.began
        asked_before, since = metric(larder, "fills"), time.monotonic()
        colds = []
        while time.monotonic() < since + SICK_S:
            began = time.monotonic()
            cold = larder.get(target(len(colds), "cold"), CREDENTIALS)
            colds.append(time.monotonic() - began)
            check_equal(cold.status, 503, f"{what}: a cold key: {cold}")
            check(int(cold.header("Retry-After") or 0) >= 1, f"{what}: it says when to retry: {cold}")
            check("host-open" in cache_status(cold), f"{what}: and why: {cold}")
            if has_preview:
                check_answer(larder.get(ENTRY, harness.preview_credentials()), 200, what=f"{what}: a preview")
            load.ends.wait(0.2)
        asked = metric(larder, "fills") - asked_before
        for_s = time.monotonic() - since
        sick = load.between(max(opened_s, 2.0), opened_s + for_s)
        make_well()
        returned = time.monotonic()
        wait_until(lambda: host_state(larder)["state"] == "closed", f"{what}: closed again", 30)
        wait_until(lambda: larder.get(target(0, "returned"), CREDENTIALS).status == 200, f"{what}: a cold key")
        well_s = time.monotonic() - returned
    check_equal(load.problems, [], f"{what}: clients")
    check_equal({seen.status for seen in load.seen}, {200}, f"{what}: statuses of warm keys")
    took = [seen.took_s for seen in sick]
    p99 = percentile(took, 0.99)
    print(f"{what}: open after {opened_s:.1f} s; {len(took)} stale answers, p50 {percentile(took, 0.5) * 1e3:.1f} ms, "
          f"p99 {p99 * 1e3:.1f} ms; {asked:.0f} attempts in {for_s:.1f} s; a cold key's 503 p50 "
          f"{percentile(colds, 0.5) * 1e3:.1f} ms, most {max(colds) * 1e3:.1f} ms; well {well_s:.1f} s after the return",
          flush=True)
    check(p99 <= 0.2 * harness.TIME_FACTOR, f"{what}: p99 of stale answers is {p99} s")
    check(asked <= for_s + 1, f"{what}: {asked} attempts in {for_s} s")
    check(percentile(colds, 0.5) <= 0.2 * harness.TIME_FACTOR, f"{what}: cold keys wait: {colds}")
    check(well_s <= 6 * harness.TIME_FACTOR, f"{what}: normal {well_s} s after the return")


def live_through_fault(stage, what, **fault):
    live_through(stage.larder(ttl=FOR_ERRORS), what, lambda: stage.sandbox.fault(host="delivery", **fault),
                 stage.sandbox.clear_faults)


def test_an_origin_that_accepts_and_never_answers(stage):
    live_through_fault(stage, "hung", stall="head")


def test_an_origin_that_resets(stage):
    live_through_fault(stage, "reset", reset=True)


def test_an_origin_that_answers_500(stage):
    live_through_fault(stage, "500", status=500)


def test_an_origin_that_answers_in_html(stage):
    live_through_fault(stage, "HTML 200", body="<html>sorry</html>", headers={"Content-Type": "text/html"})


def test_an_origin_that_takes_no_connection(stage):
    live_through(stage.larder(ttl=FOR_ERRORS), "down", lambda: stage.sandbox.down("delivery", reset=True),
                 lambda: stage.sandbox.up("delivery"))


def test_an_origin_that_is_stopped(stage):
    folder = pathlib.Path(stage.directory) / "other"
    folder.mkdir()
    other = Sandbox(folder, stage.transcript)
    stage.stack.callback(other.stop)
    stage.stack.callback(other.process.send_signal, signal.SIGCONT)
    stacks = [harness.stack_config(stack, stage.sandbox) | {"delivery": f"http://{other.delivery}"}
              for stack in harness.STACKS]
    live_through(stage.larder(ttl=FOR_ERRORS, stack=stacks), "SIGSTOP",
                 lambda: other.process.send_signal(signal.SIGSTOP), lambda: other.process.send_signal(signal.SIGCONT))


class Entries(BaseHTTPRequestHandler):
    """Answers everything alike."""

    protocol_version = "HTTP/1.1"
    wbufsize = 65_536  # head and body in one piece: else the second waits for an acknowledgement

    def do_GET(self):
        body = b'{"entry":{"uid":"blt1"}}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class TlsOrigin(ThreadingHTTPServer):
    """`sick`: it says nothing that is TLS, and ends the connections that it has."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, certificate, key):
        super().__init__(("127.0.0.1", 0), Entries)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        self.sick = False
        self.open = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def finish_request(self, request, client_address):
        if self.sick:
            request.sendall(b"no TLS here\r\n")
            return
        with self.context.wrap_socket(request, server_side=True) as wrapped:
            self.open.append(wrapped)
            super().finish_request(wrapped, client_address)

    def handle_error(self, *_):
        pass

    def become_sick(self):
        self.sick = True
        for connection in self.open:
            try:
                connection.shutdown(2)
            except OSError:
                pass


def test_an_origin_whose_tls_fails(stage):
    folder = pathlib.Path(stage.directory)
    make_authority(folder, "ca")
    origin = TlsOrigin(*make_certificate(folder, "ca", "origin", "localhost"))
    stage.stack.callback(origin.shutdown)
    larder = stage.larder(ttl=FOR_ERRORS, stack=None, upstream={"ca_file": str(folder / "ca.pem")},
                          open={"miss_rate": 0, "delivery": f"https://localhost:{origin.server_address[1]}",
                                "preview": f"http://{stage.sandbox.preview}"})

    def make_well():
        origin.sick = False
    live_through(larder, "TLS", origin.become_sick, make_well)
    check("larder_host_failures_total" in "".join(name for name, value in larder.metrics().items()
                                                  if 'cause="tls"' in name and value >= 5), "counted as TLS")


# --- Merely slow -----------------------------------------------------------------------------------

def test_who_waits_for_a_slow_origin_gets_the_stale_answer_and_the_fetch_goes_on(stage):
    larder = stage.larder(ttl=FOR_ERRORS, upstream={"stale_after": "500ms", "silence_to_open": "1h"})
    warm(larder)
    stage.sandbox.hold("slow", host="delivery")
    began = time.monotonic()
    response = larder.get(target(1), CREDENTIALS)
    took = time.monotonic() - began
    check_answer(response, 200)
    check("stale-if-error" in cache_status(response), f"a stale answer: {response}")
    check(0.4 < took < 5, f"it took {took} s")
    # By now the host is known to be slow: the next one does not wait at all, and asks for nothing more.
    before = origin_requests(stage)
    began = time.monotonic()
    check_answer(larder.get(target(1), CREDENTIALS), 200)
    check(time.monotonic() - began < 0.4, f"the second one waits: {time.monotonic() - began} s")
    check_equal(origin_requests(stage), before, "requests at the origin")
    stage.sandbox.release("slow")
    wait_until(lambda: "larder; hit; ttl=" in cache_status(larder.get(target(1), CREDENTIALS)),
               "the fetch went on and was stored")
    check_equal(host_state(larder)["opened"], 0, "a slow host that answers is not open")


# --- Held by 429 and Retry-After --------------------------------------------------------------------

def check_held(stage, status):
    larder = stage.larder(ttl=FOR_ERRORS)
    warm(larder)
    rule = stage.sandbox.fault(host="delivery", status=status, headers={"Retry-After": "30"}, hold="herd")
    joined = metric(larder, "fills_joined")
    with Herd(larder, 20, target(0, "cold"), CREDENTIALS) as herd:
        stage.sandbox.wait_held("herd")
        wait_metric(larder, "fills_joined", joined + 19)
        before = origin_requests(stage)
        stage.sandbox.release("herd", keep=True)
        for response in herd.responses():
            check_equal(response.status, status, f"the status that each of the herd is told: {response}")
            check_equal(response.header("Retry-After"), "30", "when each is told to come again")
    check_equal(origin_requests(stage), before, "requests at the origin: nobody tries again")
    for number in range(1, 41):
        response = larder.get(target(number, "cold"), CREDENTIALS)
        check_equal(response.status, 503, f"another cold key: {response}")
        check(20 <= int(response.header("Retry-After")) <= 30, f"Retry-After: {response}")
        check("rate-limited" in cache_status(response), f"Cache-Status: {response}")
        check_answer(larder.get(target(number % KEYS), CREDENTIALS), 200, what="a stale key")
    check_equal(origin_requests(stage), before, "requests at the origin while it is held")
    stage.sandbox.remove_fault(rule)


def test_a_429_holds_the_host_and_everyone_is_told_when_to_retry(stage):
    check_held(stage, 429)


def test_a_503_with_retry_after_holds_the_host_and_everyone_is_told(stage):
    check_held(stage, 503)


def test_the_operator_bounds_a_hold(stage):
    larder = stage.larder(upstream={"max_hold": "1s"})
    stage.sandbox.fault(host="delivery", status=429, headers={"Retry-After": "86400"}, times=1)
    check_equal(larder.get(target(1), CREDENTIALS).status, 429, "status")

    def over():
        response = larder.get(target(1), CREDENTIALS)
        check(response.status == 200 or response.header("Retry-After") == "1", f"held for a second: {response}")
        return response.status == 200
    wait_until(over, "the hold is over")


class Limited(Entries):
    """50 requests a second, as a bucket of 50 tokens; above it 429 and Retry-After: 5."""

    limits = False
    lock = threading.Lock()
    tokens, filled = 50.0, 0.0
    served = refused = 0

    def do_GET(self):
        with self.lock:
            now = time.monotonic()
            cls = type(self)
            cls.tokens, cls.filled = min(50.0, cls.tokens + 50 * (now - cls.filled)), now
            refuse = cls.limits and cls.tokens < 1
            if cls.limits:
                cls.tokens -= 0 if refuse else 1
                cls.served, cls.refused = cls.served + (not refuse), cls.refused + refuse
        if not refuse:
            return super().do_GET()
        self.send_response(429)
        self.send_header("Retry-After", "5")
        self.send_header("Content-Length", "0")
        self.end_headers()
        return None


def test_a_rate_limited_origin_refuses_few_and_no_stale_client_sees_it(stage):
    count, over_s = 500, 10.0
    origin = ThreadingHTTPServer(("127.0.0.1", 0), Limited)
    origin.daemon_threads = True
    stage.stack.callback(origin.shutdown)
    threading.Thread(target=origin.serve_forever, daemon=True).start()
    larder = stage.larder(ttl=FOR_ERRORS, stack=None,
                          open={"miss_rate": 0, "delivery": f"http://127.0.0.1:{origin.server_address[1]}",
                                "preview": f"http://{stage.sandbox.preview}"})
    with larder.connect() as client:
        for number in range(count):
            check_answer(client.request(target(number), CREDENTIALS), 200)
    wait_stored(larder, count)
    stored = time.monotonic()
    wait_until(lambda: time.monotonic() > stored + 1.2, "all of it is stale")
    Limited.limits = True
    statuses = collections.Counter()

    def ask_all(name):
        with harness.Connection(larder.address, timeout_s=60) as client:
            began = time.monotonic()
            for number in range(count):
                statuses[name, client.request(target(number, name), CREDENTIALS).status] += 1
                pause = began + over_s * (number + 1) / count - time.monotonic()
                if pause > 0:
                    threading.Event().wait(pause)
    threads = [threading.Thread(target=ask_all, args=(name,)) for name in ("warm", "cold")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    received = Limited.served + Limited.refused
    print(f"429: the origin got {received} requests and refused {Limited.refused}; {dict(statuses)}", flush=True)
    check_equal([key for key in statuses if key[0] == "warm"], [("warm", 200)], "statuses of stale keys")
    check_equal({key[1] for key in statuses if key[0] == "cold"} - {200, 429, 503}, set(), "statuses of cold keys")
    check(Limited.refused <= max(2, 0.02 * received), f"{Limited.refused} of {received} were refused")


# --- Words -----------------------------------------------------------------------------------------

def test_failures_and_recovery_are_said_once_counted_and_shown(stage):
    larder = stage.larder()
    stage.sandbox.down("delivery")
    for number in range(12):
        response = larder.get(target(number), CREDENTIALS)
        expected = (502, "fwd=miss; detail=connect") if number < 5 else (503, "detail=host-open")
        check_equal(response.status, expected[0], f"status {number}: {response}")
        check_equal(cache_status(response), f"larder; {expected[1]}", f"Cache-Status {number}")
        check(response.header("Retry-After") or number < 5, f"Retry-After: {response}")
    wait_until(lambda: host_state(larder)["state"] != "closed", "the status shows it")
    shown = host_state(larder)
    check(shown["failures_by"]["connect"] >= 5, f"failures by cause: {shown}")
    labels = f'host="http://{stage.sandbox.delivery}",for="delivery"'
    check_equal(larder.metrics()[f"larder_host_up{{{labels}}}"], 0, "larder_host_up")
    check(larder.metrics()[f'larder_host_failures_total{{{labels},cause="connect"}}'] >= 5, "counted by cause")
    stage.sandbox.up("delivery")
    wait_until(lambda: larder.get(target(0), CREDENTIALS).status == 200, "it answers again")
    wait_until(lambda: host_state(larder)["state"] == "closed", "the status shows that too")
    check_equal(larder.metrics()[f"larder_host_up{{{labels}}}"], 1, "larder_host_up")
    lines = [line for line in larder.log().splitlines() if f"origin http://{stage.sandbox.delivery}" in line]
    check_equal(len(lines), 2, f"lines about the host: {lines}")
    check("warning" in lines[0] and "firewall" in lines[0], f"the first line: {lines[0]}")
    check("info" in lines[1] and "answers again after" in lines[1], f"the second line: {lines[1]}")


def test_a_failing_preview_host_is_said_and_leaves_deliveries_alone(stage):
    larder = stage.larder()
    stage.sandbox.down("preview")
    for number in range(8):
        response = larder.get(ENTRY, harness.preview_credentials())
        expected = (502, "fwd=bypass; detail=connect") if number < 5 else (503, "detail=host-open")
        check_equal((response.status, cache_status(response)), (expected[0], f"larder; {expected[1]}"), f"preview {number}")
    check_answer(larder.get(target(1), CREDENTIALS), 200, what="a delivery")
    wait_until(lambda: host_state(larder, "preview")["state"] != "closed", "the status shows it")
    lines = [line for line in larder.log().splitlines() if "warning preview: origin" in line]
    check_equal(len(lines), 1, f"lines: {lines}")


def test_a_name_that_has_no_address_is_said(stage):
    larder = stage.larder(stack=None, open={"delivery": "https://larder.invalid", "preview": "https://larder.invalid"})
    response = larder.get(ENTRY, CREDENTIALS)
    # Without any name server the look-up may take until connect_timeout.
    check((response.status, cache_status(response)) in ((502, "larder; fwd=miss; detail=dns"),
                                                        (504, "larder; fwd=miss; detail=timeout")), f"{response}")
    wait_until(lambda: "warning upstream: origin https://larder.invalid" in larder.log(), "it is said")


def test_what_can_never_be_stored_is_said_once(stage):
    larder = stage.larder()
    stage.sandbox.fault(host="delivery", headers={"Set-Cookie": "session=1"})
    for number in range(25):
        check_answer(larder.get(target(number), CREDENTIALS), 200)
    wait_until(lambda: "is stored" in larder.log(), "it is said")
    lines = [line for line in larder.log().splitlines() if "nothing of host" in line]
    check_equal(len(lines), 1, f"lines: {lines}")
    check("warning" in lines[0] and lines[0].endswith("Set-Cookie"), f"the line: {lines[0]}")


if __name__ == "__main__":
    harness.main(globals())
