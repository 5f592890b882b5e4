"""Plain words for outcomes: which ports, where, what was seen. One line each, fit for a ticket."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from portcheck.diagnose.reader import flag, number, printable, text, texts
from portcheck.diagnose.view import ForestFacts, endpoint, local
from portcheck.model import Outcome, State
from portcheck.model.folding import folded
from portcheck.model.readings import by_v6

MOST_NAMED = 4
"""More hosts than this are counted, not named."""

ICMP_V4 = {
    (3, 0): "network unreachable",
    (3, 1): "host unreachable",
    (3, 2): "protocol unreachable",
    (3, 3): "port unreachable",
    (3, 9): "administratively prohibited",
    (3, 10): "administratively prohibited",
    (3, 13): "administratively prohibited",
    (11, 0): "time to live exceeded",
    (11, 1): "fragment reassembly time exceeded",
}
"""RFC 792, RFC 1812"""
ICMP_V6 = {
    (1, 0): "no route to destination",
    (1, 1): "administratively prohibited",
    (1, 3): "address unreachable",
    (1, 4): "port unreachable",
    (1, 5): "source address failed policy",
    (1, 6): "reject route to destination",
    (3, 0): "hop limit exceeded",
    (3, 1): "fragment reassembly time exceeded",
}
"""RFC 4443; the same number means other things there: 3 is ICMP's "unreachable", and ICMPv6's "time exceeded"."""


def listed(words: Iterable[str]) -> str:
    """a, b and c"""
    *most, last = tuple(dict.fromkeys(words)) or ("",)
    return f"{', '.join(most)} and {last}" if most else last


def some(words: Iterable[str], most: int = MOST_NAMED, more: str = "more") -> str:
    """a, b, c and 17 more"""
    known = tuple(dict.fromkeys(words))
    return listed(known) if len(known) <= most else f"{', '.join(known[: most - 1])} and {len(known) - most + 1} {more}"


def short(host: str, forest: str) -> str:
    """Without the forest's own suffix: `dc1` for dc1.alpha.test; whole where what is left would name another host."""
    label = host.removesuffix(f".{forest}")
    return printable(host if not label or label.endswith(f".{forest}") else label)


def many(names: Iterable[str], most: int = MOST_NAMED) -> str:
    """a, b and c; of more than `most` those in a row as a range: d100–d139 (40)"""
    known = tuple(dict.fromkeys(names))
    return listed(known) if len(known) <= most else folded(known, most)


def short_hosts(names: Iterable[str], f: ForestFacts) -> str:
    return many(short(name, f.forest.name) for name in names)


def ports(outcomes: Iterable[Outcome]) -> str:
    """464/tcp and 464/udp; an RPC service whose port is not known goes by its name."""
    return listed(port(outcome) for outcome in outcomes)


def port(outcome: Outcome) -> str:
    check = outcome.check
    return f"{check.service}" if check.port is None else f"{check.port}/{check.transport}"


def services(outcomes: Iterable[Outcome]) -> str:
    """kpasswd (464/tcp) and kerberos (88/tcp)"""
    by_service: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        called = outcome.check.service
        if called in {"tcp", "udp"}:  # a port of the file's own
            called = printable(outcome.check.purpose) or called
        by_service.setdefault(called, []).append(outcome)
    return listed(_with_ports(service, ports(found)) for service, found in by_service.items())


def _with_ports(service: str, where: str) -> str:
    return service if service == where else f"{service} ({where})"


def evidence(outcomes: Sequence[Outcome], although: Sequence[Outcome] = (), seen: Iterable[str] = ()) -> str:
    """The proof in one line: what failed and how, what works beside it, where the path ends."""
    parts = [*_by_place(outcomes), *seen]
    if although:
        best = although[0]
        where = _beside(best, outcomes)
        parts.append(f"{port(best)}{where} {how(best)}")
    parts.extend(ends(outcomes))
    return "; ".join(dict.fromkeys(parts))


def _beside(best: Outcome, outcomes: Sequence[Outcome]) -> str:
    """Where the good answer came from, unless it is where the others failed."""
    here = [o for o in outcomes if o.check.host == best.check.host]
    if not here:
        return f" of {printable(best.check.host)}"
    return "" if any(o.check.address == best.check.address for o in here) else f" at {best.check.address}"


