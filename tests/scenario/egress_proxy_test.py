#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Origins behind a proxy: by CONNECT over http or https, or by SOCKS 5, with credentials from a secret;
what the environment says of proxies is not followed."""

import base64
import os
import socket
import ssl
import threading
from pathlib import Path

from bare_origin import CREDENTIALS, BareOrigin, target
from certificates import make_authority, make_certificate
import harness
from harness import check, check_equal, wait_until
from scenario_lib import check_answer

BODY = b'{"entry":{"uid":"a"}}'
USER, PASSWORD = "larder", "pass-word:7f3a"


def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def read_until(connection, end):
    buffer = b""
    while end not in buffer:
        data = connection.recv(1)  # what is behind belongs to the tunnel
        if not data:
            raise OSError("closed")
        buffer += data
    return buffer


def read_exactly(connection, size):
    buffer = b""
    while len(buffer) < size:
        data = connection.recv(size - len(buffer))
        if not data:
            raise OSError("closed")
        buffer += data
    return buffer


class Proxy:
    """Leads every tunnel to `origin`, whatever name it was asked for."""

    def __init__(self, stage, kind, origin, context=None):
        self.kind, self.origin, self.context = kind, origin, context
        self.tunnels, self.refused = [], 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"{kind}://localhost:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()
        stage.stack.callback(self.listener.close)

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            if self.context is not None:
                connection = self.context.wrap_socket(connection, server_side=True)
            goal = self.greet_socks(connection) if self.kind == "socks5h" else self.greet_connect(connection)
            if goal is None:
                self.refused += 1
                return connection.close()
            self.tunnels.append(goal)
            onward = socket.create_connection(self.origin)
            threading.Thread(target=pump, args=(onward, connection), daemon=True).start()
            pump(connection, onward)
        except OSError:
            pass

    def greet_connect(self, connection):
        head = read_until(connection, b"\r\n\r\n").decode()
        word = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if f"Proxy-Authorization: Basic {word}\r\n" not in head:
            connection.sendall(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")
            return None
        connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
        return head.split(" ")[1]

    def greet_socks(self, connection):
        methods = read_exactly(connection, read_exactly(connection, 2)[1])
        if 2 not in methods:
            connection.sendall(b"\5\xff")
            return None
        connection.sendall(b"\5\2")
        user = read_exactly(connection, read_exactly(connection, 2)[1])
        password = read_exactly(connection, read_exactly(connection, 1)[0])
        right = (user.decode(), password.decode()) == (USER, PASSWORD)
        connection.sendall(b"\1\0" if right else b"\1\1")
        if not right:
            return None
        kind = read_exactly(connection, 4)[3]
        name = read_exactly(connection, read_exactly(connection, 1)[0]).decode()
        port = int.from_bytes(read_exactly(connection, 2), "big")
        check_equal(kind, 3, "kind of a SOCKS address: the proxy looks up the name")
        connection.sendall(b"\5\0\0\1\0\0\0\0\0\0")
        return f"{name}:{port}"


def server_context(folder, name, host):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*make_certificate(folder, "ca", name, host))
    return context


def larder_behind(stage, proxy, base, credentials=f"{USER}:{PASSWORD}", environment=None, **upstream):
    settings = {"proxy": {"url": proxy, "credentials": credentials}} if proxy else {}
    larder = stage.larder(start=False, stack=None, open={"delivery": base, "preview": base},
                          upstream=settings | {"allow_private_addresses": proxy is None} | upstream)
    return larder.start(environment=environment)


def test_every_kind_of_proxy_leads_to_origins_of_both_kinds(stage):
    folder = Path(stage.directory)
    authority = make_authority(folder, "ca")
    origins = {"http": BareOrigin(stage),
               "https": BareOrigin(stage, context=server_context(folder, "origin", "cdn.test"))}
    for kind in ("http", "https", "socks5h"):
        for scheme, origin in origins.items():
            context = server_context(folder, "proxy", "localhost") if kind == "https" else None
            proxy = Proxy(stage, kind, ("127.0.0.1", origin.port), context)
            # Nobody but the proxy knows the name; and its own address is private.
            larder = larder_behind(stage, proxy.url, f"{scheme}://cdn.test:8443", ca_file=str(authority))
            before = origin.count()
            for number in range(3):
                name = target(f"{kind}{scheme}{number}")
                check_answer(larder.get(name, CREDENTIALS), 200, BODY, f"{scheme} by way of {kind}")
                check(name in origin.targets, f"the origin got {origin.targets}")
            made = origin.count()[0] - before[0]
            # Each request has a tunnel of its own: behind a proxy nothing proves whose answer comes.
            check_equal((made, proxy.tunnels, proxy.refused), (3, ["cdn.test:8443"] * 3, 0),
                        f"connections and tunnels of {kind} to {scheme}")
            larder.stop()


def test_credentials_are_needed_and_told_to_nobody(stage):
    origin = BareOrigin(stage)
    for kind in ("http", "socks5h"):
        proxy = Proxy(stage, kind, ("127.0.0.1", origin.port))
        larder = larder_behind(stage, proxy.url, "http://cdn.test", credentials="larder:wrong-7f3a",
                               environment=None)
        response = larder.get(target("one"), CREDENTIALS)
        check_equal(response.status, 502, f"status without the right password, {kind}")
        check("proxy" in response.decoded.decode(), f"what is told: {response}")
        wait_until(lambda: proxy.refused > 0, "the proxy has refused")
        check(not proxy.tunnels, "the proxy made a tunnel")
        for text in (larder.log(), larder.ctl("status")[1], response.decoded.decode()):
            check("wrong-7f3a" not in text, f"the password is told: {text}")
    check_equal(origin.count(), (0, 0), "connections and requests at the origin")


def test_proxies_of_the_environment_are_not_followed_and_that_is_said(stage):
    origin = BareOrigin(stage)
    proxy = Proxy(stage, "http", ("127.0.0.1", 9))
    variables = {name: "http://u:secret-7f3a@" + proxy.url.removeprefix("http://")
                 for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "http_proxy")}
    larder = larder_behind(stage, None, f"http://{origin.address}", environment=dict(os.environ, **variables))
    check_answer(larder.get(target("one"), CREDENTIALS), 200, BODY)
    check_equal((proxy.tunnels, proxy.refused), ([], 0), "what the proxy was asked")
    check_equal(larder.log().count("is set, but not followed"), 1, "lines about it")
    check("secret-7f3a" not in larder.log(), "the log tells the variable's password")


if __name__ == "__main__":
    harness.main(globals())
