"""WS-Management Identify (DSP0226 section 11, MS-WSMV 3.1.4.1.23): the one question WinRM answers to strangers."""

from __future__ import annotations

import re

from portcheck.wire import http
from portcheck.wire.text import printable

PATH = "/wsman"
SOAP = "http://www.w3.org/2003/05/soap-envelope"
IDENTITY = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"
PROTOCOL = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
CONTENT_TYPE = ("Content-Type", "application/soap+xml;charset=UTF-8")
ANONYMOUS = ("WSMANIDENTIFY", "unauthenticated")

ENVELOPE = f'<s:Envelope xmlns:s="{SOAP}" xmlns:wsmid="{IDENTITY}"><s:Header/><s:Body>%s</s:Body></s:Envelope>'
# a pattern, not an XML parser: nothing in the answer can then expand or refer elsewhere
FIELD = re.compile(rb"<(?:\w+:)?(ProductVendor|ProductVersion)>([^<]{0,256})</")


def identify_request(host: str) -> bytes:
    """`host` with its port; the header asks for the answer that needs no logon."""
    body = (ENVELOPE % "<wsmid:Identify/>").encode()
    return http.request("POST", host, PATH, (CONTENT_TYPE, ANONYMOUS), body)


def product(body: bytes) -> str | None:
    """Vendor and version of an Identify response; Windows tells strangers no more than `OS: 0.0.0 …`."""
    fields = {name: printable(value.strip()) for name, value in FIELD.findall(body[: http.MAX_BODY])}
    told = [fields[name] for name in (b"ProductVendor", b"ProductVersion") if fields.get(name)]
    return " ".join(told) or None


def identify_response(vendor: str, version: str) -> http.HttpResponse:
    """What a WinRM service says, for the responder."""
    fields = (("ProtocolVersion", PROTOCOL), ("ProductVendor", vendor), ("ProductVersion", version))
    inside = "".join(f"<wsmid:{name}>{value}</wsmid:{name}>" for name, value in fields)
    body = (ENVELOPE % f"<wsmid:IdentifyResponse>{inside}</wsmid:IdentifyResponse>").encode()
    return http.HttpResponse(200, "", (CONTENT_TYPE, ("Server", "Microsoft-HTTPAPI/2.0")), body)
