"""JUnit XML for a pipeline: a forest is a suite, a check a case, the state a failure's type; findings in system-out.

Fits both schemas in use: that of Jenkins' xUnit plugin and the stricter one of Ant's JUnit task.
"""

from __future__ import annotations

from xml.etree import ElementTree as ET

from portcheck.model import Outcome, Report, Severity, Verdict
from portcheck.render.shared.digest import Digest, digests
from portcheck.render.shared.grid import cell_of
from portcheck.render.shared.options import Options
from portcheck.render.shared.text import listed, printable
from portcheck.render.shared.words import port_of, seen

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
    cases = [*questions(digest), *(case(outcome) for outcome in digest.outcomes)]
    if digest.forest.problem:
        cases.insert(0, _case(digest.forest.name, "forest", 0.0, ERROR, "error", digest.forest.problem))
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


def questions(digest: Digest) -> list[ET.Element]:
    """The answers of DNS that are needed and did not come: a fault that shows in no check."""
    return [
        _case(
            f"{digest.forest.name}.dns",
            f"{lookup.record} {lookup.name} asked of {lookup.server}",
            lookup.elapsed_ms,
            FAILURE,
            lookup.status,
            f"{lookup.server} answered {lookup.status}",
        )
        for lookup in digest.lookups
    ]


def case(outcome: Outcome) -> ET.Element:
    check, verdict = outcome.check, cell_of(outcome)
    assert isinstance(verdict, Verdict)
    where = check.host if check.address in {None, check.host} else f"{check.host} [{check.address}]"
    return _case(
        f"{check.forest}.{where}",
        f"{check.service} {port_of(outcome)}",
        outcome.elapsed_ms,
        ELEMENTS.get(verdict),
        outcome.state.value,
        seen(outcome),
        *(f"{step.at_ms:.1f} ms {step.event}: {step.detail}" for step in outcome.evidence),
    )


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
