# SPDX-License-Identifier: Apache-2.0
"""An origin of which a test has each connection in hand: when it is forgotten, ended or ignored."""

import ctypes
import socket
import struct
import threading
import time

import harness

SO_ATTACH_FILTER = 26


def forget(endpoint):
    """From here on the kernel drops every packet for this socket without a word, as a firewall does
    that has lost the connection: nothing of them is acknowledged, and no reset tells of it."""
    instruction = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))  # "return 0 bytes"
    program = struct.pack("@HP", 1, ctypes.addressof(instruction))
    endpoint.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)


class BareOrigin:
    """HTTP/1.1 with kept connections, a thread for each. `answer(target)` gives a body, or None to end
    the connection without a byte; it may block."""

    def __init__(self, stage, answer=lambda target: b'{"entry":{"uid":"a"}}', host="127.0.0.1", port=0,
                 context=None):
        self.answer = answer
        self.context = context
        self.listener = socket.create_server((host, port), backlog=128)
        self.port = self.listener.getsockname()[1]
        self.address = f"{host}:{self.port}"
        self.lock = threading.Lock()
        self.connections = []  # all that were accepted
        self.ended = []        # (connection, when) as the peer ended it
        self.targets = []
        threading.Thread(target=self.accept, daemon=True).start()
        stage.stack.callback(self.stop)

    def stop(self):
        with self.lock:
            for endpoint in [self.listener, *self.connections]:
                endpoint.close()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                self.connections.append(connection)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            if self.context is not None:
                connection = self.context.wrap_socket(connection, server_side=True)
            buffer = b""
            while True:
                while b"\r\n\r\n" not in buffer:
                    data = connection.recv(65536)
                    if not data:
                        with self.lock:
                            self.ended.append((connection, time.monotonic()))
                        return
                    buffer += data
                head, _, buffer = buffer.partition(b"\r\n\r\n")
                target = head.split(b" ")[1].decode()
                with self.lock:
                    self.targets.append(target)
                body = self.answer(target)
                if body is None:
                    connection.shutdown(socket.SHUT_RDWR)
                    return
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                                   b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        except OSError:
            pass

    def forget_all(self):
        with self.lock:
            for connection in self.connections:
                forget(connection)

    def count(self):
        """(connections that were made, requests)"""
        with self.lock:
            return len(self.connections), len(self.targets)


def larder_before(stage, base, **changes):
    """A larder in open mode with `base` for both hosts."""
    return stage.larder(stack=None, open={"delivery": base, "preview": base, "miss_rate": 10_000}, **changes)


def target(name):
    return f"/v3/content_types/blog/entries/{name}?environment=production"


CREDENTIALS = harness.credentials()
