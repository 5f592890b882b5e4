"""The controller's clock, and the time service that tells it (RFC 5905, MS-SNTP)."""

from __future__ import annotations

import time

from portcheck.server.controller.record import Controller
from portcheck.wire import WireError
from portcheck.wire.ntp import UNSYNCHRONIZED, NtpReply, NtpRequest

PLAIN = 48
WINDOWS_LENGTHS = frozenset({PLAIN, 68, 120})


def now(dc: Controller) -> float:
    return time.time() + dc.clock_ahead_s


def ntp_answer(dc: Controller, data: bytes) -> bytes:
    # DOCUMENTED (MS-SNTP 3.2.5.1): w32time ignores every other length; plain NTP servers read the header
    if dc.windows and len(data) not in WINDOWS_LENGTHS:
        raise WireError("not a length that w32time answers")
    asked = NtpRequest.unpack(data[:PLAIN])
    if dc.windows and not any(asked.cookie):
        raise WireError("no transmit timestamp")  # DOCUMENTED (MS-SNTP note 25): the tests of RFC 1305
    # VERIFIED (recordings): w32time answers with version 3, whatever it was asked in
    version = 3 if dc.windows else asked.version
    clock = now(dc)
    if not dc.synchronized:
        # DOCUMENTED for Windows, measured with ntpsec: leap 3, stratum 0
        return NtpReply(UNSYNCHRONIZED, version, 0, "INIT", asked.cookie, clock, clock).pack()
    if dc.windows:
        # VERIFIED (recordings) and DOCUMENTED (MS-SNTP 3.2.3): the forest root's PDC without a source of its own
        return NtpReply(0, version, 1, "LOCL", asked.cookie, clock, clock, 0.0, 10.0).pack()
    return NtpReply(0, version, 2, "10.0.0.1", asked.cookie, clock, clock, 0.01, 0.05).pack()
