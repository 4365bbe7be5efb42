#!/usr/bin/env python3
"""SIP over WebSocket, ws and wss: two of us, Kamailio, and servers that are
none."""

import socket
import threading

from authority import Authority
from harness import contains, each, equal, free_port, main, matches
from harness import test, wait_until
from servers import (Kamailio, done, ended, is_bound, of, one, table, told)

LOCAL = "DNS:localhost,IP:127.0.0.1,IP:::1"
WAYS = ["ws", "wss"]


def listens(t, transport, commands, *options):
    """A sipsh that can be called so, and the port."""
    port = free_port()
    process = t.start("-j", "-l", f"{transport}:127.0.0.1:{port}", *options,
                      "-c", commands)
    wait_until(lambda: is_bound(port, "tcp") or not process.running,
               lambda: f"listening: {process.result()!r}")
    return process, port


# --- two of us ---

@each(WAYS)
def two_of_us_call_each_other(t, transport):
    """Nobody can connect to the caller: what the callee has to say goes over
    the connection that there is."""
    ca = Authority(t)
    bob, port = listens(t, transport, "wait call.incoming; answer;"
                        " wait call.confirmed; send INFO %%; sleep 1s;"
                        " bye",
                        *ca.issue(LOCAL).options)
    run = t.run("-j", "--ca", ca.file, "-c", f"invite sip:bob@127.0.0.1:{port}"
                f";transport={transport}; transports; wait call.ended")
    equal(run.status, 0, f"{run!r}")
    rows = [row for row in table(run, "transports")
            if row["remote"] is not None]
    equal([(row["transport"], row["state"]) for row in rows],
          [(transport, "open")])
    there = ended(bob)
    equal(one(there.events, "call.incoming")["transport"], transport)
    equal(one(there.events, "cmd.done", command="send")["rc"], 0)
    invite = one(there.events, "request", method="INVITE")
    matches(invite["headers"]["Via"][0], r"^SIP/2.0/" + transport.upper()
            + r" [a-z2-7]{16}\.invalid;branch=")
    contains(invite["headers"]["Contact"][0], ";transport=ws>")


@test
def sips_with_ws_is_wss(t):
    ca = Authority(t)
    bob, port = listens(t, "wss", "wait call.incoming; answer;"
                        " wait call.ended", *ca.issue(LOCAL).options)
    run = t.run("-j", "--ca", ca.file, "-c",
                f"invite sips:bob@127.0.0.1:{port};transport=ws; bye")
    done(run, "bye")
    equal(one(ended(bob).events, "call.incoming")["transport"], "wss")


@test
def a_large_message_passes_in_one_frame(t):
    bob, port = listens(t, "ws", "wait message")
    text = "Grüße! " * 9000
    run = t.run("-j", "message", f"sip:bob@127.0.0.1:{port};transport=ws",
                text)
    done(run, "message")
    equal(one(ended(bob).events, "message")["body"], text)


@test
def a_certificate_that_is_not_believed_is_status_6(t):
    ca, other = Authority(t), Authority(t, "other", "Another CA")
    bob, port = listens(t, "wss", "wait message",
                        *other.issue(LOCAL).options)
    run = t.run("-j", "--ca", ca.file, "options",
                f"sip:127.0.0.1:{port};transport=wss")
    end = done(run, "options", status=6)
    contains(end["error"]["text"], "the issuer is unknown: CN=Another CA")
    bob.stop()


# --- servers that are none ---

def answers(t, octets):
    """A TCP port whose owner says this to the first octets, and closes; and
    what these were."""
    listener = socket.create_server(("127.0.0.1", 0))
    t.defer(listener.close)
    heard = []

    def serve():
        try:
            peer, _address = listener.accept()
        except OSError:
            return
        heard.append(peer.recv(4096).decode())
        peer.sendall(octets)
        peer.close()
    threading.Thread(target=serve, daemon=True).start()
    return listener.getsockname()[1], heard


