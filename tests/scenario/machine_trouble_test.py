#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A disk that is full, fails or refuses, too few descriptors, too little memory: hits go on, storing
resumes within 5 s of the relief, and a restart meanwhile keeps the cache.

LARDER_TROUBLE_SECONDS sets how long each state lasts under load (default 3; from 60 on each single
allocation of LARDER_TROUBLE_ALLOCATIONS, 2,000, fails once, below that some of them). Needs a C compiler;
disks of a test's own are small tmpfs, which need root. The figures are printed.
"""

import collections
import errno
import mmap
import os
import pathlib
import resource
import shutil
import struct
import subprocess
import sys
import threading
import time

import harness
from harness import check, check_equal, wait_until
from scenario_lib import SANITIZED, cache_status, check_answer, wait_stored

SECONDS = float(os.environ.get("LARDER_TROUBLE_SECONDS", "3"))
ALLOCATIONS = int(os.environ.get("LARDER_TROUBLE_ALLOCATIONS", "2000"))
RELIEF_S = 5
CREDENTIALS = harness.credentials()
HOT = [(3_000, f"hot{number}") for number in range(40)]
# And connections that last as long as a load.
FRESH_FOR_LONG = {"ttl": {"entry": {"fresh": "24h"}}, "server": {"max_requests_per_connection": 1_000_000}}


def ask_sized(connection, size, name):
    response = connection.request(harness.sized_target(size, name), CREDENTIALS)
    check_answer(response, 200, harness.sized_body(size, harness.sized_uid(size, name)), name)
    return response


class Load(threading.Thread):
    """Hot objects, each of which must be a hit, and cold ones between them, on one connection."""

    def __init__(self, larder, name, cold=True):
        super().__init__(daemon=True)
        self.larder, self.name_, self.cold = larder, name, cold
        self.hits, self.filled, self.wrong = 0, 0, None
        self.ends = threading.Event()
        self.start()

    def run(self):
        try:
            with self.larder.connect() as connection:
                while not self.ends.is_set():
                    for size, name in HOT:
                        response = ask_sized(connection, size, name)
                        check("larder; hit" in cache_status(response), lambda r=response: f"no hit: {r}")
                        self.hits += 1
                    if self.cold:
                        ask_sized(connection, 20_000, f"{self.name_}{self.filled}")
                        self.filled += 1
        except (OSError, harness.Failure) as failure:
            self.wrong = failure

    def end(self):
        self.ends.set()
        self.join(harness.DEADLINE_S)
        check(self.wrong is None, lambda: f"after {self.hits} hits: {self.wrong}")
        check(self.hits > 0, "there was no load")


def preloading(stage, source, **more):
    """An environment with the library that `source` is compiled to."""
    library = stage.directory / f"{source}.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, pathlib.Path(__file__).with_name(source)],
                   check=True)
    options = os.environ.get("ASAN_OPTIONS", "")
    return {**os.environ, "LD_PRELOAD": str(library), "ASAN_OPTIONS": f"{options}:verify_asan_link_order=0", **more}


class FullDisk:
    """A tmpfs beneath the cache, and a file that takes what is left of it."""

    def __init__(self, stage, larder):
        self.mount = larder.cache_directory
        self.mount.mkdir()
        self.mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,mode=0700", "none", self.mount],
                                      check=False).returncode == 0
        if not self.mounted:
            return
        stage.stack.callback(subprocess.run, ["umount", "-l", self.mount], check=False)
        self.environment = None

    def remount(self, how):
        subprocess.run(["mount", "-o", f"remount,{how}", self.mount], check=True)

    def begin(self):
        with open(self.mount / "filler", "wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(b"x" * 4096)
            except OSError as full:
                check_equal(full.errno, errno.ENOSPC, "what ends the filler")

    def end(self):
        (self.mount / "filler").unlink()


class Refusals:
    """Writes fail by an errno: bad_disk.c, preloaded."""

    def __init__(self, stage, number):
        self.number, self.order = number, stage.directory / "disk_error"
        self.environment = preloading(stage, "bad_disk.c", LARDER_DISK_ERROR=str(self.order))

    def begin(self):
        self.order.write_text(str(int(self.number)))

    def end(self):
        self.order.unlink()


class Memory:
    """Allocations fail: bad_memory.c, preloaded."""

    COUNTDOWN, EVERY, ASKED, FAILED = range(4)

    def __init__(self, stage):
        order = stage.directory / "memory_order"
        order.write_bytes(bytes(4096))
        with open(order, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 4096)
        self.places = stage.directory / "memory_order.places"
        self.environment = preloading(stage, "bad_memory.c", LARDER_MEMORY_ORDER=str(order))

    def put(self, field, value):
        self.map[8 * field:8 * field + 8] = struct.pack("q", value)

    def get(self, field):
        return struct.unpack("q", self.map[8 * field:8 * field + 8])[0]

    def fail_one(self, number):
        """The allocation of this number from now on."""
        self.put(self.FAILED, 0)
        self.put(self.COUNTDOWN, number)

    def has_failed(self):
        return self.get(self.FAILED) > 0

    def begin(self):
        self.put(self.EVERY, 20)

    def end(self):
        self.put(self.EVERY, 0)
        self.put(self.COUNTDOWN, 0)


def state_of(larder):
    return larder.status()["store"]["state"]


def is_stored(larder, size, name):
    with larder.connect() as connection:
        return "larder; hit; ttl" in cache_status(ask_sized(connection, size, name))


def wait_resumed(larder, what):
    began = time.monotonic()
    wait_until(lambda: is_stored(larder, 2_000, f"after{what}"), "a new object is stored", timeout_s=RELIEF_S)
    return time.monotonic() - began


def warm_up(larder):
    with larder.connect() as connection:
        for size, name in HOT:
            ask_sized(connection, size, name)
    wait_stored(larder, len(HOT))


def go_through(larder, disk, what):
    """The state under load, its relief; a restart in the state, its relief."""
    warm_up(larder)
    disk.begin()
    load = Load(larder, what)
    time.sleep(SECONDS)  # the load itself, not a wait for something
    wait_until(lambda: load.wrong or state_of(larder) != "writes", "the status tells of the disk")
    load.end()
    check("trouble" in larder.status()["store"], "the status tells why")
    disk.end()
    resumed = wait_resumed(larder, what)
    disk.begin()
    larder.stop()
    larder.start(environment=disk.environment)
    restarted = Load(larder, f"{what}r", cold=False)
    wait_until(lambda: restarted.hits >= 10 * len(HOT) or restarted.wrong, "hits after a restart")
    restarted.end()
    disk.end()
    again = wait_resumed(larder, f"{what}r")
    check("moved aside" not in larder.log(), "nothing was moved aside")
    print(f"{what}: {load.hits} of {load.hits} hits, {load.filled} fills passed on in {SECONDS:.0f} s; stored again "
          f"after {resumed:.1f} s, after a restart {again:.1f} s")


def small_disk(stage, larder):
    """None = this system lets nobody, or only root, mount a tmpfs; that is said."""
    if os.geteuid() != 0:
        print("skipped: only root can mount a tmpfs")
        return None
    disk = FullDisk(stage, larder)
    if not disk.mounted:
        print("skipped: this system lets nobody mount a tmpfs")
        return None
    return disk


def test_a_full_disk(stage):
    larder = stage.larder(start=False, **FRESH_FOR_LONG)
    disk = small_disk(stage, larder)
    if disk is None:
        return
    larder.start()
    go_through(larder, disk, "full")


def test_a_file_system_that_is_read_only_at_the_start(stage):
    larder = stage.larder(start=False, **FRESH_FOR_LONG)
    disk = small_disk(stage, larder)
    if disk is None:
        return
    larder.start()
    warm_up(larder)
    larder.stop()
    disk.remount("ro")
    larder.start()
    load = Load(larder, "ro")
    time.sleep(SECONDS)  # the load itself, not a wait for something
    load.end()
    check(state_of(larder) != "writes", "the status tells of the disk")
    disk.remount("rw")
    resumed = wait_resumed(larder, "ro")
    check("moved aside" not in larder.log(), "nothing was moved aside")
    print(f"read-only at the start: {load.hits} of {load.hits} hits, {load.filled} fills passed on in {SECONDS:.0f} s; "
          f"stored again after {resumed:.1f} s")


def test_writes_that_fail(stage):
    for number in (errno.EIO, errno.EROFS, errno.EDQUOT):
        what = errno.errorcode[number]
        larder = stage.larder(start=False, **FRESH_FOR_LONG)
        disk = Refusals(stage, number)
        larder.start(environment=disk.environment)
        go_through(larder, disk, what)


def test_descriptors_that_run_out(stage):
    larder = stage.larder(**FRESH_FOR_LONG)
    warm_up(larder)
    with larder.connect() as kept:
        ask_sized(kept, *HOT[0])
        pid = larder.process.pid
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        used = len(os.listdir(f"/proc/{pid}/fd"))
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (used, before[1]))
        until = time.monotonic() + SECONDS
        hits = 0
        while time.monotonic() < until:
            for size, name in HOT:
                check("larder; hit" in cache_status(ask_sized(kept, size, name)), "a hit without descriptors")
                hits += 1
        check(larder.process.poll() is None, "larderd is alive")
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
    print(f"EMFILE: {hits} of {hits} hits; stored again after {wait_resumed(larder, 'EMFILE'):.1f} s")


def unless_sanitized(test):
    """A sanitizer has an allocator of its own, which no library before it makes fail."""
    def skipped(_):
        print(f"skipped: {test.__name__}, with a sanitizer")
    return skipped if SANITIZED else test


def ask_all_kinds(larder, number):
    """A hit, which must be answered, and then what may fail: how many did, and how."""
    with larder.connect() as connection:
        check("larder; hit" in cache_status(ask_sized(connection, *HOT[0])), "a hit")
    cold = harness.sized_target(3_000, f"cold{number}")
    outcomes = collections.Counter()
    for name, target, headers in (("miss", cold, CREDENTIALS), ("stored", cold, CREDENTIALS),
                                  ("pass", "/v3/assets/none/more", CREDENTIALS),
                                  ("preview", harness.ENTRY, harness.preview_credentials()),
                                  ("none", "/robots.txt", ())):
        try:
            outcomes[name, larder.get(target, headers).status] += 1
        except (OSError, harness.Failure) as failure:
            outcomes[name, type(failure).__name__] += 1
    return outcomes


@unless_sanitized
def test_each_allocation_that_fails_once(stage):
    memory = Memory(stage)
    larder = stage.larder(start=False, **FRESH_FOR_LONG)
    larder.start(environment=memory.environment)
    warm_up(larder)
    step = 1 if SECONDS >= 60 else 61
    outcomes, ended = collections.Counter(), []
    for number in range(1, ALLOCATIONS + 1, step):
        asked = 0
        seen = memory.places.stat().st_size
        memory.fail_one(number)
        try:
            while not memory.has_failed():
                outcomes += ask_all_kinds(larder, f"{number}x{asked}")
                asked += 1
        except (OSError, harness.Failure):
            memory.end()
            if larder.process.poll() is None:
                raise
        memory.end()
        if larder.process.poll() is not None:
            ended.append((number, memory.places.read_bytes()[seen:].decode()))
            larder.start(environment=memory.environment)
    print(f"ENOMEM, one of {ALLOCATIONS // step} allocations: {dict(outcomes)}")
    check_equal(ended, [], "allocations whose failure ended larderd")
    check("moved aside" not in larder.log(), "the cache stays")
    with larder.connect() as connection:
        for size, name in HOT:
            check("larder; hit" in cache_status(ask_sized(connection, size, name)), "a hit afterwards")
    print(f"ENOMEM: stored again after {wait_resumed(larder, 'one'):.1f} s")


def start_as_a_service(larder, environment):
    """Again and again, as a service manager does. A start that gets no thread or memory says so."""
    for _ in range(30):
        said = len(larder.log())
        try:
            return larder.start(environment=environment)
        except harness.Failure:
            check_equal(larder.process.returncode, 1, "what a start without memory ends with")
            why = larder.log()[said:]
            check("memory" in why or "cannot start a thread" in why, lambda w=why: f"it does not say why: {w}")
    raise harness.Failure("30 starts without memory")


@unless_sanitized
def test_memory_that_runs_short(stage):
    memory = Memory(stage)
    larder = stage.larder(start=False, **FRESH_FOR_LONG)
    larder.start(environment=memory.environment)
    warm_up(larder)
    memory.begin()
    load = Load(larder, "short")
    time.sleep(SECONDS)  # the load itself, not a wait for something
    memory.put(Memory.EVERY, 1)  # for a moment there is none at all
    time.sleep(0.2)
    memory.begin()
    load.end()
    failed = memory.get(Memory.FAILED)
    memory.end()
    check(larder.process.poll() is None and failed > 100, f"larderd is alive after {failed} failed allocations")
    resumed = wait_resumed(larder, "short")
    memory.begin()
    larder.stop()
    start_as_a_service(larder, memory.environment)
    restarted = Load(larder, "shortr", cold=False)
    wait_until(lambda: restarted.hits >= 10 * len(HOT) or restarted.wrong, "hits after a restart")
    restarted.end()
    memory.end()
    again = wait_resumed(larder, "shortr")
    check("moved aside" not in larder.log(), "nothing was moved aside")
    print(f"ENOMEM, every 20th: {load.hits} of {load.hits} hits, {load.filled} fills passed on in {SECONDS:.0f} s, "
          f"{failed} failed allocations; stored again after {resumed:.1f} s, after a restart {again:.1f} s")


if __name__ == "__main__":
    if shutil.which("cc") is None:
        print("skipped: there is no C compiler")
        sys.exit(77)
    harness.main(globals())
