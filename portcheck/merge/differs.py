"""Works from some places, not from others; and the same fault from all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field

from portcheck.frozen import dataclass
from portcheck.merge.devices import Ends, ends, ways
from portcheck.merge.phrases import places, port, services, short, some
from portcheck.merge.points import Merged, MergedCell
from portcheck.model import BLOCKED, FAULTY, GOOD, Check, Finding, Outcome, Severity, Verdict


@dataclass(slots=True)
class _Contrast:
    """Cells that the same places fail to reach and the same places reach."""

    forest: str
    failing: tuple[str, ...]
    working: tuple[str, ...]
    cells: list[MergedCell] = field(default_factory=list)

    @property
    def checks(self) -> list[Check]:
        return [cell.check for cell in self.cells]

    @property
    def sights(self) -> list[tuple[str, Outcome]]:
        return [(name, cell.seen[name]) for cell in self.cells for name in self.failing]

    @property
    def hosts(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(check.host for check in self.checks))

    @property
    def severity(self) -> Severity:
        broken = any(outcome.verdict is Verdict.FAIL for _, outcome in self.sights)
        return Severity.ERROR if broken else Severity.WARNING


def compared(merged: Merged) -> Iterator[Finding]:
    """`differs-by-vantage` and `same-everywhere`, a finding for each set of places that stand alike."""
    known = ways((name, outcome) for cell in merged.cells for name, outcome in cell.seen.items())
    addresses = {point.name: point.machine.addresses for point in merged.points}
    for one in _grouped(_differing(merged.cells)):
        yield _differs(one, ends(one.sights, one.working, known), addresses)
    for one in _grouped(_everywhere(merged.cells)):
        yield _everywhere_alike(one, ends(one.sights, (), known))


Split = tuple[MergedCell, tuple[str, ...], tuple[str, ...]]


def _differing(cells: Iterable[MergedCell]) -> Iterator[Split]:
    """Where it works from anywhere, the service is offered: silence elsewhere is a fault, whatever that place knew."""
    for cell in cells:
        working = cell.works
        failing = (*cell.fails, *cell.doubtful) if working else ()
        if failing:
            yield cell, tuple(sorted(failing)), tuple(sorted(working))


def _everywhere(cells: Iterable[MergedCell]) -> Iterator[Split]:
    """From two places at least, and from none that asked otherwise."""
    for cell in cells:
        failing = tuple(sorted(n for n, o in cell.seen.items() if o.verdict in FAULTY))
        clean = any(o.verdict is Verdict.PASS for o in cell.seen.values())
        if len(failing) > 1 and not clean and len({_kind(cell.seen[name]) for name in failing}) == 1:
            yield cell, failing, ()


def _kind(outcome: Outcome) -> str:
    if outcome.state in GOOD:
        return "flawed"
    if outcome.state in BLOCKED:
        return "unheard"
    return outcome.state.value


def _grouped(split: Iterable[Split]) -> list[_Contrast]:
    """Hosts that differ alike are told together; of one host, all its services."""
    found: dict[tuple[str, tuple[str, ...], tuple[str, ...], str], _Contrast] = {}
    for cell, failing, working in split:
        kind = "" if working else _kind(cell.seen[failing[0]])
        key = (cell.check.forest, failing, working, kind)
        found.setdefault(key, _Contrast(cell.check.forest, failing, working)).cells.append(cell)
    return list(found.values())


def _differs(one: _Contrast, where: Ends, addresses: dict[str, tuple[str, ...]]) -> Finding:
    what, hosts = services(one.checks), some(short(check) for check in one.checks)
    silent = any(outcome.state in BLOCKED for _, outcome in one.sights)
    return Finding(
        code="differs-by-vantage",
        severity=one.severity,
        forest=one.forest,
        title=f"{one.forest}: {what} of {hosts}: works from {places(one.working)}, not from {places(one.failing)}",
        explanation="\n".join(filter(None, (_why_differs(silent=silent), _device_words(where, one)))),
        hosts=one.hosts,
        evidence=_seen(one, where),
        breaks=_breaks(one.checks),
        fix=_ask_differs(one, where, addresses, silent=silent),
        checks=tuple(check.id for check in one.checks),
    )


def _why_differs(*, silent: bool) -> str:
    if silent:
        return "The service answers others, so it runs: what differs is the way there, or what is allowed by source."
    return "The host is heard from everywhere; it, or a device on the way, answers some sources otherwise."


def _device_words(where: Ends, one: _Contrast) -> str:
    if where.device is None:
        return "" if not where.told else "The failing ways have no device in common that is known by one address."
    if where.alike:
        return (
            f"All failing ways pass {where.device}, and ways that work pass it too: it, or what is beyond it, tells"
            " sources apart."
        )
    only = "way passes" if len(one.failing) == 1 else "ways pass"
    return f"The first device that only the failing {only} is {where.device}: look at it, or at what is beyond it."


def _ask_differs(one: _Contrast, where: Ends, addresses: dict[str, tuple[str, ...]], *, silent: bool) -> str:
    if not silent:
        return f"Compare what {places(one.failing)} and {places(one.working)} are answered by; the path is open."
    ports = some(dict.fromkeys(port(check) for check in one.checks), 12)
    sources = some(a for name in one.failing for a in addresses.get(name, ()) or (name,))
    to = some(dict.fromkeys(f"{check.host} ({check.address})" for check in one.checks))
    via = f" at {where.device}" if where.device and not where.alike else ""
    return f"Ask the firewall team to allow {ports} from {sources} to {to}{via}, as it is for {places(one.working)}."


def _everywhere_alike(one: _Contrast, where: Ends) -> Finding:
    what, hosts = services(one.checks), some(short(check) for check in one.checks)
    kind = _kind(one.sights[0][1])
    return Finding(
        code="same-everywhere",
        severity=one.severity,
        forest=one.forest,
        title=f"{one.forest}: {what} of {hosts}: the same fault from {_all(one)}",
        explanation=_why_same(kind, where),
        hosts=one.hosts,
        evidence=_seen(one, where),
        breaks=_breaks(one.checks),
        fix=_ask_same(kind, hosts, where),
        checks=tuple(check.id for check in one.checks),
    )


def _all(one: _Contrast) -> str:
    """Those that asked: others may not need the service."""
    return f"all {len(one.failing)} places that asked ({some(one.failing)})"


def _why_same(kind: str, where: Ends) -> str:
    if kind != "unheard":
        return "Every place hears the same of it, so no single way is to blame: it is the host, or what is next to it."
    if where.device is not None:
        return (
            f"All ways pass {where.device}: it, what is beyond it, or the host itself. No rule for one place alone"
            " would cure it."
        )
    if where.at_host or not where.told:
        return (
            "No single place is to blame: it is the host, what is next to it, or a device that all ways pass (one that"
            " answers each side from another address, perhaps)."
        )
    return (
        "The ways end before the last router in front of the host, and no address is common to them: either each has a"
        " device of its own in the way, or one device answers each side from another address."
    )


def _ask_same(kind: str, hosts: str, where: Ends) -> str:
    if kind != "unheard":
        return f"Ask who runs {hosts}: every place is answered alike."
    device = f"{where.device}, " if where.device is not None else ""
    return f"Look at {device}what stands directly before {hosts}, and at the firewall of the host itself, first."


def _seen(one: _Contrast, where: Ends) -> str:
    """By place: what it saw, and where its way ends; of many places a few."""
    ends_at = dict(where.told)
    told: dict[str, str] = {}
    for name, outcome in one.sights:
        told.setdefault(name, f"{name}: {outcome.state}{f', {ends_at[name]}' if name in ends_at else ''}")
    return some(told.values(), 8)


def _breaks(checks: Sequence[Check]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(operation for check in checks for operation in check.operations))
