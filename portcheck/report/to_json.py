"""A report to JSON and back, exactly (contract: `portcheck.report/1`)."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from portcheck.files import reading
from portcheck.files.text import NotTextError, decoded
from portcheck.files.writing import write_whole
from portcheck.model import (
    BlockedAt,
    Comparison,
    DomainController,
    Finding,
    ForestReport,
    Lookup,
    Outcome,
    Report,
    Request,
    Vantage,
    Verdict,
    count_by,
)
from portcheck.report import asks, verdicts
from portcheck.report.from_json import read_report
from portcheck.report.json_object import MAX_DEPTH, JsonObject, ReadingError
from portcheck.report.numbers import decode

SCHEMA = "portcheck.report/1"
MAX_BYTES = 512 * 2**20
"""Ten thousand checks with all their evidence take some 30 MB."""

Json = dict[str, object]


class StoreError(Exception):
    """A report could not be read or written; one line for the user."""


def to_json(report: Report) -> Json:
    return {key: [*value] if isinstance(value, Iterator) else value for key, value in _parts(report)}


def _parts(report: Report) -> Iterator[tuple[str, object]]:
    """What an iterator yields is made when it is read."""
    told = verdicts.by_forest(report)
    yield "schema", SCHEMA
    yield "tool", {"name": "portcheck", "version": report.tool_version}
    yield "vantage", _vantage(report.vantage)
    yield "started", report.started
    yield "duration_s", report.duration_s
    yield "interrupted", report.interrupted
    yield "forests", (_forest(forest, told[forest.name]) for forest in report.forests)
    yield "checks", (check_to_json(outcome) for outcome in report.outcomes)
    yield "findings", (finding_to_json(finding) for finding in report.findings)
    yield "asks", [ask_to_json(ask) for ask in asks.consolidated(report)]
    yield "compared", None if report.compared is None else comparison_to_json(report.compared)
    yield "summary", summary(report)


def summary(report: Report) -> Json:
    return {
        "checks": len(report.outcomes),
        "verdicts": dict(count_by(o.verdict.value for o in report.outcomes)),
        "states": dict(count_by(o.state.value for o in report.outcomes)),
        "exit_code": report.exit_code,
    }


def _vantage(vantage: Vantage) -> Json:
    return {
        "name": vantage.name or None,
        "host": vantage.host,
        "platform": vantage.platform,
        "addresses": list(vantage.addresses),
        "limits": list(vantage.limits),
    }


def _forest(forest: ForestReport, verdict: Verdict) -> Json:
    return {
        "name": forest.name,
        "profiles": list(forest.profiles),
        "verdict": verdict.value,
        "domain_controllers": [_controller(dc) for dc in forest.domain_controllers],
        "lookups": [_lookup(lookup) for lookup in forest.lookups],
        "problem": forest.problem,
        "facts": plain(forest.facts),
    }


def _controller(dc: DomainController) -> Json:
    return {
        "host": dc.host,
        "address": dc.address,
        "source": dc.source,
        "site": dc.site,
        "domain": dc.domain,
        "roles": list(dc.roles),
        "facts": plain(dc.facts),
    }


def _lookup(lookup: Lookup) -> Json:
    return {
        "name": lookup.name,
        "record": lookup.record,
        "server": lookup.server,
        "status": lookup.status,
        "answers": list(lookup.answers),
        "elapsed_ms": lookup.elapsed_ms,
        "required": lookup.required,
        "answered_from": lookup.answered_from,
        "authoritative": lookup.authoritative,
        "ttl_s": lookup.ttl_s,
    }


def check_to_json(outcome: Outcome) -> Json:
    """A check and its outcome as one object; `id` and `required` follow from the rest."""
    check = outcome.check
    return {
        "id": check.id,
        "forest": check.forest,
        "host": check.host,
        "address": check.address,
        "domain": check.domain,
        "service": check.service,
        "transport": check.transport,
        "port": check.port,
        "required": check.required,
        "need": check.need.value,
        "expected": check.expected.value,
        "purpose": check.purpose,
        "operations": list(check.operations),
        "profiles": list(check.profiles),
        "why": check.why,
        "source": check.source,
        "state": outcome.state.value,
        "verdict": outcome.verdict.value,
        "reason": outcome.reason,
        "stage": outcome.stage.value if outcome.stage else None,
        "attempts": outcome.attempts,
        "answers": outcome.answers,
        "latency_ms": outcome.latency_ms,
        "started_at": outcome.started_at or None,
        "elapsed_ms": outcome.elapsed_ms,
        "facts": plain(outcome.facts),
        "evidence": [{"at_ms": t.at_ms, "event": t.event, "detail": t.detail} for t in outcome.evidence],
        "blocked_at": _blocked_at(outcome.blocked_at),
    }


def _blocked_at(place: BlockedAt | None) -> Json | None:
    """`{"by"}` where a device said no, else `{"after", "hop", "suspects"}`; both where both are known."""
    if place is None:
        return None
    suspects = {"suspects": list(place.suspects)} if place.suspects else {}
    silence: Json = {"after": place.after, "hop": place.hop, **suspects}
    if place.by is None:
        return silence
    return {"by": place.by} | ({} if place == BlockedAt(by=place.by) else silence)


def finding_to_json(finding: Finding) -> Json:
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "forest": finding.forest,
        "hosts": list(finding.hosts),
        "title": finding.title,
        "explanation": finding.explanation,
        "evidence": finding.evidence,
        "breaks": list(finding.breaks),
        "errors": list(finding.errors),
        "fix": finding.fix,
        "asks": [ask_to_json(ask) for ask in finding.asks],
        "checks": list(finding.checks),
    }


def ask_to_json(ask: Request) -> Json:
    """A request; `text` is its sentence, `if` what has to be true first."""
    return {
        "of": ask.of.value,
        "from": list(ask.sources),
        "to": [{"host": to.host, "address": to.address} for to in ask.to],
        "tcp": list(ask.tcp),
        "udp": list(ask.udp),
        "for": ask.purpose,
        "if": ask.provided,
        "text": ask.words,
    }


def comparison_to_json(compared: Comparison) -> Json:
    changes = [
        {
            "check": change.check,
            "before": change.before,
            "after": change.after,
            "verdict_before": change.verdict_before,
            "verdict_after": change.verdict_after,
        }
        for change in compared.changes
    ]
    findings = [
        {
            "turn": change.turn.value,
            "forest": change.forest,
            "code": change.code,
            "title": change.title,
            "severity": change.severity.value,
            "hosts": list(change.hosts),
        }
        for change in compared.findings
    ]
    controllers = [
        {"turn": change.turn.value, "forest": change.forest, "host": change.host, "address": change.address}
        for change in compared.controllers
    ]
    return {
        "since": compared.since,
        "changes": changes,
        "findings": findings,
        "controllers": controllers,
        "left_out": compared.left_out,
    }


AS_IT_IS = frozenset({bool, int, str})


def plain(value: object, level: int = 0) -> object:
    """The value as JSON knows it: tuples are lists, what is not finite is null, anything foreign is text."""
    if value is None or type(value) in AS_IT_IS:
        return value
    match value:
        case bool() | int():
            return value
        case float():
            return value if math.isfinite(value) else None
        case str():
            return str(value)
        case Mapping() if level < MAX_DEPTH:
            return {str(k): plain(v, level + 1) for k, v in value.items()}
        case list() | tuple() | set() | frozenset() if level < MAX_DEPTH:
            return [plain(v, level + 1) for v in value]
    return str(value)[:200]


def from_json(document: object) -> Report:
    """The report in a parsed document; StoreError where it is not one, with the place that is wrong."""
    try:
        root = JsonObject.of(document, "report")
        require_known_schema(root, SCHEMA)
        return read_report(root)
    except ReadingError as error:
        raise StoreError(f"not a portcheck report: {error}") from None


def require_known_schema(root: JsonObject, newest: str) -> None:
    """`newest`: the schema that is read, `portcheck.report/1`, and all before it. ReadingError or StoreError."""
    kind, _, version = newest.partition("/")
    named = re.fullmatch(rf"{re.escape(kind)}/([1-9][0-9]{{0,5}})", root.text("schema"))
    if not named:
        raise ReadingError(f"schema is {root.text('schema')[:60]!r}, not {newest!r}")
    if int(named[1]) > int(version):
        raise StoreError(f"{named[0]} was written by a newer portcheck; this one reads up to {newest}: update it")


def dumps(document: Json, *, indent: int | None = 2) -> str:
    """ASCII only: whatever a server put into a name reaches terminal and log as an escape."""
    return json.dumps(document, indent=indent, allow_nan=False) + "\n"


def pieces(report: Report) -> Iterator[str]:
    """The report's document in pieces: no line of it is made before it is asked for."""
    return by_rows(_parts(report))


