#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads the sources and fails on what reviews would otherwise have to watch:

(a) includes that run up the house: conf <- cache <- upstream <- daemon, and up the rooms inside;
(b) a C library's header outside the files where that library is at home;
(c) files and functions over their budgets (the folders of larder itself only).

Each finding is a line FILE:LINE: WHAT. `check_itself` runs every rule on bad samples first.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

FOLDERS = ["conf", "cache", "upstream", "daemon"]

# Storeys from the ground up, and the rooms of each: a room may include itself and those of the
# storeys below, but none beside it.
STOREYS = [
    ["conf/base"], ["conf"],
    ["cache/http"], ["cache/request"], ["cache/scope"], ["cache/body"], ["cache/tags"],
    ["cache/eviction"],
    ["cache/store"],
    ["upstream/loop"], ["upstream"],
    ["daemon/watch"], ["daemon/orders"], ["daemon/events"], ["daemon/http1"],
    ["daemon/client", "daemon/fetch", "daemon/admin", "daemon/webhook", "daemon/bus"],
    ["daemon/tls"],
    ["daemon"],
]
STOREY_OF = {room: storey for storey, rooms in enumerate(STOREYS) for room in rooms}

# Header -> files (as a pattern of their path) that may include it, tests, sandbox and bench aside.
HOMES = [
    (r"lmdb\.h", r"cache/store/(lmdb|environment)\.(h|cc)"),
    (r"curl/.*", r"upstream/.*"),
    (r"llhttp\.h", r"daemon/http1/request_parser\..*|upstream/response_reader\..*"),
    (r"uv\.h", r"(upstream|daemon)/.*"),
    (r"toml\+\+/.*", r"conf/.*"),
    (r"simdjson\.h", r"(tests|bench)/.*"),  # nowhere in larder itself
    (r"nlohmann/.*", r"(tests|bench)/.*|daemon/json_fields\.h"),
    (r"xxh(ash|3)\.h", r"cache/.*\.cc"),
    (r"openssl/.*", r"conf/.*|cache/.*\.cc|upstream/.*|daemon/(events/digest|bus/bus_socket)\.cc|"
     r"daemon/tls/tls_(context|session)\.(h|cc)"),
    (r"hiredis/.*", r"daemon/bus/bus_connection\.(h|cc)"),
    (r"zlib\.h", r"cache/.*\.cc"),
    (r"systemd/.*", r"daemon/(service_notify|inherited_sockets)\.cc"),
    (r"CLI/.*", r"daemon/(main|larderctl|command_line|command_table|control_options|(service|stored)_commands)\.cc"),
    (r"catch2/.*", r"tests/.*"),
    (r"cache/store/store\.h", r"(cache|daemon)/.*"),  # what relays previews must not know the store
]

MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 70

# Path -> why this file is longer than MAX_FILE_LINES.
LONG_FILES = {}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def include_findings(path, text):
    """(line, what) for each include in `text` that the file at `path` may not have."""
    folder, room = path.split("/")[0], path.rpartition("/")[0]
    findings = []
    if folder in FOLDERS and room not in STOREY_OF:
        findings.append((1, f"{room}/ is no room of STOREYS"))
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        bracket, header = match.groups()
        target, target_room = header.split("/")[0], header.rpartition("/")[0]
        if bracket == '"' and room in STOREY_OF and target in FOLDERS and target_room != room:
            if STOREY_OF.get(target_room, len(STOREYS)) >= STOREY_OF[room]:
                findings.append((number, f"{room}/ may not include {header}: it is not below"))
        if folder in FOLDERS and target in ("tests", "bench"):
            findings.append((number, f"{folder}/ may not include {header}"))
        if bracket == '"' and "/" not in header:
            findings.append((number, f'"{header}": name the folder, as in "conf/config.h"'))
        if folder in FOLDERS:
            for pattern, home in HOMES:
                if re.fullmatch(pattern, header) and not re.fullmatch(home, path):
                    findings.append((number, f"<{header}> is at home in {home} only"))
    return findings


def without_comments_and_literals(text):
    """The text with comments and literals blanked, every line break kept."""
    token = re.compile(
        r'//[^\n]*|/\*.*?\*/|R"([^()\\ ]{0,16})\(.*?\)\1"|"(?:\\.|[^"\\\n])*"'
        r"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'",
        re.DOTALL,
    )
    text = token.sub(lambda match: "\n" * match.group().count("\n"), text)
    return re.sub(r"^\s*#(?:[^\n]*\\\n)*[^\n]*", lambda m: "\n" * m.group().count("\n"), text,
                  flags=re.MULTILINE)


# What stands before a `{` that opens no function: the body of a type, a namespace or an enum.
NO_FUNCTION = re.compile(r"\b(namespace|struct|class|union|enum|extern)\b[^()]*$|[=,(]\s*$|\breturn\b[^()]*$")


def functions(text):
    """(first line, last line) of each outermost function body, found by matching braces."""
    found = []
    enclosing = []  # for each open brace: the line on which its function starts, or None
    head_start = 0  # where the text before the next brace starts
    code = without_comments_and_literals(text)
    for match in re.finditer(r"[{};]", code):
        mark = match.group()
        if mark == "{":
            head = code[head_start:match.start()]
            opens = ")" in head and not NO_FUNCTION.search(head)
            if any(line is not None for line in enclosing):
                opens = False
            first = head_start + len(head) - len(head.lstrip())
            enclosing.append(code.count("\n", 0, first) + 1 if opens else None)
        elif mark == "}" and enclosing:
            line = enclosing.pop()
            if line is not None:
                found.append((line, code.count("\n", 0, match.start()) + 1))
        head_start = match.end()
    return found


