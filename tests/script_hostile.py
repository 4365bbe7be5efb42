#!/usr/bin/env python3
"""Peers that mean no good, one at a time: the torture messages, forged
responses, loops, questions for the password, and terminal escapes. The
floods are in live_hostile.py."""

import re
import select
import socket
import time

from harness import check, contains, each, equal, main, test, wait_until
from hostile import Victim, torture
from peer import Message, build, sdp, token

FAST = "set t1 20ms; "          # 64*T1 are 1.28 s


# --- RFC 4475 and RFC 5118 ---

class Sources:
    """UDP sockets on an address of their own, on every port that a Via of
    the corpora names."""

    def __init__(self, t, ports):
        self.socks = []
        for third in range(2, 250):
            if self._bind(f"127.0.{third}.1", ports):
                break
        check(self.socks, "no address of loopback has these ports free")
        t.defer(lambda: [sock.close() for sock in self.socks])

    def _bind(self, host, ports):
        for port in sorted(ports):
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.socks.append(sock)
            try:
                sock.bind((host, port))
            except OSError:
                for made in self.socks:
                    made.close()
                self.socks = []
                return False
        return True

    def statuses(self):
        """Of all that has come, without 100."""
        found = []
        while True:
            ready, _, _ = select.select(self.socks, [], [], 0)
            if not ready:
                return found
            status = int(ready[0].recv(65536).split(b" ")[1])
            if status != 100:
                found.append(status)


# What they offer is G.726 and H.263 alone: 488 says that we have neither.
OFFERS_NOTHING = ("ipv6-in-sdp.dat", "ipv4-mapped-ipv6.dat")


def fits(statuses, row):
    """Every answer is one that the index allows, and one is there unless
    silence is allowed. An INVITE that would get 200 rings first."""
    outcomes = row.outcomes
    allowed = [one for one in outcomes if one.isdigit()]
    if "200" in allowed:
        allowed.append("180")
    if row.file in OFFERS_NOTHING:
        allowed.append("488")
    silence = any(one.startswith("drop") for one in outcomes)
    if "lenient" in outcomes:
        return len(statuses) <= 1
    if not statuses:
        return silence
    return all(str(status) in allowed for status in statuses)


@each(["rfc4475", "rfc5118"])
def torture_messages_over_udp(t, corpus):
    rows = torture(corpus)
    victim = Victim(t)
    sources = Sources(t, {row.via_port for row in rows})
    wrong = []
    for row in rows:
        sources.socks[0].sendto(row.octets, victim.at)
        # what was sent before has been answered before
        victim.probe()
        statuses = sources.statuses()
        if not fits(statuses, row) or len(statuses) > 1:
            wrong.append((row.file, statuses, row.outcomes))
    equal(wrong, [])


def answers_on(sock, victim, enough):
    """What comes back on a connection: statuses but 100, and whether it was
    closed. Waits until enough(statuses, closed), or in vain."""
    stream, closed = b"", False
    deadline = time.monotonic() + 3

    def statuses():
        found = re.findall(rb"(?m)^SIP/2\.0 (\d{3}) ", stream)
        return [int(one) for one in found if one != b"100"]
    while time.monotonic() < deadline and not closed:
        victim.probe()
        ready, _, _ = select.select([sock], [], [], 0)
        if ready:
            octets = sock.recv(65536)
            stream, closed = stream + octets, not octets
        elif enough(statuses(), closed):
            break
    return statuses(), closed


def stream_outcome(row, victim):
    """None, or what is wrong."""
    with victim.connect() as sock:
        sock.sendall(row.octets)
        if row.stream == "wait-then-timeout":
            statuses, closed = answers_on(sock, victim, lambda s, c: True)
            return (statuses, closed) if statuses or closed else None
        # RFC 3261 20.14: without a length nobody knows where it ends
        endless = not re.search(rb"(?im)^(content-length|l)\s*:", row.octets)
        if row.stream == "400-and-close" or endless:
            sock.shutdown(socket.SHUT_WR)
            statuses, closed = answers_on(sock, victim, lambda s, c: c)
            return None if (statuses, closed) == ([400], True) \
                else (statuses, closed)
        count = 2 if row.stream == "two messages" else 1
        drop = any(one.startswith("drop") for one in row.outcomes)
        statuses, _ = answers_on(
            sock, victim, lambda s, c: len(s) >= count or drop)
        if row.stream == "two messages":
            return None if len(statuses) == 2 else statuses
        return None if fits(statuses[:1], row) else statuses


