#!/usr/bin/env python3
"""Flows that die: a server that is killed and comes back, a peer that leaves
pings unanswered, and what a NAT has made of our address."""

import re
import socket
import threading

from authority import Authority
from harness import check, contains, each, equal, free_port, main, test
from servers import (Kamailio, is_bound, of, one, table, told,
                     wait_until)

LOCAL = "DNS:localhost,IP:127.0.0.1"
# The second try waits 15 to 30 s, as RFC 5626 4.5 says.
RECOVERY = 40


# --- a registrar of ours that is killed ---

def serves(t, transport, port, options=()):
    """`serve registrar` there, once it listens."""
    process = t.start("-j", "-l", f"{transport}:127.0.0.1:{port}", *options,
                      "-c", "serve registrar; sleep 120s")
    kind = "udp" if transport == "udp" else "tcp"
    wait_until(lambda: is_bound(port, kind) or not process.running,
               lambda: f"listening: {process.result()!r}")
    return process


def registers(t, uri, transport, options=()):
    process = t.start("-j", "-l", "udp:127.0.0.1", "-l", "tcp:127.0.0.1",
                      *options, "-a", uri.replace("sip:", "sip:alice@", 1),
                      "-r", f"{uri};transport={transport}", "-c",
                      "register; sleep 100s")
    told(process, "reg.ok")
    return process


def tls_options(t, transport):
    """For the server, and for us."""
    if transport != "tls":
        return (), ()
    ca = Authority(t)
    pair = ca.issue(LOCAL)
    return (("--cert", pair.cert, "--key", pair.key), ("--ca", ca.file))


@each(["tcp", "tls"], timeout=60)
def a_registration_recovers_from_a_restart(t, transport):
    """The loss shows itself: it is told, tried at once, and then again."""
    theirs, ours = tls_options(t, transport)
    port = free_port()
    server = serves(t, transport, port, theirs)
    us = registers(t, f"sip:127.0.0.1:{port}", transport, ours)
    server.stop()
    lost = told(us, "reg.failed")
    contains(lost["error"]["text"], f"{transport}:127.0.0.1:{port}")
    told(us, "reg.failed", 2)
    serves(t, transport, port, theirs)
    ok = told(us, "reg.ok", 2, timeout=RECOVERY)
    equal(len(ok["bindings"]), 1, "bindings")


@test(timeout=120)
def a_registration_recovers_over_udp(t):
    """There the next refresh finds out."""
    port = free_port()
    server = serves(t, "udp", port)
    us = t.start("-j", "-l", "udp:127.0.0.1", "-a",
                 f"sip:alice@127.0.0.1:{port}", "-c",
                 "set expires 60; register; sleep 110s")
    told(us, "reg.ok")
    server.stop()
    lost = told(us, "reg.failed", timeout=60)
    contains(lost["error"]["text"], f"udp:127.0.0.1:{port}")
    serves(t, "udp", port)
    told(us, "reg.ok", 2, timeout=RECOVERY)


@each(["tcp", "tls"], timeout=60)
def kamailio_may_be_restarted(t, transport):
    ca = Authority(t)
    certificate = ca.issue(LOCAL)
    port, tls_port = free_port(), free_port()
    proxy = Kamailio(t, tls=certificate, port=port, tls_port=tls_port)
    path = t.write("password", "pw-alice\n")
    uri = proxy.tls_uri if transport == "tls" else proxy.uri
    us = t.start("-j", "--ca", ca.file, "-l", "tcp:127.0.0.1", "-a",
                 uri("alice"), "-r", uri(parameters=f";transport={transport}"),
                 "--password-file", path, "-c",
                 "set keepalive 1s; register; sleep 100s")
    told(us, "reg.ok")
    proxy.stop()
    told(us, "reg.failed")
    Kamailio(t, tls=certificate, port=port, tls_port=tls_port)
    told(us, "reg.ok", 2, timeout=RECOVERY)


@test
def kamailio_answers_pings(t):
    """Longer than the 10 s after which a silent one is given up."""
    proxy = Kamailio(t)
    run = t.run(*proxy.sipsh("alice", "tcp"), "-c",
                "set keepalive 1s; register; sleep 13s", timeout=30)
    equal(of(run.events, "reg.failed"), [])
    equal(len(of(run.events, "reg.ok")), 1)


# --- a peer of ours ---

class Peer:
    """Grants every REGISTER that comes over TCP, and keeps what else comes;
    pong: what it answers to a ping."""

    def __init__(self, t, pong):
        self.pong, self.pings, self.registers = pong, 0, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        t.defer(self.listener.close)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                sock, _from = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,),
                             daemon=True).start()

    def _serve(self, sock):
        with sock:
            data = b""
            while True:
                try:
                    more = sock.recv(65536)
                except OSError:
                    return
                if not more:
                    return
                data += more
                while data.startswith(b"\r\n\r\n"):
                    data = data[4:]
                    self.pings += 1
                    sock.sendall(self.pong)
                head, end, rest = data.partition(b"\r\n\r\n")
                if head and end:
                    data = rest
                    self.registers += 1
                    sock.sendall(self._grant(head.decode()))

    @staticmethod
    def _grant(head):
        lines = [line for line in head.split("\r\n")[1:] if re.match(
            r"(Via|From|To|Call-ID|CSeq|Contact):", line)]
        text = "\r\n".join(lines).replace(
            ";branch", ";received=203.0.113.7;rport=40000;branch")
        return (f"SIP/2.0 200 OK\r\n{text}\r\nContent-Length: 0\r\n\r\n"
                ).encode()


def keeps(t, peer, interval, seconds):
    return t.run("-j", "-a", f"sip:alice@127.0.0.1:{peer.port}",
                 "-r", f"sip:127.0.0.1:{peer.port};transport=tcp",
                 "-l", "tcp:127.0.0.1", "-c", f"set keepalive {interval}; "
                 f"register; sleep {seconds}s; transports", timeout=40)


@test
def a_flow_is_pinged_as_often_as_set(t):
    peer = Peer(t, b"\r\n")
    run = keeps(t, peer, "500ms", 3)
    equal(of(run.events, "reg.failed"), [])
    check(5 <= peer.pings <= 8, f"{peer.pings} pings in 3 s")


@test
def pings_can_be_turned_off(t):
    peer = Peer(t, b"\r\n")
    keeps(t, peer, "0", 2)
    equal(peer.pings, 0, "pings")


@test(timeout=60)
def a_ping_without_an_answer_ends_the_flow_once(t):
    """Whoever has never answered one is not given up again and again."""
    peer = Peer(t, b"")
    run = keeps(t, peer, "500ms", 24)
    lost = one(run.events, "reg.failed")
    contains(lost["error"]["text"], "no answer to a keep-alive")
    equal(lost["error"]["class"], "timeout")
    equal(len(of(run.events, "reg.ok")), 2)
    check(peer.pings > 30, f"{peer.pings} pings")


@test
def what_the_peer_saw_is_shown_and_not_believed(t):
    peer = Peer(t, b"\r\n")
    run = keeps(t, peer, "0", 0)
    seen = "203.0.113.7:40000"
    equal(of(run.events, "response")[0]["received"], seen)
    equal([row["learnt"] for row in table(run, "transports")
           if row["learnt"]], [seen])
    for event in of(run.events, "reg.ok"):
        check("203.0.113.7" not in str(event["bindings"]), event)


if __name__ == "__main__":
    main()
