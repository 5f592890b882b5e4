"""Question to answer, bytes to bytes, per protocol; WireError where a real server would stay silent or hang up."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from portcheck.responder.controller import Controller
from portcheck.wire import WireError, epm, kpasswd, ldap, rpc, smb
from portcheck.wire.kerberos import AsRequest, ErrorCode, KrbError, Preauth
from portcheck.wire.kpasswd import KpasswdReply, KpasswdRequest
from portcheck.wire.ldap import ExtendedRequest, ExtendedResponse, SearchDone, SearchEntry, SearchRequest
from portcheck.wire.netlogon import PingRequest, pack_ping
from portcheck.wire.ntp import NtpReply, NtpRequest
from portcheck.wire.rootdse import ACTIVE_DIRECTORY

Records = dict[tuple[str, str], list[str]]
SAMBA_REFUSAL = "gensec_update failed - NT_STATUS_LOGON_FAILURE\n"


def now(dc: Controller) -> float:
    return time.time() + dc.clock_ahead_s


def ldap_answer(dc: Controller, data: bytes) -> bytes:
    """rootDSE, LDAP ping, StartTLS (never available here); anything else is refused as AD does before a bind."""
    message = ldap.unpack_message(data)
    op = message.op
    if isinstance(op, SearchRequest):
        if any(name.lower() == "netlogon" for name in op.attributes):
            return _ping(dc, PingRequest.from_search(op))
        if op.base:
            return SearchDone(op.message_id, 1, message="000004DC: a successful bind must be completed").pack()
        entry = SearchEntry(op.message_id, attributes=_rootdse(dc))
        # VERIFIED: Windows writes lengths in the long form (recordings)
        return entry.pack(long_form=dc.windows) + SearchDone(op.message_id).pack(long_form=dc.windows)
    if isinstance(op, ExtendedRequest):
        return ExtendedResponse(op.message_id, ldap.UNAVAILABLE, message="00000000: no certificate").pack()
    raise WireError("nothing to answer")


def ldap_ping_answer(dc: Controller, data: bytes) -> bytes:
    return _ping(dc, PingRequest.unpack(data))


def _ping(dc: Controller, asked: PingRequest) -> bytes:
    hosted = asked.domain is None or asked.domain.lower() == dc.domain
    return pack_ping(asked.message_id, dc.netlogon() if hosted else None, long_form=dc.windows)


def _rootdse(dc: Controller) -> tuple[tuple[str, tuple[bytes, ...]], ...]:
    base = ",".join(f"DC={label}" for label in dc.domain.split("."))
    clock = time.strftime("%Y%m%d%H%M%S.0Z", time.gmtime(now(dc)))
    told = {
        "defaultNamingContext": base,
        "rootDomainNamingContext": base,
        "configurationNamingContext": f"CN=Configuration,{base}",
        "dnsHostName": dc.host,
        "serverName": f"CN={dc.netbios_host},CN=Servers,CN={dc.site},CN=Sites,CN=Configuration,{base}",
        "supportedCapabilities": ACTIVE_DIRECTORY,
        "supportedSASLMechanisms": "GSSAPI",
        "isSynchronized": "TRUE",
        "isGlobalCatalogReady": "TRUE",
        "domainControllerFunctionality": "7",
        "currentTime": clock,
        # DOCUMENTED: Windows names no vendor (MS-ADTS 3.1.1.3.2); Samba does
        **({} if dc.windows else {"vendorName": "Samba Team (https://samba.org)"}),
    }
    return tuple((name, (value.encode(),)) for name, value in told.items())


def kerberos_answer(dc: Controller, data: bytes) -> bytes:
    """25 for the controller's own account, 6 for anybody else; Windows says 68 to a foreign realm (VERIFIED)."""
    asked = AsRequest.unpack(data)
    sname = asked.sname or f"krbtgt/{asked.realm}"
    if dc.windows and asked.realm.upper() != dc.realm:
        return KrbError(ErrorCode(68), asked.realm, sname, now(dc)).pack()
    if (asked.cname or "").upper() == f"{dc.netbios_host}$":
        salt = f"{dc.realm}host{dc.host}"
        hint = Preauth(etypes=(18, 17), salt=salt).pack()
        return KrbError(ErrorCode(25), dc.realm, sname, now(dc), e_data=hint).pack()
    return KrbError(ErrorCode(6), dc.realm, sname, now(dc)).pack()


