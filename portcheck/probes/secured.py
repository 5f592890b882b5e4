"""TLS to a server: first as a client that verifies; where the certificate does not please, as one that only reaches."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from portcheck.model import Check, Facts, Stage, State
from portcheck.net.dns import is_address
from portcheck.net.errors import NetError
from portcheck.net.stream import Stream
from portcheck.net.tls import contexts
from portcheck.net.tls.certificate import authorities, described, root
from portcheck.probes.probe import Subject

Opening = Callable[[], Awaitable[Stream]]
"""A new connection, at the point where the ClientHello comes next."""


async def secured(opening: Opening, check: Check, subject: Subject) -> tuple[Stream, Facts]:
    """A stream inside TLS, to be closed by the caller, and what its certificate is worth."""
    trusting = await asyncio.to_thread(
        contexts.trusting, subject.ca_file
    )  # before there is a connection to keep waiting
    stream = await opening()
    try:
        return stream, {"certificate_trusted": True, **await _shown(stream, trusting, check, subject, verified=True)}
    except contexts.Distrusted as error:
        told = _distrust(error, subject)
    except NetError as fault:
        said = [stream.trail.facts.pop(key, None) for key in ("tls_alert", "tls_error")]
        if not any(said) and not _cut_again(fault, stream):
            raise
        told = {"tls_alert_first": next(filter(None, said), fault.reason)}
    stream = await opening()
    try:
        return stream, {**await _shown(stream, contexts.reaching(), check, subject), **told}
    except NetError as fault:
        if stream.trail.facts.get("resets_before_answer") != 1 or not _cut_again(fault, stream):
            raise
    stream = await opening()
    return stream, {**await _shown(stream, contexts.before_tls13(), check, subject), "tls13_cut": True}


def _cut_again(fault: NetError, stream: Stream) -> bool:
    """Old servers agree with a client that offers old versions too; some cut the others without an alert.

    A first cut may be the session scavenger's (KB2000061): the same is tried again before.
    """
    again = bool(stream.trail.facts.get("resets_before_answer"))
    return fault.state is State.RESET and stream.trail.stage is Stage.TLS and again


async def _shown(
    stream: Stream, context: contexts.Context, check: Check, subject: Subject, *, verified: bool = False
) -> Facts:
    """The stream is closed where the handshake fails."""
    names = (subject.host,) if subject.host and not is_address(subject.host) else ()
    try:
        tls = await contexts.handshake(stream, context, subject.host or None)
        return await described(tls, names, check.host) | ({"certificate_root": root(tls)} if verified else {})
    except BaseException:
        stream.close()
        raise


def _distrust(error: contexts.Distrusted, subject: Subject) -> Facts:
    """Nobody in this machine's store signed it: at a public endpoint that is the work of a device in between."""
    told = contexts.distrust(error)
    if error.verify_code in contexts.UNKNOWN_ISSUER:
        if subject.ca_file is None and not contexts.knows_authorities():
            return {"certificate_error": "this machine has no store of authorities to compare with"}
        if subject.public:
            told["tls_intercepted"] = True
        if subject.ca_file is not None:
            told["certificate_of_ca_file"] = False
            with contextlib.suppress(OSError):  # it was read a moment ago
                told["ca_file_authorities"] = list(authorities(subject.ca_file))
    return told


def issuer(facts: Facts) -> str:
    """For a reason: `, certificate by CN=…`."""
    name = facts.get("certificate_issuer")
    return f", certificate by {name}" if name else ""
