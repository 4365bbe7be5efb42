#!/usr/bin/env python3
"""Registrations: with the registrar of the program, and with a peer that
says what the test says."""

import hashlib
import os
import re

from harness import check, contains, each, equal, main, test
from program import (Dns, account, ended, listening, one, only, run, serve,
                     start)

CHALLENGE = 'Digest realm="{}", nonce="n{}", algorithm=MD5, qop="auth"'


def registrar(t, realm=None, expires=None):
    """A peer that accepts all, after a challenge where there is a realm."""
    peer = t.peer("udp")

    def answer(m):
        if realm and not m.header("Authorization"):
            peer.respond(m, 401, headers=[
                ("WWW-Authenticate", CHALLENGE.format(realm, 1))])
            return
        contacts = []
        for value in m.values("Contact"):
            if value != "*" and asked(m, value) > 0:
                seconds = expires or asked(m, value)
                bare = re.sub(r";\s*expires=\d+", "", value)
                contacts.append(("Contact", f"{bare};expires={seconds}"))
        peer.respond(m, 200, headers=contacts)
    peer.on("REGISTER", answer)
    return peer


def asked(message, contact):
    own = re.search(r";\s*expires=(\d+)", contact)
    return int(own.group(1) if own else message.header("Expires") or 3600)


# --- with our own registrar ---

@test
def a_registration_lasts_as_long_as_the_program(t):
    server = serve(t, alice="secret")
    options = account(t, server)
    process = start(t, *options)
    process.send("register --expires 120")
    process.expect(r"^register  sip:alice@127.0.0.1:\d+  200 OK  .* ms  "
                   r"expires 120 s  \(1 binding\)$")
    listed = run(t, "-j", *options, "bindings")
    row, = one(listed.events, "table")["rows"]
    check(100 < row["expires"] <= 120, row)
    equal(process.wait().status, 0)
    listed = run(t, "-j", *options, "bindings")
    equal(one(listed.events, "table")["rows"], [])


@each([
    ("--keep leaves it",  ["--keep"], "register", 1),
    ("--once leaves it",  [], "register --once", 1),
    ("unregister does not", ["--keep"], "register; unregister", 0),
])
def what_is_left_behind(t, _why, more, commands, left):
    server = serve(t, alice="secret")
    options = account(t, server)
    equal(run(t, *options, *more, "-c", commands).status, 0)
    listed = run(t, "-j", *options, "bindings")
    equal(len(one(listed.events, "table")["rows"]), left)


@test
def a_signal_removes_it_too(t):
    server = serve(t, alice="secret")
    options = account(t, server)
    process = start(t, *options, "-c", "register; sleep 1m")
    process.expect("200 OK")
    process.signal(15)
    equal(ended(process).status, 143)
    listed = run(t, "-j", *options, "bindings")
    equal(one(listed.events, "table")["rows"], [])


@test
def all_bindings_can_be_removed(t):
    server = serve(t, alice="secret")
    options = account(t, server)
    for port in (7001, 7002):
        equal(run(t, *options, "register", "--once", "--contact",
                  f"sip:alice@127.0.0.1:{port}").status, 0)
    listed = run(t, "-j", *options, "-c", "bindings; unregister --contact "
                 "sip:alice@127.0.0.1:7001; bindings; unregister --all; "
                 "bindings")
    equal(listed.status, 0, repr(listed))
    equal([len(table["rows"]) for table in only(listed.events, "table")],
          [2, 1, 0])


@test
def contacts_are_as_they_were_given(t):
    server = serve(t, alice="secret")
    result = run(t, "-j", *account(t, server), "-c",
                 "register --contact sip:a@127.0.0.1:7001 --contact "
                 "'<sip:b@127.0.0.1:7002>;q=0.25' --q 0.75; bindings")
    equal(result.status, 0, repr(result))
    rows = one(result.events, "table")["rows"]
    equal({row["contact"]: row["q"] for row in rows},
          {"sip:a@127.0.0.1:7001": 0.75, "sip:b@127.0.0.1:7002": 0.25})


@test
def too_short_a_time_is_asked_for_again(t):
    server = serve(t, "--min-expires", "90", alice="secret")
    result = run(t, *account(t, server), "-c", "register --expires 5")
    equal(result.status, 0, repr(result))
    contains(result.out, "expires 90 s")


