"""What the tests with a hostile peer share: sipsh under attack and watched,
messages that are wrong in a seeded way, and the torture messages.

    victim = Victim(t, "-q")            a sipsh that listens on UDP and TCP
    victim.probe()                      asks OPTIONS; seconds to the answer
    victim.memory(), victim.files()     kB resident, open descriptors
    for octets in malformed(seed, n): ...
    for row in torture("rfc4475"): row.file, row.octets, row.outcomes
"""

import csv
import os
import random
import re
import socket
import time

from harness import ROOT, check, wait_until
from peer import build, token

CORPUS = os.environ.get("CORPUS", os.path.join(ROOT, "tests", "corpus"))


class Victim:
    """A sipsh that waits for what comes."""

    def __init__(self, t, *options):
        self.port = t.port()
        self.at = ("127.0.0.1", self.port)
        self.process = t.start("-l", f"udp:127.0.0.1:{self.port}",
                               "-l", f"tcp:127.0.0.1:{self.port}", *options)
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.bind(("127.0.0.1", 0))
        self._sock.settimeout(0.05)
        t.defer(self._sock.close)
        wait_until(self._answers, lambda: f"{self.process.result()!r}")

    def _answers(self):
        try:
            return self.probe(timeout=0.2) is not None
        except TimeoutError:
            return False

    def probe(self, timeout=5.0):
        """Sends OPTIONS once; how long its 200 took. TimeoutError."""
        branch = "z9hG4bK" + token(16)
        own = self._sock.getsockname()[1]
        wire = build(f"OPTIONS sip:127.0.0.1:{self.port} SIP/2.0", [
            ("Via", f"SIP/2.0/UDP 127.0.0.1:{own};branch={branch};rport"),
            ("From", f"<sip:probe@127.0.0.1>;tag={token()}"),
            ("To", "<sip:127.0.0.1>"), ("Call-ID", token(16)),
            ("CSeq", "1 OPTIONS"), ("Max-Forwards", "70")])
        began = time.monotonic()
        self._sock.sendto(wire, self.at)
        while time.monotonic() < began + timeout:
            try:
                answer = self._sock.recv(65536)
            except (TimeoutError, ConnectionRefusedError):
                continue
            if branch.encode() in answer:
                # 486: what an INVITE would get (RFC 3261 11.2)
                check(answer.startswith((b"SIP/2.0 200 ", b"SIP/2.0 486 ")),
                      f"the probe got {answer[:40]!r}")
                return time.monotonic() - began
        raise TimeoutError(f"no answer to a probe in {timeout} s")

    def memory(self):
        with open(f"/proc/{self.process.pid}/status") as f:
            return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))

    def files(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def connect(self):
        sock = socket.create_connection(self.at, 5)
        sock.settimeout(5)
        return sock

    def alive(self):
        check(self.process.running, f"{self.process.result()!r}")
        return self.probe()


def is_instrumented(victim):
    """Built with AddressSanitizer: slower, and it keeps what was freed."""
    with open(f"/proc/{victim.process.pid}/maps") as f:
        return "libasan" in f.read() or victim.memory() > 20000


# --- messages ---

HEADERS = [
    ("Via", "SIP/2.0/{t} 127.0.0.1:{port};branch=z9hG4bK{r};rport"),
    ("Max-Forwards", "70"),
    ("From", "\"A. Nonymous\" <sip:mallory@127.0.0.1:{port}>;tag={r}"),
    ("To", "<sip:alice@127.0.0.1>"),
    ("Call-ID", "{r}@127.0.0.1"),
    ("CSeq", "{n} {method}"),
    ("Contact", "<sip:mallory@127.0.0.1:{port};transport={t}>;expires=60"),
    ("Route", "<sip:127.0.0.1;lr>"),
    ("Record-Route", "<sip:127.0.0.1:{port};lr>, <sip:p2.example.com;lr>"),
    ("Expires", "60"),
    ("Date", "Sat, 13 Nov 2010 23:29:00 GMT"),
    ("Accept", "application/sdp;level=1, text/*;q=0.5"),
    ("Content-Type", "application/sdp"),
    ("Require", "100rel"), ("Supported", "timer, replaces"),
    ("Authorization", "Digest username=\"a\", realm=\"r\", nonce=\"n\", "
                      "uri=\"sip:x\", response=\"{r}\", nc=00000001"),
    ("WWW-Authenticate", "Digest realm=\"r\", nonce=\"{r}\", qop=\"auth\""),
    ("Proxy-Authenticate", "Digest realm=\"r\", nonce=\"{r}\""),
    ("Min-Expires", "60"), ("Retry-After", "5 (busy);duration=3600"),
    ("Warning", "399 example.com \"what\""), ("Subject", "hello"),
    ("Refer-To", "<sip:x@127.0.0.1?Replaces=a%3Bto-tag%3Db>"),
    ("Event", "presence"), ("Subscription-State", "active;expires=5"),
    ("Session-Expires", "90;refresher=uac"), ("RAck", "1 1 INVITE"),
    ("Content-Length", "{length}"),
]

METHODS = ["INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "REGISTER", "MESSAGE",
           "INFO", "UPDATE", "REFER", "PRACK", "SUBSCRIBE", "NOTIFY", "FROB"]

BODY = ("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\n"
        "t=0 0\r\nm=audio 4000 RTP/AVP 0\r\n")

ODD = ["", " ", "\0", "\x7f", "\x1b]0;x\x07", "\"", "\\", "<", ">", "<>", ";",
       ";;", ",", ",,", "=", ":", "%", "%00", "%zz", "@", "*", "-1", "0",
       "4294967296", "18446744073709551616", "9" * 400, "A" * 5000,
       "\r\n ", "\r\n\r\n", "\n", "\r", "\xff\xfe", "\xed\xa0\x80", "[::1",
       "[" * 200, "\"\\", "(" * 500, ";lr" * 300, "sip:", "tel:", ";tag=x",
       "a=b;" * 200, "\t", "\v", "SIP/2.0", "z9hG4bK"]


def _mangled(rng, value):
    """One header's value, wrong in one of many ways."""
    odd = rng.choice(ODD)
    at = rng.randrange(len(value) + 1)
    return rng.choice([
        lambda: odd,
        lambda: value[:at] + odd + value[at:],
        lambda: value[:at],
        lambda: value[at:],
        lambda: value + odd,
        lambda: value.replace(rng.choice(value or "x"), odd),
        lambda: value + ", " + value,
        lambda: value.swapcase(),
    ])()


def message(rng, port, transport="UDP", method=None, victim=0):
    """(start line, headers) of a request that is right."""
    method = method or rng.choice(METHODS)
    fill = {"t": transport, "port": port, "n": rng.randrange(1, 9),
            "method": method, "length": len(BODY),
            "r": f"{rng.randrange(1 << 60):x}"}
    headers = [(name, value.format(**fill)) for name, value in HEADERS
               if name in ("Via", "From", "To", "Call-ID", "CSeq", "Contact",
                           "Content-Length", "Content-Type")
               or rng.random() < 0.15]
    return f"{method} sip:alice@127.0.0.1:{victim} SIP/2.0", headers


def _wire(start, headers, body):
    lines = [start] + [f"{name}: {value}" for name, value in headers]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode("latin-1",
                                                          "replace")


def malformed_request(rng, port, transport="UDP", victim=0):
    """Octets of a request with one thing wrong, or two, or none."""
    start, headers = message(rng, port, transport, victim=victim)
    for _ in range(rng.choice((0, 1, 1, 1, 2))):
        what = rng.random()
        at = rng.randrange(len(headers))
        name, value = headers[at]
        if what < 0.6:
            headers[at] = (name, _mangled(rng, value))
        elif what < 0.7:
            headers[at] = (_mangled(rng, name), value)
        elif what < 0.8:
            del headers[at]
        elif what < 0.9:
            headers.insert(at, headers[rng.randrange(len(headers))])
        else:
            start = _mangled(rng, start)
    return _garbled(rng, _wire(start, headers, BODY))


def malformed_response(rng, request):
    """Octets of a response to a Message of ours with something wrong."""
    start = f"SIP/2.0 {rng.choice((100, 180, 200, 302, 401, 407, 423, 486))} R"
    headers = [(name, value) for name, value in request.headers
               if name in ("Via", "From", "To", "Call-ID", "CSeq")]
    headers += [(name, value.format(t="UDP", port=9, n=1, method="OPTIONS",
                                    length=0, r="r"))
                for name, value in rng.sample(HEADERS, 4)]
    at = rng.randrange(len(headers))
    name, value = headers[at]
    headers[at] = (name, _mangled(rng, value))
    if rng.random() < 0.2:
        start = _mangled(rng, start)
    return _garbled(rng, _wire(start, headers, ""))


def _garbled(rng, octets):
    """Sometimes a few octets are others, or the end is missing."""
    octets = bytearray(octets)
    if octets and rng.random() < 0.2:
        for _ in range(rng.randrange(1, 8)):
            octets[rng.randrange(len(octets))] = rng.randrange(256)
    if rng.random() < 0.1:
        del octets[rng.randrange(len(octets) + 1):]
    return bytes(octets)


# --- the torture messages ---

class Row:
    def __init__(self, directory, fields):
        self.file = fields["file"]
        with open(os.path.join(directory, self.file), "rb") as f:
            self.octets = f.read()
        self.outcomes = fields["udp_outcome"].split(",")
        self.stream = fields.get("stream_outcome", "same")

    @property
    def via_port(self):
        """Where an answer over UDP goes, without rport."""
        found = re.search(rb"(?im)^(?:via|v)\s*:\s*SIP\s*/\s*2\.0\s*/"
                          rb"\s*(\w+)\s+(?:\[[^\]]*\]|[^\s:;,]+)"
                          rb"(?:\s*:\s*(\d+))?", self.octets)
        if not found:
            return 5060
        return int(found.group(2)
                   or (5061 if found.group(1) == b"TLS" else 5060))


def torture(name):
    directory = os.path.join(CORPUS, name)
    with open(os.path.join(directory, "index.tsv"), newline="") as f:
        return [Row(directory, fields)
                for fields in csv.DictReader(f, delimiter="\t")]


def seeded(seed):
    return random.Random(seed)
