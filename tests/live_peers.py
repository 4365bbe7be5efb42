#!/usr/bin/env python3
"""The peers of the live tests with each other, without sipsh: what fails here
is a fixture's fault."""

import hashlib
import re

from harness import each, equal, main, test
from peer import sdp, token
from relay import Relay
from servers import Kamailio, ended, netsip, sipp


@each([("uas_answer", "uac_call"), ("uas_slow", "uac_call"),
       ("uas_hang_up", "uac_hung_up"), ("uas_refuse", "uac_refused"),
       ("uas_cancelled", "uac_cancel"), ("uas_message", "uac_message"),
       ("uas_options", "uac_options")])
def sipp_serves_sipp(t, callee, caller):
    for options in [], ["-t", "t1"]:
        uas = sipp(t, callee, options=options)
        uac = sipp(t, caller, to=uas.port, options=options)
        uac.ended_well()
        uas.ended_well()


@test
def sipp_repeats_a_200_whose_ack_the_relay_lost(t):
    uas = sipp(t, "uas_answer")
    relay = Relay(t, uas.port)
    relay.drop("ACK", nth=1)
    peer, at = t.peer(), ("127.0.0.1", relay.port)
    peer.request("INVITE", at, uas.uri(), body=sdp(4000))
    for _ in range(2):
        ok = peer.expect(200)
        peer.request("ACK", at, uas.uri(), within=ok)
    peer.request("BYE", at, uas.uri(), within=ok, cseq=2)
    uas.ended_well()


@test
def perl_calls_perl(t):
    uas = netsip(t, "uas.pl", "answer")
    uac = netsip(t, "uac.pl", "call", uas.uri())
    for method in "INVITE", "ACK", "BYE":
        uas.expect(f"^{method}")
    ended(uac.process)


@test
def perl_gives_up_a_call_of_sipp(t):
    uas = sipp(t, "uas_cancelled")
    uac = netsip(t, "uac.pl", "cancel", uas.uri())
    uas.ended_well()
    ended(uac.process)


def md5(*parts):
    return hashlib.md5(":".join(parts).encode()).hexdigest()


def answer(challenge, user, password, method, uri):
    """An Authorization value, with qop=auth."""
    realm = re.search(r'realm="([^"]+)"', challenge).group(1)
    nonce = re.search(r'nonce="([^"]+)"', challenge).group(1)
    response = md5(md5(user, realm, password), nonce, "00000001", "c",
                   "auth", md5(method, uri))
    return (f'Digest username="{user}", realm="{realm}", nonce="{nonce}", '
            f'uri="{uri}", qop=auth, nc=00000001, cnonce="c", '
            f'response="{response}"')


def register(peer, proxy, user, password, expires="60"):
    """The answer to the second REGISTER."""
    fields = {"from_": f"<{proxy.uri(user)}>;tag=1",
              "to_": f"<{proxy.uri(user)}>", "call_id": token()}
    headers = [("Contact", f"<{peer.uri(user)}>"), ("Expires", expires)]
    at = ("127.0.0.1", proxy.port)
    peer.request("REGISTER", at, proxy.uri(), headers=headers, **fields)
    challenge = peer.expect(401).header("WWW-Authenticate")
    headers.append(("Authorization", answer(challenge, user, password,
                                            "REGISTER", proxy.uri())))
    peer.request("REGISTER", at, proxy.uri(), headers=headers, cseq=2,
                 **fields)
    return peer.expect(lambda m: m.status and m.cseq[0] == 2
                       and m.header("Call-ID") == fields["call_id"])


@each(["udp", "tcp"])
def kamailio_registers_and_forwards(t, transport):
    proxy, bob, alice = Kamailio(t), t.peer(transport), t.peer(transport)
    equal(register(bob, proxy, "bob", "wrong").status, 401)
    brief = register(bob, proxy, "bob", "pw-bob", expires="2")
    equal((brief.status, brief.header("Min-Expires")), (423, "3"))
    done = register(bob, proxy, "bob", "pw-bob")
    equal(done.values("Contact"), [f"<{bob.uri('bob')}>;expires=60"])
    bob.on("MESSAGE", 200)
    alice.request("MESSAGE", ("127.0.0.1", proxy.port), proxy.uri("bob"))
    alice.expect(200)
    alice.request("MESSAGE", ("127.0.0.1", proxy.port), proxy.uri("eve"))
    alice.expect(404)
    alice.request("INVITE", ("127.0.0.1", proxy.port), proxy.uri("bob"))
    alice.expect(407)


if __name__ == "__main__":
    main()
