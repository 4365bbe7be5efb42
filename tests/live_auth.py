#!/usr/bin/env python3
"""Challenges where they hurt: within dialogs, of several realms, with nonces
that grow old; with Kamailio, and with peers that do exactly what a test
needs and check every answer."""

import hashlib
import re

from harness import check, each, equal, main, test
from peer import sdp, token
from servers import Kamailio, done, ended, of, one, told, waits

TRANSPORTS = ["udp", "tcp"]
ASKS = {401: ("WWW-Authenticate", "Authorization"),
        407: ("Proxy-Authenticate", "Proxy-Authorization")}


def md5(*parts):
    return hashlib.md5(":".join(parts).encode()).hexdigest()


def parameters(value):
    return {name: quoted or plain for name, quoted, plain in re.findall(
        r'(\w+)=(?:"([^"]*)"|([^\s,"]+))', value)}


class Guard:
    """Asks for a password of a realm, and believes each nonce so often."""

    def __init__(self, peer, realm, status=401, uses=100, user="alice",
                 password="secret"):
        self.peer, self.realm, self.status = peer, realm, status
        self.uses, self.user, self.password = uses, user, password
        self.nonces = {}        # each, and the count it was last used with
        self.asked = self.stale = 0

    def challenge(self, stale=False):
        nonce = token(20)
        self.nonces[nonce] = 0
        self.asked += 1
        self.stale += stale
        return (ASKS[self.status][0],
                f'Digest realm="{self.realm}", nonce="{nonce}", '
                f'qop="auth", algorithm=MD5' + (", stale=true" * stale))

    def credentials(self, request):
        """Those for this realm, or None."""
        for value in request.values(ASKS[self.status][1]):
            given = parameters(value)
            if given.get("realm") == self.realm:
                return given
        return None

    def lets(self, request):
        """None, or the challenge."""
        given = self.credentials(request)
        if given is None:
            return self.challenge()
        wanted = md5(md5(self.user, self.realm, self.password),
                     given["nonce"], given["nc"], given["cnonce"], "auth",
                     md5(request.method, given["uri"]))
        equal(given["response"], wanted, "response")
        count = int(given["nc"], 16)
        check(count == self.nonces[given["nonce"]] + 1,
              f"nc {count} of {self.nonces}")
        if count > self.uses:
            return self.challenge(stale=True)
        self.nonces[given["nonce"]] = count
        return None

    def then(self, go_on):
        """A handler that goes on with who is let in."""
        def handle(request):
            challenge = self.lets(request)
            if challenge is None:
                go_on(request)
            else:
                self.peer.respond(request, self.status, headers=[challenge])
        return handle


def answer(peer):
    return lambda request: peer.respond(
        request, 200, body=sdp(4000) if request.method == "INVITE" else b"")


def alice_of(t, peer):
    """Options of who has a password for what the peer guards: it is in her
    domain."""
    return ["-j", "-l", f"{peer.transport}:127.0.0.1", "-a",
            f"sip:alice@{peer.hostport}", "--password-file",
            t.write("password", "secret\n")]


def asks(t, peer, commands, *options):
    return t.run(*alice_of(t, peer), *options, "-c", commands)


# --- within a dialog ---

@each([(f"{status} over {transport}", transport, status)
       for status in ASKS for transport in TRANSPORTS])
def each_request_of_a_call_is_challenged(t, _why, transport, status):
    """A nonce of its own for each."""
    peer = t.peer(transport)
    guard = Guard(peer, "peer.test", status, uses=1)
    for method in "INVITE", "INFO", "BYE":
        peer.on(method, guard.then(answer(peer)))
    t.write("offer", sdp(4002))
    run = asks(t, peer, f"invite {peer.uri('bob')};"
               " send INVITE %% --body offer --type application/sdp;"
               " send INFO %% --body offer; bye")
    done(run, "bye")
    equal({end["rc"] for end in of(run.events, "cmd.done")}, {0})
    equal(guard.stale, 3)
    equal(guard.asked, 4)
    numbers = [m.cseq[0] for m in peer.received if m.method != "ACK"]
    equal(numbers, list(range(numbers[0], numbers[0] + 8)))
    # 13.2.2.4: the ACK of a 2xx has the credentials of its INVITE.
    accepted = [m for m in peer.requests("INVITE") if guard.credentials(m)]
    acks = {m.cseq[0]: m for m in peer.requests("ACK")}
    equal(guard.credentials(acks[accepted[0].cseq[0]]),
          guard.credentials(accepted[0]))


