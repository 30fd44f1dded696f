#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The bus of a fleet on Redis Streams: what one node purges all purge; a node that was away catches up,
or takes nothing for fresh; and nothing that becomes of Redis keeps a client waiting."""

import itertools
import json
import os
import shutil
import subprocess
import threading
import time

import harness
from certificates import make_authority, make_certificate
from chain_test import free_port
from harness import Connection, check, check_equal, credentials, wait_until
from scenario_lib import cache_status, entry_target, scaled
from sync_follower_test import stacks, wait_followed
from webhook_test import PATH, event

ROUNDS = int(os.environ.get("LARDER_BUS_ROUNDS", scaled(200, 40)))
MISSED = int(os.environ.get("LARDER_BUS_MISSED", scaled(300, 60)))
PASSWORD = "password-of-the-bus-in-the-scenario"
UIDS = [f"bltaaaa{number}" for number in range(1111, 1131)]
TOLD = itertools.count()


class Redis:
    """Debian's redis-server on a socket file, or with TLS on a port, with its data kept or not."""

    def __init__(self, stage, *settings, keeps=False):
        program = shutil.which("redis-server")
        check(program, "redis-server is not installed: ./dev deps")
        self.directory = stage.directory / "redis"
        self.directory.mkdir()
        self.socket = self.directory / "redis.sock"
        self.command = [program, "--port", "0", "--unixsocket", str(self.socket), "--save", "",
                        "--appendonly", "yes" if keeps else "no", "--appendfsync", "always",
                        "--dir", str(self.directory), *settings]
        self.process = None
        stage.stack.callback(self.stop)

    def start(self):
        with open(self.directory / "log", "ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log)
        wait_until(lambda: self.cli("PING").strip() == "PONG", "redis-server answers")
        return self

    def stop(self):
        if self.process is not None:
            harness.end_process(self.process)
            self.process = None

    def cli(self, *words):
        return subprocess.run(["redis-cli", "-s", str(self.socket), *map(str, words)],
                              capture_output=True, text=True, check=False).stdout

    def entries(self):
        return self.cli("XRANGE", "larder", "-", "+")


def node(stage, redis, start=True, bus=None, **changes):
    """Without the fence, which has an entry that is changed twice in a second be served as stale."""
    config = {"address": f"unix:{redis.socket}", **(bus or {})}
    return stage.larder(start=start, bus=config, purge={"soft_for": "0s", "fence": False},
                        ttl={"entry": {"fresh": "1h"}},
                        webhook={"listen": ["127.0.0.1:0"], "allow_unverified": True}, **changes)


def bus(larder):
    return larder.status()["bus"]


def wait_following(*larders):
    for larder in larders:
        wait_until(lambda one=larder: bus(one)["state"] == "following" and bus(one)["queue"] == 0,
                   lambda one=larder: f"the bus is followed: {bus(one)}")


def version(larder, uid):
    answer = larder.get(entry_target(uid), credentials())
    check_equal(answer.status, 200, "status")
    return answer.json()["entry"]["_version"], cache_status(answer)


def change(stage, uid):
    """A new version at the origin, which nobody has heard of yet."""
    stage.sandbox.publish(uid=uid)
    return origin_version(stage, uid)


def origin_version(stage, uid):
    return stage.sandbox.get(entry_target(uid), credentials()).json()["entry"]["_version"]


def tell(larder, uid):
    """The webhook of it. On a slow machine it is acknowledged before the purge is durable."""
    body = json.dumps(event(data={"entry": {"uid": uid, "locale": "en-us", "n": next(TOLD)},
                                  "content_type": {"uid": "blog"},
                                  "environment": {"name": "production", "uid": "bltenvAproduction"},
                                  "locale": "en-us", "branch": {"uid": "main", "alias": ["live"]}}))
    with Connection(larder.ready["webhook"][0]["address"]) as connection:
        answer = connection.request(PATH, [("Content-Type", "application/json")], "POST", body.encode())
    check(answer.status in (200, 202), f"the webhook is taken: {answer!r}")
    if answer.status == 202:
        wait_until(lambda: larder.status()["webhook"]["pending"] == 0, "the purge is durable")


def fill(larder, *uids):
    for uid in uids:
        wait_until(lambda one=uid: "larder; hit; ttl" in version(larder, one)[1], f"{uid} is stored")


def wait_version(larder, uid, wanted):
    wait_until(lambda: version(larder, uid)[0] == wanted, lambda: f"{uid} is new: {bus(larder)}")


def test_a_webhook_at_one_node_makes_both_fresh(stage):
    redis = Redis(stage).start()
    one, other = node(stage, redis), node(stage, redis)
    wait_following(one, other)
    times = []
    for number in range(ROUNDS):
        uid = UIDS[number % len(UIDS)]
        fill(one, uid)
        fill(other, uid)
        wanted = change(stage, uid)
        tell(one, uid)
        acknowledged = time.monotonic()
        check_equal(version(one, uid)[0], wanted, "the version at the node that was told")
        wait_version(other, uid, wanted)
        times.append(time.monotonic() - acknowledged)
    times.sort()
    print(f"{ROUNDS} webhooks, both nodes fresh after: p50 {times[len(times) // 2] * 1e3:.1f} ms, "
          f"p99 {times[len(times) * 99 // 100] * 1e3:.1f} ms, max {times[-1] * 1e3:.1f} ms")
    # The purge holds before it is counted.
    wait_until(lambda: bus(other)["read"] >= ROUNDS, lambda: f"all entries are read: {bus(other)}")
    check_equal(bus(other)["read"], ROUNDS, "entries read")
    check_equal(bus(one)["read"], 0, "entries of its own that a node has applied")
    metrics = other.metrics()
    check_equal(metrics["larder_bus_connected"], 1, "larder_bus_connected")
    check_equal(metrics["larder_bus_entries_read_total"], ROUNDS, "larder_bus_entries_read_total")


def test_a_node_that_was_down_replays_what_it_has_missed(stage):
    redis = Redis(stage).start()
    one, other = node(stage, redis), node(stage, redis)
    wait_following(one, other)
    fill(other, *UIDS)
    gaps = bus(other)["gaps"]
    check_equal(gaps, 1, "a node that has never read the stream knows nothing of what is stored")
    tell(one, UIDS[0])  # so that it is no mark where the other one goes on from
    wait_until(lambda: bus(other)["read"] == 1, "an entry is read")
    other.kill()
    for number in range(MISSED):
        tell(one, UIDS[number % 10])
    wanted = {uid: change(stage, uid) for uid in UIDS[:10]}
    for uid in wanted:
        tell(one, uid)
    wait_following(one)
    redis.cli("CLIENT", "PAUSE", "1500", "ALL")
    other.start()
    for uid, new in wanted.items():
        check_equal(version(other, uid)[0], new, "the version before anything is caught up")
    wait_following(other)
    check_equal(bus(other)["gaps"], 0, "gaps")
    check_equal(bus(other)["read"], MISSED + len(wanted), "entries replayed")
    for uid, new in wanted.items():
        check_equal(version(other, uid)[0], new, "the version after")
    check("larder; hit" in version(other, UIDS[-1])[1], "what has not changed is still fresh")


def test_a_node_that_was_down_for_longer_than_the_stream_keeps_purges_its_scopes(stage):
    redis = Redis(stage).start()
    one, other = node(stage, redis), node(stage, redis)
    wait_following(one, other)
    fill(other, *UIDS[:3])
    other.kill()
    wanted = change(stage, UIDS[0])
    tell(one, UIDS[0])
    wait_following(one)
    redis.cli("XTRIM", "larder", "MAXLEN", "0")
    other.start()
    check_equal(version(other, UIDS[0])[0], wanted, "the version before anything is caught up")
    wait_following(other)
    check_equal(bus(other)["gaps"], 1, "gaps")
    check_equal(version(other, UIDS[0])[0], wanted, "the version")
    check("no longer has the last entry" in other.log(), "the log tells why")


class Clients:
    """Ask both nodes all the time."""

    def __init__(self, stage, *larders):
        self.slowest, self.asked, self.wrong = 0.0, 0, []
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self._ask, args=(larder,)) for larder in larders]
        for thread in self.threads:
            thread.start()
        stage.stack.callback(self.end)

    def _ask(self, larder):
        for uid in itertools.cycle(UIDS):
            if self.over.is_set():
                return
            started = time.monotonic()
            try:
                answer = larder.get(entry_target(uid), credentials())
                if answer.status != 200:
                    self.wrong.append(repr(answer))
            except Exception as error:  # noqa: BLE001: told below
                self.wrong.append(repr(error))
            self.slowest = max(self.slowest, time.monotonic() - started)
            self.asked += 1

    def end(self):
        self.over.set()
        for thread in self.threads:
            thread.join()


