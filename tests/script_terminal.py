#!/usr/bin/env python3
"""At a terminal: the line being typed, the prompt, completion, history."""

import os
import re
import signal
import stat

from harness import (check, contains, each, equal, main, matches, test,
                     wait_until)
from peer import sdp
from program import answering, ringing, serve, terminal

WIDTHS = [("80 columns", 80), ("20 columns", 20)]


def at_prompt(t, *args, prompt="sipsh", **options):
    term = terminal(t, *args, **options)
    term.expect_line(f"^{prompt}> $")
    return term


def reachable(t, *args, **options):
    """A terminal whose UDP port is known: (terminal, address)."""
    port = t.port()
    term = t.terminal("-l", f"udp:127.0.0.1:{port}", *args, **options)
    return term, ("127.0.0.1", port)


def text_from(peer, address, body, **options):
    peer.request("MESSAGE", address, f"sip:me@127.0.0.1:{address[1]}",
                 body=body, headers=[("Content-Type", "text/plain")],
                 **options)
    peer.expect(200)


# --- the line being typed ---

@each(WIDTHS)
def a_half_typed_line_stays_intact_while_events_arrive(t, _why, columns):
    peer = t.peer("udp")
    peer.on("OPTIONS", 200)
    term, address = reachable(t, columns=columns)
    term.expect_line("^sipsh> $")
    half = f"options {peer.uri('somebody')}"
    term.send(half)

    def whole():
        return half in "".join(term.lines).replace("\n", "")
    wait_until(whole, lambda: f"the line on\n{term.text}")
    for n in range(3):
        text_from(peer, address, f"text {n}")

    def shown():
        joined = "".join(term.history + term.lines)
        return all(f"text {n}" in joined for n in range(3)) and whole()
    wait_until(shown, lambda: f"texts above the line on\n{term.text}")
    joined = "".join(term.history + term.lines)
    check(joined.rindex("text 2") < joined.rindex(half), "below the line")
    equal(joined.count("sipsh> "), 1, "prompts on the screen")
    term.send(";user=phone\r")
    equal(peer.expect("OPTIONS").uri, peer.uri("somebody", ";user=phone"))
    wait_until(lambda: "200 OK" in "".join(term.history + term.lines),
               lambda: term.text)
    term.press("ctrl-d")
    equal(term.wait(), 0)


@each(WIDTHS)
def the_cursor_stays_where_it_was(t, _why, columns):
    peer = t.peer("udp")
    term, address = reachable(t, columns=columns)
    term.expect_line("^sipsh> $")
    term.send("echo a long line that wraps at twenty")
    term.press("home", "right", "right", "right", "right", "right")
    text_from(peer, address, "an event")
    wait_until(lambda: "an event" in "".join(term.history + term.lines),
               lambda: term.text)
    term.send("X")
    term.press("enter")
    wait_until(lambda: "Xa long line that wraps at twenty" in
               "".join(line.rstrip("\n") for line in
                       term.history + term.lines), lambda: term.text)


@test
def the_window_may_change_its_size(t):
    peer = t.peer("udp")
    term, address = reachable(t)
    term.expect_line("^sipsh> $")
    term.send("echo one two three four five")
    term.expect("five$")
    term.resize(24, 24)
    text_from(peer, address, "an event")
    term.expect("an event")
    term.press("enter")
    term.expect("^one two three four five$")
    term.expect_line("^sipsh> $")
    term.press("ctrl-d")
    equal(term.wait(), 0)


@test
def events_do_not_wait_for_commands(t):
    peer = t.peer("udp")
    term = at_prompt(t)
    term.type(f"options {peer.uri()}")
    request = peer.expect("OPTIONS")
    term.type("echo meanwhile")
    term.expect("^meanwhile")
    peer.respond(request, 200)
    term.expect("200 OK")
    term.expect_line("^sipsh> $")


# --- the prompt ---

@test
def the_prompt_tells_of_calls(t):
    peer = ringing(t)
    term = at_prompt(t, "-a", "sip:alice@127.0.0.1", prompt="alice")
    term.type(f"invite {peer.uri('bob')}")
    term.expect_line(r"^alice \[%1 ringing\]> $")
    peer.respond(peer.requests("INVITE")[0], 200, body=sdp(40000))
    term.expect_line(r"^alice \[%1 up 0:0\d\]> $")
    peer.on("BYE", 200)
    term.type("bye")
    term.expect_line("^alice> $")


