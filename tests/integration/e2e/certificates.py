# SPDX-License-Identifier: Apache-2.0
"""Certificates for the TLS tests, made by the openssl command: an authority, a server, a client, and a stranger."""

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

import grpc

EXTENSIONS = """
[server]
subjectAltName=DNS:localhost,IP:127.0.0.1
extendedKeyUsage=serverAuth
[client]
subjectAltName=DNS:client
extendedKeyUsage=clientAuth
"""


def _openssl(*arguments, cwd):
    subprocess.run(("openssl", *arguments), cwd=cwd, check=True, capture_output=True)


@dataclass(frozen=True)
class Authority:
    """A directory with <name>.crt and <name>.key of an authority and of what it signed."""

    directory: Path

    def path(self, file):
        return str(self.directory / file)

    def read(self, file):
        return (self.directory / file).read_bytes()

    def server_context(self, client_authority=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path("server.crt"), self.path("server.key"))
        if client_authority:
            context.load_verify_locations(client_authority)
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def client_context(self, with_certificate=False):
        context = ssl.create_default_context(cafile=self.path("ca.crt"))
        if with_certificate:
            context.load_cert_chain(self.path("client.crt"), self.path("client.key"))
        return context

    def grpc_server_credentials(self):
        return grpc.ssl_server_credentials([(self.read("server.key"), self.read("server.crt"))])

    def grpc_client_credentials(self, with_certificate=False):
        pair = (self.read("client.key"), self.read("client.crt")) if with_certificate else (None, None)
        return grpc.ssl_channel_credentials(self.read("ca.crt"), *pair)


@dataclass(frozen=True)
class MutualTls:
    """What a sink needs to ask for client certificates."""

    authority: Authority

    def server_context(self):
        return self.authority.server_context(self.authority.path("ca.crt"))

    def grpc_server_credentials(self):
        pair = (self.authority.read("server.key"), self.authority.read("server.crt"))
        return grpc.ssl_server_credentials([pair], self.authority.read("ca.crt"), require_client_auth=True)


def make(directory, names=()):
    """A new authority with a server's and a client's certificate. The server has these DNS names, too."""
    directory.mkdir(parents=True)
    more = "".join(f",DNS:{name}" for name in names)
    (directory / "extensions").write_text(EXTENSIONS.replace("IP:127.0.0.1", f"IP:127.0.0.1{more}"))
    new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    _openssl(
        "req", "-x509", *new_key, "-keyout", "ca.key", "-out", "ca.crt", "-days", "2", "-subj", "/CN=test authority",
        cwd=directory,
    )  # fmt: skip
    for name in ("server", "client"):
        _openssl(
            "req", *new_key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}", cwd=directory
        )
        _openssl(
            "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", "extensions", "-extensions", name, "-out", f"{name}.crt", cwd=directory,
        )  # fmt: skip
    return Authority(directory)
