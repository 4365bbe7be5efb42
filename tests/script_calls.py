#!/usr/bin/env python3
"""Calls: two programs with each other, and one with a peer under the thumb
of the test."""

import re
import socket
import struct

from harness import (check, contains, each, equal, main, matches, test,
                     wait_until)
from peer import sdp
from program import (QUICK, answering, ended, listening, one, only, ringing,
                     run, script, start, up)


def target(message):
    """The URI of a Contact."""
    return re.search("<(.*)>", message.header("Contact")).group(1)


def call(peer, process, **options):
    """An INVITE from peer to a listening program."""
    options.setdefault("body", sdp(40000))
    return peer.request("INVITE", process.address,
                        f"sip:me@127.0.0.1:{process.port}", **options)


def acknowledge(peer, process, ok, body=b""):
    peer.request("ACK", process.address, target(ok), within=ok, body=body,
                 cseq=ok.cseq[0])


# --- two of our own ---

@each([
    ("the caller ends it over UDP", "udp", True),
    ("the callee ends it over UDP", "udp", False),
    ("the caller ends it over TCP", "tcp", True),
    ("the callee ends it over TCP", "tcp", False),
])
def two_programs_talk(t, _why, transport, caller_ends):
    end = "wait call.ended by=remote --timeout 10s"
    callee = listening(t, "-j", "-a", "sip:bob@127.0.0.1", "-c",
                       "wait call.incoming; answer; "
                       + (end if caller_ends else "bye"))
    caller = run(t, "-j", "-a", "sip:alice@127.0.0.1", "-c",
                 f"invite {callee.uri};transport={transport}; "
                 + ("bye" if caller_ends else end))
    equal(caller.status, 0, repr(caller))
    other = ended(callee)
    equal(other.status, 0, repr(other))
    ours, theirs = (one(r.events, "call.ended") for r in (caller, other))
    equal({ours["by"], theirs["by"]}, {"local", "remote"})
    equal(ours["callid"], theirs["callid"])
    contains(one(other.events, "call.incoming")["peer"], "alice@127.0.0.1")
    equal(one(other.events, "request", method="INVITE")["transport"],
          transport)


@test
def two_programs_end_with_the_inputs_end(t):
    callee = listening(t)
    callee.send("wait call.incoming")
    callee.send("answer")
    result = script(t, f"invite {callee.uri}")
    equal(result.status, 0, repr(result))
    callee.expect("ended  by remote")
    equal(callee.wait().status, 0)


@each([
    ("as it is",      "reject",                   486, "Busy Here"),
    ("with a code",   "reject 603",               603, "Decline"),
    ("with a reason", "reject 480 'Not now, no'", 480, "Not now, no"),
    ("by hangup",     "hangup",                   603, "Decline"),
    ("by reply",      "reply 404 Gone away",      404, "Gone away"),
])
def a_call_is_refused(t, _why, command, status, reason):
    callee = listening(t, "-c", f"wait call.incoming; {command}")
    result = run(t, "-j", "invite", callee.uri)
    equal(result.status, 1, repr(result))
    response = one(result.events, "response", final=True)
    equal((response["status"], response["reason"]), (status, reason))
    other = ended(callee)
    equal(other.status, 0, repr(other))


@test
def a_call_that_nobody_answers_gets_480(t):
    callee = listening(t, "-c", "set ring-timeout 50ms; "
                       "wait call.failed --timeout 5s")
    result = run(t, "-j", "invite", callee.uri)
    equal(result.status, 1, repr(result))
    equal([e["status"] for e in only(result.events, "response")][-1], 480)
    equal(ended(callee).status, 0)


@test
def our_own_ringing_has_a_bound(t):
    callee = listening(t, "-j", "-c", "wait call.failed --timeout 5s")
    result = run(t, "-j", "invite", callee.uri, "--ring", "100ms")
    check(result.status in (0, 3), repr(result))
    equal([e["status"] for e in only(result.events, "response",
                                     final=True)][-1], 487)
    other = ended(callee)
    one(other.events, "request", method="CANCEL")


