"""A small SIP peer under the test's thumb: it says what the test says.

    peer = t.peer("udp")                or "tcp"; peer.port, peer.uri("bob")
    peer.on("OPTIONS", 200)             answers by itself from now on
    peer.on("INVITE", lambda m: (peer.respond(m, 180),
                                 peer.respond(m, 200, body=sdp(4000))))
    invite = peer.expect("INVITE")      waits for the next of these; a
                                        status number works as well
    peer.respond(invite, 486)           copies Via, From, To, Call-ID, CSeq
    peer.request("BYE", ...)            builds and sends one; see there
    peer.received                       all Messages, oldest first, each
                                        with .time and .source

A Message has start, headers [(name, value)...] in order and unfolded, body,
and header(name), values(name), method, status, cseq, uri, tag(name).
Compact names are read as the long ones. Handlers run in the receiving
thread; an error in one fails the test when it ends.
"""

import random
import re
import socket
import threading
import time
import traceback

from harness import Failure, PATIENCE, wait_until

COMPACT = {
    "a": "accept-contact", "b": "referred-by", "c": "content-type",
    "d": "request-disposition", "e": "content-encoding", "f": "from",
    "i": "call-id", "j": "reject-contact", "k": "supported",
    "l": "content-length", "m": "contact", "o": "event", "r": "refer-to",
    "s": "subject", "t": "to", "u": "allow-events", "v": "via",
    "x": "session-expires",
}

REASONS = {
    100: "Trying", 180: "Ringing", 181: "Call Is Being Forwarded",
    183: "Session Progress", 200: "OK", 202: "Accepted",
    301: "Moved Permanently", 302: "Moved Temporarily", 400: "Bad Request",
    401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
    405: "Method Not Allowed", 407: "Proxy Authentication Required",
    408: "Request Timeout", 420: "Bad Extension",
    422: "Session Interval Too Small", 423: "Interval Too Brief",
    480: "Temporarily Unavailable", 481: "Call/Transaction Does Not Exist",
    482: "Loop Detected", 486: "Busy Here", 487: "Request Terminated",
    488: "Not Acceptable Here", 489: "Bad Event", 491: "Request Pending",
    500: "Server Internal Error", 501: "Not Implemented",
    503: "Service Unavailable", 600: "Busy Everywhere", 603: "Decline",
}


def token(length=10):
    return "".join(random.choices("abcdefghijklmnopqrstuvwxyz234567",
                                  k=length))


def sdp(port, host="127.0.0.1", extra=""):
    """An offer or answer of PCMU, PCMA and DTMF; a body for respond()."""
    return ("v=0\r\n"
            f"o=peer 1 1 IN IP4 {host}\r\n"
            "s=-\r\n"
            f"c=IN IP4 {host}\r\n"
            "t=0 0\r\n"
            f"m=audio {port} RTP/AVP 0 8 101\r\n"
            "a=rtpmap:101 telephone-event/8000\r\n" + extra)


class Message:
    """A SIP message that arrived."""

    def __init__(self, wire, source=None):
        self.wire, self.source, self.time = wire, source, time.monotonic()
        self.connection = None          # TCP: where an answer goes
        head, _, self.body = wire.partition(b"\r\n\r\n")
        text = re.sub(r"\r\n[ \t]+", " ", head.decode(errors="replace"))
        self.start, *lines = text.split("\r\n")
        self.headers = []
        for line in lines:
            name, _, value = line.partition(":")
            self.headers.append((name.strip(), value.strip()))

    def values(self, name):
        """All values of a header, in order; lists are not split."""
        want = COMPACT.get(name.lower(), name.lower())
        return [value for key, value in self.headers
                if COMPACT.get(key.lower(), key.lower()) == want]

    def header(self, name):
        """The first value, or None."""
        return (self.values(name) or [None])[0]

    def tag(self, name):
        """Of From or To, or None."""
        found = re.search(r";\s*tag=([^;\s]+)", self.header(name) or "")
        return found and found.group(1)

    @property
    def is_request(self):
        return not self.start.startswith("SIP/2.0 ")

    @property
    def method(self):
        """Of a request, or of the request that a response answers."""
        return self.start.split(" ")[0] if self.is_request else self.cseq[1]

    @property
    def uri(self):
        return self.start.split(" ")[1] if self.is_request else None

    @property
    def status(self):
        return None if self.is_request else int(self.start.split(" ")[1])

    @property
    def cseq(self):
        """(number, method)"""
        number, method = (self.header("CSeq") or "0 ?").split(None, 1)
        return int(number), method

    def __repr__(self):
        return self.wire.decode(errors="replace")


