#!/usr/bin/env python3
"""The tools that judge the program are judged first."""

import subprocess
import sys

from harness import ROOT, Failure, check, each, equal, main, test
from peer import Message, sdp
from terminal import Screen


@each([
    ("what passes",        "print('1..2\\nok 1 - a\\nok 2 - b')",      2, 0),
    ("a point that fails", "print('1..2\\nok 1 - a\\nnot ok 2 - b')",  1, 1),
    ("a skip",             "print('1..1\\nok 1 - a # SKIP why')",      0, 1),
    ("no plan",            "print('ok 1 - a')",                        1, 1),
    ("a plan of none",     "print('1..0')",                            0, 1),
    ("a plan not kept",    "print('1..3\\nok 1 - a')",                 1, 1),
    ("an exit status",     "print('1..1\\nok 1 - a'); exit(3)",        1, 1),
    ("a crash",            "print('1..1\\nok 1 - a', flush=True);"
                           "import os; os.abort()",                    1, 1),
    ("a hang",             "print('1..1\\nok 1 - a', flush=True);"
                           "import time; time.sleep(60)",              1, 1),
    ("a syntax error",     "print(",                                   0, 1),
])
def the_runner_counts(t, _why, text, passed, failed):
    script = t.write("script.py", text)
    run = subprocess.run(
        [sys.executable, ROOT + "/tests/run.py", "--timeout", "1", script],
        capture_output=True, text=True, check=False)
    equal(run.stdout.splitlines()[-1], f"{passed} passed, {failed} failed")
    equal(run.returncode, 1 if failed else 0)


@test
def the_runner_adds_up_and_misses_nothing(t):
    good = t.write("good.py", "print('1..1\\nok 1 - a')")
    run = subprocess.run(
        [sys.executable, ROOT + "/tests/run.py", good, good, "absent"],
        capture_output=True, text=True, check=False)
    equal(run.stdout.splitlines()[-1], "2 passed, 1 failed")
    run = subprocess.run([sys.executable, ROOT + "/tests/run.py"],
                         capture_output=True, text=True, check=False)
    equal(run.returncode, 1, "status when no test is named")


@test
def what_a_test_started_ends_with_it(t):
    process = t.spawn(["sh", "-c", "trap '' TERM; sleep 100 & echo up; wait"])
    process.expect("up")
    process.stop(timeout=0.2)
    check(not process.running, "still there")


@each([
    ("text and line ends",   "ab\r\ncd",                  ["ab", "cd"]),
    ("wraps when it must",   "abcdefgh",                  ["abcdefgh", ""]),
    ("and only then",        "abcdefghi",                 ["abcdefgh", "i"]),
    ("carriage return",      "abc\rX",                    ["Xbc"]),
    ("backspace",            "abc\b\bX",                  ["aXc"]),
    ("cursor movements",     "\x1b[2;3HX\x1b[A\x1b[DY",   ["  Y", "  X"]),
    ("erase to the end",     "abcd\x1b[2D\x1b[K",         ["ab"]),
    ("erase the line",       "abcd\x1b[2K",               [""]),
    ("erase below",          "a\r\nb\r\nc\x1b[H\x1b[J",   ["", "", ""]),
    ("delete characters",    "abcd\r\x1b[2P",             ["cd"]),
    ("insert characters",    "abcd\r\x1b[2@",             ["  abcd"]),
    ("colours, modes",       "\x1b[1;31ma\x1b[m\x1b[?2004hb", ["ab"]),
    ("a title",              "\x1b]0;title\x07a",         ["a"]),
    ("wide characters",      "\u4e2dX\b\b\bY",            ["Y X"]),
])
def a_screen_shows(_t, _why, text, rows):
    for size in (len(text), 1):         # whole, and octet by octet
        screen = Screen(8, 4)
        for at in range(0, len(text), size):
            screen.feed(text[at:at + size])
        equal([line.rstrip() for line in screen.lines[:len(rows)]], rows)


@test
def a_screen_scrolls_into_its_history():
    screen = Screen(8, 2)
    screen.feed("one\r\ntwo\r\nthree")
    equal(screen.history, ["one"])
    equal(screen.lines, ["two", "three"])
    equal((screen.row, screen.column), (1, 5))


@test
def a_screen_refuses_what_it_does_not_know():
    for text in ("\x1b[5z", "\x01", "\x1b#8"):
        try:
            Screen(8, 2).feed(text)
        except Failure:
            continue
        raise Failure(f"{text!r} went unseen")


@test
def messages_are_read_with_compact_names_and_folding():
    message = Message(b"INVITE sip:a@b SIP/2.0\r\nv: one\r\nVia: two\r\n"
                      b"Subject: a\r\n b\r\nf: <sip:x>;tag=12\r\n"
                      b"CSeq: 7 INVITE\r\n\r\nbody")
    equal(message.values("Via"), ["one", "two"])
    equal(message.header("s"), "a b")
    equal(message.tag("From"), "12")
    equal((message.method, message.uri, message.cseq, message.status),
          ("INVITE", "sip:a@b", (7, "INVITE"), None))
    equal(message.body, b"body")


@each(["udp", "tcp"])
def peers_hold_a_dialog(t, transport):
    a, b = t.peer(transport), t.peer(transport)
    b.on("INVITE", lambda m: (b.respond(m, 180),
                              b.respond(m, 200, body=sdp(4000))))
    to = (b.host, b.port)
    a.request("INVITE", to, b.uri("bob"), body=sdp(4002))
    a.expect(180)
    answer = a.expect(200)
    equal(answer.body, sdp(4000).encode())
    a.request("BYE", to, b.uri("bob"), within=answer, cseq=2)
    bye = b.expect("BYE")
    equal(bye.tag("To"), answer.tag("To"))
    equal(bye.header("Call-ID"), answer.header("Call-ID"))
    b.respond(bye, 200)
    a.expect(lambda m: m.status == 200 and m.method == "BYE")


if __name__ == "__main__":
    main()