@test
def a_caller_changes_his_mind(t):
    callee = listening(t, "-j", "-c", "wait call.failed --timeout 10s")
    result = run(t, "-j", "-c", f"invite {callee.uri} & ; "
                 "wait call.ringing; cancel; wait call.failed")
    equal(result.status, 0, repr(result))
    failed = one(result.events, "call.failed")
    equal((failed["by"], failed["status"]), ("local", 487))
    other = ended(callee)
    equal(one(other.events, "call.failed")["by"], "remote")


@test
def ringing_may_be_left_to_the_user(t):
    callee = listening(t, "-c", "set ring manual; wait call.incoming; "
                       "ring --code 183; ring; answer; "
                       "wait call.ended --timeout 5s")
    result = run(t, "-j", "-c", f"invite {callee.uri}; bye")
    equal(result.status, 0, repr(result))
    equal([e["status"] for e in only(result.events, "response",
                                     method="INVITE")],
          [183, 180, 200])
    equal(ended(callee).status, 0)


@test
def a_caller_is_sent_elsewhere(t):
    callee = listening(t, "-c", "wait call.incoming; "
                       "redirect sip:carol@127.0.0.1:9 sip:dave@example.com")
    result = run(t, "-j", "invite", callee.uri)
    equal(result.status, 1, repr(result))
    response = one(result.events, "response", status=302)
    equal(", ".join(response["headers"]["Contact"]),
          "<sip:carol@127.0.0.1:9>, <sip:dave@example.com>")


@test
def a_redirect_is_followed_where_that_is_wanted(t):
    peer = answering(t)
    callee = listening(t, "-c", "wait call.incoming; "
                       f"redirect {peer.uri('carol')}")
    result = run(t, "-c", f"set redirect follow; invite {callee.uri}; bye")
    equal(result.status, 0, repr(result))
    equal(peer.expect("INVITE").uri, peer.uri("carol"))
    peer.expect("BYE")


@test
def redirects_in_a_circle_end(t):
    peer = t.peer("udp")
    peer.on("OPTIONS", lambda m: peer.respond(
        m, 302, headers=[("Contact", f"<{peer.uri('bob')}>")]))
    result = run(t, "-c", f"set redirect follow; options {peer.uri('bob')}")
    equal(result.status, 9, repr(result))
    contains(result.err, "the redirection names no new contact")
    equal(len(peer.requests("OPTIONS")), 1)


# --- what a peer may do ---

@test
def a_cancel_waits_for_the_first_answer(t):
    peer = t.peer("udp")
    process = start(t, "-c", f"invite {peer.uri('bob')} & ; echo sent; "
                    "cancel; wait call.failed")
    invite = peer.expect("INVITE")
    process.expect("sent")
    check(not peer.requests("CANCEL"), "a CANCEL before any response")
    peer.on("CANCEL", 200)
    peer.respond(invite, 180)
    peer.expect("CANCEL")
    peer.respond(invite, 487)
    peer.expect("ACK")
    equal(ended(process).status, 0)


@test
def a_200_that_crosses_the_cancel_is_hung_up(t):
    peer = t.peer("udp")
    peer.on("BYE", 200)
    process = start(t, "-c", f"invite {peer.uri('bob')} & ; "
                    "wait call.ringing; cancel")
    invite = peer.expect("INVITE")
    peer.respond(invite, 180)
    cancel = peer.expect("CANCEL")
    peer.respond(invite, 200, body=sdp(40000))
    peer.respond(cancel, 200)
    peer.expect("ACK")
    peer.expect("BYE")
    check(ended(process).status in (0, 1), repr(process.result()))


@test
def both_ends_of_a_fork_are_acked_and_one_is_hung_up(t):
    peer = t.peer("udp")
    peer.on("BYE", 200)
    process = start(t, "-j", "-c", f"invite {peer.uri('bob')}; "
                    "wait request --timeout 300ms & ; "
                    "-wait call.ended --timeout 300ms; bye")
    invite = peer.expect("INVITE")
    for tag in ("one", "two"):
        peer.respond(invite, 200, body=sdp(40000), to_tag=tag)
    acks = {peer.expect("ACK").tag("To") for _ in range(2)}
    equal(acks, {"one", "two"})
    first, second = peer.expect("BYE"), peer.expect("BYE")
    equal((first.tag("To"), second.tag("To")), ("two", "one"))
    ended(process)


