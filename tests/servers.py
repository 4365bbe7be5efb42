"""Real programs as peers: Kamailio, SIPp, Net::SIP, and the DNS server Knot.

    proxy = Kamailio(t)             a registrar and proxy, UDP and TCP
    proxy = Kamailio(t, NAME=VALUE) with these definitions of kamailio.cfg
    proxy = Kamailio(t, tls=certificate, host="[::1]")  TLS as well, there:
    proxy.tls_uri("bob")            sip:bob@[::1]:PORT
    proxy.stop()                    another may be started at its .port
    proxy.uri("bob")                sip:bob@127.0.0.1:PORT
    proxy.sipsh("alice", ...)       options for sipsh: account and listeners

    uas = sipp(t, "uas_answer")     runs tests/sipp/uas_answer.xml
    uas = sipp(t, "uac_call", to=port)
    uas.ended_well()                waits; fails unless all its calls did

    peer = netsip(t, "registrar.pl", *args)

    dns = Knot(t, zones)            {"lab.test": "text of the zone's records"};
                                    without text the zone is broken: SERVFAIL
    dns.options                     options for sipsh: ask it

All listen on 127.0.0.1 alone and end with the test. A server is ready when it
answers, or, where it answers nothing but its scenario, when its port is bound
by the process that serves it.
"""

import json
import os
import socket

from harness import HERE, Failure, check, equal, free_port, wait_until

PING = ("OPTIONS sip:127.0.0.1:{port} SIP/2.0\r\n"
        "Via: SIP/2.0/UDP 127.0.0.1:{source};branch=z9hG4bKready{n}\r\n"
        "From: <sip:ready@127.0.0.1>;tag=1\r\n"
        "To: <sip:127.0.0.1:{port}>\r\n"
        "Call-ID: ready{n}\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n"
        "Content-Length: 0\r\n\r\n")


class Pinger:
    """Asks with a fresh OPTIONS each time it is called."""

    def __init__(self, port):
        self.port, self.count = port, 0
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.sock.settimeout(0.1)

    def __call__(self):
        self.count += 1
        ping = PING.format(port=self.port, n=self.count,
                           source=self.sock.getsockname()[1])
        try:
            self.sock.sendto(ping.encode(), ("127.0.0.1", self.port))
            return self.sock.recv(65536).startswith(b"SIP/2.0 ")
        except (ConnectionError, TimeoutError):
            return False

    def close(self):
        self.sock.close()


def is_bound(port, transport="udp"):
    """Whether somebody has 127.0.0.1:port; for TCP: listens there."""
    with open(f"/proc/net/{transport}") as f:
        rows = [line.split() for line in f][1:]
    want = f"0100007F:{port:04X}"
    return any(row[1] == want and (transport == "udp" or row[3] == "0A")
               for row in rows)


def spawn_ready(t, argv, is_ready, timeout=10):
    process = t.spawn(argv)

    def look():
        if not process.running:
            raise Failure(f"ended at once: {process.result()!r}")
        return is_ready()
    wait_until(look, lambda: f"ready: {process.result()!r}", timeout)
    return process


class Kamailio:
    """Ends the test with a failure when it has crashed meanwhile."""

    def __init__(self, t, tls=None, host="127.0.0.1", port=None,
                 tls_port=None, **definitions):
        self.t, self.port = t, port or free_port()
        self.hostport = f"127.0.0.1:{self.port}"
        self.tls_hostport = f"{host}:{tls_port or free_port()}"
        argv = ["kamailio", "-DD", "-E", "-f", os.path.join(HERE,
                "kamailio.cfg"), "-Y", t.dir, "-w", t.dir, "-m", "32"]
        for transport in ("udp", "tcp"):
            argv += ["-l", f"{transport}:{self.hostport}"]
        if tls:
            path = t.write("tls.cfg", "[server:default]\n"
                           "method = TLSv1.2+\n"
                           f"certificate = {tls.cert}\n"
                           f"private_key = {tls.key}\n"
                           "[client:default]\nmethod = TLSv1.2+\n")
            argv += ["-l", f"tls:{self.tls_hostport}",
                     "-A", f'TLS_CONFIG="{path}"']
        for name, value in definitions.items():
            argv += ["-A", f"{name}={value}"]
        pinger = Pinger(self.port)
        t.defer(pinger.close)
        self.process = spawn_ready(t, argv, pinger)
        self.stopped = False
        t.defer(self._check_alive)

    def stop(self):
        """For good; another may take its ports."""
        self._check_alive()
        self.stopped = True
        self.process.stop()

    def _check_alive(self):
        check(self.stopped or self.process.running,
              f"ended: {self.process.result()!r}")

    def uri(self, user=None, parameters=""):
        return f"sip:{user + '@' if user else ''}{self.hostport}{parameters}"

    def tls_uri(self, user=None, parameters=""):
        return (f"sip:{user + '@' if user else ''}{self.tls_hostport}"
                f"{parameters}")

    def sipsh(self, user, transport="udp", password=None):
        """Options that make sipsh this user, who talks to us by transport:
        as to an outbound proxy, so that a call of a bare URI does, too."""
        by = "" if transport == "udp" else f";transport={transport}"
        path = self.t.write(f"{user}.password",
                            (password or f"pw-{user}") + "\n")
        return ["-j", "-l", "udp:127.0.0.1", "-l", "tcp:127.0.0.1",
                "-a", self.uri(user), "-r", self.uri(parameters=by),
                "-P", self.uri(parameters=by), "--password-file", path]


