"""SMB's and NetBIOS' answers: one NEGOTIATE, the table of names, the session request."""

from __future__ import annotations

from portcheck.server.controller.clock import now
from portcheck.server.controller.record import LEVEL_2012_R2, Controller
from portcheck.wire import WireError, nbt, smb

SERVER_GUID = "00112233-4455-6677-8899-aabbccddeeff"
SAMBA_MECHANISMS = ("MS-KRB5", "KRB5", "NTLMSSP")
SIGNING = smb.SIGNING_ENABLED | smb.SIGNING_REQUIRED  # DOCUMENTED: every controller's default; Samba too (measured)
SMB_2_X, SMB_2_002 = b"\x02SMB 2.???\x00", b"\x02SMB 2.002\x00"
ANY_SERVER = "*SMBSERVER"
DIALECT_COUNT = slice(4 + smb.HEADER + 2, 4 + smb.HEADER + 4)


def smb_answer(dc: Controller, data: bytes) -> bytes:
    if data[4:8] == smb.PROTOCOL_SMB1:
        return _agreed(dc, _multi_protocol(data))
    if data[DIALECT_COUNT] == b"\0\0":
        return smb.NegotiateResponse(smb.INVALID_PARAMETER).pack()  # DOCUMENTED (MS-SMB2 3.3.5.4)
    asked = smb.NegotiateRequest.unpack(data)
    # DOCUMENTED: 2012 R2 ends at 3.0.2
    newest = 0x0302 if dc.windows and dc.level <= LEVEL_2012_R2 else max(smb.DIALECTS)
    known = [dialect for dialect in asked.dialects if dialect in smb.DIALECTS and dialect <= newest]
    if not known:
        return smb.NegotiateResponse(smb.NOT_SUPPORTED).pack()
    return _agreed(dc, max(known))


def asks_smb2(question: bytes) -> bool:
    """DOCUMENTED (MS-SMB2 3.3.5.4), and measured on Samba: a second one on a connection is answered by hanging up."""
    return question[4:8] == smb.PROTOCOL


def _multi_protocol(data: bytes) -> int:
    """DOCUMENTED (MS-SMB2 3.3.5.3), and measured on Samba: the SMB1 form gets SMB2 where it offers it, else nothing.

    Of SMB1 itself, Windows from 2019 on says nothing (DOCUMENTED); Samba refuses it in its own form (measured), which
    is left out here.
    """
    if SMB_2_X in data:
        return smb.MULTI_PROTOCOL
    if SMB_2_002 in data:
        return 0x0202
    raise WireError("SMB1 is not served")


def _agreed(dc: Controller, dialect: int) -> bytes:
    return smb.NegotiateResponse(
        status=0,
        dialect=dialect,
        security_mode=SIGNING,
        server_guid=SERVER_GUID,
        system_time=now(dc),  # and no start time: DOCUMENTED from 2019 on; Samba too (measured)
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


def session_answer(dc: Controller, data: bytes) -> bytes:
    """VERIFIED: Windows refuses a name that is not its own with code 8f; Samba takes any (measured)."""
    called = nbt.SessionRequest.unpack(data).called.upper()
    if dc.windows and called not in {ANY_SERVER, dc.netbios_host}:
        return nbt.SessionReply("negative", 0x8F).pack()
    return nbt.SessionReply("positive").pack()