@each([("a web server", b"HTTP/1.1 404 Not Found\r\n\r\n",
        "the server refused WebSocket: 404 Not Found"),
       ("SIP", b"SIP/2.0 400 Bad Request\r\n\r\n",
        "the peer does not speak WebSocket"),
       ("nothing", b"",
        "closed by the peer during the WebSocket handshake"),
       ("no subprotocol", b"HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n",
        "Sec-WebSocket-Accept does not belong to our key"),
       ("no end", b"x" * 20000, "handshake is too long")])
def a_server_without_websocket_is_status_4(t, _why, octets, words):
    port, _heard = answers(t, octets)
    end = done(t.run("-j", "options",
                     f"sip:127.0.0.1:{port};transport=ws"),
               "options", status=4)
    contains(end["error"]["text"], words)
    equal(end["error"]["class"], "network")


@test
def the_path_is_the_proxys(t):
    port, heard = answers(t, b"")
    run = t.run("-a", "sip:alice@example.test", "-P",
                f"sip:127.0.0.1:{port}/sip/over?ws;transport=ws", "options",
                "sip:bob@example.test")
    equal(run.status, 4, f"{run!r}")
    matches(heard[0], r"^GET /sip/over\?ws HTTP/1\.1\r\n"
            rf"Host: 127\.0\.0\.1:{port}\r\n")
    contains(heard[0], "\r\nSec-WebSocket-Protocol: sip\r\n")


@test
def a_path_is_of_websocket_alone(t):
    run = t.run("-a", "sip:alice@example.test", "-P",
                "sip:127.0.0.1/path;transport=tcp", "options",
                "sip:bob@example.test")
    equal(run.status, 2, f"{run!r}")
    contains(run.err, "a proxy with a path needs ;transport=ws or "
             ";transport=wss")


# --- Kamailio ---

def proxied(t, proxy, ca, user, transport):
    path = t.write(f"{user}.password", f"pw-{user}\n")
    uri = (proxy.tls_uri if transport == "wss" else proxy.uri)
    by = uri(parameters=f"/ws;transport={transport}")
    return ["-j", "--ca", ca.file, "-a", uri(user), "-r",
            by.replace("/ws;", ";"), "-P", by, "--password-file", path]


def serves(t):
    ca = Authority(t)
    return Kamailio(t, tls=ca.issue(LOCAL), WEBSOCKET=1), ca


def registers(t, proxy, ca, user, transport, commands):
    process = t.start(*proxied(t, proxy, ca, user, transport), "-c",
                      "register; " + commands)
    told(process, "reg.ok")
    return process


@each(WAYS)
def kamailio_registers_us(t, transport):
    proxy, ca = serves(t)
    run = t.run(*proxied(t, proxy, ca, "alice", transport), "-c",
                "register; bindings; transports")
    done(run, "register")
    contains(of(run.events, "reg.ok")[0]["bindings"][0]["contact"],
             ";transport=ws")
    equal(of(run.events, "response")[0]["transport"], transport)
    one(run.events, "reg.removed")
    equal(len([row for row in table(run, "transports")
               if row["state"] == "open"]), 1, "connections")


@each(WAYS)
def kamailio_carries_messages_both_ways(t, transport):
    proxy, ca = serves(t)
    bob = registers(t, proxy, ca, "bob", transport, "wait message; message "
                    "alice 'And you?'")
    alice = registers(t, proxy, ca, "alice", transport, "message bob "
                      "'How are you?'; wait message")
    equal(one(ended(alice).events, "message")["body"], "And you?")
    message = one(ended(bob).events, "message")
    equal((message["body"], message["transport"]),
          ("How are you?", transport))


@each([("ws", "ws"), ("wss", "wss"), ("ws", "wss"), ("wss", "ws")])
def kamailio_carries_calls(t, caller, callee):
    proxy, ca = serves(t)
    bob = registers(t, proxy, ca, "bob", callee,
                    "wait call.incoming; answer; wait call.ended")
    alice = registers(t, proxy, ca, "alice", caller, "invite bob; bye")
    done(ended(alice), "bye")
    there = ended(bob)
    one(there.events, "call.ended", by="remote")
    equal(one(there.events, "call.incoming")["transport"], callee)


if __name__ == "__main__":
    main()