@each(TRANSPORTS)
def a_nonce_serves_the_whole_call(t, transport):
    peer = t.peer(transport)
    guard = Guard(peer, "peer.test", 407)
    for method in "INVITE", "BYE":
        peer.on(method, guard.then(answer(peer)))
    done(asks(t, peer, f"invite {peer.uri('bob')}; bye"), "bye")
    equal(guard.asked, 1)
    equal(list(guard.nonces.values()), [2])


@each(TRANSPORTS)
def who_called_us_gets_no_answer_to_his_challenge(t, transport):
    """SIP digest leak: he asks our BYE for the password of our own domain."""
    peer = t.peer(transport)
    guard = Guard(peer, "peer.test")
    peer.on("BYE", guard.then(answer(peer)))
    bob, port = waits(t, "wait call.incoming; answer; bye", transport,
                      alice_of(t, peer)[3:])
    at = ("127.0.0.1", port)
    connection = peer.connect(at) if transport == "tcp" else at
    uri = f"sip:alice@127.0.0.1:{port}"
    peer.request("INVITE", connection, uri, body=sdp(4000))
    peer.request("ACK", connection, uri, within=peer.expect(200))
    end = done(ended(bob, status=7), "bye", status=7)
    equal(end["error"]["class"], "auth")
    equal(len(peer.requests("BYE")), 1)


@each(TRANSPORTS)
def our_own_proxy_gets_one_though_we_were_called(t, transport):
    proxy = Kamailio(t, CHALLENGE_WITHIN=1)
    alice = t.start(*proxy.sipsh("alice", transport), "-c", "register;"
                    " wait call.incoming; answer; bye")
    told(alice, "reg.ok")
    run = t.run(*proxy.sipsh("bob", transport), "-c",
                f"invite {proxy.uri('alice')}; wait call.ended")
    equal(run.status, 0, f"{run!r}")
    equal(one(run.events, "call.ended")["by"], "remote")
    equal(done(ended(alice), "bye")["status"], 200)


@each(TRANSPORTS)
def kamailio_challenges_within_the_dialog(t, transport):
    """Its nonces are for a second."""
    proxy = Kamailio(t, CHALLENGE_WITHIN=1, NONCE_EXPIRES=1)
    bob = t.start(*proxy.sipsh("bob", transport), "-c", "register;"
                  " wait call.incoming; answer; wait call.ended")
    told(bob, "reg.ok")
    trace = t.path("trace")
    t.write("offer", sdp(4002))
    run = t.run(*proxy.sipsh("alice", transport), f"--trace={trace}", "-c",
                f"invite {proxy.uri('bob')}; sleep 2s;"
                " send INVITE %% --body offer --type application/sdp;"
                " sleep 2s; bye")
    done(run, "bye")
    equal(one(run.events, "cmd.done", command="send")["status"], 200)
    with open(trace) as f:
        equal(len(re.findall(r"SIP/2\.0 407 ", f.read())), 3)
    one(run.events, "call.ended")
    events = ended(bob).events
    equal(one(events, "call.ended")["by"], "remote")
    equal([event["method"] for event in of(events, "request")],
          ["INVITE", "ACK", "INVITE", "ACK", "BYE"])


@test
def a_call_outlives_its_account(t):
    peer = t.peer()
    guard = Guard(peer, "peer.test")
    peer.on("INVITE", guard.then(answer(peer)))
    peer.on("BYE", 200)
    run = t.run(*alice_of(t, peer)[:3], "-c",
                f"account add a sip:alice@{peer.hostport}"
                f" --password-file password; invite {peer.uri('bob')};"
                " account del a; bye")
    done(run, "bye")
    equal(guard.credentials(peer.expect("BYE")), None)


