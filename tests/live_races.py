#!/usr/bin/env python3
"""Calls whose messages are lost, late, doubled, cut up, and cross each other
(RFC 5407): two sipsh, and sipsh with real servers, through relay.py."""

from harness import check, each, equal, main, test, wait_until
from peer import sdp
from relay import Relay
from servers import (Kamailio, done, ended, netsip, of, one, sipp, table,
                     told, waits)

TRANSPORTS = ["udp", "tcp"]
FAST = "set t1 50ms; set t2 400ms; set t4 500ms; "


def pair(t, commands, transport="udp", fast=FAST):
    """A sipsh that waits behind a relay, and the relay."""
    bob, port = waits(t, fast + commands, transport)
    return bob, Relay(t, port, transport, client=t.port())


def caller(relay, commands, fast=FAST):
    """Arguments of the sipsh in front of it."""
    return ["-j", "-l", f"{relay.transport}:127.0.0.1:{relay.client}",
            "-a", "sip:alice@races.test", "-c", fast + commands]


def is_reinvite(packet):
    return packet.name == "INVITE" and packet.message.tag("To") is not None


def settled(events, count=1):
    """Each stage of so many calls was told once for each."""
    for name in "call.answered", "call.confirmed", "call.ended":
        equal(len(of(events, name)), count, name)


# --- lost and late ---

@test
def a_lost_ack_comes_again_with_the_next_200(t):
    bob, relay = pair(t, "wait call.incoming; answer; wait call.ended")
    relay.drop("ACK", nth=(1, 2))
    run = t.run(*caller(relay, f"invite {relay.uri('bob')}; sleep 500ms;"
                        " bye"))
    done(run, "bye")
    equal(relay.count("ACK"), 3)
    equal(len(of(run.events, "response", method="INVITE", status=200)), 1)
    settled(run.events)
    events = ended(bob).events
    equal(len(of(events, "request", method="ACK")), 1)
    settled(events)


@each(TRANSPORTS)
def who_never_acks_is_hung_up_on(t, transport):
    """The 200 is repeated for 64*T1, over TCP as well (13.3.1.4)."""
    bob, relay = pair(t, "wait call.incoming; answer", transport)
    relay.drop("ACK")
    run = t.run(*caller(relay, f"invite {relay.uri('bob')};"
                        " wait call.ended"))
    equal(run.status, 0, f"{run!r}")
    equal(one(run.events, "call.ended")["by"], "remote")
    equal(relay.count("200 INVITE"), 11)
    equal(relay.count("ACK"), 11)
    result = ended(bob, status=3)
    end = one(result.events, "call.ended")
    equal((end["by"], end["cause"]), ("local", "no-ack"))
    equal(of(result.events, "call.confirmed"), [])


@test
def a_register_that_is_late_is_not_counted_twice(t):
    proxy = Kamailio(t)
    relay = Relay(t, proxy.port)
    relay.delay("REGISTER", 0.3, nth=2)
    options = proxy.sipsh("alice")
    run = t.run("-j", "-l", "udp:127.0.0.1", "-a", relay.uri("alice"),
                *options[-2:], "-c", FAST + "register; sleep 500ms; bindings")
    done(run, "bindings")
    check(relay.count("REGISTER") >= 4, "the late one was sent again")
    one(run.events, "reg.ok")
    equal(len(of(run.events, "response", status=200)), 2)
    equal(len(table(run, "bindings")), 1)


@test
def what_arrives_in_another_order_makes_no_difference(t):
    """The 180 behind the 200, and BYE in front of the ACK."""
    bob, relay = pair(t, "wait call.incoming; -answer; wait call.ended")
    relay.hold("180", until="200 INVITE")
    relay.hold("ACK", until="BYE")
    run = t.run(*caller(relay, f"invite {relay.uri('bob')}; bye"))
    done(run, "bye")
    one(run.events, "call.answered")
    one(run.events, "call.ended")
    end = one(ended(bob).events, "call.ended")
    equal((end["by"], end["cause"]), ("remote", "bye"))


# --- crossing ---

