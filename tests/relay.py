"""A bad network on loopback: a relay between one client and one server.

    relay = Relay(t, target=port)       "udp"; or Relay(t, port, "tcp")
    relay.uri("bob")                    whom the client calls
    relay.drop("ACK", nth=1)            the first ACK is lost
    relay.double("180")                 each 180 comes twice
    relay.delay("REGISTER", 0.8, nth=2) the second REGISTER is late
    relay.hold("CANCEL", until="200 INVITE")
                                        it waits until the 200 has passed
    relay.cross("BYE")                  one from each side: none goes on
                                        before both are here
    relay.chance(seed=1, loss=0.3, twice=0.1, late=0.02)
    relay.count("ACK")                  how many have arrived here
    relay.lost                          how many have not gone on

A message is named by its method, "ACK", or by its status and what it
answers, "200 INVITE", which "200" names as well; "*" names all; a function of
the Packet may say, too. nth: a number, or several, of those so named. The
first rule that names a message decides; what no rule names goes on.

A relay is a NAT, and what goes within a dialog would leave it: it shows each
side itself in place of the other, in Contact, Route and Record-Route. Of a
TCP client it has to be told the port at which it listens: client=port.

A stream is passed on message by message, and by these, which may be changed
at any time:

    relay.split = 1                     octets in one write
    relay.join = 3                      messages that wait to be one write
    relay.cut = 100                     octets to the server, then the
                                        connection is closed
"""

import collections
import heapq
import random
import re
import socket
import threading
import time

from harness import PATIENCE, free_port
from peer import Connection, Message

NAMED = re.compile(rb"(?im)^(?:contact|m|route|record-route)[ \t]*:.*$")
ADDRESS = re.compile(rb"127\.0\.0\.1:(\d+)")
USER = re.compile(r"sips?:([^@>;]*)@")


class Packet:
    """A message under way; forward: to the server."""

    def __init__(self, message, forward):
        self.message, self.forward = message, forward
        self.name = (message.method if message.is_request
                     else f"{message.status} {message.method}")

    def fits(self, selector):
        if callable(selector):
            return selector(self)
        return selector in ("*", self.name, self.name.split()[0])

    @property
    def identity(self):
        """What it is, the same in each run: no branch, tag or Call-ID."""
        users = [USER.search(self.message.header(name) or "")
                 for name in ("From", "To")]
        challenged = any(self.message.header(name) for name in
                         ("Authorization", "Proxy-Authorization"))
        return (self.forward, self.name, challenged,
                *(found and found.group(1) for found in users))


class Clock:
    """Calls what is due, in a thread of its own."""

    def __init__(self):
        self._due = []
        self._count = 0
        self._changed = threading.Condition()
        self._closed = False
        threading.Thread(target=self._run, daemon=True).start()

    def after(self, seconds, fn):
        with self._changed:
            self._count += 1
            heapq.heappush(self._due, (time.monotonic() + seconds,
                                       self._count, fn))
            self._changed.notify()

    def _run(self):
        while True:
            with self._changed:
                wait = (self._due[0][0] - time.monotonic() if self._due
                        else None)
                if self._closed:
                    return
                if wait is None or wait > 0:
                    self._changed.wait(wait)
                    continue
                fn = heapq.heappop(self._due)[2]
            fn()

    def close(self):
        with self._changed:
            self._closed = True
            self._changed.notify()


class Half(Connection):
    """One half of a connection that is passed on; other is the other."""

    def __init__(self, relay, sock):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.other, self.waiting, self.sent = None, [], 0
        super().__init__(relay, sock)

    def pass_on(self, octets, forward):
        relay = self.peer
        self.waiting.append(octets)
        if len(self.waiting) < relay.join:
            return
        octets, self.waiting = b"".join(self.waiting), []
        cut = forward and relay.cut is not None
        if cut:
            octets = octets[:max(0, relay.cut - self.sent)]
        self.sent += len(octets)
        size = relay.split or len(octets) or 1
        for at in range(0, len(octets), size):
            self.send(octets[at:at + size])
        if cut and self.sent >= relay.cut:
            self.close()

    def _read(self):
        super()._read()
        with self.peer.lock:
            if self.other:
                self.other.close()