class Sipp:
    """One run of a scenario; a call that leaves it fails."""

    def __init__(self, t, scenario, to, calls, options):
        self.port = free_port()
        self.errors = t.path(f"sipp-{self.port}.errors")
        argv = ["sipp", "-sf", os.path.join(HERE, "sipp", scenario + ".xml"),
                "-i", "127.0.0.1", "-p", self.port, "-m", calls, "-nostdin",
                "-trace_err", "-error_file", self.errors,
                "-timeout", "25s", "-timeout_error", *options]
        if to is None:
            by_tcp = "t1" in options
            self.process = spawn_ready(
                t, argv, lambda: is_bound(self.port,
                                          "tcp" if by_tcp else "udp"))
        else:
            self.process = t.spawn(argv + [f"127.0.0.1:{to}"])

    def uri(self, user="sipp", parameters=""):
        return f"sip:{user}@127.0.0.1:{self.port}{parameters}"

    def ended_well(self):
        run = self.process.wait(25)
        errors = ""
        if os.path.exists(self.errors):
            with open(self.errors, errors="replace") as f:
                errors = f.read()
        equal(run.status, 0, f"status of SIPp with\n{errors}")


def sipp(t, scenario, to=None, calls=1, options=()):
    """to: a port of 127.0.0.1 to call; None: SIPp waits to be called."""
    return Sipp(t, scenario, to, calls, [str(o) for o in options])


class NetSip:
    """A Perl program of tests/netsip; says "ready" when it serves, and one
    line for each thing that happens to it."""

    def __init__(self, t, script, args):
        self.port = free_port()
        self.process = t.spawn(["perl", os.path.join(HERE, "netsip", script),
                                self.port, *args])
        self.expect(r"^ready$")

    def expect(self, regex, timeout=10):
        return self.process.expect(regex, timeout)

    def uri(self, user="perl"):
        return f"sip:{user}@127.0.0.1:{self.port}"


def netsip(t, script, *args):
    return NetSip(t, script, args)


class Knot:
    """A name server on loopback. An unknown name of its zones is NXDOMAIN."""

    CONFIGURATION = """
server:
    rundir: "{dir}"
    listen: 127.0.0.1@{port}
database:
    storage: "{dir}"
log:
  - target: stderr
    any: error
template:
  - id: default
    storage: "{dir}"
    zonefile-sync: -1
    journal-content: none
zone:
"""
    HEAD = """$TTL 300
@ SOA ns nobody 1 3600 600 86400 5
@ NS ns
ns A 127.0.0.1
"""

    def __init__(self, t, zones):
        self.port = free_port()
        self.options = ["--dns", f"127.0.0.1:{self.port}"]
        text = self.CONFIGURATION.format(dir=t.dir, port=self.port)
        for name, records in zones.items():
            text += f"  - domain: {name}\n"
            if records is not None:
                t.write(f"{name}.zone", self.HEAD + records)
        argv = ["knotd", "-c", t.write("knot.conf", text)]
        loaded = [name for name, records in zones.items()
                  if records is not None]
        spawn_ready(t, argv, lambda: all(map(self._serves, loaded)))

    def _serves(self, zone):
        """Whether it answers for ns.ZONE."""
        question = b"".join(bytes([len(label)]) + label.encode()
                            for label in ["ns", *zone.split(".")])
        query = (b"\0\1\1\0\0\1\0\0\0\0\0\0" + question
                 + b"\0\0\1\0\1")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(0.1)
            try:
                sock.connect(("127.0.0.1", self.port))
                sock.send(query)
                return sock.recv(512)[3] & 15 == 0
            except (ConnectionError, TimeoutError):
                return False


# --- what sipsh has told, with --json ---

def waits(t, commands, transport="udp", options=()):
    """A sipsh that can be called, and the port to call."""
    port = t.port()
    process = t.start("-j", "-l", f"{transport}:127.0.0.1:{port}", *options,
                      "-c", commands)
    wait_until(lambda: is_bound(port, transport) or not process.running,
               lambda: f"listening: {process.result()!r}")
    return process, port


def of(events, name, **wanted):
    """The events of this name in which these keys have these values."""
    return [e for e in events if e["event"] == name
            and all(e.get(key) == value for key, value in wanted.items())]


def one(events, name, **wanted):
    """The only one."""
    found = of(events, name, **wanted)
    if len(found) != 1:
        told = "\n".join(str(event) for event in events)
        raise Failure(f"{len(found)} events {name} {wanted} in\n{told}")
    return found[0]


def done(run, command, status=0, **wanted):
    """The end of the only such command, which was run's last word on its
    exit status."""
    equal(run.status, status, f"status of {run!r}\nwhich")
    end = one(run.events, "cmd.done", command=command, **wanted)
    equal(end["rc"], status, "rc")
    equal(end["ok"], status == 0, "ok")
    return end


def table(run, name):
    """Its rows."""
    return one(run.events, "table", table=name)["rows"]


def told(process, name, count=1, timeout=10, **wanted):
    """Waits for the nth such event of a running sipsh; returns it."""
    def look():
        whole = process.out.rpartition("\n")[0]
        found = of([json.loads(line) for line in whole.splitlines()], name,
                   **wanted)
        if len(found) >= count:
            return found[count - 1]
        if not process.running:
            raise Failure(f"ended without {name} {wanted}: "
                          f"{process.result()!r}")
        return None
    return wait_until(look, lambda: (
        f"{name} {wanted} from\n{process.result()!r}"), timeout)


def ended(process, status=0, timeout=20):
    """Its end, with this status: a Run."""
    run = process.wait(timeout)
    equal(run.status, status, f"status of {run!r}\nwhich")
    return run
