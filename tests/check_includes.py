#!/usr/bin/env python3
"""The layers of the design, read from the #include lines."""

import glob
import os
import re
import shlex
import subprocess

from harness import ROOT, check, main, test

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.MULTILINE)

# What may not be seen from where; folders of the root.
FORBIDDEN = {
    "core/base": ("core/media", "core/message", "core/transport",
                  "core/transaction", "core/ua", "net", "cli"),
    "core/media": ("core/message", "core/transport", "core/transaction",
                   "core/ua", "net", "cli"),
    "core/message": ("core/media", "core/transport", "core/transaction",
                     "core/ua", "net", "cli"),
    "core/transport": ("core/media", "core/transaction", "core/ua", "net",
                       "cli"),
    "core/transaction": ("core/media", "core/ua", "net", "cli"),
    "core/ua": ("core/media", "net", "cli"),
    "net": ("core/transaction", "core/ua", "cli"),
}

# All that core knows of the system: ISO C, byte order, libcrypto.
CORE_SYSTEM = re.compile(
    r"(assert|ctype|endian|errno|inttypes|limits|math|std\w+|string|time"
    r"|openssl/\w+)\.h$")

BANNED = re.compile(
    r"\b(strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|sscanf|gets)\s*\(")


def sources(*patterns):
    found = []
    for pattern in patterns:
        found += glob.glob(os.path.join(ROOT, pattern), recursive=True)
    return sorted(os.path.relpath(path, ROOT) for path in found)


def text_of(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def code_of(path):
    """Without comments and string literals."""
    return re.sub(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"', " ", text_of(path),
                  flags=re.DOTALL)


def includes(path, kind):
    return [name for bracket, name in INCLUDE.findall(text_of(path))
            if bracket == kind]


PROGRAM = sources("core/**/*.[ch]", "net/*.[ch]", "cli/**/*.[ch]")
HEADERS = sources("core/**/*.h", "net/*.h", "cli/**/*.h", "tests/*.h")


def complain(found, what):
    check(not found, what + ":\n" + "\n".join(found))


@test
def there_is_something_to_check():
    check(len(PROGRAM) > 20, f"only {PROGRAM}")
    check(all(sources(folder + "/*.h") for folder in FORBIDDEN),
          "a folder named here has no headers")


@test
def no_layer_includes_from_above():
    complain([f"{path} includes {name}"
              for folder, above in FORBIDDEN.items()
              for path in PROGRAM if os.path.dirname(path) == folder
              for name in includes(path, '"')
              if name.startswith(tuple(a + "/" for a in above))],
             "against the layers")


@test
def core_knows_no_system():
    complain([f"{path} includes <{name}>"
              for path in PROGRAM if path.startswith("core/")
              for name in includes(path, "<")
              if not CORE_SYSTEM.match(name)], "core includes")


@test
def openssl_in_core_is_for_digests_alone():
    complain([path for path in PROGRAM if path.startswith("core/")
              and any(name.startswith("openssl/")
                      for name in includes(path, "<"))
              and path not in ("core/message/crypto.c",
                               "core/message/digest.c")],
             "these include openssl")


@test
def includes_are_written_from_the_root():
    complain([f"{path} includes \"{name}\""
              for path in PROGRAM for name in includes(path, '"')
              if not os.path.exists(os.path.join(ROOT, name))],
             "not there")


@test
def headers_include_no_cycle():
    graph = {path: [name for name in includes(path, '"') if name in HEADERS]
             for path in HEADERS}
    done, cycles = set(), []

    def visit(path, trail):
        if path in trail:
            cycles.append(" -> ".join(trail[trail.index(path):] + [path]))
        elif path not in done:
            for name in graph[path]:
                visit(name, trail + [path])
            done.add(path)
    for path in HEADERS:
        visit(path, [])
    complain(cycles, "cycles")


def first_include(path):
    found = INCLUDE.search(text_of(path))
    return found.group(2) if found else ""


@test
def a_source_includes_first_what_it_implements():
    """Its own header, or the one that the files of its room share."""
    complain([path for path in PROGRAM
              if path.endswith(".c") and path[:-1] + "h" in HEADERS
              and os.path.dirname(first_include(path))
              != os.path.dirname(path)], "something else comes first")


@test
def headers_are_guarded_by_their_names():
    complain([path for path in HEADERS
              if f"#ifndef {re.sub('[/.]', '_', path).upper()}\n"
              not in text_of(path)], "no guard of that name")


@test(timeout=100)
def every_header_compiles_alone():
    compiler = shlex.split(os.environ.get("CC", "cc"))
    flags = ["-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror",
             "-fsyntax-only", "-I" + ROOT, "-x", "c"]
    complain([f"{path}:\n{run.stderr}" for path, run in
              ((path, subprocess.run(compiler + flags + ["-"],
                                     input=f'#include "{path}"\n', text=True,
                                     capture_output=True, check=False))
               for path in HEADERS)
              if run.returncode != 0], "these do not")


@test
def unsafe_functions_are_not_called():
    complain([f"{path}: {name}"
              for path in PROGRAM + sources("tests/*.c")
              for name in BANNED.findall(code_of(path))], "calls")


if __name__ == "__main__":
    main()
