"""The SRV truth table: what DNS advertises for a domain, who that is, and whether it answers; then what follows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from rich.text import Text

from portcheck.frozen import dataclass
from portcheck.model import (
    DomainController,
    ForestReport,
    Lookup,
    Outcome,
    Report,
    SrvRecord,
    State,
    Verdict,
)
from portcheck.render.report import findings as blocks
from portcheck.render.report.ending import ending
from portcheck.render.report.sentences import concluded, finding_sentences
from portcheck.render.shared.conclusion import Conclusion, conclusion
from portcheck.render.shared.layout import hang, to_string
from portcheck.render.shared.marks import VERDICTS, Mark
from portcheck.render.shared.options import Options
from portcheck.render.shared.spoken import ended
from portcheck.render.shared.text import plain, printable, to_ascii

WORDS = {State.OK: "answers", State.FILTERED: "silent", State.UNRESOLVED: "no address"}
WELL = "every controller that DNS names answers the LDAP ping; portcheck check asks the other ports"
HEAD = "(target, priority/weight, port, address, LDAP ping)"
GOOD, BAD, NONE = VERDICTS[Verdict.PASS], VERDICTS[Verdict.FAIL], VERDICTS[Verdict.SKIP]


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """One answer, or that there is none."""

    mark: Mark
    words: str
    spoken: str = ""  # as a sentence, where the words are columns


@dataclass(frozen=True, slots=True)
class RecordTold:
    """One SRV question as one or several servers answer it alike."""

    name: str
    servers: tuple[str, ...]
    rows: tuple[AnswerRow, ...]

    @property
    def trouble(self) -> int:
        return -sum(row.mark is BAD for row in self.rows)


def render(report: Report, options: Options) -> str:
    if options.accessible:
        told = "".join(f"{ended(printable(sentence))}\n" for sentence in sentences(report, options))
        return to_ascii(told) if options.ascii else told
    text = to_string(lines(report, options), options)
    return to_ascii(text) if options.ascii else text


def lines(report: Report, options: Options) -> Iterator[Text]:
    """Per forest the table, the records with faults first; then what the rules say of it; the conclusion at the end."""
    end = ending(_concluded(report), options)
    said = blocks.AlreadySaid(end.untold)
    for number, forest in enumerate(report.forests):
        if number:
            yield Text()
        yield from _forest(forest, report.of_forest(forest.name), options)
        said_of = [f for f in report.findings if f.forest == forest.name and f.code != "forest-ok"]
        if said_of:
            yield Text()
        for finding in said_of:
            yield from blocks.told(finding, said_of, options, said)
    if end.lines:
        yield Text()
        yield from end.lines


def _concluded(report: Report) -> Conclusion:
    told = conclusion(report, "", None)
    return replace(told, well=tuple(replace(line, words=WELL) for line in told.well))


def sentences(report: Report, options: Options) -> Iterator[str]:
    """`--accessible`: the conclusion, what the rules say, the answers that are wrong; then the others."""
    yield from concluded(_concluded(report), options)
    said = blocks.AlreadySaid()
    for finding in report.findings:
        if finding.code != "forest-ok":
            yield from finding_sentences(finding, report.findings, options, said)
    told = [(forest, record) for forest in report.forests for record in records(forest, report.of_forest(forest.name))]
    for wrong in (True, False):
        for forest, record in told:
            if rows := [row.spoken or row.words for row in record.rows if (row.mark is BAD) is wrong]:
                yield f"{record.name}{_whose(record, forest)}: {'; '.join(rows)}"
    for forest in report.forests:
        yield from map(_controller, filter(_is_known, forest.domain_controllers))
        if forest.problem:
            yield f"{forest.name}: {forest.problem}"


def _whose(record: RecordTold, forest: ForestReport) -> str:
    """Which servers say so, where others say another thing."""
    servers = dict.fromkeys(lookup.server for lookup in forest.lookups if lookup.record == "SRV")
    return "" if len(record.servers) == len(servers) else f", as {', '.join(record.servers)} says"


def _forest(forest: ForestReport, outcomes: Sequence[Outcome], options: Options) -> Iterator[Text]:
    yield from hang(Text(f"{printable(forest.name)}   ", "bold"), Text(HEAD, "dim"), options.width, 2)
    for record in sorted(records(forest, outcomes), key=lambda record: record.trouble):
        yield from hang("  ", plain(f"{record.name}{_whose(record, forest)}"), options.width, 4)
        for row in sorted(record.rows, key=lambda row: row.mark is not BAD):
            lead = Text("    ").append(row.mark.drawn(ascii_only=options.ascii) + " ", row.mark.style)
            yield from hang(lead, plain(row.words), options.width, 8)
    yield from _controllers(forest, options)
    if forest.problem:
        yield from hang("  ", plain(forest.problem), options.width)


def records(forest: ForestReport, outcomes: Sequence[Outcome]) -> list[RecordTold]:
    """Each question once where all servers agree; else once for each answer, with those that give it."""
    pings: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.check.service == "ldap-ping":
            pings.setdefault(outcome.check.host, []).append(outcome)
    addresses = _addresses(forest)
    alike: dict[tuple[str, tuple[AnswerRow, ...]], list[str]] = {}
    for lookup in forest.lookups:
        if lookup.record == "SRV":
            rows = tuple(_row(answer, addresses, pings) for answer in sorted(lookup.answers)) or (_nothing(lookup),)
            alike.setdefault((lookup.name, rows), []).append(lookup.server)
    return [RecordTold(name, tuple(dict.fromkeys(servers)), rows) for (name, rows), servers in alike.items()]


def _nothing(lookup: Lookup) -> AnswerRow:
    word = "MISSING" if lookup.required else "none"
    mark, word = BAD if lookup.required else NONE, word if lookup.denied else "NOT TOLD"
    return AnswerRow(mark, f"{word} ({lookup.status})", f"{word.lower()} ({lookup.status})")


def _addresses(forest: ForestReport) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for lookup in forest.lookups:
        if lookup.record in {"A", "AAAA"}:
            found.setdefault(lookup.name, []).extend(lookup.answers)
    return {name: ", ".join(dict.fromkeys(addresses)) for name, addresses in found.items()}


def _row(answer: str, addresses: dict[str, str], pings: dict[str, list[Outcome]]) -> AnswerRow:
    """`0 100 389 dc1.alpha.test` as priority, weight, port, host, addresses and what it said."""
    row = SrvRecord.of(answer)
    if row.port is None:
        return AnswerRow(BAD, answer)
    host = row.host
    asked = pings.get(host, [])
    told = dict.fromkeys(map(_said, asked))
    said = next(iter(told), "not asked")
    if len(told) > 1:
        said = ", ".join(f"{_said(ping)} ({ping.check.address or ''})" for ping in asked)
    where = addresses.get(host) or "no address"
    good = bool(asked) and all(_said(ping) == WORDS[State.OK] for ping in asked)
    mark = GOOD if good else BAD if asked else NONE
    at = f"at {where}" if host in addresses else "which has no address"
    spoken = f"{host}, {at}, port {row.port}, priority {row.priority}, weight {row.weight}, {said}"
    return AnswerRow(mark, f"{host}  {row.priority}/{row.weight}  :{row.port}  {where}  {said}", spoken)


def _said(ping: Outcome) -> str:
    """A controller of another domain answers too."""
    if ping.facts.get("hosts_domain") is False:
        return f"answers for {ping.facts.get('domain') or 'another domain'}"
    return WORDS.get(ping.state, str(ping.state))


def _controllers(forest: ForestReport, options: Options) -> Iterator[Text]:
    for controller in filter(_is_known, forest.domain_controllers):
        yield from hang("  ", plain(_controller(controller)), options.width, 4)


def _is_known(controller: DomainController) -> bool:
    return bool(controller.roles or controller.site)


def _controller(controller: DomainController) -> str:
    roles = " ".join(controller.roles) or "unknown"
    site = f", site {controller.site}" if controller.site else ""
    return f"{controller.host} ({controller.address}): {roles}{site}"
