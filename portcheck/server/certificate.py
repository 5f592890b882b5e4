"""A certificate made on the spot, for the responder's TLS ports."""

from __future__ import annotations

import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from portcheck.frozen import dataclass
from portcheck.server.controller.record import Certificate

LIFETIME = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Identity:
    """What a TLS server shows: `pem` is what a client has to trust."""

    context: ssl.SSLContext
    pem: bytes


def identity(
    host: str, kind: Certificate, *, issuer: str = "", newest: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED
) -> Identity | None:
    """Self-signed, for `host` or in the wrong way that `kind` names; None where the server has no certificate.

    `issuer` is the organisation it names.
    """
    if kind is Certificate.NONE:
        return None
    name = f"other-{host}" if kind is Certificate.OTHER_NAME else host
    end = datetime.now(UTC) + timedelta(days=-1 if kind is Certificate.EXPIRED else 365)
    certificate, key = _make(name, end, issuer, alternative=kind is not Certificate.NO_NAMES)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = newest
    with tempfile.TemporaryDirectory() as folder:  # the ssl module loads keys from files only
        file = Path(folder) / "server.pem"
        file.touch(mode=0o600)
        file.write_bytes(key + certificate)
        context.load_cert_chain(file)
    return Identity(context, certificate)


def _make(host: str, end: datetime, issuer: str, *, alternative: bool) -> tuple[bytes, bytes]:
    """Certificate and key, as PEM."""
    from cryptography import x509  # 100 ms: only where TLS is served
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    organisation = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, issuer)] if issuer else []
    name = x509.Name([*organisation, x509.NameAttribute(NameOID.COMMON_NAME, host[:64])])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(end - LIFETIME)
        .not_valid_after(end)
    )
    if alternative:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
    certificate = builder.sign(key, hashes.SHA256())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return certificate.public_bytes(Encoding.PEM), private
