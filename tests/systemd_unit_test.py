#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The unit as it is installed is valid, and exposes no more than it has to."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

MAX_EXPOSURE = 1.1  # of 10: the network itself, and no RootDirectory
MOST_WORKERS = 256
TREE = pathlib.Path(__file__).resolve().parent.parent
SKIPPED = 77


def run(*command):
    result = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            check=False)
    return result.returncode, result.stdout


def exposure(unit):
    code, text = run("systemd-analyze", "security", "--offline=true", "--no-pager",
                     f"--threshold={int(MAX_EXPOSURE * 10)}", str(unit))
    match = re.search(r"Overall exposure level for \S+: ([0-9.]+)", text)
    assert match, text
    return code, float(match.group(1)), text


def check_limits(text):
    """Those of the unit fit larderd on the largest machine."""
    def number(setting):
        return int(re.search(rf"^{setting}=(\d+)$", text, re.MULTILINE)[1])
    limits = (TREE / "daemon" / "start_limits.h").read_text(encoding="utf-8")
    others = int(re.search(r"kOtherThreads = (\d+);", limits)[1])
    assert number("TasksMax") >= MOST_WORKERS + others, "TasksMax= is too small for a worker on each CPU"
    # Eight listeners; and of descriptors some for each connection to an origin, and a hundred clients for each worker.
    assert number("FileDescriptorStoreMax") >= 8 * MOST_WORKERS, "the sockets of all workers do not fit"
    assert number("LimitNOFILE") >= 2 * 100 * MOST_WORKERS + 16 * MOST_WORKERS + 10_000, "LimitNOFILE= is too small"
    assert number("WatchdogSec") >= 30, "a busy disk is no hang"


def main():
    if not shutil.which("systemd-analyze"):
        print("skipped: no systemd-analyze on this machine")
        sys.exit(SKIPPED)
    built = pathlib.Path(os.environ["LARDER_UNIT"])
    text = built.read_text(encoding="utf-8")
    check_limits(text)
    with tempfile.TemporaryDirectory() as folder:
        unit = pathlib.Path(folder) / "larderd.service"
        # `verify` wants a program that exists; where it will be installed, it need not be yet.
        unit.write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", text, flags=re.MULTILINE),
                        encoding="utf-8")
        # Complaints about other units of the machine name those; only ours count.
        _, output = run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(unit))
        ours = [line for line in output.splitlines() if "larderd.service" in line]
        assert not ours, "\n".join(ours)

        sockets = pathlib.Path(folder) / "larderd.socket"
        shutil.copy(TREE / "systemd" / "larderd.socket", sockets)
        _, output = run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(sockets))
        ours = [line for line in output.splitlines() if "larderd." in line]
        assert not ours, "\n".join(ours)

        code, value, table = exposure(unit)
        assert code == 0 and value <= MAX_EXPOSURE, f"exposure {value}, {MAX_EXPOSURE} is the bound\n{table}"

        # The checks above can fail: a misspelt setting, and a unit without its protection.
        unit.write_text(text + "\n[Service]\nProtectHomes=yes\n", encoding="utf-8")
        _, output = run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(unit))
        assert "ProtectHomes" in output, output
        unit.write_text("[Service]\nExecStart=/bin/true\n", encoding="utf-8")
        assert exposure(unit)[0] != 0
    print(f"exposure {value}")


if __name__ == "__main__":
    main()
