"""What `portcheck listen` answers: as little as proves that the question came through, marked as its own.

Nothing here may pass for a controller: no ticket, no time, no account, and a directory that is not ready.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING

from portcheck.catalogue.services import services
from portcheck.frozen import dataclass
from portcheck.server.controller import placement
from portcheck.server.controller.record import Controller
from portcheck.wire import WireError, epm, http, kpasswd, ldap, nbt, nmf, ntp, rpc, smb, tds, watermark
from portcheck.wire.kerberos import AsRequest, ErrorCode, KrbError
from portcheck.wire.kpasswd import KpasswdReply, KpasswdRequest
from portcheck.wire.ldap import ExtendedRequest, ExtendedResponse, SearchDone, SearchEntry, SearchRequest
from portcheck.wire.netlogon import NetlogonReply, Opcode, PingRequest, pack_ping
from portcheck.wire.watermark import Watermark

if TYPE_CHECKING:
    import dns.message

GENERIC = ErrorCode.KRB_ERR_GENERIC
UNWILLING, PROTOCOL_ERROR = 53, 2
INTERFACES = tuple(name for name, service in services().items() if service.dynamic)
UNKNOWN_HERE = (rpc.PROVIDER_REJECTION, rpc.ABSTRACT_SYNTAX_NOT_SUPPORTED)


@dataclass(slots=True)
class Listener:
    """What stands in at one address: its name, and the domain it is asked about (empty: any).

    `offered` and `rpc_ports` grow as ports are opened: it promises nothing that it does not have.
    """

    host: str
    domain: str = ""
    offered: set[str] = field(default_factory=set)
    rpc_ports: list[int] = field(default_factory=list)

    @property
    def mark(self) -> Watermark:
        return Watermark.of(self.offered)

    @property
    def realm(self) -> str:
        return self.domain.upper()

    def port_of(self, interface: str | None) -> int | None:
        """The interfaces in turn on the ports, so that as many ports as possible are asked."""
        if interface not in INTERFACES or not self.rpc_ports:
            return None
        return self.rpc_ports[INTERFACES.index(interface) % len(self.rpc_ports)]


def directory(own: Listener, data: bytes) -> bytes:
    """A rootDSE that is not synchronised; no bind, no search."""
    op = ldap.unpack_message(data).op
    match op:
        case SearchRequest() if any(name.lower() == "netlogon" for name in op.attributes):
            return _ping(own, PingRequest.from_search(op))
        case SearchRequest() if not op.base:
            return _rootdse(own, op.message_id)
        case SearchRequest():
            return SearchDone(op.message_id, UNWILLING, message=own.mark.text).pack()
        case ldap.BindRequest():
            return ldap.BindResponse(op.message_id, UNWILLING, message=own.mark.text).pack()
        case ExtendedRequest() if op.name == ldap.START_TLS:
            return ExtendedResponse(op.message_id, name=ldap.START_TLS).pack()
        case ExtendedRequest():
            return ExtendedResponse(op.message_id, PROTOCOL_ERROR, message=own.mark.text).pack()
    raise WireError("nothing to answer")


def starts_tls(data: bytes) -> bool:
    op = ldap.unpack_message(data).op
    return isinstance(op, ExtendedRequest) and op.name == ldap.START_TLS


def _rootdse(own: Listener, message_id: int) -> bytes:
    told = {"vendorName": own.mark.text, "dnsHostName": own.host, "isSynchronized": "FALSE"}
    rows = tuple((name, (value.encode(),)) for name, value in told.items())
    return SearchEntry(message_id, attributes=rows).pack() + SearchDone(message_id).pack()


def _ping(own: Listener, asked: PingRequest) -> bytes:
    """Paused, so that a client that finds it by mistake passes it over (MS-ADTS 6.3.3.2)."""
    domain = own.domain or asked.domain or ""
    reply = NetlogonReply(Opcode.PAUSE_EX, domain_guid=own.mark.guid, forest=domain, domain=domain, host=own.host)
    return pack_ping(asked.message_id, reply)


def kerberos(own: Listener, data: bytes) -> bytes:
    asked = AsRequest.unpack(data)
    sname = asked.sname or f"krbtgt/{asked.realm}"
    return KrbError(GENERIC, asked.realm, sname, time.time(), e_text=own.mark.text).pack()


def password(own: Listener, data: bytes) -> bytes:
    asked = KpasswdRequest.unpack(data)
    error = KrbError(GENERIC, own.realm or asked.realm or "", kpasswd.SERVICE, time.time(), e_text=own.mark.text)
    return KpasswdReply(framed=True, error=error).pack(asked.version)


def clock(data: bytes) -> bytes:
    """A clock that is not set: nobody may follow this machine's."""
    asked = ntp.NtpRequest.unpack(data)
    return ntp.NtpReply(ntp.UNSYNCHRONIZED, asked.version, 0, watermark.NTP, asked.cookie, None, None).pack()


