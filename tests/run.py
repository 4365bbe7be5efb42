#!/usr/bin/env python3
"""Runs test programs and scripts, counts every test point, prints one total.

    run.py [-j N] [--timeout S] [--live-timeout S] [--root DIR] TEST...

A TEST is a program built with Check or a Python script (name.py, looked for
in DIR as well) that prints TAP. A failure is: "not ok", a skip, a plan that
is missing, broken or 0, an exit status other than 0, a signal, a timeout.
The last line is "N passed, N failed"; the status is 1 when any failed.
"""

import argparse
import concurrent.futures
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import time

POINT = re.compile(r"(not )?ok\b\s*(\d+)?\s*-?\s*(.*)")
PLAN = re.compile(r"1\.\.(\d+)\s*(?:#.*)?$")
TAIL_LINES = 60
GRACE = 10      # seconds to clean up after a timeout


class Result:
    def __init__(self, name):
        self.name = name
        self.passed = 0
        self.failures = []      # one text each
        self.output = ""
        self.seconds = 0.0

    def read_tap(self, text):
        """Counts the points; what is wrong with the whole is a failure."""
        plan, points = None, 0
        for line in text.splitlines():
            planned = PLAN.match(line)
            if planned:
                if plan is not None:
                    self.failures.append("two plans")
                plan = int(planned.group(1))
                continue
            point = POINT.match(line)
            if not point:
                continue
            points += 1
            if point.group(1):
                self.failures.append(line)
            elif re.search(r"#\s*skip", line, re.IGNORECASE):
                self.failures.append("skipped: " + line)
            else:
                self.passed += 1
        if plan is None:
            self.failures.append("no plan: ended before its tests did")
        elif plan == 0:
            self.failures.append("no tests were run")
        elif points != plan:
            self.failures.append(f"{plan} tests planned, {points} run")


def command_of(test, root):
    if not test.endswith(".py"):
        return [os.path.abspath(test)]
    beside = os.path.join(root, test)
    return [sys.executable, beside if os.path.exists(beside) else test]


def environment(tap_path):
    env = dict(os.environ)
    env.update(CK_TAP_LOG_FILE_NAME=tap_path, CK_VERBOSITY="silent",
               PYTHONDONTWRITEBYTECODE="1", PYTHONUNBUFFERED="1")
    env.setdefault("CK_DEFAULT_TIMEOUT", "60")
    env.setdefault("UBSAN_OPTIONS", "print_stacktrace=1:halt_on_error=1")
    return env


def ended_within(pidfd, seconds):
    return bool(select.select([pidfd], [], [], seconds)[0])


def wait_for(process, timeout):
    """Its status, or None when it had to be told to end; it gets a while to
    clean up. What it left behind in its group is killed before it is reaped:
    until then the group's number is nobody else's."""
    pidfd = os.pidfd_open(process.pid)
    in_time = ended_within(pidfd, timeout)
    if not in_time:
        os.killpg(process.pid, signal.SIGTERM)
        ended_within(pidfd, GRACE)
    os.killpg(process.pid, signal.SIGKILL)
    os.close(pidfd)
    status = process.wait()
    return status if in_time else None


def run(test, root, timeout):
    result = Result(os.path.basename(test))
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="sipsh-run-") as scratch:
        tap_path = os.path.join(scratch, "tap")
        out_path = os.path.join(scratch, "output")
        with open(out_path, "wb") as out:
            try:
                process = subprocess.Popen(
                    command_of(test, root), stdin=subprocess.DEVNULL,
                    stdout=out, stderr=subprocess.STDOUT,
                    env=environment(tap_path), start_new_session=True)
            except OSError as error:
                result.failures.append(f"cannot be started: {error}")
                return result
            status = wait_for(process, timeout)
        with open(out_path, errors="replace") as out:
            result.output = out.read()
        tap = result.output
        if os.path.exists(tap_path):
            with open(tap_path, errors="replace") as file:
                tap = file.read()
    result.seconds = time.monotonic() - started
    result.read_tap(tap)
    if status is None:
        result.failures.append(f"killed after {timeout:g} s")
    elif status < 0:
        result.failures.append(f"killed by signal {-status}")
    elif status != 0 and not result.failures:
        result.failures.append(f"exit status {status}")
    return result


def report(result):
    verdict = "FAIL" if result.failures else "ok  "
    print(f"{verdict} {result.name} ({result.passed} passed, "
          f"{len(result.failures)} failed, {result.seconds:.1f} s)")
    for failure in result.failures:
        print("     " + failure)
    if result.failures:
        for line in result.output.splitlines()[-TAIL_LINES:]:
            print("   | " + line)
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("-j", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--timeout", type=float, default=120)
    parser.add_argument("--live-timeout", type=float, default=300)
    parser.add_argument("--root", default=".")
    parser.add_argument("tests", nargs="*")
    args = parser.parse_args()

    def run_one(test):
        live = os.path.basename(test).startswith("live_")
        return run(test, args.root,
                   args.live_timeout if live else args.timeout)

    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(args.j) as pool:
        for done in concurrent.futures.as_completed(
                [pool.submit(run_one, test) for test in args.tests]):
            result = done.result()
            report(result)
            passed += result.passed
            failed += len(result.failures)
    if not args.tests:
        print("no tests were named")
        failed = 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
