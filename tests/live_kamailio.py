#!/usr/bin/env python3
"""sipsh with Kamailio as its registrar and proxy, over UDP and TCP."""

from harness import check, contains, each, equal, main, test
from servers import Kamailio, done, ended, of, one, table, told

TRANSPORTS = ["udp", "tcp"]


def runs(t, proxy, user, transport, commands, **options):
    """One sipsh from its start to its end."""
    return t.run(*proxy.sipsh(user, transport, **options), "-c", commands)


def starts(t, proxy, user, transport, commands):
    """One that has registered, and goes on with commands."""
    process = t.start(*proxy.sipsh(user, transport),
                      "-c", "register; " + commands)
    told(process, "reg.ok")
    return process


def contacts(run):
    return [row["contact"] for row in table(run, "bindings")]


# --- registrations ---

@each(TRANSPORTS)
def registers_and_is_removed_at_the_end(t, transport):
    proxy = Kamailio(t)
    run = runs(t, proxy, "alice", transport, "register --expires 120")
    end = done(run, "register")
    equal(end["status"], 200)
    ok = one(run.events, "reg.ok")
    equal(ok["expires"], 120)
    equal(len(ok["bindings"]), 1)
    binding = ok["bindings"][0]
    check(binding["self"], "self")
    check(binding["contact"].startswith("sip:alice@127.0.0.1:"), binding)
    equal("transport=tcp" in binding["contact"], transport == "tcp")
    one(run.events, "reg.removed")
    equal(contacts(runs(t, proxy, "alice", transport, "bindings")), [])


@each(TRANSPORTS)
def a_wrong_password_is_status_7(t, transport):
    proxy = Kamailio(t)
    run = runs(t, proxy, "alice", transport, "register", password="wrong")
    end = done(run, "register", status=7)
    equal(end["error"]["class"], "auth")
    equal(one(run.events, "reg.failed")["status"], 401)
    equal(of(run.events, "reg.ok"), [])


@test
def without_a_password_it_is_status_7_too(t):
    proxy = Kamailio(t)
    run = t.run("-j", "-l", "udp:127.0.0.1", "-a", proxy.uri("alice"),
                "-c", "register")
    done(run, "register", status=7)


@test
def anothers_address_is_forbidden(t):
    proxy = Kamailio(t)
    run = t.run("-j", "-l", "udp:127.0.0.1", "-a", proxy.uri("alice"),
                "-u", "bob", "-c", "register",
                env={"SIPSH_PASSWORD": "pw-bob"})
    end = done(run, "register", status=7)
    equal(end["status"], 403)


@each(TRANSPORTS)
def once_is_left_until_unregister_all(t, transport):
    proxy = Kamailio(t)
    run = runs(t, proxy, "alice", transport, "register --once")
    done(run, "register")
    equal(of(run.events, "reg.removed"), [])
    left = runs(t, proxy, "alice", transport, "bindings")
    done(left, "bindings")
    equal(contacts(left), [one(run.events, "reg.ok")["bindings"][0]
                           ["contact"]])
    done(runs(t, proxy, "alice", transport, "unregister --all"),
         "unregister")
    equal(contacts(runs(t, proxy, "alice", transport, "bindings")), [])


@test
def several_contacts_come_as_a_table_and_one_is_removed(t):
    proxy = Kamailio(t)
    run = runs(t, proxy, "alice", "udp",
               "register --once --expires 60"
               " --contact '<sip:alice@127.0.0.1:4000>;q=0.5'"
               " --contact sip:alice@127.0.0.1:4002; bindings;"
               " unregister --contact sip:alice@127.0.0.1:4000")
    done(run, "unregister")
    rows = {row["contact"]: row for row in table(run, "bindings")}
    equal(sorted(rows), ["sip:alice@127.0.0.1:4000",
                         "sip:alice@127.0.0.1:4002"])
    equal(rows["sip:alice@127.0.0.1:4000"]["q"], 0.5)
    equal(rows["sip:alice@127.0.0.1:4002"]["q"], None)
    for row in rows.values():
        check(55 <= row["expires"] <= 60, row)
    equal(contacts(runs(t, proxy, "alice", "udp", "bindings")),
          ["sip:alice@127.0.0.1:4002"])