@each(TRANSPORTS)
def a_200_that_crosses_cancel_is_acked_and_hung_up(t, transport):
    bob, port = waits_for_lines(t, transport)
    relay = Relay(t, port, transport, client=t.port())
    relay.hold("CANCEL", until="200 INVITE")
    alice = t.start(*caller(relay, f"invite {relay.uri('bob')} &\n"
                            "wait call.ringing; cancel"))
    wait_until(lambda: relay.count("CANCEL"), "CANCEL")
    bob.send("answer")
    run = ended(alice)
    end = one(run.events, "call.failed")
    equal((end["by"], end["cause"]), ("local", "cancel"))
    equal(of(run.events, "call.answered"), [])
    for name in "ACK", "BYE", "200 CANCEL":
        equal(relay.count(name), 1, name)
    told(bob, "call.ended")
    events = ended(bob).events
    one(events, "call.confirmed")
    equal(one(events, "call.ended")["by"], "remote")


def waits_for_lines(t, transport):
    """A sipsh that rings, and is told what to do as it goes."""
    port = t.port()
    process = t.start("-j", "-l", f"{transport}:127.0.0.1:{port}")
    process.send(FAST + "wait call.incoming")
    told(process, "cmd.done", command="set", count=3)
    return process, port


@test
def a_cancel_that_ends_nothing_is_over_at_64_t1(t):
    peer = t.peer()
    peer.on("INVITE", 180)
    peer.on("CANCEL", 200)
    run = t.run("-j", "-l", "udp:127.0.0.1", "-c",
                FAST + f"invite {peer.uri('bob')} &\nwait call.ringing; cancel")
    done(run, "invite")
    failed = one(run.events, "call.failed")
    equal((failed["by"], failed["cause"]), ("local", "cancel"))


@test
def a_reinvite_that_waits_when_the_call_ends_is_status_1(t):
    """It was refused with 491, and would have been sent again."""
    peer = t.peer()
    peer.on("INVITE", lambda m: peer.respond(m, 491) if m.tag("To")
            else peer.respond(m, 200, body=sdp(4000)))
    t.write("offer", sdp(4002))
    alice = t.start("-j", "-l", "udp:127.0.0.1", "-c",
                    f"invite {peer.uri('bob')}; send INVITE %% --body offer"
                    " --type application/sdp")
    first, second = peer.expect("INVITE"), peer.expect("INVITE")
    wait_until(lambda: len(peer.requests("ACK")) == 2, "ACKs")
    contact = first.header("Contact").strip("<>")
    peer.request("BYE", second.source, contact, within=first)
    end = done(ended(alice, status=1), "send", status=1)
    equal(end["error"]["text"], "the call ended")


@each(TRANSPORTS)
def byes_that_cross_end_the_call_on_both_sides(t, transport):
    bob, relay = pair(t, "wait call.incoming; answer; bye", transport)
    relay.cross("BYE")
    relay.cross("200 BYE")
    run = t.run(*caller(relay, f"invite {relay.uri('bob')}; bye"),
                timeout=2)
    done(run, "bye")
    result = ended(bob)
    done(result, "bye")
    for events in run.events, result.events:
        settled(events)
        one(events, "request", method="BYE")


@each(TRANSPORTS)
def who_ends_with_the_peers_bye_sends_none(t, transport):
    bob, relay = pair(t, "wait call.incoming; answer; bye", transport)
    run = t.run(*caller(relay, f"invite {relay.uri('bob')};"
                        " wait request method=BYE"), timeout=2)
    done(run, "wait")
    equal(one(run.events, "call.ended")["by"], "remote")
    done(ended(bob), "bye")
    equal(relay.count("BYE"), 1)


@each(TRANSPORTS)
def reinvites_that_cross_both_come_through(t, transport):
    """491 to both; the callee asks again before the caller does (14.1)."""
    t.write("offer", sdp(4000))
    again = "send INVITE %% --body offer --type application/sdp"
    bob, relay = pair(t, f"wait call.incoming; answer; {again};"
                      " wait call.ended", transport)
    relay.cross(is_reinvite)
    relay.cross("491")
    run = t.run(*caller(relay, f"invite {relay.uri('bob')}; {again};"
                        " wait request method=ACK; bye"))
    equal(run.status, 0, f"{run!r}")
    result = ended(bob)
    equal(relay.count("491 INVITE"), 2)
    for events in run.events, result.events:
        equal(one(events, "cmd.done", command="send")["status"], 200)
        settled(events)


# --- doubled ---