def _by_place(outcomes: Sequence[Outcome]) -> list[str]:
    """464/tcp and 464/udp to dc1.alpha.test: silent after 3 tries"""
    grouped: dict[tuple[str, str, str], list[Outcome]] = {}
    for o in outcomes:
        alike = "silent" if o.state is State.FILTERED else how(o)
        grouped.setdefault((o.check.host, o.check.address or "", alike), []).append(o)
    several = len({(host, address) for host, address, _ in grouped}) > len({host for host, _, _ in grouped})
    same: dict[tuple[str, str], dict[str, list[Outcome]]] = {}
    for (host, address, alike), found in grouped.items():
        where = f"{printable(host)}{f' [{address}]' if several and address else ''}"
        same.setdefault((ports(found), alike), {})[where] = found
    told = [
        f"{where} to {many(places)}: {_how_all([o for found in places.values() for o in found])}"
        for (where, _), places in same.items()
    ]
    left = len(told) - MOST_NAMED
    return told if left <= 0 else [*told[:MOST_NAMED], f"the same on {left} more"]


def _how_all(alike: Sequence[Outcome]) -> str:
    """Silence may have taken a different number of tries."""
    tries = sorted({o.attempts for o in alike})
    if alike[0].state is State.FILTERED and len(tries) > 1:
        return f"silent after {tries[0]} to {tries[-1]} tries"
    return how(alike[0])


def ends(outcomes: Sequence[Outcome]) -> list[str]:
    """Of which router the silent packets were last heard, and who may drop them; of how many hosts that is known."""
    walks = dict.fromkeys(
        (o.blocked_at.after, o.blocked_at.hop, _lost_before(o))
        for o in outcomes
        if o.blocked_at and o.blocked_at.by is None
    )
    dropped = not all(flag(o, "udp_unproven") for o in outcomes)  # else the host may have heard it and kept silent
    told = [_lost(after, hop, before, dropped=dropped) for after, hop, before in walks if after or hop is not None]
    everyone, unwalked = len({o.check.host for o in outcomes}), {o.check.host for o in outcomes if _not_walked(o)}
    return [*told, f"walked to {everyone - len(unwalked)} of these {everyone} hosts"] if told and unwalked else told


def _not_walked(outcome: Outcome) -> bool:
    """Others of its network were, in its stead."""
    return outcome.blocked_at is None and bool(texts(outcome, "walked_instead"))


def _lost_before(outcome: Outcome) -> str | None:
    """10.77.100.2 (hop 2): the next router that speaks about what arrives."""
    router, hop = text(outcome, "lost_before"), number(outcome, "lost_before_hop")
    return f"{router} (hop {hop:.0f})" if router and hop is not None else router


def _lost(after: str | None, hop: int | None, before: str | None, *, dropped: bool) -> str:
    """The last router heard may be the one: it tells that a packet's time is up before its own filter sees it."""
    if not after and not hop:
        return "lost on this machine, or at or before the first hop"
    where = f"{after or 'a router that keeps silent'}{f' (hop {hop})' if hop is not None else ''}"
    if not dropped and before is None:
        return f"last heard: {where}"
    target = before or "the host, or on the way back,"
    return f"last heard: {where}; {after or 'it'} itself or something up to {target} drops it"


def how(outcome: Outcome) -> str:
    """What was seen, in a few words."""
    return SEEN[outcome.state](outcome)


def _silent(outcome: Outcome) -> str:
    if outcome.attempts < 1:
        return "silent"
    return f"silent after {outcome.attempts} {'try' if outcome.attempts == 1 else 'tries'}"


def _proxy_says(outcome: Outcome) -> str | None:
    proxy, status = text(outcome, "proxy"), number(outcome, "proxy_status")
    if proxy and (said := text(outcome, "proxy_said")):
        return f"the proxy {proxy} {said}"
    if proxy and flag(outcome, "proxy_reached") is False:
        return f"the proxy {proxy} itself cannot be reached"
    return f"the proxy {proxy} said: HTTP {status:.0f}" if proxy and status else None


def _rejected(outcome: Outcome) -> str:
    if (proxy := _proxy_says(outcome)) is not None:
        return proxy
    by, said = said_by(outcome) or "a device on the path", icmp_words(outcome)
    return f"{by} said: {said}" if said else f"rejected by {by}"


