#!/usr/bin/env python3
"""Each exit status of the contract, by something real that causes it."""

import signal
import time

from harness import check, contains, each, equal, main, test
from program import (QUICK, Dns, account, answering, close, ended, pipe,
                     piped, ringing, run, script, serve, silent, start, up)


# --- 0 and 1: what the peer says ---

@test
def success_is_0(t):
    peer = answering(t)
    equal(run(t, "options", peer.uri()).status, 0)
    equal(run(t, "message", peer.uri("bob"), "hello").status, 0)
    equal(run(t, "help").status, 0)
    equal(t.run("--version").status, 0)
    equal(t.run("--help").status, 0)


@each([
    ("moved",                302),
    ("not found",            404),
    ("forbidden, unasked",   403),
    ("busy",                 486),
    ("an error of theirs",   500),
    ("declined everywhere",  603),
])
def a_refusal_is_1(t, _why, status):
    peer = t.peer("udp")
    peer.on("MESSAGE", lambda m: peer.respond(
        m, status, headers=[("Contact", "<sip:carol@127.0.0.1>")]))
    result = run(t, "message", peer.uri("bob"), "hello")
    equal(result.status, 1)
    contains(result.out, f"  {status} ")


@test
def a_refused_call_is_1(t):
    peer = t.peer("udp")
    peer.on("INVITE", 486)
    result = run(t, "invite", peer.uri("bob"))
    equal(result.status, 1)
    peer.expect("ACK")


# --- 2: usage, told before anything is sent ---

@each([
    ("a command", ["nonsense"], "unknown command 'nonsense'"),
    ("a prefix", ["opt", "sip:bob@127.0.0.1"], "unknown command 'opt'"),
    ("an option of ours", ["--nonsense"], "unknown option '--nonsense'"),
    ("an option of a command", ["options", "URI", "--loud"],
     "options has no option '--loud'"),
    ("no argument", ["options"], "URI is missing; usage: options URI"),
    ("one too many", ["options", "URI", "again"],
     "options takes no further argument 'again'"),
    ("a URI", ["options", "sip:"], "expected a URI like "
     "sip:alice@example.com, got 'sip:'"),
    ("a bare name without account", ["options", "bob"],
     "'bob' is no URI, and there is no account"),
    ("a duration", ["sleep", "5x"], "expected a duration like 500ms, 5s or "
     "2m, got '5x'"),
    ("a duration of ours", ["--timeout", "never", "options", "URI"],
     "--timeout: expected a duration"),
    ("a header", ["options", "URI", "-H", "Subject"],
     "-H: expected 'NAME: VALUE', got 'Subject'"),
    ("a header of two lines", ["options", "URI", "-H", "A: b\r\nVia: c"],
     "-H: expected 'NAME: VALUE'"),
    ("a status", ["reject", "200"], "expected a number from 300 to 699"),
    ("a call", ["bye", "1"], "expected a call like %1, or all, got '1'"),
    ("no such call", ["bye", "%1"], "no call %1"),
    ("an event", ["wait", "call.nonsense"],
     "unknown event 'call.nonsense'"),
    ("an expression", ["wait", "response", "reason~("],
     "not a regular expression"),
    ("a setting", ["set", "nonsense", "1"], "no setting 'nonsense'"),
    ("a setting's value", ["set", "t1", "0"], "t1: expected a duration"),
    ("a missing body", ["message", "URI", "--body", "/nonexistent"],
     "/nonexistent: No such file or directory"),
    ("a missing script", ["-f", "/nonexistent"],
     "/nonexistent: No such file or directory"),
    ("a script that is a directory", ["-f", "/"], "/: Is a directory"),
    ("a missing sourced file", ["source", "/nonexistent"],
     "/nonexistent: No such file or directory"),
    ("an account", ["-a", "alice", "options", "URI"],
     "account: expected a URI like sip:alice@example.com, got 'alice'"),
    ("a proxy", ["-a", "sip:a@127.0.0.1", "-P", "sip:", "options", "URI"],
     "proxy: expected a URI"),
    ("a missing password file", ["-a", "sip:a@127.0.0.1", "--password-file",
                                 "/nonexistent", "options", "URI"],
     "/nonexistent: No such file or directory"),
    ("credentials", ["-a", "sip:a@127.0.0.1", "--credentials", "lab",
                     "options", "URI"],
     "credentials: expected REALM=USER:FILE, got 'lab'"),
    ("where to listen", ["-l", "carrier-pigeon:127.0.0.1", "options", "URI"],
     "carrier-pigeon"),
    ("a transport", ["-t", "sctp", "options", "URI"],
     "--transport: expected some of udp, tcp, tls, ws and wss, got 'sctp'"),
    ("a DNS server", ["--dns", "localhost", "options", "URI"],
     "--dns: expected ADDR or ADDR:PORT, got 'localhost'"),
    ("a trace into nowhere", ["--trace=/nonexistent/t", "options", "URI"],
     "/nonexistent/t: No such file or directory"),
    ("a destination", ["send", "FOO", "URI", "--dest", "udp:bob"],
     "--dest: expected [TRANSPORT:]ADDR[:PORT], got 'udp:bob'"),
])
def misuse_is_2_and_nothing_is_sent(t, _why, args, text):
    peer = t.peer("udp")
    result = run(t, *[peer.uri("bob") if arg == "URI" else arg
                      for arg in args])
    equal(result.status, 2)
    contains(result.err, text)
    equal(len(result.err.splitlines()), 1, "lines of stderr")
    equal(result.out, "")
    equal(peer.received, [])


