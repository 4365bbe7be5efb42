#!/usr/bin/env python3
"""The demonstration works, cleans up, and fails when the program does."""

import os
import subprocess

from harness import ROOT, contains, each, equal, find_sipsh, main, test


def demonstrate(t, program):
    scratch = t.path("scratch")
    os.mkdir(scratch)
    run = subprocess.run(
        ["sh", os.path.join(ROOT, "tests", "demo.sh"), program],
        env={**t.env, "TMPDIR": scratch}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=60, check=False)
    equal(os.listdir(scratch), [], "files left behind")
    return run


@test(timeout=90)
def the_demo_does_the_main_job(t):
    run = demonstrate(t, find_sipsh())
    equal(run.stderr, "", f"stderr; stdout is\n{run.stdout}")
    equal(run.stdout.splitlines()[-1], "demo: all worked")
    equal(run.returncode, 0)
    for secret in ("wonderland", "builder"):
        equal(run.stdout.count(secret), 0, "passwords shown")


@each([
    ("that ends at once",       "#!/bin/sh\nexit 0\n"),
    ("that fails",              "#!/bin/sh\nexit 70\n"),
    ("that says yes to all",    "#!/bin/sh\nexec sed -nu "
                                "'s/^echo \"\\(.*\\)\"$/\\1/p'\n"),
])
def the_demo_fails_with_a_program(t, _why, text):
    run = demonstrate(t, t.write("sipsh", text, 0o755))
    equal(run.returncode, 1, f"status; stdout is\n{run.stdout}")
    contains(run.stderr, "demo: failed: ")


if __name__ == "__main__":
    main()
