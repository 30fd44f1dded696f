#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Origins that break HTTP in more than two hundred ways, at random, in front of a larderd with small
bounds, restarts and purges. No answer is another request's, none is older than an acknowledged purge,
what is stored is its own key's, and no preview is stored.

HTTP/1.1 has one hole: an answer that nobody asked for, which comes when the next request has just been
written. Such answers (ways named `late:`, and those before a connection's first request) are counted
apart; the former must end with the first odd thing that larderd sees of a host.

LARDER_CHAOS_SEED and LARDER_CHAOS_SECONDS choose another run; the order of what the threads do is
theirs. LARDER_CHAOS_REPORT=1 only counts what is wrong, and does not end at the first.
LARDER_CHAOS_WITHOUT leaves out the ways whose names contain this text.
"""

import collections
import contextlib
import itertools
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import threading
import time

import harness
from chaotic_answers import PREVIEW_MARKER, identity
from harness import (SECRETS, STACK_A, STACK_B, Connection, Failure, check, format_request, wait_until)
from scenario_lib import SANITIZED, Background

SEED = os.environ.get("LARDER_CHAOS_SEED", "1")
SECONDS = float(os.environ.get("LARDER_CHAOS_SECONDS", "30"))
REPORT_ONLY = os.environ.get("LARDER_CHAOS_REPORT") == "1"
RESTARTS = 3
SHARES = (0.5, 0.1, 0.02)  # of bad answers, turn by turn
LATE_BOUND = 10  # with each start of larderd, and each host, one may come before anything else is odd
RSS_BOUND_KIB = (2_000 if SANITIZED else 160) * 1024
WHO = re.compile(rb'"who": ?(\{[^{}]*\})')
SCOPES = [(STACK_A, "production", "main"), (STACK_A, "production", "develop"),
          (STACK_A, "staging", "main"), (STACK_B, "production", "main"), (STACK_B, "staging", "main")]
LIMITS = {
    "upstream": {"connect_timeout": "1s", "first_byte_timeout": "1s", "total_timeout": "3s",
                 "low_speed_time": "1s", "max_connections_per_host": 16,
                 "max_queue_per_host": 16, "queue_wait": "300ms", "max_waiters_per_fill": 8, "max_response_header": "32KiB",
                 "max_response_body": "1MiB", "rejected_hold": "1s", "hit_for_miss": "1s",
                 "failures_to_open": 1_000_000, "max_hold": "0s"},  # asked on, whatever it answers
    "cache": {"size": "8MiB", "max_object": "512KiB", "max_decoded": "2MiB", "max_pending": "1MiB"},
    "server": {"max_output": "2MiB", "write_timeout": "1s", "request_timeout": "5s",
               "drain_timeout": "1s"},
    "ttl": {kind: {"fresh": "1s", "stale_while_revalidate": "1s", "stale_if_error": "24h"}
            for kind in ("entry", "list", "negative")},
}


class Asked:
    """A request, and what its answer must name."""

    def __init__(self, target, headers, role="delivery", method="GET", host="delivery"):
        self.target = target
        self.headers = headers
        self.role = role
        self.method = method
        self.host = host
        lower = {name.lower(): value for name, value in headers}
        # Which of a scope's tokens went out is larder's choice; their scope is not.
        self.who = identity(host, target, lower)

    def bytes(self):
        return format_request(self.target, self.headers, self.method)

    def __repr__(self):
        return f"{self.method} {self.target} at {self.host}, {self.headers}"


def delivery(uid, scope, zipped, more="", extra=(), method="GET"):
    stack, environment, branch = scope
    headers = harness.credentials(stack, environment, branch) + list(extra)
    headers.append(("Accept-Encoding", "gzip" if zipped else "identity"))
    return Asked(f"/v3/content_types/blog/entries/k{uid}?environment={environment}{more}", headers,
                 method=method)


def preview(uid, scope, hash_, zipped):
    stack, environment, branch = scope
    headers = harness.preview_credentials(stack, environment, branch, hash_)
    headers.append(("Accept-Encoding", "gzip" if zipped else "identity"))
    return Asked(f"/v3/content_types/blog/entries/k{uid}?environment={environment}", headers,
                 host="preview")


def any_request(dice):
    uid, scope, zipped = dice.randrange(30), dice.choice(SCOPES), dice.random() < 0.5
    kind = dice.random()
    if kind < 0.2:
        return preview(uid, scope, dice.choice(("h1", "h2", "h3")), zipped)
    if kind < 0.3:
        return delivery(uid, scope, zipped, extra=[("release_id", "r1")])
    if kind < 0.4:
        return delivery(uid, scope, zipped, method="HEAD")
    return delivery(uid, scope, zipped, dice.choice(("", "", "&locale=de-de")))


class Judge:
    """Compares each answer with its request, and counts."""

    def __init__(self):
        self.lock = threading.Lock()
        self.counts = collections.Counter()
        self.wrong = []
        self.purged_at = 0.0  # content from before must not come for requests that begin from now on
        self.purges_end = 0.0  # some objects are to be left for the end
        self.bursts = collections.deque(maxlen=40)

    def count(self, name):
        with self.lock:
            self.counts[name] += 1

    def found_wrong(self, what, asked, who, response):
        with self.lock:
            self.counts[what] += 1
            self.wrong.append(f"{what}\n  asked: {asked}\n  names: {who}\n  answer: {response}")

    def judge_bytes(self, asked, data, purged_at, response, stored):
        """Every request that the (part of a) body names is the one that was asked."""
        try:
            names = [json.loads(found) for found in WHO.findall(data)]
        except ValueError:  # framing within the body
            self.found_wrong(f"WRONG torn{', stored' if stored else ''}", asked, None, response)
            return []
        for who in names:
            kind = self.mismatch(asked, who)
            if kind is None and asked.host == "delivery" and float(who["at"]) < purged_at:
                kind = "older than a purge"
            if kind is None:
                continue
            kind += ", stored" if stored else ""
            if "before the first request" in who["from"]:
                self.count(f"no proof against: an answer before the first request, {kind}")
            elif who["late"]:
                self.count(f"no proof against: a late answer, {kind}")
            else:
                self.found_wrong(f"WRONG {kind}", asked, who, response)
            break
        return names

    @staticmethod
    def mismatch(asked, who):
        if who["stray"]:
            return "no request's"
        if who["host"] != asked.host:
            return "a preview as a delivery" if who["host"] == "preview" else "a delivery as a preview"
        if any(who[name] != asked.who[name] for name in ("api_key", "scope", "branch")):
            return "another scope's"
        if any(who[name] != asked.who[name] for name in ("path", "query", "hash")):
            return "another request's"
        return None

    def judge(self, asked, response, purged_at):
        self.count(f"status {response.status}")
        status = response.header("Cache-Status") or ""
        stored = "; hit" in status
        if asked.method == "HEAD":
            return self.count("HEAD answers")
        try:
            data = response.decoded
        except Exception:  # noqa: BLE001: what origins call gzip is handed on, not stored
            self.count("bodies that are not gzip")
            if stored:
                self.found_wrong("WRONG broken gzip, stored", asked, None, response)
            return None
        names = self.judge_bytes(asked, data, purged_at, response, stored)
        if response.status == 200:
            self.count("complete answers" + (", stored" if stored else ""))
            if names:
                self.count("compared answers" + (", stored" if stored else ""))
            elif stored:
                self.found_wrong("WRONG nameless, stored", asked, None, response)
        return None

    def slipped(self):
        return sum(count for name, count in self.counts.items() if "a late answer" in name)

    def report(self):
        return "\n".join(f"  {count:8} {name}" for name, count in sorted(self.counts.items()))


class Origin:
    """The chaotic origin's process."""

    def __init__(self, directory):
        self.history = directory / "history"
        script = pathlib.Path(__file__).with_name("chaotic_origin.py")
        self.process = subprocess.Popen([sys.executable, str(script), SEED, str(self.history)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.ports = json.loads(self.process.stdout.readline())
        self.counts = {}

    def order(self, words):
        self.process.stdin.write(words + "\n")
        self.process.stdin.flush()
        self.counts = json.loads(self.process.stdout.readline())

    def stop(self):
        self.process.stdin.close()
        self.process.wait(harness.DEADLINE_S)

    def stacks(self):
        stacks = []
        for stack in (STACK_A, STACK_B):
            config = harness.stack_config(stack, self)
            config["delivery"] = f"http://127.0.0.1:{self.ports[stack.letter]}"
            config["preview"] = f"http://127.0.0.1:{self.ports['preview']}"
            stacks.append(config)
        return stacks

    # What harness.stack_config() wants; replaced above.
    delivery = preview = "127.0.0.1:1"

    def said_by(self, wrong):
        """The history of the connections that these reports name."""
        serials = set(re.findall(r"'from': '(\d+)\.", wrong))
        lines = self.history.read_text(errors="backslashreplace").splitlines()
        return "\n".join(line[:300] for line in lines if line.split(" ", 1)[0] in serials)


class Clients:
    """Threads that ask at random until they are stopped."""

    def __init__(self, larder, judge, background):
        self.larder = larder
        self.judge = judge
        self.stopping = background.stopping
        self.up = threading.Event()
        self.up.set()

    def connect(self, receive_buffer):
        """None while larderd is down."""
        self.up.wait(harness.DEADLINE_S)
        try:
            return Connection(self.larder.address, receive_buffer=receive_buffer)
        except OSError:
            return None

    @contextlib.contextmanager
    def connection(self, asked, receive_buffer=None):
        """Ends quietly where larder is down or cuts the answer off; what came of it is judged."""
        purged_at = self.judge.purged_at
        connection = wait_until(lambda: self.connect(receive_buffer), "larderd takes a connection")
        try:
            yield connection
        except OSError:
            self.judge.count("connections reset")
        except Failure as problem:
            if "closed within" not in str(problem):
                raise
            self.judge.count("answers cut off")
        finally:
            if len(asked) == 1 and asked[0].method != "HEAD":
                self.judge.judge_bytes(asked[0], bytes(connection.buffer), purged_at,
                                       connection.shown(), False)
            connection.close()

    def keep_alive(self, dice):
        while not self.stopping.is_set():
            current = [None]
            with self.connection(current) as connection:
                for _ in range(dice.randrange(1, 30)):
                    current[0] = any_request(dice)
                    purged_at = self.judge.purged_at
                    connection.send(current[0].bytes())
                    self.judge.judge(current[0], connection.read_response(current[0].method), purged_at)
                    if self.stopping.is_set() or not self.up.is_set():
                        break

    def pipelining(self, dice):
        while not self.stopping.is_set():
            asked = [any_request(dice) for _ in range(dice.randrange(2, 12))]
            with self.connection(asked) as connection:
                purged_at = self.judge.purged_at
                connection.send(b"".join(one.bytes() for one in asked))
                for one in asked:
                    self.judge.judge(one, connection.read_response(one.method), purged_at)

    def impatient(self, dice):
        """Resets or leaves before the answer, or within it."""
        while not self.stopping.is_set():
            asked = any_request(dice)
            with self.connection([asked]) as connection:
                connection.send(asked.bytes())
                time.sleep(dice.choice((0, 0.001, 0.01, 0.05)))
                if dice.random() < 0.5:
                    connection.socket.settimeout(0.2)
                    connection.socket.recv(dice.choice((1, 500, 5_000)))
                if dice.random() < 0.5:
                    connection.reset()

    def slow(self, dice):
        while not self.stopping.is_set():
            asked = any_request(dice)
            with self.connection([asked], receive_buffer=4_096) as connection:
                purged_at = self.judge.purged_at
                connection.send(asked.bytes())
                time.sleep(dice.choice((0.01, 0.1, 0.3, 1.6)))
                self.judge.judge(asked, connection.read_response(asked.method), purged_at)

    def bursting(self, dice):
        """Many keys at once that nobody has asked for yet."""
        for number in itertools.count():
            if self.stopping.is_set():
                return
            burst = [delivery(f"burst{number}n{each}", SCOPES[each % 2 * 3], False) for each in range(20)]
            self.judge.bursts.append(burst)
            with contextlib.ExitStack() as stack:
                connections = [stack.enter_context(self.connection([one])) for one in burst]
                purged_at = self.judge.purged_at
                for one, connection in zip(burst, connections):
                    connection.send(one.bytes())
                for one, connection in zip(burst, connections):
                    self.judge.judge(one, connection.read_response(), purged_at)
            time.sleep(dice.uniform(0, 0.3))

    def purging(self, dice):
        while not self.stopping.is_set():
            time.sleep(dice.uniform(0.1, 2.0))
            if time.monotonic() > self.judge.purges_end:
                return
            what = dice.choice((["all"], ["all"], ["scope", "--api-key", STACK_A.api_key], ["url", delivery(
                dice.randrange(30), SCOPES[0], False).target, "--api-key", STACK_A.api_key]))
            began = time.monotonic()
            status, _ = self.larder.ctl("purge", *what)
            self.judge.count("purges" if status == 0 else "purges refused")
            if status == 0 and what == ["all"]:
                self.judge.purged_at = began


def rss_kib(process):
    text = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+)", text)
    return int(found[1]) if found else 0


def restart(larder, judge, well):
    """By SIGTERM while answers are under way, or by kill -9."""
    try:
        if well:
            larder.stop()
        else:
            larder.kill()
    except Failure as problem:
        if not REPORT_ONLY:
            raise
        judge.count(f"WRONG {problem}")
    larder.start()


def run_turns(larder, origin, clients, judge):
    """Chaos by turns, a restart of larder between two, so that each begins without any suspicion."""
    turns = [SHARES[index % len(SHARES)] for index in range(max(RESTARTS, int(SECONDS / 10)))]
    for number, share in enumerate(turns):
        origin.order(f"chaos {share}")
        end = time.monotonic() + SECONDS / len(turns)
        while time.monotonic() < end and not clients.stopping.is_set():
            time.sleep(0.1)
            if larder.process.poll() is not None:
                check(REPORT_ONLY, f"larderd ended with {larder.process.returncode}")
                judge.count("WRONG larderd died")
                larder.start()
            resident = rss_kib(larder.process)
            judge.counts["largest RSS, KiB"] = max(judge.counts["largest RSS, KiB"], resident)
            check(resident < RSS_BOUND_KIB, f"larderd holds {resident} KiB")
            if judge.wrong and not REPORT_ONLY:
                return
        if number + 1 < len(turns):
            clients.up.clear()
            restart(larder, judge, number % 2 == 0)
            clients.up.set()


def check_counters(larder):
    def at_rest():
        metrics = larder.metrics()
        busy = {name: value for name, value in metrics.items() if value and any(word in name for word in (
            "fills_active", "pending_bytes", "output_bytes", "_running", "_queued", "relays"))}
        return not busy
    wait_until(at_rest, lambda: f"nothing is under way any more: {larder.metrics()}")
    check(all(value >= 0 for value in larder.metrics().values()), "a counter is negative")


def read_back(larder, judge, when):
    """What is stored, by every key that was ever asked for."""
    before = judge.counts["compared answers, stored"]
    groups = [[delivery(uid, *kind) for uid in range(30)] for kind in itertools.product(
        SCOPES, (False, True), ("", "&locale=de-de"))]
    for group in groups + list(judge.bursts):
        with larder.connect() as connection:
            for asked in group:
                connection.send(asked.bytes())
                judge.judge(asked, connection.read_response(), judge.purged_at)
    judge.counts[f"stored objects read back, {when}"] = judge.counts["compared answers, stored"] - before


def check_disk(larder):
    """No preview, no token. Preview bodies bear their marker readable, gzip or not."""
    larder.check_nothing_on_disk([PREVIEW_MARKER, *SECRETS])


def check_verdict(judge, origin):
    print(f"seed {SEED}, {SECONDS:.0f} s:\n{judge.report()}\n"
          f"  {sum(origin.counts.values()):8} requests at the origin, in {len(origin.counts)} ways",
          flush=True)
    if judge.wrong:
        worst = "\n".join(judge.wrong[:10])
        raise Failure(f"seed {SEED}: {len(judge.wrong)} answers are wrong\n{worst}\n"
                      f"--- what these connections did\n{origin.said_by(worst)[-8000:]}")


def test_a_chaotic_origin_mixes_no_answers(stage):
    origin = Origin(stage.directory)
    stage.stack.callback(origin.stop)
    larder = stage.larder(stack=origin.stacks(), **LIMITS)
    judge = Judge()
    with Background() as background:
        clients = Clients(larder, judge, background)
        judge.purges_end = time.monotonic() + SECONDS * 0.9
        for number, ask in enumerate([clients.keep_alive] * 4 + [clients.pipelining] * 2 +
                                     [clients.impatient, clients.slow, clients.bursting, clients.purging]):
            background.start(ask, random.Random(f"{SEED}/{number}"))
        run_turns(larder, origin, clients, judge)
    if not REPORT_ONLY:
        check_counters(larder)
    origin.order("down")
    read_back(larder, judge, "after the chaos")
    restart(larder, judge, True)
    read_back(larder, judge, "after a restart")
    larder.stop()
    check_disk(larder)
    check_verdict(judge, origin)
    check(judge.slipped() <= LATE_BOUND, f"{judge.slipped()} late answers were taken for others")
    check(judge.counts["compared answers"] > SECONDS * 10, "too few answers were compared")
    check(judge.counts["stored objects read back, after a restart"] > 0, "nothing was stored")


if __name__ == "__main__":
    harness.main(globals())
