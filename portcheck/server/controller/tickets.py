"""Kerberos' answers on 88 and 464: refusals only, each in the manner of its KDC. Nobody gets a ticket here."""

from __future__ import annotations

from portcheck.server.controller.clock import now
from portcheck.server.controller.record import LEVEL_2025, Controller
from portcheck.wire import WireError, kpasswd
from portcheck.wire.kerberos import AsRequest, ErrorCode, KrbError
from portcheck.wire.kerberos_preauth import WINDOWS_TYPES, Preauth
from portcheck.wire.kpasswd import KpasswdReply, KpasswdRequest

LARGEST_REPLY = 1465  # bytes over UDP: MaxDatagramReplySize of a Windows KDC
SAMBA_REFUSAL = "gensec_update failed - NT_STATUS_LOGON_FAILURE\n"
SAMBA_TYPES = (16, 15, 147, 2, 136, 655, 19)  # measured
SAMBA_TEXT = "Need to use PA-ENC-TIMESTAMP/PA-PK-AS-REQ"  # measured
AES, RC4 = (18, 17), (23,)
DEAF_TO = frozenset({88, 464, 22528, 53249})
"""DOCUMENTED (KB2000061): the KDC's loop protection knows two of these ports in the wrong byte order: TCP is reset.
INFERRED: UDP from them gets no answer."""

GENERIC, TOO_LARGE = ErrorCode(2), ErrorCode(52)
UNKNOWN_CLIENT, UNKNOWN_SERVICE, ETYPES, PREAUTH = ErrorCode(6), ErrorCode(7), ErrorCode(14), ErrorCode(25)
WRONG_REALM, MODIFIED, NOT_US = ErrorCode(68), ErrorCode(41), ErrorCode(35)
SERVICES = ("krbtgt", "kadmin")


def kerberos_answer(dc: Controller, data: bytes) -> bytes:
    """25 for the controller's own account, 6 for anybody else; Windows says 68 to a foreign realm."""
    asked = AsRequest.unpack(data)
    # measured: Samba takes the NetBIOS name for the realm's. REPORTED: so does Windows
    if asked.realm.upper() not in {dc.realm, dc.netbios_domain}:
        # VERIFIED: Windows copies realm and sname from the request and tells nothing else. Samba says 6 (measured)
        return _error(dc, asked, WRONG_REALM if dc.windows else UNKNOWN_CLIENT, echo=True)
    if (asked.cname or "").upper() != f"{dc.netbios_host}$":
        return _error(dc, asked, UNKNOWN_CLIENT)
    if asked.sname is not None and asked.sname.partition("/")[0].lower() not in SERVICES:
        return _error(dc, asked, UNKNOWN_SERVICE)  # VERIFIED (recordings), and measured on Samba
    # DOCUMENTED: RC4 is being retired with 2025
    known = AES if dc.windows and dc.level >= LEVEL_2025 else (*AES, *RC4)
    if not set(known) & set(asked.etypes):
        return _error(dc, asked, ETYPES)  # VERIFIED, and measured on Samba
    hint = Preauth(
        # VERIFIED (recordings): Windows offers what both know; Samba tells the best alone (measured)
        tuple(etype for etype in known if etype in asked.etypes)[: None if dc.windows else 1],
        f"{dc.realm}host{dc.host}",
        WINDOWS_TYPES if dc.windows else SAMBA_TYPES,
    )
    return _error(dc, asked, PREAUTH, hint.pack(), SAMBA_TEXT)


def kerberos_datagram(dc: Controller, data: bytes) -> bytes:
    """VERIFIED: a Windows KDC sends no large datagram, but the advice to use TCP; Samba sends it (measured)."""
    reply = kerberos_answer(dc, data)
    if dc.windows and len(reply) > LARGEST_REPLY:
        return KrbError(TOO_LARGE, dc.realm, f"krbtgt/{dc.realm}", now(dc)).pack()
    return reply


def _error(
    dc: Controller, asked: AsRequest, code: ErrorCode, e_data: bytes | None = None, text: str | None = None, *,
    echo: bool = False,
) -> bytes:  # fmt: skip
    """VERIFIED: Windows never tells client names or text; Samba does (measured)."""
    sname = asked.sname or f"krbtgt/{asked.realm}"
    if not dc.windows:
        error = KrbError(code, asked.realm, sname, now(dc), e_data, text, crealm=asked.realm, cname=asked.cname)
        return error.pack()
    realm = asked.realm if echo else dc.realm  # REPORTED: Windows tells the canonical realm; Samba echoes (measured)
    return KrbError(code, realm, sname, now(dc), e_data).pack()


def kpasswd_answer(dc: Controller, data: bytes) -> bytes:
    """A bare KRB-ERROR from Windows (VERIFIED by MIT's client), a framed one with text from Samba (measured)."""
    asked = KpasswdRequest.unpack(data)
    if not dc.windows:
        text = kpasswd.e_data(2, SAMBA_REFUSAL)
        error = KrbError(GENERIC, dc.realm, kpasswd.SERVICE, now(dc), e_data=text)
        return KpasswdReply(framed=True, error=error).pack(asked.version)
    if asked.realm is None:
        # INFERRED: nothing public shows an answer to what is not a well-formed AP-REQ
        raise WireError("not a well-formed AP-REQ")
    # INFERRED: which codes; VERIFIED: e-data may be missing
    code = MODIFIED if asked.realm.upper() == dc.realm else NOT_US
    return KpasswdReply(framed=False, error=KrbError(code, dc.realm, kpasswd.SERVICE, now(dc))).pack(asked.version)
