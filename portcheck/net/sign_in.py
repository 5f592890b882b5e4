"""The three ways to sign in to a directory. Each sends the credentials once, and tells what the server answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from portcheck.credentials import Credentials, Method
from portcheck.libraries import KERBEROS, MD4, command_for
from portcheck.model import Stage, State
from portcheck.net.errors import NetError
from portcheck.net.session import Answered, Session

SPNEGO = "GSS-SPNEGO"
SASL_IN_PROGRESS = 14
MOST_STEPS = 8
VERSION = 3

# MIT's krb5 error table (krb5.h): what its minor status says of a ticket that could not be had.
MIT_BASE = -1765328384
KRB5_MINOR = {
    MIT_BASE + 7: "name",  # KDC_ERR_S_PRINCIPAL_UNKNOWN
    MIT_BASE + 32: "ticket",  # KRB_AP_ERR_TKT_EXPIRED
    MIT_BASE + 37: "clock",  # KRB_AP_ERR_SKEW
    -1765328243: "ticket",  # KRB5_CC_NOTFOUND
    -1765328189: "ticket",  # KRB5_FCC_NOFILE
    -1765328230: "kdc",  # KRB5_REALM_UNKNOWN
    -1765328228: "kdc",  # KRB5_KDC_UNREACH
    -1765328164: "kdc",  # KRB5_REALM_CANT_RESOLVE
}
NO_TICKET = {
    "name": "the KDC knows no service of this name: ldap/{host}",
    "ticket": "this user's ticket cache holds no valid ticket; get one with kinit",
    "clock": "the clocks of this machine and the KDC differ by more than Kerberos allows",
    "kdc": "no KDC of the realm could be reached",
    "": "Kerberos gave no ticket",
}


@dataclass(slots=True)
class NoTicketError(Exception):
    """Nothing was sent to the directory: there is no ticket for it."""

    cause: str  # a key of NO_TICKET
    reason: str

    def __str__(self) -> str:
        return self.reason


@dataclass(slots=True)
class MissingLibraryError(Exception):
    """The method needs a package that is not installed."""

    reason: str

    def __str__(self) -> str:
        return self.reason


def sign_in(
    session: Session, credentials: Credentials, host: str, *, covered: bool, sending: Callable[[], None]
) -> Answered:
    """Present the credentials; `sending` is called right before they leave. `covered`: TLS hides and verifies the way.

    Raises NetError; and, with nothing sent, NoTicketError and MissingLibraryError.
    """
    match credentials.method:
        case Method.SIMPLE:
            if not covered:
                raise AssertionError("a password is never sent in clear")
            return _simple(session, credentials, sending)
        case Method.NTLM:
            return _ntlm(session, credentials, sending)
        case Method.KERBEROS:
            return _kerberos(session, credentials, host, covered=covered, sending=sending)


def _simple(session: Session, credentials: Credentials, sending: Callable[[], None]) -> Answered:
    from ldap3 import SIMPLE
    from ldap3.operation.bind import bind_operation

    password = credentials.password.reveal().encode()
    if not password:  # RFC 4513, 5.1.2: that would be no sign-in, and succeed
        raise AssertionError("an empty password signs nobody in")
    # As bytes: ldap3 would normalise a text, and AD compares what was typed.
    request = bind_operation(VERSION, SIMPLE, credentials.user, password)
    sending()
    return session.bind(request, "simple bind")


def _ntlm(session: Session, credentials: Credentials, sending: Callable[[], None]) -> Answered:
    """NTLMSSP inside GSS-SPNEGO, which Windows and Samba take bare (MS-SPNG 3.3.5.1); without signing."""
    from ldap3.utils.ntlm import NtlmClient

    domain, backslash, name = credentials.user.rpartition("\\")
    client = NtlmClient(
        domain=domain, user_name=name if backslash else credentials.user, password=credentials.password.reveal()
    )
    with _needs_md4():
        client.ntowf_v2()  # before anything is sent: this Python may know no MD4
    offered = _spnego(session, client.create_negotiate_message(), "NTLM negotiate")
    if offered.code != SASL_IN_PROGRESS or not offered.credentials:
        return offered
    try:
        client.parse_challenge_message(offered.credentials)
        proof = client.create_authenticate_message()
    except Exception:  # noqa: BLE001 - ldap3 raises whatever it stumbles over
        raise NetError(State.MISMATCH, "the server's challenge is not NTLM", Stage.ANSWER) from None
    sending()
    return _spnego(session, proof, "NTLM authenticate")


@contextmanager
def _needs_md4() -> Iterator[None]:
    try:
        yield
    except ImportError:
        raise MissingLibraryError(f"NTLM needs MD4: {command_for(MD4)}, or use another method") from None


def _spnego(session: Session, token: bytes, what: str) -> Answered:
    from ldap3 import SASL
    from ldap3.operation.bind import bind_operation

    request = bind_operation(VERSION, SASL, "", None, SPNEGO, token)
    return session.bind(request, what)


def _kerberos(
    session: Session, credentials: Credentials, host: str, *, covered: bool, sending: Callable[[], None]
) -> Answered:
    """With channel binding inside TLS; signed and sealed without (TLS and a seal exclude each other in AD)."""
    try:
        import gssapi
    except (ImportError, OSError):  # OSError: the C library behind it is missing
        raise MissingLibraryError(f"Kerberos needs gssapi: {command_for(KERBEROS)}") from None
    session.trail.note("note", f"asking for a ticket for ldap/{host}")
    context = _context(gssapi, session, credentials.user, host, covered=covered)
    try:
        token = context.step(None)
    except gssapi.exceptions.GSSError as error:
        raise _no_ticket(error, host) from None
    sending()
    try:
        said = _exchanged(session, context, token)
    except gssapi.exceptions.GSSError:
        raise NetError(State.MISMATCH, "the server's answer to the ticket is not Kerberos", Stage.ANSWER) from None
    if said.good and not covered:
        session.line.wrap = lambda data: bytes(context.wrap(data, True).message)
        session.line.unwrap = lambda data: bytes(context.unwrap(data).message)
    return said


def _exchanged(session: Session, context: Any, token: bytes) -> Answered:
    """Tokens back and forth until both sides are done; the server proves itself with its last one."""
    for _ in range(MOST_STEPS):
        said = _spnego(session, token, "Kerberos ticket")
        if said.credentials and not context.complete and said.code in {0, SASL_IN_PROGRESS}:
            token = context.step(said.credentials) or b""
        if said.code != SASL_IN_PROGRESS:
            break
    if said.good and not context.complete:
        raise NetError(State.MISMATCH, "the server did not prove that it is the one the ticket is for", Stage.ANSWER)
    return said


def _context(gssapi: Any, session: Session, user: str, host: str, *, covered: bool) -> Any:
    flag = gssapi.RequirementFlag
    sealed = (flag.integrity, flag.confidentiality, flag.replay_detection, flag.out_of_sequence_detection)
    try:
        name = gssapi.Name(principal(user), gssapi.NameType.user) if principal(user) else None
        own = gssapi.Credentials(name=name, mechs=[gssapi.MechType.kerberos], usage="initiate")
        if covered:
            own = _without_seal(gssapi, own)
        return gssapi.SecurityContext(
            name=gssapi.Name(f"ldap@{host}", gssapi.NameType.hostbased_service),
            mech=gssapi.MechType.kerberos,
            creds=own,
            flags=[flag.mutual_authentication, *(() if covered else sealed)],
            usage="initiate",
            channel_bindings=_bindings(gssapi, session) if covered else None,
        )
    except gssapi.exceptions.GSSError as error:
        raise _no_ticket(error, host) from None


def principal(user: str) -> str:
    """AD's realms are in capitals; DOMAIN\\name and a DN name no principal: whoever has the ticket is meant."""
    name, at, realm = user.rpartition("@")
    return f"{name}@{realm.upper()}" if at else ""


def _without_seal(gssapi: Any, own: Any) -> Any:
    """MIT offers a seal with every ticket unless told GSS_KRB5_CRED_NO_CI_FLAGS_X, and AD refuses it inside TLS."""
    return gssapi.Credentials(base=gssapi.raw.set_cred_option(gssapi.OID.from_int_seq("1.2.752.43.13.29"), creds=own))


def _bindings(gssapi: Any, session: Session) -> Any:
    """tls-server-end-point (RFC 5929, 4.1)."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    der = session.line.certificate()
    used = x509.load_der_x509_certificate(der).signature_hash_algorithm
    digest = hashes.Hash(hashes.SHA256() if used is None or used.name in {"md5", "sha1"} else used)
    digest.update(der)
    return gssapi.raw.ChannelBindings(application_data=b"tls-server-end-point:" + digest.finalize())


def _no_ticket(error: Any, host: str) -> NoTicketError:
    minor = int(getattr(error, "min_code", 0) or 0)
    cause = KRB5_MINOR.get(minor - 2**32 if minor >= 2**31 else minor, "")
    return NoTicketError(cause, NO_TICKET[cause].format(host=host))
