"""LDAP's answers: the rootDSE, the LDAP ping over UDP and TCP, StartTLS; binds are refused, and all else before one."""

from __future__ import annotations

import time
from dataclasses import replace

from portcheck.server.controller.clock import now
from portcheck.server.controller.record import SAMBA_LEVEL, Certificate, Controller
from portcheck.wire import WireError, guid, ldap
from portcheck.wire.ldap import (
    BindRequest,
    BindResponse,
    ExtendedRequest,
    ExtendedResponse,
    SearchDone,
    SearchEntry,
    SearchRequest,
)
from portcheck.wire.ldap_filter import And, Equals
from portcheck.wire.netlogon import NetlogonReply, Opcode, PingRequest, pack_ping
from portcheck.wire.rootdse import ACTIVE_DIRECTORY

OPERATIONS_ERROR, PROTOCOL_ERROR, STRONGER_AUTH, INVALID_CREDENTIALS = 1, 2, 8, 49
UNBOUND = "000004DC: LdapErr: a successful bind must be completed on the connection"
UNSIGNED = "00002028: LdapErr: the server requires binds to turn on integrity checking"
STRANGER = "8009030C: LdapErr: AcceptSecurityContext error, data 52e"
MAX_DATAGRAM = 4096
LARGEST = {True: 262_144, False: 256_000}
"""Bytes of a request before a bind. DOCUMENTED: MaxPreAuthReceiveBuffer (MS-ADTS 3.1.1.3.4.6), beyond which Windows
drops the connection; Samba's "ldap max anonymous request size" (smb.conf)."""

V5EX, V5 = 0x04, 0x02  # NETLOGON_NT_VERSION (MS-ADTS 6.3.1.1)
SHORT = {
    Opcode.LOGON_EX: Opcode.LOGON,
    Opcode.PAUSE_EX: Opcode.PAUSE,
    Opcode.USER_UNKNOWN_EX: Opcode.USER_UNKNOWN,
}


def answer(dc: Controller, data: bytes) -> bytes:
    op = ldap.unpack_message(data).op
    match op:
        case SearchRequest():
            return _found(dc, op)
        case BindRequest():
            return _bound(dc, op).pack(long_form=dc.windows)
        case ExtendedRequest():
            return _extended(dc, op).pack(long_form=dc.windows)
    raise WireError("nothing to answer")


def starts_tls(dc: Controller, data: bytes) -> bool:
    """Whether TLS follows the answer to this."""
    op = ldap.unpack_message(data).op
    return isinstance(op, ExtendedRequest) and _extended(dc, op).code == ldap.SUCCESS


def ping_answer(dc: Controller, data: bytes) -> bytes:
    """DOCUMENTED: over UDP a search of the rootDSE is answered as over TCP (VERIFIED), and nothing else is."""
    # DOCUMENTED (MS-ADTS 3.1.1.3.4.6): larger requests are ignored silently
    if dc.windows and len(data) > MAX_DATAGRAM:
        raise WireError("larger than MaxDatagramRecv")
    op = ldap.unpack_message(data).op
    if not isinstance(op, SearchRequest):
        raise WireError("nothing to answer")
    if op.base:
        if dc.windows:
            raise WireError("not the rootDSE")
        return SearchDone(op.message_id, OPERATIONS_ERROR, message="Invalid CLDAP basedn").pack()  # measured
    return _found(dc, op)


def _found(dc: Controller, asked: SearchRequest) -> bytes:
    if any(name.lower() == "netlogon" for name in asked.attributes):
        return _ping(dc, asked)
    if asked.base:
        return SearchDone(asked.message_id, OPERATIONS_ERROR, message=UNBOUND).pack(long_form=dc.windows)
    entry = SearchEntry(asked.message_id, attributes=_rootdse(dc))
    # VERIFIED: Windows writes lengths in the long form (recordings)
    return entry.pack(long_form=dc.windows) + SearchDone(asked.message_id).pack(long_form=dc.windows)


