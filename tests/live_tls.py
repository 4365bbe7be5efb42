#!/usr/bin/env python3
"""TLS with openssl s_server, Kamailio, and ourselves: who is believed, what is
said of who is not, and that sips stays sips."""

import os
import socket
import threading

from authority import Authority, openssl, self_signed, server
from harness import (check, contains, each, equal, free_port, main, matches,
                     test)
from program import Dns
from servers import (Kamailio, done, ended, is_bound, of, one, table, told,
                     wait_until)

LOCAL = "DNS:localhost,IP:127.0.0.1,IP:::1"


def look(t, ca, peer, host="127.0.0.1", options=()):
    """`tls` at this server: a Run."""
    return t.run("-j", "--ca", ca.file, *options, "tls", peer.uri(host))


def refused(run, words):
    """It is status 6, for this reason; the chain is there all the same."""
    end = done(run, "tls", status=6)
    contains(end["error"]["text"], words)
    equal(end["error"]["class"], "tls")
    found = one(run.events, "tls")
    equal(found["verified"], False)
    contains(found["reason"], words)
    return found


# --- certificates ---

GOOD = [
    ("an IP address", LOCAL, "127.0.0.1", "sip.test"),
    ("a DNS name", "DNS:localhost", "localhost", "sip.test"),
    ("any case", "DNS:LocalHost", "localhost", "sip.test"),
    ("a SIP URI", "URI:sip:localhost", "localhost", "sip.test"),
    ("a SIP URI beside others", "DNS:a.test,URI:sip:localhost", "localhost",
     "sip.test"),
    ("a common name alone", None, "localhost", "localhost"),
]


@each(GOOD)
def accepts(t, _why, names, host, cn):
    ca = Authority(t)
    run = look(t, ca, server(t, ca.issue(names, cn=cn)), host)
    done(run, "tls")
    found = one(run.events, "tls")
    equal((found["verified"], found["reason"], found["name"]),
          (True, "", host))
    matches(found["protocol"], r"^TLSv1\.[23]$")
    equal([row["subject"] for row in found["chain"]],
          [f"CN={cn}", "CN=Test CA"])
    equal(found["chain"][0]["issuer"], "CN=Test CA")
    equal(found["chain"][0]["key"], "EC P-256")
    matches(found["chain"][0]["not_after"], r"^20\d\d-\d\d-\d\d .* UTC$")


BAD = [
    ("expired", {"names": LOCAL, "days": (-9, -2)}, "127.0.0.1",
     "the certificate has expired on 20"),
    ("not yet valid", {"names": LOCAL, "days": (2, 9)}, "127.0.0.1",
     "the certificate is not yet valid, but from 20"),
    ("of another name", {"names": "DNS:a.test,URI:sip:b.test"}, "localhost",
     "wrong name: the certificate is for DNS:a.test, URI:sip:b.test; "
     "wanted localhost"),
    ("wildcard", {"names": "DNS:*,DNS:*.localhost"}, "localhost",
     "wrong name"),
    ("common name beside another subjectAltName",
     {"names": "DNS:a.test", "cn": "localhost"}, "localhost",
     "the certificate is for DNS:a.test; wanted localhost"),
    ("common name for an address", {"cn": "127.0.0.1"}, "127.0.0.1",
     "wrong name: the certificate is for CN:127.0.0.1"),
    ("DNS name for an address", {"names": "DNS:127.0.0.1"}, "127.0.0.1",
     "wrong name"),
    ("another address", {"names": "IP:127.0.0.2"}, "127.0.0.1",
     "the certificate is for IP:127.0.0.2; wanted 127.0.0.1"),
    ("URI of a user", {"names": "URI:sip:bob@localhost"}, "localhost",
     "wrong name"),
    ("URI of scheme sips", {"names": "URI:sips:localhost"}, "localhost",
     "wrong name"),
    ("NUL in a name", {"nul": "localhost!.evil.test"}, "localhost",
     "a NUL in a name of the certificate"),
    ("weak key", {"names": LOCAL, "rsa_bits": 1024}, "127.0.0.1",
     "the certificate is too weak"),
]


@each(BAD)
def refuses(t, why, options, host, words):
    ca = Authority(t)
    extra = ["-cipher", "DEFAULT@SECLEVEL=0"] if why == "weak key" else []
    peer = server(t, ca.issue(**options), *extra)
    found = refused(look(t, ca, peer, host), words)
    check(len(found["chain"]) >= 1, found)


@test
def refuses_an_unknown_issuer(t):
    ca, other = Authority(t), Authority(t, "other", "Another CA")
    peer = server(t, other.issue(LOCAL))
    refused(look(t, ca, peer), "the issuer is unknown: CN=Another CA")


@test
def refuses_a_self_signed_certificate(t):
    ca = Authority(t)
    refused(look(t, ca, server(t, self_signed(t, LOCAL))),
            "the certificate is self-signed: CN=self.test")


