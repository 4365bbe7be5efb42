#!/usr/bin/env python3
"""The command language, the same in all its four ways in."""

import time

from harness import check, contains, each, equal, main, matches, test
from program import (LOOPBACK, answering, ended, listening, only, ringing,
                     run, script, start)


# --- words ---

@each([
    ("plain",                    "echo a  b",              "a b\n"),
    ("single quotes",            "echo 'a  b' '$?' '\\'",  "a  b $? \\\\\n"),
    ("double quotes",            "echo \"a  $? b\"",       "a  0 b\n"),
    ("quotes join",              "echo a'b c'\"d\"",       "ab cd\n"),
    ("a backslash",              "echo a\\ \\ b \\; \\$x", "a  b ; $x\n"),
    ("a comment",                "echo a # b; echo c",     "a\n"),
    ("no comment inside a word", "echo a#b",               "a#b\n"),
    ("two commands",             "echo a; echo b",         "a\nb\n"),
    ("no two inside a word",     "echo a;b",               "a;b\n"),
    ("a ; at the end",           "echo a;",                "a\n"),
    ("nothing",                  " ; ; # nothing",         ""),
    ("a variable's words",       "echo [$1$2]",            "[]\n"),
    ("of the environment",       "echo $NAME ${NAME}s",    "x y x ys\n"),
    ("UTF-8 stays",              "echo caf\u00e9",         "caf\u00e9\n"),
    ("controls do not",          "echo 'a\x1b[2J'",        "a\\x1b[2J\n"),
])
def words_are_as_in_sh(t, _why, line, out):
    result = script(t, line, env={"NAME": "x y"})
    equal(result.out, out)
    equal(result.status, 0)
    equal(run(t, "-c", line, env={"NAME": "x y"}).out, out, "with -c")


@test
def a_uri_with_parameters_needs_no_quotes(t):
    peer = answering(t, "tcp")
    result = script(t, f"options {peer.uri('bob')};user=phone; echo $status")
    equal(result.status, 0)
    equal(result.lines[-1], "200")
    equal(peer.expect("OPTIONS").uri, peer.uri("bob", ";user=phone"))


# --- the ways in ---

@test
def a_script_has_arguments(t):
    path = t.write("script.sip", "echo $# $1-$2-$3-$0\n")
    equal(run(t, "-f", path, "a b", "c").out, f"2 a b-c--{path}\n")


@test
def a_script_is_an_interpreters(t):
    path = t.write("script.sip", "#!" + " ".join(
        [t.command(["-f"], rc=True)[0], "-f"])
        + "\necho hello $1\nexit 3\n", mode=0o700)
    process = t.spawn([path, "world"])
    result = ended(process)
    equal(result.out, "hello world\n")
    equal(result.status, 3)


@test
def a_dash_is_stdin(t):
    result = t.run(*LOOPBACK, "-f", "-", "arg", input="echo $1\n")
    equal(result.out, "arg\n")


@test
def several_c_run_in_their_order(t):
    equal(run(t, "-c", "echo a; echo b", "-c", "echo c").out, "a\nb\nc\n")


@test
def one_command_keeps_its_words(t):
    equal(run(t, "echo", "a  b", "$HOME", "c;", "'d'").out,
          "a  b $HOME c; 'd'\n")


@test
def a_line_goes_on_behind_a_backslash(t):
    path = t.write("script.sip", "echo a\\\nb\\\nc\necho d")
    equal(run(t, "-f", path).out, "abc\nd\n")
    equal(script(t, "echo a\\", "b", "echo c").out, "ab\nc\n")


@test
def a_last_line_needs_no_newline_and_lines_may_end_in_crlf(t):
    equal(t.run(*LOOPBACK, input="echo a\r\necho b").out, "a\nb\n")


@test
def lines_of_a_pipe_run_as_they_come(t):
    process = start(t)
    process.send("echo one")
    process.expect("one")
    process.send("echo two")
    process.expect("two")
    equal(process.wait().status, 0)


@test
def a_sourced_script_comes_at_once(t):
    inner = t.write("inner.sip", "echo two; echo three\n")
    t.write("outer.sip", f"echo one; source {inner}; echo four\n")
    equal(run(t, "-f", t.path("outer.sip")).out,
          "one\ntwo\nthree\nfour\n")


@test
def a_sourced_script_is_checked_whole(t):
    inner = t.write("inner.sip", "echo one\n nonsense\n")
    result = script(t, f"source {inner}", "echo two")
    equal(result.status, 2)
    equal(result.out, "")
    contains(result.err, f"{inner}:2:2: unknown command 'nonsense'")


@test
def a_script_that_sources_itself_ends(t):
    path = t.write("self.sip", "source self.sip\n")
    result = run(t, "-f", path)
    equal(result.status, 2)
    contains(result.err, "deep")


