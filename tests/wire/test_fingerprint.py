"""Naming a foreign protocol by its first bytes."""

from __future__ import annotations

import pytest

from portcheck.wire import fingerprint, http, nbt, nmf, rpc, smb, tds

KNOWN = {
    "HTTP": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "SSH": b"SSH-2.0-OpenSSH_9.2p1\r\n",
    "TLS": bytes.fromhex("15030300020246"),
    "SMB": smb.NegotiateResponse(smb.NOT_SUPPORTED).pack(),
    "DCE/RPC": rpc.BindAck(1, ((0, 0),)).pack(),
    "DCE/RPC over HTTP": b"ncacn_http/1.0",
    ".NET message framing": nmf.NmfReply("fault", nmf.FAULTS + "UnsupportedVersion").pack(),
    "NetBIOS session": nbt.SessionReply("negative", code=0x8F).pack(),
    "TDS": tds.PreLogin(reply=True).pack(),
    "kpasswd": bytes.fromhex("00140001 0000 7e0c 300aa003020105a10302011e"),
    "FTP or SMTP": b"220 mail.alpha.test ESMTP ready\r\n",
    "POP3": b"+OK ready\r\n",
    "IMAP": b"* OK IMAP4rev1 ready\r\n",
    "VNC": b"RFB 003.008\n",
    "RDP": bytes.fromhex("030000130ed000001234000201080000000000"),
    "telnet": bytes.fromhex("fffd18fffd20"),
    "text": b"go away\r\n",
}


@pytest.mark.parametrize(("protocol", "data"), KNOWN.items(), ids=KNOWN)
def test_each_protocol_is_known_by_its_opening(protocol: str, data: bytes) -> None:
    assert fingerprint.name(data) == protocol


@pytest.mark.parametrize(
    ("kind", "protocol"),
    [("ldap", "LDAP"), ("cldap", "LDAP"), ("kerberos", "Kerberos"), ("smb", "SMB"), ("rpc", "DCE/RPC")],
)
def test_recorded_answers_of_each_protocol_are_named(recordings, kind: str, protocol: str) -> None:
    for recorded in recordings(kind):
        assert fingerprint.name(recorded.response) == protocol, recorded.name


def test_a_request_that_came_back_is_named_as_well() -> None:
    assert fingerprint.name(http.request("GET", "dc1.alpha.test")) == "HTTP"


def test_what_nothing_is_known_of_has_no_name() -> None:
    for unknown in (b"", b"\0", b"\0\0\0\0\0\0\0\0", bytes.fromhex("deadbeef")):
        assert fingerprint.name(unknown) is None
