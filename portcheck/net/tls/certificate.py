"""What a server's certificate says, from its DER bytes; a certificate that cannot be read never breaks a check."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import importlib
import ssl
import warnings
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portcheck.model import Facts
from portcheck.net.dns import is_address

if TYPE_CHECKING:
    from cryptography import x509


async def described(tls: ssl.SSLObject, names: tuple[str, ...], asked: str = "") -> Facts:
    """`describe`, aside from the loop: loading the parser takes long enough to spoil what is being measured.

    A server that was `asked` by its address may as well show a certificate for the address.
    """
    facts = await asyncio.to_thread(describe, tls, names)
    told = facts.get("certificate_names")
    if not isinstance(told, list) or not is_address(asked):
        return facts
    facts["certificate_for_address"] = asked in told
    return facts | ({"certificate_name_matches": True} if asked in told else {})


def describe(tls: ssl.SSLObject, names: tuple[str, ...]) -> Facts:
    """Facts of the handshake and the leaf certificate; `names` are those the host is known by, if any."""
    cipher = tls.cipher()
    facts: Facts = {"tls_version": tls.version() or "", "tls_cipher": cipher[0] if cipher else ""}
    der = tls.getpeercert(binary_form=True)
    if der is None:
        return facts | {"certificate_error": "the server showed no certificate"}
    facts["certificate_sha256"] = hashlib.sha256(der).hexdigest()
    if not can_read():
        return facts | {"certificate_untold": UNTOLD}
    try:
        facts |= _parse(der, names)
        facts["certificate_chain"] = _sent_with_it(tls)
    except _complaints() as error:
        facts["certificate_error"] = f"the certificate cannot be read: {error}"
    return facts


UNTOLD = (
    "this machine cannot load the library that reads certificates (cryptography): names and dates of this one are not"
    " told; application control, or a portable form without compiled libraries, keeps it from loading"
)


def can_read() -> bool:
    """Where the library is missing or may not be loaded, the check is as good as ever, but for these details."""
    try:
        importlib.import_module("cryptography.x509")
    except (ImportError, OSError):
        return False
    return True


def _sent_with_it(tls: ssl.SSLObject) -> list[str]:
    """The subjects of the certificates that the server sent beside its own, in its order."""
    return [_subject(der) for der in _chain(tls)[1 : MOST_SENT + 1]]


MOST_SENT = 8
UNREADABLE = "one that cannot be read"


def _subject(der: bytes) -> str:
    from cryptography import x509

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return x509.load_der_x509_certificate(der).subject.rfc4514_string()
    except _complaints():
        return UNREADABLE


def root(tls: ssl.SSLObject) -> str:
    """Of a certificate that was verified: the subject of the authority that this machine trusts it by."""
    if not can_read():
        return ""
    return next((_subject(der) for der in reversed(_chain(tls, verified=True))), "")


@functools.cache
def authorities(ca_file: Path) -> tuple[str, ...]:
    """The subjects of the authorities in the file. Raises OSError."""
    if not can_read():
        return ()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cafile=str(ca_file))
    return tuple(_subject(der) for der in context.get_ca_certs(binary_form=True)[:MOST_SENT])


def _chain(tls: ssl.SSLObject, *, verified: bool = False) -> list[bytes]:
    """As sent, or as it was verified: public from Python 3.13 on, and before that only beneath its surface."""
    name = "get_verified_chain" if verified else "get_unverified_chain"
    holder: Any = tls if hasattr(tls, name) else getattr(tls, "_sslobj", None)
    told = getattr(holder, name, list)
    return [one if isinstance(one, bytes) else one.public_bytes(DER) for one in told() or ()]


DER = 2
"""_ssl.ENCODING_DER"""


def _complaints() -> tuple[type[Exception], ...]:
    """What the parser raises for bytes that it cannot, or will not, read."""
    from cryptography import exceptions, x509

    own = (x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType)
    return (ValueError, TypeError, OverflowError, exceptions.UnsupportedAlgorithm, *own)


def _parse(der: bytes, names: tuple[str, ...]) -> Facts:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Samba makes a serial number that is not positive
        certificate = x509.load_der_x509_certificate(der)
        key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        shown = _names(certificate)
        told: Facts = {
            "certificate_subject": certificate.subject.rfc4514_string(),
            "certificate_issuer": certificate.issuer.rfc4514_string(),
            "certificate_names": list(shown),
            "certificate_has_san": _has_san(certificate),
            "certificate_purposes": list(_purposes(certificate)),
            "certificate_not_before": _utc(certificate.not_valid_before_utc),
            "certificate_not_after": _utc(certificate.not_valid_after_utc),
            "certificate_expired": datetime.now(UTC) > certificate.not_valid_after_utc,
            "certificate_key_sha256": hashlib.sha256(key).hexdigest(),
        }
        return told | ({"certificate_name_matches": matches(names, shown)} if names else {})


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    """DNS names and addresses of the SAN extension; the common name where there is none (RFC 6125, 6.4.4)."""
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        common = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return tuple(str(attribute.value) for attribute in common)
    addresses = extension.value.get_values_for_type(x509.IPAddress)
    return (*extension.value.get_values_for_type(x509.DNSName), *map(str, addresses))


def _has_san(certificate: x509.Certificate) -> bool:
    from cryptography import x509

    return any(isinstance(extension.value, x509.SubjectAlternativeName) for extension in certificate.extensions)


def _purposes(certificate: x509.Certificate) -> tuple[str, ...]:
    """The extended key usage (RFC 5280, 4.2.1.12) by its names, or numbers; none: good for everything."""
    from cryptography import x509

    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(PURPOSES.get(purpose.dotted_string, purpose.dotted_string) for purpose in usage)


PURPOSES = {
    "1.3.6.1.5.5.7.3.1": "serverAuth",
    "1.3.6.1.5.5.7.3.2": "clientAuth",
    "1.3.6.1.5.2.3.5": "pkinitKDC",
    "1.3.6.1.4.1.311.20.2.2": "smartcardLogon",
    "2.5.29.37.0": "any",
}


def matches(names: Iterable[str], shown: Iterable[str]) -> bool:
    """Is the certificate, by the names it shows, for one of these?"""
    patterns = tuple(shown)
    return any(_matches(name, pattern) for name in names for pattern in patterns)


def _matches(name: str, pattern: str) -> bool:
    """A pattern that ends with a dot is for nobody: no client looks for one (RFC 5280, 4.2.1.6; RFC 1034, 3.5)."""
    name, pattern = name.lower().rstrip("."), pattern.lower()
    if pattern.startswith("*."):
        return name.partition(".")[2] == pattern[2:]
    return name == pattern


def _utc(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
