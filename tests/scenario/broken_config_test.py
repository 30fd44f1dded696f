#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Configuration files that are wrong: each is refused with the file, the line and what to do, and no
message holds a token."""

import os
import pathlib
import subprocess
import tempfile

import harness
from harness import Failure, check, check_equal

TOKEN = "cs0f3b7a99d0c4e1b2a3f4c5d6"
SCOPE = f'[[stack.scope]]\nenvironment = "production"\ndelivery_tokens = ["{TOKEN}"]\n'
STACK = f'[[stack]]\napi_key = "blt1"\nregion = "na"\n{SCOPE}'
HOOK = '[webhook]\nlisten = ["127.0.0.1:9000"]\n'


def listener(text):
    return f"[[listener]]\n{text}\n"


def stack(text):
    return f'[[stack]]\napi_key = "blt1"\n{text}\n{SCOPE}'


# (text, the line that is wrong, what to do)
CASES = [
    ("[server\n", 1, "one key or [table] a line"),
    ('[cache]\npath = "/var/cache\n', 2, "texts go in double quotes"),
    ("[server]\nworkers = 1\nworkers = 2\n", 3, "each key once"),
    ("[servers]\nworkers = 1\n", 1, 'did you mean "server"?'),
    ("[server]\nworker = 1\n", 2, 'did you mean "workers"?'),
    ('[server]\nworkers = "two"\n', 2, "give a whole number"),
    ("[cache]\npath = 5\n", 2, "give a text"),
    ("[server]\nworkers = 9999\n", 2, "give 0 to 256"),
    ("[server]\nmax_connections = -1\n", 2, "give 0 to 10000000"),
    ("[server]\nidle_timeout = 15\n", 2, 'texts with a unit: "500ms"'),
    ('[server]\nidle_timeout = "15 parsecs"\n', 2, 'texts with a unit: "500ms"'),
    ('[cache]\nsize = "10 GBit"\n', 2, 'sizes are "64KiB"'),
    ('[cache]\nsize = "1KiB"\n', 2, "give 1MiB to 16TiB"),
    ('[cache]\npath = "cache"\n', 2, "give an absolute path"),
    ('[cache]\npath = "/nowhere/above/cache"\n', 2, "make that directory"),
    ('[cache]\npath = "/dev/null"\n', 2, "name a directory"),
    ('[cache]\nsize = "1MiB"\nmax_object = "2MiB"\n', 3, "lower it, raise cache.size"),
    ('[cache]\npath = "/dev/shm/larder"\nsize = "16TiB"\n', 3, "set cache.path to a larger disk"),
    ('[cache]\neviction = "lru"\n', 2, "known are: gdsf, fifo"),
    (listener('address = "127.0.0.1:99999"'), 2, "give a port of 0 to 65535"),
    (listener('address = "127.0.0.1"'), 2, 'give "IP:PORT"'),
    (listener('address = "localhost:8080"'), 2, 'give "IP:PORT"'),
    (listener('address = "192.0.2.1:8080"'), 2, "give one that it has"),
    (listener('address = "unix:/run/a"') + listener('address = "unix:/nowhere/b"'), 4, "make that directory"),
    (2 * listener('address = "127.0.0.1:8080"'), 4, "give each its own address or port"),
    (listener('address = "127.0.0.1:8080"\nrole = "cache"'), 3, "known are: delivery, preview"),
    ('[listener]\naddress = "127.0.0.1:8080"\n', 1, "write each one as [[listener]]"),
    (listener('address = "127.0.0.1:8443"\ntls = { certificate = "/nowhere/c.pem", key = "/nowhere/k.pem" }'),
     3, "create it or correct the path"),
    (listener('address = "127.0.0.1:8443"\ntls = { certificate = "/nowhere/c.pem" }'), 3,
     "write tls = { certificate ="),
    ('[[stack]]\nregion = "na"\n' + SCOPE, 1, "give the stack's API key"),
    ('[[stack]]\napi_key = "blt1"\nregion = "na"\n', 1, "add one with an environment"),
    (f'[[stack]]\napi_key = "blt1"\nregion = "na"\n[[stack.scope]]\ndelivery_tokens = ["{TOKEN}"]\n', 4,
     "give the environment that its tokens see"),
    ('[[stack]]\napi_key = "blt1"\nregion = "na"\n[[stack.scope]]\nenvironment = "production"\n', 4,
     "list its delivery_tokens"),
    (stack('region = "mars"'), 3, "known are: na, us"),
    (stack('region = "eu"\ndelivery = "https://a.example"\npreview = "https://b.example"'), 1,
     "give either region or both"),
    (stack('delivery = "https://a.example"'), 1, "or both delivery and preview"),
    (stack('delivery = "http://a.example"\npreview = "https://b.example"'), 3, "use https://"),
    (stack('delivery = "https://a.example/v3"\npreview = "https://b.example"'), 3, "without a path"),
    (stack(""), 1, 'give a region like "eu"'),
    (STACK + STACK, 8, "put its scopes into one [[stack]]"),
    (STACK.replace(f'"{TOKEN}"', f'"{TOKEN}", "{TOKEN}"'), 6, "give each token once"),
    (STACK.replace(TOKEN, ""), 6, "put the token there"),
    (STACK.replace(f'"{TOKEN}"', '{ file = "/nowhere/token" }'), 6, "create it or correct the path"),
    (STACK.replace(f'"{TOKEN}"', '{ env = "NO_SUCH_VARIABLE" }'), 6, "set it for the daemon"),
    (STACK.replace(f'"{TOKEN}"', f'{{ text = "{TOKEN}" }}'), 6,
     "known are: file, env, credential"),
    (STACK + "sync = true\n", 7, 'branches = ["main"]'),
    (STACK + 'branches = ["main"]\nsync = true\nsync_interval = "1ms"\n', 9, "give 100ms to 1h"),
    (STACK + '[open]\nregion = "eu"\n', 7, "remove it"),
    (HOOK, 2, "give public_key_url"),
    (HOOK + 'secret_header = "x-a"\n', 3, "give the header's name and its values"),
    (HOOK + 'path = "hooks"\nallow_unverified = true\n', 3, "give a path that begins with /"),
    (HOOK + 'public_key_file = "/nowhere.pem"\n', 3, "create it or correct the path"),
    ('[upstream]\nca_file = "/nowhere.pem"\n', 2, "give a readable PEM file"),
    ('[upstream.proxy]\nurl = "socks://x"\n', 2, "give http://HOST:PORT"),
    ('[bus]\nurl = "redis://127.0.0.1"\n', 2, "known are: address"),
    ('[bus]\naddress = "redis://:not-a-secret@127.0.0.1:6379"\n', 2, "give"),
    ('[log]\nlevel = "loud"\n', 2, "known are: error, warning, info, debug"),
    ('[log]\naccess_log = "/nowhere/access.log"\n', 2, "make that directory"),
    ("[ttl.entries]\n", 1, 'did you mean "entry"?'),
    ('[ttl.entry]\nfresh = "soon"\n', 2, 'texts with a unit: "500ms"'),
    ('[purge]\nmode = "all"\n', 2, "known are: exact, content_type"),
    ('[admin]\npage = "yes"\n', 2, "give true or false"),
    (f'[admin]\nsocket = "/{"a" * 120}"\n', 2, "give an absolute path of at most 107 bytes"),
    ('[admin]\nsocket = "/nowhere/admin.sock"\n', 2, "make that directory"),
]


def test_each_mistake_is_told_with_its_file_its_line_and_what_to_do(_stage):
    check(len(CASES) >= 40, f"{len(CASES)} cases")
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "larder.toml"
        for text, line, remedy in CASES:
            path.write_text(text, encoding="utf-8")
            path.chmod(0o600)
            done = subprocess.run([os.environ["LARDERD"], "--check", str(path)], check=False, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            told = done.stdout.splitlines()
            if done.returncode != 1 or not any(
                    one.startswith(f"{path}:{line}: ") and remedy in one.partition("; ")[2] for one in told):
                wrong.append(f"{text!r}, line {line}, {remedy!r}: {done.returncode} {told}")
            check(TOKEN not in done.stdout and "not-a-secret" not in done.stdout, f"a secret in {told}")
    check_equal(wrong, [], "mistakes that are not told well")
    print(f"{len(CASES)} files, each refused with its line and a remedy")


def test_a_file_without_a_mistake_is_ok(_stage):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "larder.toml"
        path.write_text(f'[cache]\npath = "{folder}/cache"\nsize = "1MiB"\n{STACK}', encoding="utf-8")
        path.chmod(0o600)
        done = subprocess.run([os.environ["LARDERD"], "--check", str(path)], check=False, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0 or f"{path}: ok" not in done.stdout:
            raise Failure(f"refused: {done.stdout}")
        check(TOKEN not in done.stdout, "a token in what --check tells")


if __name__ == "__main__":
    harness.main(globals())
