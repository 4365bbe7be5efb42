#!/usr/bin/env python3
"""--json: the shape of every event, as programs rely on it."""

import datetime
import json
import re

from harness import check, contains, each, equal, main, test
from peer import sdp
from program import (account, answering, ended, listening, one, only, run,
                     serve, start)

COMMON = {"v", "seq", "t", "event"}


def sound(result):
    """What holds for every object; returns them."""
    events = result.events
    for number, event in enumerate(events, 1):
        check(COMMON <= set(event), f"no common keys: {event}")
        equal(event["v"], 1)
        equal(event["seq"], number, "seq")
        check(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z",
                           event["t"]), event["t"])
        at = datetime.datetime.strptime(event["t"], "%Y-%m-%dT%H:%M:%S.%fZ")
        now = datetime.datetime.now(datetime.timezone.utc)
        age = now.replace(tzinfo=None) - at
        check(abs(age.total_seconds()) < 60, f"not now: {event['t']}")
    return events


def has(event, **types):
    for key, kind in types.items():
        check(key in event, f"no {key} in {event}")
        check(isinstance(event[key], kind), f"{key} in {event}")


@test
def a_response_has_its_keys(t):
    peer = t.peer("udp")
    peer.on("MESSAGE", lambda m: peer.respond(
        m, 200, headers=[("Server", "one"), ("X-A", "b"), ("x-a", "c")],
        body="thanks"))
    result = run(t, "-j", "-a", "sip:alice@127.0.0.1", "message",
                 peer.uri("bob"), "hello")
    event = one(sound(result), "response")
    equal(event["cmd"], 1)
    equal(event["account"], "alice")
    equal((event["method"], event["cseq"], event["status"],
           event["reason"], event["final"]),
          ("MESSAGE", 1, 200, "OK", True))
    equal((event["transport"], event["remote"]),
          ("udp", f"127.0.0.1:{peer.port}"))
    has(event, callid=str, local=str, rtt_ms=float, retransmits=int,
        headers=dict)
    request = peer.expect("MESSAGE")
    equal(event["callid"], request.header("Call-ID"))
    equal(event["headers"]["Server"], ["one"])
    equal(event["headers"]["X-A"], ["b", "c"])
    equal(event["body"], "thanks")
    done = one(result.events, "cmd.done")
    equal((done["cmd"], done["command"], done["ok"], done["rc"],
           done["status"], done["reason"]),
          (1, "message", True, 0, 200, "OK"))
    has(done, elapsed_ms=float)
    check("error" not in done, "an error without failure")


@test
def a_refusal_has_its_class(t):
    peer = t.peer("udp")
    peer.on("OPTIONS", 404)
    done = one(sound(run(t, "-j", "options", peer.uri())), "cmd.done")
    equal((done["ok"], done["rc"], done["error"]["class"]),
          (False, 1, "refused"))
    equal((done["status"], done["reason"]), (404, "Not Found"))


@each([
    ("network", 4, ["options", "sip:127.0.0.1:9"]),
    ("timeout", 3, ["wait", "message", "--timeout", "10ms"]),
    ("expect",  8, ["expect", "message", "--timeout", "10ms"]),
    ("usage",   2, ["bye"]),
    ("usage",   2, ["set", "t1", "x"]),
])
def an_error_has_its_class(t, name, rc, args):
    result = run(t, "-j", *args)
    equal(result.status, rc)
    done = one(sound(result), "cmd.done")
    equal((done["ok"], done["rc"], done["error"]["class"]),
          (False, rc, name))
    check(done["error"]["text"], "no text")


@test
def misuse_is_an_error_without_a_command(t):
    path = t.write("script.sip", "echo a\nnonsense\n")
    result = run(t, "-j", "-f", path)
    equal(result.status, 2)
    event = one(sound(result), "error")
    equal(event["class"], "usage")
    contains(event["text"], f"{path}:2:1: unknown command 'nonsense'")
    check("cmd" not in event, "a command")


@test
def commands_of_a_script_have_their_lines(t):
    peer = answering(t)
    path = t.write("script.sip", f"echo a\n\noptions {peer.uri()}\n")
    events = sound(run(t, "-j", "-f", path))
    equal([(e["cmd"], e["line"], e["command"])
           for e in only(events, "cmd.done")],
          [(1, 1, "echo"), (2, 3, "options")])
    response = one(events, "response")
    equal((response["cmd"], response["line"]), (2, 3))


