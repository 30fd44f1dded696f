#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The end of larderd: what it still answers, how long its port is open, and what a restart loses.

The restarts under load are short. LARDER_STOPPING_RESTARTS and LARDER_STOPPING_RATE (requests a
second) make them longer; LARDER_STOPPING_WAYS names some of RESTARTS."""

import json
import os
import re
import signal
import socket
import threading
import time

import harness
import service_manager
from harness import ENTRY, Connection, check, check_equal, wait_until
from scenario_lib import (Background, ask, begin_to_stop, cache_status, check_answer, healthz, is_closed,
                          wait_stored)

CREDENTIALS = harness.credentials()
COLD = f"{ENTRY}&cold=1"

RESTARTS = int(os.environ.get("LARDER_STOPPING_RESTARTS", "2"))
RATE = int(os.environ.get("LARDER_STOPPING_RATE", "300"))
CLIENTS = 8
SLOW_FILL_S = 1.0  # beyond the order to stop


def warm(larder):
    check_answer(larder.get(ENTRY, CREDENTIALS), 200, what="what is to be a hit")
    wait_stored(larder)


class SlowFill:
    """A client whose answer the origin holds back, until release()."""

    def __init__(self, stage, larder, target=COLD):
        self.stage = stage
        self.name = f"slow{time.monotonic_ns()}"
        stage.sandbox.hold(self.name, host="delivery", match="cold=")
        self.client = larder.connect()
        ask(self.client, target, CREDENTIALS)
        stage.sandbox.wait_held(self.name)

    def release(self):
        self.stage.sandbox.clear_faults()
        self.stage.sandbox.release(self.name)

    def check_answered(self):
        response = self.client.read_response()
        check_answer(response, 200, what="the slow answer")
        check_equal(response.header("Connection"), "close", "Connection of the slow answer")
        check(is_closed(self.client), "stays open after its answer")
        self.client.close()


# --- What is answered while draining ---------------------------------------------------------------

def test_hits_are_served_on_old_and_new_connections_until_the_slow_fill_ends(stage):
    larder = stage.larder()
    warm(larder)
    with larder.connect() as kept:
        check_answer(kept.request(ENTRY, CREDENTIALS), 200)
        slow = SlowFill(stage, larder)
        begin_to_stop(larder)
        response = kept.request(ENTRY, CREDENTIALS)
        check_equal((response.status, response.header("Connection")), (200, "close"), "on a kept connection")
        check(is_closed(kept), "stays open after its last answer")
    until = time.monotonic() + 2 * SLOW_FILL_S
    while time.monotonic() < until:
        response = larder.get(ENTRY, CREDENTIALS)
        check_answer(response, 200, what="a hit while draining")
        check_equal(response.header("Connection"), "close", "Connection while draining")
        check("hit" in cache_status(response), f"no hit: {response}")
    slow.release()
    slow.check_answered()
    check_equal(larder.process.wait(harness.DEADLINE_S), 0, "exit status")


def test_operators_are_answered_while_draining(stage):
    larder = stage.larder()
    warm(larder)
    check_equal(healthz(larder.metrics_address), (200, b"ok\n"), "healthz while serving")
    check_equal(larder.status()["state"], "serving", "state")
    slow = SlowFill(stage, larder)
    begin_to_stop(larder)
    check_equal(healthz(f"unix:{larder.socket_path}"), (503, b"draining\n"), "healthz while draining")
    check_equal(larder.status()["state"], "draining", "state")
    check(larder.metrics()["larder_fills_active"] >= 1, "metrics while draining")
    code, output = larder.ctl("purge", "all")
    check_equal((code, json.loads(output)["purged"]), (0, 1), "a purge while draining")
    slow.release()
    slow.check_answered()
    check_equal(larder.process.wait(harness.DEADLINE_S), 0, "exit status")


def test_a_half_closed_client_gets_the_answer_to_its_purge(stage):
    larder = stage.larder()

    def purge(text):
        check_answer(larder.get(ENTRY, CREDENTIALS), 200, what="what is to be purged")
        wait_until(lambda: larder.metrics()["larder_store_objects"] >= 1, "it is stored")
        with Connection(f"unix:{larder.socket_path}") as client:
            client.send(b"POST /purge?what=all HTTP/1.1\r\nHost: x\r\n\r\n")
            client.socket.shutdown(socket.SHUT_WR)
            response = client.read_response()
            check_equal((response.status, response.json()["purged"]), (200, 1), text)
    for _ in range(5):
        purge("a purge")
    warm(larder)
    slow = SlowFill(stage, larder)
    begin_to_stop(larder)
    purge("a purge while draining")
    slow.release()
    slow.check_answered()
    check_equal(larder.process.wait(harness.DEADLINE_S), 0, "exit status")


def test_a_half_closed_client_gets_its_pipeline_while_draining(stage):
    larder = stage.larder()
    warm(larder)
    slow = SlowFill(stage, larder)
    begin_to_stop(larder)
    with larder.connect() as client:
        whole = harness.format_request(ENTRY, CREDENTIALS)
        client.send(whole * 20 + harness.format_request(f"{ENTRY}&cold=2", CREDENTIALS) + whole)
        client.socket.shutdown(socket.SHUT_WR)
        for number in range(20):
            check_answer(client.read_response(), 200, what=f"answer {number}")
        slow.release()
        for number in (20, 21):
            check_answer(client.read_response(), 200, what=f"answer {number}")
        check(is_closed(client), "stays open")
    slow.check_answered()
    check_equal(larder.process.wait(harness.DEADLINE_S), 0, "exit status")


def test_a_request_that_crosses_the_order_to_stop_is_answered(stage):
    larder = stage.larder()
    warm(larder)
    for _ in range(3):
        clients = [larder.connect() for _ in range(20)]
        for client in clients:
            check_answer(client.request(ENTRY, CREDENTIALS), 200)
        larder.process.send_signal(signal.SIGTERM)
        for client in clients:
            response = client.request(ENTRY, CREDENTIALS)
            check_answer(response, 200, what="a request right behind the signal")
            client.close()
        check_equal(larder.process.wait(harness.DEADLINE_S), 0, "exit status")
        larder.start()


# --- How it ends -----------------------------------------------------------------------------------

def test_connections_of_operators_in_any_state_do_not_disturb_the_end(stage):
    larder = stage.larder()
    doors = (larder.metrics_address, f"unix:{larder.socket_path}")
    for _ in range(3):
        warm(larder)
        clients = [Connection(address) for address in doors * 4]
        for number, client in enumerate(clients):
            if number // 2 == 1:
                client.send(b"GET /healthz HTTP/1.1\r\n")
            if number // 2 == 2:
                client.send(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")  # and reads nothing
        clients[7].send(b"POST /purge?what=all HTTP/1.1\r\nHost: x\r\n\r\n")
        clients[7].socket.shutdown(socket.SHUT_WR)
        larder.stop()
        check_equal(clients[7].read_response().status, 200, "status of the purge")
        for client in clients:
            client.close()
        larder.start()
        doors = (larder.metrics_address, f"unix:{larder.socket_path}")


def test_a_second_signal_ends_at_once(stage):
    web = stage.directory / "web.sock"
    larder = stage.larder(start=False, listener=[{"address": "127.0.0.1:0"}, {"address": f"unix:{web}"}])
    for first, second in ((signal.SIGTERM, signal.SIGTERM), (signal.SIGTERM, signal.SIGINT),
                          (signal.SIGINT, signal.SIGQUIT)):
        larder.start()
        slow = SlowFill(stage, larder)
        begin_to_stop(larder, first)
        larder.process.send_signal(second)
        check_equal(larder.process.wait(harness.DEADLINE_S), 128 + second, f"exit status of {second!r}")
        check(not web.exists() and not larder.socket_path.exists(), "the sockets' files are left")
        slow.client.close()
        slow.release()
    larder.start()
    check_answer(larder.get(ENTRY, CREDENTIALS), 200, what="after such an end")


def test_habits_of_other_servers(stage):
    log = stage.directory / "access.log"
    larder = stage.larder(log={"access_log": str(log)})
    check_answer(larder.get(ENTRY, CREDENTIALS), 200)
    wait_until(lambda: log.read_text(), "a line of the access log")
    log.rename(f"{log}.1")
    larder.process.send_signal(signal.SIGUSR1)

    def follows():
        check_answer(larder.get(ENTRY, CREDENTIALS), 200)
        return log.exists() and log.read_text()
    wait_until(follows, "SIGUSR1 reopens the access log")
    slow = SlowFill(stage, larder)
    begin_to_stop(larder, signal.SIGQUIT)
    slow.release()
    slow.check_answered()
    check_equal(larder.process.wait(harness.DEADLINE_S), 0, "exit status")


def test_the_files_of_unix_sockets_go(stage):
    web = stage.directory / "web.sock"
    larder = stage.larder(listener=[{"address": f"unix:{web}"}, {"address": "127.0.0.1:0"}])
    check(web.exists() and larder.socket_path.exists(), "the sockets are there")
    larder.stop()
    check(not web.exists() and not larder.socket_path.exists(), "they are left behind")
    larder.start()
    web.unlink()
    web.write_text("somebody else's")
    larder.stop()
    check(web.exists(), "what is not larderd's was removed")


# --- Sockets of the service manager ----------------------------------------------------------------

def test_sockets_are_taken_over_by_their_address(stage):
    web, address = service_manager.listening()
    previews, preview_address = service_manager.listening()
    metrics, metrics_address = service_manager.listening()
    path = stage.directory / "handed.sock"
    admin = socket.socket(socket.AF_UNIX)
    admin.bind(str(path))
    admin.listen()
    larder = stage.larder(start=False, server={"workers": 3},
                          listener=[{"address": address}, {"address": preview_address, "role": "preview"}],
                          admin={"socket": str(path), "metrics": [metrics_address]})
    larder.socket_path = path
    sockets = [("metrics", metrics), ("a", admin), ("p", previews), ("web", web)]
    early = Connection(address)
    ask(early, ENTRY, CREDENTIALS)
    larder.start(**service_manager.hand_over(sockets))
    check_answer(early.read_response(), 200, what="who came before larderd")
    for _ in range(20):
        check_answer(larder.get(ENTRY, CREDENTIALS), 200)
    draft = larder.get("/v3/content_types/blog/entries/bltaaaa1111", harness.preview_credentials(), "preview")
    check_answer(draft, 200)
    check_equal(larder.status()["state"], "serving", "state, by the admin socket")
    check(larder.metrics(), "metrics")
    larder.stop()
    check(path.exists(), "the file of an inherited socket was removed")
    with Connection(address) as waiting:
        ask(waiting, ENTRY, CREDENTIALS)
        larder.start(**service_manager.hand_over(sockets))
        check_answer(waiting.read_response(), 200, what="who came between two")


def test_a_port_below_1024_is_served_without_any_right(stage):
    if os.geteuid() != 0:
        return  # nobody else can open it
    port = next(port for port in range(700, 1000) if not service_manager.is_taken(port))
    web, address = service_manager.listening(port=port)
    larder = stage.larder(start=False, listener=[{"address": address}], admin={"metrics": []})
    without_rights = ("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs")
    larder.start(**service_manager.hand_over([("larderd.socket", web)], without_rights))
    check_answer(larder.get(ENTRY, CREDENTIALS), 200)
    capabilities = re.search(r"^CapEff:\s*(\w+)$", open(f"/proc/{larder.process.pid}/status").read(), re.MULTILINE)
    check_equal(int(capabilities[1], 16), 0, "its rights")
    larder.stop()


def test_a_socket_that_fits_no_listener_is_an_error(stage):
    web, address = service_manager.listening()
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))
    larder = stage.larder(start=False)
    for opened, said in ((web, (address, "larderd.socket", "ListenStream=")),
                         (udp, ("no listening stream socket",))):
        before = len(larder.log())
        larder.start(wait=False, **service_manager.hand_over([("larderd.socket", opened)]))
        check_equal(larder.process.wait(harness.DEADLINE_S), 1, "exit status")
        for text in said:
            check(text in larder.log()[before:], f"{text} is not in {larder.log()[before:]}")


def test_an_inherited_admin_socket_is_not_open_to_all(stage):
    larder = stage.larder(start=False)
    larder.directory.mkdir(parents=True, exist_ok=True)
    admin = socket.socket(socket.AF_UNIX)
    admin.bind(str(larder.socket_path))
    admin.listen()
    os.chmod(larder.socket_path, 0o666)
    larder.start(wait=False, **service_manager.hand_over([("larderd.socket", admin)]))
    check_equal(larder.process.wait(harness.DEADLINE_S), 1, "exit status")
    check("SocketMode=0660" in larder.log(), f"the remedy is not in {larder.log()}")
    os.chmod(larder.socket_path, 0o660)
    larder.start(**service_manager.hand_over([("larderd.socket", admin)]))
    check_equal(larder.status()["state"], "serving", "state, by the admin socket")


def test_the_service_manager_keeps_the_sockets_for_the_next_start(stage):
    store = service_manager.SocketStore(stage.directory)
    ports = [service_manager.free_port() for _ in range(3)]
    larder = stage.larder(start=False, listener=[{"address": f"127.0.0.1:{ports[0]}"}],
                          admin={"metrics": [f"127.0.0.1:{ports[1]}"]})

    def start():
        larder.start(environment=store.environment, **service_manager.hand_over(store.sockets))
    start()
    wait_until(lambda: len(store.sockets) == 3, lambda: f"one of each worker and one: {store.sockets}")
    check_answer(larder.get(ENTRY, CREDENTIALS), 200)
    for end in (larder.stop, larder.kill):
        end()
        with Connection(f"127.0.0.1:{ports[0]}") as waiting:
            ask(waiting, ENTRY, CREDENTIALS)
            start()
            check_answer(waiting.read_response(), 200, what="who came between two")
        check_equal(len(store.sockets), 3, "nothing is stored twice")
    for address in (f"127.0.0.1:{ports[2]}", f"0.0.0.0:{ports[2]}"):
        larder.stop()
        larder.configure(listener=[{"address": address}], server={"workers": 3})
        start()
        check_answer(larder.get(ENTRY, CREDENTIALS), 200, what=f"on {address}")
        wait_until(lambda: len(store.sockets) == 4, lambda: f"the old ones are forgotten: {store.sockets}")
    check_equal(len(store.removed), 2, "names that were removed")


# --- Restarts under load ---------------------------------------------------------------------------

class Load:
    """Clients that keep their connections and send at a rate of RATE all together. Leaner than
    harness.Connection, so that one process makes thousands of requests a second."""

    REQUEST = harness.format_request(ENTRY, CREDENTIALS)

    def __init__(self, address):
        host, port = address.split(":")
        self.address = (host, int(port))
        self.counts = dict.fromkeys(("answered", "refused", "lost", "ended_while_idle", "wrong"), 0)
        self.longest_s = 0.0
        self.lock = threading.Lock()

    def count(self, what, took_s=0.0):
        with self.lock:
            self.counts[what] += 1
            self.longest_s = max(self.longest_s, took_s)

    def run(self, stopping):
        client, used = None, False
        due = time.monotonic()
        while not stopping.is_set():
            due = max(due + CLIENTS / RATE, time.monotonic() - 1)
            time.sleep(max(0.0, due - time.monotonic()))
            began = time.monotonic()
            if client is None:
                client, used = self.connect(), False
            if client is None:
                self.count("refused")
                continue
            outcome, keeps = self.ask(client, used)
            self.count(outcome, time.monotonic() - began)
            used = True
            if not keeps:
                client.close()
                client = None
        if client is not None:
            client.close()

    def connect(self):
        client = socket.socket()
        client.settimeout(harness.DEADLINE_S * 3)
        try:
            client.connect(self.address)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return client
        except OSError:  # refused, or reset while it waited to be accepted
            client.close()
            return None

    def ask(self, client, used):
        """(what to count, the connection goes on)."""
        data = b""
        try:
            client.sendall(self.REQUEST)
            while True:
                part = client.recv(1 << 16)
                data += part
                head, end, body = data.partition(b"\r\n\r\n")
                if end and len(body) >= int(re.search(rb"\r\nContent-Length: (\d+)", head)[1]):
                    break
                if not part:
                    raise ConnectionError("it ended")
        except OSError:
            # RFC 9112 section 9.3.1: a client sends such a request again by itself.
            return ("ended_while_idle" if used and not data else "lost"), False
        if not head.startswith(b"HTTP/1.1 200 "):
            return "wrong", False
        return "answered", b"\r\nConnection: keep-alive" in head


class Restarter:
    """One way to stop and start larderd on one port."""

    def __init__(self, stage, way):
        self.way = way
        self.socket, self.store, address = None, None, f"127.0.0.1:{service_manager.free_port()}"
        if way in ("handed over", "systemd-socket-activate"):
            self.socket, address = service_manager.listening()
        if way == "stored":
            self.store = service_manager.SocketStore(stage.directory)
        self.larder = stage.larder(start=False, listener=[{"address": address}])
        self.address = address

    def start(self, wait=True):
        arguments = {}
        if self.socket is not None:
            through = ()
            if self.way == "systemd-socket-activate":
                through = (service_manager.socket_activate(),)
            arguments = service_manager.hand_over([("larderd.socket", self.socket)], through)
        if self.store is not None:
            arguments = {**service_manager.hand_over(self.store.sockets),
                         "environment": self.store.environment}
        self.larder.start(wait=wait, **arguments)
        if wait:
            return
        with Connection(self.address):  # systemd-socket-activate waits for the first client
            self.larder.wait_ready()


def restart_under_load(stage, way):
    restarter = Restarter(stage, way)
    larder = restarter.larder
    restarter.start(wait=way != "systemd-socket-activate")
    warm(larder)
    load = Load(restarter.address)
    began = time.monotonic()
    with Background() as background:
        for _ in range(CLIENTS):
            background.start(load.run, background.stopping)
        for number in range(RESTARTS):
            before = load.counts["answered"]
            wait_until(lambda: load.counts["answered"] >= before + RATE // 2, "load")
            slow = SlowFill(stage, larder, f"{ENTRY}&cold={number}")
            larder.process.send_signal(signal.SIGTERM)
            time.sleep(SLOW_FILL_S)  # the origin's time
            slow.release()
            check_answer(slow.client.read_response(), 200, what="the slow answer")
            check_equal(larder.process.wait(harness.DEADLINE_S * 2), 0, "exit status")
            restarter.start(wait=way != "systemd-socket-activate")
            slow.client.close()
        before = load.counts["answered"]
        wait_until(lambda: load.counts["answered"] >= before + RATE // 2, "load after the last start")
    rate = sum(load.counts.values()) / (time.monotonic() - began)
    print(f"  {way}: {RESTARTS} restarts at {rate:.0f} requests a second: {load.counts}, "
          f"longest {load.longest_s:.2f} s", flush=True)
    return load.counts


def check_restarts(stage, way):
    counts = restart_under_load(stage, way)
    check_equal(counts["wrong"], 0, f"answers that are not 200: {counts}")
    in_flight = CLIENTS * RESTARTS
    if way == "bare":  # while no larderd is there, nobody listens
        check(counts["lost"] + counts["ended_while_idle"] <= in_flight, f"lost: {counts}")
    else:
        check_equal((counts["refused"], counts["lost"]), (0, 0), f"refused and lost: {counts}")
        check(counts["ended_while_idle"] <= in_flight, f"ended while idle: {counts}")


def wanted(way):
    return way in os.environ.get("LARDER_STOPPING_WAYS", "handed over,stored,bare").split(",")


def test_restarts_with_a_socket_unit_refuse_nobody(stage):
    if wanted("handed over"):
        check_restarts(stage, "handed over")


def test_restarts_through_systemd_socket_activate_refuse_nobody(stage):
    if wanted("systemd-socket-activate") and service_manager.socket_activate():
        check_restarts(stage, "systemd-socket-activate")


def test_restarts_with_stored_sockets_refuse_nobody(stage):
    if wanted("stored"):
        check_restarts(stage, "stored")


def test_bare_restarts_lose_what_is_in_flight_at_most(stage):
    if wanted("bare"):
        check_restarts(stage, "bare")


if __name__ == "__main__":
    harness.main(globals())
