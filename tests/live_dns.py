#!/usr/bin/env python3
"""sipsh finds servers through a real DNS server, Knot, and others when those
are dead."""

import socket
import time

from harness import check, equal, main, test
from servers import Knot, done, one, table

LISTEN = ["-l", "udp:127.0.0.1", "-l", "tcp:127.0.0.1", "-l", "udp:[::1]"]
NOBODY = 9              # the discard port: nobody listens on loopback


def asks(t, zones, commands, *options, timeout=20):
    """A run with a DNS server of these zones."""
    dns = Knot(t, zones)
    return t.run("-j", *LISTEN, *dns.options, *options, "-c", commands,
                 timeout=timeout)


def rows(run, *keys):
    """These columns of the plan."""
    return [tuple(row[key] for key in keys) for row in table(run, "resolve")]


def answers(t, host="127.0.0.1"):
    """A server that answers OPTIONS."""
    peer = t.peer("udp", host=host)
    peer.on("OPTIONS", 200)
    return peer


def keeps_silent(t, host="::1"):
    """The port of a UDP socket that never answers."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    t.defer(sock.close)
    sock.bind((host, 0))
    return sock.getsockname()[1]


# --- where to ---

@test
def naptr_chooses_the_transport(t):
    run = asks(t, {"lab.test": """
@ 200 NAPTR 20 10 "s" "SIP+D2U" "" _sip._udp
@ 200 NAPTR 10 20 "s" "SIP+D2T" "" second
@ 200 NAPTR 10 10 "s" "SIP+D2T" "" _sip._tcp
@ 200 NAPTR 5 10 "s" "SIP+D2S" "" _sip._sctp
_sip._udp SRV 0 0 5060 a
_sip._tcp SRV 10 0 5070 a
second SRV 10 0 5071 a
a 100 A 127.0.0.1
"""}, "resolve sip:bob@lab.test")
    done(run, "resolve")
    equal(rows(run, "record", "name", "address", "transport"), [
        ("NAPTR SRV A", "a.lab.test", "127.0.0.1:5070", "tcp"),
        ("NAPTR SRV A", "a.lab.test", "127.0.0.1:5071", "tcp")])
    check(0 < table(run, "resolve")[0]["ttl"] <= 100, "the shortest TTL")


@test
def without_naptr_each_transport_is_asked_for(t):
    run = asks(t, {"lab.test": """
_sip._tcp SRV 0 0 5070 a
_sip._udp SRV 2 0 5071 a
_sip._udp SRV 1 7 5072 b
a A 127.0.0.1
b CNAME c
c CNAME d
d A 127.0.0.2
"""}, "resolve sip:lab.test", "-t", "tcp,udp")
    done(run, "resolve")
    equal(rows(run, "record", "priority", "weight", "address", "transport"), [
        ("SRV A", 0, 0, "127.0.0.1:5070", "tcp"),
        ("SRV A", 1, 7, "127.0.0.2:5072", "udp"),
        ("SRV A", 2, 0, "127.0.0.1:5071", "udp")])


@test
def aaaa_alone_will_do(t):
    peer = answers(t, "::1")
    run = asks(t, {"lab.test": f"""
_sip._udp SRV 0 0 {peer.port} six
six AAAA ::1
"""}, "options sip:lab.test")
    done(run, "options")
    peer.expect("OPTIONS")


@test
def weights_are_shares(t):
    """Four sigma around 700 and 300 of 1000."""
    dns = Knot(t, {"lab.test": """
_sip._udp SRV 1 70 5070 a
_sip._udp SRV 1 30 5071 a
_sip._udp SRV 2 99 5072 a
a A 127.0.0.1
"""})
    path = t.write("thousand", "resolve sip:lab.test\n" * 1000)
    run = t.run("-j", "-l", "udp:127.0.0.1", *dns.options, "-f", path)
    equal(run.status, 0)
    plans = [[row["address"] for row in event["rows"]]
             for event in run.events if event["event"] == "table"]
    equal(len(plans), 1000)
    equal({plan[2] for plan in plans}, {"127.0.0.1:5072"})
    first = sum(plan[0] == "127.0.0.1:5070" for plan in plans)
    check(640 < first < 760, f"{first} of 1000")


@test
def thousands_of_records_are_bounded(t):
    records = "\n".join(f"_sip._udp SRV 0 0 {port} a"
                        for port in range(10000, 12000))
    addresses = "\n".join(f"a A 127.1.{n // 250}.{n % 250}"
                          for n in range(2000))
    run = asks(t, {"lab.test": f"{records}\n{addresses}\n"},
               "resolve sip:lab.test")
    done(run, "resolve")
    equal(len(table(run, "resolve")), 16)


# --- the next one ---

@test
def the_second_is_used_where_the_first_is_dead(t):
    peer = answers(t)
    run = asks(t, {"lab.test": f"""
_sip._udp SRV 1 0 {NOBODY} a
_sip._udp SRV 2 0 {peer.port} a
a A 127.0.0.1
"""}, "options sip:lab.test; resolve sip:lab.test")
    equal(run.status, 0)
    check(one(run.events, "cmd.done", command="options")["elapsed_ms"]
          < 1000, "at once")
    equal(rows(run, "address", "penalty"), [
        (f"127.0.0.1:{peer.port}", None), (f"127.0.0.1:{NOBODY}", 30)])
    equal(len(peer.requests("OPTIONS")), 1)


@test
def why_tells_of_each_target(t):
    peer = answers(t)
    run = asks(t, {"lab.test": f"""
