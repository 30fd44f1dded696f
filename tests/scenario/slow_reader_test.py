#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Clients that stop reading: whose bytes wait is charged to server.max_output, those who have waited
longest pay at its bound, and the room for bodies on their way into the cache stays free."""

import contextlib

import harness
from harness import (DRAFT_MARKER, check, check_equal, credentials, marker, preview_credentials,
                     sized_body, sized_target, sized_uid, wait_until)
from scenario_lib import Background, Herd, ask, changes, check_answer, metric, wait_metric, wait_stored

MIB = 1 << 20
SMALL_BUFFER = 4096
CREDENTIALS = credentials()


def sized(size, name, text=marker()):
    return sized_target(size, name), sized_body(size, sized_uid(size, name), text)


def stuck_client(larder, target, headers):
    """Asks and reads no further than the head."""
    client = larder.connect(receive_buffer=SMALL_BUFFER)
    ask(client, target, headers)
    client.need(12, "the beginning")
    return client


def test_readers_of_a_stored_answer_do_not_keep_others_from_being_stored(stage):
    larder = stage.larder(cache={"size": "256MiB", "max_object": "12MiB", "max_pending": "12MiB"})
    target, body = sized(10 * MIB, "large")
    with stuck_client(larder, target, CREDENTIALS) as client:
        wait_stored(larder)
        wait_until(lambda: metric(larder, "inflight_bytes") == 0, "a committed body is in flight no more")
        check(metric(larder, "output_waiting_bytes") > MIB, "what waits for the client is not counted")
        other, other_body = sized(8 * MIB, "other")
        with changes(larder, fills_stored=1):
            check_answer(larder.get(other, CREDENTIALS), 200, other_body, "another large answer")
            wait_stored(larder, 2)
        check_equal(client.read_response().body, body, "what the slow client gets in the end")
    wait_until(lambda: metric(larder, "output_waiting_bytes") == 0, "nothing waits in the end")


def unacknowledged_bytes(port):
    """What the kernel holds of the connections to a local port, by /proc/net/tcp."""
    total = 0
    with open("/proc/net/tcp", encoding="ascii") as table:
        for line in table.readlines()[1:]:
            local, _, state, queues = line.split()[1:5]
            if int(local.split(":")[1], 16) == port and state == "01":
                total += int(queues.split(":")[0], 16)
    return total


def test_what_the_kernel_holds_for_clients_that_do_not_read_is_bounded_and_counted(stage):
    """Its own bound is 4 MiB for each (net.ipv4.tcp_wmem)."""
    larder = stage.larder(cache={"size": "256MiB", "max_object": "12MiB", "max_pending": "12MiB"},
                          server={"write_timeout": "60s"})
    target, body = sized(8 * MIB, "large")
    check_answer(larder.get(target, CREDENTIALS), 200, body, "the first")
    wait_stored(larder)
    readers = 20
    clients = [stuck_client(larder, target, CREDENTIALS) for _ in range(readers)]
    wait_until(lambda: metric(larder, "output_waiting_bytes") > readers * MIB // 16, "they wait")
    port = int(larder.address.rsplit(":", 1)[1])
    held = unacknowledged_bytes(port)
    check(0 < held < readers * MIB // 2, f"the kernel holds {held} bytes for {readers} clients")
    wait_until(lambda: metric(larder, "output_waiting_bytes") >= unacknowledged_bytes(port),
               "what the kernel holds is counted")
    check_equal(clients[0].read_response().body, body, "what a slow client gets in the end")
    for client in clients:
        client.close()
    wait_until(lambda: metric(larder, "output_waiting_bytes") == 0, "nothing waits in the end")


def test_streams_for_slow_clients_are_charged_and_those_stuck_longest_are_cut_off(stage):
    bound = 4 * MIB
    larder = stage.larder(server={"max_output": "4MiB", "write_timeout": "60s", "workers": 1},
                          upstream={"max_connections_per_host": 64, "max_slow_relays_per_client": 1_000})
    draft = f"{DRAFT_MARKER} {marker()} hash=hash123"
    size = 24 * MIB
    clients = []
    for number in range(40):
        cut = metric(larder, "output_cut")
        clients.append(stuck_client(larder, sized_target(size, f"s{number}"), preview_credentials()))
        if cut > 0:
            break
    wait_metric(larder, "output_cut", 1)
    wait_until(lambda: metric(larder, "output_waiting_bytes") <= bound, "the bound holds")
    first_cut = clients[0]
    try:
        first_cut.read_to_end()
        raise harness.Failure("the client that was stuck longest goes on")
    except ConnectionResetError:
        pass
    target, body = sized(size, "late", draft)
    late = larder.get(target, preview_credentials())
    check_answer(late, 200, body, "the answer of a client that reads, at the bound")
    for client in clients:
        client.close()
    wait_until(lambda: metric(larder, "output_waiting_bytes") == 0, "nothing waits in the end")


def test_slow_readers_of_passed_answers_do_not_keep_misses_out(stage):
    larder = stage.larder(server={"write_timeout": "60s"}, upstream={"max_slow_relays_per_client": 1_000})
    passed = CREDENTIALS + [("release_id", "r")]
    clients = []
    for number in range(32):  # as many as the host has places
        client = larder.connect(receive_buffer=SMALL_BUFFER)
        ask(client, sized_target(24 * MIB, f"p{number}"), passed)
        clients.append(client)
    for client in clients[:16]:  # who waits for a place of the others gets 503
        client.need(12, "the beginning")
    for number in range(40):
        target, body = sized(20_000, f"miss{number}")
        check_answer(larder.get(target, CREDENTIALS), 200, body, f"miss {number} beside slow readers")
    for client in clients:
        client.close()


def test_slow_readers_of_what_is_not_stored_do_not_keep_misses_out(stage):
    """Beyond the cache's largest object: on visitors' places, and not known before the head."""
    for most, cut in ((3, 29), (1_000, 16)):  # by their address, and by the places of the host
        larder = stage.larder(server={"write_timeout": "60s"},
                              upstream={"max_slow_relays_per_client": most})
        clients = [stuck_client(larder, sized_target(24 * MIB, f"f{number}"), CREDENTIALS)
                   for number in range(32)]
        wait_metric(larder, "fills_laggards_cut", cut)
        for number in range(10):
            target, body = sized(20_000, f"beside{number}")
            check_answer(larder.get(target, CREDENTIALS), 200, body, "a miss beside slow readers")
        check_equal(metric(larder, "fills_laggards_cut"), cut, "answers that were cut off")
        for client in clients:
            client.close()


def test_slow_readers_do_not_make_a_host_look_ill(stage):
    larder = stage.larder(server={"write_timeout": "60s"},
                          upstream={"total_timeout": "2s", "first_byte_timeout": "1s"})
    clients = [stuck_client(larder, sized_target(24 * MIB, f"t{number}"),
                            CREDENTIALS + [("release_id", "r")]) for number in range(6)]
    wait_until(lambda: metric(larder, "transfers_running__delivery") == 0, "all have taken too long")
    target, body = sized(20_000, "after")
    check_answer(larder.get(target, CREDENTIALS), 200, body, "a miss after slow readers")
    failed = {name: value for name, value in larder.metrics().items() if "host_failures_total" in name}
    check_equal(sum(failed.values()), 0, f"failures of hosts: {failed}")
    for client in clients:
        client.close()


def test_one_address_holds_few_relays_by_reading_slowly(stage):
    larder = stage.larder(server={"write_timeout": "60s"}, upstream={"max_slow_relays_per_client": 3})
    draft = f"{DRAFT_MARKER} {marker()} hash=hash123"
    clients = [stuck_client(larder, sized_target(24 * MIB, f"d{number}"), preview_credentials())
               for number in range(20)]
    wait_metric(larder, "fills_laggards_cut", 17)
    wait_until(lambda: metric(larder, "transfers_running__preview") <= 3, "three are left")
    target, body = sized(24 * MIB, "quick", draft)
    check_answer(larder.get(target, preview_credentials()), 200, body, "the preview of a client that reads")
    check_equal(metric(larder, "fills_laggards_cut"), 17, "relays that were cut off")
    for client in clients:
        client.close()


def test_tails_of_hits_make_room_for_themselves(stage):
    larder = stage.larder(server={"max_output": "1MiB", "write_timeout": "60s"})
    target, body = sized(100_000, "hit")
    larder.get(target, CREDENTIALS)
    wait_stored(larder)
    clients = [larder.connect(receive_buffer=SMALL_BUFFER) for _ in range(40)]
    for client in clients:
        with contextlib.suppress(ConnectionError):  # cut off while it asks
            for _ in range(60):  # pipelined: more than a socket takes
                ask(client, target, CREDENTIALS)
    wait_metric(larder, "output_cut", 1)
    check_answer(larder.get(target, CREDENTIALS), 200, body, "a hit at the bound")
    for client in clients:
        client.close()


def read_slowly(client, background, bytes_per_second):
    """Until the test is over or larder cuts it off."""
    pause_s = 0.02
    while not background.stopping.wait(pause_s):
        try:
            if not client.socket.recv(int(bytes_per_second * pause_s)):
                return
        except ConnectionResetError:
            return


def test_a_slow_reader_of_a_shared_stream_holds_up_the_others_for_a_bounded_time(stage):
    larder = stage.larder(server={"write_timeout": "2s"})
    target, body = sized(24 * MIB, "shared")  # beyond max_object: it only passes through
    stage.sandbox.hold("both", host="delivery")
    with larder.connect(receive_buffer=256 * 1024) as slow, larder.connect() as fast, \
            Background() as background:
        ask(slow, target, CREDENTIALS)
        stage.sandbox.wait_held("both")
        ask(fast, target, CREDENTIALS)
        wait_metric(larder, "fills_joined", 1)
        stage.sandbox.release("both")
        background.start(read_slowly, slow, background, 2_000_000)
        check_equal(fast.read_response().body, body, "what the fast reader has")
        check_equal(metric(larder, "fills_laggards_cut"), 1, "readers cut off for the others' sake")
        check_equal(metric(larder, "client_timeouts"), 0, "readers that took nothing")


def test_readers_of_one_pace_share_a_stream_to_its_end(stage):
    larder = stage.larder(server={"write_timeout": "1s"})
    target, body = sized(8 * MIB, "paced")
    stage.sandbox.hold("all", host="delivery")
    with Herd(larder, 4, target, CREDENTIALS) as herd:
        stage.sandbox.wait_held("all")
        wait_metric(larder, "fills_joined", 3)
        stage.sandbox.release("all")
        with changes(larder, fills_laggards_cut=0), Background() as background:
            for client in herd.connections:
                background.start(lambda client=client: check_answer(
                    client.read_response(), 200, body, "a shared stream"))


if __name__ == "__main__":
    harness.main(globals())
