"""What a server's certificate says, and what to think of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from wsrun.preflight.finding import Finding
from wsrun.transports.failures import clean

SOON = timedelta(days=14)
"""A certificate that expires within this is warned of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """Of a certificate: whose it is, who signed it, which hosts it is for, from when until when (UTC)."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    begins: datetime
    ends: datetime

    @property
    def is_self_signed(self) -> bool:
        """Whether nobody else vouches for it."""
        return self.subject == self.issuer


@dataclass(frozen=True, slots=True, kw_only=True)
class Secured:
    """A TLS handshake that was done: its version (``TLSv1.3``), cipher, and the server's certificate, None
    where it cannot be read. ``seconds``: how long it took."""

    version: str
    cipher: str
    certificate: Certificate | None
    seconds: float


def read_certificate(der: bytes | None) -> Certificate | None:
    """Read a certificate in DER; None where there is none that can be read."""
    from cryptography import x509

    try:
        read = x509.load_der_x509_certificate(der or b"")
        return Certificate(
            subject=_shown(read.subject),
            issuer=_shown(read.issuer),
            names=_names(read),
            begins=read.not_valid_before_utc,
            ends=read.not_valid_after_utc,
        )
    except ValueError:
        return None


def trusted(tls: Secured, *, verified: bool, authority: str | None, now: datetime) -> Finding:
    """Judge a handshake that was done.

    Args:
        tls: the handshake.
        verified: whether the certificate was looked at, which ``tls.verify: false`` forgoes.
        authority: the file of authorities, None: the system's.
        now: the time, in UTC.
    """
    by = "checked against the system's authorities"
    if authority is not None:
        by = f"checked against {authority}"
    if not verified:
        by = "not checked (tls.verify: false)"
    figures = {"version": tls.version, "cipher": tls.cipher, "seconds": tls.seconds, "verified": verified}
    certificate = tls.certificate
    if certificate is None:
        text = f"{tls.version}, with a certificate that cannot be read, {by}"
        return Finding(name="tls", state="good", text=text, figures=figures)
    figures |= facts_of(certificate, now)
    left = certificate.ends - now
    text = f"{tls.version}, {certificate.subject}, {_ends(certificate, now)}, {by}"
    state, fixes = ("good", ())
    if left < SOON:
        renew = "renew the server's certificate" + ("" if left.days < 0 else " before it expires")
        return Finding(name="tls", state="warning", text=text, fixes=(renew,), figures=figures)
    return Finding(name="tls", state=state, text=text, fixes=fixes, figures=figures)  # type: ignore[arg-type]


def untrusted(text: str, certificate: Certificate | None, now: datetime) -> Finding:
    """Judge a certificate that was refused, with the reason as ``text``."""
    if certificate is None:
        return Finding(name="tls", state="bad", text=text, fixes=_ANYBODY)
    shown = f"{text} ({certificate.subject}, signed by {_signer(certificate)}, {_ends(certificate, now)})"
    figures = facts_of(certificate, now)
    if not certificate.begins <= now <= certificate.ends:
        fixes = ("renew the server's certificate; if it is valid, set this machine's clock", *_ANYBODY)
    elif "mismatch" in text:
        names = ", ".join(certificate.names) or certificate.subject
        use = f"use a host that the certificate is for ({names}), or say it: tls: {{ server_name: … }}"
        fixes = (use, *_ANYBODY)
    else:
        fixes = ("trust who signed it: tls: { ca: FILE }", *_ANYBODY)
    return Finding(name="tls", state="bad", text=shown, fixes=fixes, figures=figures)


def facts_of(certificate: Certificate, now: datetime) -> dict[str, object]:
    """Return a certificate for programs."""
    return {
        "subject": certificate.subject,
        "issuer": certificate.issuer,
        "names": list(certificate.names),
        "expires": certificate.ends.isoformat(),
        "days_left": (certificate.ends - now).days,
    }


_ANYBODY = ("or, for a server of your own, check nothing: tls: { verify: false }",)


def _signer(certificate: Certificate) -> str:
    return "itself" if certificate.is_self_signed else certificate.issuer


def _ends(certificate: Certificate, now: datetime) -> str:
    if now < certificate.begins:
        return f"valid only from {certificate.begins:%Y-%m-%d %H:%M} UTC"
    left = certificate.ends - now
    if left < timedelta(0):
        return f"expired {_span(-left)} ago"
    return f"expires in {_span(left)}"


def _span(time: timedelta) -> str:
    if time >= timedelta(days=2):
        return f"{time.days} days"
    hours = round(time.total_seconds() / 3600)
    return f"{hours} hours" if hours != 1 else "1 hour"


def _shown(name: object) -> str:
    from cryptography import x509

    assert isinstance(name, x509.Name)
    common = name.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return clean(f"CN={common[0].value!s}" if common else name.rfc4514_string() or "no subject")


def _names(certificate: object) -> tuple[str, ...]:
    from cryptography import x509

    assert isinstance(certificate, x509.Certificate)
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    kinds = x509.DNSName, x509.IPAddress
    return tuple(clean(str(name.value)) for name in found if isinstance(name, kinds))[:_MOST_NAMES]


_MOST_NAMES = 5
"""Of more hosts of a certificate only these are named."""
