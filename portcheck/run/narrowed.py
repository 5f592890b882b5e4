"""An order narrowed to some of its checks: those of a report, at the hosts that it found, and what leads to them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from portcheck.model import DomainController, ForestReport, Report
from portcheck.model.target import Pin, Target
from portcheck.run.runner import Order

MAPPER = "rpc"


def again(order: Order, report: Report, keys: Collection[str]) -> Order:
    """The order narrowed to these checks of a report, and to what leads to them."""
    wanted = set(keys)
    return only(order, pinned(report, wanted | with_mappers(report, wanted)), trace=order.settings.trace)


def only(order: Order, pins: Mapping[str, tuple[Pin, ...]], *, trace: bool) -> Order:
    """The order narrowed to these hosts and checks."""
    forests = tuple((forest, profiles) for forest, profiles in order.forests if forest.name in pins)
    return replace(order, forests=forests, pins=pins, settings=replace(order.settings, trace=trace))


def pinned(report: Report, keys: set[str]) -> Mapping[str, tuple[Pin, ...]]:
    """The hosts that have any of these checks, as the report found them."""
    wanted: dict[tuple[str, str, str | None], set[str]] = {}
    for outcome in report.outcomes:
        check = outcome.check
        if check.key in keys:
            wanted.setdefault((check.forest, check.host, check.address), set()).add(check.key)
    whole = {(o.check.forest, o.check.host, o.check.address) for o in report.outcomes if o.check.service != "dns"}
    far = {(o.check.forest, o.check.host, o.check.address) for o in report.outcomes if o.facts.get("far_site")}
    return {
        forest.name: pins
        for forest in report.forests
        if (pins := tuple(_pins(forest, wanted, whole, far)))
    }  # fmt: skip


def _pins(
    forest: ForestReport,
    wanted: Mapping[tuple[str, str, str | None], set[str]],
    whole: Collection[tuple[str, str, str | None]],
    far: Collection[tuple[str, str, str | None]],
) -> Iterable[Pin]:
    """`whole`: the hosts of which more than DNS was asked; a name server among them was taken for a controller."""
    for dc in forest.domain_controllers:
        where = (forest.name, dc.host, dc.address)
        if keys := wanted.get(where):
            server = dc.source == "resolver" or unnamed_server(dc)
            taken = server and where in whole
            place = Target(dc.host, dc.address, dc.source, dc.domain, dns_only=server and not taken, assumed=taken)
            yield Pin(place, frozenset(dc.roles), frozenset(keys), far=where in far)


def with_mappers(report: Report, wanted: set[str]) -> set[str]:
    """An interface is found through its mapper, and a mapper that answers at last leads to its interfaces."""
    rpc = [o.check for o in report.outcomes if o.check.service.startswith(MAPPER)]
    hosts = {(check.host, check.address) for check in rpc if check.key in wanted}
    return {check.key for check in rpc if (check.host, check.address) in hosts}


def unnamed_server(dc: DomainController) -> bool:
    return dc.source == "dns-server" and dc.host == dc.address
