#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A snapshot of a node that works, and a second node that begins with it: warm where sync or the bus tells
what has changed since, careful where nobody does, and never with a part of a snapshot."""

import os
import shutil
import signal
import socket
import stat
import subprocess
import time

import harness
from bus_test import Redis, bus, change, fill, node, tell, version, wait_following
from harness import check, check_equal, credentials, wait_until
from scenario_lib import (Background, begin_to_stop, cache_status, check_answer, entry_target, is_fresh_hit, metric, scaled,
                          wait_metric, wait_stored)
from sync_follower_test import LONG, SYNC, stacks, wait_followed

OBJECTS = scaled(300, 60)


def snapshot_file(stage):
    return stage.directory / "larder.snapshot"


def parts(path):
    """What beside the file of a snapshot is being written, or was when larderctl was killed."""
    return list(path.parent.glob(path.name + ".part-*"))


def take(larder, path, *options):
    code, output = larder.ctl("snapshot", str(path), *options)
    check_equal(code, 0, f"exit code of larderctl snapshot: {output}")
    return output


def restore(larder, path, *options):
    """(exit status, output) of larderd --restore-snapshot with the configuration of `larder`."""
    larder.write_config()
    result = subprocess.run([harness.program("LARDERD"), "--config", str(larder.config_path),
                             "--restore-snapshot", str(path), *options], text=True, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, timeout=harness.DEADLINE_S * 3, check=False)
    return result.returncode, result.stdout


def restore_well(larder, path, *options):
    code, output = restore(larder, path, *options)
    check_equal(code, 0, f"exit code of larderd --restore-snapshot: {output}")
    return output


def sized(number):
    size = 300_000 if number % 50 == 7 else 2_000
    return harness.sized_target(size, f"n{number}"), harness.sized_body(size, harness.sized_uid(size, f"n{number}"))


def fill_sized(larder, count):
    with larder.connect() as connection:
        for number in range(count):
            target, body = sized(number)
            check_answer(connection.request(target, credentials()), 200, body)
    wait_stored(larder, count)


def fill_large(larder, count):
    """More than what is on its way to a client that reads nothing."""
    with larder.connect() as connection:
        for number in range(count):
            check_answer(connection.request(harness.sized_target(900_000, f"large{number}"), credentials()), 200)
    wait_stored(larder, count)


def content_requests(stage):
    """Of the delivery host, without those of sync."""
    return [request["target"] for request in stage.sandbox.requests("delivery")
            if not request["target"].startswith(SYNC) and "only_last_activity" not in request["target"]]


def ask_for_hits(larder, background, count, seen):
    """Until the end of the block: each answer is a fresh hit with its own bytes."""
    with larder.connect() as connection:
        number = 0
        while not background.stopping.is_set():
            target, body = sized(number % count)
            answer = connection.request(target, credentials())
            check_answer(answer, 200, body)
            check(is_fresh_hit(answer), f"no hit while a snapshot is taken: {cache_status(answer)}")
            number += 1
            seen.append(number)


def followed(stage, **changes):
    return {"ttl": LONG, "stack": stacks(stage, ["main"]), **changes}


def test_a_second_node_begins_with_what_the_first_has(stage):
    one = stage.larder(**followed(stage))
    wait_followed(one, 1)
    fill_sized(one, OBJECTS)
    path = snapshot_file(stage)
    hits = []
    with Background() as background:
        background.start(ask_for_hits, one, background, OBJECTS, hits)
        wait_until(lambda: len(hits) > 50, "hits come")
        before = len(hits)
        started = time.monotonic()
        output = take(one, path)
        took = time.monotonic() - started
        check(f'"objects":{OBJECTS}' in output, f"larderctl tells the objects: {output}")
        during = len(hits) - before
        wait_until(lambda: len(hits) > before + during + 50, "hits go on behind it")
    print(f"a snapshot of {OBJECTS} objects, {path.stat().st_size} bytes, in {took * 1e3:.0f} ms, {during} hits "
          "meanwhile, none failed")
    check_equal(stat.S_IMODE(path.stat().st_mode), 0o600, "the file's mode")
    check_equal(sorted(entry.name for entry in stage.directory.glob("larder.snapshot*")), [path.name], "files")
    content = path.read_bytes()
    for secret in harness.SECRETS:
        check(secret.encode() not in content, f"the snapshot holds {secret}")
    check_equal(metric(one, "snapshots__taken"), 1, "snapshots taken")

    two = stage.larder(start=False, **followed(stage))
    output = restore_well(two, path)
    check(f"{OBJECTS} objects" in output, f"larderd tells what it has restored: {output}")
    two.start()
    check("secret" not in output and one.process.poll() is None, "the first node goes on")
    wait_followed(two, 1)
    asked = len(content_requests(stage))
    for number in range(OBJECTS):
        target, body = sized(number)
        answer = two.get(target, credentials())
        check_answer(answer, 200, body)
        check(is_fresh_hit(answer), f"{target} is no hit at the second node: {cache_status(answer)}")
    check_equal(content_requests(stage)[asked:], [], "requests to the origin for what was restored")
    check_equal(two.metrics()["larder_store_warm"], 1, "larder_store_warm")
    check(len(content) > OBJECTS * 2_000, "the snapshot holds the bodies")
    two.check_nothing_on_disk(harness.SECRETS)


def test_what_is_published_after_the_snapshot_is_not_served_as_it_was(stage):
    one = stage.larder(**followed(stage))
    wait_followed(one, 1)
    for uid in ("bltaaaa1111", "bltaaaa1112"):
        fill(one, uid)
    wait_stored(one, 2)
    path = snapshot_file(stage)
    take(one, path)
    old = version(one, "bltaaaa1111")[0]
    wanted = change(stage, "bltaaaa1111")
    check(wanted != old, "the origin has another version")
    wait_until(lambda: version(one, "bltaaaa1111")[0] == wanted, "the first node has the new one")
    one.kill()

    two = stage.larder(start=False, **followed(stage))
    restore_well(two, path)
    stage.sandbox.hold("poll", match=SYNC)
    two.start()
    stage.sandbox.wait_held("poll")
    for uid in ("bltaaaa1111", "bltaaaa1112"):
        got, status = version(two, uid)
        check("larder; hit; ttl" not in status, f"{uid} is fresh before sync has told anything: {status}")
        check(uid != "bltaaaa1111" or got == wanted, f"the old version is served: {status}")
    two.kill()
    stage.sandbox.release("poll")

    three = stage.larder(start=False, **followed(stage))
    restore_well(three, path)
    three.start()
    wait_followed(three, 1)
    asked = len(content_requests(stage))
    check_equal(version(three, "bltaaaa1112"), version(three, "bltaaaa1112"), "what has not changed")
    check_equal(content_requests(stage)[asked:], [], "requests for what has not changed")
    check_equal(version(three, "bltaaaa1111")[0], wanted, "the version at the third node")


def test_the_bus_replays_the_purges_that_came_behind_the_snapshot(stage):
    redis = Redis(stage).start()
    one = node(stage, redis)
    wait_following(one)
    uids = [f"bltaaaa{number}" for number in range(1111, 1119)]
    fill(one, *uids)
    # A purge that the others have not been told yet is the first node's own matter.
    before = change(stage, uids[0])
    path = snapshot_file(stage)
    redis.process.send_signal(signal.SIGSTOP)
    tell(one, uids[0])
    take(one, path)
    redis.process.send_signal(signal.SIGCONT)
    wanted = {uids[0]: before}
    for uid in uids[1:4]:
        wanted[uid] = change(stage, uid)
        tell(one, uid)
    wait_following(one)

    two = node(stage, redis, start=False)
    restore_well(two, path)
    gaps, heard = metric(one, "bus_gaps"), bus(one)["read"]
    two.start()
    wait_following(two)
    asked = len(content_requests(stage))
    for uid in uids[4:]:
        check("larder; hit; ttl" in version(two, uid)[1], f"{uid} is no hit at the second node")
    check_equal(content_requests(stage)[asked:], [], "requests for what has not changed")
    for uid, number in wanted.items():
        check_equal(version(two, uid)[0], number, f"the version of {uid} at the second node")
    check_equal((metric(one, "bus_gaps"), metric(two, "bus_gaps")), (gaps, 0), "gaps in the stream")
    # Both are nodes of their own: what one is told the other hears, in both directions.
    for told, hears in ((one, two), (two, one)):
        fill(one, uids[5])
        fill(two, uids[5])
        number = change(stage, uids[5])
        tell(told, uids[5])
        wait_until(lambda one=hears, last=number: version(one, uids[5])[0] == last, "the other hears of it")
    wait_until(lambda: bus(two)["sent"] == bus(one)["read"] - heard, "the first has read what the second has sent")
    check_equal(bus(two)["sent"], 1, "entries that the second node has sent: what it was told, and no gap")


def test_where_nobody_tells_of_changes_all_is_asked_for_again(stage):
    changes = {"ttl": LONG}
    one = stage.larder(**changes)
    fill_sized(one, 20)
    path = snapshot_file(stage)
    take(one, path)
    output = one.ctl("purge", "all")
    check_equal(output[0], 0, f"larderctl purge all: {output[1]}")
    two = stage.larder(start=False, **changes)
    output = restore_well(two, path)
    check("asked for again" in output, f"larderd says so: {output}")
    two.start()
    for number in range(20):
        target, body = sized(number)
        asked = len(content_requests(stage))
        answer = two.get(target, credentials())
        check_answer(answer, 200, body)
        check(not is_fresh_hit(answer), f"{target} is fresh, and nobody knows: {cache_status(answer)}")
        check_equal(len(content_requests(stage)) - asked, 1, f"requests for {target}")
        wait_until(lambda one=target: is_fresh_hit(two.get(one, credentials())), f"{target} is fresh again")
    two.kill()

    # It is not lost: where the origin fails, it stands in.
    three = stage.larder(start=False, **changes)
    restore_well(three, path)
    stage.sandbox.down()
    three.start()
    target, body = sized(3)
    check_answer(three.get(target, credentials()), 200, body, "without an origin")
    stage.sandbox.up()
    three.stop()

    # Also where sync would tell, when the operator says so.
    four = stage.larder(start=False, **followed(stage))
    restore_well(four, path, "--revalidate")
    four.start()
    wait_followed(four, 1)
    check(not is_fresh_hit(four.get(target, credentials())), "--revalidate has no effect")


def outdated_snapshot(stage, one):
    """The version of an entry behind a snapshot of `one`, which is ended."""
    fill(one, "bltaaaa1111")
    wait_stored(one, 1)
    take(one, snapshot_file(stage))
    one.kill()
    return change(stage, "bltaaaa1111")


def test_the_configuration_of_the_start_says_what_is_trusted(stage):
    one = stage.larder(**followed(stage))
    wait_followed(one, 1)
    wanted = outdated_snapshot(stage, one)

    # Sync is switched off behind the restore.
    two = stage.larder(start=False, **followed(stage))
    restore_well(two, snapshot_file(stage))
    three = stage.larder(start=False, ttl=LONG, purge={"soft_for": "30s", "unknown_for": "1m"})
    three.configure(cache={"path": str(two.cache_directory)})
    three.start()
    check_equal(version(three, "bltaaaa1111")[0], wanted, "the version at a node that does not follow any more")
    three.kill()

    # A configuration that trusts old content for a while, and sync has not told yet.
    four = stage.larder(start=False, purge={"unknown_for": "1m"}, **followed(stage))
    restore_well(four, snapshot_file(stage))
    stage.sandbox.hold("sync", match=SYNC)
    four.start()
    check_equal(version(four, "bltaaaa1111")[0], wanted, "the version before sync has told")
    stage.sandbox.release("sync")


def test_where_the_position_is_lost_old_content_does_not_go_out_once_more(stage):
    one = stage.larder(**followed(stage))
    wait_followed(one, 1)
    wanted = outdated_snapshot(stage, one)
    stage.sandbox.forget_sync()
    two = stage.larder(start=False, purge={"soft_for": "30s"}, **followed(stage))
    restore_well(two, snapshot_file(stage))
    two.start()
    wait_followed(two, 1)
    check_equal(version(two, "bltaaaa1111")[0], wanted, "the version where sync has forgotten the position")


def test_where_the_bus_has_a_gap_old_content_does_not_go_out_once_more(stage):
    redis = Redis(stage).start()
    one = node(stage, redis)
    wait_following(one)
    wanted = outdated_snapshot(stage, one)
    redis.cli("FLUSHALL")
    two = node(stage, redis, start=False)
    two.configure(purge={"soft_for": "30s"})
    restore_well(two, snapshot_file(stage))
    two.start()
    wait_following(two)
    check_equal(metric(two, "bus_gaps"), 1, "gaps in the stream")
    check_equal(version(two, "bltaaaa1111")[0], wanted, "the version behind a gap")


def test_no_part_of_a_snapshot_becomes_a_store(stage):
    one = stage.larder(ttl=LONG)
    fill_sized(one, 60)
    path = snapshot_file(stage)
    take(one, path)
    two = stage.larder(start=False, ttl=LONG)
    bad = stage.directory / "bad.snapshot"

    def refused(what, word, *options):
        code, output = restore(two, bad, *options)
        check_equal(code, 1, f"exit code for {what}: {output}")
        check(word in output and str(bad) in output, f"{what} is told with its file and '{word}': {output}")
        left = [entry.name for entry in two.cache_directory.iterdir()] if two.cache_directory.exists() else []
        check_equal(left, [], f"left behind by {what}")

    content = path.read_bytes()
    for length in (0, 40, 1_000, len(content) // 2, len(content) - 1):
        bad.write_bytes(content[:length])
        refused(f"{length} bytes of it", "truncated")
    for at in (30, 90, len(content) // 3, len(content) - 3):
        bad.write_bytes(content[:at] + bytes([content[at] ^ 0x10]) + content[at + 1:])
        refused(f"a bit flipped at {at}", "damaged")
    bad.write_bytes(b"#!/bin/sh\n" * 100)
    refused("another file", "not a snapshot")
    bad.unlink()
    refused("no file", "cannot open")
    two.start()
    fill_sized(two, 3)
    code, output = restore(two, path)
    check(code == 1 and "another larderd uses it" in output, f"while larderd runs: {code} {output}")
    two.stop()
    code, output = restore(two, path)
    check(code == 1 and "--replace" in output, f"a store that is there: {code} {output}")
    restore_well(two, path, "--replace")
    two.start()
    wait_until(lambda: two.metrics()["larder_store_objects"] == 60, "the store is the snapshot's")
    code, output = restore(two, path, "--replace", "--what")
    check_equal(code, 2, f"a wrong option: {output}")


def test_what_root_restores_belongs_to_the_owner_of_the_directory(stage):
    if os.geteuid() != 0:
        print("not root: nothing to give away")
        return
    one = stage.larder(ttl=LONG)
    fill_sized(one, 3)
    path = snapshot_file(stage)
    take(one, path)
    two = stage.larder(start=False, ttl=LONG)
    two.cache_directory.mkdir(mode=0o700)
    os.chown(two.cache_directory, 65534, 65534)
    restore_well(two, path)
    files = {entry.name: (entry.stat().st_uid, stat.S_IMODE(entry.stat().st_mode))
             for entry in two.cache_directory.iterdir()}
    check_equal(files, {"data.mdb": (65534, 0o600), "secret": (65534, 0o600)}, "owners and modes")


def ask_raw(larder):
    """A client that has asked for a snapshot and reads nothing."""
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(str(larder.socket_path))
    connection.sendall(b"POST /snapshot HTTP/1.1\r\nHost: larderd\r\n\r\n")
    return connection


def test_one_at_a_time_and_whoever_goes_away_ends_it(stage):
    larder = stage.larder(ttl=LONG)
    fill_large(larder, 12)
    path = snapshot_file(stage)
    with ask_raw(larder) as slow:
        check_equal(slow.recv(15), b"HTTP/1.1 200 OK", "the status for the first")
        code, output = larder.ctl("snapshot", str(path))
        check_equal(code, 1, f"exit code for a second one: {output}")
        check("already" in output, f"why there is no second: {output}")
        check(not path.exists() and not parts(path), "the second leaves a file")
        check_equal(metric(larder, "snapshots__failed"), 0, "failed snapshots")
    wait_metric(larder, "snapshots__failed", 1)
    take(larder, path)
    # --limit ends one whose reader does not read.
    with socket.socket(socket.AF_UNIX) as slow:
        slow.connect(str(larder.socket_path))
        slow.sendall(b"POST /snapshot?limit_s=1 HTTP/1.1\r\nHost: larderd\r\n\r\n")
        wait_metric(larder, "snapshots__failed", 2)
        answer = b""
        while piece := slow.recv(1 << 20):
            answer += piece
    check(b"took longer than 1 s" in answer[-400:], f"the end says why: {answer[-400:]!r}")
    before = path.read_bytes()
    for query in ("limit_s=0", "limit_s=x", "limit=1"):
        with socket.socket(socket.AF_UNIX) as wrong:
            wrong.connect(str(larder.socket_path))
            wrong.sendall(f"POST /snapshot?{query} HTTP/1.1\r\nHost: larderd\r\n\r\n".encode())
            check(wrong.recv(200).startswith(b"HTTP/1.1 400 "), f"status for {query}")
    check_equal(path.read_bytes(), before, "the file of before")


def test_a_killed_larderctl_leaves_no_file_and_the_daemon_well(stage):
    larder = stage.larder(ttl=LONG)
    fill_sized(larder, 40)
    fill_large(larder, 20)
    path = snapshot_file(stage)
    for number in (signal.SIGKILL, signal.SIGTERM):
        in_the_middle = 0
        for _ in range(40):
            for part in parts(path):
                part.unlink()
            command = [harness.program("LARDERCTL"), "--socket", str(larder.socket_path), "snapshot", str(path)]
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            wait_until(lambda one=process: any(part.stat().st_size > 0 for part in parts(path))
                       or one.poll() is not None, "larderctl begins")
            process.send_signal(number)
            if process.wait() == -number:
                in_the_middle += 1
                check(not path.exists(), "a killed larderctl leaves the file")
                check(number == signal.SIGKILL or not parts(path), "one that was ended leaves its part")
            path.unlink(missing_ok=True)
            if in_the_middle == 3:
                break
        check(in_the_middle > 0, "no larderctl was killed in the middle")
    wait_until(lambda: larder.ctl("snapshot", str(path))[0] == 0, "the daemon has seen that the last one is gone")
    check(not parts(path), "a part is left")
    target, body = sized(1)
    answer = larder.get(target, credentials())
    check_answer(answer, 200, body)
    check(is_fresh_hit(answer), "hits go on")


def test_what_is_no_file_is_not_replaced_and_the_daemon_not_asked(stage):
    larder = stage.larder(ttl=LONG)
    fill_sized(larder, 3)
    pipe = stage.directory / "pipe"
    os.mkfifo(pipe)
    for path, why in ((pipe, "no regular file"), (stage.directory, "is a directory"),
                      (stage.directory / "none" / "one", "No such file or directory")):
        code, output = larder.ctl("snapshot", str(path))
        check_equal(code, 1, f"exit code for {path}: {output}")
        check(why in output, f"why not {path}: {output}")
    check(stat.S_ISFIFO(pipe.lstat().st_mode), "the pipe is replaced")
    check_equal(metric(larder, "snapshots__taken") + metric(larder, "snapshots__failed"), 0, "snapshots asked for")
    # Two at once are each whole, or refused by the daemon.
    other = stage.larder(ttl=LONG)
    fill_large(other, 30)
    fill_large(larder, 30)
    path = snapshot_file(stage)
    for process in [subprocess.Popen([harness.program("LARDERCTL"), "--socket", str(one.socket_path), "snapshot",
                                      str(path)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
                    for one in (larder, other)]:
        output = process.communicate()[0]
        check_equal(process.returncode, 0, f"exit code of one of two with one file: {output}")
    check(not parts(path), "a part is left")
    restore_well(stage.larder(start=False, ttl=LONG), path)


def test_an_empty_name_and_options_of_another_kind_are_wrong_usage(stage):
    larder = stage.larder(start=False, ttl=LONG)
    larder.write_config()
    ready = stage.directory / "ready"
    for words, why in ((["--restore-snapshot", ""], "no file is named"),
                       (["--check", ""], "no file is named"),
                       (["--restore-snapshot", "x", "--check", str(larder.config_path)], "--check"),
                       (["--restore-snapshot", "x", "--ready-file", str(ready)], "--ready-file")):
        command = [harness.program("LARDERD"), *words]
        result = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                timeout=harness.DEADLINE_S, check=False)
        check_equal(result.returncode, 2, f"exit code of {words}: {result.stdout}")
        check(why in result.stdout, f"why {words} is wrong: {result.stdout}")


def test_only_root_and_the_daemons_user_get_one(stage):
    larder = stage.larder(ttl=LONG)
    fill_sized(larder, 3)
    with harness.Connection(larder.metrics_address) as connection:
        check_equal(connection.request("/snapshot", method="POST").status, 404, "status on the metrics' address")
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        print("not root: other users are not tried")
        return
    stage.directory.chmod(0o755)
    larder.directory.chmod(0o755)
    larder.socket_path.chmod(0o666)
    result = subprocess.run(["setpriv", "--reuid", "65534", "--clear-groups", harness.program("LARDERCTL"),
                             "--socket", str(larder.socket_path), "snapshot", "/tmp/larder-of-nobody.snapshot"],
                            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    check_equal(result.returncode, 1, f"exit code for another user: {result.stdout}")
    check("this takes root, or the user as whom larderd runs" in result.stdout, f"why: {result.stdout}")
    check_answer(larder.get(entry_target(), credentials()), 200)


def test_while_larderd_drains_there_is_none(stage):
    larder = stage.larder(ttl=LONG, server={"drain_timeout": "30s"})
    fill_sized(larder, 3)
    stage.sandbox.hold("slow", host="delivery", match="slow")
    with Background() as background:
        background.start(larder.get, harness.sized_target(2_000, "slow"), credentials())
        stage.sandbox.wait_held("slow")
        begin_to_stop(larder)
        code, output = larder.ctl("snapshot", str(snapshot_file(stage)))
        check_equal(code, 1, f"exit code while larderd drains: {output}")
        check("larderd drains" in output, f"why: {output}")
        check(not snapshot_file(stage).exists(), "the file is there")
        stage.sandbox.release("slow")
    check_equal(larder.process.wait(harness.DEADLINE_S), 0, "exit status")


def test_a_stop_ends_a_snapshot(stage):
    larder = stage.larder(ttl=LONG, server={"workers": 2, "drain_timeout": "1s"})
    fill_large(larder, 12)
    with ask_raw(larder) as slow:
        check_equal(slow.recv(15), b"HTTP/1.1 200 OK", "the status")
        larder.stop()
        answer = b""
        while piece := slow.recv(1 << 20):
            answer += piece
    two = stage.larder(start=False, ttl=LONG)
    path = snapshot_file(stage)
    path.write_bytes(answer.partition(b"\r\n\r\n")[2])
    code, output = restore(two, path)
    check_equal(code, 1, f"exit code for what came of it: {output}")


if __name__ == "__main__":
    harness.main(globals())
