#!/usr/bin/env python3
"""Where requests go: forks, offers, routes, new targets and redirections;
with Kamailio, and with peers that do exactly what a test needs."""

import re

from harness import check, contains, each, equal, main, test
from peer import sdp
from servers import Kamailio, done, ended, of, one, told, waits

TRANSPORTS = ["udp", "tcp"]
FAST = "set t1 50ms; set t2 400ms; set t4 500ms; "


def calls(t, transport, commands, *options):
    """A sipsh that is on its way."""
    return t.start("-j", "-l", f"{transport}:127.0.0.1", *options, "-c",
                   commands)


def answers(peer, headers=()):
    """Takes whatever call comes."""
    peer.on("INVITE", lambda m: peer.respond(m, 200, headers=headers,
                                             body=sdp(4000)))
    peer.on("BYE", 200)


def rings_at(t, transport, commands):
    """A peer's call of a sipsh that does this; the peer and the address."""
    process, port = waits(t, FAST + commands, transport)
    by = "" if transport == "udp" else ";transport=tcp"
    return process, t.peer(transport), ("127.0.0.1", port), \
        f"sip:sipsh@127.0.0.1:{port}{by}"


# --- forks ---

@each(TRANSPORTS)
def both_2xx_of_a_fork_are_acked_and_the_second_is_hung_up(t, transport):
    peer = t.peer(transport)

    def fork(invite):
        for tag in "one", "two":
            peer.respond(invite, 180, to_tag=tag)
        for tag in "one", "two":
            peer.respond(invite, 200, to_tag=tag, body=sdp(4000))
    peer.on("INVITE", fork)
    peer.on("BYE", 200)
    alice = calls(t, transport, f"invite {peer.uri('bob')};"
                  " wait call.ended")
    told(alice, "call.answered")
    bye = peer.expect("BYE")
    equal(bye.tag("To"), "two")
    acks = [peer.expect("ACK") for _ in range(2)]
    equal(sorted(ack.tag("To") for ack in acks), ["one", "two"])
    invite = peer.requests("INVITE")[0]
    by_alice = {"from_": invite.header("To") + ";tag=one",
                "to_": invite.header("From")}
    contact = re.search("<(.*)>", invite.header("Contact")).group(1)
    peer.request("BYE", invite, contact, within=invite, **by_alice)
    run = ended(alice)
    equal({event["to_tag"] for event in of(run.events, "call.ringing")},
          {"one", "two"})
    equal(one(run.events, "call.answered")["to_tag"], "one")
    equal(one(run.events, "call.ended")["by"], "remote")
    equal(len(peer.requests("BYE")), 1)


@test
def kamailio_forks_and_both_answer(t):
    """The 200 of the second meets the proxy's CANCEL."""
    proxy, first, second = Kamailio(t), t.peer(), t.peer()
    run = t.run(*proxy.sipsh("bob"), "-c", "register --once"
                f" --contact {first.uri('bob')}"
                f" --contact {second.uri('bob')}")
    done(run, "register")
    alice = t.start(*proxy.sipsh("alice"), "-c",
                    f"invite {proxy.uri('bob')}; wait request method=BYE")
    invites = first.expect("INVITE"), second.expect("INVITE")
    second.on("BYE", 200)
    second.respond(invites[1], 180)
    # the proxy cancels no branch that it has not heard of yet
    alice.expect('"event":"call.ringing"')
    first.respond(invites[0], 200, body=sdp(4000))
    second.respond(second.expect("CANCEL"), 200)
    second.respond(invites[1], 200, body=sdp(4002))
    for peer in first, second:
        equal(peer.expect("ACK").tag("To"), peer.to_tag)
    second.expect("BYE")
    contact = re.search("<(.*)>", invites[0].header("Contact")).group(1)
    route = ("Route", invites[0].header("Record-Route"))
    first.request("BYE", ("127.0.0.1", proxy.port), contact,
                  within=invites[0], headers=[route])
    first.expect(200)
    run = ended(alice)
    one(run.events, "call.answered", to_tag=first.to_tag)
    equal(one(run.events, "call.ended")["by"], "remote")


# --- offers and answers ---

@each(TRANSPORTS)
def a_late_offer_is_answered_in_the_ack(t, transport):
    peer = t.peer(transport)
    answers(peer)
    run = t.run("-j", "-l", f"{transport}:127.0.0.1", "-c",
                f"invite {peer.uri('bob')} --sdp late; bye")
    done(run, "bye")
    equal(peer.expect("INVITE").body, b"")
    ack = peer.expect("ACK")
    equal(ack.header("Content-Type"), "application/sdp")
    contains(ack.body.decode(), "m=audio ")


