#!/usr/bin/env python3
"""Measures sipsh beside others, and prints a table (see README here).

    run.py --build DIR --source DIR [--cc CC] [SECTION...]

The SECTIONs are parse, load, program, start, memory and prompt; none is all.
Two that are compared run by turns, and the table has their medians.
"""

import argparse
import os
import pty
import re
import select
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import peers
from peers import HOST, Process, free_port, pair, wait_until_bound

ROUNDS = 5
OPEN = 64
COUNT = {"options": 30000, "call": 10000, "register": 10000}
RIVALS = {"osip": ("libosip2", "libosip2"), "re": ("libre", "libre"),
          "sofia": ("sofia-sip", "sofia-sip-ua")}
BURST = 2000


class Table:
    """Rows as they come: what, ours, theirs, their ratio, the goal."""

    LINE = "%-34s %10s %-17s %5s %8s  %s"

    def __init__(self):
        print(self.LINE % ("what", "ours", "peer", "ratio", "goal", ""))

    def row(self, what, ours, peer, ratio, goal, met):
        verdict = "" if goal == "" else "met" if met else "NOT MET"
        print((self.LINE % (what, ours, peer, ratio, goal,
                            verdict)).rstrip(), flush=True)

    @staticmethod
    def figure(value, unit=""):
        digits = 0 if value >= 1000 else 2
        return ("%.*f %s" % (digits, value, unit)).rstrip()

    def below(self, what, ours, goal, unit):
        self.row(what, self.figure(ours, unit), "", "", "<= %g" % goal,
                 ours <= goal)

    def ratio(self, what, ours, name, theirs, goal, unit):
        ratio = ours / theirs
        self.row(what, self.figure(ours, unit),
                 "%s %s" % (name, self.figure(theirs)), "%.2f" % ratio,
                 "" if goal is None else "<= %g" % goal,
                 goal is None or ratio <= goal)


def median_of_turns(*measures):
    """Each measure ROUNDS times, by turns: their medians."""
    results = [[] for _ in measures]
    for _ in range(ROUNDS):
        for measure, result in zip(measures, results):
            result.append(measure())
    return [statistics.median(result) for result in results]


# --- parsing ---

def build_rival(options, name, package, directory):
    flags = subprocess.run(
        ["pkg-config", "--cflags", "--libs", package], check=True,
        capture_output=True, text=True).stdout.split()
    program = os.path.join(directory, name)
    bench = os.path.join(options.source, "tests", "bench")
    subprocess.run(
        [options.cc, "-std=gnu11", "-O2", "-I", options.source, "-o", program,
         os.path.join(bench, "rivals", name + ".c"),
         os.path.join(bench, "corpus.c"), *flags], check=True)
    return program


def instructions(program, *more):
    """Callgrind's count a message, without that of the start."""
    totals = []
    for rounds in ("100", "300"):
        with tempfile.NamedTemporaryFile() as out:
            subprocess.run(
                ["valgrind", "--tool=callgrind",
                 "--callgrind-out-file=" + out.name, program, rounds, *more],
                check=True, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL)
            text = out.read().decode()
        totals.append(int(re.search(r"^totals: (\d+)", text, re.M).group(1)))
    return (totals[1] - totals[0]) / (200 * 12)


def parse(options, table):
    os.environ["srcdir"] = options.source
    ours = os.path.join(options.build, "tests/bench/parse")
    with tempfile.TemporaryDirectory() as directory:
        rivals = {title: build_rival(options, name, package, directory)
                  for name, (title, package) in RIVALS.items()}
        for what, more, goal in (("parse", [], 10000),
                                 ("parse and write", ["print"], 14000)):
            count = instructions(ours, *more)
            table.below(what + ", instructions", count, goal, "")
            for title, program in rivals.items():
                table.ratio(what + ", instructions", count, title,
                            instructions(program, *more), None, "")
            programs = [ours, *rivals.values()]
            times = median_of_turns(*(
                lambda p=p: Process([p, "2000", *more]).end().cpu / 24000
                for p in programs))
            for title, theirs in zip(rivals, times[1:]):
                table.ratio(what + ", CPU", times[0] * 1e6, title,
                            theirs * 1e6, None, "us")


# --- transactions ---

