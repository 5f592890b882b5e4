"""Two reports to what changed between them. Pure, and deaf to what varies by itself: latency, tries, evidence, words.

A difference is: a check's state or verdict; a check asked in one run only; a finding that came, went, or is now of
other hosts or another severity; a controller that came or went. A dynamic RPC port that moved is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from portcheck.exitcodes import NOT_DONE
from portcheck.model import (
    Change,
    Comparison,
    ControllerChange,
    Finding,
    FindingChange,
    Outcome,
    Report,
    Turn,
)

ALL_WELL = "forest-ok"  # comes and goes with the others, and says nothing that they do not


def compare(before: Report, after: Report) -> Comparison:
    """What is other in `after` than it was in `before`."""
    earlier, later = keyed(before.outcomes, after.outcomes), keyed(after.outcomes, before.outcomes)
    unsure = {key for run in (earlier, later) for key, outcome in run.items() if unfinished(outcome)}
    keys = [key for key in dict.fromkeys([*later, *earlier]) if key not in unsure]
    return Comparison(
        since=before.started,
        changes=tuple(_changes(keys, earlier, later)),
        findings=tuple(_findings(before.findings, after.findings)),
        controllers=tuple(_controllers(before, after)),
        left_out=len(unsure),
    )


def unfinished(outcome: Outcome) -> bool:
    """The run ended before this check did: nothing is known of it."""
    return bool(outcome.facts.get("unfinished"))


def complete(report: Report) -> bool:
    """Whether later runs can be measured against this one."""
    done = not report.interrupted and report.exit_code != NOT_DONE
    return done and not any(map(unfinished, report.outcomes))


def keyed(outcomes: Sequence[Outcome], others: Sequence[Outcome]) -> dict[str, Outcome]:
    """By the key that holds across runs; where two checks of one run share a key, by their ids."""
    shared = {key for run in (outcomes, others) for key in _twice(o.check.key for o in run)}
    return {o.check.id if o.check.key in shared else o.check.key: o for o in outcomes}


def _twice(keys: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            yield key
        seen.add(key)


def _changes(keys: Iterable[str], earlier: Mapping[str, Outcome], later: Mapping[str, Outcome]) -> Iterator[Change]:
    for key in keys:
        was, now = earlier.get(key), later.get(key)
        if _seen(was) == _seen(now):
            continue
        subject = now or was
        assert subject is not None
        yield Change(
            check=subject.check.id,
            before=was.state if was else None,
            after=now.state if now else None,
            verdict_before=was.verdict if was else None,
            verdict_after=now.verdict if now else None,
        )


def _seen(outcome: Outcome | None) -> object:
    return outcome and (outcome.state, outcome.verdict)


def _findings(before: Sequence[Finding], after: Sequence[Finding]) -> Iterator[FindingChange]:
    earlier, later = _by_code(before), _by_code(after)
    for name in dict.fromkeys([*later, *earlier]):
        was, now = earlier.get(name, []), later.get(name, [])
        before_, after_ = set(map(_alike, was)), set(map(_alike, now))
        new = [finding for finding in now if _alike(finding) not in before_]
        old = [finding for finding in was if _alike(finding) not in after_]
        pairs = min(len(new), len(old))
        yield from (_turned(Turn.CHANGED, finding) for finding in new[:pairs])
        yield from (_turned(Turn.APPEARED, finding) for finding in new[pairs:])
        yield from (_turned(Turn.GONE, finding) for finding in old[pairs:])


def _by_code(findings: Iterable[Finding]) -> dict[tuple[str, str], list[Finding]]:
    found: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        if finding.code != ALL_WELL:
            found.setdefault((finding.forest, finding.code), []).append(finding)
    return found


def _alike(finding: Finding) -> object:
    """Titles hold numbers that vary by themselves, such as a clock's offset: only who and how badly counts."""
    return frozenset(finding.hosts), finding.severity


def _turned(turn: Turn, finding: Finding) -> FindingChange:
    return FindingChange(turn, finding.forest, finding.code, finding.title, finding.severity, finding.hosts)


def _controllers(before: Report, after: Report) -> Iterator[ControllerChange]:
    earlier, later = _places(before), _places(after)
    yield from (ControllerChange(Turn.APPEARED, *place) for place in later if place not in earlier)
    yield from (ControllerChange(Turn.GONE, *place) for place in earlier if place not in later)


def _places(report: Report) -> dict[tuple[str, str, str | None], None]:
    """Less this machine's own resolvers, which are listed where they were asked."""
    listed = ((forest.name, dc) for forest in report.forests for dc in forest.domain_controllers)
    return {(forest, dc.host, dc.address): None for forest, dc in listed if dc.source != "resolver"}
