"""SMB's and NetBIOS' answers: one NEGOTIATE, the table of names, the session request."""

from __future__ import annotations

from portcheck.responder.clock import now
from portcheck.responder.controller import Controller
from portcheck.wire import nbt, smb

SERVER_GUID = "00112233-4455-6677-8899-aabbccddeeff"
SAMBA_MECHANISMS = ("MS-KRB5", "KRB5", "NTLMSSP")
SIGNING = smb.SIGNING_ENABLED | smb.SIGNING_REQUIRED  # DOCUMENTED: every controller's default


def smb_answer(dc: Controller, data: bytes) -> bytes:
    asked = smb.NegotiateRequest.unpack(data)
    known = [dialect for dialect in asked.dialects if dialect in smb.DIALECTS]
    if not known:
        return smb.NegotiateResponse(smb.NOT_SUPPORTED).pack()
    return smb.NegotiateResponse(
        status=0,
        dialect=max(known),
        security_mode=SIGNING,
        server_guid=SERVER_GUID,
        system_time=now(dc),
        mechanisms=smb.MECHANISMS if dc.windows else SAMBA_MECHANISMS,
    ).pack()


def names_answer(dc: Controller, data: bytes) -> bytes:
    """The controller's name, its domain's, and <1c>, the domain's controllers (VERIFIED); Samba tells no MAC."""
    asked = nbt.unpack_nbstat_request(data)
    names = (
        (dc.netbios_host, 0x00, False),
        (dc.netbios_domain, 0x00, True),
        (dc.netbios_domain, 0x1C, True),
        (dc.netbios_host, 0x20, False),
    )
    return nbt.NodeStatus(asked, names, "00:15:5d:00:00:01" if dc.windows else None).pack()


def session_answer(data: bytes) -> bytes:
    nbt.SessionRequest.unpack(data)
    return nbt.SessionReply("positive").pack()