@test
def trusts_by_default_whom_the_system_trusts(t):
    ca = Authority(t)
    peer = server(t, ca.issue(LOCAL))
    run = t.run("-j", "tls", peer.uri())
    refused(run, "the issuer is unknown: CN=Test CA")
    done(t.run("-j", "tls", peer.uri(), env={"SSL_CERT_FILE": ca.file}),
         "tls")


@test
def people_see_the_chain_and_the_reason(t):
    ca = Authority(t)
    peer = server(t, ca.issue("DNS:a.test"))
    run = t.run("--ca", ca.file, "tls", peer.uri("localhost"))
    equal(run.status, 6)
    for words in (" for localhost: TLSv1.3 ", " 0 CN=sip.test",
                  "names   DNS:a.test", "issuer  CN=Test CA",
                  "key     EC P-256, signed with ecdsa-with-SHA256",
                  " 1 CN=Test CA"):
        contains(run.out, words)
    contains(run.err, "wrong name: the certificate is for DNS:a.test; wanted "
             "localhost")
    run = t.run("--ca", ca.file, "tls", server(t, ca.issue(LOCAL)).uri())
    equal((run.status, run.lines[-1]), (0, "verified"))


# --- handshakes ---

@each(["-tls1", "-tls1_1"])
def refuses_an_old_protocol(t, version):
    ca = Authority(t)
    peer = server(t, ca.issue(LOCAL), version, "-cipher",
                  "ALL@SECLEVEL=0")
    run = look(t, ca, peer)
    end = done(run, "tls", status=6)
    contains(end["error"]["text"], "no common version of TLS: 1.2 or later")


@each([("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")])
def speaks(t, option, version):
    ca = Authority(t)
    run = look(t, ca, server(t, ca.issue(LOCAL), option))
    done(run, "tls")
    equal(one(run.events, "tls")["protocol"], version)


def answers(t, octets):
    """A TCP port whose owner says this to the first octets, and closes."""
    listener = socket.create_server(("127.0.0.1", 0))
    t.defer(listener.close)

    def serve():
        try:
            peer, _address = listener.accept()
        except OSError:
            return
        peer.recv(4096)
        peer.sendall(octets)
        peer.close()
    threading.Thread(target=serve, daemon=True).start()
    return listener.getsockname()[1]


@each([("it closes", b"", "closed by the peer during the TLS handshake"),
       ("it speaks HTTP", b"HTTP/1.1 400 Bad Request\r\n\r\n",
        "the peer does not speak TLS"),
       ("it speaks SIP", b"SIP/2.0 400 Bad Request\r\n\r\n",
        "the peer does not speak TLS")])
def a_server_without_tls_is_status_6(t, _why, octets, words):
    port = answers(t, octets)
    end = done(t.run("-j", "options", f"sips:127.0.0.1:{port}"), "options",
               status=6)
    contains(end["error"]["text"], words)


@each([("it is there", True), ("it is missing", False)])
def a_server_may_want_our_certificate(t, _why, there):
    ca = Authority(t)
    peer = server(t, ca.issue(LOCAL), "-Verify", "1", "-verify_return_error",
                  "-CAfile", ca.file, "-quiet")
    own = ca.issue(None, cn="alice").options if there else []
    run = t.run("-j", "--timeout", "700ms", "--ca", ca.file, *own, "options",
                peer.uri())
    end = done(run, "options", status=3 if there else 6)
    if not there:
        contains(end["error"]["text"], "the peer refused TLS: certificate "
                 "required")


@test
def keys_are_logged_for_those_who_ask(t):
    ca = Authority(t)
    log = t.path("keys")
    done(t.run("-j", "--ca", ca.file, "tls",
               server(t, ca.issue(LOCAL)).uri(), env={"SSLKEYLOGFILE": log}),
         "tls")
    with open(log, encoding="ascii") as f:
        contains(f.read(), "CLIENT_TRAFFIC_SECRET_0 ")
    equal(os.stat(log).st_mode & 0o777, 0o600)


# --- requests ---

@test
def a_request_is_not_sent_to_whom_is_not_believed(t):
    ca = Authority(t)
    peer = server(t, ca.issue("DNS:a.test"), "-quiet")
    run = t.run("-j", "--ca", ca.file, "message",
                peer.uri("localhost", "sip") + ";transport=tls", "secret")
    end = done(run, "message", status=6)
    contains(end["error"]["text"], "wrong name")
    equal(peer.process.out, "")


@test
def insecure_warns_each_time(t):
    ca, other = Authority(t), Authority(t, "other", "Another CA")
    peer = server(t, other.issue("DNS:a.test"), "-quiet")
    run = t.run("-k", "--timeout", "500ms", "--ca", ca.file, "message",
                peer.uri(), "hello")
    equal(run.status, 3)
    matches(run.err, r"tls:127\.0\.0\.1:\d+: anybody could be there "
            r"\(--insecure\): the issuer is unknown: CN=Another CA")
    contains(peer.process.out, "hello")


