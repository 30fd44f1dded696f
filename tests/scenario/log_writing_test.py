#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Logs that cannot be written: nobody reads, the reader is gone, the disk is full, a file cannot be
opened again. Nothing waits for a log and nothing ends by it, and each line is written whole or counted
as lost.

The full disk is a small tmpfs, which needs root; the test says so where it is skipped.
LARDER_TROUBLE_SECONDS sets how long stderr is stuck under load (default 1).
"""

import contextlib
import fcntl
import json
import os
import subprocess
import threading
import time

import harness
from harness import check, check_equal, wait_until
from scenario_lib import cache_status, check_answer, wait_stored

CREDENTIALS = harness.credentials()
F_SETPIPE_SZ = 1031
PIPE_BYTES = 4096
# Much less than the least drain and flush together may take.
END_S = 15 * harness.TIME_FACTOR
HOT = (3_000, "hot")
SECONDS = float(os.environ.get("LARDER_TROUBLE_SECONDS", "1"))


class PipeLog:
    """A pipe in the place of stdout or stderr."""

    def __init__(self, stage, full=False):
        self.reader, self.writer = os.pipe()
        stage.stack.callback(self.close)
        fcntl.fcntl(self.writer, F_SETPIPE_SZ, PIPE_BYTES)
        self.filling = 0
        self.text = bytearray()
        self.thread = None
        if full:
            self.fill()

    def fill(self):
        os.set_blocking(self.writer, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                self.filling += os.write(self.writer, b"#")
        os.set_blocking(self.writer, True)

    def handed_over(self):
        """larderd has the end that is written to; nobody else."""
        os.close(self.writer)
        self.writer = None

    def read(self):
        """From here on there is a reader."""
        def run():
            with contextlib.suppress(OSError):
                while data := os.read(self.reader, 65_536):
                    self.text += data
        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()

    def lines(self):
        """Once all writers are gone: what came behind the filling."""
        self.thread.join(harness.DEADLINE_S)
        check(not self.thread.is_alive(), "the log's pipe ends")
        return bytes(self.text[self.filling:]).decode().splitlines()

    def close(self):
        for end in (self.reader, self.writer):
            with contextlib.suppress(OSError, TypeError):
                os.close(end)


def fill_cache(larder):
    check_answer(larder.get(harness.sized_target(*HOT), CREDENTIALS), 200)
    wait_stored(larder)


def hits(larder, count):
    """Each must be served, and from the cache."""
    with larder.connect() as connection:
        for _ in range(count):
            response = connection.request(harness.sized_target(*HOT), CREDENTIALS)
            check_answer(response, 200, harness.sized_body(HOT[0], harness.sized_uid(*HOT)), "a hit")
            check("larder; hit" in cache_status(response), lambda r=response: f"no hit: {r}")


class Load(threading.Thread):
    """Hits, all the time."""

    def __init__(self, larder):
        super().__init__(daemon=True)
        self.larder, self.hits, self.wrong, self.ends = larder, 0, None, threading.Event()
        self.start()

    def run(self):
        try:
            while not self.ends.is_set():
                hits(self.larder, 50)
                self.hits += 50
        except (OSError, harness.Failure) as failure:
            self.wrong = failure

    def end(self):
        self.ends.set()
        self.join(harness.DEADLINE_S)
        check(self.wrong is None, lambda: f"after {self.hits} hits: {self.wrong}")
        check(self.hits > 0, "there was no load")


def check_admin(larder):
    """Whatever the main thread does, and it logs most of it."""
    with harness.Connection(larder.metrics_address) as connection:
        check_equal(connection.request("/healthz").status, 200, "/healthz")
    larder.status()
    code, output = larder.ctl("purge", "url", "--api-key", harness.STACK_A.api_key,
                              "/v3/content_types/none/entries/none?environment=production")
    check(code in (0, 3), f"a purge ends with {code}: {output}")


def requests_seen(larder):
    return sum(larder.status()["requests"].values())


def end_in_time(larder):
    check_equal(harness.end_process(larder.process, timeout_s=END_S), 0, "larderd's end")


def check_json_lines(lines):
    """All of them, but those that are torn. How many are whole and torn."""
    whole = torn = 0
    for line in lines:
        try:
            json.loads(line)
            whole += 1
        except json.JSONDecodeError:
            torn += 1
            check(line.startswith("{"), f"a torn line has its beginning: {line}")
            # It may end within its first word.
            check(line.count('{"time"') <= 1, f"a torn line is ended before the next: {line}")
    return whole, torn


# --- Nobody reads ----------------------------------------------------------------------------------

def test_a_stuck_stderr_holds_up_nothing(stage):
    larder = stage.larder(start=False, log={"level": "debug", "buffer": "64KiB"},
                          ttl={"entry": {"fresh": "1h"}})
    pipe = PipeLog(stage, full=True)
    larder.start(stderr=pipe.writer)
    fill_cache(larder)
    load = Load(larder)
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        check_admin(larder)
    check_admin(larder)
    larder.reload(log={"level": "info"})
    check_admin(larder)
    wait_until(lambda: "trouble" in larder.status()["logs"]["own"], "the status tells of the log")
    for number in range(10):
        larder.get(harness.sized_target(900, f"miss{number}"), CREDENTIALS)
    check_admin(larder)
    load.end()
    check_equal(larder.metrics()['larder_log_writable{log="own"}'], 0, "the metric of the log")
    end_in_time(larder)
    larder.start(stderr=pipe.writer)
    hits(larder, 50)
    end_in_time(larder)
    print(f"stuck stderr: {load.hits} of {load.hits} hits; the cache was there after a restart")


def test_lines_wait_for_a_slow_reader_of_stderr(stage):
    """And come all, in their order."""
    larder = stage.larder(start=False)
    pipe = PipeLog(stage, full=True)
    larder.start(stderr=pipe.writer)
    pipe.handed_over()
    check_admin(larder)
    wait_until(lambda: "trouble" in larder.status()["logs"]["own"], "the status tells of the log")
    pipe.read()
    wait_until(lambda: "trouble" not in larder.status()["logs"]["own"], "the log is written again")
    end_in_time(larder)
    lines = pipe.lines()
    for word in ("server: ready", "admin: purge of", ": draining; answers under way", "server: stopped"):
        check(any(word in line for line in lines), f"{word} is in {lines}")
    check(lines[-1].endswith("server: stopped"), f"the last line is the last: {lines}")


def test_each_request_is_a_line_or_lost_where_nobody_reads(stage):
    """The access log and larderd's own on one pipe."""
    larder = stage.larder(start=False, log={"access_log": "stderr", "buffer": "64KiB"})
    pipe = PipeLog(stage, full=True)
    larder.start(stderr=pipe.writer)
    pipe.handed_over()
    fill_cache(larder)
    hits(larder, 2_000)
    check_admin(larder)
    wait_until(lambda: "nobody reads" in larder.status()["logs"]["access"].get("trouble", ""),
               "the status says why")
    lost = larder.status()["logs"]["access"]["lost"]
    check(lost > 1_000, f"{lost} lines of some 2,000 are counted as lost")
    pipe.read()
    wait_until(lambda: "trouble" not in larder.status()["logs"]["access"], "the log is written again")
    hits(larder, 10)
    requests, lost = requests_seen(larder), larder.status()["logs"]["access"]["lost"]
    end_in_time(larder)
    lines = pipe.lines()
    whole, torn = check_json_lines([line for line in lines if line.startswith("{")])
    check_equal((whole + lost, torn), (requests, 0), "lines written and lost, and torn ones")
    told = [line for line in lines if "lines of the access log stderr are lost: " in line]
    check(len(told) in (1, 2), f"the losses are said once a minute and at the end: {told}")