def test_redis_stops_starts_and_is_flushed_while_clients_ask(stage):
    redis = Redis(stage, keeps=True).start()
    one, other = node(stage, redis), node(stage, redis)
    wait_following(one, other)
    clients = Clients(stage, one, other)

    def both_hear(uid, while_away):
        wanted = change(stage, uid)
        tell(one, uid)
        check_equal(version(one, uid)[0], wanted, "the version at the node that was told")
        while_away()
        wait_version(other, uid, wanted)

    for number in range(3):
        redis.stop()
        wait_until(lambda: bus(other)["state"] == "away", "the bus is away")
        both_hear(UIDS[number], redis.start)
        wait_following(one, other)
        check_equal(bus(other)["gaps"], 1 + 2 * number, "a Redis that keeps its data leaves no gap")
        both_hear(UIDS[3 + number], lambda: redis.cli("FLUSHALL"))
        for larder in (one, other):
            wait_until(lambda: bus(larder)["gaps"] == 2 + 2 * number, "a flush is seen")
        wait_following(one, other)
        wanted = change(stage, UIDS[6 + number])
        tell(one, UIDS[6 + number])
        redis.stop()
        shutil.rmtree(redis.directory / "appendonlydir")
        redis.start()
        wait_version(other, UIDS[6 + number], wanted)
        wait_until(lambda: bus(other)["gaps"] == 3 + 2 * number, "a Redis that has lost its data is seen")
        wait_following(one, other)
    clients.end()
    print(f"{clients.asked} requests, the slowest took {clients.slowest * 1e3:.0f} ms")
    check_equal(clients.wrong, [], "wrong answers")
    check(clients.asked > 100, f"{clients.asked} requests")
    check_equal(other.log().count("the bus cannot be read"), 6, "each trouble is said once")


