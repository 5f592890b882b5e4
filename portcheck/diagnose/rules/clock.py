"""Clocks: whose is off, ours or the controller's, by how much, held against Kerberos' limit."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

from portcheck.diagnose.phrases import duration, listed, short, some
from portcheck.diagnose.reader import median, number
from portcheck.diagnose.rule import Proof, Rule
from portcheck.diagnose.view import Endpoint, ForestFacts, endpoint
from portcheck.model import Outcome, Report, Severity, Verdict

KERBEROS_LIMIT_S = 300.0
"""The default of both sides (RFC 4120, 1.6; Windows: SkewTime)."""

NOTABLE_S = 60.0
"""Below this, whole-second clocks in answers and slow replies are as likely as a wrong clock."""

NTP = "time"
LIMIT = {
    True: "Kerberos refuses a difference of more than 5 minutes",
    False: "Kerberos still accepts 5 minutes",
}

Clocks = dict[Endpoint, list[tuple[str, float]]]


def _skewed(f: ForestFacts) -> Proof | None:
    clocks = _clocks(f.outcomes)
    off = {where: _middle(told) for where, told in clocks.items() if abs(_middle(told)) > NOTABLE_S}
    apart = {} if off else _apart_from_its_host(clocks)
    if not off:
        return _time_service(f, clocks, apart) if apart else None
    whose = ours(f)
    proof = tuple(o for o in f.told("clock_skew_s") if endpoint(o) in off)
    grave = any(abs(skew) > KERBEROS_LIMIT_S for skew in off.values())
    return Proof(
        proof,
        severity=Severity.ERROR if grave else Severity.WARNING,
        seen=_seen(f, clocks, off),
        brief=True,
        words=_words(f, off, whose, grave=grave),
    )


def _apart_from_its_host(clocks: Clocks) -> dict[Endpoint, float]:
    """By how much NTP is ahead of the clock that Kerberos and the directory of the same host agree on."""
    found = {}
    for where, told in clocks.items():
        ntp = [skew for service, skew in told if service == NTP]
        others = [skew for service, skew in told if service != NTP]
        if ntp and others and abs(ntp[0] - median(others)) > NOTABLE_S:
            found[where] = ntp[0] - median(others)
    return found


def _time_service(f: ForestFacts, clocks: Clocks, apart: dict[Endpoint, float]) -> Proof:
    """The host's own clock is right, and what it tells as time is another one: members would set theirs by it."""
    proof = tuple(o for o in f.told("clock_skew_s") if endpoint(o) in apart and o.check.service == NTP)
    worst = max(apart.values(), key=abs)
    names = some(dict.fromkeys(short(where.host, f.forest.name) for where in apart))
    grave = abs(worst) > KERBEROS_LIMIT_S
    words = {
        "whose": f"the time service of {names} is {_apart(worst)} the same host's own clock",
        "which": "Whatever sets its clock by 123/udp there will be off by as much from Kerberos; something else than"
        " the host's own time service may answer on that port",
        "limit": LIMIT[grave],
        "ask": f"Ask the AD team what answers on 123/udp of {names} (w32tm /query /status there).",
    }
    seen = tuple(
        f"{short(where.host, f.forest.name)}: 123/udp is {_apart(skew)} {_agreeing(clocks[where])}"
        for where, skew in apart.items()
    )
    return Proof(proof, severity=Severity.WARNING, seen=seen, brief=True, words=words)


def _agreeing(told: list[tuple[str, float]]) -> str:
    return listed(dict.fromkeys(service for service, _ in told if service != NTP))


def _clocks(outcomes: Iterable[Outcome]) -> Clocks:
    """What each service of each address said; one answer a service is enough."""
    clocks: Clocks = {}
    for o in outcomes:
        skew = number(o, "clock_skew_s")
        if skew is not None and o.verdict is not Verdict.SKIP and (where := endpoint(o)) is not None:
            clocks.setdefault(where, []).append((o.check.service, skew))
    return clocks


def _middle(told: list[tuple[str, float]]) -> float:
    return median(skew for _, skew in told)


def ours(f: ForestFacts) -> float | None:
    """By how much this machine's clock is off; 0.0: it is not; None: nothing tells which of two is wrong.

    Over all forests of the run: each forest is one source of time, and this machine is one more voice. Most voices are
    right; where no forest agrees with this machine, two hosts that differ from it alike are enough.
    """
    everyone = f.of_run(_all_clocks)
    by_forest = f.of_run(_by_forest)
    hosts = [_middle(told) for told in everyone.values()]
    with_us = sum(any(abs(skew) <= NOTABLE_S for skew in skews) for skews in by_forest)
    alike = _largest([median(skews) for skews in by_forest])
    if with_us:
        theirs = with_us + 1 >= len(alike) or abs(median(alike)) <= NOTABLE_S
        return 0.0 if theirs else median(alike)
    most = _largest(hosts)
    among = set(most)
    several = len({where.host for where, told in everyone.items() if _middle(told) in among}) > 1
    return median(most) if several and 2 * len(most) > len(hosts) else None


def _all_clocks(report: Report) -> Clocks:
    return _clocks(report.outcomes)


def _by_forest(report: Report) -> list[list[float]]:
    """The hosts' clocks of each forest that told any."""
    told: dict[str, set[Endpoint]] = {}
    clocks = _all_clocks(report)
    for o in report.outcomes:
        if (where := endpoint(o)) in clocks and where is not None:
            told.setdefault(o.check.forest, set()).add(where)
    return [[_middle(clocks[where]) for where in places] for places in told.values()]