def build(start, headers, body=b""):
    """A message as octets; Content-Length is added."""
    body = body.encode() if isinstance(body, str) else body
    lines = [start] + [f"{name}: {value}" for name, value in headers]
    lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _answered_via(via, source):
    """The top Via with received, and rport where asked for (RFC 3581 4)."""
    host, port = source[:2]
    if re.search(r";\s*rport(?=$|[;\s])", via):
        return re.sub(r";\s*rport(?=$|[;\s])",
                      f";rport={port};received={host}", via, count=1)
    return via


class Connection:
    """One TCP connection, either way."""

    def __init__(self, peer, sock):
        self.peer, self.sock = peer, sock
        self.source = sock.getpeername()
        self.closed = False             # by the other side
        self.pongs = 0                  # CRLF that arrived (RFC 5626 3.5.1)
        threading.Thread(target=self._read, daemon=True).start()

    def send(self, octets):
        self.sock.sendall(octets)

    def close(self):
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()

    def _read(self):
        stream = b""
        while True:
            try:
                octets = self.sock.recv(65536)
            except OSError:
                octets = b""
            if not octets:
                self.closed = True
                return
            stream = self._split(stream + octets)

    def _split(self, stream):
        """Hands on whole messages; returns the rest (RFC 3261 18.3)."""
        while True:
            while stream.startswith(b"\r\n"):
                if stream.startswith(b"\r\n\r\n"):      # a ping
                    self.send(b"\r\n")
                    stream = stream[4:]
                else:
                    self.pongs += 1
                    stream = stream[2:]
            end = stream.find(b"\r\n\r\n")
            if end < 0:
                return stream
            length = re.search(rb"(?im)^(?:content-length|l)\s*:\s*(\d+)",
                               stream[:end])
            end += 4 + (int(length.group(1)) if length else 0)
            if len(stream) < end:
                return stream
            message = Message(stream[:end], self.source)
            message.connection = self
            stream = stream[end:]
            self.peer.take(message)