@test
def a_200_that_comes_again_is_acked_again(t):
    peer = t.peer("udp")
    peer.on("BYE", 200)
    process = start(t)
    process.send(f"invite {peer.uri('bob')}")
    invite = peer.expect("INVITE")
    peer.respond(invite, 200, body=sdp(40000))
    first = peer.expect("ACK")
    process.expect("200 OK")
    peer.respond(invite, 200, body=sdp(40000))
    second = peer.expect("ACK")
    equal(second.header("CSeq"), first.header("CSeq"))
    process.send("bye")
    result = process.wait()
    equal(result.status, 0)
    equal(result.out.count("invite  200 OK")
          + result.out.count(f"{peer.uri('bob')}  200 OK"), 1)


@test
def our_200_is_repeated_until_the_ack(t):
    peer = t.peer("udp")
    process = listening(t, "-c", "set t1 20ms; wait call.incoming; answer; "
                        "bye")
    peer.on("BYE", 200)
    call(peer, process)
    ok = peer.expect(200)
    again = peer.expect(200)
    equal(again.wire, ok.wire)
    acknowledge(peer, process, ok)
    peer.expect("BYE")
    equal(ended(process).status, 0)


@test
def a_200_that_nobody_acks_ends_the_call(t):
    peer = t.peer("udp")
    peer.on("BYE", 200)
    process = listening(t, "-c", f"{QUICK}; wait call.incoming; answer")
    call(peer, process)
    peer.expect(200)
    peer.expect("BYE")
    equal(ended(process).status, 3)


@test
def a_bye_of_theirs_is_answered_and_told(t):
    peer = answering(t)
    process = up(t, peer)
    invite = peer.expect("INVITE")
    to = invite.source
    bye = peer.request("BYE", to, target(invite), within=invite)
    peer.expect(lambda m: m.status == 200 and m.method == "BYE")
    process.expect("ended  by remote  bye")
    equal(process.wait().status, 0)
    check(not peer.requests("BYE"), "a BYE to an ended call")
    check(bye, "sent")


@test
def a_reinvite_of_theirs_keeps_the_session(t):
    peer = answering(t)
    process = up(t, peer)
    invite = peer.expect("INVITE")
    peer.request("INVITE", invite.source, target(invite), within=invite,
                 body=sdp(40002), cseq=7)
    ok = peer.expect(lambda m: m.status == 200 and m.cseq == (7, "INVITE"))
    contains(ok.body.decode(), "m=audio")
    peer.request("ACK", invite.source, target(invite), within=invite, cseq=7)
    process.send("bye")
    peer.expect("BYE")
    equal(process.wait().status, 0)


@test
def bye_while_it_rings_is_told_what_to_do(t):
    peer = ringing(t)
    result = run(t, "-c", f"invite {peer.uri('bob')} & ; wait call.ringing; "
                 "bye")
    equal(result.status, 2, repr(result))
    contains(result.err, "cancel or hangup")
    peer.expect("CANCEL")


@test
def hangup_fits_every_state(t):
    peer, bell = answering(t), ringing(t)
    result = run(t, "-c", f"invite {peer.uri('a')}; "
                 f"invite {bell.uri('b')} & ; wait call.ringing call=2; "
                 "hangup all; calls")
    equal(result.status, 0, repr(result))
    peer.expect("BYE")
    bell.expect("CANCEL")
    equal(len(result.out[result.out.index("CALL "):].splitlines()), 1)


# --- session descriptions ---

@test
def our_offer_says_what_we_can(t):
    peer = answering(t)
    equal(run(t, "-c", f"invite {peer.uri('bob')}; bye").status, 0)
    invite = peer.expect("INVITE")
    equal(invite.header("Content-Type"), "application/sdp")
    text = invite.body.decode()
    matches(text, r"^m=audio [1-9]\d* RTP/AVP 0 8 101\r$")
    matches(text, r"^c=IN IP4 127\.0\.0\.1\r$")
    equal(peer.expect("ACK").body, b"")