class Relay:
    def __init__(self, t, target=None, transport="udp", client=None):
        self.port, self.target, self.client = free_port(), target, client
        self.transport = transport
        self.split, self.join, self.cut = None, 1, None
        self.lost = 0
        self.lock = threading.RLock()
        self._seen = collections.Counter()
        self._rules = []        # (selector, nth or None, fate)
        self._held = []         # (until, packet, send)
        self._clock = Clock()
        t.defer(self._close)
        kind = (socket.SOCK_DGRAM if transport == "udp"
                else socket.SOCK_STREAM)
        self._front, self._back = (socket.socket(socket.AF_INET, kind)
                                   for _ in range(2))
        self._front.bind(("127.0.0.1", self.port))
        self.back_port = free_port()
        self._back.bind(("127.0.0.1", self.back_port))
        run = self._run_udp if transport == "udp" else self._run_tcp
        for sock, forward in (self._front, True), (self._back, False):
            if transport == "tcp":
                sock.listen()
            else:       # a burst of retransmissions is not ours to lose
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF,
                                4 << 20)
            threading.Thread(target=run, args=(sock, forward),
                             daemon=True).start()

    def uri(self, user=None):
        name = f"{user}@" if user else ""
        by = "" if self.transport == "udp" else f";transport={self.transport}"
        return f"sip:{name}127.0.0.1:{self.port}{by}"

    # --- rules: fate(packet) is when each copy goes on, or None ---

    def _rule(self, selector, nth, fate):
        nth = (nth,) if isinstance(nth, int) else nth
        self._rules.append((selector, nth, fate, [0]))

    def drop(self, selector, nth=None):
        self._rule(selector, nth, lambda packet: [])

    def double(self, selector, nth=None):
        self._rule(selector, nth, lambda packet: [0, 0])

    def delay(self, selector, seconds, nth=None):
        self._rule(selector, nth, lambda packet: [seconds])

    def hold(self, selector, until, nth=None):
        self._rule(selector, nth, lambda packet: until)

    def cross(self, selector):
        come = set()

        def fate(packet):
            come.add(packet.forward)
            if (not packet.forward) in come:
                return [0]
            return lambda other: (other.fits(selector)
                                  and other.forward != packet.forward)
        self._rule(selector, None, fate)

    def chance(self, seed, loss=0.0, twice=0.0, late=0.0, in_a_row=1000):
        """Loses this part of all messages, doubles that part, and makes each
        up to so many seconds late, which changes their order. Each copy of
        each message has its own fate, which depends on the seed and on what
        it is, not on when it comes: timers race, and a run can be repeated
        all the same. The next copy behind so many that were lost in a row
        goes on."""
        copies, row = collections.Counter(), collections.Counter()

        def fate(packet):
            identity = packet.identity
            copies[identity] += 1
            dice = random.Random(f"{seed} {identity} {copies[identity]}")
            if dice.random() < loss and row[identity] < in_a_row:
                row[identity] += 1
                return []
            row[identity] = 0
            times = 2 if dice.random() < twice else 1
            return [dice.uniform(0, late) for _ in range(times)]
        self._rule("*", None, fate)

    def count(self, name):
        with self.lock:
            return sum(number for (known, _), number in self._seen.items()
                       if name in ("*", known, known.split()[0]))

    def _fate(self, packet):
        for selector, nth, fate, count in self._rules:
            if not packet.fits(selector):
                continue
            count[0] += 1
            if nth is None or count[0] in nth:
                return fate(packet)
        return [0]

    # --- passing on ---

    def _arrived(self, packet, send):
        """send(octets) sends it on its way."""
        with self.lock:
            self._seen[packet.name, packet.forward] += 1
            fate = self._fate(packet)
            octets = self._masked(packet)
            if not isinstance(fate, list):
                self._held.append((fate, lambda: send(octets)))
            elif not fate:
                self.lost += 1
            else:
                for seconds in fate:
                    if seconds:
                        self._clock.after(seconds, lambda: send(octets))
                    else:
                        send(octets)
            free = [one for one in self._held if packet.fits(one[0])]
            self._held = [one for one in self._held if one not in free]
        for _, held in free:
            held()

    def _masked(self, packet):
        """Its octets, with us for the other side where a request might be
        sent, and the other side for us."""
        ports = ({self.client: self.back_port, self.port: self.target}
                 if packet.forward else
                 {self.back_port: self.client, self.target: self.port})

        def other(found):
            port = int(found.group(1))
            return b"127.0.0.1:%d" % ports.get(port, port)
        head, end, body = packet.message.wire.partition(b"\r\n\r\n")
        return NAMED.sub(lambda line: ADDRESS.sub(other, line.group(0)),
                         head) + end + body

    def _run_udp(self, sock, forward):
        other = self._back if forward else self._front
        while True:
            try:
                octets, source = sock.recvfrom(65536)
            except OSError:
                return
            if not source:      # it was shut
                return
            if forward:
                self.client = source[1]
            if octets.strip(b"\r\n\0"):
                self._arrived(Packet(Message(octets, source), forward),
                              lambda octets: self._send(other, octets,
                                                        forward))

    def _send(self, sock, octets, forward):
        to = self.target if forward else self.client
        if to is None:
            return
        try:
            sock.sendto(octets, ("127.0.0.1", to))
        except OSError:         # nobody there, or we are closed
            pass

    def _run_tcp(self, sock, forward):
        while True:
            try:
                near, _ = sock.accept()
            except OSError:
                return
            to = self.target if forward else self.client
            try:
                far = socket.create_connection(("127.0.0.1", to), PATIENCE)
                far.settimeout(None)
            except OSError:
                near.close()
                continue
            with self.lock:     # both know each other before they read
                near, far = Half(self, near), Half(self, far)
                near.other, far.other = far, near
                near.forward, far.forward = forward, not forward

    def take(self, message):
        """Of a connection: a message has arrived."""
        with self.lock:
            half = message.connection
            forward = half.forward
        self._arrived(Packet(message, forward),
                      lambda octets: self._write(half.other, octets, forward))

    @staticmethod
    def _write(half, octets, forward):
        try:
            half.pass_on(octets, forward)
        except OSError:
            pass                # closed meanwhile

    def _close(self):
        self._clock.close()
        for sock in self._front, self._back:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            sock.close()
