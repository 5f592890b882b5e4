"""What a probe says when everything answers, in the sizes of the real packers: `portcheck plan` counts it."""

from __future__ import annotations

from dataclasses import replace

from portcheck.model import Check
from portcheck.net.tls import contexts
from portcheck.probes.probe import Exchange, Question, Subject

# TLS 1.3 with AES-256-GCM: the change-cipher-spec record, no certificate, Finished (RFC 8446, 4.4: 48 of SHA-384).
RECORD = 5 + 1 + 16  # what TLS 1.3 adds to a question
NO_CERTIFICATE = RECORD + 4 + 4  # domain controllers ask for a client's; an empty list says that there is none
FINISHED = 6 + NO_CERTIFICATE + RECORD + 4 + 48


def one(what: str, size: int) -> Exchange:
    return Exchange((Question(what, size),))


def nothing(check: Check, subject: Subject) -> Exchange:  # noqa: ARG001 - a port without a protocol of its own
    return Exchange(()) if check.transport == "tcp" else one("one zero byte", 1)


def over_tls(name: str | None, plain: Question, connections: int) -> Exchange:
    hello = Question("TLS ClientHello", contexts.hello_size(contexts.trusting(None), name))
    finished = Question("TLS Finished, no client certificate", FINISHED)
    return Exchange((hello, finished, replace(plain, size=plain.size + RECORD)), connections)
