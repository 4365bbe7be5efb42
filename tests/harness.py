"""What the black-box tests are made of: cases, processes, ports, TAP.

A test script is a file of functions marked @test, ending in main():

    from harness import equal, main, test

    @test
    def prints_its_version(t):
        run = t.run("--version")
        equal(run.status, 0)
        equal(run.out, "sipsh 0.1.0\\n")

    if __name__ == "__main__":
        main()

@test(timeout=90) gives a test more than 30 s; @each([row, ...]) makes one
test of each row: it is called as fn(t, *row), and the row's first member,
a text that says why, is part of the name. There is no skipping: what a test
needs is there, or it fails. `python3 script.py WORD...` runs the tests whose
names contain a WORD.

A test is given a Case `t`, which undoes all it made when the test ends:

    t.dir                       a fresh directory, where the program runs
    t.write(name, text)         a file in it (mode 0600); returns the path
    t.env                       environment of all that it starts: HOME and
                                XDG_* lie in t.dir, TERM=dumb, TZ=UTC
    t.run(*args, input="")      runs sipsh --no-rc ARGS to its end: a Run with
                                status, out, err, lines, events (--json)
    t.start(*args)              starts it and keeps stdin open: a Process
                                with send(line), expect(regex), close_stdin(),
                                wait(), stop()
    t.terminal(*args)           starts it in a terminal (terminal.py)
    t.peer("udp")               somebody to talk SIP to (peer.py)
    t.spawn([argv], ready=fn)   any other program, a server say: a Process;
                                returns when fn() is true
    t.defer(fn, *args)          called when the test ends

Checks raise Failure with both sides: equal, contains, matches, and check for
the rest. wait_until(fn, what) polls every 20 ms up to a deadline: nothing
here sleeps for a fixed time.
"""

import inspect
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
TIMEOUT = 30            # of a test
PATIENCE = 10           # of one thing waited for inside a test
SANITIZER_STATUS = 99   # sipsh has no such exit status


class Failure(Exception):
    """What a test expected did not come."""


class TimedOut(BaseException):
    """A test took too long; not an Exception, so that no test eats it."""


# --- checks ---

def check(condition, what):
    if not condition:
        raise Failure(what)


def equal(got, want, what=""):
    if got != want:
        raise Failure(f"{what or 'value'}\n  is     {got!r}\n  wanted {want!r}")


def contains(text, part, what=""):
    if part not in text:
        raise Failure(f"{what or 'text'} lacks {part!r}:\n{text}")


def matches(text, regex, what=""):
    """Returns the match, found anywhere; ^ and $ are of lines."""
    found = re.search(regex, text, re.MULTILINE)
    if not found:
        raise Failure(f"{what or 'text'} does not match {regex!r}:\n{text}")
    return found