def test_what_a_node_could_not_send_before_it_died_is_a_gap_for_the_others(stage):
    redis = Redis(stage, keeps=True).start()
    one, other = node(stage, redis), node(stage, redis)
    wait_following(one, other)
    fill(other, *UIDS[:3])
    redis.stop()
    wanted = change(stage, UIDS[0])
    tell(one, UIDS[0])
    one.kill()
    redis.start()
    wait_following(other)
    one.start()
    wait_version(other, UIDS[0], wanted)
    wait_following(one)
    # The debt is paid: another start has nothing to tell.
    wait_until(lambda: "what gap" in redis.entries().replace("\n", " "), "the gap is in the stream")
    one.stop()
    before = redis.entries().count("gap")
    one.start()
    wait_following(one)
    check_equal(redis.entries().count("gap"), before, "gaps told")


def test_a_purge_by_the_operator_that_could_not_be_sent_is_a_gap_however_the_node_ends(stage):
    redis = Redis(stage, keeps=True).start()
    one, other = node(stage, redis), node(stage, redis)
    ways = [["url", entry_target(UIDS[0])], ["path-prefix", "/v3/content_types/blog"], ["all"],
            ["scope", "--environment", "production", "--hard"], ["entry", "blog", UIDS[0]]]
    for number, words in enumerate(ways):
        wait_following(one, other)
        fill(one, UIDS[0])
        fill(other, UIDS[0])
        redis.stop()
        wanted = change(stage, UIDS[0])
        check_equal(one.ctl("purge", *words)[0], 0, f"exit status of purge {words}")
        if number % 2:
            one.kill()
        else:
            one.stop()
        redis.start()
        one.start()
        wait_version(other, UIDS[0], wanted)


def test_nothing_is_fresh_before_the_bus_has_caught_up_though_sync_has(stage):
    redis = Redis(stage, keeps=True).start()
    stage.sandbox.publish(uid=UIDS[0])
    one, other = (node(stage, redis, stack=stacks(stage, ["main"])) for _ in range(2))
    wait_following(one, other)
    wait_followed(one, 1)
    wait_followed(other, 1)
    fill(other, UIDS[0])
    other.stop()
    check_equal(one.ctl("purge", "entry", "blog", UIDS[0])[0], 3, "a purge, of which sync does not hear")
    wait_following(one)
    redis.stop()
    other.start()
    wait_followed(other, 1)
    check("larder; hit" not in version(other, UIDS[0])[1], "it is a hit, though the bus has not told")


