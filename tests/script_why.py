#!/usr/bin/env python3
"""why: the last outcome explained."""

from harness import check, contains, equal, free_port, main, test
from program import (Dns, account, answering, one, only, run, serve,
                     silent)

CHALLENGE = 'Digest realm="lab", nonce="n", algorithm=MD5, qop="auth"'


def rows(result):
    return one(result.events, "table", table="why")["rows"]


def steps(result):
    """(step, result) of each row."""
    return [(row["step"], row["result"]) for row in rows(result)]


@test
def there_is_nothing_to_explain_at_first(t):
    result = run(t, "why")
    equal(result.status, 2)
    contains(result.err, "no request of ours has had an outcome yet")


@test
def a_closed_port_is_named(t):
    port = free_port()
    result = run(t, "-j", "-c", f"-options sip:bob@127.0.0.1:{port}\nwhy")
    equal(result.status, 0, repr(result))
    target, outcome = rows(result)
    equal((target["step"], target["what"], target["where"],
           target["result"]),
          ("target", "OPTIONS", f"udp:127.0.0.1:{port}", "network"))
    contains(target["text"], "refused")
    check(target["elapsed_ms"] > 0, target)
    equal((outcome["step"], outcome["what"], outcome["result"]),
          ("outcome", "OPTIONS", "network"))


@test
def success_is_explained_too(t):
    peer = answering(t)
    result = run(t, "-j", "-c", f"options {peer.uri()}\nwhy")
    equal(steps(result), [("target", "200 OK"), ("outcome", "200 OK")])
    equal(rows(result)[0]["where"], f"udp:{peer.hostport}")


@test
def a_wrong_password_shows_both_challenges(t):
    server = serve(t, alice="secret")
    result = run(t, "-j", *account(t, server, password="wrong"), "-c",
                 "-register\nwhy")
    found = rows(result)
    equal([(row["step"], row["result"]) for row in found],
          [("target", "401 Unauthorized"), ("challenge", "answered"),
           ("target", "401 Unauthorized"), ("challenge", "not answered"),
           ("outcome", "401 Unauthorized")])
    contains(found[1]["what"], 'realm "lab" ')
    contains(found[3]["text"], "lab")
    equal(found[3]["text"], found[4]["text"])


@test
def a_stranger_gets_no_credentials(t):
    peer = t.peer("udp")
    peer.on("OPTIONS", lambda m: peer.respond(m, 401, headers=[
        ("WWW-Authenticate", CHALLENGE)]))
    password = t.write("password", "secret\n")
    result = run(t, "-j", "-a", "sip:alice@home.test", "--password-file",
                 password, "-c", f"-options {peer.uri()}\nwhy")
    target, challenge, outcome = rows(result)
    equal(target["result"], "401 Unauthorized")
    equal((challenge["what"], challenge["result"]),
          ('realm "lab" MD5', "not answered"))
    contains(challenge["text"], "lab")
    equal(outcome["text"], challenge["text"])


@test
def an_unknown_name_is_told(t):
    dns = Dns(t, "nxdomain")
    result = run(t, "-j", "--dns", dns.address, "-c",
                 "-options sip:bob@host.test\nwhy")
    name, outcome = rows(result)
    equal((name["step"], name["what"], name["where"], name["result"]),
          ("name", "host.test", None, "dns"))
    contains(name["text"], "host.test")
    equal(outcome["result"], "dns")


@test
def a_name_is_told_with_its_record(t):
    peer = answering(t)
    dns = Dns(t, {"host.test": "127.0.0.1"})
    result = run(t, "-j", "--dns", dns.address, "-c",
                 f"options sip:bob@host.test:{peer.port}\nwhy")
    name, target, _ = rows(result)
    equal((name["what"], name["where"], name["result"], name["text"]),
          ("host.test", f"udp:127.0.0.1:{peer.port}", "found",
           "A, TTL 60 s"))
    equal(target["result"], "200 OK")


@test
def a_call_has_its_own(t):
    peer = t.peer("udp")
    peer.on("INVITE", 486)
    peer.on("OPTIONS", 200)
    result = run(t, "-j", "-c", f"-invite {peer.uri()}\n"
                 f"options {peer.uri()}\nwhy\nwhy %1")
    equal(result.status, 0, repr(result))
    last, call = only(result.events, "table", table="why")
    equal(last["rows"][-1]["what"], "OPTIONS")
    equal([(row["step"], row["what"], row["result"])
           for row in call["rows"]],
          [("target", "INVITE", "486 Busy Here"),
           ("outcome", "INVITE", "486 Busy Here")])


@test
def a_call_that_never_was_is_status_2(t):
    result = run(t, "why", "%7")
    equal(result.status, 2)
    contains(result.err, "no call %7")


@test
def what_was_given_up_is_told_as_far_as_it_came(t):
    peer = answering(t)
    result = run(t, "-j", "--timeout", "300ms", "-c",
                 f"options {peer.uri()}\n-message {silent(t)} hello\nwhy\n"
                 f"-options {silent(t)}\nwhy")
    for table, what in zip(only(result.events, "table"),
                           ("message", "options"), strict=True):
        target, outcome = table["rows"]
        equal((target["what"], target["result"], target["text"]),
              (what.upper(), "timeout", "no answer so far"))
        check(target["elapsed_ms"] >= 300, target)
        equal((outcome["what"], outcome["result"]), (what, "timeout"))


@test
def people_read_a_table(t):
    port = free_port()
    lines = run(t, "-c", f"-options sip:bob@127.0.0.1:{port}\nwhy").lines
    equal(lines[0].split(), ["STEP", "WHAT", "WHERE", "RESULT",
                             "ELAPSED", "MS", "TEXT"])
    contains(lines[1], f"udp:127.0.0.1:{port}  network")


if __name__ == "__main__":
    main()
