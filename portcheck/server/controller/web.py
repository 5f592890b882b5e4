"""What a Windows controller serves beside the domain: WinRM's Identify and AD Web Services' framing."""

from __future__ import annotations

from portcheck.server.controller.record import Controller
from portcheck.wire import http, nmf, wsman

HTTPAPI = (("Server", "Microsoft-HTTPAPI/2.0"),)
STRANGER = "OS: 0.0.0 SP: 0.0 Stack: 3.0"  # DOCUMENTED (MS-WSMV note 72): strangers are told no version


def winrm_answer(data: bytes) -> bytes:
    """Identify is answered without an account (DOCUMENTED), other posts want one, other paths do not exist."""
    asked = http.HttpRequest.unpack(data)
    if asked.path.partition("?")[0] != wsman.PATH:
        return http.HttpResponse(404, "Not Found", HTTPAPI).pack()
    if asked.method != "POST":
        return http.HttpResponse(405, "Method Not Allowed", HTTPAPI).pack()  # INFERRED
    if asked.header(wsman.ANONYMOUS[0]) is None:
        return http.HttpResponse(401, "", (*HTTPAPI, ("WWW-Authenticate", "Negotiate"))).pack()
    return wsman.identify_response("Microsoft Corporation", STRANGER).pack()


def adws_answer(dc: Controller, data: bytes) -> bytes:
    """The upgrade to Negotiate is taken up (DOCUMENTED, MC-NMF 2.2.3.5); nothing is answered after it."""
    asked = nmf.Preamble.unpack(data)
    if asked.version != (1, 0):
        return nmf.NmfReply("fault", f"{nmf.FAULTS}UnsupportedVersion").pack()  # VERIFIED
    if dc.host not in asked.via.lower():
        return nmf.NmfReply("fault", f"{nmf.FAULTS}EndpointNotFound").pack()  # DOCUMENTED (MC-NMF note 7)
    return nmf.NmfReply("upgrade" if asked.upgrade else "ack").pack()
