"""What do these foreign bytes look like? For saying who answered where another protocol was expected; never a proof."""

from __future__ import annotations

import re

PATTERNS: tuple[tuple[str, bytes], ...] = (
    ("HTTP", rb"HTTP/\d|(?:GET|POST|HEAD|OPTIONS|CONNECT) \S+ HTTP/\d|(?i:<!DOCTYPE html|<html)"),
    ("SSH", rb"SSH-\d"),
    ("TLS", rb"\x16\x03[\x00-\x04]..[\x01\x02]|\x15\x03[\x00-\x04]\x00\x02[\x01\x02]"),
    ("SMB", rb"(?:\x00.{3})?[\xfe\xff\xfd]SMB"),
    ("DCE/RPC over HTTP", rb"ncacn_http/1\.0"),
    ("DCE/RPC", rb"\x05[\x00\x01][\x00-\x13].[\x00\x10]"),
    # a KRB-ERROR, AS-REP or TGS-REP, bare or after TCP's four length bytes; or framed by kpasswd
    ("Kerberos", rb"(?:\x00[\x00-\x0f]..|)[\x6a-\x6f\x7e](?:[\x02-\x7f]|\x81.|\x82..|\x84.{4})\x30"),
    ("kpasswd", rb"..(?:\x00\x01|\xff\x80)\x00\x00\x7e"),
    ("LDAP", rb"\x30(?:[\x05-\x7f]|\x81.|\x82..|\x83.{3}|\x84.{4})\x02[\x01-\x04]"),
    (".NET message framing", rb"\x08.{1,2}http://schemas\.microsoft\.com/ws/2006/05/framing/faults/"),
    ("NetBIOS session", rb"\x82\x00\x00\x00\Z|\x83\x00\x00\x01[\x80-\x83\x8f]|\x84\x00\x00\x06"),
    ("TDS", rb"\x04\x01\x00.\x00\x00[\x00\x01]\x00\x00\x00"),
    ("RDP", rb"\x03\x00\x00.[\x02-\x7f][\xd0\xe0]"),
    ("VNC", rb"RFB \d{3}\.\d{3}"),
    ("FTP or SMTP", rb"(?:220|421|554)[ -][\x20-\x7e]*"),
    ("POP3", rb"\+OK "),
    ("IMAP", rb"\* (?:OK|BYE|PREAUTH) "),
    ("telnet", rb"\xff[\xfb-\xfe]."),
    ("text", rb"[\x20-\x7e\r\n\t]{4,}\Z"),
)


def name(data: bytes) -> str | None:
    """The first protocol whose opening bytes these are; None when nothing is known of them."""
    start = data[:256].lstrip(b"\r\n") or data[:256]
    return next((protocol for protocol, pattern in PATTERNS if re.match(pattern, start, re.DOTALL)), None)
