#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What purges cost: a purge of half of all objects while hits run, hits while 10 purges a second hit other
objects, and, beside a larderd that finds no tags, fills and bytes of entries with 30 references. Starts larderds
and sandboxes of its own, by the programs that LARDERD, LARDERCTL, LARDER_SANDBOX and LARDER_BENCH name, as the
scenarios do (default: build/release).

    bench/purge_cost.py [--objects 200000] [--rounds 10] [--seconds 2] [--untagged PROGRAM]
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/scenario"))
for name in ("larderd", "larderctl", "larder-sandbox", "larder-bench"):
    os.environ.setdefault(name.upper().replace("-", "_"), str(ROOT / "build/release" / name))

import harness  # noqa: E402: after its folder is known
from scenario_lib import metric, wait_stored  # noqa: E402

SIZE = 400
TOKEN = "purge-token-0123456789"
BATCH = 100
REFERENCES = 30
ENTRIES = 2_000


def cpu_us(larder, thread=""):
    """CPU time of all threads, or of those with that name."""
    tasks = pathlib.Path(f"/proc/{larder.process.pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks
               if thread in ("", (task / "comm").read_text().strip())) / 1000


def pipelined(address, requests):
    """Yields the answers; some requests at a time on one connection."""
    with harness.Connection(address) as connection:
        for begin in range(0, len(requests), BATCH):
            batch = requests[begin:begin + BATCH]
            connection.send(b"".join(batch))
            for _ in batch:
                yield connection.read_response()


def start(stage, program=None, **changes):
    larderd = os.environ["LARDERD"]
    if program:
        os.environ["LARDERD"] = str(program)
    larder = stage.larder(**{
        "server": {"workers": 1, "max_requests_per_connection": 1_000_000_000},
        "ttl": {"entry": {"fresh": "24h"}}, "cache": {"size": "2GiB"},
        "admin": {"purge_tokens": [{"file": token_file(stage)}]}, **changes})
    os.environ["LARDERD"] = larderd
    return larder


def token_file(stage):
    file = stage.directory / "purge-token"
    file.write_text(TOKEN)
    file.chmod(0o600)
    return str(file)


class Purges:
    """By HTTP, on one connection after the other, each acknowledged before the next."""

    def __init__(self, larder):
        self.larder, self.took_ms = larder, []

    def order(self, **what):
        with harness.Connection(self.larder.metrics_address) as connection:
            began = time.monotonic()
            answer = connection.request("/purge", [("Authorization", f"Bearer {TOKEN}")], method="POST",
                                        body=json.dumps(what).encode())
            self.took_ms.append((time.monotonic() - began) * 1000)
        if answer.status not in (200, 404):
            raise SystemExit(f"purge {what}: {answer}")


def hits(larder, branch, seconds, keys=1_000):
    """A row of larder-bench load: 1,000 keys over 64 connections; and the CPU of the worker alone."""
    before = cpu_us(larder, "worker")
    said = subprocess.run(
        [os.environ["LARDER_BENCH"], "load", "--url", f"http://{larder.address}", "--server-pid",
         str(larder.process.pid), "--seconds", str(seconds), "--sizes", str(SIZE), "--connections", "64",
         "--keys", str(keys), "--load-cpu", str(os.cpu_count() - 1), "--json", "--path", "/v3/content_types/sized/entries/s{size}_{key}?environment=production",
         *[word for name, value in harness.credentials(branch=branch) for word in ("--header", f"{name}: {value}")]],
        text=True, capture_output=True, check=False)
    if said.returncode != 0:
        raise SystemExit(said.stdout + said.stderr)
    row = json.loads(said.stdout)[0]
    return {**row, "worker_us": (cpu_us(larder, "worker") - before) / row["requests"]}


def ratio(rows, others, key):
    """The median of the rounds' ratios, the least and the most."""
    ratios = sorted(row[key] / other[key] for row, other in zip(rows, others))
    return f"{statistics.median(ratios):.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f})"


def spread(took_ms):
    return f"{statistics.median(took_ms):.1f} ms ({min(took_ms):.1f} to {max(took_ms):.1f})"


def requests_of(count, branch):
    return [harness.format_request(harness.sized_target(SIZE, f"k{number}"), harness.credentials(branch=branch))
            for number in range(count)]


def publish_all(stage, count):
    orders = [harness.format_request("/publish", (), "POST", stage.sandbox.control_address, json.dumps(
        {"ct": "sized", "uid": harness.sized_uid(SIZE, f"k{number}"), "branch": "main"}).encode())
        for number in range(count)]
    for answer in pipelined(stage.sandbox.control_address, orders):
        harness.check_equal(answer.status, 200, "a publish")


