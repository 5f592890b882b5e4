"""Each controller's clock against this machine's, by the best of those who told it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from portcheck.model import GOOD, Outcome

BEST_FIRST = ("time", "kerberos", "smb", "kpasswd", "ldap")
"""NTP measures; Kerberos and SMB tell fractions of a second; the rootDSE tells whole ones."""

Skews = Mapping[tuple[str, str, str | None], float]


def by_controller(outcomes: Iterable[Outcome]) -> Skews:
    """Seconds by forest, host and address; positive: the controller is ahead."""
    found: dict[tuple[str, str, str | None], tuple[int, float]] = {}
    for outcome in outcomes:
        skew, check = outcome.facts.get("clock_skew_s"), outcome.check
        if outcome.state not in GOOD or isinstance(skew, bool) or not isinstance(skew, int | float):
            continue
        if math.isfinite(skew) and check.service in BEST_FIRST:
            key = (check.forest, check.host, check.address)
            told = (BEST_FIRST.index(check.service), float(skew))
            found[key] = min(found.get(key, told), told)
    return {key: round(skew, 3) for key, (_, skew) in found.items()}
