"""Nouns with sensible defaults, so that a test names only what it is about."""

from __future__ import annotations

import tomllib
from importlib import resources
from typing import Any

from portcheck.model import (
    Check,
    DomainController,
    Finding,
    ForestReport,
    Outcome,
    Report,
    Severity,
    State,
    Vantage,
    Verdict,
)

SERVICES = tomllib.loads((resources.files("portcheck") / "catalogue" / "services.toml").read_text(encoding="utf-8"))

VERDICTS = {
    State.OK: Verdict.PASS,
    State.OPEN: Verdict.PASS,
    State.SKIPPED: Verdict.SKIP,
    State.ERROR: Verdict.UNKNOWN,
}
"""The usual reading of a state for a required service; anything else fails."""

REASONS = {
    State.OK: "answered",
    State.OPEN: "connected",
    State.FILTERED: "no answer to 3 tries in 4.0 s",
    State.REFUSED: "the host refused the connection",
    State.SKIPPED: "not offered here",
}


def check(name: str = "ldap/tcp", host: str = "dc1.alpha.test", **fields: Any) -> Check:
    """`check("kpasswd/udp")`: port and purpose come from the catalogue; the address ends in the host's number."""
    service, _, transport = name.partition("/")
    row = SERVICES.get(service, {})
    transport = transport or next(t for t in ("tcp", "udp") if t in row)
    port = row.get(transport)
    number = "".join(c for c in host.partition(".")[0] if c.isdigit()) or "0"
    return Check(
        **{
            "forest": host.partition(".")[2] or host,
            "host": host,
            "address": f"10.77.1.{number}",
            "service": service,
            "transport": transport,
            "port": port if isinstance(port, int) else None,
            "purpose": row.get("purpose", ""),
            **fields,
        }
    )


def outcome(subject: Check | str = "ldap/tcp", state: State | str = State.OK, **fields: Any) -> Outcome:
    """What a check saw; the verdict follows the state unless given."""
    state = State(state)
    asked = state not in (State.SKIPPED, State.ERROR, State.UNRESOLVED)
    return Outcome(
        **{
            "check": check(subject) if isinstance(subject, str) else subject,
            "state": state,
            "reason": REASONS.get(state, state.value),
            "verdict": VERDICTS.get(state, Verdict.FAIL),
            "attempts": int(asked),
            "answers": int(asked and state is not State.FILTERED),
            "latency_ms": 3.2 if state in (State.OK, State.OPEN) else None,
            "elapsed_ms": 4000.4 if state is State.FILTERED else 3.4,
            **fields,
        }
    )


def controller(host: str = "dc1.alpha.test", address: str | None = "10.77.1.1", **fields: Any) -> DomainController:
    return DomainController(**{"host": host, "address": address, "source": "srv", **fields})


def finding(code: str = "kpasswd-blocked", forest: str = "alpha.test", **fields: Any) -> Finding:
    return Finding(
        **{
            "code": code,
            "severity": Severity.ERROR,
            "forest": forest,
            "title": "Passwords cannot be set",
            "explanation": "Setting a password goes through the Kerberos password service on port 464.",
            **fields,
        }
    )


def report(*outcomes: Outcome, **fields: Any) -> Report:
    """A run from mim1; forests and controllers follow the outcomes unless given."""
    if "forests" not in fields:
        seen = {(o.check.forest, o.check.host, o.check.address): None for o in outcomes}
        fields["forests"] = tuple(
            ForestReport(
                name=name,
                profiles=("mim",),
                domain_controllers=tuple(controller(host, address) for forest, host, address in seen if forest == name),
            )
            for name in dict.fromkeys(forest for forest, _, _ in seen)
        )
    return Report(
        **{
            "started": "2026-11-22T21:38:19.123Z",
            "duration_s": 4.41,
            "vantage": Vantage(host="mim1", platform="linux", addresses=("10.77.0.10",)),
            "outcomes": outcomes,
            "exit_code": int(any(o.verdict is Verdict.FAIL for o in outcomes)),
            "tool_version": "0.1.0",
            **fields,
        }
    )