@each([
    ("a word in a script", "options URI\n\n  nonsense\n",
     "{file}:3:3: unknown command 'nonsense'"),
    ("an argument", "options URI; sleep soon\n",
     "{file}:1:{column}: DURATION: expected a duration"),
    ("a quote", "echo 'open\n", "{file}:1:6: no closing '"),
    ("behind a joined line", "echo a \\\n b\nsleep x\n",
     "{file}:3:7: DURATION: expected a duration"),
])
def a_wrong_script_is_2_with_its_place(t, _why, text, wanted):
    peer = answering(t)
    text = text.replace("URI", peer.uri())
    path = t.write("script.sip", text)
    result = run(t, "-f", path)
    equal(result.status, 2)
    column = text.find("soon") + 1
    contains(result.err, wanted.format(file=path, column=column))
    equal(peer.received, [], "a script is checked whole before it runs")


@test
def a_wrong_line_of_stdin_is_2_with_its_place(t):
    result = script(t, "echo one", "echo two; nonsense", "echo three")
    equal(result.status, 2)
    equal(result.out, "one\ntwo\n")
    contains(result.err, "stdin:2:11: unknown command 'nonsense'")


@test
def a_wrong_command_of_c_is_2_with_its_column(t):
    result = run(t, "-c", "echo one; nonsense")
    equal(result.status, 2)
    equal(result.out, "")
    contains(result.err, "column 11: unknown command 'nonsense'")


@test
def a_password_that_others_may_read_is_2(t):
    path = t.write("password", "secret\n", mode=0o644)
    result = run(t, "-a", "sip:a@127.0.0.1", "--password-file", path, "help")
    equal(result.status, 2)
    contains(result.err, "others may read it")


# --- 3: silence ---

@each([
    ("a request",  "options"),
    ("a call",     "invite"),
    ("a message",  "message"),
])
def silence_is_3(t, _why, command):
    text = " hello" if command == "message" else ""
    began = time.monotonic()
    result = run(t, "-c", f"{QUICK}; {command} {silent(t)}{text}")
    took = time.monotonic() - began
    equal(result.status, 3)
    check(0.6 < took < 3, f"64*T1 are 0.64 s; it took {took:.2f} s")


