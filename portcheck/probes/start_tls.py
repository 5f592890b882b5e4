"""StartTLS (RFC 4511, 4.14): what LDAP on 389 shows of a certificate, beside what 636 and 3269 show."""

from __future__ import annotations

from portcheck.frozen import dataclass
from portcheck.model import Check, Facts, State
from portcheck.net.errors import NetError
from portcheck.net.network import Network
from portcheck.net.stream import Stream
from portcheck.probes.probe import Subject
from portcheck.probes.secured import secured
from portcheck.wire import WireError, ldap
from portcheck.wire.ldap import ExtendedRequest
from portcheck.wire.ldap_answer import SearchAnswer, extended_code
from portcheck.wire.rootdse import rootdse_request

LEAST_S = 2.0
ROUND_TRIPS = 10  # that a handshake on a new connection, and a question in it, may take
MESSAGE_ID = 4  # after the questions in clear
CONNECTIONS = 3  # at most: two tries, and one that only reaches
TOLD = frozenset({State.MUTE, State.RESET, State.MISMATCH})


async def look(stream: Stream, check: Check, net: Network, subject: Subject) -> Facts:
    """Asked where LDAP has answered on `stream`, which is used up by this; a second try settles what fails.

    LDAP has answered, whatever comes of this: nothing is raised, and nothing here makes another state.
    """
    patience_s = LEAST_S + ROUND_TRIPS * (stream.trail.latency_ms or 0.0) / 1000
    main, beside = stream.trail, net.aside(patience_s)
    stream.turn_to(beside.trail, patience_s)
    opening = _Upgrade(stream, check, beside)
    try:
        facts = await _tried(opening, subject) or await _tried(opening, subject) or {}
    except _DeclinedError as answer:
        facts = {"start_tls_result": answer.code, "no_certificate": answer.code == ldap.UNAVAILABLE}
    main.note("StartTLS", _words(facts))
    return facts


async def _tried(opening: _Upgrade, subject: Subject) -> Facts:
    """Empty for a first failure, and for one that tells nothing of StartTLS itself."""
    again = opening.used
    try:
        stream, facts = await secured(opening, opening.check, subject)
        with stream:
            await stream.send(rootdse_request(MESSAGE_ID + 1).pack(), "LDAP search of the rootDSE")
            SearchAnswer.unpack(await stream.read_frame(ldap.AnswerFrame(), "LDAP answer"), MESSAGE_ID + 1)
    except NetError as fault:
        return {"start_tls_state": fault.state.value} if again and fault.state in TOLD else {}
    except WireError:
        return {"start_tls_state": State.MISMATCH.value} if again else {}
    return {"start_tls_result": ldap.SUCCESS, **facts}


class _DeclinedError(Exception):
    """The server says no to StartTLS, in LDAP."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass(slots=True)
class _Upgrade:
    """Opens a connection up to the ClientHello: the first time on the check's own."""

    stream: Stream
    check: Check
    net: Network
    used: bool = False

    async def _again(self) -> Stream:
        return await self.net.tcp(self.check.known_port)

    async def __call__(self) -> Stream:
        stream = await self._again() if self.used else self.stream
        self.used = True
        try:
            await stream.send(ExtendedRequest(MESSAGE_ID).pack(), "StartTLS")
            _check(extended_code(await stream.read_frame(ldap.frame, "StartTLS answer"), MESSAGE_ID))
        except BaseException:
            stream.close()
            raise
        return stream


def _check(code: int) -> None:
    if code:
        raise _DeclinedError(code)


def _words(facts: Facts) -> str:
    if facts.get("no_certificate"):
        return "unavailable: the controller has no certificate"
    if code := facts.get("start_tls_result"):
        return f"declined, LDAP result {code}"
    if state := facts.get("start_tls_state"):
        return f"failed twice: {state}"
    if not facts:
        return "came to nothing"
    return (
        f"{facts.get('tls_version')}, certificate of {facts.get('certificate_issuer') or 'an issuer it does not name'}"
    )
