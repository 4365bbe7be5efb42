"""Runs programs against each other on loopback, and tells their CPU time."""

import os
import signal
import socket
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
HOST = "127.0.0.1"
START_S = 10
RUN_S = 300


class Cost:
    """What one process took: seconds of CPU and of the clock, RSS in kB."""

    def __init__(self, usage, wall, status):
        self.cpu = usage.ru_utime + usage.ru_stime
        self.wall = wall
        self.rss = usage.ru_maxrss
        self.status = status


class Process:
    def __init__(self, args, stdin=None):
        self.began = time.monotonic()
        # SIPp writes its logs where it stands.
        self.child = subprocess.Popen(
            args, stdin=stdin or subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            cwd=tempfile.gettempdir())

    def end(self, signo=None):
        if signo is not None:
            self.child.send_signal(signo)
        deadline = time.monotonic() + RUN_S
        while True:
            pid, status, usage = os.wait4(self.child.pid, os.WNOHANG)
            if pid != 0:
                break
            if time.monotonic() > deadline:
                self.child.kill()
            time.sleep(0.001)
        self.child.returncode = os.waitstatus_to_exitcode(status)
        return Cost(usage, time.monotonic() - self.began,
                    self.child.returncode)


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((HOST, 0))
        return s.getsockname()[1]


def is_bound(port):
    wanted = "0100007F:%04X" % port
    with open("/proc/net/udp", encoding="ascii") as table:
        return any(line.split()[1].endswith(wanted) for line in table)


def wait_until_bound(port):
    deadline = time.monotonic() + START_S
    while not is_bound(port):
        if time.monotonic() > deadline:
            raise RuntimeError("nothing listens on port %d" % port)
        time.sleep(0.01)


def sipp(scenario, port, *more):
    return ["sipp", "-sf", os.path.join(HERE, "sipp", scenario + ".xml"),
            "-i", HOST, "-p", str(port), "-nostdin",
            "-buff_size", "4000000", *map(str, more)]


def sipp_server(what, port):
    return sipp("uas_" + what, port)


def sipp_client(what, port, count, n_open):
    return sipp("uac_" + what, free_port(), "-m", count, "-l", n_open,
                "-r", 1000000, "%s:%d" % (HOST, port))


def load_server(load, port):
    return [load, "serve", "%s:%d" % (HOST, port)]


def load_client(load, what, port, count, n_open):
    return [load, what, "%s:%d" % (HOST, port), str(count), str(n_open)]


def pair(server, client, feed=None):
    """Runs server(port), then client(port) to its end. Both costs; feed is a
    file for the client's stdin."""
    port = free_port()
    serving = Process(server(port))
    try:
        wait_until_bound(port)
        ending = Process(client(port), feed).end()
    finally:
        served = serving.end(signal.SIGTERM)
    if ending.status != 0:
        raise RuntimeError("status %d: %s" % (ending.status,
                                              " ".join(client(port))))
    return served, ending
