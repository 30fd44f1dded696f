# SPDX-License-Identifier: Apache-2.0
"""Headless Chromium, spoken to by its DevTools protocol over two pipes: no port, and no other package."""

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

from harness import DEADLINE_S, Failure, check, end_process, wait_until

PROGRAM = shutil.which("chromium")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-dev-shm-usage", "--force-device-scale-factor=1", "--remote-debugging-pipe"]


def above(least, descriptor):
    """The same pipe at a higher descriptor."""
    higher = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, least + 1)
    os.close(descriptor)
    return higher


class Browser:
    """One Chromium with an empty profile and one page. Ends with its block."""

    def __init__(self):
        self.profile = tempfile.TemporaryDirectory(prefix="larder-browser-", ignore_cleanup_errors=True)
        self.number = 0
        self.session = None
        self.buffer = b""
        self.events = []

    def __enter__(self):
        from_us, self.out = os.pipe()
        self.into, from_it = os.pipe()
        # Chromium reads at descriptor 3 and writes at 4. Neither end may be one of these itself.
        from_us, from_it = above(9, from_us), above(9, from_it)
        command = ["setpriv", "--pdeathsig", "KILL", "bash", "-c",
                   f'exec "$@" 3<&{from_us} 4>&{from_it}', "bash", PROGRAM, *FLAGS,
                   f"--user-data-dir={self.profile.name}", "about:blank"]
        environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        self.process = subprocess.Popen(command, pass_fds=(from_us, from_it), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        env=environment | {"HOME": self.profile.name})
        os.close(from_us)
        os.close(from_it)
        target = wait_until(self._page, "Chromium has a page")
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log", "Accessibility"):
            self.call(f"{domain}.enable")
        return self

    def __exit__(self, *_):
        os.close(self.out)
        os.close(self.into)
        end_process(self.process)
        self.profile.cleanup()

    def _page(self):
        targets = self.call("Target.getTargets")["targetInfos"]
        return next((one["targetId"] for one in targets if one["type"] == "page"), None)

    def _read(self, deadline):
        """The next message; what is no answer is kept in `events`."""
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.into], [], [], max(0, deadline - time.monotonic()))
            check(ready, "Chromium does not answer")
            more = os.read(self.into, 1 << 20)
            check(more, "Chromium has ended")
            self.buffer += more
        text, _, self.buffer = self.buffer.partition(b"\0")
        return json.loads(text)

    def call(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.out, data):]
        deadline = time.monotonic() + 3 * DEADLINE_S
        while True:
            answer = self._read(deadline)
            if answer.get("id") == self.number:
                check("error" not in answer, lambda: f"{method}: {answer.get('error')}")
                return answer["result"]
            if "method" in answer:
                self.events.append(answer)

    def evaluate(self, expression):
        """The value of a script's expression, in the page."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise Failure(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def open(self, url, width=1920, height=1080, scheme="light"):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.use_scheme(scheme)
        self.call("Page.navigate", url=url)

    def use_scheme(self, scheme):
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def text(self, element):
        return self.evaluate(f"(document.getElementById({json.dumps(element)}) || {{}}).innerText") or ""

    def wait_text(self, element, wanted):
        """Until the element's text has `wanted` in it."""
        wait_until(lambda: wanted in self.text(element),
                   lambda: f"'{wanted}' in #{element}; it says {self.text(element)!r}", 2 * DEADLINE_S)

    def type(self, text, enter=True):
        self.call("Input.insertText", text=text)
        if enter:
            for kind in ("keyDown", "keyUp"):
                self.call("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", text="\r",
                          windowsVirtualKeyCode=13)

    def screenshot(self, path):
        image = self.call("Page.captureScreenshot", format="png")["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(image))

    def requested(self):
        """URLs that the page has asked for."""
        return [event["params"]["request"]["url"] for event in self.events
                if event["method"] == "Network.requestWillBeSent"]

    def complaints(self):
        """What the browser or a script has put on the console, exceptions too."""
        return [event["params"] for event in self.events
                if event["method"] in ("Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled")]