@test
def the_prompt_tells_of_the_registration(t):
    server = serve(t, alice="secret")
    path = t.write("password", "secret\n")
    term = at_prompt(t, "-a", f"sip:alice@127.0.0.1:{server.port}",
                     "--password-file", path, prompt="alice")
    term.type("register --expires 90")
    term.expect_line(r"^alice \[reg (90|8\d)s\]> $")
    first = int(re.search(r"reg (\d+)s", term.lines[term.cursor[0]]).group(1))
    wait_until(lambda: f"[reg {first - 1}s]> " in term.lines[term.cursor[0]],
               lambda: term.text)
    term.press("ctrl-d")
    equal(term.wait(), 0)


# --- completion ---

@each([
    ("a command",            "regis\t",            "registe?r?"),
    ("a command, whole",     "unreg\t",            "unregister $"),
    ("an option",            "register --onc\t",   "register --once $"),
    ("a setting",            "set ring-t\t",       "set ring-timeout $"),
    ("an account",           "account use wo\t",   "account use work $"),
    ("an account to register", "register wo\t",    "register work $"),
    ("a method",             "send SUBS\t",        "send SUBSCRIBE $"),
    ("a header",             "options x -H Subj\t",
     r"options x -H Subject: ?$"),
    ("a call",               "bye %\t",            "bye %1 $"),
    ("an event",             "wait call.ans\t",    r"wait call\.answered $"),
    ("a choice",             "trace of\t",         "trace off $"),
    ("the last command",     "echo a; unreg\t",    "echo a; unregister $"),
    ("a command's name",     "help unreg\t",       "help unregister $"),
])
def tab_completes(t, _why, keys, line):
    peer, prompt = ringing(t), "work"
    term = at_prompt(t)
    term.type("account add work sip:carol@127.0.0.1")
    term.expect_line("^work> $")
    if "%" in keys:
        term.type(f"invite {peer.uri('bob')}")
        term.expect_line("ringing")
        prompt = r"work \[%1 ringing\]"
    term.send(keys)
    term.expect_line(f"^{prompt}> {line}")


@test
def tab_twice_lists(t):
    term = at_prompt(t)
    term.send("account\t\t")
    term.expect(r"^account +accounts")


@test
def prefixes_do_at_the_prompt(t):
    term = at_prompt(t)
    term.type("ec hello")
    term.expect("^hello$")
    term.type("re x")
    term.expect("'re' is short for redirect, register")
    term.expect_line("^sipsh> $")


# --- keys ---

@test
def interrupts_abandon_the_line_then_the_command(t):
    bell = ringing(t)
    term = at_prompt(t)
    term.send("echo never")
    term.expect("never")
    term.press("ctrl-c")
    term.expect_line("^sipsh> $")
    term.type(f"invite {bell.uri('bob')}")
    term.expect("180 Ringing")
    term.send("half")
    term.expect_line("half$")
    term.press("ctrl-c")
    term.expect_line(r"ringing\]> $")
    check(not bell.requests("CANCEL"), "the line's ^C ended the call")
    term.press("ctrl-c")
    bell.expect("CANCEL")
    bell.expect("ACK")
    term.expect_line("^sipsh> $")
    check("\nnever" not in term.text, "the abandoned line ran")
    term.press("ctrl-d")
    term.wait()


@test
def the_end_hangs_up(t):
    peer = answering(t)
    term = at_prompt(t)
    term.type(f"invite {peer.uri('bob')}")
    term.expect_line("up 0:0")
    term.press("ctrl-d")
    peer.expect("BYE")
    equal(term.wait(), 0)


@test
def a_window_that_is_closed_hangs_up(t):
    peer = answering(t)
    term = at_prompt(t)
    term.type(f"invite {peer.uri('bob')}")
    term.expect_line("up 0:0")
    term.hang_up()
    peer.expect("BYE")


@test
def it_may_be_stopped_and_go_on(t):
    term = at_prompt(t)
    term.send("echo hal")
    term.expect_line("hal$")
    os.kill(term.pid, signal.SIGTSTP)

    def state():
        with open(f"/proc/{term.pid}/stat", encoding="ascii") as f:
            return f.read().rpartition(")")[2].split()[0]
    wait_until(lambda: state() == "T", "the stop")
    os.kill(term.pid, signal.SIGCONT)
    term.expect_line("hal$")
    term.type("f")
    term.expect("^half$")


# --- history ---

@test
def history_is_kept_for_us_alone(t):
    term = at_prompt(t)
    term.type("echo one")
    term.expect("^one$")
    term.type("echo two")
    term.expect("^two$")
    term.press("ctrl-d")
    equal(term.wait(), 0)
    path = t.path("xdg-state/sipsh/history")
    equal(stat.S_IMODE(os.stat(path).st_mode), 0o600)
    with open(path, encoding="utf-8") as f:
        equal(f.read(), "echo one\necho two\n")
    term = at_prompt(t)
    term.press("up", "up")
    term.expect_line("^sipsh> echo one$")
    term.press("down")
    term.expect_line("^sipsh> echo two$")


