"""The three ways to sign in to a directory. Each sends the credentials once, and tells what the server answered.

Binds and StartTLS are spoken with our own codec: until a server has proven itself, no other library reads its bytes.
"""

from __future__ import annotations

from portcheck.frozen import dataclass
from portcheck.model import Stage, State
from portcheck.model.credentials import Credentials, Method
from portcheck.model.libraries import how_to_get
from portcheck.net.errors import NetError
from portcheck.net.ldap.connection import NotVerifiedError
from portcheck.net.ldap.ntlm import NoMd4Error, Ntlm
from portcheck.net.ldap.session import Session
from portcheck.net.ldap.ticket import NoGssapiError, ServiceTicket
from portcheck.wire import ldap, ldap_bind
from portcheck.wire.ldap import ExtendedRequest
from portcheck.wire.ldap_answer import extended_code
from portcheck.wire.ldap_bind import BindAnswer

SPNEGO = "GSS-SPNEGO"
SASL_IN_PROGRESS = 14
MOST_STEPS = 8
START_TLS = 1  # the number of the first message
BIND = 2  # and of the first bind


@dataclass(slots=True)
class MissingLibraryError(Exception):
    """The method needs a package that is not installed. Nothing was sent."""

    reason: str

    def __str__(self) -> str:
        return self.reason


def agree_on_tls(session: Session) -> None:
    """StartTLS, up to the ClientHello. Raises NetError, and NotVerifiedError where the server declines."""
    answer = session.ask("StartTLS", ExtendedRequest(START_TLS).pack(), ldap.frame)
    with session.reading():
        code = extended_code(answer, START_TLS)
    if code:
        raise NotVerifiedError(f"the server refuses StartTLS (LDAP result {code})")


def sign_in(session: Session, credentials: Credentials, host: str, *, covered: bool) -> BindAnswer:
    """Present the credentials; the session knows when they leave. `covered`: TLS hides and verifies the way.

    Raises NetError; and, with nothing sent, NoTicketError and MissingLibraryError.
    """
    if credentials.method is Method.KERBEROS:
        return _kerberos(session, credentials, host, covered=covered)
    if not (covered and session.line.proven):
        raise AssertionError("neither a password nor a proof of one is sent to a server that was not verified")
    if credentials.method is Method.SIMPLE:
        return _simple(session, credentials)
    return _ntlm(session, credentials)


def _simple(session: Session, credentials: Credentials) -> BindAnswer:
    password = credentials.password.reveal().encode()
    if not password:  # RFC 4513, 5.1.2: that would be no sign-in, and succeed
        raise AssertionError("an empty password signs nobody in")
    session.presented = True
    return _bind(session, ldap_bind.simple(BIND, credentials.user, password), "simple bind", BIND)


def _ntlm(session: Session, credentials: Credentials) -> BindAnswer:
    """NTLMSSP inside GSS-SPNEGO, which Windows and Samba take bare (MS-SPNG 3.3.5.1); without signing."""
    try:
        ntlm = Ntlm(credentials)
    except NoMd4Error:
        how = how_to_get("pycryptodome")
        raise MissingLibraryError(f"NTLM needs MD4, which this Python lacks; {how}, or use another method") from None
    offered = _spnego(session, ntlm.negotiate(), "NTLM negotiate", BIND)
    if offered.code != SASL_IN_PROGRESS or not offered.credentials:
        return offered
    proof = ntlm.proof(offered.credentials)
    session.presented = True
    return _spnego(session, proof, "NTLM authenticate", BIND + 1)


def _kerberos(session: Session, credentials: Credentials, host: str, *, covered: bool) -> BindAnswer:
    session.trail.note("note", f"asking for a ticket for ldap/{host}")
    try:
        ticket = ServiceTicket(session.line, credentials.user, host, covered=covered)
    except NoGssapiError:
        how = how_to_get("gssapi")
        raise MissingLibraryError(f"Kerberos needs gssapi and the C library behind it; {how}") from None
    session.presented = True
    said = _exchanged(session, ticket)
    if said.code == 0 and not covered:
        ticket.seal()
    return said


def _exchanged(session: Session, ticket: ServiceTicket) -> BindAnswer:
    """Tokens back and forth until both sides are done; the server proves itself with its last one."""
    token = ticket.first
    for step in range(MOST_STEPS):
        said = _spnego(session, token, "Kerberos ticket", BIND + step)
        if said.credentials and not ticket.complete and said.code in {0, SASL_IN_PROGRESS}:
            token = ticket.step(said.credentials)
        if said.code != SASL_IN_PROGRESS:
            break
    if said.code == 0 and not ticket.complete:
        raise NetError(State.MISMATCH, "the server did not prove that it is the one the ticket is for", Stage.ANSWER)
    return said


def _spnego(session: Session, token: bytes, what: str, number: int) -> BindAnswer:
    return _bind(session, ldap_bind.sasl(number, SPNEGO, token), what, number)


def _bind(session: Session, request: bytes, what: str, number: int) -> BindAnswer:
    answer = session.ask(what, request, ldap.frame)
    with session.reading():
        return BindAnswer.unpack(answer, number)