@test
def an_event_that_does_not_come_is_3(t):
    result = run(t, "wait", "call.incoming", "--timeout", "20ms")
    equal(result.status, 3)
    contains(result.err, "wanted call.incoming")


@test
def the_bound_of_the_user_is_3(t):
    began = time.monotonic()
    result = run(t, "--timeout", "100ms", "options", silent(t))
    equal(result.status, 3)
    check(time.monotonic() - began < 3, "it was not bounded")


# --- 4: the network ---

@each([
    ("UDP, a request", "udp", "options"),
    ("UDP, a call",    "udp", "invite"),
    ("TCP, a request", "tcp", "options"),
    ("TCP, a call",    "tcp", "invite"),
])
def a_closed_port_is_4_at_once(t, _why, transport, command):
    uri = f"sip:bob@127.0.0.1:{t.port()};transport={transport}"
    began = time.monotonic()
    result = run(t, command, uri)
    took = time.monotonic() - began
    equal(result.status, 4)
    contains(result.err, "refused")
    check(took < 1, f"it took {took:.2f} s")


@test
def a_connection_that_is_closed_unanswered_is_4(t):
    peer = t.peer("tcp")
    peer.on("OPTIONS", lambda m: m.connection.close())
    began = time.monotonic()
    result = run(t, "options", peer.uri())
    equal(result.status, 4)
    check(time.monotonic() - began < 2, "it waited")


@test
def an_address_that_cannot_be_bound_is_2_or_4(t):
    peer = t.peer("udp")
    result = t.run("-l", f"udp:127.0.0.1:{peer.port}", "options",
                   peer.uri())
    check(result.status in (2, 4), repr(result))
    contains(result.err, str(peer.port))


# --- 5: names ---

@each([
    ("there is none",        "nxdomain"),
    ("the server fails",     "servfail"),
])
def a_name_that_does_not_resolve_is_5(t, _why, answer):
    dns = Dns(t, answer)
    result = run(t, "--dns", dns.address, "options", "sip:bob@sip.test")
    equal(result.status, 5)
    contains(result.err, "sip.test")
    check(dns.queries > 0, "nobody was asked")


@test
def a_name_server_that_is_silent_is_3(t):
    dns = Dns(t, "silence")
    result = run(t, "--dns", dns.address, "--timeout", "300ms", "options",
                 "sip:bob@sip.test")
    equal(result.status, 3)
    check(dns.queries > 0, "nobody was asked")


@test
def a_name_that_resolves_is_used(t):
    peer = answering(t)
    dns = Dns(t, {"sip.test": "127.0.0.1"})
    result = run(t, "--dns", dns.address, "options",
                 f"sip:bob@sip.test:{peer.port}")
    equal(result.status, 0)
    equal(peer.expect("OPTIONS").uri, f"sip:bob@sip.test:{peer.port}")


# --- 7: authentication ---

@test
def a_wrong_password_is_7(t):
    registrar = serve(t, alice="secret")
    result = run(t, *account(t, registrar, password="wrong"), "register")
    equal(result.status, 7)
    contains(result.err, "lab")


@test
def no_password_is_7(t):
    registrar = serve(t, alice="secret")
    result = run(t, "-a", f"sip:alice@127.0.0.1:{registrar.port}",
                 "register")
    equal(result.status, 7)
    contains(result.err, "lab")


@test
def the_right_password_is_0(t):
    registrar = serve(t, alice="secret")
    equal(run(t, *account(t, registrar), "register").status, 0)


@test
def a_403_to_who_has_shown_credentials_is_7(t):
    peer = t.peer("udp")
    challenge = ("WWW-Authenticate",
                 'Digest realm="lab", nonce="n", algorithm=MD5')
    peer.on("REGISTER", lambda m: peer.respond(m, 403)
            if m.header("Authorization")
            else peer.respond(m, 401, headers=[challenge]))
    result = run(t, *account(t, peer), "register")
    equal(result.status, 7)
    equal(len(peer.requests("REGISTER")), 2)


