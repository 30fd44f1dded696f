#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The status page in a real browser: what it shows when larderd idles, works, has no origin, is gone; that it
asks nobody else; that it can be read. With LARDER_PAGE_SHOTS=FOLDER it leaves pictures there."""

import http.client
import json
import os
import socket
import sys
import threading
import urllib.parse

import browser
import harness
from browser import Browser
from egress_proxy_test import pump
from harness import check, check_equal, credentials, wait_until
from scenario_lib import Background, ask_until, entry_target, wait_stored
from sync_follower_test import LONG, stacks, wait_followed, wait_polled

SHOTS = os.environ.get("LARDER_PAGE_SHOTS")
TOKEN = "page-token-0123456789abcdef"

# Of all texts that show: their contrast with what is behind them (WCAG 2, 1.4.3), the least first.
CONTRASTS = """(() => {
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = (colour) => { const [r, g, b] = colour.map((part) => { const c = part / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const behind = (at) => { for (; at; at = at.parentElement) { const colour = rgb(getComputedStyle(at).backgroundColor);
    if (colour.length < 4 || colour[3] === 1) return colour.slice(0, 3); } return [255, 255, 255]; };
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    const at = text.parentElement;
    if (!text.data.trim() || !at.checkVisibility() || at.closest('script, noscript')) continue;
    const [one, other] = [light(rgb(getComputedStyle(at).color).slice(0, 3)), light(behind(at))].sort((a, b) => b - a);
    found.push([(one + 0.05) / (other + 0.05), text.data.trim()]);
  }
  return found.sort((a, b) => a[0] - b[0]);
})()"""


def shoot(page, name):
    if not SHOTS:
        return
    for scheme in ("light", "dark"):
        page.use_scheme(scheme)
        page.screenshot(f"{SHOTS}/{name}-{scheme}.png")
    page.use_scheme("light")


def page_url(larder):
    return f"http://{larder.metrics_address}/"


def page_larder(stage, **changes):
    return stage.larder(**harness.merge({"admin": {"page": True}}, changes))


def check_readable(page, what):
    for scheme in ("light", "dark"):
        page.use_scheme(scheme)
        contrasts = page.evaluate(CONTRASTS)
        check(len(contrasts) > 5, f"texts of {what}: {contrasts}")
        check(contrasts[0][0] >= 4.5, f"contrast of {what}, {scheme}: {contrasts[:5]}")
    page.use_scheme("light")


def check_alone(page, larder, but=()):
    """It asked larderd alone, and neither a script nor the policy had to complain."""
    strangers = [url for url in page.requested() if urllib.parse.urlsplit(url).netloc != larder.metrics_address
                 and not url.startswith(("data:", "about:"))]
    check_equal(strangers, [], "requests to others")
    complaints = [one for one in page.complaints() if not any(word in json.dumps(one) for word in but)]
    check_equal(complaints, [], "complaints on the console")


def ask_admin(larder, path, host=None, headers=()):
    """(status, body, headers) of a GET on the TCP address."""
    connection = http.client.HTTPConnection(larder.metrics_address, timeout=harness.DEADLINE_S)
    connection.putrequest("GET", path, skip_host=True)
    connection.putheader("Host", host or larder.metrics_address)
    for name, value in headers:
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, body, answer.headers


class Load(Background):
    """Clients that ask until the block ends: mostly hits, some misses."""

    def __init__(self, larder, threads=4):
        super().__init__()
        self.larder = larder
        for number in range(threads):
            self.start(self.run, number)

    def run(self, number):
        turn = 0
        while not self.stopping.is_set():
            with self.larder.connect() as connection:
                for _ in range(5_000):
                    turn += 1
                    uid = f"s{2000 + number}_{turn // 400}"
                    connection.request(f"/v3/content_types/sized/entries/{uid}?environment=production", credentials())
                    if self.stopping.is_set():
                        break


def test_it_shows_an_idle_larderd(stage):
    larder = page_larder(stage)
    with Browser() as page:
        page.open(page_url(larder))
        page.wait_text("verdict", "ALL WELL")
        page.wait_text("age", "live")
        page.wait_text("hits-note", "no request yet")
        page.wait_text("hosts", "not asked yet")
        page.wait_text("no-trouble", "Nothing fails")
        page.wait_text("no-events", "None since the start")
        check_equal(page.evaluate("document.title"), "ALL WELL · larder", "title")
        check_readable(page, "an idle larderd")
        check_alone(page, larder)
        shoot(page, "idle")


def test_it_shows_hits_requests_and_times_under_load(stage):
    larder = page_larder(stage)
    with Browser() as page, Load(larder):
        page.open(page_url(larder))
        page.wait_text("hits", "%")
        page.wait_text("outcomes", "hit 9")
        page.wait_text("latency", "s")
        page.wait_text("latency-origin", "by the origin")
        page.wait_text("origin", "UP")
        page.wait_text("verdict", "ALL WELL")
        page.wait_text("hot", "/v3/content_types/sized/entries/s200")
        page.wait_text("hot", f"{harness.STACK_A.api_key}/production/main")
        wait_until(lambda: page.evaluate("document.querySelector('#hits-line path').getAttribute('d').split('L').length") > 8,
                   "the lines grow", 30)
        rate = float(page.text("requests").replace(",", ""))
        check(rate > 50, f"{rate} requests a second")
        check_readable(page, "larderd under load")
        check_alone(page, larder)
        shoot(page, "load")


def test_it_shows_what_fails_and_why(stage):
    larder = page_larder(stage, ttl={"entry": {"fresh": "1s", "stale_while_revalidate": "0s"}},
                         upstream={"failures_to_open": 3, "connect_timeout": "500ms"})
    larder.get(entry_target(), credentials())
    wait_stored(larder)
    with Browser() as page:
        page.open(page_url(larder))
        page.wait_text("verdict", "ALL WELL")
        stage.sandbox.down()
        with Background() as visitors:
            def visit():
                number = 0
                while not visitors.stopping.wait(0.02):
                    number += 1
                    larder.get(entry_target() if number % 3 else f"/v3/assets/none{number}", credentials())
            visitors.start(visit)
            page.wait_text("verdict", "TROUBLE")
            page.wait_text("origin", "DOWN")
            page.wait_text("trouble", "got an error just now")
            page.wait_text("trouble", "got an old answer just now")
            page.wait_text("trouble", f"Origin http://{stage.sandbox.delivery} (delivery) is DOWN")
            page.wait_text("trouble", "Couldn't connect to server")  # the reason
            check("is DOWN" in page.text("why"), f"the worst stands at the top: {page.text('why')}")
            check_readable(page, "an outage")
            shoot(page, "origin-down")
            stage.sandbox.up()
            page.wait_text("origin", "UP")
        page.wait_text("verdict", "ALL WELL")
        check_alone(page, larder)


def test_it_shows_the_last_purges_and_how_fresh_content_is(stage):
    receiver = {"listen": ["127.0.0.1:0"], "secret_header": "x-larder", "secret_header_values": [TOKEN]}
    larder = page_larder(stage, webhook=receiver, stack=stacks(stage), ttl=LONG)
    wait_followed(larder)
    with Browser() as page:
        page.open(page_url(larder))
        page.wait_text("verdict", "ALL WELL")
        page.wait_text("feeds", "all 2 feeds up to date")
        larder.get(entry_target(), credentials())
        wait_stored(larder)
        stage.sandbox.publish()
        wait_polled(larder)
        # What is stale for a moment is refreshed; then the change is visible.
        ask_until(larder, entry_target(), credentials(), lambda answer: b'"_version":2' in answer.decoded,
                  lambda answer: answer.status == 200, "the new version")
        larder.ctl("purge", "scope", "--environment", "production", "--branch", "main")
        larder.ctl("purge", "asset", "<img/src=x>")
        page.wait_text("events", "asset <img/src=x>")  # as text
        check_equal(page.evaluate("document.querySelectorAll('img').length"), 0, "images")
        for text in ("operator", "sync", "entry blog/bltaaaa1111", "whole scope", "production/main"):
            check(text in page.text("events"), f"{text!r} among the events: {page.text('events')}")
        page.wait_text("fresh", "> 15 min")  # the sandbox dates its content back
        page.wait_text("fresh-note", "last purge")
        check_readable(page, "purges")
        check_alone(page, larder)
        shoot(page, "events")


def test_it_says_plainly_that_larderd_does_not_answer_and_how_old_the_figures_are(stage):
    larder = page_larder(stage)
    with Browser() as page:
        page.open(page_url(larder))
        page.wait_text("verdict", "ALL WELL")
        address = larder.metrics_address
        larder.stop()
        page.wait_text("verdict", "NO ANSWER")
        page.wait_text("age", "s old")
        page.wait_text("hits-title", "OLD")
        check_readable(page, "a larderd that is gone")
        shoot(page, "no-answer")
        larder.configure(admin={"metrics": [address]})
        larder.start()
        page.wait_text("verdict", "ALL WELL")
        page.wait_text("age", "live")


def test_without_the_page_setting_it_asks_for_the_token_and_keeps_it_to_itself(stage):
    larder = stage.larder(admin={"purge_tokens": [TOKEN]})
    with Browser() as page:
        page.open(page_url(larder))
        page.wait_text("verdict", "LOCKED")
        check_equal(page.evaluate("document.activeElement.id"), "token", "what has the focus")
        page.type("wrong-token-0123456789abcdef")
        page.wait_text("token-error", "does not know this token")
        page.type(TOKEN)
        page.wait_text("verdict", "ALL WELL")
        page.wait_text("age", "live")
        check(all(TOKEN not in url for url in page.requested()), "the token is in a URL")
        check_equal(page.evaluate("location.href + JSON.stringify(localStorage) + JSON.stringify(sessionStorage) + document.cookie"),
                    page_url(larder) + "{}{}", "what the browser keeps")
        check(TOKEN not in page.evaluate("document.documentElement.outerHTML"), "the token is in the document")
        check_alone(page, larder, but=("401",))


def test_a_screen_reader_and_a_keyboard_find_their_way(stage):
    larder = page_larder(stage)
    with Browser() as page:
        page.open(page_url(larder), width=360, height=740)
        page.wait_text("verdict", "ALL WELL")
        nodes = page.call("Accessibility.getFullAXTree")["nodes"]
        roles = [(node.get("role", {}).get("value"), node.get("name", {}).get("value")) for node in nodes if not node["ignored"]]
        for role in ("banner", "main", "status"):
            check_equal(sum(one == role for one, _ in roles), 1, f"landmarks of role {role}: {roles}")
        regions = [name for role, name in roles if role == "region"]
        for name in ("Hit rate", "Requests a second", "Time to answer", "Origin", "Publish to visible", "Store",
                     "What fails, and why", "Last purges", "What is hot"):
            check(name in regions, f"no region {name!r} among {regions}")
        check_equal(page.evaluate("document.querySelectorAll('[aria-live], [role=status], [role=alert]').length"), 2,
                    "regions that speak up by themselves")
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        check(wide <= 0, f"on a narrow screen it is {wide} pixels too wide")


def test_only_whom_the_operator_allows_sees_figures_on_tcp(stage):
    closed = stage.larder()
    opened = page_larder(stage)
    guarded = stage.larder(admin={"purge_tokens": [TOKEN]})
    both = page_larder(stage, admin={"purge_tokens": [TOKEN]})
    bearer = [("Authorization", f"Bearer {TOKEN}")]
    rows = [
        # larder, path, Host, headers, status
        (closed, "/", None, [], 404), (closed, "/status", None, [], 404), (closed, "/events", None, [], 404),
        (opened, "/", None, [], 200), (opened, "/status", None, [], 200), (opened, "/events", None, [], 200),
        (opened, "/status", "localhost:9100", [], 200), (opened, "/status", "evil.example", [], 403),
        (opened, "/events", "evil.example:9100", [], 403), (opened, "/purge", None, [], 404),
        (opened, "/tags", None, [], 404), (opened, "/top", None, [], 200), (closed, "/top", None, [], 404),
        (guarded, "/top", None, [], 401), (opened, "/top?by=none", None, [], 400), (opened, "/top?limit=0", None, [], 400),
        (opened, "/top?by=time&limit=5", None, [], 200), (opened, "/status", None, [("Origin", "http://evil.example")], 403),
        (guarded, "/", None, [], 200), (guarded, "/status", None, [], 401), (guarded, "/status", None, bearer, 200),
        (guarded, "/status", "cache.example", bearer, 200), (guarded, "/tags", None, bearer, 404),
        (guarded, "/status?token=" + TOKEN, None, [], 401),
        (both, "/status", None, [], 200), (both, "/status", "cache.example", [], 401),
        (both, "/events", "cache.example", bearer, 200), (both, "/purge", None, [], 401),
    ]
    for larder, path, host, headers, expected in rows:
        status, body, _ = ask_admin(larder, path, host, headers)
        check_equal(status, expected, f"status of {path}, Host {host}, {headers}: {body[:200]}")
        check(all(secret not in body for secret in [*harness.SECRETS, TOKEN]), f"a token in the answer to {path}")


def test_the_page_is_whole_and_its_policy_lets_nothing_else_in(stage):
    larder = page_larder(stage)
    status, body, headers = ask_admin(larder, "/")
    check_equal((status, headers["Content-Type"], headers["Cache-Control"], headers["X-Content-Type-Options"]),
                (200, "text/html; charset=utf-8", "no-store", "nosniff"), "head of the page")
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    check_equal(policy["default-src"], "'none'", "default-src")
    for name in ("script-src", "style-src"):
        check(policy[name].startswith("'sha256-") and "unsafe" not in policy[name], f"{name}: {policy[name]}")
    check_equal((policy["connect-src"], policy["frame-ancestors"], policy["base-uri"]), ("'self'", "'none'", "'none'"), "policy")
    check("http://" not in body and "https://" not in body.replace("https?:", ""), "it names no other host")
    check(" onclick" not in body and " style=" not in body, "neither handlers nor styles inside")


def test_it_is_on_the_admin_socket_as_ssh_forwards_it(stage):
    larder = stage.larder()
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=forward, args=(listener, larder.socket_path), daemon=True).start()
    with Browser() as page, listener:
        page.open(f"http://localhost:{listener.getsockname()[1]}/")
        page.wait_text("verdict", "ALL WELL")
        page.wait_text("age", "live")


def forward(listener, path):
    """Each connection to the unix socket, until the listener is closed."""
    while True:
        try:
            near, _ = listener.accept()
        except OSError:
            return
        far = socket.socket(socket.AF_UNIX)
        far.connect(str(path))
        for source, sink in ((near, far), (far, near)):
            threading.Thread(target=pump, args=(source, sink), daemon=True).start()


def test_its_figures_are_right_by_table(stage):
    larder = page_larder(stage)
    rows = [
        ("Figures.share(0, 0)", "–"), ("Figures.share(9999, 10000)", "99.9 %"), ("Figures.share(10, 10)", "100 %"),
        ("Figures.share(1, 3)", "33.3 %"), ("Figures.time(null)", "–"), ("Figures.time(840)", "840 µs"),
        ("Figures.time(1250)", "1.3 ms"), ("Figures.time(2500000)", "2.5 s"), ("Figures.time(Infinity)", "> 15 min"),
        ("Figures.time(7.2e9)", "2 h 0 min"),
        ("Figures.size(1536)", "1.5 KiB"), ("Figures.duration(3725)", "1 h 2 min"), ("Figures.rate(0)", "0"),
        ("Figures.rate(3.25)", "3.3"), ("Figures.rate(12345)", "12,345"),
        ("Figures.quantile([[1, 5], [8, 5]], null, 0.5)", 1), ("Figures.quantile([[1, 5], [8, 5]], null, 0.51)", 8),
        ("Figures.quantile([[1, 5], [8, 5]], [[1, 5]], 0.5)", 8), ("Figures.quantile([[1, 5]], [[1, 5]], 0.5)", None),
        ("Figures.quantile([], null, 0.5)", None), ("Figures.quantile([[100, 0], [null, 2]], null, 0.5) === Infinity", True),
        ("Figures.hits({requests: {hit: 7, stale: 1, miss: 2, pass: 9}}, null)", {"part": 8, "whole": 10}),
        ("Figures.hits({requests: {hit: 7, failed: 3}}, {requests: {hit: 6, failed: 2}})", {"part": 1, "whole": 2}),
        ("Figures.sampleBefore([{at_ms: 0, status: {uptime_s: 9, requests: {hit: 5}}},"
         " {at_ms: 1000, status: {uptime_s: 1, requests: {hit: 6}}}], 5000)", None),
        ("Figures.problems({}, null, [])", []),
        ("Figures.problems({hosts: [{name: 'h', for: 'delivery', state: 'closed', consecutive_failures: 0,"
         " held_for_s: 5}]}, null, [])[0].what", "Origin h (delivery) is ON HOLD"),
        ("Figures.problems({store: {state: 'full', trouble: 'no space'}, settings: {last_reload: {result: 'failed'}}},"
         " null, []).map((one) => one.level)", ["trouble", "look"]),
        ("Figures.problems({}, null, [{done: false, purged: 'all', scope: '', source: 'http', time: 't'}])[0].level", "trouble"),
    ]
    with Browser() as page:
        page.open(page_url(larder))
        page.wait_text("verdict", "ALL WELL")
        for expression, expected in rows:
            check_equal(page.evaluate(expression), expected, expression)


if __name__ == "__main__":
    if browser.PROGRAM is None:
        print("no chromium here (Debian's package chromium): the page is not tested")
        sys.exit(77)
    harness.main(globals())
