"""What only the comparison tells of a place itself: its clock, its view of DNS, its report's age, who is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from statistics import median

from portcheck.merge.moments import is_ahead, moment
from portcheck.merge.phrases import places, some
from portcheck.merge.points import LeftOut, Merged, VantagePoint
from portcheck.model import Finding, Severity, Verdict, utc

NOTABLE_S = 60.0
"""As of a single run: below it, whole-second clocks and slow replies are as likely as a wrong clock."""
KERBEROS_LIMIT_S = 300.0
EVERY = ""
"""The forest of a finding that is of no forest."""
Answer = tuple[str, tuple[str, ...]]  # status, answers in order of their names


def clocks(merged: Merged) -> Iterator[Finding]:
    """One place whose clock differs from that of all others, which agree; of two places, with the hosts' own."""
    known = _offsets(merged.points)
    off = [name for name, offset in known.items() if abs(offset) > NOTABLE_S]
    if len(off) != 1:
        return
    name = off[0]
    by = known[name]
    direction = "behind" if by > 0 else "ahead of"
    others = [other for other in known if other != name]
    yield Finding(
        code="one-clock-off",
        severity=Severity.ERROR if abs(by) > KERBEROS_LIMIT_S else Severity.WARNING,
        forest=EVERY,
        title=f"The clock of {name} is {abs(by):.0f} s {direction} that of {places(others)}",
        explanation=(
            "The same hosts were asked for their time from each place, and the other places agree: it is this place's"
            f" own clock. Kerberos refuses a difference of more than {KERBEROS_LIMIT_S:.0f} s."
        ),
        hosts=(name,),
        evidence=some(f"{other}: {known[other]:+.1f} s" for other in (name, *others)),
        fix=f"Correct the clock of {name} and its time source (w32tm /query /source, or chronyc sources, there).",
    )


def _offsets(points: Sequence[VantagePoint]) -> dict[str, float]:
    """By how much the hosts' clocks look ahead from each place, compared with how most places see them."""
    found: dict[str, list[float]] = {}
    for host in dict.fromkeys(host for point in points for host in point.clocks):
        skews = {point.name: point.clocks[host] for point in points if host in point.clocks}
        middle = _most_agree([*skews.values(), *([0.0] if len(skews) == 2 else [])])
        if middle is None or len(skews) < 2:
            continue
        for name, skew in skews.items():
            found.setdefault(name, []).append(skew - middle)
    return {name: median(offsets) for name, offsets in found.items()}


def _most_agree(skews: Sequence[float]) -> float | None:
    """What more than half agree on; None: nothing."""
    alike = ([other for other in skews if abs(other - one) <= NOTABLE_S] for one in skews)
    most = max(alike, key=len)
    return median(most) if 2 * len(most) > len(skews) else None


def names(merged: Merged) -> Iterator[Finding]:
    """One name, and other answers by place. What one resolver says is no more the truth than what another says."""
    for forest in merged.forests:
        differing = [(name, views) for name, views in _views(merged, forest).items() if len(set(views.values())) > 1]
        if not differing:
            continue
        concerned = dict.fromkeys(place for _, views in differing for place in views)
        yield Finding(
            code="dns-differs-by-vantage",
            severity=Severity.WARNING,
            forest=forest,
            title=f"{forest}: DNS tells {places(concerned)} different things of {some(q[0] for q, _ in differing)}",
            explanation=(
                "The same question has other answers by place: views by source, zones that are not replicated"
                " everywhere, or other servers asked. Each place reaches what its own DNS names."
            ),
            hosts=tuple(dict.fromkeys(name for (name, _), _ in differing)),
            evidence=some(f"{record} {name}: {_told(views)}" for (name, record), views in differing),
            fix="Ask the DNS team which of these answers is meant for which place.",
        )


def _views(merged: Merged, forest: str) -> dict[tuple[str, str], dict[str, Answer]]:
    """By name and record: what each place was told; where it asked several servers, what all of them said alike."""
    found: dict[tuple[str, str], dict[str, set[Answer]]] = {}
    for point in merged.points:
        for lookup in (q for f in point.forests if f.name == forest for q in f.lookups):
            answer = (lookup.status, tuple(sorted(set(lookup.answers))))
            found.setdefault((lookup.name, lookup.record), {}).setdefault(point.name, set()).add(answer)
    return {
        question: {place: next(iter(answers)) for place, answers in told.items() if len(answers) == 1}
        for question, told in found.items()
    }


