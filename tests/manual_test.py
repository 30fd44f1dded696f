#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Manual pages and completions, as they are built: right by mandoc, man and the shells, and they know every
command and option of --help and every key of the configuration."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

TREE = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ["LARDERD"]).parent
PAGES = {"larderd.8": "larderd", "larder.toml.5": "larderd", "larderctl.1": "larderctl", "larder-bench.1": "larder-bench"}
COMPLETED = ("larderd", "larderctl", "larder-bench")


def output_of(*command, **more):
    return subprocess.run([str(word) for word in command], text=True, check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=30, **more).stdout


def page_findings(path):
    if shutil.which("mandoc"):
        for line in output_of("mandoc", "-T", "lint", "-W", "warning", path).splitlines():
            if "mandoc.db" not in line:
                yield line
    if shutil.which("man"):
        command = ("man", "--warnings", "-E", "UTF-8", "-l", path)
        done = subprocess.run([str(word) for word in command], check=False, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True, timeout=30,
                              env={**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "100", "MANROFFSEQ": ""})
        yield from done.stderr.splitlines()


def commands_of_help(program, path=()):
    """Commands and long options, read from --help as people do."""
    text = output_of(BUILD / program, *path, "--help")
    below = text.split("ubcommands:\n", 1)[1].split("\n\n")[0] if "ubcommands:\n" in text else ""
    names = re.findall(r"^  ([a-z][a-z-]*)", below, re.MULTILINE)
    options = re.findall(r"^  (?:-\w,)?(--[a-z-]+)", text, re.MULTILINE)
    for name in names:
        yield path + (name,), None
        yield from commands_of_help(program, path + (name,))
    for option in options:
        yield path, option


def plain(page):
    """The page's text without escapes."""
    return page.read_text(encoding="utf-8").replace("\\-", "-").replace("\\(dq", '"')


def check_commands(program, page):
    text = plain(page)
    count = 0
    for path, option in commands_of_help(program):
        count += 1
        heading = f'.Ss "{" ".join((program,) + path)}"' if path else ""
        assert heading in text, f"{page}: no {heading}"
        part = text.split(heading, 1)[1].split(".Ss ")[0] if heading else text
        assert option in (None, "--help") or f"Fl {option[1:]}" in part, f"{page}: no {option} of {path}"
    assert count > 3, f"{program} --help is not read rightly"


def completed(program, *words):
    """What bash offers for the last of the words."""
    script = (f'source "{BUILD}/docs/completions/bash/{program}"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
              f'_{program.replace("-", "_")}; printf "%s\\n" "${{COMPREPLY[@]}}"')
    return set(output_of("bash", "-c", script, "bash", program, *words).split())


def check_completions(program):
    for path, option in commands_of_help(program):
        if option is None:
            assert path[-1] in completed(program, *path[:-1], ""), f"bash does not offer {path}"
        else:
            assert option in completed(program, *path, "--"), f"bash does not offer {option} of {path}"
    folder = BUILD / "docs" / "completions"
    zsh, fish = folder / "zsh" / f"_{program}", folder / "fish" / f"{program}.fish"
    for shell, words in (("zsh", ("-n", zsh)), ("fish", ("--no-execute", fish)), ("bash", ("-n", folder / "bash" / program))):
        if shutil.which(shell):
            said = output_of(shell, *words)
            assert not said, said
    zsh_text, fish_text = zsh.read_text(encoding="utf-8"), fish.read_text(encoding="utf-8")
    for path, option in commands_of_help(program):
        assert f"'{path[-1]}:" in zsh_text if option is None else f"{option}[" in zsh_text, (path, option)
        assert f"-a {path[-1]} " in fish_text if option is None else f"-l {option[2:]} " in fish_text, (path, option)


def main():
    for page, program in PAGES.items():
        path = BUILD / "docs" / "man" / page
        findings = list(page_findings(path))
        assert not findings, "\n".join(findings)
        if page != "larder.toml.5":
            check_commands(program, path)
    keys = plain(BUILD / "docs" / "man" / "larder.toml.5")
    for line in output_of(BUILD / "larderd", "--config-keys").splitlines():
        key, allowed = line.split("\t")[:2]
        assert re.search(rf"^\.It .*Cm {key.rpartition('.')[2]}\b", keys, re.MULTILINE), f"no {key}"
        first = allowed.split(",")[0].split(" ")[0]
        assert first.lower() in keys.lower(), f"nothing of what {key} may be"
    for program in COMPLETED:
        check_completions(program)
    # The checks can fail.
    assert "no-such" not in completed("larderctl", "purge", "--no-such")
    print(f"{len(PAGES)} pages, completions of {len(COMPLETED)} programs")


if __name__ == "__main__":
    if not (BUILD / "docs" / "man" / "larder-bench.1").exists():
        print("skipped: the manual is not built (target manual_of_larder-bench)")
        sys.exit(77)
    main()
