#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a hit over TLS and a handshake cost larderd, beside nginx: CPU of all threads of each server by the
scheduler's clock, one worker each, the same certificate, protocols and ciphers, in turns. Needs nginx, wrk and
openssl.

    bench/tls_cpu.py [--build build/release] [--rounds 7] [--seconds 2] [--cpu 0]
"""

import argparse
import contextlib
import os
import pathlib
import re
import signal
import socket
import statistics
import subprocess
import tempfile
import time

API_KEY, TOKEN = "blt0123456789abcdef", "cs0123456789abcdef01234567"
HEADERS = {"api_key": API_KEY, "access_token": TOKEN}
CIPHERS = ("ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
           "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305")

LARDERD = """[[listener]]
address = "127.0.0.1:{port}"
tls = {{ certificate = "{folder}/tls.pem", key = "{folder}/tls.key" }}
[server]
workers = 1
max_requests_per_connection = 1000000000
[cache]
path = "{folder}/larder"
size = "64MiB"
[upstream]
allow_plain_http = true
allow_private_addresses = true
[open]
delivery = "http://127.0.0.1:{origin}"
preview = "http://127.0.0.1:{origin}"
[ttl.entry]
fresh = "30d"
"""

NGINX = """{user}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 9000; }}
http {{
  access_log off;
  sendfile off;
  output_buffers 1 128k;
  tcp_nodelay on;
  keepalive_timeout 300s;
  keepalive_requests 1000000000;
  underscores_in_headers on;
  open_file_cache max=20000 inactive=1h;
  open_file_cache_valid 1h;
  client_body_temp_path {folder}/client;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  proxy_cache_path {folder}/cache levels=1:2 keys_zone=cache:64m max_size=1g inactive=30d use_temp_path=off;
  ssl_certificate {folder}/tls.pem;
  ssl_certificate_key {folder}/tls.key;
  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_ciphers {ciphers};
  ssl_ecdh_curve X25519:prime256v1:secp384r1;
  ssl_session_tickets on;
  upstream origin {{ server 127.0.0.1:{origin}; keepalive 128; }}
  server {{
    listen 127.0.0.1:{port} ssl backlog=4096;
    location / {{
      proxy_pass http://origin;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_cache cache;
      proxy_cache_valid 200 30d;
      proxy_ignore_headers Cache-Control Expires Set-Cookie Vary X-Accel-Expires;
      proxy_cache_key $http_api_key|$http_access_token|$http_branch|$http_environment|$request_uri;
    }}
  }}
}}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port):
    deadline = time.monotonic() + 20
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if time.monotonic() > deadline:
            raise SystemExit(f"nobody listens on port {port}")
        time.sleep(0.02)


class Server:
    def __init__(self, name, command, port, cpu, log):
        self.name, self.port = name, port
        tied = ["taskset", "-c", cpu] if cpu else []
        self.process = subprocess.Popen([*tied, *map(str, command)], stdout=log, stderr=log)
        wait_for(port)

    def cpu_ns(self):
        """Of all threads of it and of its children."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        total = 0
        for pid in [self.process.pid, *map(int, children.split())]:
            for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
                total += int((task / "schedstat").read_text().split()[0])
        return total

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def target_of(size):
    return f"/v3/content_types/sized/entries/s{size}_tls?environment=production"


def run_hits(server, size, connections, seconds):
    """Requests answered."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s"]
    for name, value in HEADERS.items():
        command += ["-H", f"{name}: {value}"]
    said = subprocess.run([*command, f"https://127.0.0.1:{server.port}{target_of(size)}"], text=True, check=True,
                          capture_output=True).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        raise SystemExit(f"{server.name}: {said}")
    return int(re.search(r"(\d+) requests in", said)[1])


def run_handshakes(server, version, seconds):
    """Handshakes done."""
    said = subprocess.run(["openssl", "s_time", "-connect", f"127.0.0.1:{server.port}", "-new", "-time", str(seconds),
                           version], text=True, check=False, capture_output=True).stdout
    return int(re.search(r"(\d+) connections in [\d.]+ real", said)[1])


def compare(what, servers, rounds, run):
    """One line: CPU us of each server, and the median of the ratios of the rounds."""
    costs = {server.name: [] for server in servers}
    for number in range(rounds):
        for server in servers if number % 2 == 0 else servers[::-1]:
            before = server.cpu_ns()
            count = run(server)
            costs[server.name].append((server.cpu_ns() - before) / count / 1000)
    one, other = (costs[server.name] for server in servers)
    ratios = sorted(a / b for a, b in zip(one, other))
    print(f"{what:34} {statistics.median(one):8.2f} {statistics.median(other):8.2f}   "
          f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})", flush=True)


def make_certificate(folder, kind):
    key = {"ecdsa": ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"], "rsa": ["rsa:2048"]}[kind]
    subprocess.run(["openssl", "req", "-x509", "-newkey", *key, "-nodes", "-days", "30", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", f"{folder}/tls.key", "-out",
                    f"{folder}/tls.pem"], check=True, capture_output=True)


def measure(options, folder, kind, stack):
    log = stack.enter_context(open(folder / "log", "wb"))
    make_certificate(folder, kind)
    origin = free_port()
    sandbox = subprocess.Popen([options.build / "larder-sandbox", "--listen", "127.0.0.1", "--delivery-port",
                                str(origin), "--preview-port", "0", "--control-port", "0"], stdout=log, stderr=log)
    stack.callback(sandbox.wait)
    stack.callback(sandbox.terminate)
    wait_for(origin)
    servers = []
    for name, config, command in [
            ("larderd", LARDERD, lambda file: [options.build / "larderd", "--config", file]),
            ("nginx", NGINX, lambda file: ["nginx", "-p", folder, "-c", file, "-e", folder / "error.log"])]:
        port = free_port()
        file = folder / f"{name}.conf"
        file.write_text(config.format(port=port, folder=folder, origin=origin, ciphers=CIPHERS,
                                      user="user root;" if os.geteuid() == 0 else ""))
        file.chmod(0o600)
        servers.append(Server(name, command(file), port, options.cpu, log))
        stack.callback(servers[-1].end)
    if kind == "ecdsa":
        for size in (1_000, 10_000, 100_000):
            for server in servers:
                run_hits(server, size, 1, 1)
            for connections in (1, 64):
                compare(f"hit, {size // 1000} KB, {connections} connections", servers, options.rounds,
                        lambda server, s=size, c=connections: run_hits(server, s, c, options.seconds))
    for version in ("-tls1_3", "-tls1_2"):
        compare(f"handshake, {kind}, TLS {version[-3:].replace('_', '.')}", servers, options.rounds,
                lambda server, v=version: run_handshakes(server, v, options.seconds))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build/release"))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=2, help="of each turn")
    parser.add_argument("--cpu", default="", help="CPU for the servers; the load goes where there is room")
    options = parser.parse_args()
    print(f"load average {' '.join(map(str, os.getloadavg()))}")
    print(f"{'CPU us':34} {'larderd':>8} {'nginx':>8}   ratio, median (least to most)")
    for kind in ("ecdsa", "rsa"):
        with tempfile.TemporaryDirectory(prefix="larder-tls-", dir="/dev/shm") as name, contextlib.ExitStack() as stack:
            measure(options, pathlib.Path(name), kind, stack)


if __name__ == "__main__":
    main()
