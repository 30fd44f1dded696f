#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What /metrics says: in both forms, of a larderd with all that has metrics and some traffic; and that docs/metrics.md,
the alert rules and the dashboard speak of these metrics and of no others."""

import json
import pathlib
import re
import shutil
import subprocess

import harness
from harness import Connection, check, check_equal, credentials, wait_until
from scenario_lib import entry_target, metric, wait_metric
from sync_follower_test import stacks, wait_followed
from tls_lib import make_certificate, tls_larder

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MONITORING = ROOT / "docs" / "monitoring"
OPEN = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3"
SAMPLE = re.compile(r'([a-z_]+)(?:\{([a-z_]+="(?:[^"\\\n]|\\["\\n])*"(?:,[a-z_]+="(?:[^"\\\n]|\\["\\n])*")*)\})? '
                    r"(-?[0-9.e+]+)")


def full_larder(stage):
    """With TLS, sync and a bus (that is away), and some requests of each kind."""
    larder = tls_larder(stage, make_certificate(stage.directory, "one"), stack=stacks(stage),
                        bus={"address": f"unix:{stage.directory}/no-redis.sock"},
                        webhook={"listen": ["127.0.0.1:0"], "allow_unverified": True})
    wait_followed(larder)
    check_equal(larder.get(entry_target(), credentials()).status, 200, "an entry")
    wait_metric(larder, "store_objects", 1)
    check_equal(larder.get(entry_target(), credentials()).status, 200, "the entry once more")
    larder.get(entry_target("bltnone"), credentials())
    larder.get("/v3/assets?environment=production", credentials())
    larder.get("/v3/content_types/blog/entries?environment=production", (("api_key", "x"),))
    wait_metric(larder, "requests__hit", 1)
    return larder


def text_of(larder, accept=None):
    with Connection(larder.metrics_address) as connection:
        response = connection.request("/metrics", (("Accept", accept),) if accept else ())
    return response.header("Content-Type"), response.decoded.decode()


def families(text):
    """{name: type}"""
    return dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))


def used_in(expression):
    """Names of families that a PromQL expression uses: neither labels nor what the rules record."""
    bare = re.sub(r'"[^"]*"|\{[^{}]*\}', "", re.sub(r'"[^"]*"', '""', expression))
    return {re.sub(r"_(bucket|sum|count)$", "", name)
            for name in re.findall(r"(?<![\w:])((?:larder|process)_\w+)(?!:)", bare)}


def samples_of(text):
    """[(name, labels, value)] of lines that are no comment; a line of another form is a failure."""
    found = []
    for line in text.splitlines():
        if line.startswith("# "):
            continue
        match = SAMPLE.fullmatch(line)
        check(match, f"no sample of the format: {line!r}")
        found.append((match[1], match[2] or "", float(match[3])))
    return found


def check_histograms(samples, names):
    for name in names:
        last = {}
        for sample, labels, value in samples:
            if sample == f"{name}_bucket":
                rest = re.sub(r',?le="[^"]*"', "", labels)
                check(value >= last.get(rest, 0), f"{name}: buckets sink at {labels}")
                last[rest] = value
            if sample == f"{name}_count":
                check_equal(value, last.get(labels), f"count and last bucket of {name}{{{labels}}}")
        check(last, f"{name} has no buckets")


def test_each_form_is_what_its_content_type_says(stage):
    larder = full_larder(stage)
    kind, plain = text_of(larder)
    check_equal(kind, "text/plain; version=0.0.4; charset=utf-8", "type of the plain form")
    open_kind, opened = text_of(larder, OPEN)
    check_equal(open_kind, "application/openmetrics-text; version=1.0.0; charset=utf-8", "type of OpenMetrics")
    check(opened.endswith("\n# EOF\n") and opened.count("# EOF") == 1, "OpenMetrics ends with # EOF")
    check("# EOF" not in plain, "the plain form has no # EOF")
    for text, ending in ((plain, ""), (opened, "_total")):
        types = families(text)
        names = {f"{name}{ending}" if kind == "counter" else name for name, kind in types.items()}
        samples = samples_of(text)
        check(len(samples) == len({sample[:2] for sample in samples}), "no sample is there twice")
        for name, _, _ in samples:
            check(name in names or re.sub(r"_(bucket|sum|count)$", "", name) in names, f"{name} has no TYPE")
        check_histograms(samples, [name for name, kind in types.items() if kind == "histogram"])
    for name, kind in families(plain).items():
        check((kind == "counter") == name.endswith("_total"), f"{name} is a {kind}")
    for name, unit in re.findall(r"^# UNIT (\S+) (\S+)$", opened, re.MULTILINE):
        check(name.endswith("_" + unit), f"unit {unit} of {name}")


def queries_of(dashboard):
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    return queries, [item["query"]["query"] for item in dashboard["templating"]["list"] if item["type"] == "query"]


def dashboard_of_file():
    return json.loads((MONITORING / "larder.dashboard.json").read_text(encoding="utf-8"))


def as_rules(queries):
    """A file of rules with these queries, so that promtool parses them."""
    plain = [query.replace("$__rate_interval", "5m").replace("$job", "larder").replace("$instance", ".*") for query in queries]
    rules = [{"record": f"query:{number}", "expr": query} for number, query in enumerate(plain)]
    return json.dumps({"groups": [{"name": "dashboard", "rules": rules}]})


def test_promtool_has_nothing_to_say(stage):
    promtool = shutil.which("promtool")
    if not promtool:
        print("skipped: promtool is not installed (Debian's package prometheus)")
        return
    _, plain = text_of(full_larder(stage))
    (stage.directory / "dashboard.rules.yml").write_text(as_rules(queries_of(dashboard_of_file())[0]))
    commands = [(("check", "metrics"), plain, stage.directory),
                (("check", "rules", "dashboard.rules.yml"), "", stage.directory),
                (("check", "rules", "larder.rules.yml"), "", MONITORING),
                (("test", "rules", "larder.rules.test.yml", "larder.rules.days.test.yml"), "", MONITORING)]
    for command, text, folder in commands:
        done = subprocess.run([promtool, *command], input=text, text=True, capture_output=True, check=False, cwd=folder)
        said = (done.stdout + done.stderr).strip()
        check_equal(done.returncode, 0, f"promtool {command}: {said}")
        if command[1] == "metrics":
            check_equal(said, "", "what promtool says of the metrics")


def test_the_document_has_each_metric_and_no_other(stage):
    _, text = text_of(full_larder(stage))
    live = families(text)
    document = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `((?:larder|process)_\w+)` \| (\w+) \| (.*?) \|", document, re.MULTILINE)
    told = {name: kind for name, kind, _ in rows}
    check_equal(len(rows), len(told), "each metric has one row")
    check_equal({name: kind for name, kind in told.items() if live.get(name) != kind}, {},
                "metrics of the document that /metrics does not have, or of another type")
    check_equal(sorted(live.keys() - told.keys()), [], "metrics that the document does not have")
    labels = {name: text for name, _, text in rows}
    said = "the same"
    for name, found, _ in samples_of(text):
        family = re.sub(r"_(bucket|sum|count)$", "", name) if name not in live else name
        for label in set(re.findall(r'([a-z_]+)="', found)) - {"le"}:
            check(f"`{label}`" in labels[family] or labels[family].startswith(said), f"label {label} of {family} is not told")


def test_rules_and_dashboard_use_metrics_that_there_are(stage):
    larder = full_larder(stage)
    live = {re.sub(r"_(bucket|sum|count)$", "", name) for name, _, _ in samples_of(text_of(larder)[1])}
    rules = (MONITORING / "larder.rules.yml").read_text(encoding="utf-8")
    bare = "\n".join(line for line in rules.splitlines() if not re.match(r"\s*(#|labels|summary|runbook|annotations)", line))
    queries, variables = queries_of(dashboard_of_file())
    check(len(queries) > 20 and variables, f"the dashboard's queries are found: {len(queries)}")
    for expression in [bare, *queries, *variables]:
        names = used_in(expression)
        check(names, f"no metric in {expression}")
        check_equal(sorted(names - live), [], f"metrics that larderd does not have, in {expression}")
    runbook = {"docs/" + path for path in re.findall(r'runbook: "docs/([^"]+)"', rules)}
    for place in runbook:
        path, _, anchor = place.partition("#")
        headings = re.findall(r"^#+ (.*)$", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)
        anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
        check(anchor in anchors, f"{place} is not a heading: {sorted(anchors)}")


def test_requests_are_counted_by_kind_scope_and_time(stage):
    larder = stage.larder()
    for _ in range(3):
        check_equal(larder.get(entry_target(), credentials()).status, 200, "an entry")
        wait_metric(larder, "store_objects", 1)

    def count(name, **labels):
        return sum(value for sample, found, value in samples_of(text_of(larder)[1])
                   if sample == name and all(f'{key}="{label}"' in found for key, label in labels.items()))
    wait_until(lambda: count("larder_requests_total") == 3, "three requests are counted")
    check_equal([count("larder_kind_requests_total", kind="entry", outcome=outcome) for outcome in ("hit", "miss")],
                [2, 1], "hits and misses of entries")
    check_equal([count("larder_scope_requests_total", environment="production", branch="main", outcome=outcome)
                 for outcome in ("hit", "miss")], [2, 1], "hits and misses of the scope")
    check_equal([count("larder_request_duration_seconds_count", answer=answer) for answer in ("hit", "miss", "preview")],
                [2, 1, 0], "times")
    check_equal(count("larder_transfer_answers_total", host="delivery", status="2xx"), 1, "answers of the origin")


def test_a_scope_that_the_configuration_does_not_have_makes_no_series(stage):
    larder = stage.larder()
    for number in range(20):
        larder.get(entry_target(environment=f"env{number}"), credentials())
        larder.get(entry_target(), (("api_key", f"blt{number}"), ("access_token", "csaaaaaaaaaaaaaaaaaaaaaaaa")))
    wait_until(lambda: metric(larder, "requests__refused") >= 1, "requests are refused")
    _, text = text_of(larder)
    named = {labels for name, labels, _ in samples_of(text) if name == "larder_scope_requests_total"}
    check(not any("env" in label.split('environment="')[1][:3] for label in named), f"scopes of the metrics: {named}")


if __name__ == "__main__":
    harness.main(globals())