@test
def a_history_that_others_could_read_is_closed(t):
    path = t.write("xdg-state/sipsh/history", "echo old\n", mode=0o644)
    term = at_prompt(t)
    equal(stat.S_IMODE(os.stat(path).st_mode), 0o600)
    term.press("up")
    term.expect_line("echo old$")


# --- secrets ---

def asked(t):
    server = serve(t, alice="secret")
    term = at_prompt(t, "-a", f"sip:alice@127.0.0.1:{server.port}",
                     prompt="alice")
    term.type("register")
    term.expect_line('Password of alice for REGISTER at realm "lab": $')
    return term


@test
def a_password_is_asked_for_without_echo(t):
    term = asked(t)
    term.send("secrex\x7ft\r")
    term.expect("200 OK")
    term.expect_line(r"^alice \[reg \d+s\]> $")
    term.press("up")
    term.expect_line("> register$")
    term.press("ctrl-u", "ctrl-d")
    equal(term.wait(), 0)
    for word in (b"secret", b"secrex"):
        check(word not in term.raw, "it was echoed")
    with open(t.path("xdg-state/sipsh/history"), encoding="utf-8") as f:
        equal(f.read(), "register\n")


@test
def the_line_being_typed_survives_the_question(t):
    server = serve(t, alice="secret")
    term = at_prompt(t, "-a", f"sip:alice@127.0.0.1:{server.port}",
                     prompt="alice")
    term.send("register\recho still here")
    term.expect_line('at realm "lab": $')
    term.send("secret\r")
    term.expect("200 OK")
    term.expect_line("> echo still here$")
    term.press("enter")
    term.expect("^still here$")


@test
def no_password_is_no_registration(t):
    term = asked(t)
    term.press("ctrl-c")
    term.expect("401 Unauthorized")
    term.expect_line("^alice> $")
    check(term.running, "it ended")


# --- what others send ---

@test
def escape_sequences_arrive_escaped(t):
    peer = t.peer("udp")
    evil = "\x1b[2J\x1b]0;owned\x07\x9b\u202e"
    peer.on("OPTIONS", lambda m: peer.respond(m, 200, reason="O" + evil))
    term, address = reachable(t, columns=200)
    term.expect_line("^sipsh> $")
    term.type("echo ready")
    term.expect("^ready$")
    before = len(term.raw)
    text_from(peer, address, "B" + evil, from_='"D\x1b[2J\x1b[31m" '
              "<sip:evil@127.0.0.1>;tag=1")
    term.expect(r"D\\x1b\[2J")
    term.expect(r"B\\x1b\[2J\\x1b\]0;owned\\x07")
    term.type(f"options {peer.uri()}")
    term.expect(r"200 O\\x1b\[2J")
    seen = term.raw[before:]
    for part in (b"\x1b[2J", b"\x1b]0;owned", b"\x1b[31m", b"\xc2\x9b",
                 b"\xe2\x80\xae"):
        check(part not in seen, f"{part!r} reached the terminal")
    matches(term.text, "^ready$")


@test
def an_incoming_call_is_offered(t):
    peer = t.peer("udp")
    peer.on("BYE", 200)
    term, address = reachable(t, columns=200)
    term.expect_line("^sipsh> $")
    peer.request("INVITE", address, f"sip:me@127.0.0.1:{address[1]}",
                 body=sdp(40000),
                 from_='"Bob" <sip:bob@127.0.0.1>;tag=b')
    term.expect(r'%1 INVITE  from "?Bob"? <sip:bob@127\.0\.0\.1>  '
                r"udp:127\.0\.0\.1:\d+ +answer, ring or reject")
    peer.expect(180)
    term.expect_line(r"\[%1 incoming\]> $")
    term.type("answer")
    ok = peer.expect(200)
    contact = re.search("<(.*)>", ok.header("Contact")).group(1)
    peer.request("ACK", address, contact, within=ok)
    term.expect_line(r"\[%1 up 0:0\d\]> $")
    peer.request("BYE", address, contact, within=ok, cseq=2)
    term.expect(r"%1 ended  by remote  bye")
    term.expect_line("^sipsh> $")


@test
def a_dumb_terminal_without_colour_will_do(t):
    term = terminal(t, env={"TERM": "dumb", "NO_COLOR": "1"})
    term.expect("sipsh> ")
    term.type("echo plain")
    term.expect("^plain$")
    check(b"\x1b[3" not in term.raw, "colour")
    term.press("ctrl-d")
    equal(term.wait(), 0)


if __name__ == "__main__":
    main()