def cpu_us(cost, count):
    return cost.cpu * 1e6 / count


def as_client(options, what, server, client):
    count = COUNT[what]
    return lambda: cpu_us(pair(
        lambda port: server(what, port),
        lambda port: client(what, port, count, OPEN))[1], count)


def as_server(options, what, server):
    count = COUNT[what]
    return lambda: cpu_us(pair(
        lambda port: server(what, port),
        lambda port: peers.sipp_client(what, port, count, OPEN))[0], count)


def load(options, table):
    program = os.path.join(options.build, "tests/bench/load")

    def our_client(*args):
        return peers.load_client(program, *args)

    def our_server(_, port):
        return peers.load_server(program, port)

    for what, goal in (("options", 0.7), ("call", 0.6), ("register", 0.6)):
        for answers, server in (("load", our_server),
                                ("SIPp", peers.sipp_server)):
            ours, theirs = median_of_turns(
                as_client(options, what, server, our_client),
                as_client(options, what, server, peers.sipp_client))
            table.ratio("%s, client; %s answers" % (what, answers), ours,
                        "SIPp", theirs, goal, "us")
    for what, goal in (("options", 0.65), ("call", None)):
        ours, theirs = median_of_turns(
            as_server(options, what, our_server),
            as_server(options, what, peers.sipp_server))
        table.ratio("%s, server; SIPp asks" % what, ours, "SIPp", theirs,
                    goal, "us")
    net_sip(table, our_server, our_client)


def net_sip(table, server, client):
    script = os.path.join(peers.HERE, "rivals", "options.pl")

    def rate(make, count):
        return lambda: count / pair(lambda port: server("", port),
                                    lambda port: make(port, count))[1].wall

    ours, theirs = median_of_turns(
        rate(lambda port, n: client("options", port, n, OPEN), 30000),
        rate(lambda port, n: ["perl", script, "%s:%d" % (HOST, port),
                              str(n), "20"], 2000))
    table.row("options, client; rate", "%.0f /s" % ours,
              "Net::SIP %.0f" % theirs, "%.1f" % (ours / theirs), ">= 20",
              ours >= 20 * theirs)


# --- the program ---

def piped(options, server, count):
    port = free_port()
    serving = Process(server("options", port))
    with tempfile.TemporaryFile() as commands:
        commands.write(b"options sip:%s:%d\n" % (HOST.encode(), port) * count)
        commands.seek(0)
        wait_until_bound(port)
        cost = Process([options.sipsh, "--no-rc", "--jobs", str(OPEN)],
                       commands).end()
    serving.end(signal.SIGTERM)
    if cost.status != 0:
        raise RuntimeError("sipsh: status %d" % cost.status)
    return cpu_us(cost, count)


def program(options, table):
    count = COUNT["options"]
    load_program = os.path.join(options.build, "tests/bench/load")

    def our_server(_, port):
        return peers.load_server(load_program, port)

    for answers, server in (("load", our_server),
                            ("SIPp", peers.sipp_server)):
        ours, theirs = median_of_turns(
            lambda s=server: piped(options, s, count),
            as_client(options, "options", server, peers.sipp_client))
        table.ratio("piped commands; %s answers" % answers, ours, "SIPp",
                    theirs, 1.0, "us")


def start(options, table):
    port = free_port()
    serving = Process(peers.load_server(
        os.path.join(options.build, "tests/bench/load"), port))
    wait_until_bound(port)
    uri = "sip:%s:%d" % (HOST, port)
    ours, theirs = [], []
    for _ in range(31):
        ours.append(Process([options.sipsh, "options", uri]).end())
        theirs.append(Process(["sipsak", "-s", uri]).end())
    serving.end(signal.SIGTERM)
    for what, goal in (("cpu", 1.0), ("wall", 0.5)):
        a, b = (statistics.median(getattr(c, what) for c in costs) * 1e3
                for costs in (ours, theirs))
        table.ratio("one options, start to exit; " + what, a, "sipsak", b,
                    goal, "ms")


# --- memory ---