@test
def the_configuration_comes_first(t):
    t.write("xdg-config/sipsh/sipshrc",
            "account add work sip:carol@127.0.0.1\nset t1 77ms\n")
    result = t.run(*LOOPBACK, "-a", "work", "-c", "set t1; accounts",
                   rc=True)
    equal(result.status, 0)
    contains(result.out, "77ms")
    contains(result.out, "sip:carol@127.0.0.1")
    result = t.run(*LOOPBACK, "set", "t1")
    contains(result.out, "500ms", "--no-rc")


@test
def a_wrong_configuration_is_told_with_its_place(t):
    path = t.write("xdg-config/sipsh/sipshrc", "set t1 soon\n")
    result = t.run(*LOOPBACK, "echo", "here", rc=True)
    equal(result.status, 2)
    equal(result.out, "")
    contains(result.err, path + ":1:")


# --- failures ---

@test
def the_first_failure_ends_a_script(t):
    peer = t.peer("udp")
    peer.on("OPTIONS", 404)
    result = script(t, "echo a", f"options {peer.uri()}", "echo b")
    equal(result.status, 1)
    check("b" not in result.lines, "it went on")


@test
def a_leading_dash_ignores_the_failure(t):
    peer = t.peer("udp")
    peer.on("OPTIONS", 404)
    result = script(t, f"-options {peer.uri()}", f"- options {peer.uri()}",
                    "echo $? $status $reason")
    equal(result.status, 0)
    equal(result.lines[-1], "1 404 Not Found")


@test
def whole_names_only_in_scripts(t):
    result = script(t, "ech a")
    equal(result.status, 2)
    contains(result.err, "unknown command 'ech'")


# --- variables ---

@test
def the_last_response_is_in_variables(t):
    peer = t.peer("udp")
    peer.on("MESSAGE", lambda m: peer.respond(m, 202, headers=[
        ("Server", "peer/1"), ("X-Two", "first"), ("X-Two", "second")]))
    result = script(t, "echo [$status$reason$hdr_Server]",
                    f"message {peer.uri('bob')} hello",
                    "echo $? $status $reason, $hdr_Server $hdr_X_Two "
                    "[$hdr_Subject]", "echo $rtt")
    equal(result.status, 0)
    lines = result.lines
    equal(lines[0], "[0]")
    equal(lines[2], "0 202 Accepted, peer/1 first []")
    matches(lines[3], r"^\d+\.\d{3}$")


@test
def the_current_call_is_a_variable(t):
    peer = answering(t)
    result = script(t, "echo [$call]", f"invite {peer.uri('bob')}",
                    "echo $call", "bye $call", "echo [$call]")
    equal(result.status, 0)
    equal(result.lines[0], "[]")
    contains(result.out, "\n%1\n")
    equal(result.lines[-1], "[]")


# --- order ---

@test
def what_is_sent_to_the_background_is_not_waited_for(t):
    peer = t.peer("udp")
    process = start(t)
    process.send(f"options {peer.uri()} &")
    process.send("echo here")
    process.expect("^here$")
    peer.respond(peer.expect("OPTIONS"), 200)
    process.expect("200 OK")
    equal(process.wait().status, 0)


@test
def without_it_the_next_command_waits(t):
    peer = t.peer("udp")
    process = start(t, "-c", f"options {peer.uri()}; echo here")
    request = peer.expect("OPTIONS")
    check("here" not in process.out, "it did not wait")
    peer.respond(request, 200)
    equal(ended(process).lines[-1], "here")


@test
def so_many_jobs_are_in_flight(t):
    peer = t.peer("udp")
    lines = [f"options {peer.uri(f'user{n}')}" for n in range(4)]
    process = start(t, "--jobs", "3", "-c", "; ".join(lines + ["echo end"]))
    held = [peer.expect("OPTIONS") for _ in range(3)]
    equal(len({m.header("Call-ID") for m in peer.requests("OPTIONS")}), 3)
    check("end" not in process.out, "echo did not wait")
    peer.respond(held[1], 200)
    held.append(peer.expect(lambda m: m.uri == peer.uri("user3")))
    for request in (held[0], held[2], held[3]):
        peer.respond(request, 200)
    result = ended(process)
    equal(result.status, 0)
    equal(result.lines[-1], "end")


# --- wait and expect ---

@test
def an_event_that_came_before_the_wait_is_seen(t):
    peer = answering(t)
    result = run(t, "-c", f"invite {peer.uri('bob')}; "
                 "wait call.ringing --timeout 1s; "
                 "wait call.answered status=200 --timeout 1s; "
                 "expect call.confirmed --timeout 1s; bye")
    equal(result.status, 0, repr(result))


