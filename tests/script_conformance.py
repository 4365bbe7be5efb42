#!/usr/bin/env python3
"""What the RFCs want a user to see, and what only the program decides: the
rows of tests/conformance.tsv that no simulated clock can show."""

import re
import time

from harness import check, contains, each, equal, free_port, main, test
from peer import sdp
from program import answering, listening, one, only, run, up


def events(t, *args, **options):
    return run(t, "--json", *args, **options).events


# --- transactions ---

@each([("udp",), ("tcp",)])
def a_closed_port_is_told_within_a_second(t, transport):
    """T13"""
    uri = f"sip:bob@127.0.0.1:{free_port()};transport={transport}"
    began = time.monotonic()
    result = run(t, "options", uri)
    check(time.monotonic() - began < 1, "it took over a second")
    equal(result.status, 4)


@test
def a_final_response_that_comes_twice_is_shown_once(t):
    """T06"""
    peer = t.peer("udp")
    peer.on("OPTIONS", lambda m: (peer.respond(m, 200),
                                  peer.respond(m, 200)))
    equal(len(only(events(t, "options", peer.uri()), "response")), 1)


@test
def it_listens_on_udp_and_tcp_at_one_port(t):
    """T21"""
    port = free_port()
    process = t.start("--json", "-l", f"127.0.0.1:{port}")
    process.send("transports")
    process.expect(r'"rows":')
    for transport in ("udp", "tcp"):
        peer = t.peer(transport)
        to = ("127.0.0.1", port)
        peer.request("OPTIONS", peer.connect(to) if transport == "tcp"
                     else to, f"sip:127.0.0.1:{port}")
        peer.expect(200)


@each([
    ("too large for UDP, over TCP", ("udp", "tcp"), "SIP/2.0/TCP"),
    ("TCP refused, over UDP", ("udp",), "SIP/2.0/UDP"),
])
def a_large_message_goes_where_its_via_says(t, _why, transports, via):
    """T14"""
    port = free_port()
    peers = [t.peer(transport, port=port) for transport in transports]
    for peer in peers:
        peer.on("MESSAGE", 200)
    result = run(t, "message", f"sip:bob@127.0.0.1:{port}", "x" * 1400)
    equal(result.status, 0)
    message = peers[-1].expect("MESSAGE")
    contains(message.header("Via"), via)
    equal(len(message.body), 1400)


# --- responses ---

