#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The vendor's two published JavaScript libraries, driven as a site would (tests/sdk/), see through
larderd what they see without it; delivery calls made again cost the origin nothing, and preview
calls reach the preview host, one request each. So it is by HTTPS as well, where nothing in the libraries
is set or changed for the test.
"""

import hashlib
import json
import os
import pathlib
import shutil
import subprocess

import harness
from harness import DEADLINE_S, DRAFT_MARKER, SECRETS, check, check_equal
from sdk_wire_test import LONG
from tls_lib import make_certificate, tls_address, tls_larder

SOURCE = pathlib.Path(__file__).resolve().parent.parent / "sdk"
# Beside the programs: nothing is installed into the source tree.
INSTALLED = pathlib.Path(harness.program("LARDER_SANDBOX")).resolve().parent / "sdk"
PACKAGE_FILES = ["package.json", "package-lock.json", ".npmrc"]

LIBRARIES = ["javascript", "typescript"]


def install():
    """Installs what the lock file names, unless that was done; copies the scripts beside it."""
    wanted = hashlib.sha256(b"".join((SOURCE / name).read_bytes() for name in PACKAGE_FILES))
    stamp = INSTALLED / "installed"
    if not stamp.exists() or stamp.read_text() != wanted.hexdigest():
        shutil.rmtree(INSTALLED, ignore_errors=True)
        INSTALLED.mkdir(parents=True)
        for name in PACKAGE_FILES:
            shutil.copy(SOURCE / name, INSTALLED)
        result = subprocess.run(["npm", "ci"], cwd=INSTALLED, text=True, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, check=False)
        check(result.returncode == 0, f"npm ci: {result.stdout}")
        stamp.write_text(wanted.hexdigest())
    for script in SOURCE.glob("*.mjs"):
        shutil.copy(script, INSTALLED)


def drive(library, mode, delivery, preview, certificate=None):
    """All calls of a library at these addresses: a list of {"name", "host", "result" or "error"}. By HTTPS
    where a certificate is given."""
    environment = {name: value for name, value in os.environ.items()
                   if not name.lower().endswith("_proxy")}
    if certificate is not None:
        environment |= {"LARDER_SDK_SCHEME": "https", "NODE_EXTRA_CA_CERTS": certificate["certificate"]}
    result = subprocess.run(["node", "drive.mjs", library, mode, delivery, preview],
                            cwd=INSTALLED, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            timeout=6 * DEADLINE_S, env=environment, check=False)
    check(result.returncode == 0, lambda: f"drive.mjs {library} {mode}: {result.stderr.decode()}")
    return json.loads(result.stdout)


def check_same_results(got, expected):
    check_equal([call["name"] for call in got], [call["name"] for call in expected], "calls")
    for one, other in zip(got, expected):
        check_equal(json.dumps(one), json.dumps(other), one["name"])


def check_mostly_answers(calls):
    """The comparison would mean little if both sides failed."""
    failed = [call["name"] for call in calls if "error" in call]
    expected = [name for name in ["unknown entry", "unknown content type"]
                if any(call["name"] == name for call in calls)]
    check_equal(failed, expected, "calls that fail without larderd")


def targets(requests):
    return [request["target"] for request in requests]


def begin(stage, tls):
    """(larder, its address, the certificate or None)"""
    if not tls:
        larder = stage.larder(ttl=LONG)
        return larder, larder.address, None
    certificate = make_certificate(stage.directory, "larder")
    larder = tls_larder(stage, certificate, ttl=LONG)
    return larder, tls_address(larder), certificate


def check_delivery(stage, library, tls=False):
    sandbox = stage.sandbox
    direct = drive(library, "delivery", sandbox.delivery, sandbox.preview)
    check_mostly_answers(direct)
    _, address, certificate = begin(stage, tls)
    sandbox.reset()
    check_same_results(drive(library, "delivery", address, address, certificate), direct)
    asked, previews = sandbox.seen()
    check(asked > 0 and previews == 0, f"requests at the origin, first time: {asked}, {previews}")
    check_same_results(drive(library, "delivery", address, address, certificate), direct)
    check_equal(sandbox.seen(), (asked, 0), "requests at the origin, second time")


def check_preview(stage, library, tls=False):
    sandbox = stage.sandbox
    direct = drive(library, "preview", sandbox.delivery, sandbox.preview)
    check_mostly_answers(direct)
    expected_targets = targets(sandbox.requests("preview"))
    sandbox.fault(host="preview", no_gzip=True)  # so that a draft on disk would be found
    larder, address, certificate = begin(stage, tls)
    count = sum(call["host"] == "preview" for call in direct)
    check_equal(len(expected_targets), count, "preview requests without larderd")
    check(sum(DRAFT_MARKER in json.dumps(call) for call in direct) >= 5, "drafts are seen")
    for asked in ["first time", "second time"]:
        before = sandbox.seen()
        sandbox.control("POST", "/requests/clear")
        check_same_results(drive(library, "preview", address, address, certificate), direct)
        after = sandbox.seen()
        check_equal(after[1] - before[1], count, f"preview requests, {asked}")
        check_equal(targets(sandbox.requests("preview")), expected_targets,
                    f"targets at the preview host, {asked}")
    check_equal(after[0] - before[0], 0, "delivery requests, second time")
    larder.stop()
    larder.check_nothing_on_disk([DRAFT_MARKER, *SECRETS])


def test_contentstack_3_delivery(stage):
    check_delivery(stage, "javascript")


def test_contentstack_3_live_preview(stage):
    check_preview(stage, "javascript")


def test_delivery_sdk_5_delivery(stage):
    check_delivery(stage, "typescript")


def test_delivery_sdk_5_live_preview(stage):
    check_preview(stage, "typescript")


def test_contentstack_3_delivery_by_https(stage):
    check_delivery(stage, "javascript", tls=True)


def test_contentstack_3_live_preview_by_https(stage):
    check_preview(stage, "javascript", tls=True)


def test_delivery_sdk_5_delivery_by_https(stage):
    check_delivery(stage, "typescript", tls=True)


def test_delivery_sdk_5_live_preview_by_https(stage):
    check_preview(stage, "typescript", tls=True)


if __name__ == "__main__":
    install()
    harness.main(globals())