def wait_until(condition, what, timeout=PATIENCE):
    """Returns the first true value of condition()."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            text = what() if callable(what) else what
            raise Failure(f"not within {timeout:g} s: {text}")
        time.sleep(0.02)


# --- ports ---

def _can_bind(port, kind):
    with socket.socket(socket.AF_INET, kind) as s:
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


PORTS = range(15060, 32000)     # below those that the kernel gives to clients
_next_port = random.randrange(PORTS.start, PORTS.stop, 2)


def free_port(count=1):
    """The first of so many consecutive ports of 127.0.0.1, free for UDP and
    TCP. A script goes up from a place of its own, so that it gets no port a
    second time that it has just closed, and rarely one that another script
    is about to open."""
    global _next_port
    for _ in range(1000):
        first = _next_port
        _next_port += count + count % 2
        if _next_port + 64 > PORTS.stop:
            _next_port = PORTS.start
        if all(_can_bind(port, kind)
               for port in range(first, first + count)
               for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM)):
            return first
    raise Failure("no free port")


# --- processes ---

def _stat_of(pid):
    """(session, start time) of a process, or None when it is gone."""
    try:
        with open(f"/proc/{pid}/stat") as f:
            fields = f.read().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    if fields[0] == "Z":
        return None
    return int(fields[3]), int(fields[19])


class Run:
    """How a program ended and what it wrote."""

    def __init__(self, argv, status, out, err):
        self.argv, self.status, self.out, self.err = argv, status, out, err

    @property
    def lines(self):
        return self.out.splitlines()

    @property
    def events(self):
        """stdout of --json: a list of dictionaries."""
        return [json.loads(line) for line in self.lines]

    def __repr__(self):
        return (f"{' '.join(self.argv)}\nstatus {self.status}\n"
                f"--- out\n{self.out}--- err\n{self.err}---")


class Process:
    """A program running in a session of its own, its output in files."""

    def __init__(self, argv, cwd, env, pass_fds=()):
        self.argv = list(argv)
        self._out = tempfile.TemporaryFile()
        self._err = tempfile.TemporaryFile()
        self._seen = 0          # how much of out expect() has passed
        self.popen = subprocess.Popen(
            self.argv, cwd=cwd, env=env, stdin=subprocess.PIPE,
            stdout=self._out, stderr=self._err, start_new_session=True,
            pass_fds=pass_fds)
        self.pid = self.popen.pid
        self._started = (_stat_of(self.pid) or (0, 0))[1]

    @staticmethod
    def _text(file):
        size = os.fstat(file.fileno()).st_size
        return os.pread(file.fileno(), size, 0).decode(errors="replace")

    @property
    def out(self):
        return self._text(self._out)

    @property
    def err(self):
        return self._text(self._err)

    @property
    def running(self):
        return self.popen.poll() is None

    def send(self, line):
        """One line to its stdin."""
        self.popen.stdin.write(line.encode() + b"\n")
        self.popen.stdin.flush()

    def close_stdin(self):
        self.popen.stdin.close()

    def expect(self, regex, timeout=PATIENCE):
        """Waits until stdout, behind what was expected before, matches."""
        def look():
            found = re.compile(regex, re.MULTILINE).search(self.out,
                                                           self._seen)
            ended = not found and not self.running
            if ended and not re.compile(regex, re.MULTILINE).search(
                    self.out, self._seen):
                raise Failure(f"ended without {regex!r}:\n{self.result()!r}")
            return found
        found = wait_until(
            look, lambda: f"{regex!r} from\n{self.result()!r}", timeout)
        self._seen = found.end()
        return found

    def signal(self, number):
        os.kill(self.pid, number)

    def result(self):
        return Run(self.argv, self.popen.poll(), self.out, self.err)

    def wait(self, timeout=PATIENCE):
        """Its end: a Run. Closes stdin first."""
        try:
            self.popen.stdin.close()
        except BrokenPipeError:
            pass
        wait_until(lambda: not self.running,
                   lambda: f"the end of {self.result()!r}", timeout)
        return self.result()

    def _members(self):
        """Of its session, and not older: nobody else's, should the number
        have come round."""
        for name in os.listdir("/proc"):
            stat = _stat_of(name) if name.isdigit() else None
            if stat and stat[0] == self.pid and stat[1] >= self._started:
                yield int(name)

    def _signal_members(self, number):
        for pid in self._members():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def stop(self, timeout=5):
        """SIGTERM, then SIGKILL, to it and all that it started."""
        self._signal_members(signal.SIGTERM)
        deadline = time.monotonic() + timeout
        while any(self._members()) and time.monotonic() < deadline:
            self.popen.poll()
            time.sleep(0.02)
        self._signal_members(signal.SIGKILL)
        self.popen.wait()

    def close(self):
        """stop(), and gives the files back."""
        self.stop()
        try:
            self.popen.stdin.close()
        except BrokenPipeError:
            pass
        self._out.close()
        self._err.close()


def find_sipsh():
    """$SIPSH, or where make left it."""
    for path in (os.environ.get("SIPSH"), "sipsh",
                 os.path.join(ROOT, "sipsh")):
        if path and os.path.exists(path):
            return os.path.abspath(path)
    raise Failure("there is no sipsh: set SIPSH to the program")


def _clean_environment(directory):
    kept = ("PATH", "LD_LIBRARY_PATH", "LLVM_PROFILE_FILE",
            "ASAN_SYMBOLIZER_PATH")
    env = {name: os.environ[name] for name in kept if name in os.environ}
    status = f"exitcode={SANITIZER_STATUS}"
    env.update(HOME=directory, TERM="dumb", TZ="UTC", LC_ALL="C.UTF-8",
               ASAN_OPTIONS=status, LSAN_OPTIONS=status,
               UBSAN_OPTIONS=status + ":print_stacktrace=1:halt_on_error=1")
    for name in ("CONFIG", "STATE", "DATA", "CACHE", "RUNTIME"):
        path = os.path.join(directory, "xdg-" + name.lower())
        os.mkdir(path, 0o700)
        env[f"XDG_{name}_{'DIR' if name == 'RUNTIME' else 'HOME'}"] = path
    return env


class Case:
    """What one test may use; see the top of this file."""

    def __init__(self):
        self._deferred = []
        self.dir = tempfile.mkdtemp(prefix="sipsh-test-")
        self.defer(shutil.rmtree, self.dir, True)
        self.env = _clean_environment(self.dir)

    def defer(self, fn, *args):
        self._deferred.append((fn, args))

    def close(self):
        """Undoes all, last first; the first error is raised at the end."""
        first = None
        while self._deferred:
            fn, args = self._deferred.pop()
            try:
                fn(*args)
            except Exception as error:  # pylint: disable=broad-except
                first = first or error
        if first:
            raise first

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, content, mode=0o600):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        binary = content.encode() if isinstance(content, str) else content
        with open(path, "wb") as f:
            f.write(binary)
        os.chmod(path, mode)
        return path

    def command(self, args, rc=False):
        start = [find_sipsh()] + ([] if rc else ["--no-rc"])
        return start + [str(arg) for arg in args]

    def spawn(self, argv, ready=None, env=None, timeout=PATIENCE,
              pass_fds=()):
        process = Process([str(arg) for arg in argv], self.dir,
                          {**self.env, **(env or {})}, pass_fds)
        self.defer(process.close)

        def is_ready():
            check(process.running, f"ended at once: {process.result()!r}")
            return ready()
        if ready:
            wait_until(is_ready, lambda: f"ready: {process.result()!r}",
                       timeout)
        return process

    def start(self, *args, rc=False, env=None, pass_fds=()):
        process = self.spawn(self.command(args, rc), env=env,
                             pass_fds=pass_fds)
        self.defer(lambda: self.sound(process.result()))
        return process

    def run(self, *args, input="", rc=False, env=None, timeout=20,
            pass_fds=()):
        process = self.start(*args, rc=rc, env=env, pass_fds=pass_fds)
        try:
            process.popen.stdin.write(input.encode()
                                      if isinstance(input, str) else input)
        except BrokenPipeError:
            pass
        return self.sound(process.wait(timeout))

    @staticmethod
    def sound(run):
        """Fails when a sanitizer spoke or the program crashed."""
        spoke = re.search(r"(Sanitizer|runtime error):", run.err)
        crashes = (-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS,
                   -signal.SIGFPE, -signal.SIGILL)
        if spoke or run.status == SANITIZER_STATUS or run.status in crashes:
            raise Failure(f"the program is broken: {run!r}")
        return run

    def terminal(self, *args, rc=False, columns=80, rows=24, env=None):
        from terminal import Terminal
        terminal = Terminal(self.command(args, rc), self.dir,
                            {**self.env, "TERM": "xterm", **(env or {})},
                            columns, rows)
        self.defer(terminal.close)
        return terminal

    def peer(self, transport="udp", port=None, host="127.0.0.1"):
        from peer import Peer
        peer = Peer(transport, host, port or free_port())
        self.defer(peer.close)
        return peer

    def port(self, count=1):
        return free_port(count)


# --- the tests of a script ---

_tests = []             # (name, function, timeout)


def test(fn=None, timeout=TIMEOUT):
    def register(fn):
        _tests.append((fn.__name__, fn, timeout))
        return fn
    return register(fn) if fn else register


def each(rows, timeout=TIMEOUT):
    def register(fn):
        for row in rows:
            row = row if isinstance(row, (tuple, list)) else (row,)
            _tests.append((f"{fn.__name__}: {row[0]}",
                           lambda t, row=row: fn(t, *row), timeout))
        return fn
    return register


def _on_alarm(_signal, _frame):
    raise TimedOut()


def _on_term(_signal, _frame):
    sys.exit(143)       # by way of every finally


def _run_one(fn, timeout):
    """None, or what went wrong."""
    case = Case()
    trouble = None
    signal.alarm(timeout)
    try:
        fn(case) if inspect.signature(fn).parameters else fn()
    except Failure as failure:
        at = traceback.extract_tb(failure.__traceback__)
        script = os.path.basename(sys.argv[0])
        lines = [frame.lineno for frame in at
                 if os.path.basename(frame.filename) == script]
        trouble = f"{script}:{lines[-1] if lines else '?'}: {failure}"
    except TimedOut:
        trouble = f"not done within {timeout} s\n{traceback.format_exc()}"
    except Exception:   # pylint: disable=broad-except
        trouble = traceback.format_exc()
    finally:
        signal.alarm(0)
        try:
            case.close()
        except Exception as error:      # pylint: disable=broad-except
            trouble = trouble or f"at the end: {error}"
    return trouble


def main():
    """Runs the tests of the script, in order, as TAP."""
    words = sys.argv[1:]
    tests = [one for one in _tests
             if not words or any(word in one[0] for word in words)]
    signal.signal(signal.SIGALRM, _on_alarm)
    signal.signal(signal.SIGTERM, _on_term)
    print(f"1..{len(tests)}", flush=True)
    failed = 0
    for number, (name, fn, timeout) in enumerate(tests, 1):
        name = name.replace("#", "\\#").replace("\n", " ")
        trouble = _run_one(fn, timeout)
        print(f"{'not ok' if trouble else 'ok'} {number} - {name}")
        if trouble:
            failed += 1
            for line in trouble.splitlines():
                print("# " + line)
        sys.stdout.flush()
    sys.exit(1 if failed else 0)