@test
def the_name_is_the_domain_and_not_what_dns_made_of_it(t):
    """Of an SRV target, too: what is looked up is never what is verified."""
    ca = Authority(t)
    dns = Dns(t, {"sip.test": "127.0.0.1", "host.test": "127.0.0.1"})
    peer = server(t, ca.issue("DNS:host.test"))
    done(look(t, ca, peer, "host.test", ["--dns", dns.address]), "tls")
    refused(look(t, ca, peer, "sip.test", ["--dns", dns.address]),
            "the certificate is for DNS:host.test; wanted sip.test")


@test
def sips_never_goes_in_clear(t):
    """RFC 3261 26.2.2: refused where it would, whatever names the hop."""
    for words in (["options", "sips:127.0.0.1:{};transport=udp"],
                  ["send", "OPTIONS", "sips:127.0.0.1:{}", "--dest",
                   "udp:127.0.0.1:{}"]):
        port = t.port()
        peer = t.peer("udp", port=port)
        run = t.run("-j", *(word.format(port) for word in words))
        check(run.status in (2, 4), f"{run!r}")
        equal(peer.received if hasattr(peer, "received") else [], [])
        peer.close()


@test
def a_sips_uri_makes_the_proxy_sips(t):
    ca = Authority(t)
    peer = server(t, ca.issue(LOCAL), "-quiet")
    run = t.run("-j", "--ca", ca.file, "--timeout", "500ms", "-a",
                "sip:alice@example.test", "-P", f"127.0.0.1:{peer.port}",
                "message", "sips:bob@example.test", "hello")
    done(run, "message", status=3)
    contains(peer.process.out, "MESSAGE sips:bob@example.test SIP/2.0")
    contains(peer.process.out, "Via: SIP/2.0/TLS ")


@test
def an_account_has_files_of_its_own(t):
    ca, other = Authority(t), Authority(t, "other", "Another CA")
    peer = server(t, other.issue(LOCAL))
    run = t.run("-j", "--ca", ca.file, "-c",
                f"account add a sip:a@localhost --ca {other.file};"
                f" tls {peer.uri('localhost')}; -tls {peer.uri()}")
    ends = of(run.events, "cmd.done", command="tls")
    equal([end["ok"] for end in ends], [True, False])


@each([("no such CA", ["--ca", "nowhere.pem"]),
       ("no such certificate", ["--cert", "nowhere.pem"]),
       ("no certificate for a listener", ["-l", "tls:127.0.0.1"])])
def files_that_are_of_no_use_are_told_at_once(t, _why, options):
    run = t.run(*options, "options", "sip:127.0.0.1:9")
    check(run.status in (2, 4), f"{run!r}")
    matches(run.err, "nowhere.pem' cannot be used: No such|needs a certif")


# --- two of us ---

def listens(t, certificate, commands, host="127.0.0.1"):
    port = free_port()
    process = t.start("-j", "-l", f"tls:{host}:{port}", *certificate.options,
                      "-c", commands)
    wait_until(lambda: host.startswith("[") or is_bound(port, "tcp")
               or not process.running,
               lambda: f"listening: {process.result()!r}")
    return process, port


@each(["127.0.0.1", "[::1]"])
def two_of_us_call_each_other(t, host):
    """The callee can not connect to the caller, who does not listen: what it
    has to say in the dialog goes over the connection that there is."""
    ca = Authority(t)
    bob, port = listens(t, ca.issue(LOCAL), "wait call.incoming; answer;"
                        " wait call.confirmed; send INFO %%; sleep 1s; bye",
                        host)
    if host == "[::1]":
        wait_until(lambda: t.run("--ca", ca.file, "tls",
                                 f"sips:[::1]:{port}").status == 0, "bob")
    run = t.run("-j", "--ca", ca.file, "-c",
                f"invite sips:bob@{host}:{port}; transports;"
                " wait call.ended")
    equal(run.status, 0, f"{run!r}")
    answered = one(run.events, "call.answered")
    equal(answered["transport"] if "transport" in answered else "tls", "tls")
    rows = [row for row in table(run, "transports")
            if row["remote"] is not None]
    equal([(row["transport"], row["state"], row["name"]) for row in rows],
          [("tls", "open", host)])
    matches(rows[0]["security"], "^TLSv1.3 TLS_")
    there = ended(bob)
    incoming = one(there.events, "call.incoming")
    equal(incoming["transport"], "tls")
    equal(one(there.events, "cmd.done", command="send")["rc"], 0)


