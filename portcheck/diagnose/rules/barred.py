"""Nothing of a host but its DNS answers: one rule that lets DNS alone pass, not a fault of each port."""

from __future__ import annotations

from portcheck.diagnose.rule import Proof, Rule
from portcheck.diagnose.view import Endpoint, ForestFacts
from portcheck.model import GOOD, State

WHOLESALE = 3
"""Ports that are silent, of both transports if both were asked."""


def barred(f: ForestFacts, where: Endpoint) -> bool:
    """DNS answers there, and whatever else was asked is silent."""
    asked = [o for o in f.asked(where) if o.check.service != "dns"]
    names = any(o.state in GOOD for o in f.at(where, "dns"))
    many = len({o.check.port for o in asked}) >= WHOLESALE
    return names and many and all(o.state is State.FILTERED for o in asked)


def _only_names(f: ForestFacts) -> Proof | None:
    places = [where for where in f.by_endpoint if barred(f, where)]
    proof = tuple(o for where in places for o in f.faults_at(where) if o.check.service != "dns")
    names = tuple(o for where in places for o in f.at(where, "dns") if o.state in GOOD)
    elsewhere = all(_serves_elsewhere(f, where) for where in places)
    return Proof(proof, names, words={"or": AT_ANOTHER if elsewhere else NO_CONTROLLER}) if proof else None


def _serves_elsewhere(f: ForestFacts, where: Endpoint) -> bool:
    """The same host answers as a controller at another of its addresses."""
    others = (o for place in f.places_of(where.host) if place != where for o in f.at(place))
    return any(o.state in GOOD and o.check.service != "dns" for o in others)


NO_CONTROLLER = ", or a name server that is no controller (any more)"
AT_ANOTHER = "; at another of its addresses the same host answers as a controller"


BARRED = (
    Rule(
        code="host-unreachable",
        title="{forest}: nothing but DNS on {hosts} answers",
        explanation=(
            "Its DNS answers, so the host is up and the path carries that; every other port that was asked is silent."
            " One rule that lets DNS alone pass looks like that{or}."
        ),
        fix="Ask the AD team whether {names} is meant as a controller for clients here, at this address; if so, ask"
        " the firewall team: {allow}.",
        when=_only_names,
    ),
)
