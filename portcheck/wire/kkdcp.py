"""Kerberos through an HTTPS proxy (MS-KKDCP 2.2.2): the KDC-PROXY-MESSAGE around a Kerberos message."""

from __future__ import annotations

from portcheck.frozen import dataclass
from portcheck.wire import WireError, ber, kerberos
from portcheck.wire.kerberos_asn1 import field, fields, read_octets, read_string, sequence, string

PATH = "/KdcProxy"
HEADERS = (("User-Agent", "kerberos/1.0"), ("Content-Type", "application/kerberos"), ("Cache-Control", "no-cache"))
"""As Windows and MIT krb5 send them (MS-KKDCP 2.1; the path is 3.1.5.1's)."""


@dataclass(frozen=True, slots=True)
class KdcProxyMessage:
    """`message`: one Kerberos message without its TCP length, which the wire form carries (2.2.2, kerb-message)."""

    message: bytes
    realm: str = ""  # target-domain: where the proxy is to find a KDC; answers have none

    def pack(self) -> bytes:
        domain = field(1, string(self.realm)) if self.realm else b""
        return sequence(field(0, ber.octets(kerberos.tcp(self.message))), domain)

    @classmethod
    def unpack(cls, data: bytes) -> KdcProxyMessage:
        found = fields(ber.whole(data, ber.SEQUENCE), most=3)
        framed = read_octets(found, 0)
        if framed is None or kerberos.frame(framed) != len(framed):
            raise WireError("a KDC-PROXY-MESSAGE without one whole Kerberos message")
        return cls(framed[4:], read_string(found, 1) or "")
