"""TLS to a server: first as a client that verifies; where the certificate does not please, as one that only reaches."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from portcheck.model import Facts
from portcheck.net import tls
from portcheck.net.certificate import described
from portcheck.net.errors import NetError
from portcheck.net.resolver import is_address
from portcheck.net.tcp import Stream
from portcheck.probes.base import Subject

Opening = Callable[[], Awaitable[Stream]]
"""A new connection, at the point where the ClientHello comes next."""


async def secured(opening: Opening, subject: Subject) -> tuple[Stream, Facts]:
    """A stream inside TLS, to be closed by the caller, and what its certificate is worth."""
    stream = await opening()
    trusting = await asyncio.to_thread(tls.trusting, subject.ca_file)
    try:
        return stream, {"certificate_trusted": True, **await _shown(stream, trusting, subject)}
    except tls.Distrusted as error:
        told = _distrust(error, subject)
    except NetError as fault:
        if "tls_alert" not in stream.trail.facts:
            raise
        told = {"tls_alert_first": stream.trail.facts.pop("tls_alert", fault.reason)}
    stream = await opening()
    return stream, {**await _shown(stream, tls.reaching(), subject), **told}


async def _shown(stream: Stream, context: tls.Context, subject: Subject) -> Facts:
    """The stream is closed where the handshake fails."""
    names = (subject.host,) if subject.host and not is_address(subject.host) else ()
    try:
        return await described(await tls.handshake(stream, context, subject.host or None), names)
    except BaseException:
        stream.close()
        raise


def _distrust(error: tls.Distrusted, subject: Subject) -> Facts:
    """Nobody in this machine's store signed it: at a public endpoint that is the work of a device in between."""
    told: Facts = {"certificate_trusted": False, "certificate_error": error.verify_message}
    if error.verify_code in tls.UNKNOWN_ISSUER:
        if subject.ca_file is None and not tls.knows_authorities():
            return {"certificate_error": "this machine has no store of authorities to compare with"}
        if subject.public:
            told["tls_intercepted"] = True
        if subject.ca_file is not None:
            told["certificate_of_ca_file"] = False
    return told


def issuer(facts: Facts) -> str:
    """For a reason: `, certificate by CN=…`."""
    name = facts.get("certificate_issuer")
    return f", certificate by {name}" if name else ""
