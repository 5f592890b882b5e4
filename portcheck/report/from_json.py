"""A report out of parsed JSON, field by field; keys that are not known are left alone (contract: only adding)."""

from __future__ import annotations

import re

from portcheck.model import (
    AskedOf,
    BlockedAt,
    Change,
    Check,
    Comparison,
    ControllerChange,
    Destination,
    DomainController,
    Expected,
    Finding,
    FindingChange,
    ForestReport,
    Lookup,
    Need,
    Outcome,
    Report,
    Request,
    Severity,
    Stage,
    State,
    Trace,
    Turn,
    Vantage,
    Verdict,
)
from portcheck.report.json_object import JsonObject, ReadingError

PORTS = re.compile(r"[0-9]{1,5}(?:-[0-9]{1,5})?")


def read_report(root: JsonObject) -> Report:
    vantage = JsonObject.of(root.values.get("vantage"), "report.vantage")
    tool, totals = root.maybe_place("tool"), root.maybe_place("summary")
    return Report(
        started=root.text("started"),
        duration_s=root.number("duration_s"),
        vantage=Vantage(
            host=vantage.text("host"),
            platform=vantage.text("platform"),
            addresses=vantage.texts("addresses"),
            limits=vantage.texts("limits"),
            name=vantage.text("name", ""),
        ),
        forests=tuple(_read_forest(place) for place in root.places("forests")),
        outcomes=tuple(read_outcome(place) for place in root.places("checks")),
        findings=tuple(read_finding(place) for place in root.places("findings")),
        exit_code=totals.whole("exit_code", 0) if totals else 0,
        tool_version=tool.text("version", "") if tool else "",
        interrupted=root.flag("interrupted", default=False),
        compared=_read_comparison(root.maybe_place("compared")),
    )


def _read_comparison(place: JsonObject | None) -> Comparison | None:
    if place is None:
        return None
    return Comparison(
        since=place.text("since"),
        changes=tuple(_read_change(change) for change in place.places("changes")),
        findings=tuple(_read_finding_change(change) for change in place.places("findings")),
        controllers=tuple(_read_controller_change(change) for change in place.places("controllers")),
        left_out=place.whole("left_out", 0),
    )


def _read_change(place: JsonObject) -> Change:
    return Change(
        check=place.text("check"),
        before=place.maybe_word("before", State),
        after=place.maybe_word("after", State),
        verdict_before=place.maybe_word("verdict_before", Verdict),
        verdict_after=place.maybe_word("verdict_after", Verdict),
    )


def _read_finding_change(place: JsonObject) -> FindingChange:
    return FindingChange(
        turn=place.word("turn", Turn),
        forest=place.text("forest"),
        code=place.text("code"),
        title=place.text("title", ""),
        severity=place.word("severity", Severity),
        hosts=place.texts("hosts"),
    )


def _read_controller_change(place: JsonObject) -> ControllerChange:
    return ControllerChange(
        turn=place.word("turn", Turn),
        forest=place.text("forest"),
        host=place.text("host"),
        address=place.maybe_text("address"),
    )


def _read_forest(place: JsonObject) -> ForestReport:
    return ForestReport(
        name=place.text("name"),
        profiles=place.texts("profiles"),
        domain_controllers=tuple(_read_controller(p) for p in place.places("domain_controllers")),
        lookups=tuple(_read_lookup(p) for p in place.places("lookups")),
        problem=place.maybe_text("problem"),
        facts=place.facts("facts"),
    )


def _read_controller(place: JsonObject) -> DomainController:
    return DomainController(
        host=place.text("host"),
        address=place.maybe_text("address"),
        source=place.text("source"),
        site=place.maybe_text("site"),
        roles=place.texts("roles"),
        facts=place.facts("facts"),
        domain=place.text("domain", ""),
    )


def _read_lookup(place: JsonObject) -> Lookup:
    return Lookup(
        name=place.text("name"),
        record=place.text("record"),
        server=place.text("server"),
        status=place.text("status"),
        answers=place.texts("answers"),
        elapsed_ms=place.number("elapsed_ms", 0.0),
        required=place.flag("required", default=True),
        answered_from=place.text("answered_from", ""),
        authoritative=place.maybe_flag("authoritative"),
        ttl_s=place.maybe_whole("ttl_s"),
    )


def _read_check(place: JsonObject) -> Check:
    transport, port = place.text("transport"), place.maybe_whole("port")
    if transport not in ("tcp", "udp"):
        raise ReadingError(f"{place.where}.transport: {transport[:40]!r} is not one of tcp, udp")
    if port is not None and not 0 <= port <= 65535:
        raise ReadingError(f"{place.where}.port: not a port number")
    return Check(
        forest=place.text("forest"),
        host=place.text("host"),
        address=place.maybe_text("address"),
        service=place.text("service"),
        transport=transport,
        port=port,
        need=place.word("need", Need, Need.REQUIRED if place.flag("required", default=True) else Need.OPTIONAL),
        expected=place.word("expected", Expected, Expected.OPEN),
        purpose=place.text("purpose", ""),
        operations=place.texts("operations"),
        profiles=place.texts("profiles"),
        why=place.text("why", ""),
        source=place.text("source", ""),
        domain=place.text("domain", ""),
    )


def read_outcome(place: JsonObject) -> Outcome:
    return Outcome(
        check=_read_check(place),
        state=place.word("state", State),
        reason=place.text("reason"),
        verdict=place.word("verdict", Verdict, Verdict.UNKNOWN),
        stage=place.maybe_word("stage", Stage),
        attempts=place.whole("attempts", 0),
        answers=place.whole("answers", 0),
        latency_ms=place.maybe_number("latency_ms"),
        elapsed_ms=place.number("elapsed_ms", 0.0),
        facts=place.facts("facts"),
        evidence=tuple(Trace(p.number("at_ms"), p.text("event"), p.text("detail")) for p in place.places("evidence")),
        blocked_at=_read_blocked_at(place.maybe_place("blocked_at")),
        started_at=place.maybe_text("started_at") or "",
    )


def _read_blocked_at(place: JsonObject | None) -> BlockedAt | None:
    if place is None:
        return None
    suspects = place.maybe_texts("suspects")
    return BlockedAt(place.maybe_text("by"), place.maybe_text("after"), place.maybe_whole("hop"), suspects)


def read_finding(place: JsonObject) -> Finding:
    return Finding(
        code=place.text("code"),
        severity=place.word("severity", Severity),
        forest=place.text("forest"),
        title=place.text("title"),
        explanation=place.text("explanation", ""),
        hosts=place.texts("hosts"),
        evidence=place.text("evidence", ""),
        breaks=place.texts("breaks"),
        errors=place.texts("errors"),
        fix=place.text("fix", ""),
        checks=place.texts("checks"),
        asks=tuple(_read_ask(ask) for ask in place.places("asks")),
    )


def _read_ask(place: JsonObject) -> Request:
    tos = tuple(Destination(to.text("host"), to.maybe_text("address")) for to in place.places("to"))
    return Request(
        of=place.word("of", AskedOf),
        sources=place.texts("from"),
        to=tos,
        tcp=_read_ports(place, "tcp"),
        udp=_read_ports(place, "udp"),
        purpose=place.text("for", ""),
        words=place.text("text", ""),
        provided=place.text("if", ""),
    )


def _read_ports(place: JsonObject, transport: str) -> tuple[str, ...]:
    ports = place.texts(transport)
    if not all(PORTS.fullmatch(port) for port in ports):
        raise ReadingError(f"{place.where}.{transport}: not ports, or ranges of them")
    return ports