def _told(views: dict[str, Answer]) -> str:
    by_answer: dict[Answer, list[str]] = {}
    for place, answer in views.items():
        by_answer.setdefault(answer, []).append(place)
    return "; ".join(
        f"{places(those)}: {some(answers, 3) if answers else status}" for (status, answers), those in by_answer.items()
    )


def stale(
    merged: Merged, oldest: timedelta, now: datetime | None = None, clock: datetime | None = None
) -> Iterator[Finding]:
    """Reports that are older than the newest one by more than `oldest`; than `now`, where that is given.

    `clock`: this machine's. A report from beyond it is no measure for others; where all are, the clock is none.
    """
    told = {point.name: at for point in merged.points if (at := moment(point.started)) is not None}
    ahead = {name: at for name, at in told.items() if is_ahead(at, now or clock)}
    if now or len(ahead) < len(told):
        yield from (_ahead(name, at, now or clock) for name, at in ahead.items())
        told = {name: at for name, at in told.items() if name not in ahead}
    newest = now or max(told.values(), default=None)
    for name, at in told.items():
        if newest is not None and newest - at > oldest:
            than = "it is now" if now else "that of the others"
            yield Finding(
                code="vantage-stale",
                severity=Severity.WARNING,
                forest=EVERY,
                title=f"The report of {name} is {_age(newest - at)} older than {than}",
                explanation="What it says may have changed since; a difference from the others proves nothing then.",
                hosts=(name,),
                evidence=f"{name}: {utc.written(at)}",
                fix=f"Run portcheck check on {name} again, and see why its report no longer comes.",
            )


def _ahead(name: str, at: datetime, clock: datetime | None) -> Finding:
    by = "" if clock is None else f"{_age(at - clock)} "
    return Finding(
        code="vantage-stale",
        severity=Severity.WARNING,
        forest=EVERY,
        title=f"The report of {name} is dated {by}ahead of this machine's clock: how old it is cannot be told",
        explanation="One of the two clocks was wrong. The report may be old: a difference from others proves nothing.",
        hosts=(name,),
        evidence=f"{name}: {utc.written(at)}",
        fix=f"Look at the clock of {name} and at this machine's, and run portcheck check there again.",
    )


def missing(expected: Iterable[str], merged: Merged) -> Iterator[Finding]:
    """Places that were expected, forests that a place was to ask and could not, and files that could not be read."""
    for name in dict.fromkeys(expected):
        if name not in merged.names:
            yield _missing(name, f"No report of {name}", "It was expected, and nothing of it was given.", "")
    for point in merged.points:
        for forest in point.forests:
            if forest.problem:
                title = f"{point.name} could ask nothing of {forest.name}"
                yield _missing(
                    point.name, title, "Its column says nothing of that forest.", forest.problem, forest.name
                )
    yield from map(_unread, merged.left_out)


def untold(merged: Merged) -> Iterator[Finding]:
    """Faults that a place found and that none of its checks shows: the matrix alone would call the forest well."""
    failing = {(n, c.check.forest) for c in merged.cells for n, o in c.seen.items() if o.verdict is Verdict.FAIL}
    found: dict[tuple[str, str], tuple[Finding, list[str]]] = {}
    for point in merged.points:
        for finding in point.findings:
            if finding.severity is Severity.ERROR and (point.name, finding.forest) not in failing:
                found.setdefault((finding.forest, finding.title), (finding, []))[1].append(point.name)
    for finding, names_ in found.values():
        yield replace(finding, title=f"{finding.title}, as seen from {places(names_)}")


def _unread(one: LeftOut) -> Finding:
    return _missing(
        "", f"{one.source} is left out", "It could not be read as a report; the others are compared.", one.why
    )


def _missing(place: str, title: str, why: str, seen: str, forest: str = EVERY) -> Finding:
    return Finding(
        code="vantage-missing",
        severity=Severity.WARNING,
        forest=forest,
        title=title,
        explanation=why,
        hosts=(place,) if place else (),
        evidence=seen,
        fix=f"Run portcheck check on {place}, and see why its report does not come." if place else "",
    )


def _age(span: timedelta) -> str:
    hours = span.total_seconds() / 3600
    return f"{hours / 24:.0f} days" if hours >= 48 else f"{hours:.0f} hours" if hours >= 2 else f"{hours * 60:.0f} min"