@each(["rfc4475", "rfc5118"], timeout=120)
def torture_messages_over_tcp(t, corpus):
    victim = Victim(t)
    wrong = []
    for row in torture(corpus):
        trouble = stream_outcome(row, victim)
        if trouble is not None:
            wrong.append((row.file, trouble, row.outcomes, row.stream))
    equal(wrong, [])


# --- forged responses ---

def replaced(octets, pattern, by):
    changed = re.sub(pattern, by, octets, count=1)
    check(changed != octets, f"{pattern} is not in {octets!r}")
    return changed


@each([
    ("with another branch", rb"branch=z9hG4bK", b"branch=z9hG4bKx"),
    ("with a branch in capitals", rb"branch=z9hG4bK\w", b"branch=z9hG4bK0"),
    ("of another method", rb"CSeq: (\d+) OPTIONS", rb"CSeq: \1 INFO"),
    ("with two Vias", rb"\r\nFrom:",
     b"\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKy\r\nFrom:"),
    ("of another Call-ID", rb"Call-ID: ", b"Call-ID: x"),
    ("with another From tag", rb"(From:.*;tag=)", rb"\1x"),
    ("without a CSeq", rb"CSeq:.*\r\n", b""),
    ("of another version", rb"^SIP/2.0", b"SIP/3.0"),
    ("of status 99", rb"^SIP/2.0 200", b"SIP/2.0 99"),
    ("of status 2000", rb"^SIP/2.0 200", b"SIP/2.0 2000"),
    ("to another sent-by", rb"(Via: SIP/2.0/UDP )[^;]*", rb"\g<1>192.0.2.1"),
])
def a_forged_response_is_no_response(t, _why, pattern, by):
    peer = t.peer()
    peer.on("OPTIONS", lambda m: peer.send(
        replaced(peer.response_to(m, 200), pattern, by), m))
    run = t.run("-l", "udp:127.0.0.1", "-c", FAST + f"options {peer.uri()}")
    equal(run.status, 3, f"{run!r}")
    check(len(peer.requests("OPTIONS")) > 1, "it was sent once only")


@test
def a_forged_bye_does_not_end_a_call(t):
    peer = t.peer()
    peer.on("INVITE", lambda m: peer.respond(m, 200, body=sdp(4000)))
    process = t.start("-l", "udp:127.0.0.1", "-j")
    process.send(f"invite {peer.uri('bob')}")
    invite = peer.expect("INVITE")
    ack = peer.expect("ACK")
    contact = re.search(r"<(.*)>", invite.header("Contact")).group(1)
    for change in ({"from_": f"<{peer.uri()}>;tag=wrong"},
                   {"to_": invite.header("From") + "x"},
                   {"call_id": "other"}):
        fields = {"from_": ack.header("To"), "to_": ack.header("From"),
                  "call_id": ack.header("Call-ID"), **change}
        peer.request("BYE", invite.source, contact, cseq=9, **fields)
        peer.expect(481)
    process.send("bye")
    peer.on("BYE", 200)
    process.expect('"event":"call.ended".*"by":"local"')


# --- loops ---

def challenge(realm, nonce, more=""):
    return [("WWW-Authenticate",
             f'Digest realm="{realm}", nonce="{nonce}", qop="auth"{more}')]


@test
def a_challenge_that_is_always_stale_ends(t):
    peer = t.peer()
    peer.on("REGISTER", lambda m: peer.respond(
        m, 401, headers=challenge("r", token(), ", stale=true")))
    run = t.run("-l", "udp:127.0.0.1", "-a", peer.uri("alice"), "register",
                env={"SIPSH_PASSWORD": "secret"})
    equal(run.status, 7, f"{run!r}")
    check(len(peer.requests("REGISTER")) <= 4, f"{len(peer.received)}")