@test
def the_contact_of_a_sips_call_is_sips(t):
    ca = Authority(t)
    bob, port = listens(t, ca.issue(LOCAL),
                        "wait call.incoming; answer; wait call.ended")
    run = t.run("-j", "--ca", ca.file, "-c",
                f"invite sips:bob@127.0.0.1:{port}; bye")
    equal(run.status, 0, f"{run!r}")
    done(run, "bye")
    there = ended(bob)
    invite = one(there.events, "request", method="INVITE")
    contact = invite["headers"]["Contact"][0]
    check(contact.startswith("<sips:"), contact)
    answer = [event for event in of(run.events, "response", method="INVITE")
              if event["status"] == 200]
    check(answer[0]["headers"]["Contact"][0].startswith("<sips:"), answer)


# --- Kamailio ---

TRANSPORT = ";transport=tls"


def proxied(t, proxy, ca, user):
    path = t.write(f"{user}.password", f"pw-{user}\n")
    return ["-j", "--ca", ca.file, "-a", proxy.tls_uri(user),
            "-r", proxy.tls_uri(parameters=TRANSPORT),
            "-P", proxy.tls_uri(parameters=TRANSPORT),
            "--password-file", path]


def registers(t, proxy, ca, user, commands):
    process = t.start(*proxied(t, proxy, ca, user), "-c",
                      "register; " + commands)
    told(process, "reg.ok")
    return process


HOSTS = ["127.0.0.1", "[::1]"]


@each(HOSTS)
def kamailio_registers_us(t, host):
    ca = Authority(t)
    proxy = Kamailio(t, tls=ca.issue(LOCAL), host=host)
    run = t.run(*proxied(t, proxy, ca, "alice"), "-c",
                "register; bindings; transports")
    done(run, "register")
    ok = of(run.events, "reg.ok")[0]
    contains(ok["bindings"][0]["contact"], TRANSPORT)
    equal(of(run.events, "response")[0]["transport"], "tls")
    one(run.events, "reg.removed")
    equal(len([row for row in table(run, "transports")
               if row["state"] == "open"]), 1, "connections")


@each(HOSTS)
def kamailio_carries_messages_both_ways(t, host):
    ca = Authority(t)
    proxy = Kamailio(t, tls=ca.issue(LOCAL), host=host)
    bob = registers(t, proxy, ca, "bob", "wait message; message "
                    f"{proxy.tls_uri('alice')} 'And you?'")
    alice = registers(t, proxy, ca, "alice", "message "
                      f"{proxy.tls_uri('bob')} 'How are you?'; wait message")
    equal(one(ended(alice).events, "message")["body"], "And you?")
    message = one(ended(bob).events, "message")
    equal((message["body"], message["transport"]), ("How are you?", "tls"))


@each(HOSTS)
def kamailio_carries_calls(t, host):
    ca = Authority(t)
    proxy = Kamailio(t, tls=ca.issue(LOCAL), host=host)
    bob = registers(t, proxy, ca, "bob",
                    "wait call.incoming; answer; wait call.ended")
    alice = registers(t, proxy, ca, "alice",
                      f"invite {proxy.tls_uri('bob')}; bye")
    done(ended(alice), "bye")
    there = ended(bob)
    one(there.events, "call.ended", by="remote")
    equal(one(there.events, "call.incoming")["transport"], "tls")


@test
def kamailio_connects_to_us_when_we_listen(t):
    ca = Authority(t)
    own = ca.issue(LOCAL)
    proxy = Kamailio(t, tls=own)
    port = t.port()
    bob = t.start(*proxied(t, proxy, ca, "bob"), "-l",
                  f"tls:127.0.0.1:{port}", *own.options, "-c",
                  "register; wait message; transports")
    told(bob, "reg.ok")
    done(t.run(*proxied(t, proxy, ca, "alice"), "-c",
               f"message {proxy.tls_uri('bob')} hello"), "message")
    there = ended(bob)
    equal(one(there.events, "message")["local"], f"127.0.0.1:{port}")


@test
def kamailio_is_not_believed_without_its_authority(t):
    ca, other = Authority(t), Authority(t, "other")
    proxy = Kamailio(t, tls=ca.issue(LOCAL))
    run = t.run(*proxied(t, proxy, other, "alice"), "-c", "register")
    end = done(run, "register", status=6)
    contains(end["error"]["text"], "the issuer is unknown")


@test
def what_openssl_says_of_our_listener(t):
    """The other way round: s_client verifies us."""
    ca = Authority(t)
    _process, port = listens(t, ca.issue(LOCAL), "sleep 10s")
    text = openssl(t, "s_client", "-connect", f"127.0.0.1:{port}",
                   "-CAfile", ca.file, "-verify_ip", "127.0.0.1",
                   "-verify_return_error", "-brief", "-ign_eof", "-no_ign_eof")
    check(text is not None, text)


if __name__ == "__main__":
    main()