@test
def what_was_passed_over_is_not_seen_again(t):
    peer = answering(t)
    result = run(t, "-c", f"invite {peer.uri('bob')}; "
                 "wait call.answered --timeout 1s; "
                 "-wait call.ringing --timeout 20ms; echo $?; bye")
    equal(result.status, 0, repr(result))
    check("3" in result.lines, repr(result))


@test
def new_ignores_the_past(t):
    peer = answering(t)
    result = run(t, "-c", f"options {peer.uri()}; "
                 "-wait response --new --timeout 20ms; echo $?")
    equal(result.lines[-1], "3")


@test
def an_event_that_comes_during_the_wait_ends_it(t):
    peer = t.peer("udp")
    process = listening(t, "-c",
                        "wait message body=hello; "
                        "wait message header.subject~^gr --timeout 5s; "
                        "echo both")
    for body, subject in (("other", "x"), ("hello", "y"), ("bye", "greet")):
        peer.request("MESSAGE", process.address, process.uri, body=body,
                     headers=[("Content-Type", "text/plain"),
                              ("Subject", subject)])
        peer.expect(200)
    equal(ended(process).lines[-1], "both")


@each([
    ("=",             "status=404",              True),
    ("= another",     "status=40",               False),
    ("!=",            "status!=200",             True),
    ("!= itself",     "status!=404",             False),
    ("<",             "status<405",              True),
    ("< itself",      "status<404",              False),
    (">",             "'status>403'",            True),
    ("~",             "'reason~^Not (F|G)ound'", True),
    ("~ no match",    "reason~^Found",           False),
    ("a header",      "header.x-odd=a=b",        True),
    ("any case",      "header.X-ODD=a=b",        True),
    ("a missing key", "nonsense!=1",             False),
    ("two of them",   "status=404 method=OPTIONS", True),
    ("one does not",  "status=404 method=INVITE",  False),
])
def an_operator_compares(t, _why, condition, holds):
    peer = t.peer("udp")
    peer.on("OPTIONS", lambda m: peer.respond(
        m, 404, headers=[("X-Odd", "a=b")]))
    result = run(t, "-c", f"-options {peer.uri()}; "
                 f"expect response {condition} --timeout 20ms")
    equal(result.status, 0 if holds else 8, repr(result))


@test
def the_call_of_a_matched_event_becomes_the_current_one(t):
    peer = answering(t)
    result = run(t, "-c", f"invite {peer.uri('a')}; invite {peer.uri('b')}; "
                 "echo $call; wait call.answered call=1 --timeout 1s; "
                 "echo $call; bye; bye")
    equal(result.status, 0, repr(result))
    check("%2" in result.lines and "%1" in result.lines, repr(result))
    check(result.lines.index("%2") < result.lines.index("%1"), "the order")


@test
def current_and_previous_calls_have_names(t):
    peer = answering(t)
    result = run(t, "-j", "-c", f"invite {peer.uri('a')}; "
                 f"invite {peer.uri('b')}; bye %-; bye %%")
    equal(result.status, 0, repr(result))
    equal([event["call"] for event in only(result.events, "call.ended")],
          [1, 2])


# --- the end ---

@test
def the_end_of_input_ends_what_is_up(t):
    peer, bell = answering(t), ringing(t)
    result = script(t, f"invite {peer.uri('bob')}",
                    f"invite {bell.uri('carol')} --nowait",
                    "wait call.ringing call=2 --timeout 5s")
    equal(result.status, 0, repr(result))
    peer.expect("BYE")
    bell.expect("CANCEL")
    bell.expect("ACK")


@test
def sleep_takes_its_time(t):
    began = time.monotonic()
    equal(run(t, "sleep", "150ms").status, 0)
    check(0.14 < time.monotonic() - began < 1.5, "another time")


@test
def headers_may_go_into_every_request(t):
    peer = answering(t)
    result = run(t, "-c", "header add Subject hello there; "
                 "header add X-Only 1 --method MESSAGE; "
                 f"options {peer.uri()}; header del subject; "
                 f"message {peer.uri('bob')} hi")
    equal(result.status, 0, repr(result))
    request = peer.expect("OPTIONS")
    equal(request.header("Subject"), "hello there")
    equal(request.header("X-Only"), None)
    request = peer.expect("MESSAGE")
    equal(request.header("Subject"), None)
    equal(request.header("X-Only"), "1")


@test
def quiet_tells_failures_only(t):
    peer = answering(t)
    result = run(t, "-q", "options", peer.uri())
    equal(result.out, "")
    peer.on("OPTIONS", 404)
    contains(run(t, "-q", "options", peer.uri()).out, "404 Not Found")


@test
def help_names_every_command(t):
    listed = [line.split()[0] for line in run(t, "help").lines]
    check(len(listed) > 25, f"{listed}")
    equal(listed, sorted(listed))
    for name in listed:
        result = run(t, "help", name)
        contains(result.out, f"usage: {name}")


if __name__ == "__main__":
    main()
