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


def anchors_of(path):
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def link_findings(documents):
    """Links to files and headings that there are not."""
    for path in documents:
        for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
            if re.match(r"[a-z]+://", target):
                continue
            name, _, anchor = target.partition("#")
            file = (path.parent / name).resolve() if name else path
            if not file.exists():
                yield f"{path.relative_to(ROOT)}: links to {name}, which is not there"
            elif anchor and anchor not in anchors_of(file):
                yield f"{path.relative_to(ROOT)}: links to {target}, which is no heading"


def words_of_code():
    """{heading of docs/metrics.md: the words that the code can say}."""
    def found(name, pattern):
        return set(re.findall(pattern, (ROOT / name).read_text(encoding="utf-8")))
    causes = found("upstream/origin_error.cc", r'return "([a-z-]+)";')
    own = found("daemon/client/answer_head.cc", r'detail=([a-z-]+)"')
    own |= found("daemon/http1/answer_text.cc", r'detail=([a-z-]+)"')
    for name in ("upstream/answer.cc", "daemon/fetch/fetch_thread.cc", "cache/request/request.h"):
        own |= found(name, r'detail = "([a-z-]+)"')
    own |= {"stale-while-revalidate", "stale-if-error"}  # reasons, for answers that are stale
    reasons = found("cache/request/reason.cc", r'{Reason::\w+, "([a-z-]+)"}')
    return {"## Cache-Status": causes | own, "## Reasons in the access log": reasons}


def word_findings():
    text = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    for heading, words in words_of_code().items():
        section = text.split(heading + "\n", 1)[1].split("\n## ")[0]
        told = set(re.findall(r"^\| `([a-z-]+)` \|", section, re.MULTILINE))
        for word in sorted(words - told):
            yield f"docs/metrics.md: {heading} does not have {word}"
        for word in sorted(told - words):
            yield f"docs/metrics.md: {heading} has {word}, which larder never says"


def main():
    assert SOURCE_NAME.findall("see cache/store/a.h and b.cc, not x.h(1) or <uv.h>") == [
        "cache/store/a.h", "b.cc"]
    version = re.search(r"^project\(larder VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text(),
                        re.MULTILINE).group(1)
    documents = [ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md",
                                          "bench/README.md")] + sorted((ROOT / "docs").glob("*.md"))
    findings = [*version_findings(version), *license_findings(),
                *name_findings([*sources(), *(path for path in documents if path.exists())]),
                *link_findings(documents), *word_findings()]
    print("\n".join(findings) or f"version {version}, all as it should be")
    sys.exit(1 if findings else 0)


if __name__ == "__main__":
    main()