@test
def who_is_registered_can_be_called(t):
    server = serve(t, alice="secret")
    bob = listening(t, *account(t, server), "-c", "register; "
                    "wait call.incoming --timeout 10s; answer; "
                    "wait call.ended --timeout 10s")
    bob.expect("200 OK")
    result = run(t, "-c", "set redirect follow; "
                 f"invite sip:alice@127.0.0.1:{server.port}; bye")
    equal(result.status, 0, repr(result))
    equal(ended(bob).status, 0)


# --- refreshes ---

@test
def it_is_refreshed_before_it_expires(t):
    peer = registrar(t, expires=2)
    process = start(t, *account(t, peer))
    process.send("register")
    first = peer.expect("REGISTER")
    second = peer.expect("REGISTER")
    took = second.time - first.time
    check(0.5 < took < 2, f"after {took:.2f} s of 2")
    equal(second.header("Call-ID"), first.header("Call-ID"))
    equal(second.cseq[0], first.cseq[0] + 1)
    process.close_stdin()
    last = peer.expect(lambda m: m.method == "REGISTER"
                       and "expires=0" in (m.header("Contact") or "")
                       + "expires=" + (m.header("Expires") or ""))
    equal(last.header("Call-ID"), first.header("Call-ID"))
    equal(ended(process).status, 0)


@test
def a_refresh_that_fails_is_told(t):
    peer = registrar(t, expires=2)
    process = start(t, *account(t, peer))
    process.send("register")
    process.expect("200 OK")
    peer.on("REGISTER", 500)
    process.expect(r"registration  sip:alice@\S+  refresh failed  "
                   r"500 Server Internal Error  next try in \d+ s")
    check(process.running, "it ended")
    process.signal(15)
    ended(process)


# --- credentials ---

@test
def a_challenge_is_answered_once(t):
    peer = registrar(t, realm="lab")
    equal(run(t, *account(t, peer), "register", "--once").status, 0)
    first, second = peer.requests("REGISTER")
    equal(first.header("Authorization"), None)
    contains(second.header("Authorization"), 'realm="lab"')
    contains(second.header("Authorization"), 'username="alice"')
    equal(second.cseq[0], first.cseq[0] + 1)


@test
def a_refused_answer_is_not_sent_again(t):
    peer = t.peer("udp")
    peer.on("REGISTER", lambda m: peer.respond(m, 401, headers=[
        ("WWW-Authenticate", CHALLENGE.format("lab", m.cseq[0]))]))
    result = run(t, *account(t, peer), "register")
    equal(result.status, 7)
    equal(len(peer.requests("REGISTER")), 2)


@test
def a_stranger_at_another_host_gets_nothing(t):
    dns = Dns(t, {"stranger.test": "127.0.0.1"})
    home, stranger = registrar(t, realm="lab"), t.peer("udp")
    stranger.on("OPTIONS", lambda m: stranger.respond(m, 401, headers=[
        ("WWW-Authenticate", CHALLENGE.format("lab", 1))]))
    result = run(t, "--dns", dns.address, *account(t, home), "-c",
                 "register --once; "
                 f"options sip:bob@stranger.test:{stranger.port}")
    equal(result.status, 7, repr(result))
    contains(result.err, "lab")
    equal(len(stranger.requests("OPTIONS")), 1)


@test
def another_realm_may_have_its_own(t):
    dns = Dns(t, {"other.test": "127.0.0.1"})
    home, other = registrar(t, realm="lab"), t.peer("udp")
    other.on("OPTIONS", lambda m: other.respond(m, 200)
             if m.header("Authorization") else
             other.respond(m, 401, headers=[
                 ("WWW-Authenticate", CHALLENGE.format("theirs", 1))]))
    path = t.write("other", "password2\n")
    result = run(t, "--dns", dns.address, *account(t, home),
                 "--credentials", f"theirs=carol:{path}",
                 "options", f"sip:bob@other.test:{other.port}")
    equal(result.status, 0, repr(result))
    contains(other.requests("OPTIONS")[1].header("Authorization"),
             'username="carol"')


