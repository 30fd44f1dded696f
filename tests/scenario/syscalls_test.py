#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every system call that larderd makes in scenarios is one that the unit's SystemCallFilter= allows: `strace -f -c`
counts them, `systemd-analyze syscall-filter` knows what is in its sets.

A few scenarios by default; LARDER_SYSCALLS_OF="purge webhook ..." takes others, "all" every one."""

import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys

import harness
from harness import check, check_equal

HERE = pathlib.Path(__file__).resolve().parent
DEFAULT = {
    "fill": ("test_a_leader_that_goes_away_does_not_hurt_the_others", "test_conditional_requests",
             "test_the_origin_sees_each_representation_once"),
    "tls": ("test_tls_1_2_and_1_3_are_spoken_and_no_others",
            "test_a_reload_takes_a_new_certificate_without_a_failed_request"),
    "tls_origin": ("test_right_certificate_for_the_right_name_is_taken",),
    "name_lookup": ("test_a_changed_address_is_followed_under_traffic",),
    "reload": ("test_the_access_log_is_reopened_all_the_same", "test_a_token_file_is_read_again"),
    "webhook": ("test_the_public_key_is_fetched_and_again_once_a_minute_at_most",),
    "bus": ("test_a_purge_by_the_operator_reaches_all_nodes", "test_tls_and_a_password_from_a_file"),
    "watchdog": ("test_the_service_manager_hears_of_each_state",),
    "stopping": ("test_sockets_are_taken_over_by_their_address", "test_habits_of_other_servers"),
}
# Those that preload, that measure, or whose larderd another program starts.
UNTRACED = {"syscalls", "machine_trouble", "chaos", "storm", "outage", "production", "dev_run", "crash", "lanes",
            "bench", "sdk", "sandbox", "programs"}
# systemd's own, before larderd is there, and of the shell that strace runs with.
BEFORE_THE_FILTER = {"execve"}


def names_of_set(name):
    """All calls of a set, those of the sets in it too."""
    text = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager", name], text=True, check=True,
                          stdout=subprocess.PIPE).stdout
    names = set()
    for line in text.splitlines()[1:]:
        word = line.strip()
        if word.startswith("@"):
            names |= names_of_set(word)
        elif word and not word.startswith("#"):
            names.add(word)
    return names


def allowed_by(unit):
    """The filter as systemd reads it: the first line says that this is a list of what is allowed."""
    allowed = set()
    for line in re.findall(r"^SystemCallFilter=(.*)$", unit, re.MULTILINE):
        takes_away = line.startswith("~")
        for word in line.lstrip("~").split():
            names = names_of_set(word) if word.startswith("@") else {word}
            allowed = allowed - names if takes_away else allowed | names
    return allowed | names_of_set("@default")


def seen_in(folder):
    """{call: how often}"""
    seen = {}
    for table in folder.glob("*.calls"):
        for line in table.read_text().splitlines():
            # % time, seconds, usecs/call, calls, errors (or nothing), syscall
            match = re.fullmatch(r"\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)", line)
            if match and match[2] != "total":
                seen[match[2]] = seen.get(match[2], 0) + int(match[1])
    return seen


def traced_larderd(stage):
    """A program that is larderd with strace behind it: its tracer is a grandchild, so that the process that the
    scenario starts, signals and waits for is larderd's own."""
    folder = stage.directory / "calls"
    folder.mkdir()
    wrapper = stage.directory / "larderd"
    wrapper.write_text(f'#!/bin/sh\nexec strace -D -f -c -qq -o "{folder}/$$.calls" '
                       f'"{harness.program("LARDERD")}" "$@"\n')
    wrapper.chmod(wrapper.stat().st_mode | stat.S_IXUSR)
    return wrapper, folder


def scenarios():
    wanted = os.environ.get("LARDER_SYSCALLS_OF", "")
    if wanted == "all":
        names = sorted(path.stem.removesuffix("_test") for path in HERE.glob("*_test.py"))
        return {name: () for name in names if name not in UNTRACED}
    return {name: () for name in wanted.split()} or DEFAULT


def test_every_call_is_inside_the_units_filter(stage):
    unit = pathlib.Path(os.environ["LARDER_UNIT"]).read_text(encoding="utf-8")
    allowed = allowed_by(unit)
    check({"read", "epoll_pwait", "sched_setattr"} <= allowed and not {"ptrace", "setuid", "mount", "bpf"} & allowed,
          f"the filter is not read rightly: {sorted(allowed)}")
    wrapper, folder = traced_larderd(stage)
    all_passed, all_run = 0, 0
    for name, tests in scenarios().items():
        done = subprocess.run([sys.executable, HERE / f"{name}_test.py", *tests], text=True, check=False,
                              env={**os.environ, "LARDERD": str(wrapper)}, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=900)
        passed = re.search(r"^(\d+) passed, (\d+) failed", done.stdout, re.MULTILINE)
        check(passed, f"{name} did not run\n{done.stdout[-2000:]}")
        all_passed += int(passed[1])
        all_run += int(passed[1]) + int(passed[2])
        print(f"  traced {name}: {done.stdout.strip().splitlines()[-1]}", flush=True)

    # strace slows larderd and keeps its sockets open a while longer: not every test can bear that, but what it
    # asked of the system counts all the same.
    check(all_passed >= 0.7 * all_run, f"only {all_passed} of {all_run} tests passed")

    def written():
        return list(folder.glob("*.calls")) and all(path.stat().st_size for path in folder.glob("*.calls"))
    harness.wait_until(written, "strace has written its counts")
    seen = seen_in(folder)
    check(seen.get("epoll_pwait", 0) + seen.get("epoll_wait", 0) > 0 and seen.get("eventfd2") and len(seen) > 40,
          f"larderd's own calls are among them: {sorted(seen)}")
    print(f"  {len(seen)} calls: {' '.join(sorted(seen))}")
    stricter = allowed_by(unit.replace("SystemCallFilter=sched_setattr", ""))
    check_equal(sorted(set(seen) - stricter - BEFORE_THE_FILTER), ["sched_setattr"], "what a stricter filter would bar")
    check_equal(sorted(set(seen) - allowed - BEFORE_THE_FILTER), [], "calls that the unit does not allow")


if __name__ == "__main__":
    if os.environ.get("LARDER_SANITIZE") or not all(map(shutil.which, ("strace", "systemd-analyze"))):
        print("skipped: strace and systemd-analyze are needed, and a build without sanitizers")
        sys.exit(77)
    harness.main(globals())
