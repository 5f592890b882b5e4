"""Kerberos' answers on 88 and 464: refusals only, each in the manner of its KDC. Nobody gets a ticket here."""

from __future__ import annotations

from portcheck.responder.clock import now
from portcheck.responder.controller import Controller
from portcheck.wire import WireError, kpasswd
from portcheck.wire.kerberos import AsRequest, ErrorCode, KrbError
from portcheck.wire.kerberos_preauth import WINDOWS_TYPES, Preauth
from portcheck.wire.kpasswd import KpasswdReply, KpasswdRequest

LARGEST_REPLY = 1465  # bytes over UDP: MaxDatagramReplySize of a Windows KDC
SAMBA_REFUSAL = "gensec_update failed - NT_STATUS_LOGON_FAILURE\n"
SAMBA_TYPES = (16, 15, 147, 2, 136, 655, 19)  # measured on Samba 4.17
GENERIC, TOO_LARGE = ErrorCode(2), ErrorCode(52)
UNKNOWN_PRINCIPAL, PREAUTH_REQUIRED, WRONG_REALM, MODIFIED = ErrorCode(6), ErrorCode(25), ErrorCode(68), ErrorCode(41)


def kerberos_answer(dc: Controller, data: bytes) -> bytes:
    """25 for the controller's own account, 6 for anybody else; Windows says 68 to a foreign realm."""
    asked = AsRequest.unpack(data)
    sname = asked.sname or f"krbtgt/{asked.realm}"
    realm = (
        dc.realm if dc.windows else asked.realm
    )  # REPORTED: Windows tells the canonical one; Samba echoes (measured)
    if asked.realm.upper() != dc.realm:
        # VERIFIED: Windows copies realm and sname from the request and tells nothing else. Samba says 6 (measured)
        return KrbError(WRONG_REALM if dc.windows else UNKNOWN_PRINCIPAL, asked.realm, sname, now(dc)).pack()
    if (asked.cname or "").upper() == f"{dc.netbios_host}$":
        hint = Preauth((18, 17), f"{dc.realm}host{dc.host}", WINDOWS_TYPES if dc.windows else SAMBA_TYPES)
        return KrbError(PREAUTH_REQUIRED, realm, sname, now(dc), e_data=hint.pack()).pack()
    return KrbError(UNKNOWN_PRINCIPAL, realm, sname, now(dc)).pack()


def kerberos_datagram(dc: Controller, data: bytes) -> bytes:
    """VERIFIED: a Windows KDC sends no large datagram, but the advice to use TCP; Samba sends it."""
    reply = kerberos_answer(dc, data)
    if dc.windows and len(reply) > LARGEST_REPLY:
        return KrbError(TOO_LARGE, dc.realm, f"krbtgt/{dc.realm}", now(dc)).pack()
    return reply


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
    # INFERRED: which code; VERIFIED: e-data may be missing
    return KpasswdReply(framed=False, error=KrbError(MODIFIED, dc.realm, kpasswd.SERVICE, now(dc))).pack(asked.version)