def _bound(dc: Controller, asked: BindRequest) -> BindResponse:
    """VERIFIED: where signing is required, plain binds get 8. Anonymous ones are taken; nobody has a password here."""
    if dc.windows and dc.signing:
        return BindResponse(asked.message_id, STRONGER_AUTH, message=UNSIGNED)
    if asked.mechanism == "simple" and not asked.name:
        return BindResponse(asked.message_id)
    return BindResponse(asked.message_id, INVALID_CREDENTIALS, message=STRANGER)


def _extended(dc: Controller, asked: ExtendedRequest) -> ExtendedResponse:
    if asked.name != ldap.START_TLS:
        return ExtendedResponse(asked.message_id, PROTOCOL_ERROR, message="unknown extended operation")
    if dc.certificate is Certificate.NONE:
        # REPORTED: 52 where there is no certificate
        return ExtendedResponse(asked.message_id, ldap.UNAVAILABLE, message="00000000: LdapErr: no certificate")
    return ExtendedResponse(asked.message_id, name=ldap.START_TLS)


def _ping(dc: Controller, search: SearchRequest) -> bytes:
    """VERIFIED: for what it does not host or cannot read, success without a value. Samba likewise (measured)."""
    asked = PingRequest.from_search(search)
    reply = _named(dc, asked) if _hosted(dc, asked, search) else None
    return pack_ping(asked.message_id, reply, long_form=dc.windows)


def _hosted(dc: Controller, asked: PingRequest, search: SearchRequest) -> bool:
    parts = search.filter.parts if isinstance(search.filter, And) else (search.filter,)
    given = [(part.attribute.lower(), part.value) for part in parts if isinstance(part, Equals)]
    if dc.windows and len(dict(given)) < len(given):
        return False  # DOCUMENTED (MS-ADTS 6.3.3.1): each element at most once
    if dict(given).get("domainguid") == guid.pack(dc.netlogon().domain_guid):
        return True  # VERIFIED: whatever domain is named beside the right GUID
    return asked.domain is None or asked.domain.lower() == dc.domain


def _named(dc: Controller, asked: PingRequest) -> NetlogonReply:
    """The version asked for decides the form; measured on Samba, and VERIFIED that every version is answered."""
    reply = dc.netlogon()
    if asked.user:
        reply = replace(reply, opcode=Opcode.USER_UNKNOWN_EX, user=asked.user)  # VERIFIED: all else as usual
    if asked.nt_version & V5EX:
        return reply
    return replace(reply, opcode=SHORT[reply.opcode], nt_version=1 | asked.nt_version & V5)


def _rootdse(dc: Controller) -> tuple[tuple[str, tuple[bytes, ...]], ...]:
    base = ",".join(f"DC={label}" for label in dc.domain.split("."))
    sites = f"CN=Sites,CN=Configuration,{base}"
    level = str(dc.level if dc.windows else SAMBA_LEVEL)
    told = {
        "defaultNamingContext": base,
        "rootDomainNamingContext": base,
        "configurationNamingContext": f"CN=Configuration,{base}",
        "dnsHostName": dc.host,
        "serverName": f"CN={dc.netbios_host},CN=Servers,CN={dc.site},{sites}",
        "supportedCapabilities": ACTIVE_DIRECTORY,
        "supportedSASLMechanisms": "GSSAPI",
        "isSynchronized": "FALSE" if dc.paused else "TRUE",  # DOCUMENTED: FALSE makes the ping say paused
        # INFERRED: in step with the ping's flag
        "isGlobalCatalogReady": "TRUE" if dc.wrong("gc/tcp") is None else "FALSE",
        "domainFunctionality": level,
        "forestFunctionality": level,
        "domainControllerFunctionality": level,
        "currentTime": time.strftime("%Y%m%d%H%M%S.0Z", time.gmtime(now(dc))),
        # DOCUMENTED: Windows names no vendor (MS-ADTS 3.1.1.3.2), and Samba no extensions
        **(
            {"supportedExtension": ldap.START_TLS}
            if dc.windows
            else {"vendorName": "Samba Team (https://www.samba.org)"}
        ),
    }
    return tuple((name, (value.encode(),)) for name, value in told.items())
