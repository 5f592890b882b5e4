"""Reads a case: which services of which hosts were seen how, as a report to diagnose."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from factories import SERVICES, controller, report

from portcheck.model import (
    GOOD,
    BlockedAt,
    Check,
    Expected,
    ForestReport,
    Lookup,
    Need,
    Outcome,
    Report,
    Stage,
    State,
    Verdict,
)

CASES = Path(__file__).parent / "cases"
FOREST, HOST, ADDRESS = "alpha.test", "dc1.alpha.test", "10.77.1.10"


def cases() -> dict[str, dict[str, Any]]:
    """All cases by `file: title`."""
    return {
        f"{path.stem}: {title}": case
        for path in sorted(CASES.glob("*.toml"))
        for title, case in tomllib.loads(path.read_text(encoding="utf-8")).items()
    }


def report_of(case: dict[str, Any], *, name: str = FOREST) -> Report:
    """The run that the case describes: the usual host's `given`, further `hosts`, `lookups`, and other `forests`.

    `facts = { kind = "cloud" }`: the part about the cloud, whose hosts are endpoints without an address.
    """
    forests = [_forest(name, case), *(_forest(other, row) for other, row in case.get("forests", {}).items())]
    outcomes = [o for _, seen in forests for o in seen]
    fields = {key: case[key] for key in ("started", "interrupted") if key in case}
    return report(*outcomes, forests=tuple(forest for forest, _ in forests), **fields)


def _forest(name: str, case: dict[str, Any]) -> tuple[ForestReport, list[Outcome]]:
    hosts = dict(case.get("hosts", {}))
    if "given" in case:
        usual = {"host": HOST, "address": ADDRESS} if name == FOREST else {"host": f"dc1.{name}"}
        hosts = {"usual": {**usual, "given": case["given"], "source": case.get("source", "srv")}, **hosts}
    controllers, outcomes = [], []
    for number, (key, row) in enumerate(hosts.items()):
        host = row.get("host", key)
        address = row.get("address", f"10.77.{len(name)}.{20 + number}") or None
        roles, facts = tuple(row.get("roles", ())), row.get("facts", {})
        around = row.get("around", case.get("facts", {}).get("kind") == "cloud")
        if not around:
            controllers.append(controller(host, address, source=row.get("source", "srv"), roles=roles, facts=facts))
        outcomes += [_outcome(name, host, address, port, seen) for port, seen in row.get("given", {}).items()]
    lookups = tuple(_lookup(row) for row in case.get("lookups", ()))
    profiles = tuple(case.get("profiles", ("mim",)))
    told = case.get("facts", {})
    return ForestReport(name, profiles, tuple(controllers), lookups, case.get("problem"), told), outcomes


def _lookup(row: dict[str, Any]) -> Lookup:
    return Lookup(**{"server": "10.77.1.10", "status": "ok", **row, "answers": tuple(row.get("answers", ()))})


def _outcome(forest: str, host: str, address: str | None, port: str, seen: str | dict[str, Any]) -> Outcome:
    """`"kpasswd/464/tcp" = "filtered"`, or a table that says more than the state."""
    service, number, transport = port.split("/")
    told = {"state": seen} if isinstance(seen, str) else seen
    need, expected = Need(told.get("need", "required")), Expected(told.get("expected", "open"))
    state = State(told["state"])
    check = Check(
        forest=forest,
        host=host,
        address=address,
        service=service,
        transport=transport,
        port=None if number == "dynamic" else int(number),
        need=need,
        expected=expected,
        purpose=told.get("purpose", str(SERVICES.get(service, {}).get("purpose", ""))),
        operations=tuple(told.get("operations", ())),
        profiles=tuple(told.get("profiles", ("mim",))),
        domain=told.get("domain", forest),
    )
    blocked = told.get("blocked_at")
    return Outcome(
        check,
        state,
        reason=told.get("reason", state.value),
        verdict=Verdict(told["verdict"]) if "verdict" in told else _verdict(state, need, expected),
        stage=Stage(told["stage"]) if "stage" in told else Stage.ANSWER if state in GOOD else None,
        attempts=told.get("attempts", 3 if state is State.FILTERED else 1),
        latency_ms=told.get("latency_ms", 3.0) if state in GOOD else None,
        facts=told.get("facts", {}),
        blocked_at=BlockedAt(**blocked) if blocked else None,
    )


def _verdict(state: State, need: Need, expected: Expected) -> Verdict:
    """The usual judgement; a case that is about another says so."""
    if state is State.SKIPPED:
        return Verdict.SKIP
    if state is State.ERROR:
        return Verdict.UNKNOWN
    if (state in GOOD) is (expected is Expected.OPEN):
        return Verdict.PASS
    return Verdict.FAIL if need is Need.REQUIRED else Verdict.WARN
