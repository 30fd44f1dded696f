# SPDX-License-Identifier: Apache-2.0
"""What a chaotic origin answers: about a hundred ways to break HTTP, and the good way.

Each way is a function of a `Turn`, one request of one connection. It sends, and says whether the
connection stays open. Every body names the request that it answers (`"who":{...}`), so that a
reader can tell whether it got its own. A body that answers no request says `"stray":"1"`.
"""

import gzip
import hashlib
import json
import time
import urllib.parse

PREVIEW_MARKER = "PREVIEW-BODY-5c1d"
FILL = "0123456789abcdef" * 16


def scope_name(token):
    """Of a token, for bodies: larder's files must hold no token, the origin's words included."""
    return hashlib.sha256(token.encode()).hexdigest()[:12]


def identity(host, target, headers):
    """What a request asked for. `headers`: lower-case names."""
    path, _, query = target.partition("?")
    pairs = sorted(urllib.parse.parse_qsl(query, keep_blank_values=True))
    return {"host": host, "path": path, "query": "&".join(f"{n}={v}" for n, v in pairs),
            "api_key": headers.get("api_key", ""),
            "scope": scope_name(headers.get("access_token") or headers.get("preview_token", "")),
            "branch": headers.get("branch", ""), "hash": headers.get("live_preview", "")}


