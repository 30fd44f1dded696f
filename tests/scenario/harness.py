# SPDX-License-Identifier: Apache-2.0
"""What scenarios share: the sandbox origin, larderd, an HTTP client that keeps every byte, and a
runner that shows all of it when a test fails.

A scenario is a file of functions `test_*(stage)` and ends in `harness.main(globals())`. The
programs come from the environment: LARDERD, LARDERCTL, LARDER_SANDBOX. Tests wait for conditions
with `wait_until`, never for a time.
"""

import collections
import contextlib
import gzip
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback

# A sanitizer's build is slower: deadlines are longer, nothing else changes.
TIME_FACTOR = 5 if os.environ.get("LARDER_SANITIZE") else 1
DEADLINE_S = 10 * TIME_FACTOR

DRAFT_MARKER = "DRAFT-MARKER-7f3a"

# The stacks of the sandbox. `scopes`: (environment, delivery tokens, preview tokens).
Stack = collections.namedtuple("Stack", "letter api_key scopes")
STACK_A = Stack("A", "blt0123456789abcdef", [
    ("production", ["cs0123456789abcdef01234567", "cs1123456789abcdef01234567"],
     ["csprev0123456789abcdef0123"]),
    ("staging", ["cs2123456789abcdef01234567"], ["csprev2123456789abcdef0123"]),
])
STACK_B = Stack("B", "bltfedcba9876543210", [
    ("production", ["cs3123456789abcdef01234567"], ["csprev3123456789abcdef0123"]),
    ("staging", ["cs4123456789abcdef01234567"], ["csprev4123456789abcdef0123"]),
])
STACKS = [STACK_A, STACK_B]
BRANCHES = ["main", "develop", "release"]
ALIASES = ["live"]  # of main
MANAGEMENT_TOKEN = "cs_mgmt"
SECRETS = [MANAGEMENT_TOKEN] + [token for stack in STACKS for _, delivery, preview in stack.scopes
                                for token in delivery + preview]

ENTRY = "/v3/content_types/blog/entries/bltaaaa1111?environment=production"


class Failure(AssertionError):
    """A condition that did not come true."""


def check(condition, what):
    """`what`: a text, or a function that gives it."""
    if not condition:
        raise Failure(what() if callable(what) else what)


def check_equal(got, expected, what):
    if got == expected:
        return
    if isinstance(got, (bytes, str)) and isinstance(expected, type(got)) and len(got) > 200:
        at = next((index for index, (a, b) in enumerate(zip(got, expected)) if a != b),
                  min(len(got), len(expected)))
        what += f": {len(got)} against {len(expected)} bytes, different from {at} on"
        start = max(0, at - 40)
        got, expected = got[start:start + 400], expected[start:start + 400]
    raise Failure(f"{what}\n  got:      {shorten(got)}\n  expected: {shorten(expected)}")


def shorten(value, limit=2000):
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= limit else f"{text[:limit]}... ({len(text)} characters)"


def wait_until(predicate, what, timeout_s=DEADLINE_S):
    """The first true value of `predicate()`; fails with `what` at the deadline."""
    deadline = time.monotonic() + timeout_s
    pause = 0.001
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failure(f"not within {timeout_s} s: {what() if callable(what) else what}")
        time.sleep(pause)
        pause = min(pause * 2, 0.05)


# --- Content of the sandbox ------------------------------------------------------------------------

def marker(stack="A", environment="production", branch="main"):
    """Part of every title and every body of that scope."""
    return f"{stack}/{environment}/{branch}"


def sized_uid(size, name="x"):
    return f"s{size}_{name}"


def sized_target(size, name="x"):
    return f"/v3/content_types/sized/entries/{sized_uid(size, name)}?environment=production"