def mapper(own: Listener, data: bytes) -> bytes:
    pdu = rpc.unpack(data)
    if isinstance(pdu, rpc.Bind):
        return _bound(own, pdu, epm.INTERFACE)
    if not isinstance(pdu, rpc.RpcRequest):
        raise WireError("nothing to answer")
    asked = epm.MapRequest.unpack(pdu.stub)
    port = own.port_of(placement.named(asked.interface))
    if port is None:
        return rpc.RpcResponse(pdu.call_id, epm.MapAnswer(epm.NOT_REGISTERED).pack(asked.max_towers)).pack()
    tower = epm.Tower(asked.interface, asked.version, tcp_port=port)
    return rpc.RpcResponse(pdu.call_id, epm.MapAnswer(0, (tower,)).pack(asked.max_towers)).pack()


def interface(own: Listener, data: bytes) -> bytes:
    """Any of RPC's interfaces, on any of the dynamic ports: which one it will be later is not decided here."""
    pdu = rpc.unpack(data)
    if not isinstance(pdu, rpc.Bind):
        raise WireError("nothing to answer")
    return _bound(own, pdu, *(row.interface for row in services().values() if row.interface))


def _bound(own: Listener, pdu: rpc.Bind, *known: str) -> bytes:
    verdict = (0, 0) if pdu.interface in known else UNKNOWN_HERE
    return rpc.BindAck(pdu.call_id, (verdict,) * len(pdu.offered), own.mark.text).pack()


def share(own: Listener, data: bytes) -> bytes:
    asked = smb.NegotiateRequest.unpack(data)
    common = [dialect for dialect in asked.dialects if dialect in smb.DIALECTS]
    if not common:
        return smb.NegotiateResponse(smb.NOT_SUPPORTED).pack()
    signing = smb.SIGNING_ENABLED | smb.SIGNING_REQUIRED
    return smb.NegotiateResponse(0, max(common), signing, own.mark.guid, system_time=time.time()).pack()


def names(data: bytes) -> bytes:
    return nbt.NodeStatus(nbt.unpack_nbstat_request(data), ((watermark.NETBIOS, 0x00, False),)).pack()


def session(data: bytes) -> bytes:
    nbt.SessionRequest.unpack(data)
    address, port = watermark.RETARGET
    return nbt.SessionReply("retarget", address=address, port=port).pack()


def web(data: bytes) -> bytes:
    http.HttpRequest.unpack(data)
    headers = (("Server", watermark.HTTP), ("Content-Type", "text/plain"), ("Connection", "close"))
    return http.HttpResponse(404, "Not Found", headers, f"{watermark.NAME}\r\n".encode()).pack()


def framing(data: bytes) -> bytes:
    nmf.Preamble.unpack(data)
    return nmf.NmfReply("fault", f"{nmf.FAULTS}{watermark.FRAMING}").pack()


def database(data: bytes) -> bytes:
    """Encryption is not supported, so no client goes on with a secret."""
    if tds.PreLogin.unpack(data).reply:
        raise WireError("an answer, no question")
    return tds.PreLogin(watermark.TDS, encryption=2, reply=True).pack()


def anything(data: bytes) -> bytes:
    """Whatever it was; but not our own words, or two of us could be made to talk for ever."""
    if watermark.NAME.encode() in data:
        raise WireError("our own words")
    return watermark.NAME.encode()


def records(own: Listener, addresses: tuple[str, ...], ports: Mapping[str, int], data: bytes) -> dns.message.Message:
    """The domain's records where one was named, which lead here; in any case the mark."""
    import dns.rrset

    from portcheck.server.controller import zone

    reply = zone.reply_to(
        zone.question_in(data), (Controller(own.host, own.domain or "invalid", addresses[0], addresses[1:]),), ports
    )
    name = reply.question[0].name
    reply.additional.append(dns.rrset.from_text(name, 0, "IN", "TXT", f'"{own.mark.text}"'))
    return reply