def purge_of_half(stage, options):
    """Objects in two branches; all of one are purged while the other's are asked for."""
    larder = start(stage, purge={"soft_for": "0s"})
    half = options.objects // 2
    for branch in ("main", "develop"):
        for answer in pipelined(larder.address, requests_of(half, branch)):
            harness.check_equal(answer.status, 200, "a fill")
    wait_stored(larder, 2 * half)
    purges = Purges(larder)
    quiet, busy = [], []
    for number in range(options.rounds):
        def run_quiet():
            quiet.append(hits(larder, "develop", options.seconds))

        def run_busy():
            timer = threading.Timer(options.seconds / 2, purges.order, kwargs={
                "content_type": "sized", "branch": "main", "no_count": True})
            timer.start()
            busy.append(hits(larder, "develop", options.seconds))
            timer.join()
        for run in (run_quiet, run_busy) if number % 2 else (run_busy, run_quiet):
            run()
    print(f"purge of {half} of {2 * half} objects while hits run: acknowledged after {spread(purges.took_ms)}; hits with "
          f"it over without: p99 {ratio(busy, quiet, 'p99_us')}, CPU {ratio(busy, quiet, 'cpu_us')}")
    counted = Purges(larder)
    thread = threading.Thread(target=hits, args=(larder, "develop", options.seconds * 2))
    thread.start()
    while thread.is_alive():
        counted.order(content_type="sized", branch="main")
    print(f"the same, counted: acknowledged after {spread(counted.took_ms)}")
    publish_all(stage, half)
    purges.order(content_type="sized", branch="main")
    wrong = 0
    for number, answer in enumerate(pipelined(larder.address, requests_of(half, "main"))):
        wrong += answer.body != harness.sized_body(SIZE, harness.sized_uid(SIZE, f"k{number}"), version=2)
    print(f"first answers of {half} objects after it: {wrong} wrong")
    harness.check_equal(wrong, 0, "wrong first answers")


def purges_of_others(stage, options):
    larder = start(stage)
    hits(larder, "main", 1)
    purges = Purges(larder)
    quiet, busy = [], []

    def purge_until(over):
        number = 0
        while not over.wait(0.1):
            number += 1
            purges.order(entry=f"blog/bltother{number}", no_count=True)

    def run_busy():
        over = threading.Event()
        thread = threading.Thread(target=purge_until, args=(over,))
        thread.start()
        busy.append(hits(larder, "main", options.seconds))
        over.set()
        thread.join()
    for number in range(options.rounds):
        runs = [lambda: quiet.append(hits(larder, "main", options.seconds)), run_busy]
        for run in runs if number % 2 else runs[::-1]:
            run()
    print(f"{len(purges.took_ms)} purges of other entries, 10 a second: CPU per hit with them over without "
          f"{ratio(busy, quiet, 'cpu_us')}; of the worker alone {ratio(busy, quiet, 'worker_us')}")


def fills(stage, options):
    """The same entries by both programs, in turns."""
    fields = {"related": [{"uid": f"bltreferred{number}", "_content_type_uid": "page"}
                          for number in range(REFERENCES)]}
    for number in range(ENTRIES):
        stage.sandbox.publish("blog", f"bltreferring{number}", fields=fields)
    requests = [harness.format_request(f"/v3/content_types/blog/entries/bltreferring{number}?environment=production",
                                       harness.credentials()) for number in range(ENTRIES)]
    larders = {"with tags": start(stage), "without": start(stage, program=options.untagged)}
    costs = {name: [] for name in larders}
    sizes = {}
    for number in range(options.rounds + 1):
        for name, larder in larders.items() if number % 2 else reversed(larders.items()):
            Purges(larder).order(all=True, hard=True)
            before = cpu_us(larder)
            for answer in pipelined(larder.address, requests):
                harness.check_equal(answer.status, 200, "a fill")
            wait_stored(larder)
            if number > 0:  # the first round makes connections and pages
                costs[name].append({"cpu_us": (cpu_us(larder) - before) / ENTRIES})
            sizes[name] = metric(larder, "store_live_bytes") / metric(larder, "store_objects")
    for name, rows in costs.items():
        print(f"fill of an entry with {REFERENCES} references, {name}: {statistics.median(r['cpu_us'] for r in rows):.1f} "
              f"us of CPU, {sizes[name]:.0f} bytes")
    print(f"CPU per fill with tags over without {ratio(costs['with tags'], costs['without'], 'cpu_us')}, "
          f"bytes {sizes['with tags'] / sizes['without']:.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--objects", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=2, help="of each turn")
    parser.add_argument("--untagged", type=pathlib.Path, help="a larderd that finds no tags; without it no fills")
    parser.add_argument("--only", choices=("half", "others", "fills"))
    options = parser.parse_args()
    print(f"load average {' '.join(map(str, os.getloadavg()))}")
    parts = {"half": purge_of_half, "others": purges_of_others}
    if options.untagged:
        parts["fills"] = fills
    for name, part in parts.items():
        if options.only in (None, name):
            report = harness.run_test(name, lambda stage, part=part: part(stage, options))
            if report:
                raise SystemExit(report)


if __name__ == "__main__":
    main()