@test
def a_challenge_of_a_new_realm_each_time_ends(t):
    peer = t.peer()
    peer.on("REGISTER", lambda m: peer.respond(
        m, 401, headers=challenge(token(), token())))
    run = t.run("-l", "udp:127.0.0.1", "-a", peer.uri("alice"), "register",
                env={"SIPSH_PASSWORD": "secret"})
    equal(run.status, 7, f"{run!r}")
    check(len(peer.requests("REGISTER")) <= 4, f"{len(peer.received)}")


@test
def a_redirection_to_itself_is_followed_five_times_at_most(t):
    peer = t.peer()
    peer.on("OPTIONS", lambda m: peer.respond(
        m, 302, headers=[("Contact", f"<{peer.uri(token())}>")]))
    run = t.run("-l", "udp:127.0.0.1", "-c",
                f"set redirect follow; options {peer.uri('a')}")
    equal(run.status, 9, f"{run!r}")
    equal(len(peer.requests("OPTIONS")), 6)


@test
def a_redirection_to_the_same_uri_is_not_followed(t):
    peer = t.peer()
    peer.on("OPTIONS", lambda m: peer.respond(
        m, 302, headers=[("Contact", f"<{peer.uri('a')}>")]))
    run = t.run("-l", "udp:127.0.0.1", "-c",
                f"set redirect follow; options {peer.uri('a')}")
    check(run.status in (1, 9), f"{run!r}")
    equal(len(peer.requests("OPTIONS")), 1)


@test
def a_fan_of_redirections_is_bounded(t):
    """Each answer names forty others: 40^5 requests, were all tried."""
    peer = t.peer()
    peer.on("OPTIONS", lambda m: peer.respond(m, 302, headers=[
        ("Contact", ", ".join(f"<{peer.uri(token())}>;q=0.{n % 10}"
                              for n in range(40)))]))
    run = t.run("-l", "udp:127.0.0.1", "-c",
                f"set redirect follow; options {peer.uri('a')}")
    check(run.status in (1, 9), f"{run!r}")
    check(len(peer.requests("OPTIONS")) <= 64,
          f"{len(peer.requests('OPTIONS'))} requests")


@test
def a_redirection_puts_no_headers_into_our_request(t):
    peer, other = t.peer(), t.peer()
    bad = other.uri("x") + ("?Route=%3Csip:127.0.0.1:9%3E&From=%3Csip:z%3E"
                            "&Call-ID=z&Subject=a%0D%0AX-Evil:%201")
    peer.on("OPTIONS", lambda m: peer.respond(
        m, 302, headers=[("Contact", f"<{bad}>")]))
    other.on("OPTIONS", 200)
    run = t.run("-l", "udp:127.0.0.1", "-c",
                f"set redirect follow; options {peer.uri('a')}")
    for m in other.requests("OPTIONS"):
        equal((m.header("Route"), m.header("X-Evil")), (None, None))
        equal(m.header("Call-ID"), peer.expect("OPTIONS").header("Call-ID"))
    check(run.status in (0, 1, 9), f"{run!r}")


@test
def an_interval_that_is_never_long_enough_ends(t):
    peer = t.peer()
    peer.on("REGISTER", lambda m: peer.respond(m, 423, headers=[
        ("Min-Expires", str(int(m.header("Expires")) * 2))]))
    run = t.run("-l", "udp:127.0.0.1", "-a", peer.uri("alice"), "register")
    check(run.status in (1, 9), f"{run!r}")
    equal(len(peer.requests("REGISTER")), 2)


@test
def an_interval_of_136_years_is_asked_for_once(t):
    peer = t.peer()
    peer.on("REGISTER", lambda m: peer.respond(m, 423, headers=[
        ("Min-Expires", "4294967295")]))
    run = t.run("-l", "udp:127.0.0.1", "-a", peer.uri("alice"), "register")
    check(run.status in (1, 9), f"{run!r}")
    check(len(peer.requests("REGISTER")) <= 2, f"{run!r}")


# --- whoever asks for the password ---

