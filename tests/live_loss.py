#!/usr/bin/env python3
"""A thousand registrations and five hundred calls while the network loses 20
and 30 % of the datagrams both ways, doubles a tenth, and changes their order.

The timers run ten times as fast as they do in the world: T1, T2 and T4 are 50,
400 and 500 ms, so that all others, which are multiples of these (RFC 3261,
table 4), keep their proportions: eleven copies of a REGISTER and seven of an
INVITE go out before the end at 64*T1, as always. What makes a run in slow
motion different, a round trip that is longer than T1, does not happen on
loopback in either; the relay's delays are less than half of T1.

At 30 % about one transaction in 1,600 would lose all its eleven tries and end
with 408, whoever sends it. So that all can be asked to succeed, no copy of a
message is lost a third time in a row: nine tries are then enough."""

from harness import check, each, equal, main, wait_until
from relay import Relay
from servers import Kamailio, is_bound, of, told

FAST = "set t1 50ms; set t2 400ms; set t4 500ms\n"
REGISTRATIONS, CALLS = 1000, 500


def degrade(relay, loss, seed):
    relay.chance(seed, loss=loss, twice=0.1, late=0.02, in_a_row=2)


def has_degraded(relay, loss):
    lost = relay.lost / relay.count("*")
    check(abs(lost - loss) < 0.03, f"{lost:.3f} of all were lost")


def kamailio(t):
    return Kamailio(t).port


def embedded(t):
    """sipsh itself, which knows all users."""
    port = t.port()
    users = " ".join(f"--user u{n}:u{n}.password"
                     for n in range(REGISTRATIONS))
    server = t.start("-j", "-l", f"udp:127.0.0.1:{port}", "-c",
                     "serve registrar --realm lossy.test " + users)
    wait_until(lambda: is_bound(port) or not server.running,
               lambda: f"serving: {server.result()!r}")
    return port


def callids(events, name, **wanted):
    return {event["callid"] for event in of(events, name, **wanted)}


@each([("20 %, Kamailio", 0.2, 1, kamailio),
       ("30 %, our own registrar", 0.3, 1, embedded)], timeout=90)
def a_thousand_registrations_come_and_go(t, _why, loss, seed, registrar):
    for n in range(REGISTRATIONS):
        t.write(f"u{n}.password", f"pw-u{n}\n")
    relay = Relay(t, registrar(t))
    degrade(relay, loss, seed)
    script = FAST
    for n in range(REGISTRATIONS):
        script += (f"account add u{n} {relay.uri(f'u{n}')}"
                   f" --password-file u{n}.password\n")
    script += "".join(f"register u{n}\n" for n in range(REGISTRATIONS))
    run = t.run("-j", "-l", "udp:127.0.0.1", "--jobs", "200", input=script,
                timeout=80)
    equal(run.status, 0, f"{run.err}\nstatus")
    equal(len(of(run.events, "cmd.done", command="register", rc=0)),
          REGISTRATIONS)
    for name in "reg.ok", "reg.removed":
        told_of = [event["account"] for event in of(run.events, name)]
        equal(len(told_of), REGISTRATIONS, name)
        equal(len(set(told_of)), REGISTRATIONS, name)
    equal(of(run.events, "reg.failed"), [])
    for event in of(run.events, "reg.ok"):
        equal([one["self"] for one in event["bindings"]], [True])
    has_degraded(relay, loss)


@each([("20 %", 0.2, 1), ("30 %", 0.3, 1)], timeout=90)
def five_hundred_calls_come_and_go(t, _why, loss, seed):
    port = t.port()
    script = t.write("callee", FAST + f"set max-calls {CALLS}\n"
                     + "wait call.incoming; answer &\n" * CALLS
                     + "wait call.ended\n" * CALLS)
    callee = t.start("-j", "-l", f"udp:127.0.0.1:{port}", "-f", script)
    wait_until(lambda: is_bound(port) or not callee.running,
               lambda: f"listening: {callee.result()!r}")
    relay = Relay(t, port)
    degrade(relay, loss, seed)
    # A call is not hung up before its ACK has had its 64*T1 to arrive.
    script = FAST + "".join(f"invite {relay.uri(f'b{n}')}\n"
                            for n in range(CALLS)) + "sleep 3300ms\n"
    run = t.run("-j", "-l", "udp:127.0.0.1", "-a", "sip:alice@lossy.test",
                "--jobs", "100", input=script, timeout=60)
    equal(run.status, 0, f"{run.err}\nstatus")
    equal(len(of(run.events, "cmd.done", command="invite", rc=0)), CALLS)
    told(callee, "call.ended", count=CALLS)
    other = callee.wait(20)
    equal(other.status, 0, f"{other.err}\nstatus of the callee")
    equal(len(of(other.events, "cmd.done", command="answer", rc=0)), CALLS)
    for events, names in (
            (run.events, ["call.answered", "call.confirmed", "call.ended"]),
            (other.events, ["call.incoming", "call.answered",
                            "call.confirmed", "call.ended"])):
        for name in names:
            equal(len(of(events, name)), CALLS, name)
            equal(len(callids(events, name)), CALLS, name)
        equal(of(events, "call.failed"), [])
    for method in "INVITE", "ACK", "BYE":
        equal(len(of(other.events, "request", method=method)), CALLS,
              f"{method} told")
        check(relay.count(method) > CALLS, f"{method} sent once only")
    has_degraded(relay, loss)


if __name__ == "__main__":
    main()