@each(TRANSPORTS)
def who_is_called_without_an_offer_makes_one(t, transport):
    bob, peer, at, uri = rings_at(t, transport,
                                  "wait call.incoming; answer; bye")
    peer.on("BYE", 200)
    connection = peer.connect(at) if transport == "tcp" else at
    peer.request("INVITE", connection, uri)
    ok = peer.expect(200)
    contains(ok.body.decode(), "m=audio ")
    peer.request("ACK", connection, uri, within=ok, body=sdp(4000))
    run = ended(bob)
    done(run, "bye")
    one(run.events, "call.confirmed")


@each(TRANSPORTS)
def a_200_comes_until_its_ack(t, transport):
    bob, peer, at, uri = rings_at(t, transport, "wait call.incoming; answer;"
                                  " wait call.ended")
    connection = peer.connect(at) if transport == "tcp" else at
    peer.request("INVITE", connection, uri, body=sdp(4000))
    copies = [peer.expect(200) for _ in range(4)]
    equal(len({copy.wire for copy in copies}), 1)
    gaps = [after.time - before.time
            for before, after in zip(copies, copies[1:])]
    for gap, wanted in zip(gaps, (0.05, 0.1, 0.2)):
        check(wanted - 0.01 < gap < wanted + 0.1, f"{gaps}")
    peer.request("ACK", connection, uri, within=copies[0])
    told(bob, "call.confirmed")
    peer.request("BYE", connection, uri, within=copies[0], cseq=2)
    peer.expect(lambda m: m.status == 200 and m.cseq == (2, "BYE"))
    ended(bob)
    equal(len([m for m in peer.received if m.status == 200
               and m.cseq == (1, "INVITE")]), 4)


@each(TRANSPORTS)
def each_copy_of_a_200_is_acked(t, transport):
    peer = t.peer(transport)
    peer.on("INVITE", lambda m: [peer.respond(m, 200, body=sdp(4000))
                                 for _ in range(3)])
    peer.on("BYE", 200)
    run = t.run("-j", "-l", f"{transport}:127.0.0.1", "-c",
                f"invite {peer.uri('bob')}; sleep 100ms; bye")
    done(run, "bye")
    equal(len({ack.wire for ack in peer.requests("ACK")}), 1)
    equal(len(peer.requests("ACK")), 3)
    equal(len(of(run.events, "response", method="INVITE")), 1)
    one(run.events, "call.answered")


# --- routes and targets ---

@each([(f"{name} over {transport}", transport, parameter)
       for name, parameter in (("loose", ";lr"), ("strict", ""))
       for transport in TRANSPORTS])
def a_call_follows_its_record_route(t, _why, transport, parameter):
    """12.2.1.1: the answer's list, the last first; behind a strict router the
    target is the last Route."""
    peer = t.peer(transport)
    near, far = (f"<{peer.uri(name, parameter)}>" for name in
                 ("near", "far"))
    target = peer.uri("peer")
    answers(peer, [("Record-Route", far), ("Record-Route", near)])
    run = t.run("-j", "-l", f"{transport}:127.0.0.1", "-c",
                f"invite {peer.uri('bob')}; bye")
    done(run, "bye")
    for method in "ACK", "BYE":
        request = peer.expect(method)
        routes = ", ".join(request.values("Route"))
        if parameter:
            equal(request.uri, target)
            equal(routes, f"{near}, {far}")
        else:
            check(near.startswith(f"<{request.uri}"), request)
            equal(routes, f"{far}, <{target}>")


@each(TRANSPORTS)
def a_callee_follows_the_record_route_it_was_given(t, transport):
    bob, peer, at, uri = rings_at(t, transport,
                                  "wait call.incoming; answer; bye")
    peer.on("BYE", 200)
    connection = peer.connect(at) if transport == "tcp" else at
    near, far = (f"<{peer.uri(name, ';lr')}>" for name in ("near", "far"))
    peer.request("INVITE", connection, uri, body=sdp(4000),
                 headers=[("Record-Route", f"{near}, {far}")])
    ok = peer.expect(200)
    equal(", ".join(ok.values("Record-Route")), f"{near}, {far}")
    peer.request("ACK", connection, uri, within=ok)
    bye = peer.expect("BYE")
    equal(bye.uri, peer.uri("peer"))
    equal(", ".join(bye.values("Route")), f"{near}, {far}")
    done(ended(bob), "bye")


@each(TRANSPORTS)
def a_reinvite_of_the_peer_moves_the_target(t, transport):
    peer, new = t.peer(transport), t.peer(transport)
    answers(peer)
    new.on("BYE", 200)
    alice = calls(t, transport, f"invite {peer.uri('bob')};"
                  " wait request method=ACK; bye")
    invite, _ = peer.expect("INVITE"), peer.expect("ACK")
    contact = re.search("<(.*)>", invite.header("Contact")).group(1)
    at = invite.connection or invite.source
    peer.request("INVITE", at, contact, within=invite, body=sdp(4000),
                 headers=[("Contact", f"<{new.uri('new')}>")])
    ok = peer.expect(200)
    peer.request("ACK", at, contact, within=invite)
    check(ok.body, "the session is kept")
    bye = new.expect("BYE")
    equal(bye.uri, new.uri("new"))
    done(ended(alice), "bye")
    equal(peer.requests("BYE"), [])


