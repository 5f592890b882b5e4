"""TLS contexts for asking, not for trusting: reach every server, then say what its certificate is worth."""

from __future__ import annotations

import contextlib
import functools
import ssl
import sys
import warnings
from pathlib import Path

from portcheck.model import Facts, State
from portcheck.net.errors import NetError
from portcheck.net.stream import Stream
from portcheck.net.tls.alerts import refusal

Context = ssl.SSLContext


@functools.cache
def reaching() -> ssl.SSLContext:
    """Accepts any certificate and any version from TLS 1.0: reachability first, judgement from the facts."""
    return _reaching()


@functools.cache
def before_tls13() -> ssl.SSLContext:
    """As `reaching`, and offers nothing newer than TLS 1.2."""
    context = _reaching()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context


def _reaching() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    return context


@functools.cache
def trusting(ca_file: Path | None) -> ssl.SSLContext:
    """Verifies the chain against the system's store and `ca_file`; the name is compared apart.

    On Windows the public roots that it would fetch on demand count as well.
    """
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # Samba's own CA lacks an authority key identifier
    if sys.platform == "win32":
        # Windows fetches a public root when a program of its own first needs it: until then the store lacks it.
        import certifi

        context.load_verify_locations(cafile=certifi.where())
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=str(ca_file))
        except OSError as error:  # ssl.SSLError is one
            raise NetError(State.ERROR, f"the CA file {ca_file} cannot be used: {error.strerror or error}") from None
    return context


UNKNOWN_ISSUER = frozenset({2, 18, 19, 20, 21})
"""OpenSSL's verification errors that mean: signed by nobody this machine trusts (X509_V_ERR_*, x509_vfy.h)."""


DISTRUST = {
    **dict.fromkeys(UNKNOWN_ISSUER, "issuer"),
    9: "not yet valid",
    10: "expired",
    26: "purpose",
    **dict.fromkeys((66, 67, 68), "weak"),
}
"""What a client that verifies holds against the certificate, by the number of OpenSSL's error."""


def knows_authorities() -> bool:
    """Whether this machine has a store of authorities at all; without one, every issuer is unknown."""
    if trusting(None).cert_store_stats()["x509_ca"]:
        return True
    folder = ssl.get_default_verify_paths().capath  # read only when a certificate is to be checked
    return folder is not None and any(Path(folder).glob("*.0"))


@functools.cache
def speaking(protocol: str) -> ssl.SSLContext:
    """As `reaching`, and offers an application protocol (RFC 7301)."""
    context = _reaching()
    context.set_alpn_protocols([protocol])
    return context


def sendable(server_name: str | None) -> str | None:
    """None for a name that no ClientHello can carry (RFC 6066, 3): then it is asked without one."""
    try:
        encoded = (server_name or "").encode("idna")
    except UnicodeError:
        return None
    return server_name if 0 < len(encoded) < 254 and b"\0" not in encoded and encoded[:1] != b"." else None


def hello_size(context: ssl.SSLContext, server_name: str | None) -> int:
    """How many bytes this machine's ClientHello has; nothing is sent."""
    outgoing = ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=sendable(server_name)).do_handshake()
    return len(outgoing.read())


Distrusted = ssl.SSLCertVerificationError
"""A client that verifies, with this machine's authorities or the forest's CA file, refuses the certificate."""


def distrust(error: ssl.SSLCertVerificationError) -> Facts:
    """What such a client holds against it."""
    why = DISTRUST.get(error.verify_code, "other")
    return {"certificate_trusted": False, "certificate_error": error.verify_message, "certificate_distrust": why}


async def handshake(stream: Stream, context: ssl.SSLContext, server_name: str | None) -> ssl.SSLObject:
    """Start TLS on the stream; what the peer says instead becomes a NetError with its meaning."""
    try:
        return await stream.start_tls(context, sendable(server_name))
    except ssl.SSLCertVerificationError:
        raise
    except ssl.SSLError as error:
        raise refusal(error, stream.trail) from None
