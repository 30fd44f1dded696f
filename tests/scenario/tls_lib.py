# SPDX-License-Identifier: Apache-2.0
"""larderd with a listener that speaks TLS, and clients for it."""

import contextlib
import select
import ssl
import subprocess
from pathlib import Path

import harness
from certificates import openssl

MAX_BYTES = 1 << 16


def make_certificate(folder, name, *hosts, days=30, key=("ec", "-pkeyopt", "ec_paramgen_curve:P-256")):
    """A self-signed one: {"certificate": PATH, "key": PATH}, as `tls` of a listener wants it. Replaces
    what is there."""
    certificate, private = Path(folder) / f"{name}.pem", Path(folder) / f"{name}.key"
    names = ",".join(f"DNS:{host}" for host in hosts or ["localhost"])
    openssl("req", "-x509", "-newkey", *key, "-nodes", "-days", days, "-subj", f"/CN={name}",
            "-addext", f"subjectAltName={names},IP:127.0.0.1", "-keyout", private, "-out", certificate)
    return {"certificate": str(certificate), "key": str(private)}


def tls_larder(stage, *certificates, start=True, **changes):
    """The plain listeners of every larder in a scenario, and one with these certificates."""
    listeners = [{"address": "127.0.0.1:0"}, {"address": "127.0.0.1:0", "role": "preview"},
                 {"address": "127.0.0.1:0", "tls": list(certificates)}]
    return stage.larder(start=start, listener=listeners, **changes)


def tls_address(larder):
    return next(item["address"] for item in larder.ready["listeners"] if item.get("tls"))


def client_context(*certificates, **versions):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for certificate in certificates:
        context.load_verify_locations(certificate["certificate"])
    for name, version in versions.items():
        setattr(context, name, version)
    return context


class TlsConnection(harness.Connection):
    """Its stream ends well by close_notify alone; else receive() raises ssl.SSLEOFError."""

    def __init__(self, larder, context, name="localhost", session=None, receive_buffer=None):
        super().__init__(tls_address(larder), larder.transcript, receive_buffer=receive_buffer)
        try:
            self.socket = context.wrap_socket(self.socket, server_hostname=name, session=session,
                                              suppress_ragged_eofs=False)
        except Exception:
            self.socket.close()
            raise


    def send_all_first(self, data):
        """Reads only when nothing more can be sent. By one thread: Python's ssl is not for two at once."""
        self.socket.setblocking(False)
        sent = 0
        while sent < len(data):
            select.select([self.socket], [self.socket], [], harness.DEADLINE_S)
            with contextlib.suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError):
                sent += self.socket.send(data[sent:sent + 65_536])
                continue
            with contextlib.suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError):
                harness.check(self.receive(), "the connection ended before all was sent")
        self.socket.settimeout(harness.DEADLINE_S)


class HalfClosing:
    """A client that can say that it sends nothing more, and goes on reading."""

    def __init__(self, larder, context):
        self.raw = harness.Connection(tls_address(larder))
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname="localhost")
        self._step(self.tls.do_handshake)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.raw.close()

    def _send(self):
        data = self.outgoing.read()
        if data:
            self.raw.socket.sendall(data)

    def _step(self, action):
        """Gives the action's result once the other side has sent what it needs."""
        while True:
            try:
                result = action()
                self._send()
                return result
            except ssl.SSLWantReadError:
                self._send()
                data = self.raw.socket.recv(MAX_BYTES)
                if data:
                    self.incoming.write(data)
                else:
                    self.incoming.write_eof()

    def send(self, data):
        self._step(lambda: self.tls.write(data))

    def end(self):
        try:
            self.tls.unwrap()
        except ssl.SSLWantReadError:
            self._send()

    def read_to_end(self):
        """All until close_notify; a stream that ends otherwise raises."""
        got = b""
        while True:
            try:
                data = self._step(lambda: self.tls.read(MAX_BYTES))
            except ssl.SSLZeroReturnError:
                return got
            if not data:
                return got
            got += data


def s_client(larder, *words, text=""):
    """What `openssl s_client` prints."""
    result = subprocess.run(
        ["openssl", "s_client", "-connect", tls_address(larder), *map(str, words)], input=text,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False,
        timeout=harness.DEADLINE_S)
    return result.stdout