def sized_body(size, uid, scope_marker=marker(), version=1):
    """The bytes of a sized entry: see tests/sandbox/sized.h for the rule."""
    head = f'{{"entry":{{"uid":"{uid}","_marker":"{scope_marker}","_version":{version},"fill":"'
    tail = '"}}'
    if len(head) + len(tail) > size:
        return b"{" + b" " * (size - 2) + b"}"
    fill = size - len(head) - len(tail)
    rest = (uid * (55 // len(uid) + 1))[:55]
    blocks = "".join(f"{index:08x}:{rest}" for index in range(fill // 64 + 1))
    return (head + blocks[:fill] + tail).encode()


def credentials(stack=STACK_A, environment="production", branch=None, token=0):
    """Headers of a delivery request."""
    delivery = next(tokens for name, tokens, _ in stack.scopes if name == environment)
    headers = [("api_key", stack.api_key), ("access_token", delivery[token])]
    return headers + ([("branch", branch)] if branch else [])


def preview_credentials(stack=STACK_A, environment="production", branch=None, hash_="hash123"):
    preview = next(tokens for name, _, tokens in stack.scopes if name == environment)
    headers = [("api_key", stack.api_key), ("preview_token", preview[0]), ("live_preview", hash_)]
    return headers + ([("branch", branch)] if branch else [])


# --- HTTP, byte by byte ----------------------------------------------------------------------------

class Response:
    """As received. `body` is without chunk framing but still in its content coding."""

    def __init__(self, status, reason, headers, body, raw_head):
        self.status = status
        self.reason = reason
        self.headers = headers  # (name, value) in wire order
        self.body = body
        self.raw_head = raw_head
        self.trailing_close = False  # the end of the connection was the end of the body

    def header(self, name):
        """The first value, or None."""
        values = self.header_values(name)
        return values[0] if values else None

    def header_values(self, name):
        return [value for other, value in self.headers if other.lower() == name.lower()]

    @property
    def decoded(self):
        if self.header("Content-Encoding") == "gzip":
            return gzip.decompress(self.body)
        return self.body

    def json(self):
        return json.loads(self.decoded)

    def __repr__(self):
        return f"<{self.status} {self.headers} {shorten(self.body[:300])}>"


def format_request(target, headers=(), method="GET", host="127.0.0.1", body=None):
    """Bytes of a request; Host first unless `headers` has one."""
    lines = [f"{method} {target} HTTP/1.1"]
    if not any(name.lower() == "host" for name, _ in headers):
        lines.append(f"Host: {host}")
    lines += [f"{name}: {value}" for name, value in headers]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape") + (body or b"")


class Connection:
    """A client's connection. Reads exactly one response at a time; what follows stays buffered."""

    def __init__(self, address, transcript=None, timeout_s=DEADLINE_S, receive_buffer=None):
        self.address = address
        self.socket = self._connect(address, timeout_s, receive_buffer)
        self.buffer = bytearray()
        self.transcript = transcript

    @staticmethod
    def _connect(address, timeout_s, receive_buffer):
        if address.startswith("unix:"):
            connected = socket.socket(socket.AF_UNIX)
            connected.settimeout(timeout_s)
            connected.connect(address.removeprefix("unix:"))
            return connected
        host, port = address.rsplit(":", 1)
        connected = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        connected.settimeout(timeout_s)
        if receive_buffer is not None:  # small: the kernel takes little in advance
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connected.connect((host.strip("[]"), int(port)))
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connected

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def reset(self):
        """Closes by RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()

    def send(self, data):
        if self.transcript is not None:
            self.transcript.add(self.address, ">>", data)
        self.socket.sendall(data)

    def receive(self):
        """Some more bytes into the buffer; False at the end of the stream."""
        try:
            data = self.socket.recv(1 << 18)
        except TimeoutError:
            raise Failure(f"{self.address} sends nothing; so far {self.shown()}") from None
        if self.transcript is not None:
            self.transcript.add(self.address, "<<", data or b"(closed)")
        self.buffer += data
        return bool(data)

    def shown(self):
        return shorten(bytes(self.buffer[:2000]))

    def need(self, size, what):
        while len(self.buffer) < size:
            if not self.receive():
                raise Failure(f"{self.address} closed within {what}: has {len(self.buffer)} of "
                              f"{size} bytes: {self.shown()}")

    def take(self, size, what="a body"):
        self.need(size, what)
        data = bytes(self.buffer[:size])
        del self.buffer[:size]
        return data

    def take_until(self, end, what):
        """The bytes before `end`, which goes too."""
        while end not in self.buffer:
            self.need(len(self.buffer) + 1, what)
        data = self.take(self.buffer.index(end))
        del self.buffer[:len(end)]
        return data

    def read_head(self):
        """(status, reason, headers, raw bytes) of the next response."""
        raw = self.take_until(b"\r\n\r\n", "a response head")
        lines = raw.decode("utf-8", "surrogateescape").split("\r\n")
        match = re.fullmatch(r"HTTP/1\.[01] (\d{3}) ?(.*)", lines[0])
        check(match, f"no status line: {lines[0]!r}")
        headers = []
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            check(colon, f"no header line: {line!r}")
            headers.append((name, value.strip()))
        return int(match[1]), match[2], headers, raw

    def read_response(self, method="GET"):
        status, reason, headers, raw = self.read_head()
        response = Response(status, reason, headers, b"", raw)
        if method == "HEAD" or status in (204, 304) or status < 200:
            return response
        if (response.header("Transfer-Encoding") or "").lower() == "chunked":
            response.body = self.read_chunked()
        elif response.header("Content-Length") is not None:
            response.body = self.take(int(response.header("Content-Length")))
        else:
            response.body = self.read_to_end()
            response.trailing_close = True
        return response

    def read_chunked(self):
        pieces = []
        while True:
            size = int(self.take_until(b"\r\n", "a chunk size").split(b";")[0], 16)
            data = self.take(size + 2, "a chunk")
            check(data.endswith(b"\r\n"), f"no line end after a chunk: {data[-10:]!r}")
            if size == 0:
                return b"".join(pieces)
            pieces.append(data[:-2])

    def read_to_end(self):
        """Everything until the other side closes."""
        while self.receive():
            pass
        return self.take(len(self.buffer))

    def is_closed_by_peer(self):
        """True at the end of the stream; False while nothing comes."""
        try:
            return not self.receive()
        except (Failure, ConnectionResetError) as problem:
            return isinstance(problem, ConnectionResetError)

    def request(self, target, headers=(), method="GET", body=None):
        self.send(format_request(target, headers, method, self.address, body))
        return self.read_response(method)


class Transcript:
    """The last exchanges, for the report of a failure."""

    KEPT = 24
    SHOWN_BYTES = 1500

    def __init__(self):
        self.lines = collections.deque(maxlen=self.KEPT)

    def add(self, address, direction, data):
        shown = data[:self.SHOWN_BYTES].decode("utf-8", "backslashreplace")
        more = f"... ({len(data)} bytes)" if len(data) > self.SHOWN_BYTES else ""
        self.lines.append(f"{direction} {address}\n{shown}{more}")

    def text(self):
        return "\n".join(self.lines) or "(nothing)"


# --- Programs --------------------------------------------------------------------------------------

def program(variable):
    path = os.environ.get(variable)
    if not path or not os.access(path, os.X_OK):
        raise SystemExit(f"{variable} must name a program: {path!r}")
    return path


def end_process(process, signal_number=signal.SIGTERM, timeout_s=DEADLINE_S * 2):
    """Exit status, negative = by signal."""
    if process.poll() is None:
        process.send_signal(signal_number)
    try:
        return process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise Failure(f"did not end within {timeout_s} s of {signal_number}") from None


class Sandbox:
    """The origin, and its control server (tests/sandbox/control.cc)."""

    def __init__(self, directory, transcript):
        self.transcript = transcript
        self.stderr_path = pathlib.Path(directory) / "sandbox.stderr"
        with open(self.stderr_path, "wb") as stderr:
            self.process = subprocess.Popen([program("LARDER_SANDBOX"), "--die-with-parent"],
                                            stdout=subprocess.PIPE, stderr=stderr)
        line = self.process.stdout.readline()
        check(line, lambda: f"larder-sandbox did not start: {self.stderr_path.read_text()}")
        ports = json.loads(line)
        self.delivery, self.preview, self.control_address = (
            f"127.0.0.1:{ports[name]}" for name in ("delivery", "preview", "control"))

    def stop(self):
        status = end_process(self.process)
        check(status == 0, lambda: f"larder-sandbox ended with {status}: "
                                   f"{self.stderr_path.read_text()[-4000:]}")

    def get(self, target, headers=(), host="delivery", method="GET"):
        """Asks the origin directly."""
        with Connection(getattr(self, host), self.transcript) as connection:
            return connection.request(target, headers, method)

    def control(self, method, path, order=None):
        body = None if order is None else json.dumps(order).encode()
        with Connection(self.control_address) as connection:
            response = connection.request(path, (), method, body)
        check(response.status == 200, f"{method} {path} {order}: {response.body.decode()}")
        return response.json()

    def counts(self, host=None):
        counts = self.control("GET", "/counts")
        return counts[host] if host else counts

    def seen(self):
        """(requests at the delivery host, requests at the preview host)."""
        counts = self.counts()
        return counts["delivery"]["requests"], counts["preview"]["requests"]

    def requests(self, host=None):
        """The last requests: {"number", "host", "method", "target", "headers"}."""
        return [request for request in self.control("GET", "/requests")["requests"]
                if host in (None, request["host"])]

    def reset(self):
        self.control("POST", "/reset")

    def publish(self, ct="blog", uid="bltaaaa1111", **order):
        return self.control("POST", "/publish", {"ct": ct, "uid": uid, **order})

    def unpublish(self, ct="blog", uid="bltaaaa1111", **order):
        return self.control("POST", "/unpublish", {"ct": ct, "uid": uid, **order})

    def delete(self, ct="blog", uid="bltaaaa1111", **order):
        return self.control("POST", "/delete", {"ct": ct, "uid": uid, **order})

    def edit_schema(self, ct="blog", **order):
        return self.control("POST", "/schema", {"ct": ct, **order})

    def forget_sync(self):
        """The Sync API knows none of its tokens any more."""
        self.control("POST", "/forget_sync")

    def trouble_sync(self, **how):
        """What goes wrong with sync items from here on (tests/sandbox/event_log.h)."""
        self.control("POST", "/sync", how)

    def set_edge(self, lag_s=0, cache_buster=True, tells_age=True):
        """How the CDN in front behaves (tests/sandbox/edge.h)."""
        self.control("POST", "/edge", {"lag_ms": int(lag_s * 1000), "cache_buster": cache_buster,
                                       "tells_age": tells_age})

    def assign_alias(self, alias, branch, stack="A"):
        self.control("POST", "/alias", {"stack": stack, "alias": alias, "branch": branch})

    def list_newest_first(self):
        """Lists without a wish show what was edited last first, instead of what was first published."""
        self.control("POST", "/list_order", {"newest_first": True})

    def fault(self, **rule):
        """Adds a rule (tests/sandbox/faults.h) and gives its id."""
        return self.control("POST", "/fault", rule)["id"]

    def clear_faults(self):
        self.control("DELETE", "/faults")

    def remove_fault(self, number):
        self.control("DELETE", f"/faults/{number}")

    def fault_hits(self, number):
        faults = self.control("GET", "/faults")["faults"]
        return next(fault["hits"] for fault in faults if fault["id"] == number)

    def hold(self, name, **rule):
        """Requests that match wait at the barrier until it is released."""
        return self.control("POST", "/hold", {"name": name, **rule})["id"]

    def held(self, name=""):
        return self.control("GET", f"/held?name={name}")["held"]

    def wait_held(self, name, count=1):
        wait_until(lambda: self.held(name) >= count,
                   lambda: f"{count} requests at barrier {name}; there are {self.held(name)}")

    def release(self, name, **how):
        return self.control("POST", "/release", {"name": name, **how})["released"]

    def down(self, host="delivery", reset=False):
        self.control("POST", "/down", {"host": host, "reset": reset})

    def up(self, host="delivery"):
        self.control("POST", "/up", {"host": host})

    def describe(self):
        lines = [f"{request['number']} {request['host']} {request['method']} "
                 f"{shorten(request['target'], 300)} {request['headers']}"
                 for request in self.requests()[-8:]]
        return "\n".join(lines) or "(no requests)"


# --- larderd ---------------------------------------------------------------------------------------

def toml_value(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, str)):
        return json.dumps(value)
    if isinstance(value, list):
        return "[" + ", ".join(toml_value(item) for item in value) + "]"
    raise TypeError(f"no TOML for {value!r}")


def to_toml(table, path=""):
    """Scalars first, then tables, then arrays of tables, as TOML wants it."""
    lines, tables = [], []
    for key, value in table.items():
        full = f"{path}.{key}" if path else key
        if isinstance(value, dict):
            tables.append(f"\n[{full}]\n{to_toml(value, full)}")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            tables += [f"\n[[{full}]]\n{to_toml(item, full)}" for item in value]
        else:
            lines.append(f"{key} = {toml_value(value)}")
    return "\n".join(lines + tables) + "\n"


def merge(base, changes):
    """`base` with `changes` laid over it; None takes a key out."""
    merged = dict(base)
    for key, value in changes.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = merge(merged[key], value)
        else:
            merged[key] = value
    return merged


def stack_config(stack, sandbox):
    return {"api_key": stack.api_key,
            "delivery": f"http://{sandbox.delivery}", "preview": f"http://{sandbox.preview}",
            "scope": [{"environment": environment, "branches": BRANCHES, "aliases": ALIASES,
                       "delivery_tokens": delivery, "preview_tokens": preview}
                      for environment, delivery, preview in stack.scopes]}


class Larder:
    """larderd with a store of its own; the store outlives restarts."""

    def __init__(self, directory, sandbox, transcript, **changes):
        self.directory = pathlib.Path(directory)
        self.transcript = transcript
        self.cache_directory = self.directory / "cache"
        self.socket_path = self.directory / "admin.sock"
        self.config_path = self.directory / "larder.toml"
        self.ready_path = self.directory / "ready.json"
        self.log_path = self.directory / "larderd.log"
        self.config = merge({
            "listener": [{"address": "127.0.0.1:0"},
                         {"address": "127.0.0.1:0", "role": "preview"}],
            "admin": {"socket": str(self.socket_path), "metrics": ["127.0.0.1:0"]},
            "server": {"workers": 2},
            "cache": {"path": str(self.cache_directory), "size": "64MiB"},
            "upstream": {"allow_plain_http": True, "allow_private_addresses": True},
            "stack": [stack_config(stack, sandbox) for stack in STACKS],
        }, changes)
        self.process = None
        self.ready = None

    def configure(self, **changes):
        """Takes effect with the next start or reload."""
        self.config = merge(self.config, changes)

    def write_config(self):
        self.config_path.write_text(to_toml(self.config))
        self.config_path.chmod(0o600)

    def reload(self, text=None, **changes):
        """By SIGHUP, with `text` as the file or else the configuration with `changes`. Returns once
        it is in force everywhere: the status's `last_reload`."""
        self.configure(**changes)
        self.write_config()
        if text is not None:
            self.config_path.write_text(text)
        before = self.status()["settings"]["last_reload"]
        self.process.send_signal(signal.SIGHUP)

        def settled():
            after = self.status()["settings"]["last_reload"]
            return after if after != before else None
        return wait_until(settled, "larderd tells what a reload came to")

    def status(self):
        code, output = self.ctl("status")
        check(code == 0, f"larderctl status ended with {code}: {output}")
        return json.loads(output)

    def start(self, wait=True, command_prefix=(), environment=None, pass_fds=(), stdout=None,
              stderr=None):
        """`stdout`, `stderr`: descriptors in the place of the log's file."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self.write_config()
        self.ready_path.unlink(missing_ok=True)
        # Should this process be killed, larderd goes with it.
        command = ["setpriv", "--pdeathsig", "KILL", *command_prefix, program("LARDERD"), "--config",
                   str(self.config_path), "--ready-file", str(self.ready_path)]
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                            stdout=log if stdout is None else stdout,
                                            stderr=log if stderr is None else stderr,
                                            env=environment, pass_fds=pass_fds)
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self):
        def read():
            check(self.process.poll() is None,
                  lambda: f"larderd ended with {self.process.returncode} at its start")
            try:
                return json.loads(self.ready_path.read_text())
            except (FileNotFoundError, json.JSONDecodeError):
                return None
        self.ready = wait_until(read, "larderd is ready")

    def stop(self):
        """By SIGTERM; larderd must end well."""
        status = end_process(self.process)
        check(status == 0, f"larderd ended with {status}")

    def kill(self):
        """kill -9."""
        self.process.kill()
        self.process.wait()

    def restart(self):
        self.stop()
        return self.start()

    @property
    def address(self):
        return self._listener("delivery")

    @property
    def preview_address(self):
        return self._listener("preview")

    def _listener(self, role):
        return next(item["address"] for item in self.ready["listeners"] if item["role"] == role)

    @property
    def metrics_address(self):
        return next(item["address"] for item in self.ready["admin"]
                    if not item["address"].startswith("unix:"))

    def connect(self, role="delivery", receive_buffer=None):
        return Connection(self._listener(role), self.transcript, receive_buffer=receive_buffer)

    def get(self, target, headers=(), role="delivery", method="GET"):
        """On a connection of its own."""
        with self.connect(role) as connection:
            return connection.request(target, headers, method)

    def metrics(self):
        """{'name{label="value"}': number}"""
        with Connection(self.metrics_address) as connection:
            response = connection.request("/metrics")
        check(response.status == 200, f"/metrics answers {response}")
        values = {}
        for line in response.decoded.decode().splitlines():
            if line and not line.startswith("#"):
                name, _, value = line.rpartition(" ")
                values[name] = float(value)
        return values

    def ctl(self, *arguments):
        """(exit status, output) of larderctl."""
        result = subprocess.run([program("LARDERCTL"), "--socket", str(self.socket_path),
                                 *arguments], text=True, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, timeout=DEADLINE_S, check=False)
        return result.returncode, result.stdout

    def log(self):
        return self.log_path.read_text(errors="backslashreplace") if self.log_path.exists() else ""

    def files(self):
        """Everything on disk but the configuration: (path, bytes)."""
        for path in sorted(self.directory.rglob("*")):
            if path.is_file() and path != self.config_path:
                yield path, path.read_bytes()

    def check_nothing_on_disk(self, texts):
        for path, data in self.files():
            for text in texts:
                check(text.encode() not in data, f"{path.relative_to(self.directory)} holds {text}")


# --- Running ---------------------------------------------------------------------------------------

class Stage:
    """What one test has: everything that it started ends with it."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.transcript = Transcript()
        self.stack = contextlib.ExitStack()
        self.larders = []
        self._sandbox = None

    @property
    def sandbox(self):
        if self._sandbox is None:
            self._sandbox = Sandbox(self.directory, self.transcript)
            self.stack.callback(self._sandbox.stop)
        return self._sandbox

    def larder(self, start=True, **changes):
        """A larderd in front of the sandbox. `changes` are laid over the configuration."""
        directory = self.directory / f"larder{len(self.larders)}"
        directory.mkdir()
        larder = Larder(directory, self.sandbox, self.transcript, **changes)
        self.larders.append(larder)
        self.stack.callback(self._end, larder)
        return larder.start() if start else larder

    @staticmethod
    def _end(larder):
        if larder.process is not None and larder.process.poll() is None:
            larder.stop()

    def describe(self):
        parts = [f"--- the last bytes on the wire\n{self.transcript.text()}"]
        if self._sandbox is not None:
            with contextlib.suppress(OSError, Failure):
                parts.append(f"--- the last requests at the origin\n{self._sandbox.describe()}")
            parts.append(f"--- larder-sandbox\n{self._sandbox.stderr_path.read_text()[-4000:]}")
        for larder in self.larders:
            parts.append(f"--- {larder.config_path}\n{to_toml(larder.config)}")
            parts.append(f"--- log of larderd\n{larder.log()[-8000:]}")
        return "\n".join(parts)


def run_test(name, test):
    """None, or the report of the failure."""
    with tempfile.TemporaryDirectory(prefix="larder-test-") as directory:
        stage = Stage(directory)
        report = None
        try:
            test(stage)
        except Exception:  # noqa: BLE001: whatever it was, it is the test's failure
            report = f"{traceback.format_exc()}\n{stage.describe()}"
        try:
            stage.stack.close()
        except Exception:  # noqa: BLE001
            report = report or f"{traceback.format_exc()}\n{stage.describe()}"
        return report


def main(namespace):
    """Runs the tests of a file, or those named as arguments."""
    tests = {name: value for name, value in namespace.items()
             if name.startswith("test_") and callable(value)}
    chosen = sys.argv[1:] or list(tests)
    failed = 0
    for name in chosen:
        started = time.monotonic()
        report = run_test(name, tests[name])
        verdict = "FAILED" if report else "passed"
        print(f"{verdict}  {name}  ({time.monotonic() - started:.2f} s)", flush=True)
        if report:
            failed += 1
            print(report, flush=True)
    print(f"{len(chosen) - failed} passed, {failed} failed")
    sys.exit(1 if failed or not chosen else 0)