def test_a_start_that_fails_ends_where_nobody_reads(stage):
    larder = stage.larder(start=False, log={"access_log": str(stage.directory / "none" / "log")})
    pipe = PipeLog(stage, full=True)
    larder.start(wait=False, stderr=pipe.writer)
    check_equal(wait_until(lambda: larder.process.poll(), "larderd ends"), 1, "its status")


# --- The reader is gone ----------------------------------------------------------------------------

def test_a_reader_that_has_left_ends_nothing(stage):
    larder = stage.larder(start=False, log={"access_log": "stdout"})
    pipe = PipeLog(stage)
    larder.start(stdout=pipe.writer)
    pipe.handed_over()
    fill_cache(larder)
    os.close(pipe.reader)
    load = Load(larder)
    wait_until(lambda: larder.status()["logs"]["access"]["lost"] > 500, "lines are lost, and counted")
    check_admin(larder)
    load.end()
    logs = larder.status()["logs"]
    check_equal(logs["access"]["trouble"], "Broken pipe", "the reason")
    wait_until(lambda: "lines of the access log stdout are lost: Broken pipe" in larder.log(),
               "larderd's own log tells of it")
    end_in_time(larder)
    told = larder.log().count("lines of the access log stdout are lost")
    check(told <= 2, f"the same warning came {told} times")


# --- A disk that is full ---------------------------------------------------------------------------

def fill_disk(directory):
    """To the last page: what takes room. It is given back by removing it."""
    filler = directory / "filler"
    with open(filler, "wb", buffering=0) as out:
        for size in (1 << 20, 4_096):
            with contextlib.suppress(OSError):
                while out.write(b"x" * size) == size:
                    pass
    return filler