def answers(*peers):
    """Requests with credentials that any of them got."""
    return [m for peer in peers for m in peer.received
            if m.header("Authorization") or m.header("Proxy-Authorization")]


def asks(status, realm="home", scheme="Digest"):
    name = "WWW-Authenticate" if status == 401 else "Proxy-Authenticate"
    return [(name, f'{scheme} realm="{realm}", nonce="{token()}"')]


def home(t):
    """The account's registrar, at an address that no stranger has."""
    peer = t.peer(host="127.0.0.9")

    def register(m):
        if m.header("Authorization"):
            peer.respond(m, 200, headers=[
                ("Contact", m.header("Contact") + ";expires=60")])
        else:
            peer.respond(m, 401, headers=asks(401))
    peer.on("REGISTER", register)
    return peer


def account(registrar):
    return ["-l", "udp:127.0.0.1", "-a", registrar.uri("alice"), "-j"]


SECRET = {"SIPSH_PASSWORD": "correct-horse"}


@each([("401", 401), ("407", 407)])
def a_bye_in_the_peers_dialog_answers_no_challenge(t, _why, status):
    registrar, stranger = home(t), t.peer()
    stranger.on("BYE", lambda m: stranger.respond(m, status,
                                                  headers=asks(status)))
    process = t.start(*account(registrar), env=SECRET)
    process.send("register --once")
    process.expect('"event":"reg.ok"')
    contact = re.search("<(.*)>", answers(registrar)[0].header(
        "Contact")).group(1)
    at = ("127.0.0.1", int(re.search(r":(\d+)", contact).group(1)))
    stranger.request("INVITE", at, contact, body=sdp(4000))
    process.expect('"event":"call.incoming"')
    process.send("answer")
    ok = stranger.expect(200)
    stranger.request("ACK", at, contact, within=ok)
    process.expect('"event":"call.confirmed"')
    process.send("bye")
    stranger.expect("BYE")
    done = process.expect('"event":"cmd.done".*"command":"bye".*')
    contains(done.group(0), '"class":"auth"')
    equal(answers(stranger), [])


@each([("the account's realm", "home"), ("another", "elsewhere")])
def a_stranger_gets_no_answer_to_his_challenge(t, _why, realm):
    registrar, stranger = home(t), t.peer()
    for method, status in ("OPTIONS", 401), ("INVITE", 407), ("MESSAGE", 401):
        stranger.on(method, lambda m, status=status: stranger.respond(
            m, status, headers=asks(status, realm)))
    run = t.run(*account(registrar), "-c",
                f"register --once; - options {stranger.uri()};"
                f" - invite {stranger.uri('x')};"
                f" message {stranger.uri('x')} hi", env=SECRET)
    equal(run.status, 7, f"{run!r}")
    equal(answers(stranger), [])
    check(answers(registrar), "the registrar should have got one")
    check("correct-horse" not in run.out + run.err, f"{run!r}")


@test
def a_redirection_takes_no_credentials_along(t):
    registrar, stranger = home(t), t.peer()
    registrar.on("OPTIONS", lambda m: registrar.respond(
        m, 302, headers=[("Contact", f"<{stranger.uri('x')}>")])
        if m.header("Authorization") else
        registrar.respond(m, 401, headers=asks(401)))
    stranger.on("OPTIONS", lambda m: stranger.respond(m, 401,
                                                      headers=asks(401)))
    run = t.run(*account(registrar), "-c",
                f"set redirect follow; options {registrar.uri('x')}",
                env=SECRET)
    equal(run.status, 7, f"{run!r}")
    equal(answers(stranger), [])
    check(stranger.requests("OPTIONS"), "it was not followed")


@each([("Basic", "Basic"), ("an unknown scheme", "Frob")])
def a_scheme_that_shows_the_password_is_not_used(t, _why, scheme):
    peer = t.peer()
    peer.on("REGISTER", lambda m: peer.respond(
        m, 401, headers=asks(401, scheme=scheme)))
    run = t.run("-l", "udp:127.0.0.1", "-a", peer.uri("alice"), "register",
                env=SECRET)
    equal(run.status, 7, f"{run!r}")
    equal(answers(peer), [])