@each(["none", "late"])
def an_invite_may_have_no_offer(t, how):
    peer = answering(t)
    equal(run(t, "-c", f"invite {peer.uri('bob')} --sdp {how}; bye").status,
          0)
    equal(peer.expect("INVITE").body, b"")
    body = peer.expect("ACK").body.decode()
    if how == "late":
        matches(body, r"^m=audio [1-9]\d* RTP/AVP 0")


@test
def their_invite_may_have_no_offer(t):
    peer = t.peer("udp")
    peer.on("BYE", 200)
    process = listening(t, "-c", "wait call.incoming; answer; bye")
    call(peer, process, body=b"")
    ok = peer.expect(200)
    matches(ok.body.decode(), r"^m=audio [1-9]\d* RTP/AVP 0 8 101\r$")
    acknowledge(peer, process, ok, body=sdp(40000))
    peer.expect("BYE")
    equal(ended(process).status, 0)


@test
def an_offer_may_come_from_a_file(t):
    peer = answering(t)
    path = t.write("offer.sdp", sdp(41000, extra="a=x-mine\r\n"))
    equal(run(t, "-c", f"invite {peer.uri('bob')} --sdp {path}; bye").status,
          0)
    equal(peer.expect("INVITE").body.decode(),
          sdp(41000, extra="a=x-mine\r\n"))


@test
def without_a_common_codec_there_is_488(t):
    peer = t.peer("udp")
    process = listening(t)
    call(peer, process, body=sdp(40000).replace(
        "RTP/AVP 0 8 101", "RTP/AVP 18").replace("rtpmap:101 telephone-event",
                                                 "rtpmap:18 G729"))
    refusal = peer.expect(488)
    matches(refusal.header("Warning"), r'^30\d \S+ ".+"$')
    equal(process.wait().status, 0)


@test
def an_offer_that_is_none_is_400(t):
    peer = t.peer("udp")
    process = listening(t)
    call(peer, process, body="this is no SDP\r\n")
    check(peer.expect(lambda m: m.status and m.status >= 300).status
          in (400, 488), "another status")


# --- RTP ---

def send_rtp(to, count, lost=()):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for n in range(count):
            if n not in lost:
                s.sendto(struct.pack(">BBHII", 0x80, 0, n, n * 160, 7)
                         + b"\xff" * 160, to)


@test
def rtp_is_counted(t):
    peer = answering(t)
    process = up(t, peer, "-j")
    body = peer.expect("INVITE").body.decode()
    port = int(re.search(r"m=audio (\d+)", body).group(1))
    process.expect("call.confirmed")
    send_rtp(("127.0.0.1", port), 50, lost=(10, 11, 12))

    def read():
        """The kernel has handed over all of it."""
        with open("/proc/net/udp") as f:
            row, = [line.split() for line in f
                    if f"0100007F:{port:04X}" in line.split()[1]]
        return row[4].endswith(":00000000")
    wait_until(read, "RTP to be read")
    process.send("bye")
    result = process.wait()
    rtp = one(result.events, "call.ended")["rtp"]
    equal((rtp["rx"], rtp["lost"], rtp["tx"]), (47, 3, 0))


# --- other requests ---

@test
def a_text_goes_and_is_shown(t):
    other = listening(t, "-c", "wait message")
    result = run(t, "-a", "sip:alice@127.0.0.1", "message", other.uri,
                 "hello", "caf\u00e9", "-x")
    equal(result.status, 0, repr(result))
    text = ended(other).out
    contains(text, "sip:alice@127.0.0.1")
    contains(text, "hello caf\u00e9 -x")


@test
def a_text_may_come_from_a_file_or_stdin(t):
    peer = answering(t)
    path = t.write("text", "from a file")
    equal(run(t, "message", peer.uri("bob"), "--body", path, "--type",
              "text/x-mine").status, 0)
    message = peer.expect("MESSAGE")
    equal((message.body, message.header("Content-Type")),
          (b"from a file", "text/x-mine"))
    equal(run(t, "message", peer.uri("bob"), "--body", "-",
              input="from stdin").status, 0)
    equal(peer.expect("MESSAGE").body, b"from stdin")