@test
def a_proxys_challenge_is_answered_too(t):
    peer = t.peer("udp")
    peer.on("OPTIONS", lambda m: peer.respond(m, 200)
            if m.header("Proxy-Authorization") else
            peer.respond(m, 407, headers=[
                ("Proxy-Authenticate", CHALLENGE.format("proxy", 1))]))
    path = t.write("password", "secret")
    result = run(t, "-a", "sip:alice@sip.test", "-P", peer.hostport,
                 "--password-file", path, "options", "bob")
    equal(result.status, 0, repr(result))
    request = peer.requests("OPTIONS")[0]
    equal(request.uri, "sip:bob@sip.test")
    contains(request.header("Route"), f"<sip:{peer.hostport};lr>")


@each([
    ("from a file",            "file"),
    ("from a descriptor",      "fd"),
    ("from the environment",   "environment"),
    ("as a hash, from a file", "hash"),
])
def a_password_is_given(t, _why, how):
    server = serve(t, alice="secret")
    options, fds, env = ["-a", f"sip:alice@127.0.0.1:{server.port}"], (), {}
    if how == "file":
        options += ["--password-file", t.write("password", "secret\n")]
    elif how == "hash":
        digest = hashlib.sha256(b"alice:lab:secret").hexdigest()
        options += ["--password-file", t.write("password",
                                               f"HA1:{digest}\n")]
    elif how == "fd":
        fd = os.open(t.write("password", "secret\n"), os.O_RDONLY)
        t.defer(os.close, fd)
        options, fds = options + ["--password-fd", str(fd)], (fd,)
    else:
        env = {"SIPSH_PASSWORD": "secret"}
    result = run(t, *options, "register", env=env, pass_fds=fds)
    equal(result.status, 0, repr(result))


@test
def the_password_is_nowhere_to_be_seen(t):
    server = serve(t, alice="Tr0ub4dor")
    path = t.path("trace")
    process = start(t, "-a", f"sip:alice@127.0.0.1:{server.port}", "-j",
                    "-v", f"--trace={path}", env={"SIPSH_PASSWORD":
                                                  "Tr0ub4dor"})
    process.send("register")
    process.expect('"event":"reg.ok"')
    process.send("trace show")
    process.send("account show")
    with open(f"/proc/{process.pid}/environ", "rb") as f:
        check(b"Tr0ub4dor" not in f.read(), "in the environment")
    with open(f"/proc/{process.pid}/cmdline", "rb") as f:
        check(b"Tr0ub4dor" not in f.read(), "in the arguments")
    result = process.wait()
    equal(result.status, 0, repr(result))
    with open(path, encoding="utf-8") as f:
        trace = f.read()
    contains(trace, "Authorization: Digest")
    for text in (trace, result.out, result.err):
        check("Tr0ub4dor" not in text, "the password")
        check(not re.search(r'[ ,]response=\\?"[0-9a-f]{32}', text),
              "a response")
    equal(os.stat(path).st_mode & 0o777, 0o600, "mode of the trace")


# --- accounts ---

@test
def accounts_are_added_chosen_and_removed(t):
    one_, two = registrar(t), registrar(t)
    result = run(t, "-c",
                 f"account add a sip:alice@127.0.0.1:{one_.port}; "
                 f"account add b sip:bob@127.0.0.1:{two.port} --expires 77; "
                 "register --once; account use b; register --once; "
                 "register a --once; account list")
    equal(result.status, 0, repr(result))
    equal(len(one_.requests("REGISTER")), 2)
    request, = two.requests("REGISTER")
    equal(asked(request, request.header("Contact")), 77)
    contains(request.header("To"), f"sip:bob@127.0.0.1:{two.port}")
    contains(result.out, f"sip:bob@127.0.0.1:{two.port}")


@test
def a_bare_name_is_of_the_accounts_domain(t):
    peer = t.peer("udp")
    peer.on("MESSAGE", 200)
    equal(run(t, "-a", f"sip:alice@127.0.0.1:{peer.port}", "message", "bob",
              "hello").status, 0)
    message = peer.expect("MESSAGE")
    equal(message.uri, f"sip:bob@127.0.0.1:{peer.port}")
    contains(message.header("From"), f"sip:alice@127.0.0.1:{peer.port}")


@test
def a_registrar_elsewhere_is_used(t):
    peer = registrar(t)
    equal(run(t, "-a", "sip:alice@sip.test", "-r", peer.uri(), "register",
              "--once").status, 0)
    request = peer.expect("REGISTER")
    equal(request.uri, peer.uri())
    contains(request.header("To"), "sip:alice@sip.test")


if __name__ == "__main__":
    main()