class Peer:
    def __init__(self, transport, host, port):
        self.transport, self.host, self.port = transport, host, port
        self.received = []
        self.connections = []
        self.errors = []
        self.to_tag = token()           # of the responses it makes
        self._handlers = {}
        self._passed = set()            # what expect() has returned
        self._lock = threading.RLock()
        kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._sock = socket.socket(family, kind)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR,
                              0 if transport == "udp" else 1)
        self._sock.bind((host, port))
        if transport == "tcp":
            self._sock.listen()
        reader = self._read_udp if transport == "udp" else self._accept
        self._thread = threading.Thread(target=reader, daemon=True)
        self._thread.start()

    # --- addresses ---

    @property
    def hostport(self):
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def uri(self, user=None, parameters=""):
        """sip:user@host:port, with ;transport=tcp where it is."""
        name = f"{user}@" if user else ""
        by = "" if self.transport == "udp" else f";transport={self.transport}"
        return f"sip:{name}{self.hostport}{by}{parameters}"

    # --- receiving ---

    def _read_udp(self):
        while True:
            try:
                octets, source = self._sock.recvfrom(65536)
            except OSError:
                return
            if octets.strip(b"\r\n\0"):         # not a keep-alive
                self.take(Message(octets, source))

    def _accept(self):
        while True:
            try:
                sock, _ = self._sock.accept()
            except OSError:
                return
            self.connections.append(Connection(self, sock))

    def take(self, message):
        """A message has arrived."""
        with self._lock:
            self.received.append(message)
        handler = self._handlers.get(
            message.method if message.is_request else message.status)
        if handler is None:
            return
        try:
            if callable(handler):
                handler(message)
            else:
                self.respond(message, handler)
        except Exception:       # pylint: disable=broad-except
            self.errors.append(traceback.format_exc())

    def on(self, what, handler):
        """For each request of this method (or response of this status),
        retransmissions too: a status to answer with, or a function of the
        message; None: nothing."""
        self._handlers[what] = handler

    def requests(self, method):
        return [m for m in self.received
                if m.is_request and m.method == method]

    def expect(self, what, timeout=PATIENCE):
        """Waits for the next message not returned yet: a method, a status,
        or a function of the message."""
        def wanted(message):
            if callable(what):
                return what(message)
            if isinstance(what, int):
                return message.status == what
            return message.is_request and message.method == what

        def look():
            with self._lock:
                for at, message in enumerate(self.received):
                    if at not in self._passed and wanted(message):
                        self._passed.add(at)
                        return message
            return None
        return wait_until(look, lambda: (
            f"{what} at the peer; it has "
            f"{[m.start for m in self.received]}"), timeout)

    # --- sending ---

    def send(self, octets, to):
        """To (host, port), or over a Connection or that of a Message."""
        if isinstance(to, Message):
            to = to.connection or to.source
        if isinstance(to, Connection):
            to.send(octets)
        elif self.transport == "udp":
            self._sock.sendto(octets, to)
        else:
            self.connect(to).send(octets)

    def connect(self, to):
        """A new TCP connection to (host, port)."""
        connection = Connection(self, socket.create_connection(to, PATIENCE))
        self.connections.append(connection)
        return connection

    def response_to(self, request, status, reason=None, headers=(), body=b"",
                    to_tag=None):
        """A response as octets. Contact is added where a dialog needs it,
        Content-Type where there is a body."""
        names = [name.lower() for name, _ in headers]
        vias = request.values("Via")
        lines = [("Via", via) for via in vias]
        lines[0] = ("Via", _answered_via(vias[0], request.source))
        if 101 <= status <= 299:
            lines += [("Record-Route", value)
                      for value in request.values("Record-Route")]
        to = request.header("To")
        if status != 100 and not request.tag("To"):
            to += f";tag={to_tag or self.to_tag}"
        lines += [("From", request.header("From")), ("To", to),
                  ("Call-ID", request.header("Call-ID")),
                  ("CSeq", request.header("CSeq"))]
        dialog = request.method in ("INVITE", "SUBSCRIBE", "REFER")
        if dialog and 101 <= status <= 299 and "contact" not in names:
            lines.append(("Contact", f"<{self.uri('peer')}>"))
        if body and "content-type" not in names:
            lines.append(("Content-Type", "application/sdp"))
        return build(f"SIP/2.0 {status} {reason or REASONS[status]}",
                     lines + list(headers), body)

    def respond(self, request, status, reason=None, headers=(), body=b"",
                to_tag=None):
        self.send(self.response_to(request, status, reason, headers, body,
                                   to_tag), request)

    def request(self, method, to, uri, within=None, headers=(), body=b"",
                cseq=1, **fields):
        """Sends a request to (host, port) or a Connection and returns it as
        a Message. within: an INVITE that came to us, or a 2xx to one of
        ours, whose dialog this belongs to. fields: from_, to_, call_id,
        branch, max_forwards."""
        ours, theirs, call_id = f"<{self.uri('peer')}>", f"<{uri}>", None
        if within is not None and within.is_request:
            ours, theirs = within.header("To"), within.header("From")
            if ";tag=" not in ours:
                ours += f";tag={self.to_tag}"
        elif within is not None:
            ours, theirs = within.header("From"), within.header("To")
        else:
            ours += f";tag={token()}"
        if within is not None:
            call_id = within.header("Call-ID")
        branch = fields.get("branch", "z9hG4bK" + token())
        lines = [
            ("Via", f"SIP/2.0/{self.transport.upper()} {self.hostport}"
                    f";branch={branch};rport"),
            ("Max-Forwards", str(fields.get("max_forwards", 70))),
            ("From", fields.get("from_", ours)),
            ("To", fields.get("to_", theirs)),
            ("Call-ID", fields.get("call_id") or call_id or token(16)),
            ("CSeq", f"{cseq} {method}"),
            ("Contact", f"<{self.uri('peer')}>"),
        ]
        names = [name.lower() for name, _ in headers]
        lines = [line for line in lines if line[0].lower() not in names]
        if body and "content-type" not in names:
            lines.append(("Content-Type", "application/sdp"))
        wire = build(f"{method} {uri} SIP/2.0", lines + list(headers), body)
        self.send(wire, to)
        return Message(wire)

    def close(self):
        try:
            self._sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._sock.close()
        for connection in self.connections:
            connection.close()
        if self.errors:
            raise Failure("in a handler of the peer:\n" + self.errors[0])