@test
def info_goes_inside_a_call(t):
    peer = answering(t)
    peer.on("INFO", 200)
    path = t.write("dtmf", "Signal=5\r\nDuration=160\r\n")
    result = run(t, "-c", f"invite {peer.uri('bob')}; "
                 f"send INFO %1 --body {path} --type application/dtmf-relay;"
                 " bye")
    equal(result.status, 0, repr(result))
    invite, info = peer.expect("INVITE"), peer.expect("INFO")
    equal(info.header("Call-ID"), invite.header("Call-ID"))
    equal(info.tag("To"), peer.to_tag)
    equal(info.cseq, (2, "INFO"))
    equal(info.header("Content-Type"), "application/dtmf-relay")
    equal(info.body, b"Signal=5\r\nDuration=160\r\n")


@test
def info_of_theirs_is_shown(t):
    peer = answering(t)
    process = up(t, peer)
    invite = peer.expect("INVITE")
    peer.request("INFO", invite.source, target(invite), within=invite,
                 body="Signal=5", headers=[("Content-Type",
                                            "application/dtmf-relay")])
    peer.expect(lambda m: m.status == 200 and m.method == "INFO")
    process.expect("%1 info .*Signal=5")
    process.send("bye")
    equal(process.wait().status, 0)


@test
def any_request_may_be_sent(t):
    peer = t.peer("udp")
    peer.on("FOO", 202)
    peer.on("foo", 405)
    result = run(t, "-c", f"send FOO {peer.uri('bob')} -H 'X-A: b' "
                 "-H 'x-a: c' -H 'User-Agent:' -H 'Max-Forwards: 3' "
                 "--cseq 4711; echo $status; "
                 f"-send foo {peer.uri('bob')}; echo $status")
    equal(result.status, 0, repr(result))
    equal([line for line in result.lines if line.isdigit()], ["202", "405"])
    request = peer.expect("FOO")
    equal(request.values("X-A"), ["b", "c"])
    equal(request.values("User-Agent"), [])
    equal(request.values("Max-Forwards"), ["3"])
    equal(request.cseq, (4711, "FOO"))
    peer.expect("foo")


@test
def a_request_may_go_elsewhere_than_its_uri(t):
    peer = t.peer("tcp")
    peer.on("OPTIONS", 200)
    result = run(t, "send", "OPTIONS", "sip:bob@sip.test", "--dest",
                 f"tcp:127.0.0.1:{peer.port}")
    equal(result.status, 0, repr(result))
    equal(peer.expect("OPTIONS").uri, "sip:bob@sip.test")


@test
def a_reply_may_say_anything(t):
    peer = t.peer("udp")
    path = t.write("text", "sorry")
    process = listening(t, "-c", "wait call.incoming; reply 599 "
                        "'No reason' -H 'Retry-After: 7' "
                        f"--body {path} --type text/x-mine")
    call(peer, process)
    response = peer.expect(599)
    equal(response.start, "SIP/2.0 599 No reason")
    equal(response.header("Retry-After"), "7")
    equal((response.body, response.header("Content-Type")),
          (b"sorry", "text/x-mine"))
    equal(ended(process).status, 0)


@each([
    ("OPTIONS", 200), ("MESSAGE", 200), ("REFER", 603), ("SUBSCRIBE", 405),
    ("PUBLISH", 405), ("REGISTER", 405), ("NONSENSE", 501),
    ("PRACK", 405), ("INFO", 481), ("BYE", 481), ("UPDATE", 481),
])
def what_comes_unasked_is_answered(t, method, status):
    peer = t.peer("udp")
    process = listening(t)
    peer.request(method, process.address, process.uri)
    response = peer.expect(lambda m: not m.is_request)
    equal(response.status, status)
    if response.status == 405 or method == "OPTIONS":
        contains(response.header("Allow"), "INVITE")
    equal(process.wait().status, 0)


if __name__ == "__main__":
    main()
