#!/usr/bin/env python3
"""When the world fails: a clear error, no hang, no loss of calls."""

import json
import os
import signal
import socket
import subprocess
import time

from harness import check, contains, each, equal, main, test, wait_until
from program import (LOOPBACK, QUICK, account, answering, close, ended,
                     only, pipe, piped, run, serve, start, terminal)


# --- files and directories ---

@test
def no_home_is_no_trouble(t):
    env = dict(t.env)
    for name in [name for name in env
                 if name == "HOME" or name.startswith("XDG_")]:
        del env[name]
    peer = answering(t)
    done = subprocess.run(t.command([*LOOPBACK, "options", peer.uri()],
                                    rc=True),
                          env=env, cwd=t.dir, capture_output=True,
                          timeout=20, check=False)
    equal((done.returncode, done.stderr), (0, b""))


@each([
    ("no home",            {"HOME": "", "XDG_STATE_HOME": "",
                            "XDG_CONFIG_HOME": ""}),
    ("one of nobody's",    {"HOME": "/proc/nobody", "XDG_STATE_HOME": "",
                            "XDG_CONFIG_HOME": ""}),
    ("a file in the way",  {"XDG_STATE_HOME": "/dev/null"}),
])
def a_prompt_without_a_history_is_a_prompt(t, _why, env):
    term = terminal(t, rc=True, env=env)
    term.expect_line("^sipsh> $")
    term.type("echo hello")
    term.expect("^hello$")
    term.expect_line("^sipsh> $")
    term.press("ctrl-d")
    equal(term.wait(), 0)


@each([
    ("that is not there",       None,  0o600, "No such file or directory"),
    ("that others may read",    "x\n", 0o644, "others may read it"),
    ("of a group",              "x\n", 0o640, "others may read it"),
    ("that is empty",           "",    0o600, "the password is empty"),
    ("without an end",          "x" * 5000, 0o600, "longer than"),
])
def a_password_file_is_refused(t, _why, content, mode, text):
    path = (t.path("absent") if content is None
            else t.write("password", content, mode))
    result = run(t, "-a", "sip:alice@127.0.0.1", "--password-file", path,
                 "options", "sip:127.0.0.1:9")
    equal(result.status, 2)
    contains(result.err, text)
    equal(len(result.err.splitlines()), 1, "lines")


@test
def a_password_file_that_is_a_directory_is_refused(t):
    result = run(t, "-a", "sip:alice@127.0.0.1", "--password-file", t.dir,
                 "help")
    equal(result.status, 2)
    contains(result.err, t.dir)


@test
def a_configuration_with_a_password_is_for_us_alone(t):
    t.write("xdg-config/sipsh/sipshrc", "account add work "
            "sip:carol@127.0.0.1 --password-file password\n")
    t.write("password", "secret\n", mode=0o644)
    result = t.run(*LOOPBACK, "accounts", rc=True)
    equal(result.status, 2)
    contains(result.err, "others may read it")


@test
def a_full_disk_ends_the_trace_and_nothing_else(t):
    peer = answering(t)
    result = run(t, "--trace=/dev/full", "-c",
                 f"invite {peer.uri('bob')}; message {peer.uri('bob')} hi; "
                 "bye")
    equal(result.status, 0, repr(result))
    equal(result.err.count("/dev/full: No space left on device"), 1)
    equal(len(result.err.splitlines()), 1, repr(result))
    peer.expect("BYE")


@test
def a_body_without_an_end_is_refused(t):
    peer = answering(t)
    result = run(t, "message", peer.uri("bob"), "--body", "/dev/zero")
    equal(result.status, 2)
    contains(result.err, "longer than")
    equal(peer.received, [])


# --- stdin, stdout, stderr ---

@test
def nothing_on_stdin_is_an_end(t):
    with open(os.devnull, "rb") as null:
        done = subprocess.run(t.command(LOOPBACK), stdin=null, env=t.env,
                              cwd=t.dir, capture_output=True, timeout=20,
                              check=False)
    equal((done.returncode, done.stdout, done.stderr), (0, b"", b""))


@each([
    ("stdin",            ["echo", "a"], "<&-", 0),
    ("stdin, commands",  [],            "<&-", 0),
    ("stderr",           ["nonsense"],  "2>&-", 2),
    ("stdout and stderr, of a failure", ["nonsense"], ">&- 2>&-", 2),
    ("all of them",      ["sleep", "1ms"], "<&- >&- 2>&-", 0),
])
def a_closed_descriptor_is_survived(t, _why, args, redirect, status):
    equal(ended(piped(t, args, redirect)).status, status)


@test
def a_closed_stdout_is_141(t):
    equal(ended(piped(t, ["echo", "a"], ">&-")).status, 141)


@test
def sockets_do_not_take_the_place_of_stdout(t):
    """A descriptor that is closed at the start is reused by the next that
    is opened: what is written to stdout must not go to a peer."""
    peer = answering(t)
    process = piped(t, ["-c", f"options {peer.uri()}; echo a secret"],
                    "<&- >&- 2>&-")
    check(ended(process).status in (0, 141), "another status")
    for message in peer.received:
        check(b"a secret" not in message.wire, "stdout went to the network")


