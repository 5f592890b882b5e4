"""What OpenSSL's errors mean: an alert of the peer, no TLS at all, or TLS that this side does not take."""

from __future__ import annotations

import ssl

from portcheck.model import State
from portcheck.net.errors import NetError
from portcheck.net.timeline import Timeline

# OpenSSL's names for "that was not TLS at all".
FOREIGN = frozenset(
    {
        "WRONG_VERSION_NUMBER",
        "UNKNOWN_PROTOCOL",
        "HTTP_REQUEST",
        "RECORD_LAYER_FAILURE",
        "PACKET_LENGTH_TOO_LONG",
        "BAD_RECORD_TYPE",
    }
)
ALERTS = ("SSLV3_ALERT_", "TLSV1_ALERT_", "TLSV13_ALERT_", "TLSV1_")
"""What its names for an alert of the peer begin with (sslerr.h); all others are this side's own complaints."""


def refusal(error: ssl.SSLError, trail: Timeline) -> NetError:
    """The error as what was seen; the alert or the complaint is kept in the facts."""
    word = error.reason or "UNKNOWN"
    prefix = next((prefix for prefix in ALERTS if word.startswith(prefix)), "")
    told = word.removeprefix(prefix).lower().replace("_", " ")
    if word in FOREIGN:
        return NetError(State.MISMATCH, f"answered, but not in TLS ({told})")
    if not prefix:
        trail.facts["tls_error"] = told
        return NetError(State.MISMATCH, f"answered in TLS that this machine does not take ({told})", trail.stage)
    trail.facts["tls_alert"] = told
    return NetError(State.RESET, f"the server refused the TLS handshake ({told})", trail.stage)
