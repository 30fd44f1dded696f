#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An origin's outage is not larder's: who has a stale object gets it at once, who has not is told at
once, previews go on, and the origin is tried once a second at most until it answers again.

LARDER_OUTAGE_SECONDS=60 gives figures worth reading (default 3; see outage_load.py)."""

import collections
import pathlib
import signal
import socket
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import harness
from bare_origin import BareOrigin, forget
from certificates import make_authority, make_certificate
from harness import Sandbox, check, check_equal
from name_lookup_test import Names
from outage_load import CREDENTIALS, FOR_ERRORS, STRICT, Outage, target, warm
from scenario_lib import Background, check_answer, metric, origin_requests

SO_DETACH_FILTER = 27


def live_through_fault(stage, what, **fault):
    Outage(stage.larder(ttl=FOR_ERRORS), what, lambda: stage.sandbox.fault(host="delivery", **fault),
           stage.sandbox.clear_faults, lambda: origin_requests(stage)).live_through()


def test_an_origin_that_accepts_and_never_answers(stage):
    live_through_fault(stage, "hung", stall="head")


def test_an_origin_that_resets(stage):
    live_through_fault(stage, "reset", reset=True)


def test_an_origin_that_answers_500(stage):
    live_through_fault(stage, "500", status=500)


def test_an_origin_that_answers_in_html(stage):
    live_through_fault(stage, "HTML 200", body="<html>sorry</html>", headers={"Content-Type": "text/html"})


def tries_of(larder):
    """As larder counts them, where the origin sees nothing."""
    return lambda: metric(larder, "fills") + metric(larder, "fills_retried")


def test_an_origin_that_takes_no_connection(stage):
    larder = stage.larder(ttl=FOR_ERRORS)
    Outage(larder, "refused", lambda: stage.sandbox.down("delivery", reset=True),
           lambda: stage.sandbox.up("delivery"), tries_of(larder)).live_through()


def test_an_origin_that_is_stopped(stage):
    folder = pathlib.Path(stage.directory) / "other"
    folder.mkdir()
    other = Sandbox(folder, stage.transcript)
    stage.stack.callback(other.stop)
    stage.stack.callback(other.process.send_signal, signal.SIGCONT)
    stacks = [harness.stack_config(stack, stage.sandbox) | {"delivery": f"http://{other.delivery}"}
              for stack in harness.STACKS]
    larder = stage.larder(ttl=FOR_ERRORS, stack=stacks)
    Outage(larder, "SIGSTOP", lambda: other.process.send_signal(signal.SIGSTOP),
           lambda: other.process.send_signal(signal.SIGCONT), tries_of(larder)).live_through()


def larder_of(stage, delivery, **changes):
    """In open mode, before an origin that is not the sandbox."""
    upstream = changes.pop("upstream", {})
    return stage.larder(ttl=FOR_ERRORS, stack=None, upstream=upstream,
                        open={"miss_rate": 0, "delivery": delivery, "preview": f"http://{stage.sandbox.preview}"},
                        **changes)


def test_an_origin_behind_a_wall_that_drops_every_packet(stage):
    origin = BareOrigin(stage)
    larder = larder_of(stage, f"http://{origin.address}")

    def drop():
        forget(origin.listener)
        origin.forget_all()
    Outage(larder, "blackhole", drop, lambda: origin.listener.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0),
           tries_of(larder)).live_through()


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
    """`certificate` may change under way. `plain`: what is sent instead of TLS, if anything."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, certificate):
        super().__init__(("127.0.0.1", 0), Entries)
        self.certificate, self.plain = certificate, b""
        self.accepted, self.open = 0, []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def finish_request(self, request, client_address):
        self.accepted += 1
        if self.plain:
            request.sendall(self.plain)
            return
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.certificate)
        with context.wrap_socket(request, server_side=True) as wrapped:
            self.open.append(wrapped)
            super().finish_request(wrapped, client_address)

    def handle_error(self, *_):
        pass

    def end_connections(self):
        for connection in self.open:
            try:
                connection.shutdown(2)
            except OSError:
                pass


def tls_outage(stage, what, begin, end):
    """`begin` and `end` change a TlsOrigin, of which there is a good and an expired certificate."""
    folder = pathlib.Path(stage.directory)
    make_authority(folder, "ca")
    good = make_certificate(folder, "ca", "good", "localhost")
    expired = make_certificate(folder, "ca", "expired", "localhost", days=-1)
    origin = TlsOrigin(good)
    stage.stack.callback(origin.shutdown)
    larder = larder_of(stage, f"https://localhost:{origin.server_address[1]}", upstream={"ca_file": str(folder / "ca.pem")})

    def begin_and_end_connections():
        begin(origin, expired)
        origin.end_connections()
    Outage(larder, what, begin_and_end_connections, lambda: end(origin, good), lambda: origin.accepted).live_through()
    check(any("larder_host_failures_total" in name and 'cause="tls"' in name and value >= 5
              for name, value in larder.metrics().items()), "counted as TLS")
    return larder


