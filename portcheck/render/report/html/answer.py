"""How the page opens: the headline, what it means in two sentences, and one request with all that is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from portcheck.catalogue.brief import brief_of
from portcheck.frozen import dataclass
from portcheck.model import AskedOf, Finding, Report, Request, Verdict
from portcheck.model.folding import counted, folded
from portcheck.render.shared.conclusion import Conclusion, ForestLine, ask_ports, conclusion, healthy_words
from portcheck.render.shared.digest import digests, headline
from portcheck.render.shared.errors import error_words
from portcheck.render.shared.marks import VERDICTS, Mark
from portcheck.render.shared.text import listed, printable
from portcheck.report.asks import address_ranges, consolidated, telling

MOST_TOLD, MOST_SEEN = 5, 3


@dataclass(frozen=True, slots=True)
class AskRow:
    """One row of the request: hosts for which the same is asked from the same place."""

    source: str
    hosts: str
    addresses: str
    ports: str
    purpose: str
    provided: str

    @property
    def words(self) -> str:
        """`allow tcp+udp 464 from 10.77.0.10 to 10.77.2.10 (bdc1.bravo.test): passwords`"""
        lead = f"{self.provided}: " if self.provided else ""
        to = self.addresses if self.hosts in {"", self.addresses} else f"{self.addresses} ({self.hosts})"
        told = f"{lead}allow {self.ports} from {self.source} to {to}"
        return f"{told}, for {self.purpose}" if self.purpose else told


@dataclass(frozen=True, slots=True)
class Answer:
    """`troubled` is worst first; `copied` is the whole request as text, empty where nothing is asked for."""

    mark: Mark
    headline: str
    impact: tuple[str, ...]
    troubled: tuple[ForestLine, ...]
    well: tuple[str, str]  # the forests that are well, and how well
    rows: tuple[AskRow, ...]
    sentences: tuple[str, ...]

    @property
    def purposes(self) -> bool:
        return any(row.purpose for row in self.rows)

    @property
    def copied(self) -> str:
        return "\n".join((*(row.words for row in self.rows), *self.sentences))


def answer(report: Report) -> Answer:
    told = conclusion(report)
    mark, words = _headline(report, told)
    asks = consolidated(report)
    paths = any(ask.is_path for ask in asks)
    return Answer(
        mark=mark,
        headline=words,
        impact=tuple(_impact(report, told)),
        troubled=told.troubled,
        well=healthy_words(told) if told.well else ("", ""),
        rows=tuple(_rows(ask for ask in asks if ask.is_path)),
        sentences=tuple(line for line in told.asks if not (paths and "→" in line)),
    )


def _headline(report: Report, told: Conclusion) -> tuple[Mark, str]:
    """The worst verdict's mark, and how many forests are not well."""
    lines = (*told.troubled, *told.well)
    if not lines:
        return VERDICTS[Verdict.UNKNOWN], "Nothing was asked"
    if len(lines) == 1:
        return lines[0].mark, f"{lines[0].forest}: {headline(digests(report)[0])[1]}"
    if not told.troubled:
        return VERDICTS[Verdict.PASS], f"All {len(lines)} forests are well"
    worst = told.troubled[0].verdict
    ill = sum(line.verdict is worst for line in told.troubled)
    return VERDICTS[worst], f"{ill} of {len(lines)} forests {_have(worst, ill)}"


def _have(verdict: Verdict, count: int) -> str:
    verb = "has" if count == 1 else "have"
    return {Verdict.FAIL: f"{verb} faults", Verdict.UNKNOWN: "could not be told"}.get(verdict, f"{verb} minor faults")


def _impact(report: Report, told: Conclusion) -> Iterator[str]:
    """What does not work, and what does; nothing that no finding or check says."""
    findings = _telling(report)
    yield _broken(findings, told)
    yield _rest(findings, told)


def _telling(report: Report) -> tuple[Finding, ...]:
    own: dict[str, list[Finding]] = {forest.name: [] for forest in report.forests}
    for finding in report.findings:
        own.get(finding.forest, []).append(finding)
    return tuple(f for findings in own.values() for f in telling(findings))


def _broken(findings: Sequence[Finding], told: Conclusion) -> str:
    if told.silent:
        return f"From here every path that was asked about works{_standing_in(told)}."
    broken = _some([words for finding in findings for words in finding.breaks or _through(finding)])
    if broken:
        return f"Until this is mended, this does not work: {broken}."
    if findings:
        more = f", and {len(findings) - 1} more" if len(findings) > 1 else ""
        return f"{findings[0].title.rstrip('.')}{more}."
    if told.troubled and told.troubled[0].verdict is Verdict.UNKNOWN:
        return "What could not be asked is not known to work, nor to be broken."
    if told.troubled:
        return "Something is not as expected, and no rule explains it; the checks below show what was seen."
    return "The run was interrupted, and this is what was known until then."


def _through(finding: Finding) -> tuple[str, ...]:
    """What is done through the ports that the finding is about."""
    brief = brief_of(finding.code)
    return (brief.words,) if brief.ports == "blocked" else ()


def _standing_in(told: Conclusion) -> str:
    return ", in part proven by portcheck listen" if any("listen" in line.words for line in told.well) else ""


def _rest(findings: Sequence[Finding], told: Conclusion) -> str:
    lines = (*told.troubled, *told.well)
    good, asked = sum(line.good for line in lines), sum(line.asked for line in lines)
    count = f"{good} of {counted(asked, 'check')} {'is' if asked == 1 else 'are'} as expected"
    errors = _some((_quoted(error_words(error)) for finding in findings for error in finding.errors), MOST_SEEN)
    well = f"; {folded(line.forest for line in told.well)} {_is(len(told.well))} well" if told.troubled else ""
    well = well if told.well else ""
    return f"Users see {errors}; {count}{well}." if errors else f"{count}{well}."


def _quoted(words: str) -> str:
    """What a message box says; a word of ours stands as it is."""
    return f"“{words}”" if " " in words else words


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def _some(words: Iterable[str], most: int = MOST_TOLD) -> str:
    return listed(tuple(dict.fromkeys(filter(None, words))), most)


def _rows(asks: Iterable[Request]) -> Iterator[AskRow]:
    """Hosts with the same wish stand in one row."""
    alike: dict[tuple[AskedOf, tuple[str, ...], str, str, str], list[Request]] = {}
    for ask in asks:
        alike.setdefault((ask.of, ask.sources, ask_ports(ask), ask.purpose, ask.provided), []).append(ask)
    for (_, sources, ports, purpose, provided), found in alike.items():
        hosts = [to for ask in found for to in ask.to]
        yield AskRow(
            source=", ".join(sources) or "this machine",
            hosts=folded(printable(to.host) for to in hosts),
            addresses=", ".join(address_ranges(to.address or to.host for to in hosts)),
            ports=ports,
            purpose=purpose,
            provided=provided,
        )
