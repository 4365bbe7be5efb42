#!/usr/bin/env python3
"""sipsh with Perl's Net::SIP as its registrar, callee and caller."""

from harness import contains, equal, main, test
from servers import done, ended, netsip, one, waits

REALM = "net.test"


def registers(t, server, password, commands):
    return t.run("-j", "-l", "udp:127.0.0.1", "-a",
                 f"sip:bob@127.0.0.1:{server.port}", "-c", commands,
                 env={"SIPSH_PASSWORD": password})


# --- its registrar: MD5 without qop ---

@test
def registers_and_is_removed(t):
    server = netsip(t, "registrar.pl", REALM, "bob=pw")
    run = registers(t, server, "pw", "register --expires 60")
    done(run, "register")
    ok = one(run.events, "reg.ok")
    equal(ok["expires"], 60)
    equal([binding["self"] for binding in ok["bindings"]], [True])
    one(run.events, "reg.removed")
    server.expect(r"^register bob 60$")
    server.expect(r"^register bob 0$")


@test
def its_longest_time_is_taken(t):
    server = netsip(t, "registrar.pl", REALM, "bob=pw")
    run = registers(t, server, "pw", "register --expires 4000")
    done(run, "register")
    equal(one(run.events, "reg.ok")["expires"], 300)


@test
def a_wrong_password_is_status_7(t):
    server = netsip(t, "registrar.pl", REALM, "bob=pw")
    run = registers(t, server, "wrong", "register")
    equal(done(run, "register", status=7)["error"]["class"], "auth")


@test
def a_423_without_min_expires_is_status_9(t):
    """Net::SIP does not say which time it would take."""
    server = netsip(t, "registrar.pl", REALM, "bob=pw")
    run = registers(t, server, "pw", "register --expires 2")
    equal(done(run, "register", status=9)["error"]["class"], "protocol")
    equal(one(run.events, "reg.failed")["status"], 423)


# --- its endpoint as the callee ---

@test
def calls_it_and_hangs_up(t):
    uas = netsip(t, "uas.pl", "answer")
    run = t.run("-j", "-l", "udp:127.0.0.1", "-c",
                f"invite {uas.uri()}; bye")
    done(run, "bye")
    one(run.events, "call.ringing")
    one(run.events, "call.answered")
    uas.expect(r"^INVITE")
    uas.expect(r"^ACK")
    uas.expect(r"^BYE")


@test
def its_refusal_is_status_1(t):
    uas = netsip(t, "uas.pl", "busy")
    run = t.run("-j", "-l", "udp:127.0.0.1", "invite", uas.uri())
    equal(done(run, "invite", status=1)["status"], 486)
    uas.expect(r"^ACK")


@test
def sends_it_a_message(t):
    uas = netsip(t, "uas.pl", "answer")
    run = t.run("-j", "-l", "udp:127.0.0.1", "message", uas.uri(),
                "Hello Perl")
    done(run, "message")
    uas.expect(r"^MESSAGE Hello Perl$")


# --- its endpoint as the caller ---

@test
def is_called_by_it(t):
    process, port = waits(t, "wait call.incoming; answer; wait call.ended")
    uac = netsip(t, "uac.pl", "call", f"sip:sipsh@127.0.0.1:{port}")
    run = ended(process)
    one(run.events, "call.confirmed")
    equal(one(run.events, "call.ended")["by"], "remote")
    contains(ended(uac.process).out, "BYE 200")


@test
def it_gives_up(t):
    process, port = waits(t, "wait call.incoming; wait call.failed")
    uac = netsip(t, "uac.pl", "cancel", f"sip:sipsh@127.0.0.1:{port}")
    failed = one(ended(process).events, "call.failed")
    equal((failed["by"], failed["cause"]), ("remote", "cancel"))
    contains(ended(uac.process).out, "INVITE 487")


@test
def takes_its_message(t):
    process, port = waits(t, "wait message")
    uac = netsip(t, "uac.pl", "message", f"sip:sipsh@127.0.0.1:{port}")
    equal(one(ended(process).events, "message")["body"], "Hello from Perl")
    ended(uac.process)


if __name__ == "__main__":
    main()