def by_rows(parts: Iterable[tuple[str, object]]) -> Iterator[str]:
    """The document of these keys and values in pieces, ASCII only: a line for each entry of a list.

    Quick to write, to read and to cut. (With an indentation inside of the lines too, the standard library writes in
    Python: ten times as slow.)
    """
    before = "{\n"
    for key, value in parts:
        yield f"{before}  {_line(key)}: "
        yield from _rows(value) if isinstance(value, Iterator | list) else (_line(value),)
        before = ",\n"
    yield "\n}\n"


def _rows(values: Iterable[object]) -> Iterator[str]:
    before = "[\n"
    for row in values:
        yield f"{before}    {_line(row)}"
        before = ",\n"
    yield "[]" if before == "[\n" else "\n  ]"


_line = json.JSONEncoder(allow_nan=False).encode
"""One value; `json.dumps` would make an encoder for each."""


def loads(text: str | bytes) -> Report:
    return from_json(document(text))


def document(text: str | bytes) -> object:
    """Parsed JSON, without the constants that are none. Raises StoreError."""
    try:
        return decode(text if isinstance(text, str) else text.decode(json.detect_encoding(text), "surrogatepass"))
    except RecursionError:
        raise StoreError("not JSON that can be read: nested too deeply") from None
    except ValueError as error:  # JSON syntax, text encoding, numbers of absurd length
        raise StoreError(f"not JSON: {error}") from None


def load(path: str | Path) -> Report:
    try:
        raw = reading.read(Path(path), MAX_BYTES)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise StoreError(f"{path}: cannot be read: {reading.words(error)}") from None
    if len(raw) > MAX_BYTES:
        raise StoreError(f"{path}: larger than {MAX_BYTES // 2**20} MB, not a report")
    try:
        return loads(decoded(raw))
    except NotTextError as error:
        raise StoreError(f"{path}: not JSON: it {error}") from None
    except StoreError as error:
        raise StoreError(f"{path}: {error}") from None


def save(path: str | Path, report: Report) -> None:
    """Raises WriteError."""
    write_whole(path, pieces(report))