def size_findings(path, text):
    findings = []
    lines = len(text.splitlines())
    if lines > MAX_FILE_LINES and path not in LONG_FILES:
        findings.append((MAX_FILE_LINES + 1, f"{lines} lines, {MAX_FILE_LINES} is the bound: split "
                         "the file, or give the reason in LONG_FILES"))
    if lines <= MAX_FILE_LINES and path in LONG_FILES:
        findings.append((1, "no longer needs its place in LONG_FILES"))
    for first, last in functions(text):
        if last - first + 1 > MAX_FUNCTION_LINES:
            findings.append((first, f"function of {last - first + 1} lines, {MAX_FUNCTION_LINES} is "
                             "the bound"))
    return findings


def check_itself():
    def expect(findings, *lines):
        assert [line for line, _ in findings] == list(lines), (findings, lines)

    expect(include_findings("cache/http/a.h", '#include "conf/a.h"\n#include "daemon/b.h"\n'), 2)
    expect(include_findings("cache/http/a.h", '#include "cache/http/b.h"\n#include "cache/scope/b.h"\n'), 2)
    expect(include_findings("daemon/client/a.h", '#include "daemon/orders/b.h"\n#include "daemon/fetch/b.h"\n'), 2)
    expect(include_findings("conf/base/a.cc", '#  include "cache/scope/key.h"\n#include <uv.h>\n'), 1, 2)
    expect(include_findings("cache/a.cc", "int a;\n"), 1)
    expect(include_findings("conf/a.cc", '#include "cache/none/key.h"\n'), 1)
    expect(include_findings("daemon/main.cc", '#include "upstream/transfer.h"\n#include <uv.h>\n'))
    expect(include_findings("daemon/admin/a.cc", '#include "tests/a.h"\n#include "a.h"\n'), 1, 2)
    for header, good, bad in [
        ("lmdb.h", "cache/store/lmdb.cc", "cache/store/writer.cc"),
        ("lmdb.h", "cache/store/lmdb.h", "cache/scope/store.cc"),
        ("curl/curl.h", "upstream/transfer.h", "daemon/fetch/fill.cc"),
        ("llhttp.h", "daemon/http1/request_parser.h", "daemon/http1/transport.cc"),
        ("toml++/toml.h", "conf/config_file.cc", "daemon/main.cc"),
        ("xxhash.h", "cache/scope/key.cc", "cache/scope/key.h"),
        ("openssl/evp.h", "upstream/tls.cc", "daemon/admin/admin.cc"),
        ("zlib.h", "cache/body/gzip.cc", "upstream/transfer.cc"),
    ]:
        expect(include_findings(good, f"\n#include <{header}>\n"))
        expect(include_findings(bad, f"\n#include <{header}>\n"), 2)

    body = "  step();\n"
    for head in ["int run(int a,\n        int b) {\n", "A::A(int x) : x_{x}, y_(x) {\n",
                 "auto f() const noexcept -> std::string {\n", "Result<int> g()\n{\n"]:
        long = head + body * MAX_FUNCTION_LINES + "}\n"
        expect(size_findings("daemon/a.cc", "namespace larder {\n" + long + "}\n"), 2)
        expect(size_findings("daemon/a.cc", "class A {\n\n" + long + "};\n"), 3)
    allowed = "int f() {\n" + body * (MAX_FUNCTION_LINES - 2) + "}\n"
    expect(size_findings("daemon/a.cc", "namespace {\n" + allowed * 3 + "}\n"))
    expect(size_findings("daemon/a.cc", 'auto a = "{";\nchar b = \'{\'; // {\n' + allowed))
    expect(size_findings("daemon/a.cc", "const Row table[] = {\n" + "  {1, f(2)},\n" * 100 + "};\n"))
    nested = "int f() {\n  if (a) {\n" + body * MAX_FUNCTION_LINES + "  }\n}\n"
    expect(size_findings("daemon/a.cc", nested), 1)
    expect(size_findings("daemon/a.cc", "\n" * MAX_FILE_LINES))
    expect(size_findings("daemon/a.cc", "\n" * (MAX_FILE_LINES + 1)), MAX_FILE_LINES + 1)


def main():
    check_itself()
    count = 0
    failed = False
    for folder in FOLDERS + ["tests", "bench"]:
        for file in sorted((ROOT / folder).rglob("*")):
            if file.suffix not in (".h", ".cc") or "node_modules" in file.parts:
                continue
            path = file.relative_to(ROOT).as_posix()
            text = file.read_text(encoding="utf-8")
            findings = include_findings(path, text)
            if folder in FOLDERS:
                findings += size_findings(path, text)
            for line, what in sorted(findings):
                print(f"{path}:{line}: {what}")
                failed = True
            count += 1
    for path in LONG_FILES:
        if not (ROOT / path).exists():
            print(f"{path}: in LONG_FILES, but there is no such file")
            failed = True
    if count == 0:
        sys.exit("no sources found")
    print(f"{count} files read")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
