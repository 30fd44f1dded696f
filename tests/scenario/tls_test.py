#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""TLS to clients: protocols, ciphers, resumption, certificates by name, reloads, and clients that do not
play by the rules."""

import errno
import os
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import time

import certificates
import harness
from harness import check, check_equal, credentials, format_request, sized_body, sized_target, sized_uid, wait_until
from scenario_lib import (Background, ask, changes, check_answer, entry_target, metric, scaled, tcp,
                          wait_metric, wait_stored)
from tls_lib import (HalfClosing, TlsConnection, client_context, make_certificate, s_client, tls_address,
                     tls_larder)

MIB = 1 << 20
CREDENTIALS = credentials()
TLS_1_2 = {"maximum_version": ssl.TLSVersion.TLSv1_2}
TLS_1_3 = {"minimum_version": ssl.TLSVersion.TLSv1_3}
VARIABLE_FIELDS = {"date", "age", "cache-status", "x-request-id"}


def simple_larder(stage, **changes_):
    """(larder, context of a client that trusts it)."""
    certificate = make_certificate(stage.directory, "one")
    return tls_larder(stage, certificate, **changes_), client_context(certificate)


def get(larder, context, target=entry_target(), **how):
    with TlsConnection(larder, context, **how) as connection:
        return connection.request(target, CREDENTIALS)


def results(larder):
    return {name.split('"')[1]: value for name, value in larder.metrics().items()
            if name.startswith("larder_tls_handshakes_total")}


# --- Protocols -------------------------------------------------------------------------------------

def test_tls_1_2_and_1_3_are_spoken_and_no_others(stage):
    larder, _ = simple_larder(stage)
    for version, known in [("-tls1", False), ("-tls1_1", False), ("-tls1_2", True), ("-tls1_3", True)]:
        said = s_client(larder, version, "-cipher", "DEFAULT@SECLEVEL=0")
        check_equal("Cipher is (NONE)" not in said, known, f"{version}: {said[-500:]}")
    metrics = larder.metrics()
    check_equal([metrics[f'larder_tls_connections_total{{version="{version}"}}']
                 for version in ("1.2", "1.3")], [1, 1], "connections by version")


def test_ciphers_of_tls_1_2_are_those_with_forward_secrecy_and_authentication(stage):
    rsa = make_certificate(stage.directory, "rsa", key=("rsa:2048",))
    larder = tls_larder(stage, rsa)
    for cipher in ["ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-CHACHA20-POLY1305"]:
        said = s_client(larder, "-tls1_2", "-cipher", cipher)
        check(f"Cipher is {cipher}" in said, f"{cipher} is not taken: {said[-500:]}")
    for cipher in ["AES128-GCM-SHA256", "AES128-SHA", "ECDHE-RSA-AES128-SHA", "ECDHE-RSA-AES128-SHA256",
                   "DHE-RSA-AES128-GCM-SHA256"]:
        said = s_client(larder, "-tls1_2", "-cipher", cipher + "@SECLEVEL=0")
        check("Cipher is (NONE)" in said, f"{cipher} is taken: {said[-500:]}")


def test_http_1_1_is_chosen_where_a_client_offers_it_and_h2_alone_is_refused(stage):
    larder, _ = simple_larder(stage)
    check("ALPN protocol: http/1.1" in s_client(larder, "-alpn", "h2,http/1.1"), "http/1.1 beside h2")
    check("No ALPN negotiated" in s_client(larder), "a client without ALPN")
    check("no application protocol" in s_client(larder, "-alpn", "h2"), "h2 alone")


def test_renegotiation_is_refused(stage):
    larder, _ = simple_larder(stage)
    with subprocess.Popen(["openssl", "s_client", "-connect", tls_address(larder), "-tls1_2"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True) as client:
        client.stdin.write("R\n")
        client.stdin.flush()
        check("no renegotiation" in client.communicate(timeout=harness.DEADLINE_S)[0], "it renegotiates")


# --- Sessions --------------------------------------------------------------------------------------

def resumes_everywhere(larder, context, session, count=16):
    """Each connection goes to either worker."""
    for _ in range(count):
        with TlsConnection(larder, context, session=session) as connection:
            check_equal(connection.request(entry_target(), CREDENTIALS).status, 200, "status")
            check(connection.socket.session_reused, "the session is not taken up again")


def test_sessions_are_taken_up_by_every_worker_and_after_a_reload(stage):
    larder, _ = simple_larder(stage, server={"workers": 4})
    certificate = {"certificate": str(pathlib.Path(stage.directory) / "one.pem")}
    for versions in [TLS_1_2, TLS_1_3]:
        context = client_context(certificate, **versions)
        with TlsConnection(larder, context) as first:
            check_equal(first.request(entry_target(), CREDENTIALS).status, 200, "status")
            check(not first.socket.session_reused, "there was no session before")
            session = first.socket.session
        check(0 < session.ticket_lifetime_hint <= 43_200, f"lifetime {session.ticket_lifetime_hint}")
        with changes(larder, tls_resumptions=16):
            resumes_everywhere(larder, context, session)
        larder.reload()
        resumes_everywhere(larder, context, session)


def test_a_ticket_does_not_outlive_its_lifetime_in_the_config(stage):
    larder, context = simple_larder(stage, tls={"ticket_lifetime": "1m"})
    with TlsConnection(larder, context) as first:
        first.request(entry_target(), CREDENTIALS)
        check_equal(first.socket.session.ticket_lifetime_hint, 60, "what the client is told")


# --- Certificates ----------------------------------------------------------------------------------

def serial_of(certificate):
    done = subprocess.run(["openssl", "x509", "-noout", "-serial", "-in", certificate["certificate"]],
                          capture_output=True, text=True, check=True)
    return done.stdout.strip().split("=")[1]


def served_serial(larder, context, name):
    with TlsConnection(larder, context, name=name) as connection:
        return connection.socket.getpeercert()["serialNumber"].lstrip("0")


def test_the_server_name_chooses_the_certificate(stage):
    one = make_certificate(stage.directory, "one", "one.test")
    two = make_certificate(stage.directory, "two", "two.test", "*.wild.test")
    larder = tls_larder(stage, one, two)
    context = client_context(one, two)
    context.check_hostname = False
    for name, expected in [("one.test", one), ("two.test", two), ("a.wild.test", two), ("TWO.test", two),
                           ("a.b.wild.test", one), ("none.test", one), (None, one)]:
        check_equal(served_serial(larder, context, name), serial_of(expected).lstrip("0"), f"for {name}")


def test_a_reload_takes_a_new_certificate_without_a_failed_request(stage):
    old = make_certificate(stage.directory, "one")
    larder = tls_larder(stage, old)
    anyone = client_context(old)
    anyone.check_hostname, anyone.verify_mode = False, ssl.CERT_NONE
    before = serial_of(old)
    get(larder, anyone)
    wait_stored(larder)
    done = [0, 0]

    def new_connections():
        while not background.stopping.is_set():
            check_equal(get(larder, anyone).status, 200, "on a new connection")
            done[0] += 1

    def one_connection():
        with TlsConnection(larder, client_context(old)) as connection:
            while not background.stopping.is_set():
                check_equal(connection.request(entry_target(), CREDENTIALS).status, 200, "on a kept one")
                done[1] += 1
    with Background() as background:
        for _ in range(3):
            background.start(new_connections)
        background.start(one_connection)
        wait_until(lambda: min(done) >= 20, "both kinds of clients are served")
        new = make_certificate(stage.directory, "one")
        for _ in range(5):
            larder.reload()
        wait_until(lambda: served_serial(larder, client_context(new), "localhost")
                   == serial_of(new).lstrip("0"), "the new certificate is served")
        seen = list(done)
        wait_until(lambda: min(b - a for a, b in zip(seen, done)) >= 20, "both go on")
    check(before != serial_of(new), "the certificate is another one")
    check("one.pem was renewed: it expires at" in larder.log(), larder.log())


def test_a_wrong_new_certificate_keeps_the_old_one_and_says_why(stage):
    one = make_certificate(stage.directory, "one")
    larder = tls_larder(stage, one)
    context = client_context(one)
    kept = pathlib.Path(one["certificate"]).read_bytes()
    other_key = pathlib.Path(make_certificate(stage.directory, "other")["key"]).read_bytes()
    for broken, path, says in [
            (b"", one["certificate"], "one.pem begins with no certificate in PEM form; give"),
            (other_key, one["key"], "one.key is not that of"),
            (None, one["certificate"], "one.pem does not exist")]:
        before = pathlib.Path(path).read_bytes()
        if broken is None:
            pathlib.Path(path).unlink()
        else:
            pathlib.Path(path).write_bytes(broken)
        status, said = larder.ctl("reload")
        check(status == 1 and says in said, f"larderctl reload: {status}, {said}")
        check(says in larder.log() and "keeps its certificates" in larder.log(), larder.log())
        check_equal(get(larder, context).status, 200, "with the old certificate")
        pathlib.Path(path).write_bytes(before)
    check_equal(pathlib.Path(one["certificate"]).read_bytes(), kept, "the file as it was")
    check_equal(larder.ctl("reload"), (0, "nothing changed\n"), "with the files of the start")
    make_certificate(stage.directory, "one")
    status, said = larder.ctl("reload")
    check(status == 0 and "one.pem was renewed: it expires at" in said, f"a renewal: {status}, {said}")
    check("PRIVATE KEY" not in larder.log(), "the log holds a key")


def run_check(larder):
    larder.write_config()
    done = subprocess.run([harness.program("LARDERD"), "--check", str(larder.config_path)], text=True,
                          capture_output=True, check=False)
    return done.returncode, done.stdout + done.stderr


def make_expired(folder):
    certificates.make_authority(pathlib.Path(folder), "ca")
    certificate, key = certificates.make_certificate(pathlib.Path(folder), "ca", "late", "localhost", days=-1)
    return {"certificate": str(certificate), "key": str(key)}


def test_check_reads_the_files(stage):
    good = make_certificate(stage.directory, "good")
    code, said = run_check(tls_larder(stage, good, start=False))
    check(code == 0 and "by TLS" in said and "warning: every" not in said, said)
    check_equal("only root can read the private key" in said, os.geteuid() == 0, said)
    os.chmod(good["key"], 0o644)
    soon = make_certificate(stage.directory, "soon", days=3)
    code, said = run_check(tls_larder(stage, good, soon, start=False))
    check(code == 0 and "every local user may read the private key" in said and "expires in " in said, said)
    for files, says in [
            ({"certificate": good["certificate"], "key": soon["key"]}, "is not that of"),
            ({"certificate": "/none.pem", "key": good["key"]}, "/none.pem does not exist; create it"),
            (make_expired(stage.directory), "late.crt has expired"),
            ({"certificate": good["key"], "key": good["key"]}, "begins with no certificate")]:
        larder = tls_larder(stage, files, start=False)
        code, said = run_check(larder)
        check(code == 1 and says in said, said)
        larder.start(wait=False)
        check(larder.process.wait(harness.DEADLINE_S) == 1 and says in larder.log(), larder.log())


# --- Answers ---------------------------------------------------------------------------------------

def test_answers_are_those_of_plain_http_byte_for_byte(stage):
    larder, context = simple_larder(stage, cache={"size": "256MiB", "max_object": "12MiB",
                                                  "max_pending": "24MiB"})
    targets = [entry_target(), entry_target("none"), "/v3/content_types?environment=production"]
    targets += [sized_target(size) for size in (100, 1_000, 16_000, 16_384, 17_000, 100_000, 8 * MIB)]
    with TlsConnection(larder, context) as secure, larder.connect() as plain:
        for target in targets:
            misses = secure.request(target, CREDENTIALS), plain.request(target, CREDENTIALS)
            check(misses[0].body == misses[1].body, f"body of {target}, the first time")
        wait_stored(larder, len(targets))
        for target in targets:
            one, other = secure.request(target, CREDENTIALS), plain.request(target, CREDENTIALS)
            check_equal(one.status, other.status, f"status of {target}")
            check(one.body == other.body, f"body of {target}")
            ids = one.header("x-request-id"), other.header("x-request-id")
            check(all(ids) and ids[0] != ids[1], f"each answer to {target} has an id of its own: {ids}")
            check_equal(*[[(name, value) for name, value in response.headers
                           if name.lower() not in VARIABLE_FIELDS] for response in (one, other)],
                        f"head of {target}")


def test_pipelined_requests_are_answered_in_order(stage):
    larder, context = simple_larder(stage)
    targets = [sized_target(size, f"p{number}") for number, size in enumerate([200, 9_000, 40_000, 300] * 8)]
    for target in targets:
        larder.get(target, CREDENTIALS)
    wait_stored(larder, len(targets))
    with TlsConnection(larder, context) as connection:
        connection.send(b"".join(format_request(target, CREDENTIALS) for target in targets))
        for target in targets:
            size, name = re.search(r"s(\d+)_(p\d+)", target).groups()
            check_answer(connection.read_response(), 200, sized_body(int(size), sized_uid(size, name)), target)


def test_requests_in_pieces_and_more_than_is_read_ahead_are_answered(stage):
    larder, context = simple_larder(stage)
    request = format_request(entry_target(), CREDENTIALS)
    expected = larder.get(entry_target(), CREDENTIALS).body
    wait_stored(larder)
    with TlsConnection(larder, context) as connection:
        for start in range(0, len(request), 40):
            connection.send(request[start:start + 40])
        check_equal(connection.read_response().body, expected, "a request in many records")
        count = 2_000  # a client that sends all before it reads anything
        connection.send_all_first(request * count)
        for _ in range(count):
            check_equal(connection.read_response().body, expected, "one of many")


def test_slow_readers_of_large_answers_are_bounded_and_get_all(stage):
    larder, context = simple_larder(stage, cache={"size": "256MiB", "max_object": "12MiB",
                                                  "max_pending": "24MiB"},
                                    server={"write_timeout": "60s"})
    target, body = sized_target(8 * MIB), sized_body(8 * MIB, sized_uid(8 * MIB))
    check(larder.get(target, CREDENTIALS).body == body, "the body over plain HTTP")
    wait_stored(larder)
    clients = [TlsConnection(larder, context, receive_buffer=4096) for _ in range(8)]
    for client in clients:
        ask(client, target, CREDENTIALS)
        client.need(12, "the beginning")
    wait_metric(larder, "output_waiting_bytes", 1)
    check(metric(larder, "output_waiting_bytes") < 8 * MIB, "what waits for eight clients")
    with Background() as background:
        for client in clients:
            background.start(lambda c=client: check(c.read_response().body == body, "a slow client's body"))
    for client in clients:
        client.close()
    wait_until(lambda: metric(larder, "output_waiting_bytes") == 0, "nothing waits in the end")


def test_slow_readers_are_cut_off_at_the_bound_of_output(stage):
    larder, context = simple_larder(stage, cache={"size": "256MiB", "max_object": "12MiB",
                                                  "max_pending": "24MiB"},
                                    server={"workers": 1})
    target = sized_target(8 * MIB)
    larder.get(target, CREDENTIALS)
    wait_stored(larder)
    larder.reload(server={"max_output": "1MiB"})
    clients = []
    for _ in range(12):
        clients.append(TlsConnection(larder, context, receive_buffer=4096))
        ask(clients[-1], target, CREDENTIALS)
    wait_metric(larder, "output_cut", 1)
    wait_until(lambda: metric(larder, "output_waiting_bytes") < 2 * MIB, "the bound holds")
    check_equal(get(larder, context, sized_target(100)).status, 200, "another client")
    for client in clients:
        client.close()


def test_an_answer_that_breaks_off_does_not_end_well(stage):
    larder, context = simple_larder(stage)
    stage.sandbox.fault(host="delivery", truncate_after=200_000)
    with TlsConnection(larder, context) as connection:
        ask(connection, sized_target(400_000), CREDENTIALS)
        try:
            response = connection.read_response()
            raise harness.Failure(f"an answer that broke off is taken for whole: {response}")
        except (ConnectionResetError, ssl.SSLEOFError):
            pass


def test_a_half_closed_client_gets_its_answer_and_a_good_end(stage):
    larder, context = simple_larder(stage)
    stage.sandbox.hold("slow", host="delivery")
    with HalfClosing(larder, context) as client:
        client.send(format_request(entry_target(), CREDENTIALS))
        stage.sandbox.wait_held("slow")
        client.end()
        stage.sandbox.release("slow")
        got = client.read_to_end()
    check(got.startswith(b"HTTP/1.1 200 ") and b"Connection: close" in got and got.endswith(b"}"), got[-300:])


def test_an_idle_connection_ends_with_close_notify(stage):
    larder, context = simple_larder(stage, server={"idle_timeout": "300ms"})
    with TlsConnection(larder, context) as connection:
        check_equal(connection.request(entry_target(), CREDENTIALS).status, 200, "status")
        check(not connection.receive(), "it says more")


# --- Clients that do not play by the rules ---------------------------------------------------------

def test_plain_http_on_the_port_is_told_so(stage):
    larder, _ = simple_larder(stage)
    with changes(larder, tls_handshakes__plain_http=3):
        for _ in range(3):
            with harness.Connection(tls_address(larder)) as connection:
                response = connection.request(entry_target(), CREDENTIALS)
                check_equal(response.status, 400, "status")
                check("https://" in response.json()["error_message"], response)
                check(not connection.receive(), "the connection stays open")
    wait_until(lambda: "the TLS handshake with" in larder.log(), "the log tells of it")
    larder.stop()  # with all lines written
    check_equal(larder.log().count("the TLS handshake with"), 1, "lines of the log")


def test_garbage_is_answered_by_an_alert_or_the_end(stage):
    larder, context = simple_larder(stage)
    hello = bytes.fromhex("16030100 05 01000001 00".replace(" ", ""))
    for garbage in [b"\0" * 100, b"\xff" * 70_000, b"SSH-2.0-x\r\n", hello, b"\x16\x03\x01\xff\xff" + b"a" * 100,
                    os.urandom(4_000), b"\x80\x2e\x01\x00\x02"]:
        with tcp(tls_address(larder)) as client:
            try:
                client.sendall(garbage)
                client.shutdown(socket.SHUT_WR)
                while client.recv(4096):
                    pass
            except (ConnectionResetError, BrokenPipeError):
                pass
            except OSError as problem:
                check_equal(problem.errno, errno.ENOTCONN, "larder has ended it before the client does")
    check_equal(get(larder, context).status, 200, "another client")
    found = results(larder)
    check(found["failed"] + found["left"] == 7, found)


def test_garbage_behind_a_handshake_ends_the_connection(stage):
    larder, context = simple_larder(stage)
    with TlsConnection(larder, context) as connection:
        check_equal(connection.request(entry_target(), CREDENTIALS).status, 200, "status")
        bare = socket.socket(fileno=os.dup(connection.socket.fileno()))
        bare.sendall(b"\x17\x03\x03\x00\x20" + b"a" * 32)
        bare.close()
        try:
            check(not connection.receive(), "it is answered")
        except ssl.SSLError as problem:
            check("bad record mac" in str(problem).lower().replace("_", " "), problem)
    check_equal(get(larder, context).status, 200, "another client")


def test_a_handshake_is_cut_off_at_its_deadline(stage):
    larder, context = simple_larder(stage, tls={"handshake_timeout": "700ms"})
    begun = time.monotonic()
    with tcp(tls_address(larder)) as silent, tcp(tls_address(larder)) as slow:
        for number in range(10_000):  # one byte after the other, until it is cut off
            try:
                slow.sendall(b"\x16\x03\x01\x02\x00\x01"[number:number + 1] or b"a")
                time.sleep(0.02)
            except (ConnectionResetError, BrokenPipeError):
                break
        try:
            check(not silent.recv(100), "the silent one is answered")
        except ConnectionResetError:
            pass
    check(time.monotonic() - begun >= 0.7, "too soon")
    wait_metric(larder, "tls_handshakes__timed_out", 2)
    check_equal(get(larder, context).status, 200, "another client")


def test_a_thousand_half_open_handshakes_keep_nobody_out(stage):
    count, step, bound = scaled(1_000, 400), 50, 200
    larder, context = simple_larder(stage, server={"workers": 1}, tls={"max_handshakes": bound})
    expected = larder.get(entry_target(), CREDENTIALS).body
    wait_stored(larder)
    half_open = []
    served = [0, 0, 0]

    def plain():
        with larder.connect() as connection:
            while not background.stopping.is_set():
                check_equal(connection.request(entry_target(), CREDENTIALS).body, expected, "a plain hit")
                served[0] += 1

    def kept():
        with TlsConnection(larder, context) as connection:
            while not background.stopping.is_set():
                check_equal(connection.request(entry_target(), CREDENTIALS).body, expected, "a TLS hit")
                served[1] += 1

    def fresh():
        while not background.stopping.is_set():
            check_equal(get(larder, context).body, expected, "a hit by a new handshake")
            served[2] += 1

    def all_are_served():
        seen = list(served)
        wait_until(lambda: min(b - a for a, b in zip(seen, served)) >= 5, "all are served")
    with Background() as background:
        for kind in (plain, kept, fresh):
            background.start(kind)
        for number in range(count):
            half_open.append(tcp(tls_address(larder)))
            if number % 2:
                half_open[-1].sendall(b"\x16\x03\x01\x02\x00\x01")
            if number % step == step - 1:
                all_are_served()
        check(metric(larder, "tls_handshakes_under_way") <= bound, "handshakes under way")
        wait_metric(larder, "tls_handshakes__displaced", count - bound - 5)
    for client in half_open:
        client.close()
    check_equal(metric(larder, "tls_handshakes__timed_out"), 0, "handshakes over their deadline")


def test_stopping_waits_for_no_half_open_handshake(stage):
    larder, context = simple_larder(stage, tls={"handshake_timeout": "1m"})
    check_equal(get(larder, context).status, 200, "status")
    clients = [tcp(tls_address(larder)) for _ in range(5)]
    wait_metric(larder, "tls_handshakes_under_way", 5)
    begun = time.monotonic()
    larder.process.send_signal(signal.SIGTERM)
    check_equal(larder.process.wait(harness.DEADLINE_S), 0, "the end")
    check(time.monotonic() - begun < 9 * harness.TIME_FACTOR, "it waited for server.drain_timeout")
    for client in clients:
        client.close()


if __name__ == "__main__":
    harness.main(globals())
