#!/usr/bin/env python3
"""System calls that fail, and memory that runs out, anywhere in a run: the
program goes on where it can, and says what is wrong where it cannot. A
library (shim.c) that is preloaded makes them fail.

$OOM_RUNS is how many allocations are tried of each run (0: all of them)."""

import errno
import os
import shlex
import subprocess
import tempfile

from harness import HERE, check, each, equal, find_sipsh, main, test
from peer import sdp

OOM_RUNS = int(os.environ.get("OOM_RUNS", "40"))

STATUSES = set(range(10)) | {70, 141}

_built = tempfile.TemporaryDirectory(prefix="sipsh-shim-")


def is_sanitized():
    """Its own malloc stands where the shim's would."""
    with open(find_sipsh(), "rb") as f:
        return b"__asan_init" in f.read()


def shim():
    """The library's path; made once."""
    path = os.path.join(_built.name, "shim.so")
    if not os.path.exists(path):
        options = [] if is_sanitized() else ["-DSHIM_MALLOC"]
        subprocess.run([*shlex.split(os.environ.get("CC", "cc")), *options,
                        "-shared", "-fPIC", "-O1", "-D_GNU_SOURCE", "-o", path,
                        os.path.join(HERE, "shim.c"), "-ldl"], check=True)
    return path


def run(t, rules, *args, timeout=20, **env):
    env.update({"LD_PRELOAD": shim(), "SHIM": rules,
                "ASAN_OPTIONS": "verify_asan_link_order=0:exitcode=99"})
    result = t.run(*args, env=env, timeout=timeout)
    check(result.status in STATUSES, f"with {rules}: {result!r}")
    return result


def callee(t, transport="udp"):
    peer = t.peer(transport)
    peer.on("OPTIONS", 200)
    peer.on("MESSAGE", 200)
    peer.on("BYE", 200)

    def ring_and_answer(m):
        try:
            peer.respond(m, 180)
            peer.respond(m, 200, body=sdp(4000))
        except OSError:
            pass                # the program may have ended meanwhile
    peer.on("INVITE", ring_and_answer)
    return peer


def call(peer, transport="udp"):
    return ["-l", f"{transport}:127.0.0.1", "-c", "set t1 50ms; "
            f"message {peer.uri('bob')} hello; invite {peer.uri('bob')}; bye"]


# --- what passes by ---

def every(name, error, nth):
    return f"{name} {error} {nth} {nth}"


@each([(f"{errno.errorcode.get(error, 'short')} of each {nth}th {name}",
        name, error, nth)
       for name, error, nth in [
           ("select", errno.EINTR, 2), ("read", errno.EINTR, 2),
           ("read", -1, 1), ("write", errno.EINTR, 2),
           ("write", -1, 1), ("recvmmsg", errno.EINTR, 2),
           ("recvmmsg", errno.EAGAIN, 2), ("recvmmsg", errno.ECONNREFUSED, 3),
           ("sendto", errno.EINTR, 2), ("sendto", errno.EAGAIN, 3),
           ("sendto", errno.ENOBUFS, 3)]])
def a_call_over_udp_gets_over(t, _why, name, error, nth):
    peer = callee(t)
    result = run(t, every(name, error, nth), *call(peer))
    equal(result.status, 0, f"{result!r}")
    check(peer.requests("BYE"), "there was no BYE")


@each([(f"{errno.errorcode.get(error, 'short')} of each {nth}th {name}",
        name, error, nth)
       for name, error, nth in [
           ("recv", errno.EINTR, 2), ("recv", errno.EAGAIN, 2),
           ("recv", -1, 1), ("send", errno.EINTR, 2),
           ("send", errno.EAGAIN, 2), ("send", -1, 1),
           ("select", errno.EINTR, 2)]])
def a_call_over_tcp_gets_over(t, _why, name, error, nth):
    peer = callee(t, "tcp")
    result = run(t, every(name, error, nth), *call(peer, "tcp"))
    equal(result.status, 0, f"{result!r}")
    check(peer.requests("BYE"), "there was no BYE")


# --- what does not ---

