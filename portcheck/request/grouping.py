"""Flows to the fewest rules. A rule is a product of sources, destinations and ports, so grouping could open pairs that
nobody asked for: only products that lie wholly within the flows become rules."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from portcheck.model import Need
from portcheck.request.flow import FirewallRule, Flow, Ports

Pair = tuple[str, Ports]  # destination, ports
Needs = Mapping[str, frozenset[Ports]]  # by destination
Product = tuple[frozenset[str], frozenset[Ports]]  # destinations × ports
NEEDS = tuple(Need)  # the strongest first
MOST_PRODUCTS = 500
MOST_KINDS = 40  # of hosts; with more, looking at every combination takes too long


Kind = tuple[int, str, bool, int]
"""What only rules of their own may hold: how badly needed, what to find out first, who opens, the family."""


def rules_for(flows: Iterable[Flow]) -> tuple[FirewallRule, ...]:
    """The needed ones first, then those with a caveat, then what is needed in some cases, then the optional ones."""
    kinds: dict[Kind, list[Flow]] = {}
    told: dict[Kind, list[Flow]] = {}
    for flow, firmer in _settled(tuple(flows)):
        if firmer is None:
            kinds.setdefault(_kind(flow), []).append(flow)
        elif flow.optional is firmer.optional and flow.caveat == firmer.caveat:
            told.setdefault(_kind(firmer), []).append(flow)
    found = [made for kind in sorted(kinds) for made in _of_one_kind(kinds[kind], told.get(kind, ()))]
    return tuple(FirewallRule(f"R{number}", *parts) for number, parts in enumerate(found, start=1))


def _kind(flow: Flow) -> Kind:
    return (NEEDS.index(flow.need), flow.caveat, bool(flow.source_host), flow.family)


def _settled(flows: Sequence[Flow]) -> Iterator[tuple[Flow, Flow | None]]:
    """Each with the firmer flow that opens the same ports already: a weaker need, or a caveat, is settled by it."""
    firm: dict[tuple[str, str], list[Flow]] = {}
    for flow in sorted(flows, key=lambda f: (NEEDS.index(f.need), bool(f.caveat))):
        before = firm.setdefault((flow.source, flow.destination), [])
        firmer = next((b for b in before if _differs(b, flow) and contains(b.ports, flow.ports)), None)
        if firmer is None:
            before.append(flow)
        yield flow, firmer


def _differs(first: Flow, second: Flow) -> bool:
    return (first.need, first.caveat) != (second.need, second.caveat)


def contains(wide: Ports, narrow: Ports) -> bool:
    return wide.transport == narrow.transport and wide.low <= narrow.low and narrow.high <= wide.high


Parts = tuple[tuple[str, ...], tuple[str, ...], tuple[Ports, ...], tuple[Flow, ...]]


def _of_one_kind(flows: Sequence[Flow], told: Sequence[Flow] = ()) -> list[Parts]:
    """By who may reach a pair of destination and port, then each set of sources on its own.

    `told`: weaker needs that these settle; they open nothing, and say what else the rule is for.
    """
    opened = _opened(flows)
    by_sources: dict[frozenset[str], dict[str, set[Ports]]] = {}
    for (destination, ports), sources in opened.items():
        by_sources.setdefault(frozenset(sources), {}).setdefault(destination, set()).add(ports)
    of_pair: dict[tuple[str, str], list[Flow]] = {}
    for flow in (*flows, *told):
        of_pair.setdefault((flow.source, flow.destination), []).append(flow)
    made = []
    for openers, needs in by_sources.items():
        for destinations, together in cover({where: frozenset(those) for where, those in needs.items()}):
            made.append(_parts(openers, destinations, together, of_pair))
    return made


def _opened(flows: Sequence[Flow]) -> dict[Pair, set[str]]:
    """Who must reach each pair; ports within a wider range of the same two hosts are covered by it."""
    wanted: dict[tuple[str, str], set[Ports]] = {}
    for flow in flows:
        wanted.setdefault((flow.source, flow.destination), set()).add(flow.ports)
    opened: dict[Pair, set[str]] = {}
    for (source, destination), those in wanted.items():
        for ports in those:
            if not any(contains(other, ports) for other in those - {ports}):
                opened.setdefault((destination, ports), set()).add(source)
    return opened


def _parts(
    sources: Collection[str],
    destinations: Collection[str],
    ports: Collection[Ports],
    of_pair: Mapping[tuple[str, str], Sequence[Flow]],
) -> Parts:
    inside = tuple(
        flow
        for source in sorted(sources)
        for destination in sorted(destinations)
        for flow in of_pair.get((source, destination), ())
        if any(contains(opened, flow.ports) for opened in ports)
    )
    return tuple(sorted(sources)), tuple(sorted(destinations)), merged(ports), inside


def merged(ports: Iterable[Ports]) -> tuple[Ports, ...]:
    """Neighbours become ranges, overlaps one; nothing is added between."""
    joined: list[Ports] = []
    for one in sorted(ports):
        last = joined[-1] if joined else None
        if last is not None and last.transport == one.transport and one.low <= last.high + 1:
            joined[-1] = Ports(last.transport, last.low, max(last.high, one.high))
        else:
            joined.append(one)
    return tuple(joined)


def cover(needs: Needs) -> list[Product]:
    """The fewest products of destinations and ports that are the needs exactly; of equals, each destination once."""
    plain = _by_ports(needs)
    if len(plain) < 3:  # two kinds of destinations can share, but never with fewer rules
        return plain
    ways = [plain, _by_destinations(needs), _greedy(needs) if len(plain) <= MOST_KINDS else []]
    return min((way for way in ways if way), key=len)


def _by_ports(needs: Needs) -> list[Product]:
    """One rule for all destinations with the same ports."""
    alike: dict[frozenset[Ports], set[str]] = {}
    for destination, ports in needs.items():
        alike.setdefault(ports, set()).add(destination)
    return [(frozenset(destinations), ports) for ports, destinations in alike.items()]


def _by_destinations(needs: Needs) -> list[Product]:
    """One rule for all ports with the same destinations."""
    at: dict[Ports, set[str]] = {}
    for destination, those in needs.items():
        for ports in those:
            at.setdefault(ports, set()).add(destination)
    alike: dict[frozenset[str], set[Ports]] = {}
    for ports, destinations in at.items():
        alike.setdefault(frozenset(destinations), set()).add(ports)
    return [(destinations, frozenset(those)) for destinations, those in alike.items()]


def _greedy(needs: Needs) -> list[Product]:
    """Of all widest products, always the one that covers most of what is left."""
    products = _widest(needs)
    left = {(destination, ports) for destination, those in needs.items() for ports in those}
    chosen: list[Product] = []
    while left:
        best = max(products, key=lambda product: _covers(product, left), default=None)
        if best is None or not _covers(best, left):
            return []  # too many products were possible, and those looked at do not do
        chosen.append(best)
        left -= {(destination, ports) for destination in best[0] for ports in best[1]}
    return chosen


def _covers(product: Product, left: set[Pair]) -> int:
    return sum((destination, ports) in left for destination in product[0] for ports in product[1])


def _widest(needs: Needs) -> list[Product]:
    """Every set of ports that some destinations have in common, with all destinations that have it."""
    common: dict[frozenset[Ports], None] = dict.fromkeys(needs.values())
    for ports in list(common):
        for other in list(common):
            if len(common) >= MOST_PRODUCTS:
                break
            if both := ports & other:
                common.setdefault(both)
    return [(frozenset(d for d, those in needs.items() if those >= ports), ports) for ports in common]