@each(TRANSPORTS)
def the_answer_to_our_reinvite_moves_the_target(t, transport):
    peer, new = t.peer(transport), t.peer(transport)
    peer.on("INVITE", lambda m: peer.respond(
        m, 200, body=sdp(4000), headers=[("Contact", f"<{new.uri('new')}>")]
        if m.tag("To") else []))
    new.on("BYE", 200)
    t.write("offer", sdp(4002))
    run = t.run("-j", "-l", f"{transport}:127.0.0.1", "-c",
                f"invite {peer.uri('bob')}; send INVITE %% --body offer"
                " --type application/sdp; bye")
    done(run, "bye")
    equal(peer.expect("ACK").uri, peer.uri("peer"))
    equal(new.expect("ACK").uri, new.uri("new"))
    equal(new.expect("BYE").uri, new.uri("new"))


# --- redirections ---

def redirects(peer, *contacts):
    peer.on("INVITE", lambda m: peer.respond(
        m, 302, headers=[("Contact", one) for one in contacts]))


def follows(t, transport, uri, status, commands=""):
    run = t.run("-j", "-l", f"{transport}:127.0.0.1", "-c",
                f"set redirect follow; invite {uri}{commands}")
    equal(run.status, status, f"{run!r}")
    return run


@each(TRANSPORTS)
def a_redirection_is_shown_with_its_contacts(t, transport):
    peer = t.peer(transport)
    redirects(peer, "<sip:a@192.0.2.1>;q=0.5", "<sip:b@192.0.2.1>")
    run = t.run("-j", "-l", f"{transport}:127.0.0.1", "invite",
                peer.uri("bob"))
    equal(done(run, "invite", status=1)["status"], 302)
    equal(one(run.events, "response")["headers"]["Contact"],
          ["<sip:a@192.0.2.1>;q=0.5", "<sip:b@192.0.2.1>"])
    equal(len(peer.requests("INVITE")), 1)


@each(TRANSPORTS)
def the_best_contact_is_tried_first_and_then_the_next(t, transport):
    peer, busy, free = (t.peer(transport) for _ in range(3))
    redirects(peer, f"<{free.uri('bob')}>;q=0.2",
              f"<{busy.uri('bob')}>;q=0.8")
    busy.on("INVITE", 486)
    answers(free)
    follows(t, transport, peer.uri("bob"), 0, "; bye")
    tried = [one.expect("INVITE") for one in (peer, busy, free)]
    equal(sorted(tried, key=lambda m: m.time), tried)
    equal(len({m.header("To") for m in tried}), 1, "To is not changed")
    equal(len({m.header("Call-ID") for m in tried}), 1)
    equal(tried[2].uri, free.uri("bob"))


@each(TRANSPORTS)
def a_loop_of_redirections_is_asked_once_around(t, transport):
    one_of, other = t.peer(transport), t.peer(transport)
    redirects(one_of, f"<{other.uri('bob')}>")
    redirects(other, f"<{one_of.uri('bob')}>")
    follows(t, transport, one_of.uri("bob"), 9)
    equal([len(peer.requests("INVITE")) for peer in (one_of, other)],
          [1, 1])


@each(TRANSPORTS)
def a_fan_of_redirections_is_followed_so_far_and_no_further(t, transport):
    """Each of twenty contacts knows twenty others."""
    peer = t.peer(transport)
    peer.on("INVITE", lambda m: peer.respond(m, 302, headers=[
        ("Contact", f"<{peer.uri(f'u{len(peer.received)}-{n}')}>")
        for n in range(20)]))
    follows(t, transport, peer.uri("bob"), 9)
    equal(len(peer.requests("INVITE")), 6)


@test
def our_registrar_redirects_to_who_is_registered(t):
    server, port = waits(t, "serve registrar")
    domain = f"sip:{{}}@127.0.0.1:{port}"
    bob = t.start("-j", "-l", "udp:127.0.0.1", "-a", domain.format("bob"),
                  "-c", "register; wait call.incoming; answer;"
                  " wait call.ended")
    told(bob, "reg.ok")
    run = follows(t, "udp", domain.format("bob"), 0, "; bye")
    one(run.events, "call.answered")
    equal(one(ended(bob).events, "call.ended")["by"], "remote")
    check(server.running, "the registrar")


if __name__ == "__main__":
    main()
