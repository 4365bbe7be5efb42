#!/usr/bin/env python3
"""resolve: the plan as a table, and the probes of it."""

from harness import check, contains, equal, main, test
from program import Dns, answering, one, run, silent


def plan(result):
    return one(result.events, "table", table="resolve")["rows"]


@test
def a_numeric_host_needs_no_record(t):
    result = run(t, "-j", "resolve", "sip:bob@127.0.0.1:5070;transport=tcp")
    equal(result.status, 0)
    equal(plan(result), [{
        "record": None, "name": None, "ttl": None, "priority": None,
        "weight": None, "address": "127.0.0.1:5070", "transport": "tcp",
        "penalty": None}])


@test
def a_name_shows_its_record(t):
    dns = Dns(t, {"host.test": "127.0.0.2"})
    result = run(t, "-j", "--dns", dns.address, "resolve",
                 "sip:bob@host.test")
    equal(result.status, 0)
    equal(plan(result), [{
        "record": "A", "name": "host.test", "ttl": 60, "priority": None,
        "weight": None, "address": "127.0.0.2:5060", "transport": "udp",
        "penalty": None}])


@test
def what_was_found_is_not_asked_for_again(t):
    dns = Dns(t, {"host.test": "127.0.0.2"})
    result = run(t, "-j", "--dns", dns.address, "-c",
                 "resolve sip:host.test")
    once = dns.queries
    result = run(t, "-j", "--dns", dns.address, "-c",
                 "resolve sip:host.test; resolve sip:HOST.test")
    equal(result.status, 0)
    equal(dns.queries, 2 * once)


@test
def people_read_a_table(t):
    peer = answering(t)
    lines = run(t, "resolve", peer.uri(), "--probe").lines
    equal(lines[0].split(), ["RECORD", "NAME", "TTL", "PRIORITY", "WEIGHT",
                             "ADDRESS", "TRANSPORT", "PENALTY", "RESULT",
                             "TIME"])
    contains(lines[1], f"{peer.hostport}  udp")
    contains(lines[1], "200 OK")
    equal(len(lines), 2)


@test
def any_answer_to_a_probe_will_do(t):
    peer = t.peer("udp")
    peer.on("OPTIONS", 503)
    result = run(t, "-j", "resolve", peer.uri(), "--probe")
    equal(result.status, 0)
    equal(plan(result)[0]["result"], "503 Service Unavailable")


@test
def a_probe_brings_no_credentials(t):
    peer = t.peer("udp")
    peer.on("OPTIONS", lambda m: peer.respond(m, 401, headers=[
        ("WWW-Authenticate", 'Digest realm="lab", nonce="n"')]))
    password = t.write("password", "secret\n")
    result = run(t, "-j", "-a", peer.uri("alice"), "--password-file",
                 password, "resolve", peer.uri(), "--probe")
    equal(result.status, 0)
    check(plan(result)[0]["result"].startswith("401 "), repr(result))
    equal(len(peer.requests("OPTIONS")), 1)


@test
def a_silent_probe_ends_with_the_command(t):
    result = run(t, "-j", "--timeout", "300ms", "resolve", silent(t),
                 "--probe")
    equal(result.status, 3)
    row = plan(result)[0]
    equal((row["result"], row["time"]), (None, None))


@test
def a_name_that_does_not_exist_is_status_5(t):
    dns = Dns(t, "nxdomain")
    result = run(t, "-j", "--dns", dns.address, "resolve", "sip:host.test")
    equal(result.status, 5)
    contains(one(result.events, "cmd.done")["error"]["text"], "host.test")


@test
def a_uri_without_a_host_leads_nowhere(t):
    result = run(t, "resolve", "tel:+3581234")
    check(result.status not in (0, 70), repr(result))
    contains(result.err, "sip or sips is needed")


if __name__ == "__main__":
    main()