@test
def nobody_reads_and_the_call_is_hung_up(t):
    peer = answering(t)
    reader, writer = pipe(t)
    process = piped(t, ["-j"], f">&{writer}", fds=(writer,))
    close(writer)
    process.send(f"invite {peer.uri('bob')}")
    peer.expect("ACK")
    close(reader)
    invite = peer.expect("INVITE")
    peer.request("MESSAGE", invite.source, "sip:me@127.0.0.1", body="x")
    peer.expect("BYE")
    equal(ended(process).status, 141)


@test
def nobody_reads_stderr_and_all_goes_on(t):
    peer = answering(t)
    reader, writer = pipe(t)
    close(reader)
    process = piped(t, ["--trace", "-c", f"invite {peer.uri('bob')}; bye"],
                    f"2>&{writer}", fds=(writer,))
    equal(ended(process).status, 0)
    peer.expect("BYE")


@test
def a_reader_that_stalls_loses_nothing(t):
    """While nobody reads, what arrives stays in the sockets; TCP makes the
    sender wait. Afterwards every event is there, in order."""
    count, text = 400, "x" * 1000
    peer = t.peer("tcp")
    reader, writer = pipe(t)
    port = t.port()
    process = t.spawn(
        ["sh", "-c", f'exec "$@" >&{writer}', "sh",
         *t.command(["-l", f"tcp:127.0.0.1:{port}", "-j"])],
        pass_fds=(writer,))
    close(writer)
    wait_until(lambda: _accepts(port), "the listener")
    connection = peer.connect(("127.0.0.1", port))
    for n in range(count):
        peer.request("MESSAGE", connection, f"sip:me@127.0.0.1:{port}",
                     body=f"{n} {text}",
                     headers=[("Content-Type", "text/plain")])
    wait_until(lambda: _is_stalled(peer), "the answers to pause")
    process.close_stdin()
    with os.fdopen(os.dup(reader), "rb") as f:
        events = [json.loads(line) for line in f]
    equal([event["seq"] for event in events],
          list(range(1, len(events) + 1)))
    equal([event["body"].split()[0] for event in only(events, "message")],
          [str(n) for n in range(len(only(events, "message")))])
    check(ended(process).status == 0, repr(process.result()))


def _accepts(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def _is_stalled(peer):
    """No answer came for a while, and some did."""
    seen = len(peer.received)
    if not seen:
        return False
    time.sleep(0.2)
    return len(peer.received) == seen


# --- others vanish ---

@test
def a_registrar_that_vanishes_is_told_and_calls_stay(t):
    peer, server = answering(t), serve(t, alice="secret")
    process = start(t, *account(t, server))
    process.send(QUICK)
    process.send("register")
    process.expect("200 OK")
    process.send(f"invite {peer.uri('bob')}")
    peer.expect("ACK")
    server.signal(signal.SIGKILL)
    ended(server)
    process.send("-register")
    wait_until(lambda: "refused" in process.err, lambda: process.err)
    check(not peer.requests("BYE"), "the call was lost")
    process.send("echo still here")
    process.expect("still here")
    began = time.monotonic()
    result = process.wait()
    peer.expect("BYE")
    check(time.monotonic() - began < 5, "it waited for the dead")
    check(result.status in (0, 4), repr(result))


@test
def a_peer_that_vanishes_does_not_hold_up_the_end(t):
    peer = answering(t)
    peer.on("BYE", None)
    began = time.monotonic()
    result = run(t, "-c", f"{QUICK}; invite {peer.uri('bob')}")
    check(0.5 < time.monotonic() - began < 4, "not 64*T1")
    equal(result.status, 0, repr(result))


@test
def a_connection_that_breaks_is_told_and_made_again(t):
    peer = answering(t, "tcp")
    process = start(t)
    process.send(f"options {peer.uri()}")
    process.expect("200 OK")
    for connection in list(peer.connections):
        connection.close()
    process.send(f"-options {peer.uri()}")
    process.send(f"options {peer.uri()}")
    process.expect("200 OK")
    process.wait()


# --- input ---

@test
def a_line_without_an_end_is_misuse(t):
    process = start(t)
    try:
        for _ in range(100):
            process.popen.stdin.write(b"echo " + b"x" * 1000)
            process.popen.stdin.flush()
    except BrokenPipeError:
        pass
    result = ended(process)
    equal(result.status, 2)
    contains(result.err, "stdin:1:1: a line is longer than 65536 octets")
    equal(result.out, "")


@test
def octets_that_are_no_text_are_misuse(t):
    result = t.run(*LOOPBACK, input=b"\x00\x01\xff\n")
    equal(result.status, 2)
    contains(result.err, "stdin:1:1: unknown command '\\x00\\x01\\xff'")


@test
def too_few_descriptors_are_told(t):
    process = t.spawn(["sh", "-c", 'ulimit -n 5; exec "$@"', "sh",
                       *t.command([*LOOPBACK, "options",
                                   "sip:127.0.0.1:9"])])
    result = ended(process)
    check(result.status in (2, 4, 70), repr(result))
    check(result.err, "no word")


if __name__ == "__main__":
    main()