def test_a_full_disk_leaves_lines_that_parse_and_exact_counts(stage):
    directory = stage.directory / "logs"
    directory.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m,mode=0700", "none", directory],
                             check=False).returncode == 0
    if not mounted:
        print("skipped: a tmpfs cannot be mounted here", flush=True)
        return
    stage.stack.callback(subprocess.run, ["umount", "-l", directory], check=False)
    path = directory / "access.log"
    larder = stage.larder(log={"access_log": str(path)})
    fill_cache(larder)
    load = Load(larder)
    wait_until(lambda: path.stat().st_size > 20_000, "some lines")
    lost = []
    for _ in range(3):
        before = larder.status()["logs"]["access"]["lost"]
        filler = fill_disk(directory)
        wait_until(lambda b=before: larder.status()["logs"]["access"]["lost"] > b, "lines are lost")
        check_admin(larder)
        lost.append(larder.status()["logs"]["access"])
        filler.unlink(missing_ok=True)
        size = path.stat().st_size
        wait_until(lambda s=size: path.stat().st_size > s, "lines again, when there is room again")
    load.end()
    requests = requests_seen(larder)

    def settled():
        ended, newline, _ = path.read_text().rpartition("\n")  # the last line may be half written
        whole, torn = check_json_lines((ended + newline).splitlines())
        return (whole, torn) if whole + larder.status()["logs"]["access"]["lost"] == requests else None
    whole, torn = wait_until(settled, "each request is a whole line or counted as lost")
    check(torn <= 3, f"{torn} torn lines of three full disks")
    print(f"  {requests} requests: {whole} lines, {requests - whole} lost, {torn} torn", flush=True)
    check(all(each["trouble"] == "No space left on device" for each in lost), f"the reason: {lost}")
    metrics = larder.metrics()
    check_equal(metrics['larder_log_lost_lines_total{log="access"}'], requests - whole, "the metric")
    end_in_time(larder)
    told = larder.log().count("lines of the access log " + str(path) + " are lost")
    check(1 <= told <= 2, f"the same warning came {told} times")


def test_a_line_torn_by_a_kill_is_ended_by_the_next_process(stage):
    path = stage.directory / "access.log"
    path.write_text('{"time":1.0}\n{"time":2.')
    larder = stage.larder(log={"access_log": str(path)})
    larder.get(harness.ENTRY, CREDENTIALS)
    wait_until(lambda: path.read_text().count("\n") == 3, "a line in the log")
    check_equal(check_json_lines(path.read_text().splitlines()), (2, 1), "whole and torn lines")


# --- Files and their names -------------------------------------------------------------------------

def test_a_reopen_that_fails_keeps_the_file(stage):
    path, moved = stage.directory / "access.log", stage.directory / "access.log.1"
    larder = stage.larder(log={"access_log": str(path)})
    larder.get(harness.ENTRY, CREDENTIALS)
    wait_until(lambda: path.read_text().count("\n") == 1, "a line in the log")
    path.rename(moved)
    path.mkdir()
    larder.process.send_signal(harness.signal.SIGHUP)
    wait_until(lambda: f"cannot open {path} again: Is a directory; lines go on" in larder.log(),
               "the log tells that the file stays")
    larder.get(harness.ENTRY, CREDENTIALS)
    wait_until(lambda: moved.read_text().count("\n") == 2, "the next line in the old file")
    path.rmdir()
    larder.process.send_signal(harness.signal.SIGHUP)
    wait_until(lambda: f"{path} is opened again" in larder.log(), "the log tells of the new file")
    larder.get(harness.ENTRY, CREDENTIALS)
    wait_until(lambda: path.read_text().count("\n") == 1, "the next line in the new file")
    check_equal(larder.status()["logs"]["access"], {"lost": 0}, "what the status tells")


def checks(larder):
    """Does `larderd --check` take the configuration?"""
    larder.write_config()
    return subprocess.run([harness.program("LARDERD"), "--check", str(larder.config_path)],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                          timeout=harness.DEADLINE_S)


def test_check_and_start_agree_on_streams_and_links(stage):
    link_to_stdout, link_to_file = stage.directory / "to-stdout", stage.directory / "to-file"
    link_to_stdout.symlink_to("/dev/stdout")
    link_to_file.symlink_to(stage.directory / "file")
    for name in ("stdout", "/dev/stdout", str(link_to_stdout)):
        larder = stage.larder(start=False, log={"access_log": name})
        check_equal(checks(larder).returncode, 0, f"--check of {name}")
        pipe = PipeLog(stage)
        larder.start(stdout=pipe.writer)
        pipe.handed_over()
        pipe.read()
        larder.get(harness.ENTRY, CREDENTIALS)
        end_in_time(larder)
        check_equal(check_json_lines(pipe.lines()), (1, 0), f"lines on {name}")
    larder = stage.larder(start=False, log={"access_log": str(link_to_file)})
    told = checks(larder)
    check_equal(told.returncode, 1, "--check of a link to a file")
    check("is a symbolic link to a file; name a file" in told.stdout, f"it says why: {told.stdout}")
    larder.start(wait=False)
    check_equal(wait_until(lambda: larder.process.poll(), "larderd ends"), 1, "its status")
    check("is a symbolic link to a file; name a file" in larder.log(), f"as clearly: {larder.log()}")


def test_closed_streams_lead_no_line_into_a_file_of_the_cache(stage):
    larder = stage.larder(start=False, log={"access_log": "stderr"})
    larder.start(command_prefix=["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh"])
    larder.get(harness.ENTRY, CREDENTIALS)
    for number in range(3):
        leads_to = os.readlink(f"/proc/{larder.process.pid}/fd/{number}")
        check_equal(leads_to, "/dev/null", f"descriptor {number}")
    end_in_time(larder)
    larder.check_nothing_on_disk(["server: ready", '"outcome":'])


if __name__ == "__main__":
    harness.main(globals())