def _largest(skews: list[float]) -> list[float]:
    """The most that agree with one of them."""
    ordered = sorted(skews)

    def alike(one: float) -> int:
        return bisect_right(ordered, one + NOTABLE_S) - bisect_left(ordered, one - NOTABLE_S)

    centre = max(skews, key=alike, default=0.0)
    return [skew for skew in skews if abs(skew - centre) <= NOTABLE_S]


def _seen(f: ForestFacts, clocks: Clocks, off: dict[Endpoint, float]) -> tuple[str, ...]:
    """dc1: 20 min ahead of this machine (kerberos, ldap)"""
    told = []
    for where, skew in off.items():
        by = listed(dict.fromkeys(service for service, said in clocks[where] if abs(said) > NOTABLE_S))
        agree = dict.fromkeys(service for service, said in clocks[where] if abs(said) <= NOTABLE_S)
        but = f", but {listed(agree)} agrees with this machine" if agree else ""
        told.append(f"{short(where.host, f.forest.name)} is {_apart(skew)} this machine by {by}{but}")
    return (some(told, more="more hosts"),)


def _apart(skew: float) -> str:
    return f"{duration(skew)} {'ahead of' if skew > 0 else 'behind'}"


def _words(f: ForestFacts, off: dict[Endpoint, float], by: float | None, *, grave: bool) -> dict[str, str]:
    worst = by or max(off.values(), key=abs)
    ours = None if by is None else bool(by)
    names = some(dict.fromkeys(short(where.host, f.forest.name) for where in off))
    clock = "clock" if len({where.host for where in off}) == 1 else "clocks"
    whose = {
        True: f"this machine's clock is {_apart(-worst)} the controllers'",
        False: _theirs(f, off),
        None: _either(f, off),
    }
    which = {
        True: f"{_agreed(f, worst)} differ from this machine alike, so it is this machine's clock",
        False: f"Other controllers agree with this machine, so it is {OWNERS[clock]}",
        None: "Nothing else that was asked tells which of the two is wrong",
    }
    its = "its time source" if clock == "clock" else "their time sources"
    ask = {
        True: "Correct this machine's clock and its time source (w32tm /query /source; or the hypervisor's time"
        " synchronisation).",
        False: f"Ask the AD team to correct the {clock} of {names} and {its} (w32tm /query /source there).",
        None: f"Compare this machine's clock with a third one; then correct it, or ask the AD team to correct {names}.",
    }
    return {"whose": whose[ours], "which": which[ours], "limit": LIMIT[grave], "ask": ask[ours]}


OWNERS = {"clock": "the controller's clock", "clocks": "these controllers' clocks"}


def _theirs(f: ForestFacts, off: dict[Endpoint, float]) -> str:
    """Together where they are off alike, else each by how much."""
    apart = _each(f, off)
    if len(apart) == 1:
        ((names, skew),) = apart
        many = len({where.host for where in off}) > 1
        return f"the {'clocks' if many else 'clock'} of {names} {'are' if many else 'is'} {_apart(skew)} this machine's"
    told = listed(f"that of {names} {duration(skew)} {'ahead' if skew > 0 else 'behind'}" for names, skew in apart)
    return f"the clocks of controllers are off: {told}"


def _either(f: ForestFacts, off: dict[Endpoint, float]) -> str:
    apart = _each(f, off)
    if len(apart) == 1:
        ((names, skew),) = apart
        return f"the clocks of {names} and this machine are {duration(skew)} apart"
    told = listed(f"{names} {duration(skew)} {'ahead' if skew > 0 else 'behind'}" for names, skew in apart)
    return f"this machine's clock and those of controllers differ: {told}"


def _each(f: ForestFacts, off: dict[Endpoint, float]) -> list[tuple[str, float]]:
    """The hosts whose clocks agree with one another, and by how much they are off; the worst first."""
    groups: list[list[tuple[Endpoint, float]]] = []
    for where, skew in off.items():
        fitting = next((group for group in groups if abs(group[0][1] - skew) <= NOTABLE_S), None)
        if fitting is None:
            groups.append([(where, skew)])
        else:
            fitting.append((where, skew))
    told = [(some(dict.fromkeys(short(w.host, f.forest.name) for w, _ in group)), group[0][1]) for group in groups]
    return sorted(told, key=lambda pair: -abs(pair[1]))


def _agreed(f: ForestFacts, by: float) -> str:
    """All 4 controllers of 3 forests; most, where one of them has a clock of its own."""
    clocks = f.of_run(_all_clocks)
    agreeing = {where.host for where, told in clocks.items() if abs(_middle(told) - by) <= NOTABLE_S}
    everyone = {where.host for where in clocks}
    forests = {o.check.forest for o in f.report.outcomes if o.check.host in agreeing}
    count = f"All {len(everyone)}" if agreeing == everyone else f"{len(agreeing)} of {len(everyone)}"
    return f"{count} controllers{f' of {len(forests)} forests' if len(forests) > 1 else ''}"


CLOCK = (
    Rule(
        code="time-skew",
        title="{forest}: {whose}",
        explanation="{limit}. {which}.",
        fix="{ask}",
        when=_skewed,
        beside=True,
    ),
)
