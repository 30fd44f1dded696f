#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The admin interface under pressure: whoever fills one of its doors does not close the other."""

import contextlib
import json

import harness
from harness import Connection, check, check_equal

MORE_THAN_THE_BOUND = 200


def test_idle_scrapers_do_not_lock_larderctl_out(stage):
    larder = stage.larder()
    with contextlib.ExitStack() as scrapers:
        for _ in range(MORE_THAN_THE_BOUND):
            scrapers.enter_context(Connection(larder.metrics_address))
        status, output = larder.ctl("status")
        check_equal(status, 0, f"exit status of larderctl: {output}")
        check("version" in json.loads(output), f"no status: {output}")
        status, output = larder.ctl("purge", "all")
        check_equal(status, 0, f"exit status of a purge: {output}")
        check(larder.metrics(), "metrics for one scraper more")


def test_connections_to_the_admin_listeners_do_not_disturb_the_end(stage):
    larder = stage.larder()
    idle = [harness.Connection(address) for address in (larder.metrics_address,
                                                        f"unix:{larder.socket_path}") * 3]
    for connection in idle[:2]:
        connection.send(b"GET /healthz HTTP/1.1\r\n")  # half a request
    check_equal(larder.get(harness.ENTRY, harness.credentials()).status, 200, "larder serves")
    larder.stop()
    check(all(connection.is_closed_by_peer() for connection in idle), "they are closed")


def test_the_admin_listeners_know_head_and_say_which_methods_they_take(stage):
    larder = stage.larder()
    for address in (larder.metrics_address, f"unix:{larder.socket_path}"):
        for method, path, status, allow in [("HEAD", "/healthz", 200, None), ("GET", "/healthz", 200, None),
                                            ("HEAD", "/metrics", 200, None),
                                            ("POST", "/healthz", 405, "GET, HEAD"),
                                            ("DELETE", "/metrics", 405, "GET, HEAD")]:
            with Connection(address) as client:
                client.send(f"{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                response = client.read_response(method)
                check_equal((response.status, response.header("Allow")), (status, allow),
                            f"status and Allow of {method} {path} at {address}")
                check(client.is_closed_by_peer(), f"something follows {method} {path}")


def test_the_ready_line_says_what_was_started(stage):
    configured = stage.larder(cache={"size": "32MiB"})
    url = f"http://{stage.sandbox.delivery}"
    opened = stage.larder(stack=None, open={"delivery": url, "preview": url},
                          listener=[{"address": "0.0.0.0:0"}])
    for larder, mode in ((configured, "configured"), (opened, "open")):
        ready = larder.ready
        check_equal((ready["mode"], ready["config"]), (mode, str(larder.config_path)), "mode and config")
        check_equal(ready["version"], larder.status()["version"], "version")
        check(ready["cache"]["size_bytes"] > 0 and ready["cache"]["path"], f"cache: {ready}")
        check_equal("any token of any stack is let in" in larder.log(), mode == "open", f"warning, {mode}")


if __name__ == "__main__":
    harness.main(globals())