def memory(options, table):
    out = subprocess.run(
        [os.path.join(options.build, "tests/bench/scale"), "50000"],
        check=True, capture_output=True, text=True).stdout
    for what, octets, texts in re.findall(
            r"^(\w+) (\d+) octets, texts (\d+)$", out, re.M):
        if what == "finished":
            table.below("a finished transaction", int(octets), 512, "B")
        elif what == "pending":
            table.below("a pending INVITE, above its texts",
                        int(octets) - int(texts), 1500, "B")
        else:
            table.below("an open dialog, with its texts", int(octets), 1500,
                        "B")
    few, many = map(int, re.search(r"new (\d+) ns .* (\d+) ns with",
                                   out).groups())
    table.row("a new one, 50000 open", "%d ns" % many, "10 open: %d" % few,
              "%.2f" % (many / few), "<= 1.2", many <= 1.2 * few)


# --- the prompt ---

def prompt_of(options, *args):
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update(HOME=tempfile.gettempdir(), TERM="xterm")
        os.execv(options.sipsh, [options.sipsh, "--no-rc", *args])
    read_until(fd, b"sipsh> ")
    return pid, fd


def read_until(fd, wanted, seconds=10):
    """How long it took until wanted was written."""
    began, seen = time.monotonic(), b""
    while wanted not in seen:
        if not select.select([fd], [], [], seconds)[0]:
            raise RuntimeError("%r was not written" % wanted)
        seen = seen[-len(wanted):] + os.read(fd, 65536)
    return time.monotonic() - began


def drain(fd, seconds):
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        if select.select([fd], [], [], left)[0]:
            os.read(fd, 65536)


def leave(pid, fd):
    os.kill(pid, signal.SIGTERM)
    try:
        drain(fd, 0.5)
    except OSError:
        pass                    # Linux's end of a terminal
    os.close(fd)
    os.waitpid(pid, 0)


def rss_kb(pid):
    with open("/proc/%d/status" % pid, encoding="ascii") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1))


def echo_ms(options):
    """From a key to its echo, while the prompt is asked OPTIONS."""
    port = free_port()
    pid, fd = prompt_of(options, "-l", "udp:%s:%d" % (HOST, port))
    asking = Process(peers.load_client(
        os.path.join(options.build, "tests/bench/load"), "options", port,
        3000000, OPEN))
    times = []
    drain(fd, 0.3)
    for _ in range(50):
        os.write(fd, b"Z")
        times.append(read_until(fd, b"Z"))
        os.write(fd, b"\x15")   # ^U: the line is empty again
        drain(fd, 0.05)
    asking.end(signal.SIGKILL)
    leave(pid, fd)
    times.sort()
    return times[int(len(times) * 0.95)] * 1e3


def answers_lost(options):
    """2000 requests, answered at once: how many were sent again?"""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        s.bind((HOST, 0))
        s.settimeout(10)
        asking = Process(peers.load_client(
            os.path.join(options.build, "tests/bench/load"), "options",
            s.getsockname()[1], BURST, BURST))
        requests = [s.recvfrom(65536) for _ in range(BURST)]
        answers = [re.sub(rb"(\r\nTo: [^\r]*)", rb"\1;tag=bench",
                          b"SIP/2.0 200 OK\r\n"
                          + request.partition(b"\r\n")[2])
                   for request, _ in requests]
        for answer in answers:
            s.sendto(answer, requests[0][1])
        if asking.end().status != 0:
            return BURST
        s.setblocking(False)
        lost = 0
        try:
            while s.recv(65536):
                lost += 1
        except BlockingIOError:
            return lost


def prompt(options, table):
    pid, fd = prompt_of(options)
    table.below("RSS at the prompt", rss_kb(pid), 8 * 1024, "kB")
    leave(pid, fd)
    table.below("lost of a burst of %d answers" % BURST,
                answers_lost(options), 0, "")
    table.below("a key's echo under load, 95 %", echo_ms(options), 10, "ms")


SECTIONS = {fn.__name__: fn
            for fn in (parse, load, program, start, memory, prompt)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--source", required=True)
    parser.add_argument("--cc", default="cc")
    parser.add_argument("section", nargs="*")
    options = parser.parse_args()
    options.build = os.path.abspath(options.build)
    options.source = os.path.abspath(options.source)
    options.sipsh = os.path.join(options.build, "sipsh")
    table = Table()
    for name in options.section or SECTIONS:
        SECTIONS[name](options, table)


if __name__ == "__main__":
    sys.exit(main())