# --- 8: expect ---

@test
def what_was_expected_and_is_not_so_is_8(t):
    peer = answering(t)
    result = run(t, "-c", f"options {peer.uri()}; expect response "
                 "status=200; echo here; options " + peer.uri()
                 + "; expect response status=404 --timeout 20ms")
    equal(result.status, 8)
    contains(result.out, "here")
    contains(result.err, "wanted response status=404, got status=200")


# --- the first failure counts ---

@test
def the_status_is_the_first_failures(t):
    peer = t.peer("udp")
    peer.on("OPTIONS", 404)
    result = run(t, "-c", f"-options {peer.uri()}; "
                 "wait call.incoming --timeout 10ms; nonsense $x")
    equal(result.status, 3)


@test
def exit_says_its_own_status(t):
    equal(run(t, "exit", "42").status, 42)
    equal(run(t, "-c", "exit 0; nonsense $x").status, 0)
    equal(run(t, "exit", "256").status, 2)


@test
def a_failure_in_the_background_counts(t):
    peer = t.peer("udp")
    peer.on("OPTIONS", 404)
    result = run(t, "-c", f"options {peer.uri()} & ; "
                 "wait cmd.done --timeout 5s")
    equal(result.status, 1)


# --- 130, 143, 141: from outside ---

@each([
    ("SIGINT",  signal.SIGINT, 130),
    ("SIGTERM", signal.SIGTERM, 143),
    ("SIGHUP",  signal.SIGHUP, 129),
])
def a_signal_hangs_up_the_call_that_is_up(t, _why, number, status):
    peer = answering(t)
    process = up(t, peer)
    process.signal(number)
    equal(ended(process).status, status)
    peer.expect("BYE")


@each([
    ("SIGINT",  signal.SIGINT, 130),
    ("SIGTERM", signal.SIGTERM, 143),
])
def a_signal_cancels_the_call_that_rings(t, _why, number, status):
    peer = ringing(t)
    process = start(t, "invite", peer.uri("bob"))
    process.expect("180 Ringing")
    process.signal(number)
    equal(ended(process).status, status)
    peer.expect("CANCEL")
    peer.expect("ACK")


@test
def a_second_interrupt_ends_it_at_once(t):
    peer = answering(t)
    peer.on("BYE", None)
    process = up(t, peer)
    process.signal(signal.SIGINT)
    peer.expect("BYE")
    check(process.running, "it did not wait for the BYE's answer")
    began = time.monotonic()
    process.signal(signal.SIGINT)
    equal(ended(process).status, 130)
    check(time.monotonic() - began < 1, "it went on waiting")


@test
def an_interrupted_script_goes_no_further(t):
    process = start(t, "-c", "echo begun; sleep 1m; echo never")
    process.expect("begun")
    process.signal(signal.SIGINT)
    result = ended(process)
    equal(result.status, 130)
    equal(result.out, "begun\n")


@test
def nobody_reads_stdout_is_141_after_hanging_up(t):
    peer = answering(t)
    reader, writer = pipe(t)
    process = piped(t, [], f">&{writer}", fds=(writer,))
    close(writer)
    process.send(f"invite {peer.uri('bob')}")
    peer.expect("ACK")
    close(reader)
    process.send("echo is anybody there")
    equal(ended(process).status, 141)
    peer.expect("BYE")


@test
def a_stdout_that_was_never_read_is_141(t):
    reader, writer = pipe(t)
    close(reader)
    process = piped(t, ["help"], f">&{writer}", fds=(writer,))
    equal(ended(process).status, 141)


@test
def help_to_nobody_is_141(t):
    for word in ("--help", "--version"):
        reader, writer = pipe(t)
        close(reader)
        process = piped(t, [word], f">&{writer}", fds=(writer,))
        equal(ended(process).status, 141, word)


if __name__ == "__main__":
    main()