def test_an_origin_whose_tls_fails(stage):
    def begin(origin, _):
        origin.plain = b"no TLS here\r\n"

    def end(origin, _):
        origin.plain = b""
    tls_outage(stage, "no TLS", begin, end)


def test_an_origin_whose_certificate_expires(stage):
    def change(origin, certificate):
        origin.certificate = certificate
    larder = tls_outage(stage, "expired", change, change)
    check("certificate has expired" in larder.log(), "the log says why")


def test_an_origin_whose_name_is_not_found(stage):
    origin = BareOrigin(stage)
    names = Names(stage, "127.0.0.1")
    # Without an idle connection, and without a last good address after the restart.
    larder = larder_of(stage, f"http://origin.test:{origin.port}", start=False, upstream={"dns_cache": "1s"})
    larder.start(environment=names.environment())
    warm(larder)
    larder.stop()
    names.say("fail")
    larder.start(environment=names.environment())
    Outage(larder, "DNS", lambda: None, lambda: names.say("127.0.0.1"), tries_of(larder)).live_through(is_warm=True)


def test_a_name_server_that_fails_is_no_outage_where_an_address_is_known(stage):
    origin = BareOrigin(stage)
    names = Names(stage, "127.0.0.1")
    larder = larder_of(stage, f"http://origin.test:{origin.port}", start=False,
                       upstream={"dns_cache": "1s", "idle_connection": "0ms"})
    larder.start(environment=names.environment())
    warm(larder)
    names.say("fail")
    for number in range(20):
        check_answer(larder.get(target(number, "cold"), CREDENTIALS), 200, what="a cold key")
    check_equal(metric(larder, "transfers_failed__delivery"), 0, "failed transfers")


# --- A limit of requests ---------------------------------------------------------------------------

class Limited(Entries):
    """50 requests a second, as a bucket of 50 tokens; above it 429 and Retry-After: 5. Answers take
    LATENCY_S, for those that are on their way when the first is refused are refused as well."""

    LATENCY_S = 0.02
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
        if self.limits:
            time.sleep(self.LATENCY_S)
        if not refuse:
            return super().do_GET()
        self.send_response(429)
        self.send_header("Retry-After", "5")
        self.send_header("Content-Length", "0")
        self.end_headers()
        return None


def ask_all(larder, name, count, over_s, statuses):
    """Evenly, on connections of their own: an answer that takes its time holds up no other request."""
    def ask(number):
        statuses[name, larder.get(target(number, name), CREDENTIALS).status] += 1
    with ThreadPoolExecutor(16) as clients:
        began = time.monotonic()
        for number in range(count):
            pause = began + over_s * number / count - time.monotonic()
            if pause > 0:
                time.sleep(pause)
            clients.submit(ask, number)


def test_a_rate_limited_origin_refuses_few_and_no_stale_client_sees_it(stage):
    count, over_s = 500, 10.0
    origin = ThreadingHTTPServer(("127.0.0.1", 0), Limited)
    origin.daemon_threads = True
    stage.stack.callback(origin.shutdown)
    threading.Thread(target=origin.serve_forever, daemon=True).start()
    larder = larder_of(stage, f"http://127.0.0.1:{origin.server_address[1]}")
    warm(larder, count)
    Limited.limits = True
    statuses = collections.Counter()
    with Background() as background:
        for name in ("warm", "cold"):
            background.start(ask_all, larder, name, count, over_s, statuses)
        for thread in background.threads:
            thread.join()
    received = Limited.served + Limited.refused
    print(f"429: the origin got {received} requests and refused {Limited.refused}; {dict(statuses)}", flush=True)
    check_equal([key for key in statuses if key[0] == "warm"], [("warm", 200)], "statuses of stale keys")
    check_equal({key[1] for key in statuses if key[0] == "cold"} - {200, 429, 503}, set(), "statuses of cold keys")
    check_equal(sum(statuses.values()), 2 * count, "answers")
    check(Limited.refused >= 1, "the limit was never reached")
    # Where the machine is busy, more is on its way when the first is refused.
    check(Limited.refused <= (0.02 if STRICT else 0.04) * received, f"{Limited.refused} of {received} were refused")


if __name__ == "__main__":
    harness.main(globals())
