"""SMB on 445 and NetBIOS on 137 and 139: negotiate a dialect, ask for names, open no session."""

from __future__ import annotations

import secrets

from portcheck.model import Check, Facts
from portcheck.net.network import Network
from portcheck.probes import proof
from portcheck.probes.clock import skew_s
from portcheck.probes.exchange import one
from portcheck.probes.probe import Exchange, Probe, Seen, Subject
from portcheck.wire import nbt, smb, watermark


async def negotiate(check: Check, net: Network, subject: Subject) -> Seen:  # noqa: ARG001 - SMB asks for no name
    with await net.tcp(check.known_port) as stream:
        question = smb.negotiate_request(secrets.token_bytes(16), secrets.token_bytes(32))
        await stream.send(question, "SMB2 NEGOTIATE")
        answer = smb.NegotiateResponse.unpack(await stream.read_frame(smb.frame, "SMB2 answer"), smb.MESSAGE_ID)
    if answer.dialect is None:
        return Seen({"smb_error": answer.status}, reason="SMB answered, with no common dialect")
    if found := watermark.in_guid(answer.server_guid):
        return proof.seen(found)
    facts: Facts = {
        "dialect": f"{answer.dialect >> 8}.{(answer.dialect >> 4) & 15}.{answer.dialect & 15}",
        "signing_required": answer.signing_required,
        "server_guid": answer.server_guid,
        "mechanisms": list(answer.mechanisms),
        "clock_skew_s": skew_s(answer.system_time, net.trail),
    }
    return Seen({key: value for key, value in facts.items() if value is not None}, reason=f"SMB {facts['dialect']}")


async def names(check: Check, net: Network, subject: Subject) -> Seen:  # noqa: ARG001 - `*` asks for all names
    number = secrets.randbits(16)

    def accept(data: bytes) -> nbt.NodeStatus:
        found = nbt.unpack_nbstat(data)
        if found.transaction_id != number:
            raise ValueError("a NetBIOS answer, but not to our question")
        return found

    found = (await net.udp(check.known_port, lambda _: nbt.nbstat_request(number), accept)).value
    if any(name == watermark.NETBIOS for name, _, _ in found.names):
        return proof.seen(watermark.Watermark())
    shown = [f"{name}<{suffix:02x}>{' group' if group else ''}" for name, suffix, group in found.names]
    return Seen({"names": shown, "mac": found.mac or ""}, reason="NetBIOS names answered")


async def session(check: Check, net: Network, subject: Subject) -> Seen:  # noqa: ARG001 - `*SMBSERVER` is any server
    with await net.tcp(check.known_port) as stream:
        await stream.send(nbt.session_request(), "NetBIOS session request")
        answer = nbt.SessionReply.unpack(await stream.read_frame(nbt.frame, "NetBIOS session answer"))
    if found := watermark.same((answer.address, answer.port), watermark.RETARGET):
        return proof.seen(found)
    return Seen({"session_accepted": answer.accepted}, reason="NetBIOS session service answered")


def datagram(_: Subject) -> bytes:
    return nbt.nbstat_request(secrets.randbits(16))


def _names(check: Check, subject: Subject) -> Exchange:  # noqa: ARG001
    return one("NetBIOS node status of *", len(nbt.nbstat_request(0)))


def _session(check: Check, subject: Subject) -> Exchange:  # noqa: ARG001
    return one("NetBIOS session request", len(nbt.session_request()))


def _smb(check: Check, subject: Subject) -> Exchange:  # noqa: ARG001
    return one("SMB2 NEGOTIATE", len(smb.negotiate_request(bytes(16), bytes(32))))


PROBES = (
    Probe("smb", negotiate, _smb),
    Probe("netbios-ns", names, _names, datagram),
    Probe("netbios-ssn", session, _session),
)
