# SPDX-License-Identifier: Apache-2.0
"""What systemd does for a service's sockets: it hands over those that listen (LISTEN_FDS), and keeps
those that the service gives it (FDSTORE=1 on NOTIFY_SOCKET)."""

import array
import contextlib
import os
import random
import shutil
import socket
import sys
import threading

# argv: names, how many, the descriptors, then the command.
HAND_OVER = """
import fcntl, os, sys
count = int(sys.argv[2])
copies = [fcntl.fcntl(int(number), fcntl.F_DUPFD_CLOEXEC, 100) for number in sys.argv[3:3 + count]]
for number in sys.argv[3:3 + count]:
    os.close(int(number))
for place, copy in enumerate(copies, 3):
    os.dup2(copy, place)
os.environ.update(LISTEN_FDS=str(count), LISTEN_PID=str(os.getpid()), LISTEN_FDNAMES=sys.argv[1])
os.execvp(sys.argv[3 + count], sys.argv[3 + count:])
"""


def hand_over(sockets, through=()):
    """Arguments of Larder.start(). `sockets`: (name, socket) of each; `through`: a program between, as
    systemd-socket-activate."""
    if not sockets:
        return {}
    numbers = [opened.fileno() for _, opened in sockets]
    return {"command_prefix": [sys.executable, "-c", HAND_OVER, ":".join(name for name, _ in sockets),
                               str(len(numbers)), *map(str, numbers), *through],
            "pass_fds": numbers}


def socket_activate():
    """systemd-socket-activate, or None where it is not installed."""
    return shutil.which("systemd-socket-activate")


def listening(address="127.0.0.1", port=0):
    """A TCP socket as a socket unit makes it, and HOST:PORT."""
    opened = socket.create_server((address, port), backlog=1024)
    return opened, f"{address}:{opened.getsockname()[1]}"


def is_taken(port):
    try:
        with socket.create_server(("127.0.0.1", port)):
            return False
    except OSError:
        return True


def free_port():
    """One that the kernel does not choose for others (net.ipv4.ip_local_port_range)."""
    while True:
        port = random.randrange(20_000, 32_000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


class SocketStore:
    """Keeps what a service stores, as a unit with FileDescriptorStoreMax= does."""

    def __init__(self, directory):
        self.path = f"{directory}/notify.sock"
        self.receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.receiver.bind(self.path)
        self.sockets = []  # (name, socket)
        self.removed = []
        threading.Thread(target=self._run, daemon=True).start()

    @property
    def environment(self):
        return {**os.environ, "NOTIFY_SOCKET": self.path}

    def _run(self):
        while True:
            text, extra, _, _ = self.receiver.recvmsg(4096, socket.CMSG_SPACE(256 * 4))
            fields = dict(line.split("=", 1) for line in text.decode().splitlines() if "=" in line)
            name = fields.get("FDNAME", "stored")
            if "FDSTOREREMOVE" in fields:
                self.removed.append(name)
                for opened in (entry[1] for entry in self.sockets if entry[0] == name):
                    opened.close()
                self.sockets = [entry for entry in self.sockets if entry[0] != name]
            for _, _, data in extra:
                numbers = array.array("i")
                numbers.frombytes(data)
                if "FDSTORE" in fields:
                    self.sockets = self.sockets + [(name, socket.socket(fileno=number)) for number in numbers]
                if "BARRIER" in fields:  # whoever waits sees the other end closed
                    for number in numbers:
                        os.close(number)