@test
def a_weaker_algorithm_than_before_is_refused(t):
    """RFC 8760: whoever can only break MD5 asks for it."""
    peer = t.peer()
    algorithms = ["SHA-256", "MD5"]
    peer.on("REGISTER", lambda m: peer.respond(m, 200) if m.header(
        "Authorization") else peer.respond(m, 401, headers=challenge(
            "r", token(), f", algorithm={algorithms.pop(0)}")))
    peer.on("OPTIONS", lambda m: peer.respond(m, 401, headers=challenge(
        "r", token(), ", algorithm=MD5")))
    run = t.run("-l", "udp:127.0.0.1", "-a", peer.uri("alice"), "-c",
                f"register --once; options {peer.uri()}", env=SECRET)
    equal(run.status, 7, f"{run!r}")
    check(all("MD5" not in m.header("Authorization") for m in answers(peer)),
          f"{answers(peer)}")


# --- what is shown ---

NASTY = "\x1b]0;owned\x07\x1b[2J\x9b31m\x7f\u202e\u2028"


def check_shown(run, marker):
    """Nothing that a terminal would obey, in what came out."""
    for text in run.out, run.err:
        for c in text:
            check(c == "\n" or (c >= " " and not "\x7f" <= c <= "\x9f"
                                and c not in "\u202e\u2028\ufffd"),
                  f"{c!r} is in {text!r}")
    contains(run.out + run.err, marker)


SHOWN = [("as text", []), ("as JSON", ["-j"]), ("in a trace", ["--trace"])]


@each(SHOWN)
def a_response_cannot_paint_the_terminal(t, _why, options):
    peer = t.peer()
    peer.on("OPTIONS", lambda m: peer.respond(
        m, 486, reason="No" + NASTY, headers=[
            ("Warning", f'399 x "{NASTY}"'), ("Server", NASTY),
            ("X-Own" + "", NASTY), ("Contact", f'"{NASTY}" <sip:x>')]))
    run = t.run("-l", "udp:127.0.0.1", "-v", *options, "options", peer.uri())
    equal(run.status, 1, f"{run!r}")
    check_shown(run, "owned")


@each(SHOWN)
def a_challenge_cannot_paint_the_terminal(t, _why, options):
    peer = t.peer()
    peer.on("OPTIONS", lambda m: peer.respond(m, 401, headers=asks(
        401, realm=NASTY)))
    run = t.run("-l", "udp:127.0.0.1", *options, "options", peer.uri())
    equal(run.status, 7, f"{run!r}")
    check_shown(run, "401")


@each(SHOWN)
def a_request_cannot_paint_the_terminal(t, _why, options):
    peer, port = t.peer(), t.port()
    process = t.start("-l", f"udp:127.0.0.1:{port}", "-v", *options)
    at = ("127.0.0.1", port)
    from_ = f'"Bob{NASTY}" <sip:bob@127.0.0.1>;tag=1'
    process.send("transports")
    process.expect(str(port))
    for method in "MESSAGE", "INVITE", "INFO", "FROB":
        peer.request(method, at, "sip:alice@127.0.0.1", from_=from_,
                     headers=[("Content-Type", "text/plain;x=" + NASTY)]
                     if method == "MESSAGE" else [("Subject", NASTY)],
                     body="" if method == "INVITE" else "hi\n" + NASTY)
        peer.expect(lambda m: m.status and m.status > 100)
    for table in "calls", "transactions":
        process.send(table)
    check_shown(process.wait(), "owned")


# --- many ---

@test
def more_calls_than_may_wait_are_busy(t):
    peer, victim = t.peer(), Victim(t)
    for _ in range(25):
        peer.request("INVITE", victim.at, "sip:alice@127.0.0.1",
                     body=sdp(4000))
    wait_until(lambda: sum(m.status in (180, 486) for m in peer.received)
               == 25, lambda: f"{[m.start for m in peer.received]}")
    equal(sum(m.status == 180 for m in peer.received), 20)
    victim.alive()


