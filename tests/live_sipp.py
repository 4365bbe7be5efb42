#!/usr/bin/env python3
"""sipsh with SIPp as its peer: scenarios in tests/sipp."""

from harness import check, each, equal, main, test
from relay import Relay
from servers import done, ended, of, one, sipp, waits

TRANSPORTS = [("udp", []), ("tcp", ["-t", "t1"])]


def options(transport="udp", port=0):
    return ["-j", "-l", f"{transport}:127.0.0.1:{port}"]


def uri_of(uas, transport):
    return uas.uri(parameters="" if transport == "udp"
                   else ";transport=tcp")


# --- calling ---

@each(TRANSPORTS)
def calls_and_hangs_up(t, transport, sipp_options):
    uas = sipp(t, "uas_answer", options=sipp_options)
    run = t.run(*options(transport), "-c",
                f"invite {uri_of(uas, transport)}; bye")
    done(run, "bye")
    equal(one(run.events, "call.ringing")["status"], 180)
    one(run.events, "call.answered")
    equal(one(run.events, "call.ended")["by"], "local")
    uas.ended_well()


@test
def a_slow_callee_is_waited_for(t):
    uas = sipp(t, "uas_slow")
    run = t.run(*options(), "-c", f"invite {uas.uri()}; bye")
    done(run, "bye")
    one(run.events, "call.trying")
    check(one(run.events, "call.ended")["setup_ms"] >= 1400, run)
    uas.ended_well()


@test
def a_200_is_acked_as_often_as_it_comes(t):
    """Two ACKs are lost; the 200 comes again after 0.5 s and 1 s more."""
    uas = sipp(t, "uas_answer")
    relay = Relay(t, uas.port)
    relay.drop("ACK", nth=(1, 2))
    run = t.run(*options(), "-c", f"invite {relay.uri('sipp')};"
                " sleep 2s; bye")
    done(run, "bye")
    one(run.events, "call.answered")
    equal(relay.count("ACK"), 3)
    uas.ended_well()


@each(TRANSPORTS)
def the_callee_hangs_up(t, transport, sipp_options):
    uas = sipp(t, "uas_hang_up", options=sipp_options)
    run = t.run(*options(transport), "-c",
                f"invite {uri_of(uas, transport)}; wait call.ended")
    equal(run.status, 0, f"{run!r}")
    equal(one(run.events, "call.ended")["by"], "remote")
    uas.ended_well()


@each([("uas_refuse", 486), ("uas_decline", 603)])
def a_refusal_is_status_1_and_acked(t, scenario, code):
    uas = sipp(t, scenario)
    run = t.run(*options(), "invite", uas.uri())
    end = done(run, "invite", status=1)
    equal(end["status"], code)
    equal(end["error"]["class"], "refused")
    uas.ended_well()


@test
def a_redirection_is_told_and_not_followed(t):
    uas = sipp(t, "uas_redirect",
               options=["-key", "moved_to", "sip:other@127.0.0.1:9"])
    run = t.run(*options(), "invite", uas.uri())
    equal(done(run, "invite", status=1)["status"], 302)
    response = one(run.events, "response", status=302)
    equal(response["headers"]["Contact"], ["<sip:other@127.0.0.1:9>"])
    uas.ended_well()


@test
def a_redirection_is_followed_when_asked(t):
    target = sipp(t, "uas_answer")
    uas = sipp(t, "uas_redirect", options=["-key", "moved_to",
                                           target.uri()])
    run = t.run(*options(), "-c", f"set redirect follow; invite {uas.uri()}; bye")
    done(run, "bye")
    one(run.events, "call.answered")
    uas.ended_well()
    target.ended_well()


@each(TRANSPORTS)
def gives_up_while_it_rings(t, transport, sipp_options):
    uas = sipp(t, "uas_cancelled", options=sipp_options)
    run = t.run(*options(transport), "-c",
                f"invite {uri_of(uas, transport)} &\nwait call.ringing;"
                " cancel; wait call.failed")
    equal(run.status, 0, f"{run!r}")
    failed = one(run.events, "call.failed")
    equal((failed["by"], failed["status"]), ("local", 487))
    uas.ended_well()


