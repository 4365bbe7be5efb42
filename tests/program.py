"""How the black-box scripts call the program: on loopback alone.

    run(t, "options", peer.uri())       sipsh OPTIONS... to its end: a Run
    script(t, "echo a", "echo b")       the same, with lines on stdin
    start(t, ...), terminal(t, ...)     as t.start() and t.terminal()
    piped(t, args, stdout=fd)           with descriptors in place of files
    listening(t, ...)                   sipsh at a .port that others can reach
    serve(t, alice="secret")            the same as a registrar
    answering(t, "udp")                 a peer that takes calls
    Dns(t, "nxdomain")                  a DNS server that says the same to all
    up(t, peer, ...)                    a sipsh with a call to peer, answered

What the program sends is seen by peers, what it says by its output; both are
read as they come, so that nothing here waits for a fixed time.
"""

import os
import socket
import struct
import threading

from harness import Failure, free_port, wait_until
from peer import sdp

LOOPBACK = ("-l", "udp:127.0.0.1", "-l", "tcp:127.0.0.1")
QUICK = "set t1 10ms"           # 64*T1, the end of a transaction: 0.64 s


def run(t, *args, **options):
    return t.run(*LOOPBACK, *args, **options)


def script(t, *lines, args=(), **options):
    return t.run(*LOOPBACK, *args, input="".join(line + "\n"
                                                 for line in lines),
                 **options)


def start(t, *args, **options):
    return t.start(*LOOPBACK, *args, **options)


def terminal(t, *args, **options):
    return t.terminal(*LOOPBACK, *args, **options)


def piped(t, args, redirect, fds=(), env=None):
    """The program with what sh makes of redirect: "<&-", f">&{fd}"."""
    process = t.spawn(["sh", "-c", f'exec "$@" {redirect}', "sh",
                       *t.command([*LOOPBACK, *args])],
                      pass_fds=fds, env=env)
    t.defer(lambda: t.sound(process.result()))
    return process


_ends = set()           # of pipes, that are open


def pipe(t):
    """(reader, writer), each closed at the end unless close() was called."""
    ends = os.pipe()
    _ends.update(ends)
    for end in ends:
        t.defer(close, end)
    return ends


def close(fd):
    if fd in _ends:
        _ends.remove(fd)
        os.close(fd)


def only(events, name, **keys):
    """The events of this name with these values."""
    return [event for event in events if event["event"] == name
            and all(event.get(key) == keys[key] for key in keys)]


def one(events, name, **keys):
    found = only(events, name, **keys)
    if len(found) != 1:
        raise Failure(f"{len(found)} events {name} {keys} in {events}")
    return found[0]


# --- others to talk to ---

def _is_bound(port):
    """A UDP socket of 127.0.0.1 has this port."""
    with open("/proc/net/udp") as f:
        return any(line.split()[1] == f"0100007F:{port:04X}"
                   for line in f.readlines()[1:])


def listening(t, *args):
    """sipsh at a port of its own, once it can be reached: a Process with
    .port, .uri and .address."""
    port = free_port()
    process = t.spawn(t.command(["-l", f"udp:127.0.0.1:{port}",
                                 "-l", f"tcp:127.0.0.1:{port}", *args]),
                      ready=lambda: _is_bound(port))
    t.defer(lambda: t.sound(process.result()))
    process.port, process.uri = port, f"sip:127.0.0.1:{port}"
    process.address = ("127.0.0.1", port)
    return process


def serve(t, *args, realm="lab", **users):
    """A registrar on UDP and TCP at 127.0.0.1; users: name=password."""
    options = ["--realm", realm]
    for name, password in users.items():
        path = t.write(f"served-{name}", password + "\n")
        options += ["--user", f"{name}:{path}"]
    return listening(t, "serve", "registrar", *options, *args)


def account(t, registrar, user="alice", password="secret"):
    """Options that make us this user of a registrar."""
    path = t.write(f"password-{user}", password + "\n")
    return ["-a", f"sip:{user}@127.0.0.1:{registrar.port}",
            "--password-file", path]


def answering(t, transport="udp", port=None):
    """A peer that rings, answers, and agrees to the end."""
    peer = t.peer(transport, port=port)
    peer.on("INVITE", lambda m: (
        peer.respond(m, 180),
        peer.respond(m, 200, body=sdp(40000))))
    peer.on("BYE", 200)
    peer.on("OPTIONS", 200)
    peer.on("MESSAGE", 200)
    return peer


def ringing(t, transport="udp"):
    """A peer that rings until the call is cancelled."""
    peer = t.peer(transport)
    invites = []
    peer.on("INVITE", lambda m: (invites.append(m), peer.respond(m, 180)))
    peer.on("CANCEL", lambda m: (peer.respond(m, 200),
                                 peer.respond(invites[0], 487)))
    return peer


def up(t, peer, *args):
    """A sipsh that reads stdin, with a call to peer that is up."""
    process = start(t, *args)
    process.send(f"invite {peer.uri('bob')}")
    peer.expect("ACK")
    return process


class Dns:
    """A DNS server that answers every query with the same: "nxdomain",
    "servfail", "silence", or {name: IPv4 address} for A, nothing else."""

    def __init__(self, t, answer):
        self.answer, self.queries = answer, 0
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.bind(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self._sock.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()
        t.defer(self._close)

    def _close(self):
        try:
            self._sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass                        # not connected, and woken up
        self._sock.close()

    def _serve(self):
        while True:
            try:
                query, source = self._sock.recvfrom(4096)
            except OSError:
                return
            if not query:
                return
            self.queries += 1
            if self.answer != "silence":
                self._sock.sendto(self._response(query), source)

    def _response(self, query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode())
            at += 1 + query[at]
        kind = struct.unpack(">H", query[at + 1:at + 3])[0]
        question = query[12:at + 5]
        record, code = b"", 0
        if isinstance(self.answer, str):
            code = {"nxdomain": 3, "servfail": 2}[self.answer]
        elif kind == 1 and ".".join(labels) in self.answer:
            record = (b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4)
                      + socket.inet_aton(self.answer[".".join(labels)]))
        head = query[:2] + struct.pack(">HHHHH", 0x8180 | code, 1,
                                       1 if record else 0, 0, 0)
        return head + question + record


def silent(t):
    """A UDP port that is open and says nothing: its URI."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("127.0.0.1", 0))
    t.defer(s.close)
    return "sip:bob@127.0.0.1:%d" % s.getsockname()[1]


def ended(process, timeout=10):
    """Its end, with stdin left as it is."""
    wait_until(lambda: not process.running,
               lambda: f"the end of {process.result()!r}", timeout)
    return process.result()