@test
def a_ping_has_its_figures(t):
    peer = answering(t)
    events = sound(run(t, "-j", "options", peer.uri(), "--count", "3",
                       "--interval", "10ms"))
    pings = only(events, "ping")
    equal([ping["n"] for ping in pings], [1, 2, 3])
    equal({ping["status"] for ping in pings}, {200})
    has(pings[0], rtt_ms=float)
    done = one(events, "cmd.done")
    equal((done["sent"], done["received"], done["loss"]), (3, 3, 0.0))
    check(0 <= done["min_ms"] <= done["avg_ms"] <= done["max_ms"], done)


@test
def a_call_of_ours_has_its_events(t):
    peer = answering(t)
    events = sound(run(t, "-j", "-a", "sip:alice@127.0.0.1", "-c",
                       f"invite {peer.uri('bob')}; bye"))
    names = [e["event"] for e in events if e["event"].startswith("call.")]
    equal(names, ["call.ringing", "call.answered", "call.confirmed",
                  "call.ended"])
    call_id = peer.expect("INVITE").header("Call-ID")
    for event in events:
        if event["event"].startswith("call."):
            equal((event["call"], event["callid"], event["account"]),
                  (1, call_id, "alice"))
            equal(event["direction"], "out")
    answered = one(events, "call.answered")
    equal((answered["status"], answered["reason"], answered["to_tag"]),
          (200, "OK", peer.to_tag))
    contains(answered["peer"], "bob")
    over = one(events, "call.ended")
    equal((over["by"], over["cause"]), ("local", "bye"))
    has(over, setup_ms=float, duration_ms=float, rtp=dict)
    equal(set(over["rtp"]), {"rx", "tx", "lost", "jitter_ms"})


@test
def a_refused_call_has_failed(t):
    peer = t.peer("udp")
    peer.on("INVITE", 486)
    events = sound(run(t, "-j", "invite", peer.uri("bob")))
    event = one(events, "call.failed")
    equal((event["call"], event["by"], event["status"], event["reason"]),
          (1, "remote", 486, "Busy Here"))
    check(event["cause"], "no cause")
    check(not only(events, "call.ended"), "ended, too")


@test
def a_call_of_theirs_has_its_events(t):
    peer = t.peer("udp")
    process = listening(t, "-j", "-c",
                        "wait call.incoming; answer; wait call.ended")
    uri = f"sip:me@127.0.0.1:{process.port}"
    peer.request("INVITE", process.address, uri, body=sdp(40000),
                 headers=[("Subject", "hi")])
    ok = peer.expect(200)
    contact = re.search("<(.*)>", ok.header("Contact")).group(1)
    peer.request("ACK", process.address, contact, within=ok)
    process.expect("call.confirmed")
    peer.request("BYE", process.address, contact, within=ok, cseq=2)
    peer.expect(lambda m: m.status == 200 and m.method == "BYE")
    events = sound(ended(process))
    request = one(events, "request", method="INVITE")
    equal((request["uri"], request["cseq"], request["transport"]),
          (uri, 1, "udp"))
    equal(request["remote"], f"127.0.0.1:{peer.port}")
    has(request, local=str, to=str, headers=dict, body=str)
    contains(request["from"], "sip:peer@")
    equal(request["headers"]["Subject"], ["hi"])
    for name in ("call.incoming", "call.answered", "call.confirmed"):
        event = one(events, name)
        equal((event["call"], event["direction"], event["callid"]),
              (1, "in", ok.header("Call-ID")))
        contains(event["peer"], "sip:peer@")
    over = one(events, "call.ended")
    equal((over["by"], over["cause"]), ("remote", "bye"))
    one(events, "request", method="ACK")
    one(events, "request", method="BYE")


@test
def a_message_of_theirs_has_its_text(t):
    peer = t.peer("udp")
    process = listening(t, "-j", "-c",
                        "wait message; wait message")
    for body in ("caf\u00e9".encode(), b"\xff\xfe"):
        peer.request("MESSAGE", process.address, process.uri, body=body,
                     headers=[("Content-Type", "text/odd")])
        peer.expect(200)
    events = sound(ended(process))
    first, second = only(events, "message")
    equal((first["type"], first["body"]), ("text/odd", "caf\u00e9"))
    contains(first["from"], "sip:peer@")
    equal(second["body_base64"], "//4=")
    check("body" not in second, "a body, too")