# --- stale nonces ---

@each(TRANSPORTS)
def a_refresh_with_an_old_nonce_is_challenged_again(t, transport):
    proxy = Kamailio(t, NONCE_EXPIRES=1)
    trace = t.path("trace")
    run = t.run(*proxy.sipsh("alice", transport), f"--trace={trace}", "-c",
                "register --expires 4; wait reg.ok; wait reg.ok")
    done(run, "register")
    equal(len(of(run.events, "reg.ok")), 2)
    equal(of(run.events, "reg.failed"), [])
    one(run.events, "reg.removed")
    with open(trace) as f:
        equal(len(re.findall(r"SIP/2\.0 401 ", f.read())), 2)


@test
def stale_for_ever_is_status_7(t):
    peer = t.peer()
    guard = Guard(peer, "peer.test", uses=0)
    peer.on("OPTIONS", guard.then(answer(peer)))
    run = asks(t, peer, f"options {peer.uri('bob')}")
    equal(done(run, "options", status=7)["error"]["class"], "auth")
    check(2 <= len(peer.requests("OPTIONS")) <= 5,
          f"{len(peer.requests('OPTIONS'))} requests")


# --- several realms ---

@each(TRANSPORTS)
def a_proxy_and_a_desk_ask_one_after_the_other(t, transport):
    """Kamailio with 407, and the peer behind it with 401."""
    proxy, desk = Kamailio(t), t.peer(transport)
    guard = Guard(desk, "desk.test", user="visitor", password="open")
    for method in "INVITE", "BYE":
        desk.on(method, guard.then(answer(desk)))
    run = t.run(*proxy.sipsh("bob", transport), "-c",
                f"register --once --contact {desk.uri('bob')}")
    done(run, "register")
    path = t.write("desk", "open\n")
    run = t.run(*proxy.sipsh("alice", transport), "--credentials",
                f"desk.test=visitor:{path}", "-c",
                f"invite {proxy.uri('bob')}; bye")
    done(run, "bye")
    one(run.events, "call.answered")
    equal(guard.asked, 1)
    for request in desk.requests("INVITE"):
        equal(request.values("Proxy-Authorization"), [],
              "what the proxy consumed")


@each([("both in one 407", True), ("first one, then both", False)])
def two_proxies_ask_for_their_realms(t, _why, at_once):
    peer = t.peer()
    near = Guard(peer, "near.test", 407)
    far = Guard(peer, "far.test", 407, user="other", password="else")

    def handle(request):
        challenges = [guard.lets(request) for guard in (near, far)
                      if at_once or guard is near
                      or near.credentials(request)]
        challenges = [one for one in challenges if one]
        if challenges:
            peer.respond(request, 407, headers=challenges)
        else:
            peer.respond(request, 200)
    peer.on("OPTIONS", handle)
    path = t.write("far", "else\n")
    run = asks(t, peer, f"options {peer.uri('bob')}", "--credentials",
               f"far.test=other:{path}")
    done(run, "options")
    last = peer.requests("OPTIONS")[-1]
    equal(sorted(parameters(value)["realm"] for value in
                 last.values("Proxy-Authorization")),
          ["far.test", "near.test"])
    equal(len(peer.requests("OPTIONS")), 2 if at_once else 3)


@test
def a_stranger_gets_no_answer_to_his_challenge(t):
    """The account's password is for its own domain alone."""
    home, stranger = t.peer(), t.peer(host="127.0.0.2")
    guard = Guard(stranger, "peer.test")
    stranger.on("OPTIONS", guard.then(answer(stranger)))
    run = asks(t, home, f"options {stranger.uri('bob')}")
    equal(done(run, "options", status=7)["error"]["class"], "auth")
    equal(len(stranger.requests("OPTIONS")), 1)


if __name__ == "__main__":
    main()
