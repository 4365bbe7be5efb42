#!/usr/bin/env python3
"""How much of core the tests reach, by gcov; run by `make coverage`.

    coverage.py BUILD [--lines PERCENT] [--branches PERCENT]

Prints a line for each file, the least covered last, and the sums. Status 1
below the goals. Branches are counted as taken at least once, in code that was
compiled without optimisation."""

import argparse
import glob
import gzip
import json
import os
import subprocess
import sys
import tempfile


def read(objects):
    """{file: ({line: hit}, {(line, nth): hit})} for sources of core."""
    found = {}
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run(["gcov", "--json-format", "--branch-probabilities",
                        *objects], cwd=scratch, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for path in glob.glob(os.path.join(scratch, "*.gcov.json.gz")):
            with gzip.open(path) as f:
                add(found, json.load(f)["files"])
    return found


def add(found, files):
    for file in files:
        at = file["file"].rfind("core/")
        if at < 0 or file["file"].endswith(".h"):
            continue
        lines, branches = found.setdefault(file["file"][at:], ({}, {}))
        for line in file["lines"]:
            number = line["line_number"]
            lines[number] = lines.get(number, False) or line["count"] > 0
            for nth, branch in enumerate(line["branches"]):
                key = number, nth
                branches[key] = branches.get(key, False) \
                    or branch["count"] > 0


def percent(hits):
    return 100 * sum(hits.values()) / len(hits) if hits else 100.0


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("build")
    parser.add_argument("--lines", type=float, default=90)
    parser.add_argument("--branches", type=float, default=80)
    args = parser.parse_args()
    objects = glob.glob(os.path.join(os.path.abspath(args.build), "core",
                                     "**", "*.gcda"), recursive=True)
    found = read(objects)
    all_lines, all_branches = {}, {}
    for name, (lines, branches) in sorted(
            found.items(), key=lambda item: -percent(item[1][0])):
        print(f"{percent(lines):5.1f} % lines {percent(branches):5.1f} % "
              f"branches  {name}")
        all_lines.update({(name, k): v for k, v in lines.items()})
        all_branches.update({(name, k): v for k, v in branches.items()})
    reached = percent(all_lines), percent(all_branches)
    print(f"core: {reached[0]:.1f} % of {len(all_lines)} lines, "
          f"{reached[1]:.1f} % of {len(all_branches)} branches")
    return 0 if all_lines and reached[0] >= args.lines \
        and reached[1] >= args.branches else 1


if __name__ == "__main__":
    sys.exit(main())