def test_a_purge_by_the_operator_reaches_all_nodes(stage):
    redis = Redis(stage).start()
    one, other = node(stage, redis), node(stage, redis)
    wait_following(one, other)
    fill(other, *UIDS[:2])
    wanted = change(stage, UIDS[0])
    check(one.ctl("purge", "url", entry_target(UIDS[0]))[0] in (0, 3), "larderctl purge url")
    wait_version(other, UIDS[0], wanted)
    check_equal(one.ctl("purge", "all")[0], 0, "larderctl purge all")
    wait_until(lambda: other.status()["store"]["objects"] == 0, "everything is purged at the other")


def test_entries_of_strangers_purge_and_end_nothing_else(stage):
    redis = Redis(stage).start()
    one = node(stage, redis)
    wait_following(one)
    fill(one, UIDS[0])
    wanted = change(stage, UIDS[0])
    strange = [["a", "b"], ["v", "1"], ["v", "9", "node", "n", "what", "all"], ["", ""],
               ["v", "1", "node", "n", "what", "change", "change", "entry/x/y/z"],
               ["v", "1", "node", "n", "what", "scope", "api_key", "a" * 20_000],
               ["v", "1", "node", "n", "what", "scope", "api_key", "\u00ff\u0001\n"]]
    for fields in strange:
        redis.cli("XADD", "larder", "*", *fields)
    wait_version(one, UIDS[0], wanted)
    wait_until(lambda: bus(one)["unreadable"] >= 6, lambda: f"all are counted: {bus(one)}")
    check_equal(one.log().count("is none that this larder knows"), 1, "said once")
    # What is larger than any batch that larder writes is not read at all.
    fill(one, UIDS[0])
    wanted = change(stage, UIDS[0])
    gaps = bus(one)["gaps"]
    redis.cli("EVAL", "redis.call('XADD', 'larder', '*', 'a', string.rep('a', 20000000))", "0")
    wait_version(one, UIDS[0], wanted)
    wait_until(lambda: bus(one)["gaps"] > gaps, "the gap is counted")
    wait_following(one)
    redis.cli("DEL", "larder")
    redis.cli("SET", "larder", "a string")
    wait_until(lambda: bus(one)["state"] == "away" and "WRONGTYPE" in (bus(one)["trouble"] or ""),
               lambda: f"the trouble is told: {bus(one)}")
    version(one, UIDS[0])


def test_tls_and_a_password_from_a_file(stage):
    make_authority(stage.directory, "authority")
    certificate, key = make_certificate(stage.directory, "authority", "redis", "localhost")
    port = free_port()
    redis = Redis(stage, "--tls-port", str(port), "--tls-cert-file", str(certificate), "--tls-key-file",
                  str(key), "--tls-ca-cert-file", str(stage.directory / "authority.pem"),
                  "--tls-auth-clients", "no").start()
    redis.cli("ACL", "SETUSER", "fleet", "on", f">{PASSWORD}", "~larder", "+xadd", "+xread", "+xrange")
    redis.cli("ACL", "SETUSER", "default", "resetpass", ">of-the-test")
    secret = stage.directory / "password"
    secret.write_text(PASSWORD + "\n")
    secret.chmod(0o600)
    settings = {"address": f"localhost:{port}", "tls": True, "username": "fleet",
                "ca_file": str(stage.directory / "authority.pem")}
    one = node(stage, redis, bus=settings, start=False)
    one.configure(bus={"password": {"file": str(secret)}})
    one.start()
    other = node(stage, redis, bus=settings, start=False)
    other.configure(bus={"password": {"file": str(secret)}})
    other.start()
    wait_following(one, other)
    fill(other, UIDS[0])
    wanted = change(stage, UIDS[0])
    tell(one, UIDS[0])
    wait_version(other, UIDS[0], wanted)
    stranger = node(stage, redis, bus={**settings, "ca_file": None}, start=False)
    stranger.configure(bus={"ca_file": "", "password": {"file": str(secret)}})
    stranger.start()
    wait_until(lambda: "certificate verify failed" in (bus(stranger)["trouble"] or ""),
               lambda: f"a server that nobody vouches for is not spoken to: {bus(stranger)}")
    for larder in (one, other, stranger):
        shown = larder.log() + json.dumps(larder.status()) + json.dumps(larder.metrics())
        check(PASSWORD not in shown, "the password is shown nowhere")
        larder.check_nothing_on_disk([PASSWORD])


if __name__ == "__main__":
    harness.main(globals())
