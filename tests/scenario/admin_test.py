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


if __name__ == "__main__":
    harness.main(globals())
