#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A program: a delivery host for each of two stacks and a preview host, which break HTTP at random
(chaotic_answers.py), the same way for the same seed and the same order of connections.

    chaotic_origin.py SEED HISTORY

prints its ports as one line of JSON, writes what each connection did to the file HISTORY, and obeys
the words on its standard input: `chaos SHARE` (the share of bad answers), `good`, `down`. It ends
with its standard input.
"""

import json
import os
import pathlib
import random
import socket
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from chaotic_answers import WAYS, Turn, good  # noqa: E402

IDLE_S = 20
WITHOUT = os.environ.get("LARDER_CHAOS_WITHOUT")
NAMES = [name for name in WAYS if not WITHOUT or WITHOUT not in name]
WEIGHTS = [WAYS[name][0] for name in NAMES]


class State:
    """What all connections share."""

    def __init__(self, seed, history):
        self.seed = seed
        self.share = 0.0
        self.down = False
        self.lock = threading.Lock()
        self.serials = 0
        self.history = history
        self.counts = {}

    def next_serial(self):
        with self.lock:
            self.serials += 1
            return self.serials

    def note(self, serial, text):
        with self.lock:
            self.history.write(f"{serial} {text}\n")

    def count(self, name):
        with self.lock:
            self.counts[name] = self.counts.get(name, 0) + 1


class Connection:
    """One connection of larder's; a thread."""

    def __init__(self, state, host, name, connected):
        self.state = state
        self.host = host
        self.socket = connected
        self.serial = state.next_serial()
        self.random = random.Random(f"{state.seed}/{name}/{self.serial}")
        self.late = ""  # "1" once bytes that nobody asked for went out apart from an answer's
        self.buffer = b""
        connected.settimeout(IDLE_S)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)

    def read_request(self):
        """(target, headers), or None at the end."""
        while b"\r\n\r\n" not in self.buffer:
            data = self.socket.recv(65_536)
            if not data:
                return None
            self.buffer += data
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        fields = (line.partition(":") for line in lines[1:])
        return lines[0].split(" ")[1], {name.lower(): value.strip() for name, _, value in fields}

    def greet(self):
        """Now and then an answer comes before any request."""
        if self.random.random() >= self.state.share * 0.01:
            return
        turn = Turn(self, 0, "/v3/nobody", {})
        turn.behaviour = "an answer before the first request"
        self.state.note(self.serial, turn.behaviour)
        self.state.count(turn.behaviour)
        self.late = "1"
        turn.send(turn.stray())

    def serve(self):
        self.greet()
        number = 0
        while request := self.read_request():
            if self.state.down:
                return
            number += 1
            turn = Turn(self, number, *request)
            act = good
            if self.random.random() < self.state.share:
                turn.behaviour = self.random.choices(NAMES, WEIGHTS)[0]
                act = WAYS[turn.behaviour][1]
            self.state.note(self.serial, f"{number} {turn.behaviour!r} {request[0]} "
                                         f"{turn.who()['scope']} {turn.who()['branch']}")
            self.state.count(turn.behaviour)
            if not act(turn):
                return

    def run(self):
        try:
            self.serve()
            self.state.note(self.serial, "closes")
        except OSError as problem:
            self.state.note(self.serial, f"ends: {problem}")
        finally:
            self.socket.close()


def listen(state, host, name):
    """The port."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)

    def accept():
        while True:
            connected, _ = listener.accept()
            if state.down:
                connected.close()
                continue
            connection = Connection(state, host, name, connected)
            threading.Thread(target=connection.run, daemon=True).start()
    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


def main():
    with open(sys.argv[2], "w", encoding="utf-8", errors="backslashreplace", buffering=1) as history:
        state = State(sys.argv[1], history)
        ports = {name: listen(state, host, name) for name, host in
                 (("A", "delivery"), ("B", "delivery"), ("preview", "preview"))}
        print(json.dumps(ports), flush=True)
        for line in sys.stdin:
            word, *rest = line.split()
            if word == "chaos":
                state.share = float(rest[0])
            elif word == "good":
                state.share = 0.0
            elif word == "down":
                state.down = True
            print(json.dumps(state.counts), flush=True)


if __name__ == "__main__":
    main()
