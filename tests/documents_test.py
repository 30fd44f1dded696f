#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What is written beside the code and must not fall behind it: one version number, the license, and
names of files in comments and documents."""

import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ["conf", "cache", "upstream", "daemon", "tests", "bench", "systemd"]
PROGRAMS = {"LARDERD": "larderd", "LARDERCTL": "larderctl", "LARDER_SANDBOX": "larder-sandbox",
            "LARDER_BENCH": "larder-bench"}

SOURCE_NAME = re.compile(r"(?<![\w./<*-])((?:[a-z0-9_]+/)*[a-z0-9_]+\.(?:h|cc))(?![\w(])")


def sources():
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".h", ".cc", ".py") and "node_modules" not in path.parts:
                yield path


def comments(path, text):
    """(line number, comment) of a source; all lines of a document."""
    for number, line in enumerate(text.splitlines(), 1):
        if path.suffix == ".md":
            yield number, line
        elif path.suffix in (".h", ".cc"):
            found = re.search(r"//(.*)", re.sub(r'"(?:\\.|[^"\\])*"', '""', line))
            if found:
                yield number, found.group(1)


def name_findings(files):
    """Names of sources that there are not: as a path from the root, or the bare name of any file."""
    paths = {path.relative_to(ROOT).as_posix() for path in sources()}
    bare = {path.rpartition("/")[2] for path in paths} | {"llhttp.h"}
    for path in files:
        for number, comment in comments(path, path.read_text(encoding="utf-8")):
            for name in SOURCE_NAME.findall(comment):
                if name not in (paths if "/" in name else bare):
                    yield f"{path.relative_to(ROOT)}:{number}: there is no {name}"


def version_findings(version):
    heading = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    if heading is None or heading.group(1) != version:
        yield f"CHANGELOG.md: its first heading must be of version {version}"
    for variable, name in PROGRAMS.items():
        program = os.environ.get(variable)
        if program is None:
            continue
        told = subprocess.run([program, "--version"], text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False).stdout.strip()
        if told != f"{name} {version}":
            yield f"{name} --version says {told!r}, not '{name} {version}'"


def license_findings():
    if "Apache License" not in (ROOT / "LICENSE").read_text():
        yield "LICENSE is not the Apache License"
    for path in sources():
        if "SPDX-License-Identifier: Apache-2.0" not in path.read_text(encoding="utf-8")[:200]:
            yield f"{path.relative_to(ROOT)}: has no SPDX line"


def main():
    assert SOURCE_NAME.findall("see cache/store/a.h and b.cc, not x.h(1) or <uv.h>") == [
        "cache/store/a.h", "b.cc"]
    version = re.search(r"^project\(larder VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text(),
                        re.MULTILINE).group(1)
    documents = [ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md",
                                          "bench/README.md")]
    findings = [*version_findings(version), *license_findings(),
                *name_findings([*sources(), *(path for path in documents if path.exists())])]
    print("\n".join(findings) or f"version {version}, all as it should be")
    sys.exit(1 if findings else 0)


if __name__ == "__main__":
    main()
