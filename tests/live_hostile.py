#!/usr/bin/env python3
"""sipsh under attack: floods of messages that are wrong, over UDP and TCP,
and connections that are abused. It answers an OPTIONS probe all the while,
and neither its memory nor its descriptors grow.

$HOSTILE_MESSAGES (100000) is how many messages the floods send;
$HOSTILE_SEED (1) what they are made of."""

import os
import re
import select
import socket
import struct
import time

from harness import check, each, equal, main, test, wait_until
from hostile import (Victim, is_instrumented, malformed_request,
                     malformed_response, seeded)
from peer import Message, build, token

MESSAGES = int(os.environ.get("HOSTILE_MESSAGES", "100000"))
SEED = int(os.environ.get("HOSTILE_SEED", "1"))
BATCH = 200                     # messages between two probes


class Watch:
    """Probes, and looks at memory and descriptors; the time that a test's
    own machine was busy is not counted: the best of three probes is."""

    def __init__(self, victim):
        self.victim = victim
        self.limit = 1.0 if is_instrumented(victim) else 0.1
        self.slowest = 0.0
        self.times = []

    def look(self):
        took = self.victim.probe()
        if took > self.limit:
            took = min(took, self.victim.probe(), self.victim.probe())
        self.times.append(took)
        self.slowest = max(self.slowest, took)

    def report(self, what):
        median = sorted(self.times)[len(self.times) // 2]
        print(f"# {what}: probe median {median * 1000:.2f} ms, maximum "
              f"{self.slowest * 1000:.1f} ms; {self.victim.memory()} kB, "
              f"{self.victim.files()} descriptors")
        check(self.slowest <= self.limit,
              f"a probe took {self.slowest:.3f} s")


def steady(victim, what, before, after):
    """After the same again, memory is what it was. What came is kept for 32 s
    (timers H and J), so growth is judged by the second half of a flood."""
    if is_instrumented(victim):
        return
    check(after - before <= 8192,
          f"{what}: from {before} kB to {after} kB")


RTP = 2 * 20            # sockets of the calls that may wait for an answer


def check_files(victim, before):
    wait_until(lambda: victim.files() <= before + RTP,
               lambda: f"{victim.files()} descriptors, {before} before")


# --- floods ---

@test(timeout=280)
def malformed_requests_over_udp(t):
    victim, rng = Victim(t, "-q"), seeded(SEED)
    watch, files = Watch(victim), victim.files()
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    t.defer(sock.close)
    port, memory = sock.getsockname()[1], []
    for n in range(MESSAGES * 6 // 10):
        sock.sendto(malformed_request(rng, port, victim=victim.port)[:65000],
                    victim.at)
        if n % BATCH == 0:
            watch.look()
            memory.append(victim.memory())
    watch.report(f"{n + 1} requests over UDP")
    check_files(victim, files)
    steady(victim, "requests", memory[len(memory) // 2], memory[-1])


@test(timeout=280)
def malformed_requests_over_tcp(t):
    victim, rng = Victim(t, "-q"), seeded(SEED + 1)
    watch, files = Watch(victim), victim.files()
    sock, connections, memory = None, 0, []
    for n in range(MESSAGES // 10):
        if sock is None:
            sock = victim.connect()
            sock.setblocking(False)
            connections += 1
        octets = malformed_request(rng, sock.getsockname()[1], "TCP",
                                   victim.port)
        try:
            while sock.recv(1 << 20):
                pass
            raise ConnectionResetError("closed")
        except BlockingIOError:
            pass
        except OSError:
            sock.close()
            sock = None
            continue
        try:
            sock.sendall(octets)
        except OSError:
            sock.close()
            sock = None
        if n % BATCH == 0:
            watch.look()
            memory.append(victim.memory())
    sock and sock.close()
    watch.report(f"{n + 1} requests over {connections} TCP connections")
    check_files(victim, files)
    steady(victim, "TCP", memory[len(memory) // 2], memory[-1])


@test(timeout=280)
def malformed_responses_to_what_we_send(t):
    """Each request of ours gets a few hundred, and the right one at last."""
    peer, victim, rng = t.peer(), Victim(t, "-q"), seeded(SEED + 2)
    watch, files = Watch(victim), victim.files()
    rounds, memory = 60, []
    each_round = MESSAGES * 3 // 10 // rounds

    def flood(m):
        for _ in range(each_round):
            peer.send(malformed_response(rng, m)[:65000], m)
        victim.process.signal(0)
        peer.respond(m, 200)
    victim.process.send("set redirect follow")
    seen = set()

    def once(m):
        key = m.header("Call-ID")
        if key in seen:
            peer.respond(m, 200)
        else:
            seen.add(key)
            flood(m)
    for method in "OPTIONS", "REGISTER", "INVITE", "MESSAGE", "BYE":
        peer.on(method, once)
    commands = [f"options {peer.uri('x')}", f"message {peer.uri('x')} hello",
                f"invite {peer.uri('x')} &"]
    for n in range(rounds):
        before = len(seen)
        victim.process.send("- " + commands[n % len(commands)]
                            if n % 3 != 2 else "- " + commands[2])
        wait_until(lambda: len(seen) > before, "the next request", 60)
        watch.look()
        memory.append(victim.memory())
    watch.report(f"{rounds * each_round} responses")
    check(victim.files() <= files + 2 * rounds,
          f"{victim.files()} descriptors, {files} before")
    steady(victim, "responses", memory[len(memory) // 2], memory[-1])


@test(timeout=280)
def well_formed_requests_without_end(t):
    """A flood of OPTIONS, each a transaction of its own."""
    victim = Victim(t, "-q")
    watch, files = Watch(victim), victim.files()
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    sock.setblocking(False)
    t.defer(sock.close)
    port, sent, answered, peak = sock.getsockname()[1], 0, 0, 0
    end = time.monotonic() + 45
    while time.monotonic() < end:
        for _ in range(50):
            sock.sendto(build(f"OPTIONS sip:127.0.0.1:{victim.port} SIP/2.0", [
                ("Via", f"SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{sent}"),
                ("From", f"<sip:a@127.0.0.1>;tag={sent}"),
                ("To", "<sip:127.0.0.1>"), ("Call-ID", str(sent)),
                ("CSeq", "1 OPTIONS")]), victim.at)
            sent += 1
        while select.select([sock], [], [], 0)[0]:
            sock.recv(65536)
            answered += 1
        if sent % 1000 == 0:
            watch.look()
            peak = max(peak, victim.memory())
    print(f"# {sent} OPTIONS, {answered} answered, peak {peak} kB")
    watch.report("OPTIONS")
    equal(victim.files(), files)
    # 50,000 answers are kept for the copies of their requests
    check(is_instrumented(victim) or peak < 128 * 1024, f"{peak} kB")


# --- streams ---

def request(victim, port, method="OPTIONS", body=b"", headers=()):
    return build(f"{method} sip:127.0.0.1:{victim.port} SIP/2.0", [
        ("Via", f"SIP/2.0/TCP 127.0.0.1:{port};branch=z9hG4bK{token()}"),
        ("From", f"<sip:a@127.0.0.1>;tag={token()}"),
        ("To", "<sip:127.0.0.1>"), ("Call-ID", token(16)),
        ("CSeq", f"1 {method}"), *headers], body)


def read_all(sock, timeout=5.0):
    """Until it is closed, or silent for so long: (octets, closed)."""
    sock.settimeout(timeout)
    octets = b""
    try:
        while True:
            part = sock.recv(65536)
            if not part:
                return octets, True
            octets += part
    except TimeoutError:
        return octets, False
    except OSError:
        return octets, True


def statuses(octets):
    return [int(s) for s in re.findall(rb"(?m)^SIP/2\.0 (\d{3}) ", octets)]


@test(timeout=60)
def a_message_may_come_octet_by_octet(t):
    victim = Victim(t)
    watch = Watch(victim)
    with victim.connect() as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for octet in request(victim, 9, "MESSAGE", b"hello", [
                ("Content-Type", "text/plain")]):
            sock.sendall(bytes([octet]))
        sock.settimeout(5)
        equal(statuses(sock.recv(65536)), [200])
    watch.look()
    watch.report("octet by octet")


@test(timeout=60)
def a_thousand_messages_may_come_at_once(t):
    victim = Victim(t)
    with victim.connect() as sock:
        sock.sendall(b"".join(request(victim, 9) for _ in range(1000)))
        got = b""
        while len(statuses(got)) < 1000:
            part = sock.recv(65536)
            check(part, f"closed after {len(statuses(got))} answers")
            got += part
        equal(set(statuses(got)), {200})


@each([
    ("negative", b"Content-Length: -1"), ("a word", b"Content-Length: x"),
    ("two that differ", b"Content-Length: 0\r\nContent-Length: 5"),
    ("too large for 64 bits", b"Content-Length: 99999999999999999999"),
    ("4 GB", b"Content-Length: 4294967296"), ("hex", b"Content-Length: 0x5"),
    ("1 MB and one", b"Content-Length: 1048577"),
])
def a_length_that_cannot_be_ends_the_connection(t, _why, line):
    victim = Victim(t)
    with victim.connect() as sock:
        wire = request(victim, 9).replace(b"Content-Length: 0", line)
        sock.sendall(wire + request(victim, 9))
        octets, closed = read_all(sock)
    check(closed, "it stays open")
    check(len(statuses(octets)) <= 1 and statuses(octets) != [200],
          f"{statuses(octets)}")
    victim.alive()


@each([
    ("a start line", b"OPTIONS sip:" + b"a" * 200),
    ("one header", b"OPTIONS sip:a SIP/2.0\r\nSubject: " + b"a" * 200),
    ("folds", b"OPTIONS sip:a SIP/2.0\r\nSubject: a" + b"\r\n a" * 50),
    ("headers", b"OPTIONS sip:a SIP/2.0\r\n" + b"X: y\r\n" * 30),
    ("Vias", b"OPTIONS sip:a SIP/2.0\r\n" + b"Via: SIP/2.0/TCP a\r\n" * 10),
    ("NULs", b"\0" * 200),
])
def a_head_without_end_ends_the_connection(t, _why, start):
    """After the 64 kB of a header block: what comes then is not kept."""
    victim = Victim(t)
    more = start[-60:] if start[-2:] != b"\r\n" else start[-30:]
    before = victim.memory()
    with victim.connect() as sock:
        try:
            sock.sendall(start)
            for _ in range((4 << 20) // (len(more) * 100)):
                sock.sendall(more * 100)
        except OSError:
            pass
        octets, closed = read_all(sock)
    check(closed, "it stays open")
    check(statuses(octets) in ([], [400], [414], [513]),
          f"{statuses(octets)}")
    victim.alive()
    check(is_instrumented(victim) or victim.memory() - before < 4096,
          f"{before} kB, now {victim.memory()} kB")


@test(timeout=60)
def a_body_of_8_mb_is_not_taken(t):
    victim = Victim(t)
    before = victim.memory()
    with victim.connect() as sock:
        head = request(victim, 9, "MESSAGE", headers=[
            ("Content-Type", "text/plain")]).replace(
                b"Content-Length: 0", b"Content-Length: 8388608")
        try:
            sock.sendall(head)
            for _ in range(128):
                sock.sendall(b"x" * 65536)
        except OSError:
            pass
        octets, closed = read_all(sock)
    check(closed, "it stays open")
    check(statuses(octets) in ([413], []), f"{statuses(octets)}")
    victim.alive()
    check(is_instrumented(victim) or victim.memory() - before < 4096,
          f"{before} kB, now {victim.memory()} kB")


@test(timeout=60)
def memory_grows_with_what_comes_not_with_what_is_announced(t):
    victim = Victim(t)
    before, socks = victim.memory(), []
    for _ in range(60):
        sock = victim.connect()
        t.defer(sock.close)
        sock.sendall(request(victim, 9, "MESSAGE").replace(
            b"Content-Length: 0", b"Content-Length: 1048576") + b"x")
        socks.append(sock)
    victim.alive()
    check(is_instrumented(victim) or victim.memory() - before < 4096,
          f"{before} kB, now {victim.memory()} kB")


@test(timeout=60)
def resets_do_no_harm(t):
    victim = Victim(t)
    files, watch = victim.files(), Watch(victim)
    for n in range(500):
        sock = victim.connect()
        sock.sendall(request(victim, 9)[:n])
        if n % 3 == 0:
            sock.sendall(request(victim, 9) * 5)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                        struct.pack("ii", 1, 0))
        sock.close()
        if n % 50 == 0:
            watch.look()
    wait_until(lambda: victim.files() <= files, "descriptors are given back")
    watch.report("500 resets")


@test(timeout=60)
def two_hundred_silent_connections_leave_room(t):
    """64 are kept at most, and each for 10 s until its first header."""
    victim = Victim(t)
    files, watch = victim.files(), Watch(victim)
    began = time.monotonic()
    for n in range(200):
        sock = victim.connect()
        t.defer(sock.close)
        if n % 2:
            sock.sendall(b"OPTIONS sip:a SIP/2.0\r\n")
    victim.alive()
    check(victim.files() <= files + 64, f"{victim.files() - files} are open")
    with victim.connect() as sock:
        sock.sendall(request(victim, 9))
        equal(statuses(sock.recv(65536)), [200])
    watch.look()
    wait_until(lambda: victim.files() <= files,
               lambda: f"{victim.files() - files} are still open", 20)
    check(time.monotonic() - began > 9, "they were closed too early")
    watch.report("200 silent connections")


@test(timeout=90)
def a_slow_sender_is_cut_off(t):
    """One octet a second, for ever: a header has 10 s, a message 32 s."""
    victim = Victim(t)
    began = time.monotonic()
    wire = iter(request(victim, 9, "MESSAGE", headers=[
        ("Subject", "x" * 500)]))
    with victim.connect() as sock:
        def fed_until_closed():
            ready, _, _ = select.select([sock], [], [], 1)
            if ready:
                return True
            sock.sendall(bytes([next(wire)]))
            return False
        wait_until(fed_until_closed, "the end of the connection", 40)
    took = time.monotonic() - began
    check(9 <= took <= 34, f"after {took:.1f} s")
    victim.alive()


@test(timeout=60)
def a_reader_that_never_reads_is_cut_off(t):
    """The queue to it is bounded: 1 MB."""
    victim = Victim(t, "-q")
    before = victim.memory()
    sock = socket.socket()
    t.defer(sock.close)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.connect(victim.at)
    sock.settimeout(5)
    try:
        for _ in range(40):
            sock.sendall(b"".join(request(victim, 9) for _ in range(500)))
    except OSError:
        pass
    victim.alive()
    check(is_instrumented(victim) or victim.memory() - before < 32768,
          f"{before} kB, now {victim.memory()} kB")


if __name__ == "__main__":
    main()
