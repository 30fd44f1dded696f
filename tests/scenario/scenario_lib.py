# SPDX-License-Identifier: Apache-2.0
"""Shared by the scenarios about caching: herds of clients, answers that may break off, counters."""

import contextlib
import os
import signal
import socket
import threading
import time

import harness
from harness import check, check_equal, wait_until

SANITIZED = bool(os.environ.get("LARDER_SANITIZE"))
COUNTED_WITHIN_S = harness.TIME_FACTOR
GZIP = ("Accept-Encoding", "gzip")


def scaled(count, sanitized_count):
    """`count`, or the smaller number for a sanitizer's build."""
    return sanitized_count if SANITIZED else count


def entry_target(uid="bltaaaa1111", environment="production", more=""):
    return f"/v3/content_types/blog/entries/{uid}?environment={environment}{more}"


def origin_requests(stage):
    """Requests that the delivery host has seen."""
    return stage.sandbox.counts("delivery")["requests"]


@contextlib.contextmanager
def costs(stage, delivery=0, preview=0, what=""):
    """Checks how many requests the block sends to each origin."""
    before = stage.sandbox.seen()
    yield
    after = stage.sandbox.seen()
    check_equal(tuple(b - a for a, b in zip(before, after)), (delivery, preview),
                f"requests at (delivery, preview) host {what}")


@contextlib.contextmanager
def changes(larder, what="", **expected):
    """Checks by how much metrics grow in the block: `larder_` and `_total` are added to names."""
    before = larder.metrics()
    yield

    def growths():
        after = larder.metrics()
        names = {name: metric_name(name, after) for name in expected}
        return {name: after[names[name]] - before[names[name]] for name in expected}
    # An answer may be read before it is counted.
    deadline = time.monotonic() + COUNTED_WITHIN_S
    while growths() != expected and time.monotonic() < deadline:
        time.sleep(0.005)
    check_equal(growths(), expected, f"growth of metrics {what}")


def metric_name(name, metrics):
    """`requests__hit` is larder_requests_total{outcome="hit"}: the family and one label's value."""
    family, _, label = name.partition("__")
    for metric in metrics:
        base, _, labels = metric.partition("{")
        if base in (f"larder_{family}", f"larder_{family}_total") and (
                labels.endswith(f'="{label}"}}') if label else not labels):
            return metric
    raise harness.Failure(f"no metric {name} among {sorted(metrics)}")


def metric(larder, name):
    metrics = larder.metrics()
    return metrics[metric_name(name, metrics)]


def wait_metric(larder, name, value):
    """Until the metric is `value` or more."""
    wait_until(lambda: metric(larder, name) >= value,
               lambda: f"{name} reaches {value}; it is {metric(larder, name)}")


def healthz(address):
    with harness.Connection(address) as connection:
        response = connection.request("/healthz")
    return response.status, response.body


def begin_to_stop(larder, number=signal.SIGTERM):
    """Returns once larderd drains; something must be under way that it waits for."""
    larder.process.send_signal(number)
    wait_until(lambda: healthz(larder.metrics_address) == (503, b"draining\n"), "larderd drains")


def wait_stored(larder, count=1):
    """Until all that was handed to the store is committed, and `count` objects are there."""
    def settled():
        metrics = larder.metrics()
        return (metrics["larder_fills_active"] == 0 and metrics["larder_store_pending_bytes"] == 0
                and metrics["larder_store_objects"] >= count)
    wait_until(settled, lambda: f"{count} objects are committed: {larder.metrics()}")


def cache_status(response):
    return response.header("Cache-Status") or ""


def check_answer(response, status, body=None, what="an answer"):
    check_equal(response.status, status, f"status of {what}: {response}")
    if body is not None:
        check_equal(response.decoded, body, f"body of {what}")


def ask_until(larder, target, headers, arrived, meanwhile, what):
    """Asks again and again until an answer has `arrived`, and gives it. Every other answer on the way
    must be as `meanwhile` says; both are functions of a response. Each is on a connection of its own."""
    def step():
        response = larder.get(target, headers)
        if arrived(response):
            return response
        check(meanwhile(response), lambda: f"wrong answer before {what}: {response}")
        return None
    return wait_until(step, what)


