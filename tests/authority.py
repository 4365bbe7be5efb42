"""Certificates for the tests of TLS, made by openssl.

    ca = Authority(t)                   a certificate authority; ca.file
    own = ca.issue("DNS:a.org")         for these names: a Certificate with
                                        .cert (its issuer behind it) and .key
    ca.issue(None, cn="a.org")          without subjectAltName
    ca.issue("DNS:a.org", days=(-9, -2))    valid then, in days from now
    ca.issue(nul="a.org!.b.org")        "!" becomes a NUL
    self_signed(t, "DNS:a.org")
    peer = server(t, own, "-tls1_2")    openssl s_server: a port of 127.0.0.1
"""

import datetime
import os
import subprocess

from harness import free_port, wait_until
from servers import is_bound

CONFIG = """
[ca]
default_ca = tests
[tests]
dir = .
database = {dir}/{name}.index
new_certs_dir = {dir}
serial = {dir}/{name}.serial
default_md = sha256
policy = any
unique_subject = no
copy_extensions = none
[any]
commonName = optional
[req]
distinguished_name = none
[none]
[extensions]
basicConstraints = CA:FALSE
{names}
"""


class Certificate:
    def __init__(self, cert, key, issuer=None):
        self.cert, self.key, self.issuer = cert, key, issuer

    @property
    def options(self):
        return ["--cert", self.cert, "--key", self.key]


def openssl(t, *args):
    run = subprocess.run(["openssl", *args], cwd=t.dir, text=True,
                         capture_output=True, check=False)
    if run.returncode != 0:
        raise AssertionError(f"openssl {args}: {run.stderr}")
    return run.stdout


def _date(days):
    when = datetime.datetime.now(datetime.timezone.utc)
    when += datetime.timedelta(days=days)
    return when.strftime("%Y%m%d%H%M%SZ")


def _key_options(rsa_bits):
    if rsa_bits:
        return ["-newkey", f"rsa:{rsa_bits}"]
    return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]


def self_signed(t, names, name="self", cn="self.test"):
    key, cert = t.path(f"{name}.key"), t.path(f"{name}.pem")
    openssl(t, "req", "-x509", *_key_options(0), "-nodes", "-days", "2",
            "-keyout", key, "-out", cert, "-subj", f"/CN={cn}",
            "-addext", f"subjectAltName={names}")
    return Certificate(cert, key)


class Authority:
    def __init__(self, t, name="ca", cn="Test CA"):
        self.t, self.name, self.count = t, name, 0
        self.key, self.file = t.path(f"{name}.key"), t.path(f"{name}.pem")
        openssl(t, "req", "-x509", *_key_options(0), "-nodes", "-days", "2",
                "-keyout", self.key, "-out", self.file, "-subj", f"/CN={cn}")
        t.write(f"{name}.index", "")
        t.write(f"{name}.serial", "01\n")

    def _extension(self, names, nul):
        if nul:
            octets = nul.encode().replace(b"!", b"\0")
            inner = b"\x82" + bytes([len(octets)]) + octets
            der = b"\x30" + bytes([len(inner)]) + inner
            return "subjectAltName = DER:" + ":".join(f"{o:02x}" for o in der)
        return f"subjectAltName = {names}" if names else ""

    def issue(self, names=None, cn="sip.test", days=(-1, 2), nul=None,
              rsa_bits=0):
        self.count += 1
        base = f"{self.name}-{self.count}"
        key, request = self.t.path(f"{base}.key"), self.t.path(f"{base}.csr")
        cert = self.t.path(f"{base}.pem")
        config = self.t.write(f"{base}.conf", CONFIG.format(
            dir=self.t.dir, name=self.name,
            names=self._extension(names, nul)))
        openssl(self.t, "req", "-new", *_key_options(rsa_bits), "-nodes",
                "-keyout", key, "-out", request, "-subj", f"/CN={cn}")
        openssl(self.t, "ca", "-batch", "-notext", "-config", config,
                "-cert", self.file, "-keyfile", self.key,
                "-extensions", "extensions", "-in", request, "-out", cert,
                "-startdate", _date(days[0]), "-enddate", _date(days[1]))
        with open(cert, "a", encoding="ascii") as chain:
            with open(self.file, encoding="ascii") as f:
                chain.write(f.read())
        os.chmod(cert, 0o600)
        return Certificate(cert, key, self.file)


class Server:
    def __init__(self, t, certificate, options):
        self.port = free_port()
        argv = ["openssl", "s_server", "-accept", f"127.0.0.1:{self.port}",
                "-cert", certificate.cert, "-key", certificate.key, *options]
        if certificate.issuer:
            argv += ["-cert_chain", certificate.issuer]
        self.process = t.spawn(argv)
        wait_until(lambda: is_bound(self.port, "tcp"),
                   lambda: f"listening: {self.process.result()!r}")

    def uri(self, host="127.0.0.1", scheme="sips"):
        return f"{scheme}:{host}:{self.port}"


def server(t, certificate, *options):
    return Server(t, certificate, options)
