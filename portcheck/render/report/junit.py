"""JUnit XML for a pipeline: a forest is a suite, a check a case, the state a failure's type; findings in system-out.

Fits both schemas in use: that of Jenkins' xUnit plugin and the stricter one of Ant's JUnit task.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.etree import ElementTree as ET

from portcheck.model import Outcome, Report, Severity, Verdict
from portcheck.render.shared.digest import Digest, digests
from portcheck.render.shared.grid import cell_of
from portcheck.render.shared.options import Options
from portcheck.render.shared.text import listed, printable
from portcheck.render.shared.words import port_of, seen
from portcheck.report import verdicts

NAMELESS = "-"
FAILURE, ERROR, SKIPPED = "failure", "error", "skipped"
ELEMENTS = {Verdict.FAIL: FAILURE, Verdict.UNKNOWN: ERROR, Verdict.SKIP: SKIPPED}
"""What is not as expected fails; what could not be told is an error; a minor fault passes and is told in system-out."""


def render(report: Report, _options: Options) -> str:
    root = ET.Element("testsuites")
    for number, digest in enumerate(digests(report)):
        root.append(suite(report, digest, number))
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def suite(report: Report, digest: Digest, number: int) -> ET.Element:
    verdict = verdicts.judged(digest.forest, digest.outcomes, digest.findings)
    fixes = _fixes(digest)
    cases = [*questions(digest, verdict), *(case(outcome, fixes) for outcome in digest.outcomes)]
    if digest.forest.problem:
        cases.insert(0, _case(_nested(digest.forest.name), "forest", 0.0, ERROR, "error", digest.forest.problem))
    cases = [*_whole(digest, verdict, cases, interrupted=report.interrupted), *cases]
    kinds = [child.tag for one in cases for child in one]
    found = ET.Element(
        "testsuite",
        id=str(number),
        name=_name(digest.forest.name),
        package="portcheck",
        tests=str(len(cases)),
        failures=str(kinds.count(FAILURE)),
        errors=str(kinds.count(ERROR)),
        skipped=str(kinds.count(SKIPPED)),
        time=_seconds(report.duration_s),
        timestamp=printable(report.started[:19]),
        hostname=_name(report.vantage.host),
    )
    properties = ET.SubElement(found, "properties")
    for name, words in _properties(report, digest):
        ET.SubElement(properties, "property", name=name, value=printable(words))
    found.extend(cases)
    ET.SubElement(found, "system-out").text = "".join(f"{printable(line)}\n" for line in told(digest))
    ET.SubElement(found, "system-err")
    return found


def _properties(report: Report, digest: Digest) -> tuple[tuple[str, str], ...]:
    return (
        ("portcheck", report.tool_version),
        ("vantage", " ".join((report.vantage.called, *report.vantage.addresses))),
        ("profiles", " ".join(digest.forest.profiles)),
        ("interrupted", "yes" if report.interrupted else "no"),
    )


def questions(digest: Digest, verdict: Verdict) -> list[ET.Element]:
    """The answers of DNS that are needed and did not come: a fault, unless the forest passes."""
    return [
        _case(
            f"{_nested(digest.forest.name)}/dns",
            f"{lookup.record} {lookup.name} asked of {lookup.server}",
            lookup.elapsed_ms,
            FAILURE if verdict is Verdict.FAIL else None,
            lookup.status,
            f"{lookup.server} answered {lookup.status}",
        )
        for lookup in digest.lookups
    ]


def _whole(digest: Digest, verdict: Verdict, cases: list[ET.Element], *, interrupted: bool) -> list[ET.Element]:
    """What makes the forest fail and shows in no case: a finding that no check proves, or that nothing was told."""
    met = verdict in {Verdict.PASS, Verdict.WARN} and not interrupted
    if met or any(child.tag in {FAILURE, ERROR} for one in cases for child in one):
        return []
    where = f"{_nested(digest.forest.name)}/forest"
    faults = [finding for finding in digest.findings if finding.severity is Severity.ERROR]
    if not faults:
        return [_case(where, "forest", 0.0, ERROR, "unknown", "not all was asked that would tell how it is")]
    return [_case(where, f.code, 0.0, FAILURE, f.code, f.title, *f.fix.splitlines()) for f in faults]


def _fixes(digest: Digest) -> dict[str, list[str]]:
    """By a check's id, what the findings that it proves say is to be done."""
    found: dict[str, list[str]] = {}
    for finding in digest.findings:
        for key in finding.checks if finding.severity is not Severity.INFO and finding.fix else ():
            found.setdefault(key, []).append(f"{finding.code}: {finding.fix}")
    return found


def case(outcome: Outcome, fixes: Mapping[str, Sequence[str]]) -> ET.Element:
    check, verdict = outcome.check, cell_of(outcome)
    assert isinstance(verdict, Verdict)
    host = check.host.removesuffix(f".{check.forest}") or check.host
    where = host if check.address in {None, check.host} else f"{host} [{check.address}]"
    dynamic = check.service.startswith("rpc-")
    return _case(
        f"{_nested(check.forest)}/{_nested(where)}",
        f"{check.service} {f'dynamic/{check.transport}' if dynamic else port_of(outcome)}",
        outcome.elapsed_ms,
        SKIPPED if verdict is Verdict.UNKNOWN and not check.required else ELEMENTS.get(verdict),
        outcome.state.value,
        seen(outcome),
        *(line for fix in fixes.get(check.id, ()) for line in fix.splitlines()),
        *(f"{step.at_ms:.1f} ms {step.event}: {step.detail}" for step in outcome.evidence),
    )


def _nested(words: str) -> str:
    """Readers take a dot for a level, and a host for a tree."""
    return words.replace(".", "_")


def _case(where: str, name: str, ms: float, element: str | None, kind: str, message: str, *more: str) -> ET.Element:
    found = ET.Element("testcase", classname=_name(where), name=_name(name), time=_seconds(ms / 1000))
    if element is not None:
        told = ET.SubElement(found, element, message=printable(message))
        if element != SKIPPED:
            told.set("type", printable(kind))
            told.text = "\n".join(map(printable, more)) or None
    return found


def told(digest: Digest) -> list[str]:
    """The findings as a log reads them, then the minor faults, which fail no case."""
    lines: list[str] = []
    for finding in digest.findings:
        lines.append(f"{finding.severity}: {finding.code}: {finding.title}")
        if finding.severity is not Severity.INFO:
            rows = (
                ("where", listed(finding.hosts, 8)),
                ("seen", finding.evidence),
                ("breaks", "; ".join(finding.breaks)),
                ("users see", ", ".join(finding.errors)),
                ("fix", finding.fix),
            )
            lines += [f"  {name}: {words}" for name, words in rows if words]
    for outcome in digest.outcomes:
        if cell_of(outcome) is Verdict.WARN:
            where = f"{outcome.check.host} {outcome.check.service} {port_of(outcome)}"
            lines.append(f"minor fault: {where}: {outcome.state}: {seen(outcome)}")
    return lines


def _name(words: str) -> str:
    return printable(words).strip() or NAMELESS


def _seconds(seconds: float) -> str:
    return f"{max(0.0, seconds):.3f}"