@test
def an_info_goes_within_the_call(t):
    uas = sipp(t, "uas_info")
    body = t.write("body", "x=1\n")
    run = t.run(*options(), "-c", f"invite {uas.uri()}; "
                f"send INFO %% --body {body} --type text/plain; bye")
    done(run, "bye")
    equal(one(run.events, "cmd.done", command="send")["status"], 200)
    uas.ended_well()


@each([("uas_message", "message {} hello", "message"),
       ("uas_options", "options {}", "options")])
def asks_once(t, scenario, command, name):
    uas = sipp(t, scenario)
    done(t.run(*options(), "-c", command.format(uas.uri())), name)
    uas.ended_well()


@test(timeout=60)
def a_hundred_calls_at_once(t):
    uas = sipp(t, "uas_answer_many", calls=100)
    script = "".join(f"invite {uas.uri()}\n" for _ in range(100))
    run = t.run(*options(), "--jobs", "100", input=script, timeout=40)
    equal(run.status, 0, f"{run.err}")
    ends = of(run.events, "cmd.done", command="invite")
    equal(len(ends), 100)
    equal({end["rc"] for end in ends}, {0})
    equal(len(of(run.events, "call.answered")), 100)
    equal(len({e["callid"] for e in of(run.events, "call.ended",
                                       by="local")}), 100)
    uas.ended_well()


# --- being called ---

@each(TRANSPORTS)
def is_called_and_hung_up_on(t, transport, sipp_options):
    process, port = waits(t, "wait call.incoming; answer; wait call.ended",
                          transport)
    uac = sipp(t, "uac_call", to=port, options=sipp_options)
    uac.ended_well()
    events = ended(process).events
    one(events, "call.incoming", direction="in")
    one(events, "call.confirmed")
    equal(one(events, "call.ended")["by"], "remote")


@test
def is_called_and_hangs_up(t):
    process, port = waits(t, "wait call.incoming; answer;"
                          " wait call.confirmed; bye")
    uac = sipp(t, "uac_hung_up", to=port)
    uac.ended_well()
    done(ended(process), "bye")


@test
def refuses_a_call(t):
    process, port = waits(t, "wait call.incoming; reject 486")
    uac = sipp(t, "uac_refused", to=port)
    uac.ended_well()
    equal(one(ended(process).events, "call.failed")["by"], "local")


@each(TRANSPORTS)
def the_caller_gives_up(t, transport, sipp_options):
    process, port = waits(t, "wait call.incoming; wait call.failed",
                          transport)
    uac = sipp(t, "uac_cancel", to=port, options=sipp_options)
    uac.ended_well()
    failed = one(ended(process).events, "call.failed")
    equal((failed["by"], failed["cause"]), ("remote", "cancel"))


@test
def takes_a_message(t):
    process, port = waits(t, "wait message")
    sipp(t, "uac_message", to=port).ended_well()
    message = one(ended(process).events, "message")
    equal(message["body"], "Hello from SIPp\r\n")
    equal(message["type"], "text/plain")


@test
def answers_options_by_itself(t):
    process, port = waits(t, "wait request method=OPTIONS")
    sipp(t, "uac_options", to=port).ended_well()
    ended(process)


@test(timeout=60)
def a_hundred_callers_are_answered(t):
    process, port = waits(t, "wait call.incoming; answer\n" * 100
                          + "wait request method=OPTIONS")
    sipp(t, "uac_call", to=port, calls=100,
         options=["-r", "50"]).ended_well()
    sipp(t, "uac_options", to=port).ended_well()
    events = ended(process).events
    equal(len(of(events, "call.confirmed")), 100)
    equal(len(of(events, "call.ended", by="remote")), 100)


if __name__ == "__main__":
    main()
