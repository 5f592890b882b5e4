"""TLS to a server: first as a client that verifies; where the certificate does not please, as one that only reaches."""

from __future__ import annotations

from portcheck.model import Facts
from portcheck.net import tls
from portcheck.net.base import Network
from portcheck.net.certificate import describe
from portcheck.net.errors import NetError
from portcheck.net.tcp import Stream
from portcheck.probes.base import Subject


async def secured(net: Network, port: int, subject: Subject) -> tuple[Stream, Facts]:
    """A stream inside TLS, to be closed by the caller, and what its certificate is worth."""
    names = (subject.host,)
    stream = await net.tcp(port)
    try:
        shown = await tls.handshake(stream, tls.trusting(subject.ca_file), subject.host)
        return stream, {"certificate_trusted": True, **describe(shown, names)}
    except tls.Distrusted as error:
        stream.close()
        told = _distrust(error, public=subject.public)
    except NetError:
        stream.close()
        said = [stream.trail.facts.pop(key, None) for key in ("tls_alert", "tls_error")]
        if not any(said):
            raise
        told = {"tls_alert_first": next(filter(None, said))}
    except BaseException:
        stream.close()
        raise
    stream = await net.tcp(port)
    try:
        shown = await tls.handshake(stream, tls.reaching(), subject.host)
    except BaseException:
        stream.close()
        raise
    return stream, {**describe(shown, names), **told}


def _distrust(error: tls.Distrusted, *, public: bool) -> Facts:
    """Nobody in this machine's store signed it: at a public endpoint that is the work of a device in between."""
    told = tls.distrust(error)
    if error.verify_code in tls.UNKNOWN_ISSUER:
        if not tls.knows_authorities():
            return {"certificate_error": "this machine has no store of authorities to compare with"}
        if public:
            told["tls_intercepted"] = True
    return told


def issuer(facts: Facts) -> str:
    """For a reason: `, certificate by CN=…`."""
    name = facts.get("certificate_issuer")
    return f", certificate by {name}" if name else ""