@each(TRANSPORTS)
def a_short_registration_is_refreshed(t, transport):
    proxy = Kamailio(t)
    run = runs(t, proxy, "alice", transport,
               "register --expires 3; wait reg.ok; wait reg.ok; bindings")
    equal(run.status, 0, f"{run!r}")
    equal([e["expires"] for e in of(run.events, "reg.ok")], [3, 3])
    equal(len(contacts(run)), 1)


@test
def too_brief_is_raised_to_what_the_registrar_wants(t):
    proxy = Kamailio(t)
    run = runs(t, proxy, "alice", "udp", "register --expires 1")
    done(run, "register")
    equal(one(run.events, "reg.ok")["expires"], 3)


# --- outside dialogs ---

@each(TRANSPORTS)
def options_pings(t, transport):
    proxy = Kamailio(t)
    by = "" if transport == "udp" else ";transport=tcp"
    run = t.run("-j", "-l", f"{transport}:127.0.0.1", "options",
                proxy.uri(parameters=by), "--count", "3", "--interval",
                "50ms")
    end = done(run, "options")
    pings = of(run.events, "ping")
    equal([ping["n"] for ping in pings], [1, 2, 3])
    equal({ping["status"] for ping in pings}, {200})
    equal((end["sent"], end["received"], end["loss"]), (3, 3, 0))
    check(0 < end["min_ms"] <= end["avg_ms"] <= end["max_ms"], end)


@each(TRANSPORTS)
def nobody_of_that_name_is_status_1(t, transport):
    proxy = Kamailio(t)
    run = runs(t, proxy, "alice", transport,
               f"message {proxy.uri('nobody')} hello")
    end = done(run, "message", status=1)
    equal(end["status"], 404)
    equal(end["error"]["class"], "refused")


@each(TRANSPORTS)
def messages_go_both_ways(t, transport):
    proxy = Kamailio(t)
    bob = starts(t, proxy, "bob", transport,
                 f"wait message; message {proxy.uri('alice')} 'And you?'")
    alice = starts(t, proxy, "alice", transport,
                   f"message {proxy.uri('bob')} 'How are you?';"
                   " wait message")
    equal(one(ended(alice).events, "message")["body"], "And you?")
    message = one(ended(bob).events, "message")
    equal(message["body"], "How are you?")
    check(message["type"].startswith("text/plain"), message)
    contains(message["from"], proxy.uri("alice"))


@each(TRANSPORTS)
def an_unknown_method_arrives_and_is_refused(t, transport):
    proxy = Kamailio(t)
    bob = starts(t, proxy, "bob", transport, "wait message")
    run = runs(t, proxy, "alice", transport,
               f"send NEW {proxy.uri('bob')} -H 'Subject: hi'")
    end = done(run, "send", status=1)
    check(end["status"] in (405, 501), end)
    response = one(run.events, "response", method="NEW")
    contains(response["headers"]["Allow"][0], "INVITE")
    runs(t, proxy, "alice", transport, f"message {proxy.uri('bob')} end")
    ended(bob)


# --- calls ---

@each(TRANSPORTS)
def the_caller_hangs_up(t, transport):
    proxy = Kamailio(t)
    bob = starts(t, proxy, "bob", transport,
                 "wait call.incoming; answer; wait call.ended")
    run = runs(t, proxy, "alice", transport,
               f"invite {proxy.uri('bob')}; sleep 200ms; bye")
    done(run, "bye")
    invite = one(run.events, "cmd.done", command="invite")
    equal(invite["status"], 200)
    one(run.events, "call.ringing")
    one(run.events, "call.answered", direction="out")
    end = one(run.events, "call.ended")
    equal((end["by"], end["cause"]), ("local", "bye"))
    check(end["duration_ms"] >= 200, end)
    events = ended(bob).events
    one(events, "call.incoming", direction="in")
    one(events, "call.confirmed")
    end = one(events, "call.ended")
    equal((end["by"], end["cause"]), ("remote", "bye"))


