"""LDAP's answers: the rootDSE, the LDAP ping over UDP and TCP, StartTLS; all else is refused as before a bind."""

from __future__ import annotations

import time

from portcheck.responder.clock import now
from portcheck.responder.controller import Certificate, Controller
from portcheck.wire import WireError, ldap
from portcheck.wire.ldap import ExtendedRequest, ExtendedResponse, SearchDone, SearchEntry, SearchRequest
from portcheck.wire.netlogon import PingRequest, pack_ping
from portcheck.wire.rootdse import ACTIVE_DIRECTORY

OPERATIONS_ERROR = 1
PROTOCOL_ERROR = 2
UNBOUND = "000004DC: LdapErr: a successful bind must be completed on the connection"
MAX_DATAGRAM = 4096


def answer(dc: Controller, data: bytes) -> bytes:
    op = ldap.unpack_message(data).op
    if isinstance(op, SearchRequest):
        return _found(dc, op)
    if isinstance(op, ExtendedRequest):
        return _extended(dc, op).pack(long_form=dc.windows)
    raise WireError("nothing to answer")


def starts_tls(dc: Controller, data: bytes) -> bool:
    """Whether TLS follows the answer to this."""
    op = ldap.unpack_message(data).op
    return isinstance(op, ExtendedRequest) and _extended(dc, op).code == ldap.SUCCESS


def ping_answer(dc: Controller, data: bytes) -> bytes:
    # DOCUMENTED (MS-ADTS 3.1.1.3.4.6): larger requests are ignored silently
    if dc.windows and len(data) > MAX_DATAGRAM:
        raise WireError("larger than MaxDatagramRecv")
    return _ping(dc, PingRequest.unpack(data))


def _found(dc: Controller, asked: SearchRequest) -> bytes:
    if any(name.lower() == "netlogon" for name in asked.attributes):
        return _ping(dc, PingRequest.from_search(asked))
    if asked.base:
        return SearchDone(asked.message_id, OPERATIONS_ERROR, message=UNBOUND).pack(long_form=dc.windows)
    entry = SearchEntry(asked.message_id, attributes=_rootdse(dc))
    # VERIFIED: Windows writes lengths in the long form (recordings)
    return entry.pack(long_form=dc.windows) + SearchDone(asked.message_id).pack(long_form=dc.windows)


def _extended(dc: Controller, asked: ExtendedRequest) -> ExtendedResponse:
    if asked.name != ldap.START_TLS:
        return ExtendedResponse(asked.message_id, PROTOCOL_ERROR, message="unknown extended operation")
    if dc.certificate is Certificate.NONE:
        # REPORTED: 52 where there is no certificate
        return ExtendedResponse(asked.message_id, ldap.UNAVAILABLE, message="00000000: LdapErr: no certificate")
    return ExtendedResponse(asked.message_id, name=ldap.START_TLS)


def _ping(dc: Controller, asked: PingRequest) -> bytes:
    """VERIFIED: for a domain it does not host, success without a value."""
    hosted = asked.domain is None or asked.domain.lower() == dc.domain
    return pack_ping(asked.message_id, dc.netlogon() if hosted else None, long_form=dc.windows)


def _rootdse(dc: Controller) -> tuple[tuple[str, tuple[bytes, ...]], ...]:
    base = ",".join(f"DC={label}" for label in dc.domain.split("."))
    sites = f"CN=Sites,CN=Configuration,{base}"
    told = {
        "defaultNamingContext": base,
        "rootDomainNamingContext": base,
        "configurationNamingContext": f"CN=Configuration,{base}",
        "dnsHostName": dc.host,
        "serverName": f"CN={dc.netbios_host},CN=Servers,CN={dc.site},{sites}",
        "supportedCapabilities": ACTIVE_DIRECTORY,
        "supportedSASLMechanisms": "GSSAPI",
        "isSynchronized": "TRUE",
        "isGlobalCatalogReady": "TRUE",
        "domainFunctionality": "7" if dc.windows else "4",
        "forestFunctionality": "7" if dc.windows else "4",
        # DOCUMENTED: 7 is Windows 2016 to 2022; 4, 2008 R2, is Samba's own default
        "domainControllerFunctionality": "7" if dc.windows else "4",
        "currentTime": time.strftime("%Y%m%d%H%M%S.0Z", time.gmtime(now(dc))),
        # DOCUMENTED: Windows names no vendor (MS-ADTS 3.1.1.3.2); Samba does
        **({} if dc.windows else {"vendorName": "Samba Team (https://www.samba.org)"}),
    }
    return tuple((name, (value.encode(),)) for name, value in told.items())