class Turn:
    """One request, and the connection to answer on. `serial` is the connection's number."""

    def __init__(self, connection, number, target, headers):
        self.connection = connection
        self.random = connection.random
        self.number = number
        self.target = target
        self.headers = headers
        self.behaviour = "good"
        self.may_zip = headers.get("accept-encoding") == "gzip"

    def send(self, data):
        self.connection.socket.sendall(data)

    def who(self):
        return identity(self.connection.host, self.target, self.headers)

    def content(self, stray=False, size=None):
        """A JSON body that names this request at both ends."""
        who = self.who()
        who |= {"stray": "1" if stray else "", "late": self.connection.late, "at": f"{time.monotonic():.6f}",
                "from": f"{self.connection.serial}.{self.number} {self.behaviour}"}
        if self.connection.host == "preview":
            who["draft"] = PREVIEW_MARKER
        if size is None:
            size = self.random.choice((0, 100, 1_000, 1_000, 5_000, 20_000, 70_000))
        fill = FILL * (size // len(FILL)) + FILL[:size % len(FILL)]
        named = json.dumps(who)
        return f'{{"entry":{{"fill":[{{"who":{named}}},"{fill}",{{"who":{named}}}]}}}}'.encode()

    def zipped(self, body):
        # Level 0 for previews: their marker stays readable for whoever searches the store.
        return gzip.compress(body, 0 if self.connection.host == "preview" else 1)

    def encode(self, body):
        """(body, fields) in a coding that was asked for."""
        if self.may_zip and self.random.random() < 0.7:
            return self.zipped(body), ["Content-Encoding: gzip"]
        return body, []

    def answer(self, body=None, fields=(), status="200 OK", version="HTTP/1.1", length=True,
               kind="application/json"):
        """A whole answer's bytes."""
        encoded = []
        if body is None:
            body, encoded = self.encode(self.content())
        lines = [f"{version} {status}", f"Content-Type: {kind}", *encoded, *fields]
        if length:
            lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body

    def stray(self, size=None):
        return self.answer(self.content(stray=True, size=size))

    def chunked(self, end=b"0\r\n\r\n", extension="", fields=(), te="chunked", body=None):
        encoded = []
        if body is None:
            body, encoded = self.encode(self.content())
        lines = ["HTTP/1.1 200 OK", "Content-Type: application/json", *encoded, *fields]
        if te is not None:
            lines.append(f"Transfer-Encoding: {te}")
        step = self.random.choice((7, 100, 4_000, 70_000)) if len(body) < 30_000 else 9_000
        pieces = [body[at:at + step] for at in range(0, len(body), step)]
        framed = b"".join(b"%x%s\r\n%s\r\n" % (len(p), extension.encode(), p) for p in pieces)
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + framed + end

    def pause(self, low=0.0005, high=0.02):
        time.sleep(self.random.uniform(low, high))

    def dribble(self, data, step=1, limit=150):
        """Piece by piece; what is beyond `limit` pieces goes at once."""
        for at in range(0, min(len(data), step * limit), step):
            self.send(data[at:at + step])
            time.sleep(0.0003)
        self.send(data[step * limit:])


# --- Ways: name -> (weight, function of a turn that says whether the connection stays open) ---------

WAYS = {}


def way(name, weight=1.0):
    def add(function):
        WAYS[name] = (weight, function)
        return function
    return add


def simple(name, make, keep=True, weight=1.0):
    """A way that sends the bytes that `make(turn)` gives. keep: False closes, "reset" resets."""
    def act(turn):
        turn.send(make(turn))
        if keep == "reset":
            turn.connection.reset()
        return keep is True
    WAYS[name] = (weight, act)


def add_versions():
    for version in ("HTTP/2.0", "HTTP/2", "HTTP/3", "HTTP/1.2", "HTTP/0.9", "HTTP/10.1", "http/1.1",
                    "HTTP/1", "ICY", "XTTP/1.1"):
        simple(f"version {version}", lambda t, v=version: t.answer(version=v),
               weight=4 if version == "HTTP/2.0" else 0.5)
    simple("version HTTP/1.0, closes", lambda t: t.answer(version="HTTP/1.0"), keep=False)
    simple("version HTTP/1.0, stays", lambda t: t.answer(version="HTTP/1.0"))
    simple("version HTTP/1.0, keep-alive", lambda t: t.answer(
        version="HTTP/1.0", fields=["Connection: keep-alive"]))
    simple("version HTTP/1.0, chunked", lambda t: t.chunked().replace(b"1.1", b"1.0", 1))
    simple("HTTP/0.9, no head", lambda t: t.content(), keep=False)


def add_interim():
    def interim(status, fields=""):
        return f"HTTP/1.1 {status}\r\n{fields}\r\n".encode()
    for status in ("100 Continue", "102 Processing", "103 Early Hints", "199 Odd"):
        simple(f"interim {status[:3]}", lambda t, s=status: interim(
            s, "Link: </a>; rel=preload\r\n") + t.answer())
    simple("interim 101 unasked", lambda t: interim(
        "101 Switching Protocols", "Connection: Upgrade\r\nUpgrade: h2c\r\n") + t.answer())
    simple("interim 101 without Upgrade", lambda t: interim("101 Go") + t.answer())
    simple("interim flood", lambda t: interim("100 Continue") * 3_000 + t.answer(), weight=0.5)
    simple("interim flood without end", lambda t: interim("103 Early Hints") * 20_000, weight=0.2)
    simple("interim with a length and a body", lambda t: interim(
        "103 Early Hints", "Content-Length: 5\r\n") + b"12345" + t.answer())
    simple("interim with an answer as its body", lambda t: (
        lambda s: interim("100 Continue", f"Content-Length: {len(s)}\r\n") + s)(t.stray()) + t.answer())
    simple("interim with chunks", lambda t: interim(
        "103 Early Hints", "Transfer-Encoding: chunked\r\n") + b"2\r\nab\r\n0\r\n\r\n" + t.answer())
    simple("interim alone", lambda t: interim("100 Continue"), keep=False)


@way("interim, then the answer late")
def interim_late(turn):
    turn.send(b"HTTP/1.1 100 Continue\r\n\r\n")
    turn.pause()
    turn.send(turn.answer())
    return True


def add_framing():
    def lengths(turn, text, body=None):
        body = turn.content() if body is None else body
        return turn.answer(body, fields=text(len(body)), length=False)
    simple("length too long, closes", lambda t: lengths(t, lambda n: [f"Content-Length: {n + 9}"]),
           keep=False)
    simple("length too long, stays", lambda t: lengths(t, lambda n: [f"Content-Length: {n + 9}"]),
           weight=0.15)
    simple("length too short", lambda t: lengths(t, lambda n: [f"Content-Length: {n - 9}"]))
    simple("length of two", lambda t: lengths(t, lambda n: ["Content-Length: 2"]))
    simple("length 0 with a body", lambda t: lengths(t, lambda n: ["Content-Length: 0"]))
    for name, text in {
            "twice": lambda n: [f"Content-Length: {n}"] * 2,
            "differs, short first": lambda n: ["Content-Length: 2", f"Content-Length: {n}"],
            "differs, long first": lambda n: [f"Content-Length: {n}", "Content-Length: 2"],
            "a list": lambda n: [f"Content-Length: 2, {n}"],
            "a list of the same": lambda n: [f"Content-Length: {n}, {n}"],
            "negative": lambda n: ["Content-Length: -1"],
            "with a plus": lambda n: [f"Content-Length: +{n}"],
            "no number": lambda n: ["Content-Length: two"],
            "hex": lambda n: [f"Content-Length: 0x{n:x}"],
            "empty": lambda n: ["Content-Length: "],
            "too large": lambda n: ["Content-Length: 99999999999999999999999"],
            "huge": lambda n: ["Content-Length: 9999999999"],
            "folded": lambda n: [f"Content-Length:\r\n {n}"],
            "blank before the colon": lambda n: [f"Content-Length : {n}"]}.items():
        simple(f"length {name}", lambda t, x=text: lengths(t, x),
               keep=name not in ("negative", "no number", "hex", "empty", "huge"), weight=0.6)
    simple("no length, closes", lambda t: t.answer(length=False), keep=False)
    simple("no length, resets", lambda t: t.answer(length=False), keep="reset")
    simple("no length, stays", lambda t: t.answer(length=False), weight=0.15)


def add_chunks():
    simple("chunked", lambda t: t.chunked(), weight=6)
    simple("chunk extensions", lambda t: t.chunked(extension=';a="b";c'))
    simple("trailers", lambda t: t.chunked(end=b"0\r\nX-A: b\r\nContent-Length: 3\r\n\r\n"))
    simple("trailer with a status line", lambda t: t.chunked(
        end=b"0\r\nHTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"))
    simple("trailer flood", lambda t: t.chunked(end=b"0\r\n" + b"X-Trailer: y\r\n" * 20_000 + b"\r\n"),
           weight=0.3)
    simple("leftovers behind the last chunk", lambda t: t.chunked() + t.stray())
    simple("half an answer behind the last chunk", lambda t: t.chunked() + t.stray(500)[:300])
    simple("a line end behind the last chunk", lambda t: t.chunked() + b"\r\n")
    simple("bytes behind the last chunk", lambda t: t.chunked() + b"xyz")
    simple("chunk size bad", lambda t: t.chunked(end=b"zz\r\nabc\r\n0\r\n\r\n"), keep=False)
    simple("chunk size huge", lambda t: t.chunked(end=b"ffffffffffffffffffff\r\nabc"), keep=False)
    simple("chunk size negative", lambda t: t.chunked(end=b"-3\r\nabc\r\n0\r\n\r\n"), keep=False)
    simple("chunk size 0x", lambda t: t.chunked(end=b"0x0\r\n\r\n"), keep=False)
    simple("chunk without a line end", lambda t: t.chunked(end=b"3\r\nabcd0\r\n\r\n"), keep=False)
    simple("chunks without an end, closes", lambda t: t.chunked(end=b""), keep=False)
    simple("chunks without an end, resets", lambda t: t.chunked(end=b""), keep="reset")
    simple("chunks without the last line", lambda t: t.chunked(end=b"0\r\n"), keep=False)
    simple("chunks and a length", lambda t: t.chunked(fields=["Content-Length: 5"]))
    simple("chunks and a length behind", lambda t: t.chunked(te="chunked\r\nContent-Length: 50"))
    for te in ("chunked, chunked", "gzip, chunked", "identity", " chunked", "\tchunked ", "Chunked",
               "chunked, identity", "foo", "deflate", "chunked;q=1", "\x0bchunked", "xchunked",
               "chunked\r\nTransfer-Encoding: identity", "identity\r\nTransfer-Encoding: chunked"):
        simple(f"coding {te!r}", lambda t, x=te: t.chunked(te=x), weight=0.5)
        simple(f"coding {te!r}, plain body", lambda t, x=te: t.answer(
            fields=[f"Transfer-Encoding: {x}"]), weight=0.3)
    simple("coding gzip, chunked of gzip", lambda t: t.chunked(
        te="gzip, chunked", body=t.zipped(t.content())))
    simple("chunks that nothing announces", lambda t: t.chunked(te=None), keep=False)


def add_strays():
    simple("answer twice at once", lambda t: t.answer() + t.stray())
    simple("answer and two more", lambda t: t.answer() + t.stray() + t.stray())
    simple("answer and half of one", lambda t: t.answer() + t.stray(2_000)[:700])
    simple("answer and a line end", lambda t: t.answer() + b"\r\n")
    simple("answer and noise", lambda t: t.answer() + b"x" * 17)
    simple("answer, then 404 unasked", lambda t: t.answer() + t.answer(
        t.content(stray=True), status="404 Not Found"))
    simple("answer, then an interim one", lambda t: t.answer() + b"HTTP/1.1 100 Continue\r\n\r\n")
    simple("answer, then half an interim one", lambda t: t.answer() + b"HTTP/1.1 103 Ear")

    def later(name, make, weight=1.0, low=0.0002, high=0.008):
        def act(turn):
            turn.send(turn.answer() if turn.random.random() < 0.6 else turn.chunked())
            turn.connection.late = "1"
            turn.pause(low, high)
            turn.send(make(turn))
            return True
        WAYS[name] = (weight, act)
    later("late: a second answer", lambda t: t.stray())
    later("late: a second answer, much later", lambda t: t.stray(), low=0.02, high=0.1)
    later("late: two more", lambda t: t.stray() + t.stray())
    later("late: half an answer", lambda t: t.stray(2_000)[:600])
    later("late: noise", lambda t: b"noise")
    later("late: 408", lambda t: t.answer(b"{}", status="408 Request Timeout"))


@way("late: a stray answer in two pieces")
def stray_in_pieces(turn):
    stray = turn.stray(3_000)
    cut = turn.random.randrange(1, len(stray))
    turn.connection.late = "1"
    turn.send(turn.answer() + stray[:cut])
    turn.pause(0.0002, 0.005)
    turn.send(stray[cut:])
    return True


@way("late: a stray answer behind the last chunk, in two pieces")
def stray_behind_chunks_in_pieces(turn):
    stray = turn.stray(3_000)
    cut = turn.random.randrange(1, len(stray))
    turn.connection.late = "1"
    turn.send(turn.chunked() + stray[:cut])
    turn.pause(0.0002, 0.005)
    turn.send(stray[cut:])
    return True


def add_statuses():
    for status in ("000 Zero", "99 Low", "1000 High", "-1 Below", "2 00", "20 OK", "600 Six", "999 Nine",
                   "abc", "", "200OK", "0200 OK"):
        simple(f"status {status!r}", lambda t, s=status: t.answer(status=s), weight=0.4)
    simple("status without a reason", lambda t: t.answer(status="200"))
    simple("status with a blank reason", lambda t: t.answer(status="200 "))
    for status in ("204 No Content", "304 Not Modified", "205 Reset Content"):
        simple(f"{status[:3]}", lambda t, s=status: f"HTTP/1.1 {s}\r\n\r\n".encode())
        simple(f"{status[:3]} with a body", lambda t, s=status: t.answer(status=s))
        simple(f"{status[:3]} with chunks", lambda t, s=status: t.chunked().replace(
            b"200 OK", s.encode(), 1))
        simple(f"{status[:3]} with a stray", lambda t, s=status: (
            f"HTTP/1.1 {s}\r\n\r\n".encode() + t.stray()))
        simple(f"{status[:3]} with a length alone", lambda t, s=status: (
            f"HTTP/1.1 {s}\r\nContent-Length: 50\r\n\r\n".encode()), weight=0.3)
    for status in ("301 Moved", "302 Found", "307 Temporary", "500 Oops", "502 Bad", "503 Busy",
                   "429 Slow Down", "404 Not Found", "422 No", "206 Partial", "401 Who", "403 No",
                   "412 No", "418 Teapot", "226 IM Used", "300 Many"):
        simple(f"status {status}", lambda t, s=status: t.answer(
            status=s, fields=["Location: /v3/content_types/x/entries/y"]), weight=0.5)


def add_heads():
    simple("head flood", lambda t: t.answer(fields=[f"X-{n}: y" for n in range(3_000)]), weight=0.5)
    simple("head huge", lambda t: t.answer(fields=["X-Huge: " + "y" * 200_000]), weight=0.5)
    simple("head without end", lambda t: b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 30_000, keep=False,
           weight=0.3)
    simple("head with NUL", lambda t: t.answer(fields=["X-Nul: a\0b"]))
    simple("head with CR", lambda t: t.answer(fields=["X-Cr: a\rb"]))
    simple("head with LF", lambda t: t.answer(fields=["X-Lf: a\nX-More: b"]))
    simple("head with LF alone", lambda t: t.answer().replace(b"\r\n", b"\n"))
    simple("head with an early end by LF", lambda t: t.answer(fields=["X-A: b\n\nmore"]))
    simple("head folded", lambda t: t.answer(fields=["X-Fold: a\r\n b"]))
    simple("head folded at its start", lambda t: t.answer().replace(b"OK\r\n", b"OK\r\n X-A: b\r\n", 1))
    simple("head without a colon", lambda t: t.answer(fields=["no colon here"]))
    simple("head without a name", lambda t: t.answer(fields=[": nameless"]))
    simple("head with a status line in it", lambda t: t.answer(fields=["HTTP/1.1 200 OK"]))
    simple("head with another version in it", lambda t: t.answer(fields=["HTTP/2.0 200 OK"]))
    simple("two heads", lambda t: b"HTTP/1.1 200 OK\r\nHTTP/1.1 200 OK\r\n" + t.answer()[17:])
    simple("line end before the answer", lambda t: b"\r\n" + t.answer())
    simple("noise before the answer", lambda t: b"xx" + t.answer())
    simple("garbage", lambda t: t.random.randbytes(600), keep=False)
    simple("garbage, stays", lambda t: t.random.randbytes(600))
    simple("cookie", lambda t: t.answer(fields=["Set-Cookie: a=b"]))
    simple("private", lambda t: t.answer(fields=["Cache-Control: private"]))
    simple("vary", lambda t: t.answer(fields=["Vary: X-Other"]))
    simple("type wrong", lambda t: t.answer(kind="text/html"))
    simple("says close, stays", lambda t: t.answer(fields=["Connection: close"]))
    simple("says close, and one more", lambda t: t.answer(fields=["Connection: close"]) + t.stray())
    simple("says keep-alive, closes", lambda t: t.answer(fields=["Connection: keep-alive"]), keep=False)
    simple("says nothing, closes", lambda t: t.answer(), keep=False)
    simple("upgrade", lambda t: t.answer(fields=["Connection: Upgrade", "Upgrade: h2c"]))
    simple("keep-alive of no time", lambda t: t.answer(fields=["Keep-Alive: timeout=0, max=0"]))


def add_bodies():
    def zip_of(turn, body):
        return turn.answer(body, fields=["Content-Encoding: gzip"])
    simple("gzip that is none", lambda t: zip_of(t, t.content()))
    simple("gzip with a wrong trailer", lambda t: zip_of(t, t.zipped(t.content())[:-8] + b"12345678"))
    simple("gzip cut", lambda t: (lambda z: zip_of(t, z[:len(z) // 2]))(t.zipped(t.content())))
    simple("gzip and more", lambda t: zip_of(t, t.zipped(t.content()) + b"more"))
    simple("gzip of two", lambda t: zip_of(t, t.zipped(t.content()) + t.zipped(t.content())))
    simple("gzip unasked", lambda t: zip_of(t, t.zipped(t.content())))
    simple("gzip bomb", lambda t: zip_of(t, BOMB), weight=0.3)
    simple("coding br", lambda t: t.answer(t.content(), fields=["Content-Encoding: br"]))
    simple("JSON cut", lambda t: (lambda b: t.answer(b[:len(b) // 2]))(t.content()))
    simple("JSON and more", lambda t: t.answer(t.content() + b"}"))
    simple("HTML", lambda t: t.answer(b"<!-- " + t.content() + b" -->", kind="text/html"))
    simple("HTML that says JSON", lambda t: t.answer(b"<!-- " + t.content() + b" -->"))
    simple("empty body", lambda t: t.answer(b""))
    simple("large body", lambda t: t.answer(t.content(size=600_000)), weight=0.5)
    simple("body beyond the bound", lambda t: t.answer(t.content(size=3_000_000)), weight=0.2)


BOMB = gzip.compress(b'{"a":"' + b"x" * 8_000_000 + b'"}', 1)


def cut_anywhere(turn, keep):
    data = turn.answer() if turn.random.random() < 0.5 else turn.chunked()
    turn.send(data[:turn.random.randrange(len(data))])
    if turn.random.random() < 0.5:
        turn.pause()
    if keep == "reset":
        turn.connection.reset()
    if keep == "half":
        turn.connection.half_close()
        turn.pause()
    return False


def add_ends():
    for name, keep in (("closed", False), ("reset", "reset"), ("half-closed", "half")):
        WAYS[f"{name} anywhere"] = (1.5, lambda t, k=keep: cut_anywhere(t, k))
    simple("closes at once", lambda t: b"", keep=False)
    simple("resets at once", lambda t: b"", keep="reset")


@way("stall before the answer", 0.15)
def stall(turn):
    time.sleep(1.5)
    turn.send(turn.answer())
    return True


@way("stall within the head", 0.15)
def stall_in_head(turn):
    data = turn.answer()
    turn.send(data[:20])
    time.sleep(1.5)
    turn.send(data[20:])
    return True


@way("stall within the body", 0.15)
def stall_in_body(turn):
    data = turn.answer(turn.content(size=5_000))
    turn.send(data[:-100])
    time.sleep(1.5)
    turn.send(data[-100:])
    return True


@way("one byte at a time", 0.5)
def one_byte(turn):
    turn.dribble(turn.answer() if turn.random.random() < 0.5 else turn.chunked())
    return True


@way("slow", 3)
def slow(turn):
    turn.pause(0.005, 0.06)
    turn.dribble(turn.answer(), step=turn.random.choice((300, 5_000)), limit=20)
    return True


@way("closes just when the next request comes")
def closes_late(turn):
    turn.send(turn.answer())
    turn.pause(0.0, 0.01)
    return False


@way("half-closes, then reads on")
def half_close(turn):
    turn.send(turn.answer())
    turn.connection.half_close()
    turn.pause(0.005, 0.05)
    return False


@way("answers and resets")
def answer_and_reset(turn):
    turn.send(turn.answer())
    turn.connection.reset()
    return False


for fill in (add_versions, add_interim, add_framing, add_chunks, add_strays, add_statuses, add_heads,
             add_bodies, add_ends):
    fill()


def good(turn):
    turn.send(turn.answer() if turn.random.random() < 0.6 else turn.chunked())
    return True