def is_fresh_hit(response):
    """Not one of what is stale or purged: that has a ttl below 0."""
    status = cache_status(response)
    return response.status == 200 and "larder; hit; ttl" in status and "ttl=-" not in status


def check_api_error(response, status, what):
    """An error in the API's own shape, with a sentence in it."""
    check_equal(response.status, status, f"status of {what}: {response}")
    body = response.json()
    check_equal(sorted(body), ["error_code", "error_message", "errors"], f"keys of {what}")
    check(len(body["error_message"]) > 10, f"{what} says nothing: {body}")


class Herd:
    """Clients that ask at once, each on a connection of its own."""

    def __init__(self, larder, size, target, headers=(), role="delivery", method="GET"):
        self.method = method
        self.connections = [larder.connect(role) for _ in range(size)]
        for connection in self.connections:
            connection.send(harness.format_request(target, headers, method, connection.address))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for connection in self.connections:
            connection.close()

    def responses(self):
        return [connection.read_response(self.method) for connection in self.connections]


def ask(connection, target, headers=(), method="GET"):
    """Sends without waiting for the answer."""
    connection.send(harness.format_request(target, headers, method, connection.address))


class Cut(Exception):
    """The answer broke off; `body` holds what came of it, `status` is None without a head."""

    def __init__(self, why, status=None, body=b""):
        super().__init__(why)
        self.status = status
        self.body = body


def read_or_cut(connection, method="GET"):
    """The next response; raises Cut when its framing says that something is missing."""
    status = None
    try:
        status = peek_status(connection)
        return connection.read_response(method)
    except ConnectionResetError as problem:
        raise Cut(f"reset: {problem}", status, bytes(connection.buffer)) from None
    except harness.Failure as problem:
        if "closed within" not in str(problem):
            raise
        raise Cut(str(problem), status, bytes(connection.buffer)) from None


def peek_status(connection):
    """Status of the next response, which stays in the buffer."""
    connection.need(12, "a status line")
    return int(connection.buffer[9:12])


def read_body_prefix(connection, size):
    """`size` bytes of a body that goes on: (head fields, bytes). Reads Content-Length or chunks."""
    status, _, headers, _ = connection.read_head()
    check_equal(status, 200, "status")
    fields = {name.lower(): value for name, value in headers}
    if fields.get("transfer-encoding") != "chunked":
        return fields, connection.take(size, "the first bytes of a body")
    got = b""
    while len(got) < size:
        length = int(connection.take_until(b"\r\n", "a chunk size"), 16)
        got += connection.take(length, "a chunk")
        connection.take(2, "the end of a chunk")
    check_equal(len(got), size, "bytes in whole chunks")
    return fields, got


def read_body_rest(connection, fields, size):
    if fields.get("transfer-encoding") == "chunked":
        return connection.read_chunked()
    return connection.take(size, "the rest of a body")


def is_closed(connection):
    """The peer has closed, by FIN or RST, after all that it sent."""
    try:
        return not connection.receive()
    except ConnectionResetError:
        return True


class Background:
    """Threads of a test; the first exception in one is raised at the end of the block."""

    def __init__(self):
        self.threads = []
        self.problems = []
        self.stopping = threading.Event()

    def start(self, function, *arguments):
        def run():
            try:
                function(*arguments)
            except Exception as problem:  # noqa: BLE001: raised again in __exit__
                self.problems.append(problem)
                self.stopping.set()
        thread = threading.Thread(target=run, daemon=True)
        self.threads.append(thread)
        thread.start()
        return thread

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join(harness.DEADLINE_S * 3)
            check(not thread.is_alive() or kind, "a thread of the test does not end")
        if self.problems and kind is None:
            raise self.problems[0]


def tcp(address, timeout_s=harness.DEADLINE_S):
    """A bare socket to HOST:PORT."""
    host, port = address.rsplit(":", 1)
    return socket.create_connection((host.strip("[]"), int(port)), timeout=timeout_s)