@each([
    ("a provisional one", 199, False),
    ("a success", 299, True),
    ("a refusal", 499, True),
    ("everywhere", 699, True),
])
def an_unknown_status_is_shown_as_it_came(t, _why, status, final):
    """U08"""
    peer = answering(t)
    peer.on("INVITE", lambda m: (
        peer.respond(m, status, "Odd", [("X-New", "yes")],
                     sdp(40000) if status // 100 == 2 else b""),
        None if final else peer.respond(m, 486)))
    shown = one(events(t, "invite", peer.uri("bob")), "response",
                method="INVITE", status=status)
    equal(shown["reason"], "Odd")
    equal(shown["final"], final)
    equal(shown["headers"]["X-New"], ["yes"])


@each([
    ("for a while", 503, "Retry-After", "18000;duration=3600", 18000),
    ("at once", 503, "Retry-After", "0 (now)", 0),
    ("not here", 480, "Retry-After", "120", 120),
    ("nowhere", 600, "Retry-After", "60", 60),
])
def a_refusal_says_when_to_try_again_and_is_not_tried(t, _why, status, name,
                                                      value, delay):
    """U25"""
    peer = t.peer("udp")
    peer.on("INVITE", lambda m: peer.respond(m, status, "No",
                                             [(name, value)]))
    result = run(t, "invite", peer.uri("bob"))
    equal(result.status, 1)
    contains(result.out, f"  {status} No")
    contains(result.out, f"  retry after {delay} s")
    equal(len(peer.requests("INVITE")), 1)


@test
def each_status_line_names_its_method(t):
    """REF6"""
    peer = answering(t)
    peer.on("INFO", lambda m: peer.respond(m, 500, "No"))
    process = up(t, peer)
    process.send("-send INFO %1")
    process.expect(r"(?m)^%1 send  500 No")
    process.send("bye")
    process.expect(r"(?m)^%1 bye  200 OK")
    process.close_stdin()
    equal(process.wait().status, 0)


@test
def received_and_rport_are_shown(t):
    """N1"""
    peer = answering(t)
    response = one(events(t, "options", peer.uri()), "response")
    sent = peer.expect("OPTIONS")
    check(re.search(r";rport(;|$)", sent.header("Via")), sent.header("Via"))
    contains(response["headers"]["Via"][0], f"rport={sent.source[1]}")
    contains(response["headers"]["Via"][0], "received=127.0.0.1")


@test
def all_bindings_of_a_registration_are_shown(t):
    """U10"""
    peer = t.peer("udp")
    peer.on("REGISTER", lambda m: peer.respond(m, 200, headers=[
        ("Contact", m.header("Contact").split(";expires")[0]
         + ";expires=60, <sip:desk@192.0.2.7>;expires=30;q=0.5"),
        ("Contact", "<sip:cell@192.0.2.8>;expires=90")]))
    shown = one(events(t, "-a", "sip:alice@127.0.0.1", "-r", peer.uri(),
                       "register", "--once"), "reg.ok")
    equal([b["expires"] for b in shown["bindings"]], [60, 30, 90])
    equal([b["self"] for b in shown["bindings"]], [True, False, False])


@test
def a_423_for_ever_ends(t):
    """U10"""
    peer = t.peer("udp")
    peer.on("REGISTER", lambda m: peer.respond(
        m, 423, headers=[("Min-Expires", "7200")]))
    result = run(t, "-a", "sip:alice@127.0.0.1", "-r", peer.uri(),
                 "register", "--once")
    equal(result.status, 9)
    equal([m.header("Expires") for m in peer.requests("REGISTER")][1:],
          ["7200"])


# --- requests ---

@test
def reason_and_user_to_user_are_shown(t):
    """F5"""
    peer = answering(t)
    uui = "56a390f3d2b7310023a2;encoding=hex"
    peer.on("INVITE", lambda m: peer.respond(
        m, 200, headers=[("User-to-User", uui)], body=sdp(40000)))
    process = up(t, peer, "--json")
    invite = peer.requests("INVITE")[0]
    peer.request("BYE", invite.source, invite.header("Contact")[1:-1],
                 within=invite, cseq=7, headers=[
                     ("Reason", 'Q.850;cause=16;text="Terminated"')])
    process.expect(r'"call.ended"')
    process.close_stdin()
    told = process.wait().events
    answer = one(told, "response", method="INVITE", status=200)
    equal(answer["headers"]["User-to-User"], [uui])
    bye = one(told, "request", method="BYE")
    equal(bye["headers"]["Reason"], ['Q.850;cause=16;text="Terminated"'])


@test
def options_is_busy_when_an_invite_would_be(t):
    """U09"""
    process = listening(t)
    process.send("set max-calls 1")
    peer = t.peer("udp")
    peer.request("INVITE", process.address, process.uri, body=sdp(40000))
    peer.expect(180)
    for method in ("INVITE", "OPTIONS"):
        peer.request(method, process.address, process.uri)
        peer.expect(lambda m, method=method: m.status == 486
                    and m.method == method)


@test
def options_says_what_we_can(t):
    """U09"""
    process = listening(t)
    peer = t.peer("udp")
    peer.request("OPTIONS", process.address, process.uri)
    answer = peer.expect(200)
    for name in ("Allow", "Accept", "Accept-Encoding", "Accept-Language",
                 "Supported"):
        check(answer.header(name) is not None, f"no {name}")


# --- offer and answer ---

OFFER = ("v=0\r\no=x 7 {version} IN IP4 127.0.0.1\r\ns=-\r\n"
         "c=IN IP4 127.0.0.1\r\nt=0 0\r\n")


def called(t, body):
    """A sipsh that was called with this offer, the peer, the INVITE."""
    process = listening(t)
    peer = t.peer("udp")
    invite = peer.request("INVITE", process.address, process.uri, body=body)
    return process, peer, invite


def media(message):
    return re.findall(rb"(?m)^m=(\S+) (\d+)", message.body)


def version(message):
    return int(re.search(rb"(?m)^o=\S+ \d+ (\d+)", message.body).group(1))


def acked(peer, process, invite, answer, cseq):
    peer.request("ACK", process.address, process.uri, within=answer,
                 cseq=cseq, call_id=invite.header("Call-ID"))


@test
def an_answer_has_the_lines_of_its_offer(t):
    """O1: as many, in order, and what we cannot do with port 0; held media
    are answered so; a new description is a new version."""
    body = (OFFER.format(version=1) + "m=video 4000 RTP/AVP 31\r\n"
            "m=audio 4002 RTP/AVP 0\r\nm=audio 4004 RTP/AVP 8\r\n")
    process, peer, invite = called(t, body)
    peer.expect(180)
    process.send("answer")
    answer = peer.expect(200)
    equal([kind for kind, _ in media(answer)], [b"video", b"audio",
                                                b"audio"])
    equal(media(answer)[0][1], b"0")
    check(media(answer)[1][1] != b"0", "the audio was refused")
    acked(peer, process, invite, answer, 1)
    held = (OFFER.format(version=2) + "m=video 0 RTP/AVP 31\r\n"
            "m=audio 4002 RTP/AVP 0\r\na=sendonly\r\n"
            "m=audio 0 RTP/AVP 8\r\n")
    peer.request("INVITE", process.address, process.uri, within=answer,
                 cseq=2, body=held)
    second = peer.expect(lambda m: m.status == 200 and m.cseq[0] == 2)
    equal(version(second), version(answer) + 1)
    contains(second.body.decode(), "a=recvonly")
    acked(peer, process, invite, second, 2)


@test
def a_late_offer_is_answered_in_the_ack(t):
    """O1: INVITE without SDP: our 2xx offers."""
    process = listening(t)
    peer = t.peer("udp")
    invite = peer.request("INVITE", process.address, process.uri)
    peer.expect(180)
    process.send("answer")
    offer = peer.expect(200)
    equal([kind for kind, _ in media(offer)], [b"audio"])
    # RFC 5407 3.1.5: one offer at a time
    peer.request("INVITE", process.address, process.uri, within=offer,
                 cseq=2, body=sdp(40000))
    peer.expect(491)
    peer.request("ACK", process.address, process.uri, within=offer, cseq=1,
                 call_id=invite.header("Call-ID"), body=sdp(40000))
    process.expect(r"%1")


@each([
    ("no codec that we have", "m=audio 4000 RTP/AVP 9\r\n", "305"),
    ("no audio at all", "m=video 4000 RTP/AVP 31\r\n", "304"),
])
def an_offer_without_a_common_codec_is_488(t, _why, lines, warning):
    """O2"""
    _, peer, _ = called(t, OFFER.format(version=1) + lines)
    refusal = peer.expect(488)
    contains(refusal.header("Warning"), warning + " ")


if __name__ == "__main__":
    main()