@each([(f"{errno.errorcode[error]} of {name}", transport, name, error)
       for transport, name, error in [
           ("udp", "socket", errno.EMFILE), ("udp", "socket", errno.ENFILE),
           ("udp", "socket", errno.ENOMEM), ("udp", "bind", errno.EADDRINUSE),
           ("udp", "bind", errno.EACCES),
           ("udp", "sendto", errno.ENETUNREACH),
           ("udp", "sendto", errno.EPERM),
           ("tcp", "socket", errno.EMFILE),
           ("tcp", "connect", errno.ECONNREFUSED),
           ("tcp", "connect", errno.EHOSTUNREACH),
           ("tcp", "send", errno.ECONNRESET), ("tcp", "send", errno.EPIPE),
           ("tcp", "recv", errno.ECONNRESET)]])
def a_failure_is_told(t, _why, transport, name, error):
    peer = callee(t, transport)
    result = run(t, every(name, error, 1), "-l", f"{transport}:127.0.0.1",
                 "-c", f"set t1 20ms; options {peer.uri()}")
    # 2: what -l says cannot be had
    check(result.status in (2, 3, 4), f"{result!r}")
    check(result.err.startswith("sipsh: "), f"{result!r}")


@test
def a_full_disk_behind_stdout_is_told(t):
    peer = callee(t)
    result = run(t, every("write", errno.ENOSPC, 1), "-l", "udp:127.0.0.1",
                 "options", peer.uri())
    check(result.status != 0, f"{result!r}")


@test
def connections_that_cannot_be_accepted_wait(t):
    """EMFILE of accept4: the peer is served when there is room again."""
    port = t.port()
    env = {"LD_PRELOAD": shim(), "SHIM": f"accept4 {errno.EMFILE} 1 2",
           "ASAN_OPTIONS": "verify_asan_link_order=0:exitcode=99"}
    process = t.start("-l", f"tcp:127.0.0.1:{port}", env=env)
    process.send("transports")
    process.expect(str(port))
    peer = t.peer("tcp")
    for _ in range(3):
        peer.request("OPTIONS", ("127.0.0.1", port),
                     f"sip:127.0.0.1:{port};transport=tcp")
        peer.expect(200)


# --- memory ---

RUNS = [] if is_sanitized() else [
    ("help", lambda t: ["help", "invite"]),
    ("settings and variables", lambda t: [
        "-c", "account add x sip:a@b; set; accounts; echo $x; calls"]),
    ("a call over UDP", lambda t: call(callee(t))),
    ("a call over TCP", lambda t: call(callee(t, "tcp"), "tcp")),
    ("JSON and a trace", lambda t: [
        "-l", "udp:127.0.0.1", "-j", "--trace", "-c",
        f"options {callee(t).uri()}; transports;"
        " expect response --timeout 1s"]),
    ("a registrar that asks", lambda t: registering(t)),
]


def registering(t):
    peer = t.peer()
    peer.on("REGISTER", lambda m: peer.respond(m, 200) if m.header(
        "Authorization") else peer.respond(m, 401, headers=[
            ("WWW-Authenticate", 'Digest realm="r", nonce="n"')]))
    return ["-l", "udp:127.0.0.1", "-a", peer.uri("alice"),
            "--password-file", t.write("password", "secret\n"),
            "-c", "set t1 50ms; register; unregister"]


def allocations(t, args):
    """How many there are in a run."""
    equal(run(t, "", *args, SHIM_COUNT=t.path("count")).status, 0)
    with open(t.path("count")) as f:
        return int(f.read())


@each(RUNS, timeout=600)
def memory_may_run_out_anywhere(t, _why, make):
    """At any allocation, once: the run succeeds all the same, or fails with
    a reason. What fails is never a crash, and no run hangs."""
    args = make(t)
    count = allocations(t, args)
    step = 1 if OOM_RUNS == 0 else -(-count // OOM_RUNS)
    silent = []
    for nth in range(1, count + 1, step):
        result = run(t, f"malloc 12 {nth} 0", *args, timeout=60)
        if result.status != 0 and not result.err.strip() \
                and "error" not in result.out:
            silent.append((nth, result.status))
    equal(silent, [], f"of {count} allocations, these fail without a word")


@each(RUNS, timeout=600)
def memory_may_be_short_from_some_point_on(t, _why, make):
    """Every allocation fails from the nth on: an end, and no crash."""
    args = make(t)
    for nth in (1, 2, 5, 10, 20, 50, 100, 200, 400, 800):
        run(t, f"malloc 12 {nth} 1", *args, timeout=60)


if __name__ == "__main__":
    main()