def _unreachable(outcome: Outcome) -> str:
    if (proxy := _proxy_says(outcome)) is not None:
        return proxy
    if local(outcome):
        neighbour = text(outcome, "icmp_from")
        return "this machine's gateway or neighbour does not answer" if neighbour else "this machine has no route to it"
    by = said_by(outcome)
    return f"{by} said: {icmp_words(outcome) or 'unreachable'}" if by else "unreachable"


def _answered(outcome: Outcome) -> str:
    return "answered" if outcome.latency_ms is None else f"answered in {milliseconds(outcome.latency_ms)}"


def _cut(outcome: Outcome) -> str:
    by = said_by(outcome)
    return f"connected, then cut{f' by {by}' if by else ''} when the protocol started"


def _mismatch(outcome: Outcome) -> str:
    spoken = text(outcome, "peer_protocol")
    return f"answered as {spoken}" if spoken else "answered in another protocol"


SEEN: dict[State, Callable[[Outcome], str]] = {
    State.OK: _answered,
    State.OPEN: _answered,
    State.FILTERED: _silent,
    State.REJECTED: _rejected,
    State.UNREACHABLE: _unreachable,
    State.REFUSED: lambda o: (
        _proxy_says(o) or ("refused, by the host or in its name" if flag(o, "reset_untold") else "refused by the host")
    ),
    State.MUTE: lambda _: "connected, but the question was never answered",
    State.RESET: _cut,
    State.MISMATCH: _mismatch,
    State.UNRESOLVED: lambda o: (
        "DNS did not tell its address" if flag(o, "address_told") is False else "the name has no address"
    ),
    State.SKIPPED: lambda o: printable(o.reason) or "not asked",
    State.ERROR: lambda o: printable(o.reason) or "could not be asked",
}


def said_by(outcome: Outcome) -> str | None:
    """The device that said no; never this machine."""
    if local(outcome):
        return None
    if outcome.blocked_at and outcome.blocked_at.by:
        return printable(outcome.blocked_at.by)
    forged = outcome.state is State.REJECTED and "host_ttl" in outcome.facts
    return None if forged else text(outcome, "icmp_from")


def goes_round(outcomes: Iterable[Outcome]) -> bool:
    """All that was heard of them is that their time to live was over: routes lead in a circle (RFC 792, RFC 4443)."""
    heard = [o for o in outcomes if o.state is not State.FILTERED]
    return bool(heard) and all(map(_time_over, heard))


def _time_over(outcome: Outcome) -> bool:
    said = number(outcome, "icmp_type"), number(outcome, "icmp_code")
    return outcome.state is State.UNREACHABLE and said == ((3, 0) if by_v6(outcome) else (11, 0))


def in_the_hosts_name(outcome: Outcome) -> bool:
    """The no bears the host's own address: its own firewall sent it, or a device that does not use its own."""
    return outcome.check.address is not None and said_by(outcome) == outcome.check.address


def icmp_words(outcome: Outcome) -> str | None:
    kind, code = number(outcome, "icmp_type"), number(outcome, "icmp_code")
    table = ICMP_V6 if by_v6(outcome) else ICMP_V4
    return None if kind is None or code is None else table.get((int(kind), int(code)))


def milliseconds(value: float) -> str:
    return f"{value:.0f} ms" if value >= 1 else "under 1 ms"


def duration(seconds: float) -> str:
    """20 min, 75 s, 3 h 5 min; 4 min 50 s where it is near to the 5 minutes of Kerberos"""
    whole = round(abs(seconds))
    if whole < 120:
        return f"{whole} s"
    if 270 < whole < 330 and whole != 300:
        return f"{whole // 60} min {whole % 60} s"
    if whole < 7200:
        return f"{round(whole / 60)} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min" if whole < 172800 else f"{whole // 86400} days"


def whereabouts(outcomes: Iterable[Outcome], f: ForestFacts) -> str:
    """dc1 and dc2; with the address where one host has several and not all are meant."""
    told = []
    for outcome in outcomes:
        where, host = endpoint(outcome), outcome.check.host
        others = any(e != where for e in f.places_of(host))
        told.append(f"{short(host, f.forest.name)}{f' [{where.address}]' if where and others else ''}")
    return many(told)
