#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Origins behind TLS: larder takes the right certificate for the right name, and nothing else."""

import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import harness
from certificates import make_authority, make_certificate

BODY = b'{"entry":{"uid":"blt1"}}'


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *_):
        pass


def serve(certificate: Path, key: Path) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def status_through_larder(stage, port: int, authority: Path) -> int:
    larder = stage.larder(
        stack=None,
        open={"delivery": f"https://localhost:{port}", "preview": f"https://localhost:{port}"},
        upstream={"allow_plain_http": False, "ca_file": str(authority)})
    return larder.get("/v3/content_types/blog/entries/blt1?environment=production",
                      [("api_key", "blt1"), ("access_token", "cs0123456789abcdef01234567")]).status


def check_status(stage, authority: str, host: str, expected: int, trusted: str = "ca"):
    folder = Path(stage.directory)
    for name in ("ca", "other"):
        make_authority(folder, name)
    certificate, key = make_certificate(folder, authority, "origin", host)
    server = serve(certificate, key)
    stage.stack.callback(server.shutdown)
    port = server.server_address[1]
    got = status_through_larder(stage, port, folder / f"{trusted}.pem")
    harness.check_equal(got, expected, f"certificate of {authority} for {host}, {trusted} trusted")


def test_right_certificate_for_the_right_name_is_taken(stage):
    check_status(stage, "ca", "localhost", 200)


def test_certificate_of_another_authority_is_refused(stage):
    check_status(stage, "other", "localhost", 502)


def test_certificate_for_another_name_is_refused(stage):
    check_status(stage, "ca", "elsewhere.test", 502)


if __name__ == "__main__":
    harness.main(globals())
