#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`larderctl reload`, `drain` and `check-config`: what operators order of the daemon itself."""

import json
import os
import subprocess

import harness
from harness import ENTRY, check, check_equal, credentials, wait_until
from scenario_lib import Background, ask, check_answer, healthz

NOBODY = 65534


def order(larder, *words, status=0):
    code, output = larder.ctl(*words)
    check_equal(code, status, f"exit status of {words}: {output}")
    return output


def test_a_reload_holds_when_it_returns(stage):
    larder = stage.larder(log={"access_log": str(stage.directory / "access.log")})
    for number in range(5):
        larder.configure(ttl={"entry": {"fresh": f"{40 + number}s"}})
        larder.write_config()
        output = order(larder, "reload")
        check(f"in force as generation {number + 2}:" in output and "ttl.entry.fresh" in output, output)
        status = larder.status()["settings"]
        check_equal((status["generation"], status["last_reload"]["result"]), (number + 2, "applied"), "status")
    check("nothing changed" in order(larder, "reload"), "the same again")
    larder.configure(server={"workers": 3})
    larder.write_config()
    told = json.loads(order(larder, "reload", "--json"))
    check_equal((told["result"], told["mistakes"]), ("unchanged", []), "what needs a restart")
    check(any("server.workers" in one for one in told["needs_restart"]), f"needs a restart: {told}")


def test_a_file_with_mistakes_changes_nothing_and_they_are_told_with_their_lines(stage):
    larder = stage.larder()
    good = larder.config_path.read_text()
    larder.config_path.write_text(good.replace('"64MiB"', '"64 potatoes"').replace("[upstream]", "[upstream]\nsize = 3"))
    output = order(larder, "reload", status=1)
    line = next(number for number, text in enumerate(larder.config_path.read_text().splitlines(), 1)
                if "potatoes" in text)
    check(f"{larder.config_path}:{line}: " in output and "the running configuration stays" in output, output)
    check_equal(larder.status()["settings"]["generation"], 1, "generation")
    # The same words as without a daemon.
    checked = order(larder, "check-config", str(larder.config_path), status=1)
    check(f"{larder.config_path}:{line}: " in checked, checked)
    larder.config_path.write_text(good)
    check("ok" in order(larder, "check-config", str(larder.config_path)), "the good file")
    by_larderd = subprocess.run([harness.program("LARDERD"), "--check", str(larder.config_path)], text=True,
                                stdout=subprocess.PIPE, check=True).stdout
    check_equal(order(larder, "check-config", str(larder.config_path)), by_larderd, "as larderd --check")


def test_a_drain_finishes_what_is_under_way_and_says_how_far_it_is(stage):
    larder = stage.larder()
    check_answer(larder.get(ENTRY, credentials()), 200)
    stage.sandbox.hold("slow", host="delivery", match="cold=")
    client = larder.connect()
    ask(client, f"{ENTRY}&cold=1", credentials())
    stage.sandbox.wait_held("slow")
    said = []
    with Background() as background:
        background.start(lambda: said.append(larder.ctl("drain")))
        wait_until(lambda: healthz(larder.metrics_address) == (503, b"draining\n"), "larderd drains")
        check_equal(larder.status()["drain"], "open", "state")
        check_equal(json.loads(order(larder, "status"))["state"], "draining", "state")
        order(larder, "drain", "--no-wait")  # once more does no harm
        check_equal(larder.ctl("reload")[0], 1, "a reload while it drains")
        stage.sandbox.clear_faults()
        stage.sandbox.release("slow")
        check_answer(client.read_response(), 200, what="the slow answer")
        check_equal(larder.process.wait(harness.DEADLINE_S), 0, "exit status of larderd")
        wait_until(lambda: said, "larderctl returns")
    client.close()
    code, output = said[0]
    check_equal(code, 0, f"exit status of drain: {output}")
    check(output.startswith(f"process {larder.ready['pid']}: open: ") and output.endswith("ended\n"), output)


def test_only_root_and_its_own_user_may_order(stage):
    if os.geteuid() != 0:
        return
    larder = stage.larder()
    for path in (stage.directory, larder.directory):
        path.chmod(0o755)
    larder.socket_path.chmod(0o666)

    def as_nobody(*words):
        done = subprocess.run([harness.program("LARDERCTL"), "--socket", str(larder.socket_path), *words],
                              text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                              timeout=harness.DEADLINE_S, user=NOBODY, group=NOBODY, extra_groups=[])
        return done.returncode, done.stdout
    check_equal(as_nobody("status")[0], 0, "the status is for all who have the socket")
    for words in (("reload",), ("drain",), ("drain", "--no-wait")):
        code, output = as_nobody(*words)
        check(code == 1 and "root, or the user as whom larderd runs" in output, f"{words}: {code} {output}")
    check_equal(larder.status()["state"], "serving", "it serves on")
    with harness.Connection(larder.metrics_address) as client:
        check_equal(client.request("/drain", method="POST").status, 404, "not by TCP")
    with harness.Connection(f"unix:{larder.socket_path}") as client:
        check_equal(client.request("/drain").status, 405, "not by GET")


def test_without_a_daemon_orders_fail(stage):
    larder = stage.larder(start=False)
    for words in (("reload",), ("drain",)):
        check_equal(larder.ctl(*words)[0], 1, f"{words}")
    code, output = larder.ctl("check-config", "/nowhere.toml")
    check(code == 1 and "/nowhere.toml" in output, output)


if __name__ == "__main__":
    harness.main(globals())
