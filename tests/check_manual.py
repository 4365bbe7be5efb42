#!/usr/bin/env python3
"""The manual says what the program says of itself, no less and no more."""

import glob
import os
import re
import shutil
import subprocess

from harness import ROOT, check, equal, main, matches, test

MANUAL = os.path.join(ROOT, "man", "sipsh.1")
NAMES = {"Fl": "-", "Op": "[", "Oo": "[", "Oc": "]"}
MACRO = re.compile(r"[A-Z][a-z]$")


def words_of(line):
    """The words of a macro line; a quoted one may hold spaces."""
    return [quoted or plain
            for quoted, plain in re.findall(r'"([^"]*)"|(\S+)', line)]


def plain(line):
    """A line of mdoc as it reads: '.Op Fl -q Ar Q' is '[--q Q]'."""
    text, glue, fl, closing = "", True, False, ""
    for word in words_of(line.lstrip(".")):
        if word == "Ns":
            glue = True
        elif word == "Fl":
            fl = True
        elif word in ("Op", "Oo"):
            text += "" if glue else " "
            text, glue = text + "[", True
            closing = "]" if word == "Op" else closing
        elif word == "Oc":
            text, glue = text + "]", False
        elif MACRO.match(word):
            continue
        else:
            text += ("" if glue else " ") + ("-" if fl else "") + word
            glue, fl = False, False
    return (text + closing).replace("\\&", "").replace("\\-", "-")


def sections():
    """Name to lines, of each .Sh and each .Ss."""
    found, name, lower = {}, None, None
    with open(MANUAL, encoding="ascii") as file:
        for line in file.read().splitlines():
            if line.startswith(".Sh "):
                name, lower = line[4:], None
                found[name] = []
            elif line.startswith(".Ss "):
                lower = line[4:]
                found[lower] = []
            else:
                found.setdefault(name, []).append(line)
                if lower:
                    found[lower].append(line)
    return found


MAN = sections()


def items(section):
    """The items of a section's outer list, as they read."""
    found, depth = [], 0
    for line in MAN[section]:
        depth += line.startswith(".Bl ") - (line == ".El")
        if depth == 1 and line.startswith(".It "):
            found.append(plain(line[4:]))
    return found


def commands_of_the_manual():
    """Name to (usage, options explained). An .It Xo begins one; a list
    inside it, or the one of common options, explains options."""
    found, name, usage, common = {}, None, None, set()
    for line in MAN["COMMANDS"]:
        if line == ".It Xo":
            usage = []
        elif line == ".Xc":
            name = usage[0].split()[0]
            check(name not in found, f"{name} is there twice")
            found[name] = (" ".join(usage), set())
            usage = None
        elif usage is not None:
            usage.append(plain(line))
        elif line.startswith(".It Fl "):
            option = plain(line[4:]).split()[0]
            (found[name][1] if name else common).add(option)
    return found, common


def say(t, *args):
    run = t.run(*args)
    equal(run.status, 0, f"status of {run!r}")
    return run.out


def commands_of_the_program(t):
    return re.findall(r"^ *([a-z]+) ", say(t, "help"), re.MULTILINE)


def same(manual, program, what):
    equal(sorted(set(program) - set(manual)), [],
          f"{what} that the manual lacks")
    equal(sorted(set(manual) - set(program)), [],
          f"{what} that the program lacks")
    equal(len(manual), len(set(manual)), f"{what}, each once")
    check(len(program) > 3, f"only these {what}: {program}")


@test
def lists_the_commands(t):
    same(list(commands_of_the_manual()[0]), commands_of_the_program(t),
         "commands")


@test(timeout=120)
def shows_how_each_command_is_used(t):
    manual = commands_of_the_manual()[0]
    for name in commands_of_the_program(t):
        usage = matches(say(t, "help", name), r"^usage: (.*)$").group(1)
        check(name in manual, f"{name} is not in the manual")
        equal(manual[name][0], usage, f"usage of {name}")


@test
def explains_the_options_of_each_command():
    manual, common = commands_of_the_manual()
    used = set()
    for name, (usage, explained) in manual.items():
        options = set(re.findall(r"\[(--?\w[\w-]*)", usage))
        used |= options
        equal(sorted(options - explained - common), [],
              f"options of {name} that are not explained")
        equal(sorted(explained - options), [],
              f"options explained that {name} has not")
    equal(sorted(common - used), [], "common options that no command has")


@test
def lists_the_options_of_the_program(t):
    rows = re.findall(r"^  (?:-(\w), |    )--([\w-]+)[ =]?(\S+(?: CMD')?)?"
                      r"(?:  |$)", say(t, "--help"), re.MULTILINE)
    program = [(f"-{letter} , --{name}" if letter else f"--{name}")
               + ("" if not value else
                  f"=[{value}]" if value[0] == "[" and not letter
                  else " " + value) for letter, name, value in rows]
    manual = [item.replace("[=FILE]", "=[FILE]")
              for item in items("Options")]
    same(manual, [text.replace("[[", "[").replace("]]", "]")
                  for text in program], "program options")


@test
def lists_the_settings(t):
    program = re.findall(r"^([a-z][a-z0-9-]*) ", say(t, "set"), re.MULTILINE)
    same(items("SETTINGS"), program, "settings")


@test
def lists_the_events():
    sources = glob.glob(os.path.join(ROOT, "cli", "**", "*.c"),
                        recursive=True)
    text = {os.path.basename(path): open(path, encoding="utf-8").read()
            for path in sources}
    names = re.findall(r'"([^"]+)"', matches(
        text.pop("event.c"), r"event_names\[\] = \{([^}]*)\}").group(1))
    told = [name for name in names
            if any(f'"{name}"' in source for source in text.values())]
    manual = [name for item in items("EVENTS") for name in item.split(" , ")]
    same(manual, told, "events")


@test
def lists_the_exit_statuses(t):
    text = matches(say(t, "--help"), r"(?s)Exit status: .*").group(0)
    manual = [int(item) for item in items("EXIT STATUS")]
    same([status for status in manual if status < 128],
         [int(n) for n in re.findall(r"\b(\d+) \w", text)], "statuses")
    equal([status for status in manual if status >= 128],
          [128 + number for number in (1, 2, 13, 15)],
          "HUP, INT, PIPE, TERM")


@test
def is_well_formed():
    lines = [line for body in MAN.values() for line in body]
    equal([line for line in lines if line != line.rstrip()], [],
          "lines that end in white space")
    opened = sum(line.startswith(".Bl ") for line in MAN["COMMANDS"])
    equal(opened, MAN["COMMANDS"].count(".El"), "lists closed")
    if shutil.which("mandoc"):
        lint = subprocess.run(["mandoc", "-Tlint", "-Wwarning", MANUAL],
                              capture_output=True, text=True, check=False)
        equal(lint.stdout, "", "mandoc -Tlint")


if __name__ == "__main__":
    main()
