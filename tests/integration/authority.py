"""A certificate authority of the tests' own, and servers with certificates that it has signed."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from wsrun.plan import TlsPlan
from wsrun.transports.tls import client_context


@dataclass(frozen=True)
class Authority:
    """A certificate authority for one test run."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    file: Path

    def client(self) -> ssl.SSLContext:
        """The context of a run whose scenario trusts this authority alone."""
        return client_context(TlsPlan(ca=str(self.file)))


def pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def sign(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: Authority | None,
    *,
    address: str = "127.0.0.1",
    days: int = 2,
) -> x509.Certificate:
    """Make a certificate for ``address``, valid for ``days``; no issuer: an authority's own."""
    now = datetime.datetime.now(datetime.UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    begin = now - datetime.timedelta(days=1 if days > 0 else 3)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), False)
    )
    return builder.sign(issuer.key if issuer else key, hashes.SHA256())


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = sign("wsrun test authority", key, None)
    file = tmp_path_factory.mktemp("authority") / "ca.pem"
    file.write_text(pem(certificate))
    return Authority(certificate, key, file)


MakeServer = Callable[..., ssl.SSLContext]


@pytest.fixture(scope="module")
def tls_server(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> MakeServer:
    """A maker of server contexts; it takes what ``sign`` takes."""
    directory = tmp_path_factory.mktemp("tls")

    def make(**options: Any) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        files = directory / f"{len(list(directory.iterdir()))}.pem"
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
        files.write_text(secret + pem(sign("wsrun test server", key, authority, **options)))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files)
        return context

    return make