def kpasswd_answer(dc: Controller, data: bytes) -> bytes:
    """Windows answers with a bare KRB-ERROR (VERIFIED by MIT's client), Samba with a framed one (measured)."""
    asked = KpasswdRequest.unpack(data)
    if dc.windows and asked.realm is None:
        raise WireError("Windows is not known to answer what is not a well-formed AP-REQ")
    text = None if dc.windows else kpasswd.e_data(2, SAMBA_REFUSAL)
    error = KrbError(ErrorCode(41 if dc.windows else 2), dc.realm, "kadmin/changepw", now(dc), e_data=text)
    return KpasswdReply(framed=not dc.windows, error=error).pack(asked.version)


def ntp_answer(dc: Controller, data: bytes) -> bytes:
    asked = NtpRequest.unpack(data[:48])
    # VERIFIED: w32time answers with version 3, whatever it was asked in
    version = 3 if dc.windows else asked.version
    clock = now(dc)
    return NtpReply(0, version, 2, "10.0.0.1", asked.cookie, clock, clock, 0.01, 0.05).pack()


def smb_answer(dc: Controller, data: bytes) -> bytes:
    asked = smb.NegotiateRequest.unpack(data)
    return smb.NegotiateResponse(
        status=0,
        dialect=max(asked.dialects),
        security_mode=3,
        server_guid="00112233-4455-6677-8899-aabbccddeeff",
        system_time=now(dc),
        mechanisms=smb.MECHANISMS,
    ).pack()


def mapper_answer(dc: Controller, data: bytes, port: int) -> bytes:
    """The endpoint mapper: every interface that is not missing lives on `port`."""
    pdu = rpc.unpack(data)
    if isinstance(pdu, rpc.Bind):
        return _bound(pdu, "135")
    if not isinstance(pdu, rpc.Request):
        raise WireError("nothing to answer")
    asked = epm.MapRequest.unpack(pdu.stub)
    if asked.interface in dc.missing_interfaces:
        return rpc.Response(pdu.call_id, epm.MapAnswer(epm.NOT_REGISTERED).pack(asked.max_towers)).pack()
    # Samba leaves the address empty, Windows tells its own
    tower = epm.Tower(asked.interface, asked.version, tcp_port=port, address=dc.address if dc.windows else "0.0.0.0")  # noqa: S104
    return rpc.Response(pdu.call_id, epm.MapAnswer(0, (tower,)).pack(asked.max_towers)).pack()


def interface_answer(data: bytes, port: int) -> bytes:
    pdu = rpc.unpack(data)
    if not isinstance(pdu, rpc.Bind):
        raise WireError("nothing to answer")
    return _bound(pdu, str(port))


def _bound(pdu: rpc.Bind, address: str) -> bytes:
    return rpc.BindAck(pdu.call_id, ((0, 0),) * len(pdu.offered), address).pack()


def dns_answer(zones: Mapping[str, Sequence[Controller]], ports: Mapping[str, int], data: bytes) -> bytes:
    """The records of the zones: SRV of each controller, their addresses, the name servers."""
    import dns.exception
    import dns.flags
    import dns.message
    import dns.rcode
    import dns.rrset

    try:
        question = dns.message.from_wire(data)
    except (dns.exception.DNSException, ValueError) as error:
        raise WireError("not a DNS question") from error
    reply = dns.message.make_response(question)
    if not question.question:
        return reply.to_wire()
    asked = question.question[0]
    name = asked.name.to_text(omit_final_dot=True).lower()
    domain = next((zone for zone in zones if name == zone or name.endswith(f".{zone}")), None)
    if domain is None:
        reply.set_rcode(dns.rcode.REFUSED)
        return reply.to_wire()
    reply.flags |= dns.flags.AA
    records = _records(zones[domain], domain, ports)
    rows = records.get((name, dns.rdatatype.to_text(asked.rdtype)), [])
    if rows:
        reply.answer.append(dns.rrset.from_text_list(asked.name, 600, "IN", asked.rdtype, rows))
    elif not any(known == name for known, _ in records):
        reply.set_rcode(dns.rcode.NXDOMAIN)
    return reply.to_wire()


def _records(
    controllers: Sequence[Controller], domain: str, ports: Mapping[str, int]
) -> dict[tuple[str, str], list[str]]:
    found: Records = {}
    service_of = {
        f"_ldap._tcp.dc._msdcs.{domain}": "ldap/tcp",
        f"_ldap._tcp.pdc._msdcs.{domain}": "ldap/tcp",
        f"_kerberos._tcp.{domain}": "kerberos/tcp",
        f"_kpasswd._tcp.{domain}": "kpasswd/tcp",
        f"_gc._tcp.{domain}": "gc/tcp",
    }
    for dc in controllers:
        found.setdefault((dc.host, "A"), []).append(dc.address)
        found.setdefault((domain, "NS"), []).append(f"{dc.host}.")
        for name, service in service_of.items():
            found.setdefault((name, "SRV"), []).append(f"0 100 {ports.get(service, 0)} {dc.host}.")
    return found
