#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`./dev run` as a newcomer meets it: what it prints to try is short and does what it says, and what it
cannot do it says."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

import harness
from harness import check, check_equal, wait_until

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SKIPPED = 77


def printed_requests(text):
    """(folder, [(command, what is said to come)])"""
    folder = re.search(r"^cd (/\S+)$", text, re.MULTILINE)
    return (folder.group(1) if folder else None,
            re.findall(r"^((?:curl|\./larderctl) .*?) +# (.*)$", text, re.MULTILINE))


def try_request(folder, command, said):
    done = subprocess.run(["bash", "-c", command], cwd=folder, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False, timeout=harness.DEADLINE_S)
    check_equal(done.returncode, 0, f"exit status of {command}: {done.stdout}")
    expected = re.escape(said.partition(" (")[0]).replace(r"\.\.\.", ".*")
    check(re.search(expected, done.stdout), f"{command} shows {said!r}: {done.stdout}")
    check("304" not in said or " 304 " in done.stdout, f"{command} is a 304: {done.stdout}")


def test_the_requests_that_dev_run_prints_come_out_as_it_says(stage):
    try_dev_run(stage)


def test_with_tls_it_prints_a_request_by_https_too(stage):
    requests = try_dev_run(stage, "--tls")
    check(any("--cacert" in command for command, _ in requests), f"a request by https: {requests}")


def try_dev_run(stage, *words):
    """Tries all requests that it prints, and gives them."""
    output = stage.directory / "dev.log"
    with open(output, "w", encoding="utf-8") as log:
        process = subprocess.Popen([str(ROOT / "dev"), "run", *words], stdin=subprocess.DEVNULL, stdout=log,
                                   stderr=subprocess.STDOUT, env={**os.environ, "TMPDIR": str(stage.directory)})
    try:
        wait_until(lambda: "Ctrl-C ends" in output.read_text() or process.poll() is not None,
                   "dev run prints requests", 120)
        text = output.read_text()
        folder, requests = printed_requests(text)
        check(folder and len(requests) >= 6, f"requests to try, each with what comes: {text}")
        for command, said in requests:
            check(len(command) <= 80, f"short enough to type: {command}")
            try_request(folder, command, said)
            wait_until_committed(folder)
    finally:
        process.send_signal(signal.SIGINT)
        check_equal(process.wait(harness.DEADLINE_S), 130, "exit status of dev run")
    check(not pathlib.Path(folder).exists(), "nothing is left")
    return requests


def wait_until_committed(folder):
    """An answer that is being committed is told apart from a hit."""
    def idle():
        done = subprocess.run(["./larderctl", "--socket", "admin.sock", "status"], cwd=folder, text=True,
                              stdout=subprocess.PIPE, check=True)
        return '"active":0' in done.stdout
    wait_until(idle, "no fill is under way")


def test_without_root_and_sudo_it_says_what_is_missing(_):
    user = 65534 if os.geteuid() == 0 else os.geteuid()
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        for name in ("bash", "env", "dirname", "mkdir", "grep", "awk", "tail", "cat"):
            os.symlink(subprocess.check_output(["which", name], text=True).strip(), f"{folder}/{name}")
        for name in ("dpkg-query", "apt-get"):  # nothing is installed
            path = pathlib.Path(folder) / name
            path.write_text("#!/bin/sh\n")
            path.chmod(0o755)
        shutil.copy(ROOT / "dev", folder)  # that user may not see the checkout
        done = subprocess.run(["bash", f"{folder}/dev", "run"], text=True, stdin=subprocess.DEVNULL, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, user=user, group=user,
                              extra_groups=[], env={"PATH": folder})
    check_equal(done.returncode, 1, f"exit status: {done.stderr}")
    check("installing them needs root, or sudo" in done.stderr, f"it says why: {done.stderr}")
    check("apt-get install" in done.stderr and "cmake" in done.stderr, f"and what to do: {done.stderr}")


def test_wrong_words_end_with_2(_):
    for words in (["biuld"], ["build", "relaese"], ["run", "--config"], ["fuzz", "nothing"]):
        done = subprocess.run([str(ROOT / "dev"), *words], text=True, stdin=subprocess.DEVNULL, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        check_equal(done.returncode, 2, f"exit status of dev {words}: {done.stdout}")
        check(words[-1] in done.stdout, f"it names the word: {done.stdout}")


if __name__ == "__main__":
    if pathlib.Path(os.environ["LARDERD"]) != ROOT / "build" / "release" / "larderd":
        print("skipped: dev run takes build/release")
        sys.exit(SKIPPED)
    harness.main(globals())
