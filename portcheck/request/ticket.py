"""Paths to a ticket: the weak needs left out where the user wants that, the rest grouped into rules."""

from __future__ import annotations

from datetime import UTC, datetime

from portcheck import __version__
from portcheck.catalogue.profiles import STRENGTH
from portcheck.model import Need, utc
from portcheck.request.flow import Asked, Flow, Ticket
from portcheck.request.grouping import rules_for


def ticket(
    asked: Asked,
    basis: str,
    *,
    weakest: Need = Need.OPTIONAL,
    stateless: bool = False,
    into: str = "",
    whole: bool = False,
    planned: bool = False,
    held_against: str = "",
) -> Ticket:
    """`weakest`: needs below it are told, not asked for."""
    least = STRENGTH.index(weakest)
    flows = [flow for flow in asked.flows if STRENGTH.index(flow.need) >= least]
    weaker = [flow for flow in asked.flows if STRENGTH.index(flow.need) < least]
    return Ticket(
        basis=basis,
        made=utc.written(datetime.now(UTC)),
        version=__version__,
        rules=rules_for(flows),
        questions=asked.questions,
        left_out=(*asked.left_out, *dict.fromkeys(map(_too_weak, weaker))),
        stateless=stateless,
        into=into,
        whole=whole,
        planned=planned or not asked.tested,
        names=_names(asked.flows),
        held_against=held_against,
    )


def _too_weak(flow: Flow) -> str:
    return f"{flow.service} {flow.ports} to {flow.host}: only {flow.need} ({flow.why})"


def _names(flows: tuple[Flow, ...]) -> dict[str, str]:
    names = {flow.destination: flow.host for flow in flows}
    return names | {flow.source: flow.source_host for flow in flows if flow.source_host}
