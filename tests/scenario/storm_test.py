#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A release of many items is no flood for the origin: it is asked within the stack's budget, for
what visitors want first. They get the version of before meanwhile, and no errors.

LARDER_STORM_ITEMS: how many items the release has (1000 is what an operator is promised).
LARDER_STORM_REPORT: prints the figures."""

import bisect
import itertools
import os
import random
import threading
import time

from harness import Failure, check, check_equal, credentials, sized_body, sized_target, sized_uid, wait_until
from scenario_lib import (ask_until, cache_status, check_answer, is_fresh_hit, metric, scaled,
                          wait_stored)
from webhook_test import Receiver, event

ITEMS = int(os.environ.get("LARDER_STORM_ITEMS", scaled(300, 100)))
CREDENTIALS = credentials()
SIZE = 1_000
LIMIT = 100  # requests a second that the origin bears
BUDGET = {"requests_per_second": 80, "request_burst": 15}


class QuietReceiver(Receiver):
    """Hears of the release alone, not of each publish."""

    def tell_sandbox(self, **how):
        pass


class Stock:
    """Sized entries; number 0 is the one that is asked for most."""

    def __init__(self, count, name="storm"):
        self.names = [f"{name}{number}" for number in range(count)]
        self.targets = [sized_target(SIZE, name) for name in self.names]
        self.bodies = [[sized_body(SIZE, sized_uid(SIZE, name), version=version) for name in self.names]
                       for version in (1, 2)]

    def cache(self, larder):
        with larder.connect() as client:
            for target, body in zip(self.targets, self.bodies[0]):
                check_answer(client.request(target, CREDENTIALS), 200, body)
        wait_stored(larder, len(self.targets))

    def release(self, sandbox):
        """The webhook of a release of all of them."""
        for name in self.names:
            sandbox.publish("sized", sized_uid(SIZE, name))
        items = [{"uid": sized_uid(SIZE, name), "content_type_uid": "sized", "action": "publish",
                  "locale": "en-us"} for name in self.names]
        return event("release", "deploy", data={
            "release": {"uid": "r", "items": items}, "environment": {"name": "production"},
            "branch": {"uid": "main", "alias": ["live"]}})


class Visitors:
    """Ask for entries, the more often the smaller their number, until stopped."""

    def __init__(self, larder, stock, count=4):
        self.larder, self.stock = larder, stock
        self.weights = list(itertools.accumulate(1 / (rank + 1) for rank in range(len(stock.targets))))
        self.new_at = {}  # number -> when its new version was first seen
        self.wrong, self.answers = [], 0
        self.purged_at = None  # since then no old answer is a fresh hit
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(seed,), daemon=True)
                        for seed in range(count)]

    def run(self, seed):
        draw = random.Random(seed)
        try:
            while not self.over.is_set():
                # A connection for each round: larder ends one after server.max_requests_per_connection.
                with self.larder.connect() as client:
                    for _ in range(1_000):
                        self.ask(client, bisect.bisect(self.weights, draw.random() * self.weights[-1]))
                        if self.over.is_set():
                            break
        except (OSError, Failure) as problem:
            self.wrong.append(problem)

    def ask(self, client, number):
        purged = self.purged_at is not None
        answer = client.request(self.stock.targets[number], CREDENTIALS)
        self.answers += 1
        old, new = (bodies[number] for bodies in self.stock.bodies)
        if answer.status != 200 or answer.decoded not in (old, new):
            self.wrong.append((number, answer.status, cache_status(answer)))
        elif answer.decoded == new:
            self.new_at.setdefault(number, time.monotonic())
        elif purged and is_fresh_hit(answer):
            self.wrong.append((number, "fresh though purged", cache_status(answer)))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()


def limit_origin(sandbox):
    return sandbox.fault(host="delivery", match="/entries/", beyond_per_second=LIMIT, status=429,
                         headers={"Retry-After": "1"})


def test_a_release_is_refreshed_within_the_budget_what_is_asked_for_most_first(stage):
    receiver = QuietReceiver(stage)
    larder, sandbox, stock = receiver.larder, stage.sandbox, Stock(ITEMS)
    stock.cache(larder)
    larder.reload(upstream=BUDGET, purge={"soft_for": "2s"})
    body = stock.release(sandbox)
    before = sandbox.counts("delivery")["requests"]
    refusals = limit_origin(sandbox)
    with Visitors(larder, stock) as visitors:
        wait_until(lambda: visitors.answers > 200, "visitors have hits")
        check_equal(receiver.result(body), "applied", "the release")
        purged_at = visitors.purged_at = time.monotonic()
        receiver.result(body)
        wait_until(lambda: len(visitors.new_at) > ITEMS * 0.6, "most of it is new")
    asked = sandbox.counts("delivery")["requests"] - before
    refused = sandbox.fault_hits(refusals)
    took_s = time.monotonic() - purged_at
    order = sorted(visitors.new_at, key=visitors.new_at.get)
    places = {number: place for place, number in enumerate(order)}
    hottest = [places.get(number, len(order)) for number in range(ITEMS // 20)]
    others = [place for number, place in places.items() if number >= ITEMS // 20]
    mean = [sum(places_of) / len(places_of) for places_of in (hottest, others)]
    if os.environ.get("LARDER_STORM_REPORT"):
        print(f"{ITEMS} items, {len(order)} new in {took_s:.1f} s; {visitors.answers} answers to clients, "
              f"{len(visitors.wrong)} wrong; origin: {asked} requests, {refused} of them 429\n"
              f"new first, by rank of use: {order[:40]}\n"
              f"the 10 most used were new after "
              f"{[round(visitors.new_at[n] - purged_at, 2) for n in range(10) if n in visitors.new_at]} s; "
              f"mean place of the most used 5 %: {mean[0]:.0f}, of the others {mean[1]:.0f}")
    check_equal(visitors.wrong[:5], [], "errors and old answers that are said to be fresh")
    check(refused <= asked * 0.02, f"{refused} of {asked} requests were refused with 429")
    check(asked <= ITEMS * 1.1 + 10, f"{ITEMS} items cost {asked} requests")
    check(mean[0] < mean[1] / 2, f"mean places of the most used and of the others: {mean}")
    for target, new in zip(stock.targets, stock.bodies[1]):  # of a few, soft_for may not be over
        ask_until(larder, target, CREDENTIALS, lambda r, new=new: r.decoded == new,
                  lambda r: r.status == 200 and not is_fresh_hit(r), f"{target} is new in the end")


def test_who_has_nothing_to_fall_back_on_waits_and_goes_before_who_has(stage):
    larder = stage.larder(ttl={"entry": {"fresh": "1h"}}, purge={"soft_for": "0s"})
    stock, fresh = Stock(40), Stock(20, "new")
    stock.cache(larder)
    larder.reload(upstream={"requests_per_second": 20, "request_burst": 1, "queue_wait": "30s",
                            "stale_after": "30s", "max_queue_per_host": 40})
    for name in stock.names:
        stage.sandbox.publish("sized", sized_uid(SIZE, name))
    check_equal(larder.ctl("purge", "content-type", "sized")[0], 0, "exit status of the purge")
    before = len(stage.sandbox.requests("delivery"))

    def ask_for(targets, bodies, problems):
        def one(target, body):
            try:
                check_answer(larder.get(target, CREDENTIALS), 200, body)
            except Exception as problem:  # pylint: disable=broad-except
                problems.append(problem)
        threads = [threading.Thread(target=one, args=pair, daemon=True) for pair in zip(targets, bodies)]
        for thread in threads:
            thread.start()
        return threads

    def queued():
        hosts = [host for host in larder.status()["hosts"] if host["for"] == "delivery"]
        return hosts[0]["queued"]["renewal"] if hosts else 0

    problems = []
    threads = ask_for(stock.targets, stock.bodies[1], problems)
    wait_until(lambda: queued() >= 25, lambda: f"many wait: {queued()}")
    threads += ask_for(fresh.targets, fresh.bodies[0], problems)
    for thread in threads:
        thread.join()
    check_equal(problems, [], "errors")
    asked = [request["target"] for request in stage.sandbox.requests("delivery")][before:]
    last_fresh = max(asked.index(target) for target in fresh.targets)
    behind = sum(1 for target in stock.targets if asked.index(target) > last_fresh)
    check(behind >= 1, f"nobody with a stale answer waited for those without: {asked}")


def test_a_refusal_makes_the_budget_smaller_and_stale_answers_go_out(stage):
    receiver = QuietReceiver(stage)
    larder, sandbox, stock = receiver.larder, stage.sandbox, Stock(60)
    stock.cache(larder)
    larder.reload(upstream={"requests_per_second": 1000, "request_burst": 100}, purge={"soft_for": "2s"})
    body = stock.release(sandbox)
    refusals = sandbox.fault(host="delivery", match="/entries/", beyond_per_second=20, status=429,
                             headers={"Retry-After": "1"})
    with Visitors(larder, stock) as visitors:
        check_equal(receiver.result(body), "applied", "the release")
        visitors.purged_at = time.monotonic()
        wait_until(lambda: len(visitors.new_at) == len(stock.targets), "all of it is new")
    check(sandbox.fault_hits(refusals) > 0, "the origin refused nothing")
    check_equal(visitors.wrong[:5], [], "errors and old answers that are said to be fresh")


def test_the_most_used_are_refreshed_without_a_visitor_in_order_of_use(stage):
    receiver = QuietReceiver(stage)
    larder, sandbox, stock = receiver.larder, stage.sandbox, Stock(40)
    # One refresh at a time, so that the origin sees their order.
    larder.reload(purge={"warm": 8, "soft_for": "1h"}, upstream={"max_connections_per_host": 4})
    stock.cache(larder)
    hottest = list(range(30, 38))
    with larder.connect() as client:
        for place, number in enumerate(hottest):
            for _ in range(100 - 10 * place):
                client.request(stock.targets[number], CREDENTIALS)
    body = stock.release(sandbox)
    before = len(sandbox.requests("delivery"))
    check_equal(receiver.result(body), "applied", "the release")
    wait_until(lambda: metric(larder, "warmed") == 8, "the most used are refreshed")
    wait_stored(larder, len(stock.targets))
    wait_until(lambda: len(sandbox.requests("delivery")) >= before + 8, "the origin is asked")
    asked = [request["target"] for request in sandbox.requests("delivery")][before:]
    check_equal(asked[:8], [stock.targets[number] for number in hottest], "what is asked, in order")
    with larder.connect() as client:
        for number in hottest:
            ask_until(larder, stock.targets[number], CREDENTIALS,
                      lambda r, n=number: r.decoded == stock.bodies[1][n],
                      lambda r, n=number: r.decoded == stock.bodies[0][n], "the new version")
        check(is_fresh_hit(client.request(stock.targets[hottest[0]], CREDENTIALS)), "it is no hit")


if __name__ == "__main__":
    import harness
    harness.main(globals())
