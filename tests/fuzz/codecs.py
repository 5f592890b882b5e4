"""One fuzz target a wire codec: every function of `portcheck.wire` that is given a peer's bytes, by its module."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from portcheck.wire import (
    WireError,
    amqp,
    ber,
    compressed_names,
    epm,
    fingerprint,
    guid,
    http,
    kerberos,
    kerberos_asn1,
    kerberos_preauth,
    kkdcp,
    kpasswd,
    ldap,
    ldap_filter,
    nbt,
    netlogon,
    netlogon_reply,
    nmf,
    ntp,
    rootdse,
    rpc,
    security_descriptor,
    sid,
    sid_forms,
    smb,
    spnego,
    tds,
    text,
    told_names,
    watermark,
    wsman,
)
from portcheck.wire.ldap_answer import SearchAnswer, extended_code
from portcheck.wire.ldap_bind import BindAnswer

Read = Callable[[bytes], object]


def as_text(read: Callable[[str], object]) -> Read:
    return lambda data: read(data.decode("utf-8", "surrogateescape"))


CODECS: Mapping[str, tuple[Read, ...]] = {
    "amqp": (amqp.ProtocolHeader.unpack, amqp.frame),
    "ber": (
        ber.read,
        ber.frame,
        ber.children,
        ber.number,
        ber.text,
        ber.moment,
        lambda d: ber.whole(d, d[0] if d else 0),
    ),
    "compressed_names": (lambda d: compressed_names.read_name(d, 0, len(d)),),
    "epm": (
        epm.Tower.unpack,
        *(lambda d, word=word: epm.MapRequest.unpack(d, word) for word in (epm.NDR32, epm.NDR64)),
        *(lambda d, word=word: epm.unpack_map(d, word) for word in (epm.NDR32, epm.NDR64)),
    ),
    "fingerprint": (fingerprint.name,),
    "guid": (guid.unpack,),
    "http": (http.HttpRequest.unpack, http.HttpResponse.unpack, http.frame),
    "kerberos": (
        kerberos.AsRequest.unpack,
        kerberos.KrbError.unpack,
        kerberos.unpack_reply,
        kerberos.frame,
        kerberos.payload,
        kerberos.is_as_rep,
    ),
    "kerberos_asn1": (kerberos_asn1.fields, lambda d: kerberos_asn1.message(d, d[0] & 0x1F if d else 0, 30)),
    "kerberos_preauth": (kerberos_preauth.preauth,),
    "kkdcp": (kkdcp.KdcProxyMessage.unpack,),
    "kpasswd": (kpasswd.KpasswdRequest.unpack, kpasswd.unpack_reply),
    "ldap": (ldap.unpack_message, ldap.unpack_messages, ldap.frame, lambda d: ldap.AnswerFrame()(d)),
    "ldap_answer": (SearchAnswer.unpack, lambda d: extended_code(d, 1)),
    "ldap_bind": (lambda d: BindAnswer.unpack(d, 1),),
    "ldap_filter": (lambda d: ldap_filter.unpack(ber.read(d)[0]),),
    "nbt": (
        nbt.unpack_nbstat,
        nbt.unpack_nbstat_request,
        nbt.SessionRequest.unpack,
        nbt.SessionReply.unpack,
        nbt.frame,
    ),
    "netlogon": (netlogon.PingRequest.unpack, netlogon.unpack_ping),
    "netlogon_reply": (netlogon_reply.NetlogonReply.unpack,),
    "nmf": (nmf.Preamble.unpack, nmf.unpack_reply, nmf.frame, nmf.frame_preamble),
    "ntp": (ntp.NtpRequest.unpack, ntp.NtpReply.unpack, lambda d: ntp.NtpReply.unpack(d, d[24:32])),
    "rootdse": (as_text(rootdse.relative_names), as_text(rootdse.dns_name), as_text(rootdse.site_of)),
    "rpc": (rpc.unpack, rpc.frame),
    "security_descriptor": (security_descriptor.unpack_dacl,),
    "sid": (sid.unpack, as_text(sid.parse)),
    "sid_forms": (as_text(sid_forms.read),),
    "smb": (smb.NegotiateRequest.unpack, smb.NegotiateResponse.unpack, smb.frame),
    "spnego": (spnego.mechanisms,),
    "tds": (tds.PreLogin.unpack, tds.frame),
    "text": (text.printable, lambda d: text.printable(d, "utf-16-le")),
    "told_names": (as_text(told_names.dns_name), as_text(told_names.netbios_name)),
    "watermark": (as_text(watermark.in_text), lambda d: watermark.in_guid(guid.unpack(d))),
    "wsman": (wsman.product,),
}
NO_BYTES_OF_A_PEER = {"cursor", "kerberos_codes"}
"""A reader for the others' use, and numbers with their names."""


def read_all(name: str) -> Read:
    """Each function of the module in turn: WireError is its answer to what it does not take."""

    def read(data: bytes) -> None:
        for one in CODECS[name]:
            try:
                one(data)
            except WireError:
                continue

    return read