@test
def registrations_have_their_events(t):
    registrar = serve(t, alice="secret")
    events = sound(run(t, "-j", *account(t, registrar), "-c",
                       "register --expires 100 --q 0.5; bindings; "
                       "unregister"))
    event = one(events, "reg.ok")
    equal((event["account"], event["registrar"], event["expires"]),
          ("alice", registrar.uri, 100))
    binding, = event["bindings"]
    equal((binding["q"], binding["self"]), (0.5, True))
    check(not binding["contact"].startswith("<"), binding["contact"])
    has(binding, expires=int)
    table = one(events, "table")
    equal(table["table"], "bindings")
    equal(table["rows"][0]["contact"], binding["contact"])
    equal(one(events, "reg.removed")["bindings"], [])


@test
def a_failed_registration_has_its_error(t):
    registrar = serve(t, alice="secret")
    events = sound(run(t, "-j", *account(t, registrar, password="wrong"),
                       "register"))
    event = one(events, "reg.failed")
    equal((event["registrar"], event["status"]), (registrar.uri, 401))
    equal(event["error"]["class"], "auth")
    equal(one(events, "cmd.done")["rc"], 7)


@test
def tables_have_one_key_a_column(t):
    events = sound(run(t, "-j", "-a", "sip:alice@127.0.0.1", "-c",
                       "calls; accounts; registrations; transactions; "
                       "transports; set"))
    tables = only(events, "table")
    equal([table["table"] for table in tables],
          ["calls", "accounts", "registrations", "transactions",
           "transports", "settings"])
    equal([table["cmd"] for table in tables], [1, 2, 3, 4, 5, 6])
    equal(tables[0]["rows"], [])
    equal(tables[1]["rows"][0]["name"], "alice")
    equal({row["transport"] for row in tables[4]["rows"]}, {"udp", "tcp"})
    check(all(set(row) == {"name", "value", "help"}
              for row in tables[5]["rows"]), "settings")


@test
def nothing_but_objects_is_on_stdout(t):
    peer = answering(t)
    result = run(t, "-j", "-v", "--trace", "-c",
                 f"echo hello; help; help invite; options {peer.uri()}; "
                 f"trace show; invite {peer.uri('bob')}; bye; calls")
    equal(result.status, 0, repr(result))
    check(len(sound(result)) > 8, "few events")


@test
def what_the_network_says_is_escaped(t):
    peer = t.peer("udp")
    peer.on("OPTIONS", lambda m: peer.respond(
        m, 200, reason="O\x1b[2JK\x07", headers=[
            ("Server", "a\x9b\xe2\x80\xae".encode("latin-1").decode(
                "latin-1"))]))
    result = run(t, "-j", "options", peer.uri())
    equal(result.status, 0, repr(result))
    for line in result.out.encode().split(b"\n"):
        check(not re.search(rb"[\x00-\x1f\x7f]", line), repr(line))
        text = line.decode()
        check(not re.search("[\u0080-\u009f\u202a-\u202e]", text), text)
    contains(one(sound(result), "response")["reason"], "O\x1b[2JK")


@test
def secrets_are_redacted_unless_asked_for(t):
    registrar = serve(t, alice="secret")
    for options, hidden in (([], True), (["--show-secrets"], False)):
        result = run(t, "-j", "--trace", *options, *account(t, registrar),
                     "-c", "register; unregister; trace show")
        responses = re.findall(r'[ ,]response=\\?"([^"\\]*)',
                               result.out + result.err)
        check(responses, "no digest was seen")
        equal(all(set(text) == {"x"} for text in responses), hidden)
        check("secret" not in (result.out + result.err)
              .replace("show-secrets", ""), "the password")


@test
def every_line_is_written_whole(t):
    peer = answering(t)
    process = start(t, "-j")
    process.send(f"options {peer.uri()}")
    process.expect('"event":"cmd.done".*\n')
    for line in process.out.splitlines():
        json.loads(line)
    equal(process.wait().status, 0)


if __name__ == "__main__":
    main()