_sip._udp SRV 1 0 {NOBODY} a
_sip._udp SRV 2 0 {peer.port} a
a A 127.0.0.1
"""}, "options sip:lab.test; why")
    dead, alive = f"udp:127.0.0.1:{NOBODY}", f"udp:127.0.0.1:{peer.port}"
    equal([(row["step"], row["where"], row["result"])
           for row in table(run, "why")], [
        ("name", dead, "found"), ("name", alive, "found"),
        ("target", dead, "network"), ("target", alive, "200 OK"),
        ("outcome", None, "200 OK")])
    check(table(run, "why")[0]["text"].startswith("SRV A, TTL "), "records")


@test
def a_dead_family_costs_four_seconds_once(t):
    peer = answers(t)
    silent = keeps_silent(t)
    # One SRV record has one port: two hosts, as where one is dual.
    run = asks(t, {"lab.test": f"""
_sip._udp SRV 1 0 {silent} six
_sip._udp SRV 2 0 {peer.port} four
six AAAA ::1
four A 127.0.0.1
"""}, "options sip:lab.test; options sip:lab.test")
    equal(run.status, 0)
    first, second = [event["elapsed_ms"] for event in run.events
                     if event["event"] == "cmd.done"]
    check(3900 < first < 5000, f"the first after {first} ms")
    check(second < 1000, f"the second after {second} ms")
    equal(len({message.header("Via") for message in
               peer.requests("OPTIONS")}), 2)


@test
def both_families_of_a_host_take_turns(t):
    peer = answers(t)
    run = asks(t, {"lab.test": """
dual AAAA ::1
dual A 127.0.0.1
"""}, f"options sip:dual.lab.test:{peer.port};"
               f" resolve sip:dual.lab.test:{peer.port}")
    equal(run.status, 0)
    equal(rows(run, "record", "address"), [
        ("A", f"127.0.0.1:{peer.port}"), ("AAAA", f"[::1]:{peer.port}")])


@test
def a_503_leads_to_the_next(t):
    busy, peer = t.peer("udp"), answers(t)
    busy.on("OPTIONS", 503)
    run = asks(t, {"lab.test": f"""
_sip._udp SRV 1 0 {busy.port} a
_sip._udp SRV 2 0 {peer.port} a
a A 127.0.0.1
"""}, "options sip:lab.test")
    done(run, "options")
    one, two = busy.expect("OPTIONS"), peer.expect("OPTIONS")
    check(one.header("Via") != two.header("Via"), "a branch of its own")
    equal(one.header("Call-ID"), two.header("Call-ID"))
    equal(one.cseq, two.cseq)


@test
def probes_tell_who_answers(t):
    peer = answers(t)
    run = asks(t, {"lab.test": f"""
_sip._udp SRV 1 0 {NOBODY} a
_sip._udp SRV 2 0 {peer.port} a
a A 127.0.0.1
"""}, "resolve sip:lab.test --probe")
    done(run, "resolve")
    dead, live = table(run, "resolve")
    equal((live["result"], dead["time"]), ("200 OK", None))
    check(0 <= live["time"] < 1, f"{live}")
    check("refused" in dead["result"], f"{dead}")


@test
def probes_that_nobody_answers_fail(t):
    run = asks(t, {"lab.test": "a A 127.0.0.1\n"},
               f"resolve sip:a.lab.test:{NOBODY} --probe")
    equal(done(run, "resolve", status=4)["error"]["class"], "network")
    equal(len(table(run, "resolve")), 1)


# --- what is not there ---

def fails(t, zones, host, part):
    end = done(asks(t, zones, f"options sip:{host}"), "options", status=5)
    equal(end["error"]["class"], "dns")
    check(part in end["error"]["text"], end["error"]["text"])


@test
def a_name_that_does_not_exist_is_status_5(t):
    fails(t, {"lab.test": ""}, "nobody.lab.test", "no such name")


@test
def a_name_without_addresses_is_status_5(t):
    fails(t, {"lab.test": "text TXT hello\n"}, "text.lab.test", "no address")


@test
def a_broken_zone_is_status_5(t):
    """It answers SERVFAIL."""
    fails(t, {"lab.test": "", "broken.test": None}, "broken.test",
          "broken.test")


@test
def a_circle_of_names_ends(t):
    fails(t, {"lab.test": """
round CNAME about
about CNAME round
"""}, "round.lab.test", "round.lab.test")


@test
def a_service_that_is_not_offered_is_status_5(t):
    fails(t, {"lab.test": "_sip._udp SRV 0 0 0 .\n@ A 127.0.0.1\n"},
          "lab.test", "not offered")


@test
def a_silent_dns_server_is_given_ten_seconds(t):
    port = keeps_silent(t, "127.0.0.1")
    began = time.monotonic()
    run = t.run("-j", *LISTEN, "--dns", f"127.0.0.1:{port}", "-c",
                "options sip:lab.test")
    equal(done(run, "options", status=5)["error"]["class"], "dns")
    check(9 < time.monotonic() - began < 12, "ten seconds")


if __name__ == "__main__":
    main()