@each(TRANSPORTS)
def a_call_whose_every_message_comes_twice(t, transport):
    bob, relay = pair(t, "wait call.incoming; answer; wait info;"
                      " wait call.ended", transport)
    relay.double("*")
    t.write("body", "x")
    run = t.run(*caller(relay, f"invite {relay.uri('bob')};"
                        " send INFO %% --body body; bye"))
    done(run, "bye")
    settled(run.events)
    responses = [(event["method"], event["status"])
                 for event in of(run.events, "response")]
    equal(responses, [("INVITE", 180), ("INVITE", 200), ("INFO", 200),
                      ("BYE", 200)])
    events = ended(bob).events
    settled(events)
    equal([event["method"] for event in of(events, "request")],
          ["INVITE", "ACK", "INFO", "BYE"])
    one(events, "call.incoming")
    one(events, "info")


@each([("and the callee refuses", "reject 486", 1, "refused"),
       ("and the caller gives up", "wait call.failed", 0, "cancel")])
def a_failed_call_whose_every_message_comes_twice(t, _why, does, status,
                                                  cause):
    bob, relay = pair(t, f"wait call.incoming; {does}")
    relay.double("*")
    ends = ("wait call.ringing; cancel" if cause == "cancel"
            else "wait call.failed")
    run = t.run(*caller(relay, f"invite {relay.uri('bob')} &\n{ends}"))
    equal(run.status, status, f"{run!r}")
    one(run.events, "call.failed")
    events = ended(bob).events
    one(events, "call.incoming")
    equal(one(events, "call.failed")["cause"], cause)
    check(relay.count("ACK") >= 1, "ACK")


@each(TRANSPORTS)
def a_registration_whose_every_message_comes_twice(t, transport):
    proxy = Kamailio(t)
    relay = Relay(t, proxy.port, transport, client=t.port())
    relay.double("*")
    options = proxy.sipsh("alice")
    run = t.run("-j", "-l", f"{transport}:127.0.0.1:{relay.client}", "-a",
                relay.uri("alice"), *options[-2:], "-c",
                "register --expires 60; bindings")
    done(run, "bindings")
    one(run.events, "reg.ok")
    one(run.events, "reg.removed")
    equal(len(of(run.events, "response", status=200)), 2)
    equal(len(table(run, "bindings")), 1)


@test
def sipp_and_a_call_whose_every_message_comes_twice(t):
    uas = sipp(t, "uas_answer")
    relay = Relay(t, uas.port)
    relay.double("*")
    relay.client = t.port()
    run = t.run(*caller(relay, f"invite {relay.uri('sipp')}; bye"))
    done(run, "bye")
    settled(run.events)
    uas.ended_well()


@test
def perl_and_a_call_whose_every_message_comes_twice(t):
    uas = netsip(t, "uas.pl", "answer")
    relay = Relay(t, uas.port, client=t.port())
    relay.double("*")
    run = t.run(*caller(relay, f"invite {relay.uri('perl')}; bye"))
    done(run, "bye")
    settled(run.events)


# --- streams ---

@test
def a_call_octet_by_octet(t):
    bob, relay = pair(t, "wait call.incoming; answer; wait call.ended",
                      "tcp", fast="")
    relay.split = 1
    run = t.run(*caller(relay, f"invite {relay.uri('bob')}; bye", fast=""))
    done(run, "bye")
    for events in run.events, ended(bob).events:
        settled(events)


@test
def two_messages_in_one_write(t):
    bob, relay = pair(t, "wait message; wait message", "tcp")
    relay.join = 2
    run = t.run("-j", "-l", f"tcp:127.0.0.1:{relay.client}", "--jobs", "2",
                input=f"message {relay.uri('bob')} one\n"
                f"message {relay.uri('bob')} two\n")
    equal(run.status, 0, f"{run!r}")
    events = ended(bob).events
    equal(sorted(event["body"] for event in of(events, "message")),
          ["one", "two"])


@each([("within a request", 100), ("at once", 0)])
def a_connection_that_is_cut_is_status_4(t, _why, octets):
    peer = t.peer("tcp")
    relay = Relay(t, peer.port, "tcp", client=t.port())
    relay.cut = octets
    run = t.run("-j", "-l", f"tcp:127.0.0.1:{relay.client}", "options",
                relay.uri("bob"))
    end = done(run, "options", status=4)
    equal(end["error"]["class"], "network")


if __name__ == "__main__":
    main()
