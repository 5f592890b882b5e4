"""A Kerberos ticket for a directory, through gssapi: from the cache or the KDC, and what it proves and seals."""

from __future__ import annotations

from typing import Any

from portcheck.frozen import dataclass
from portcheck.model import Stage, State
from portcheck.net.errors import NetError
from portcheck.net.ldap.channel import Channel

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


class NoGssapiError(Exception):
    """The library, or the C library behind it, is not there."""


class ServiceTicket:
    """With channel binding inside TLS; signed and sealed without (TLS and a seal exclude each other in AD).

    Raises NoGssapiError and NoTicketError, with nothing sent to the directory.
    """

    def __init__(self, line: Channel, user: str, host: str, *, covered: bool) -> None:
        try:
            import gssapi
        except (ImportError, OSError):  # OSError: the C library is missing
            raise NoGssapiError from None
        self._gssapi, self._line, self._host = gssapi, line, host
        try:
            self._context = _context(gssapi, line, user, host, covered=covered)
            self.first = bytes(self._context.step(None) or b"")
        except gssapi.exceptions.GSSError as error:
            raise _no_ticket(error, host) from None

    @property
    def complete(self) -> bool:
        """Both sides are done: the server has proven that it is the one the ticket is for."""
        return bool(self._context.complete)

    def step(self, token: bytes) -> bytes:
        """The next token for what the server said. NetError where that is not Kerberos."""
        try:
            return bytes(self._context.step(token) or b"")
        except self._gssapi.exceptions.GSSError:
            reason = "the server's answer to the ticket is not Kerberos"
            raise NetError(State.MISMATCH, reason, Stage.ANSWER) from None

    def seal(self) -> None:
        """From now on nothing passes the line that was not sealed by the one the ticket is for."""
        context = self._context
        self._line.wrap = lambda data: bytes(context.wrap(data, True).message)
        self._line.unwrap = lambda data: bytes(context.unwrap(data).message)
        self._line.proven = True


def _context(gssapi: Any, line: Channel, user: str, host: str, *, covered: bool) -> Any:
    flag = gssapi.RequirementFlag
    sealed = (flag.integrity, flag.confidentiality, flag.replay_detection, flag.out_of_sequence_detection)
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
        channel_bindings=_bindings(gssapi, line) if covered else None,
    )


def principal(user: str) -> str:
    """AD's realms are in capitals; DOMAIN\\name and a DN name no principal: whoever has the ticket is meant."""
    name, at, realm = user.rpartition("@")
    return f"{name}@{realm.upper()}" if at else ""


def _without_seal(gssapi: Any, own: Any) -> Any:
    """MIT offers a seal with every ticket unless told GSS_KRB5_CRED_NO_CI_FLAGS_X, and AD refuses it inside TLS."""
    return gssapi.Credentials(base=gssapi.raw.set_cred_option(gssapi.OID.from_int_seq("1.2.752.43.13.29"), creds=own))


def _bindings(gssapi: Any, line: Channel) -> Any:
    """tls-server-end-point (RFC 5929, 4.1)."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    der = line.certificate()
    used = x509.load_der_x509_certificate(der).signature_hash_algorithm
    digest = hashes.Hash(hashes.SHA256() if used is None or used.name in {"md5", "sha1"} else used)
    digest.update(der)
    return gssapi.raw.ChannelBindings(application_data=b"tls-server-end-point:" + digest.finalize())


def _no_ticket(error: Any, host: str) -> NoTicketError:
    minor = int(getattr(error, "min_code", 0) or 0)
    cause = KRB5_MINOR.get(minor - 2**32 if minor >= 2**31 else minor, "")
    return NoTicketError(cause, NO_TICKET[cause].format(host=host))
