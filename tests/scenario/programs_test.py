#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The programs as a person meets them: help, versions, exit codes, what a wrong word is told, and the
status on a terminal."""

import json
import os
import pathlib
import pty
import re
import subprocess

import harness
from harness import ENTRY, check, check_equal
from scenario_lib import check_answer

PROGRAMS = ["LARDERD", "LARDERCTL", "LARDER_SANDBOX", "LARDER_BENCH"]
CONTROL = pathlib.Path(__file__).resolve().parent.parent / "sandbox" / "control.cc"


def run(name, *words):
    """(exit status, stdout, stderr)"""
    done = subprocess.run([harness.program(name), *map(str, words)], text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                          timeout=harness.DEADLINE_S)
    return done.returncode, done.stdout, done.stderr


def test_every_program_has_help_and_a_version(_):
    for name in PROGRAMS:
        for option in ("--help", "--version"):
            code, out, err = run(name, option)
            check_equal((code, err), (0, ""), f"exit status and stderr of {name} {option}")
            check(out, f"{name} {option} prints something")


def test_wrong_words_end_with_2_and_name_the_nearest(_):
    for name, words, said in [
            ("LARDERD", ["--chekc", "x"], 'unknown option "--chekc"; did you mean --check?'),
            ("LARDERD", ["larder.toml"], 'unexpected "larder.toml"'),
            ("LARDERD", ["--config"], "--config"),
            ("LARDERCTL", ["statsu"], 'unknown command "statsu"; did you mean status?'),
            ("LARDERCTL", ["purge", "ulr", "/v3"], 'unknown command "ulr"; did you mean url?'),
            ("LARDERCTL", ["purge", "scope", "--enviroment", "x"], "did you mean --environment?"),
            ("LARDERCTL", ["--timeout", "soon", "status"], "--timeout"),
            ("LARDERCTL", ["purge", "url"], "url is required"),
            ("LARDERCTL", ["status", "--json", "--text"], "--json excludes --text"),
            ("LARDERCTL", ["list"], "list takes --scope or --tag, or both"),
            ("LARDERCTL", ["get", "/v3/assets", "--body", "--head"], "--head excludes --body"),
            ("LARDERCTL", ["list", "--scope", "blt1", "--limit", "0"], "--limit"),
            ("LARDERCTL", [], "a command is missing; known are status, events, stats, hosts, top, tags, explain, get, list, "
                              "snapshot, purge, reload, drain, check-config"),
            ("LARDER_BENCH", ["simulat"], 'unknown command "simulat"; did you mean simulate?'),
            ("LARDER_BENCH", ["load", "--szies", "1K"], "did you mean --sizes?"),
            ("LARDER_BENCH", ["load", "--sizes", "1Q"], "'1Q' is no size"),
            ("LARDER_BENCH", ["simulate", "--policy", "lrv", CONTROL], "there is no policy 'lrv'"),
            ("LARDER_SANDBOX", ["--delivry-port", "1"], "did you mean --delivery-port?"),
            ("LARDER_SANDBOX", ["--delivery-port", "http"], '--delivery-port "http" is no whole number'),
            ("LARDER_SANDBOX", ["--remember"], "--remember needs a value"),
    ]:
        code, out, err = run(name, *words)
        check(said in err, f"{name} {words} says {said!r}: {err}")
        check_equal(code, 2, f"exit status of {name} {words}")
        check(not out or name == "LARDER_BENCH", f"{name} {words} prints nothing but the mistake: {out}")
        check("--help tells more" in err or name == "LARDER_BENCH", f"{name} {words} points to --help: {err}")


def test_failures_end_with_1(stage):
    for name, words in [
            ("LARDERD", ["--config", "/nowhere.toml"]), ("LARDERD", ["--check", "/nowhere.toml"]),
            ("LARDERCTL", ["--socket", stage.directory / "nobody.sock", "status"]),
            ("LARDER_BENCH", ["simulate", CONTROL]),
            ("LARDER_SANDBOX", ["--listen", "no-address"])]:
        code, _, err = run(name, *words)
        check_equal(code, 1, f"exit status of {name} {words}: {err}")
        check(err, f"{name} {words} says why")


def test_a_purge_that_the_daemon_does_not_understand_is_wrong_usage(stage):
    larder = stage.larder()
    code, output = larder.ctl("purge", "url", "/not/of/the/api")
    check_equal(code, 2, f"exit status: {output}")


def test_the_sandbox_tells_its_credentials_content_and_calls(stage):
    text = run("LARDER_SANDBOX", "--help")[1]
    tokens = [secret for secret in harness.SECRETS if secret != harness.MANAGEMENT_TOKEN]
    for secret in tokens + [known.api_key for known in harness.STACKS]:
        check(secret in text, f"--help has {secret}")
    calls = set(re.findall(r'"(?:GET|POST|DELETE) (/[a-z_/]*[a-z])', CONTROL.read_text(encoding="utf-8")))
    check(len(calls) > 12, f"calls in control.cc: {calls}")
    for call in calls:
        check(re.search(re.escape(call) + r"\b", text), f"--help has {call}")
    larder = stage.larder()
    for branch in ("main", "develop", "release", "live"):
        check(branch in text, f"--help has {branch}")
        check_answer(larder.get(ENTRY, harness.credentials(branch=branch)), 200)


def test_a_path_without_v3_is_explained(stage):
    larder = stage.larder()
    for target in ("/content_types/blog/entries?environment=production", "/"):
        answer = larder.get(target, harness.credentials())
        check_equal(answer.status, 404, f"status of {target}")
        told = json.loads(answer.decoded)["error_message"]
        check("start with /v3" in told and "an endpoint, it ends in /v3" in told, f"{target} explains: {told}")


def on_terminal(larder, *words, **variables):
    """(exit status, output) of larderctl whose stdout is a terminal."""
    environment = {key: value for key, value in os.environ.items() if key != "NO_COLOR"} | variables
    master, terminal = pty.openpty()
    process = subprocess.Popen([harness.program("LARDERCTL"), "--socket", str(larder.socket_path), *words],
                               stdin=subprocess.DEVNULL, stdout=terminal, stderr=terminal, env=environment)
    os.close(terminal)
    output = b""
    try:
        while chunk := os.read(master, 65536):
            output += chunk
    except OSError:
        pass  # EIO: the other end is closed
    os.close(master)
    return process.wait(harness.DEADLINE_S), output.decode().replace("\r\n", "\n")


def test_the_status_is_text_on_a_terminal_and_json_for_programs(stage):
    larder = stage.larder()
    check_answer(larder.get(ENTRY, harness.credentials()), 200)
    code, shown = on_terminal(larder, "status")
    check_equal(code, 0, "exit status")
    check("\x1b[1mRequests\x1b[0m\n  all" in shown, f"text with colours on a terminal: {shown!r}")
    check(re.search(r"\n  miss +1 +100\.0 %\n", shown), f"the miss: {shown!r}")
    plain = on_terminal(larder, "status", NO_COLOR="1")[1]
    check("\x1b" not in plain and "\nRequests\n" in plain, f"no colours with NO_COLOR: {plain!r}")
    for shown in (on_terminal(larder, "status", "--json")[1], larder.ctl("status")[1],
                  larder.ctl("status", "--json")[1]):
        check_equal(json.loads(shown)["requests"]["miss"], 1, "misses in JSON")
    piped = larder.ctl("status", "--text")[1]
    check("\nRequests\n" in piped and "\x1b" not in piped, f"text without colours: {piped!r}")


if __name__ == "__main__":
    harness.main(globals())