@test
def calls_that_are_answered_leave_room_for_others(t):
    peer, victim = t.peer(), Victim(t)
    victim.process.send("set max-calls 2")
    for number in range(1, 5):
        peer.request("INVITE", victim.at, "sip:alice@127.0.0.1",
                     body=sdp(4000))
        peer.expect(180)
        victim.process.send(f"answer %{number} &")
        ok = peer.expect(200)
        peer.request("ACK", victim.at, "sip:alice@127.0.0.1", within=ok)
    peer.on("BYE", 200)


def padded(count, line):
    """An OPTIONS with so many of these lines."""
    return lambda victim, port: plain(victim, port).replace(
        b"Content-Length:", line * count + b"Content-Length:")


def plain(victim, port, uri=b""):
    return build(f"OPTIONS sip:127.0.0.1:{victim.port} SIP/2.0", [
        ("Via", f"SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{token()};rport"),
        ("From", f"<sip:a@127.0.0.1>;tag={token()}"),
        ("To", "<sip:127.0.0.1>"), ("Call-ID", token(16)),
        ("CSeq", "1 OPTIONS")]).replace(b" SIP/2.0\r\n",
                                        uri + b" SIP/2.0\r\n", 1)


VIA = b"Via: SIP/2.0/UDP 127.0.0.1:9\r\n"


@each([
    ("240 headers", padded(240, b"X-A: y\r\n"), [200]),
    ("260 headers", padded(260, b"X-A: y\r\n"), [400, 513]),
    ("64 Vias", padded(63, VIA), [200]),
    ("65 Vias", padded(64, VIA), [400, 513]),
    ("a start line of 8 kB", lambda v, p: plain(v, p, b";x=" + b"a" * 8000),
     [200]),
    ("a longer one", lambda v, p: plain(v, p, b";x=" + b"a" * 8192), [414]),
    ("one header of 16 kB", padded(1, b"X-A: " + b"a" * 16000 + b"\r\n"),
     [200]),
])
def a_message_has_bounds(t, _why, make, wanted):
    victim, peer = Victim(t), t.peer()
    peer.send(make(victim, peer.port), victim.at)
    answer = peer.expect(lambda m: m.status is not None)
    check(answer.status in wanted, f"{answer.start}")
    victim.alive()


@test
def no_core_file_is_left(t):
    """It would hold the password."""
    victim = Victim(t)
    with open(f"/proc/{victim.process.pid}/limits") as f:
        line = next(line for line in f if "core file" in line)
    equal(line.split()[4:6], ["0", "0"])


@test
def an_answer_is_not_much_larger_than_its_request(t):
    """A forged source would else be hit by more than was sent."""
    peer, victim = t.peer(), Victim(t)
    sent = peer.request("OPTIONS", victim.at, "sip:alice@127.0.0.1")
    got = peer.expect(200)
    check(len(got.wire) <= 2 * len(sent.wire),
          f"{len(sent.wire)} octets were answered by {len(got.wire)}")
    equal(len(peer.received), 1)


@test
def what_comes_from_a_stranger_is_no_reason_to_connect(t):
    """Contact, Via, Route and SDP of a MESSAGE or INVITE name a server."""
    peer, victim, lure = t.peer(), Victim(t), t.peer("tcp")
    there = lure.uri("x")
    for method in "MESSAGE", "INVITE", "OPTIONS":
        peer.request(method, victim.at, "sip:alice@127.0.0.1", headers=[
            ("Contact", f"<{there}>"), ("Route", f"<{there};lr>"),
            ("Record-Route", f"<{there};lr>"), ("Refer-To", f"<{there}>"),
            ("Alert-Info", f"<http://{lure.hostport}/>")])
        peer.expect(lambda m: m.status and m.status > 100)
    victim.alive()
    equal(lure.connections, [])


@test
def an_endless_line_is_answered_and_closed(t):
    victim = Victim(t)
    with victim.connect() as sock:
        sock.sendall(b"OPTIONS sip:" + b"a" * 70000)
        answer = b""
        while True:
            octets = sock.recv(65536)
            if not octets:
                break
            answer += octets
    check(answer == b"" or answer.startswith(b"SIP/2.0 4")
          or answer.startswith(b"SIP/2.0 513"), f"{answer!r}")
    victim.alive()


if __name__ == "__main__":
    main()