@each(TRANSPORTS)
def the_callee_hangs_up(t, transport):
    proxy = Kamailio(t)
    bob = starts(t, proxy, "bob", transport,
                 "wait call.incoming; answer; sleep 200ms; bye")
    run = runs(t, proxy, "alice", transport,
               f"invite {proxy.uri('bob')}; wait call.ended")
    equal(run.status, 0, f"{run!r}")
    equal(one(run.events, "call.ended")["by"], "remote")
    done(ended(bob), "bye")


@each([("486 over UDP", 486, "udp"), ("486 over TCP", 486, "tcp"),
       ("603 over UDP", 603, "udp")])
def a_refused_call_is_status_1(t, _why, code, transport):
    proxy = Kamailio(t)
    bob = starts(t, proxy, "bob", transport,
                 f"wait call.incoming; reject {code}")
    run = runs(t, proxy, "alice", transport, f"invite {proxy.uri('bob')}")
    end = done(run, "invite", status=1)
    equal(end["status"], code)
    equal(end["error"]["class"], "refused")
    failed = one(run.events, "call.failed")
    equal((failed["by"], failed["status"]), ("remote", code))
    events = ended(bob).events
    equal(one(events, "call.failed")["by"], "local")


@each(TRANSPORTS)
def a_call_is_cancelled_while_it_rings(t, transport):
    proxy = Kamailio(t)
    bob = starts(t, proxy, "bob", transport,
                 "wait call.incoming; wait call.failed")
    run = runs(t, proxy, "alice", transport,
               f"invite {proxy.uri('bob')} &\nwait call.ringing; cancel;"
               " wait call.failed")
    equal(run.status, 0, f"{run!r}")
    failed = one(run.events, "call.failed")
    equal((failed["by"], failed["status"]), ("local", 487))
    failed = one(ended(bob).events, "call.failed")
    equal((failed["by"], failed["cause"]), ("remote", "cancel"))


@each(TRANSPORTS)
def of_two_that_ring_one_answers(t, transport):
    proxy = Kamailio(t)
    desk = starts(t, proxy, "bob", transport,
                  "wait call.incoming; wait call.failed")
    mobile = starts(t, proxy, "bob", transport,
                    "wait call.incoming; sleep 500ms; answer;"
                    " wait call.ended")
    run = runs(t, proxy, "alice", transport,
               f"invite {proxy.uri('bob')}; sleep 200ms; bye")
    done(run, "bye")
    ringing = of(run.events, "call.ringing")
    equal(len({event["to_tag"] for event in ringing}), 2, "early dialogs")
    one(run.events, "call.answered")
    one(ended(mobile).events, "call.ended")
    failed = one(ended(desk).events, "call.failed")
    equal((failed["by"], failed["cause"]), ("remote", "cancel"))


@each(TRANSPORTS)
def an_info_goes_within_the_call(t, transport):
    proxy = Kamailio(t)
    bob = starts(t, proxy, "bob", transport, "wait call.incoming; answer;"
                 " wait info; wait call.ended")
    body = t.write("info.txt", "Signal=5\r\n")
    run = runs(t, proxy, "alice", transport,
               f"invite {proxy.uri('bob')}; send INFO %% --body {body}"
               " --type application/dtmf-relay; bye")
    done(run, "bye")
    equal(one(run.events, "cmd.done", command="send")["status"], 200)
    info = one(ended(bob).events, "info")
    equal(info["type"], "application/dtmf-relay")
    equal(info["body"], "Signal=5\r\n")


@test
def the_end_hangs_up_and_unregisters(t):
    proxy = Kamailio(t)
    bob = starts(t, proxy, "bob", "udp",
                 "wait call.incoming; answer; wait call.ended")
    run = runs(t, proxy, "alice", "udp",
               f"register; invite {proxy.uri('bob')}")
    equal(run.status, 0, f"{run!r}")
    one(run.events, "call.ended", by="local")
    one(run.events, "reg.removed")
    ended(bob)
    equal(contacts(runs(t, proxy, "alice", "udp", "bindings")), [])


if __name__ == "__main__":
    main()
