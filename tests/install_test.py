#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What `cmake --install --prefix PREFIX` leaves works together, whatever the prefix: the unit starts a
program that is there, and lies where systemd looks for it."""

import os
import pathlib
import re
import subprocess
import tempfile

BUILD = pathlib.Path(os.environ["LARDERD"]).parent
PREFIXES = ["/usr", "/usr/local", "/opt/larder"]
UNIT_FOLDERS = {"/usr": "/usr/lib/systemd/system", "/usr/local": "/usr/local/lib/systemd/system"}


def install(prefix, root):
    done = subprocess.run(["cmake", "--install", str(BUILD), "--prefix", prefix], text=True, check=False,
                          env={**os.environ, "DESTDIR": str(root)}, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout


def check(prefix, root):
    units = list(root.rglob("larderd.service"))
    assert len(units) == 1, units
    assert units[0].with_name("larderd.socket").exists(), "larderd.socket is not beside it"
    text = units[0].read_text(encoding="utf-8")
    programs = re.findall(r"^ExecStart=(\S+)", text, re.MULTILINE)
    assert len(programs) == 1 and programs[0].startswith(prefix + "/"), programs
    for program in (programs[0], f"{prefix}/bin/larderctl"):
        placed = root / program.lstrip("/")
        assert os.access(placed, os.X_OK), f"{prefix}: {program} is not there"
    assert "@" not in re.sub(r"^#.*|^SystemCallFilter=.*", "", text, flags=re.MULTILINE), text
    folder = UNIT_FOLDERS.get(prefix)
    assert folder in (None, "/" + units[0].parent.relative_to(root).as_posix()), units


def main():
    for prefix in PREFIXES:
        with tempfile.TemporaryDirectory() as folder:
            install(prefix, pathlib.Path(folder))
            check(prefix, pathlib.Path(folder))
    print("installed to " + ", ".join(PREFIXES))


if __name__ == "__main__":
    main()
