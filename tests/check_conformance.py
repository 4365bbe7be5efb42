#!/usr/bin/env python3
"""tests/conformance.tsv names the tests of each statement of the RFCs that
sipsh keeps: none is left out, and each test named there is run."""

import glob
import os
import re

from harness import ROOT, check, equal, main, test

# What is promised: rows of transactions and transports, of user agents, of
# offers and answers, of newer RFCs, and what Net::SIP's users asked for.
PROMISED = ([f"T{n:02}" for n in range(1, 23)]
            + [f"U{n:02}" for n in range(1, 31)]
            + ["O1", "O2", "N1", "N3", "N4", "N7", "N8", "A1",
               "W1"]
            + ["F2", "F4", "F5", "F6", "F8"]
            + [f"REF{n}" for n in range(1, 7)])


def rows():
    with open(os.path.join(ROOT, "tests", "conformance.tsv"),
              encoding="utf-8") as f:
        return [line.rstrip("\n").split("\t") for line in f][1:]


def tests_of_c(text):
    """Those that are defined, and added to a suite."""
    return {name for name in re.findall(r"(?m)^START_TEST\((\w+)\)", text)
            if re.search(r"tcase_add_(loop_)?test\(\s*\w+,\s*" + name
                         + r"\b", text)}


def tests_of_python(text):
    return set(re.findall(r"(?m)^@(?:test|each)\b[^@]*?^def (\w+)\(", text,
                          re.S))


def all_tests():
    found = set()
    for path in glob.glob(os.path.join(ROOT, "tests", "*_*.[cp]*")):
        with open(path, encoding="utf-8") as f:
            text = f.read()
        if path.endswith(".c"):
            found |= tests_of_c(text)
        elif path.endswith(".py"):
            found |= tests_of_python(text)
    return found


@test
def each_promise_has_its_row_and_no_other_has():
    equal([row[0] for row in rows()], PROMISED)


@test
def each_row_says_what_is_kept_and_names_a_test():
    for row in rows():
        equal(len(row), 3)
        check(row[1] and row[2].split(), f"{row[0]} is empty")


@test
def each_test_named_is_there_and_is_run():
    there = all_tests()
    for ident, _, names in rows():
        for name in names.split():
            check(name in there, f"{ident}: there is no test {name}")


@test
def this_checker_sees_what_is_missing():
    added = "START_TEST(a)\nSTART_TEST(b)\ntcase_add_test(tests,\n\ta);"
    equal(tests_of_c(added), {"a"})
    equal(tests_of_python("@test\ndef a(t):\n\ndef b(t):\n"), {"a"})


if __name__ == "__main__":
    main()
