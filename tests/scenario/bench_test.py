#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""larder-bench against the real programs, on tiny rounds: what it counts and reports, not how fast
anything is."""

import json
import pathlib
import subprocess

import harness
from harness import check, check_equal
from scenario_lib import scaled

PERCENTILES = ["min_us", "p50_us", "p90_us", "p99_us", "p999_us", "max_us"]


def run_bench(*arguments):
    return subprocess.run([harness.program("LARDER_BENCH"), *map(str, arguments)], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                          timeout=60 * harness.TIME_FACTOR)


def bench(*arguments):
    """The JSON that it printed."""
    result = run_bench(*arguments)
    check_equal(result.returncode, 0,
                f"exit status of {arguments}: {result.stderr}{result.stdout[-500:]}")
    return json.loads(result.stdout)


def write_trace(stage, *lines):
    path = pathlib.Path(stage.directory) / "trace.csv"
    path.write_text("time,key,size\n" + "".join(f"{i},{line}\n" for i, line in enumerate(lines)))
    return path


def check_rises(row, names, what):
    values = [row[name] for name in names]
    check(values == sorted(values) and values[0] > 0, f"{what}: {dict(zip(names, values))}")


def test_load_measures_each_size_with_each_number_of_connections(stage):
    rows = bench("load", "--sizes", "1K,10K", "--connections", "1,8", "--seconds", 0.2, "--keys", 20,
                 "--folder", stage.directory, "--json")
    check_equal([(row["body_bytes"], row["connections"]) for row in rows],
                [(1024, 1), (1024, 8), (10240, 1), (10240, 8)], "rows")
    for row in rows:
        check_rises(row, PERCENTILES, "latencies")
        check(row["requests"] > 0 and row["wrong"] == 0, f"answers: {row}")
        check(row["cpu_us"] > 0, f"the own server's CPU time: {row}")


def test_load_keeps_a_rate_on_a_server_that_it_is_given(stage):
    larder = stage.larder(server={"workers": 1})
    row, = bench("load", "--url", f"http://{larder.address}", "--sizes", "1K", "--connections", 4,
                 "--rate", 200, "--seconds", 0.5, "--keys", 10, "--json")
    check_equal(row["rate"], 200, "rate")
    check(50 <= row["requests"] <= 110, f"about 100 requests are due in half a second: {row}")
    check("cpu_us" not in row, f"nobody's CPU time: {row}")


def test_replay_counts_hits_as_the_trace_has_them(stage):
    # Of one connection: a misses, b misses, a hits, a is purged and misses with its new size,
    # a hits, b hits, b changes without a purge and misses.
    trace = write_trace(stage, "a,1000", "b,2000", "a,1000", "a,0", "a,3000", "a,3000", "b,2000",
                        "b,2500")
    report = bench("replay", trace, "--connections", 1, "--cache-size", "64M", "--window", 4,
                   "--folder", stage.directory, "--json")
    check_equal(report["hits_by"], "cache-status", "how hits are counted")
    check_equal((report["requests"], report["origin_requests"], report["wrong"], report["stale"]),
                (7, 4, 0, 0), "requests, those at the origin, wrong and stale answers")
    check_equal((report["purges"], report["purged"], report["silent_changes"]), (1, 2, 1), "purges")
    check_equal(round(report["hit_ratio"] * 7), 3, "hits")
    check_equal(round(report["byte_hit_ratio"] * report["bytes"]), 1000 + 3000 + 2000, "hit bytes")
    check_equal([window["requests"] for window in report["windows"]], [3, 4], "windows")
    check_equal([window["origin_requests"] for window in report["windows"]], [2, 2], "windows")
    check_rises(report, PERCENTILES[1:], "latencies")


def test_no_miss_of_many_at_once_fails(stage):
    # Between hits, transfers begin and end in the same turns of the loop, on the same connections.
    lines = []
    for block in range(scaled(25, 3)):
        lines += [f"k{key},1000" for key in range(block * 600)][-3_000:]
        lines += [f"k{block * 600 + key},1000" for key in range(600)]
    report = bench("replay", write_trace(stage, *lines), "--connections", 64, "--cache-size", "1G",
                   "--folder", stage.directory, "--json")
    check_equal(report["wrong"], 0, "answers that failed")
    check_equal(report["origin_requests"], scaled(25, 3) * 600, "requests at the origin")


def test_replay_restarts_its_larderd_and_finds_the_cache_again(stage):
    trace = write_trace(stage, *[f"k{i % 10},1000" for i in range(40)])
    report = bench("replay", trace, "--connections", 1, "--cache-size", "64M", "--restart-at", 20,
                   "--restart-by", "TERM", "--folder", stage.directory, "--json")
    check_equal((report["requests"], report["origin_requests"]), (40, 10), "nothing is lost")
    check_equal((report["restart"]["at"], report["restart"]["signal"]), (20, "TERM"), "restart")


def test_replay_against_a_given_server_purges_by_its_admin_socket(stage):
    larder = stage.larder(server={"workers": 1})
    trace = write_trace(stage, "a,1000", "a,1000", "a,0", "a,1500", "/odd?key,700", "/odd?key,700")
    report = bench("replay", trace, "--url", f"http://{larder.address}", "--control",
                   f"http://{stage.sandbox.control_address}", "--admin-socket", larder.socket_path,
                   "--connections", 1, "--rate", 500, "--json")
    check_equal((report["requests"], report["origin_requests"], report["purged"], report["wrong"],
                 report["stale"]), (5, 3, 1, 0, 0), "a replay with a purge")


def test_peers_compares_hits_with_whoever_is_installed(stage):
    report = bench("peers", "--only", "hits", "--sizes", "1K", "--connections", "4", "--rounds", 2,
                   "--seconds", 0.1, "--keys", 20, "--cache-size", "64M", "--load-cpu", 0,
                   "--folder", stage.directory, "--json")
    check_equal([(row["body_bytes"], row["connections"]) for row in report["hits"]], [(1024, 4)],
                "rows")
    for row in report["hits"]:
        check({"larderd", "limit"} <= set(row["servers"]), f"servers: {row}")
        for name, server in row["servers"].items():
            check(server["cpu_us"] > 0 and server["p99_us"] >= server["p50_us"], f"{name}: {server}")
        check_equal(set(row["larderd_to"]), set(row["servers"]) - {"larderd"}, "ratios")
        check(all(ratios["cpu_us"] > 0 for ratios in row["larderd_to"].values()), f"{row}")


def test_peers_restarts_and_weighs_larderd_alone(stage):
    report = bench("peers", "--only", "restart,memory", "--peers", "limit", "--rounds", 1, "--kept",
                   50, "--memory-objects", 500, "--idle", 20, "--load-cpu", 0, "--folder",
                   stage.directory, "--json")
    for row in report["restart"]:
        check_equal(row["servers"]["larderd"]["kept"], 1, f"share that is kept after {row['signal']}")
        check(row["servers"]["larderd"]["first_hit_ms"] > 0, f"a first hit: {row}")
    check(report["memory"][0]["servers"]["larderd"]["start_mib"] > 0, f"memory: {report['memory']}")


def test_bad_input_is_named_with_its_remedy(stage):
    trace = write_trace(stage, "a,1000")
    bad = pathlib.Path(stage.directory) / "bad.csv"
    bad.write_text("0,a,1\n0,a,big\n")
    for arguments, words in [
            (["load", "--sizes", "1Q"], "'1Q' is no size: write 1024, 1K"),
            (["load", "--rate", "fast"], "'fast' is no rate: write"),
            (["load", "--larderd", "/nowhere"], "no program /nowhere: build it"),
            (["load", "--url", "https://x"], "it must begin with http://"),
            (["replay", bad], "bad.csv line 2: the size is no whole number"),
            (["replay", "/nowhere.csv"], "cannot read the trace /nowhere.csv"),
            (["replay", trace, "--url", "http://127.0.0.1:1"], "--url requires --control"),
            (["replay", trace, "--restart-at", 5], "--restart-at must be a line of the trace"),
            (["peers", "--only", "hit"], "hit not in {hits"),
    ]:
        result = run_bench(*arguments)
        check(result.returncode != 0, f"{arguments} fails")
        check(words in result.stderr, f"{arguments}: {result.stderr}")


if __name__ == "__main__":
    harness.main(globals())
