"""A part of the traffic that routers send another way: through a firewall that says no to it, or in a circle."""

from __future__ import annotations

from portcheck.diagnose.phrases import goes_round, listed, ports, said_by
from portcheck.diagnose.reader import text
from portcheck.diagnose.rule import Proof, Rule
from portcheck.diagnose.view import ForestFacts, endpoint
from portcheck.model import GOOD, Outcome, Severity


def _by_turns(f: ForestFacts) -> Proof | None:
    proof = tuple(o for o in f.told("rejected_by_turns") if text(o, "rejected_by_turns") and o.state in GOOD)
    who = dict.fromkeys(str(text(o, "rejected_by_turns")) for o in proof)
    seen = f"{listed(who)} said no to {ports(proof)}, and let the same pass another time"
    words = {"who": listed(who), "says": "say" if len(who) > 1 else "says"}
    return Proof(proof, f.beside(proof), seen=(seen,), severity=Severity.WARNING, words=words) if proof else None


def _circle(f: ForestFacts) -> Proof | None:
    """Of a host of which something else is heard; where nothing is, the whole host is out of reach."""
    proof = tuple(o for o in f.faults() if goes_round((o,)) and _heard(f, o))
    by = dict.fromkeys(address for o in proof if (address := said_by(o)))
    return Proof(proof, f.beside(proof), words={"by": listed(by) or "a router"}) if proof else None


def _heard(f: ForestFacts, outcome: Outcome) -> bool:
    where = endpoint(outcome)
    return where is not None and any(o.state in GOOD for o in f.at(where))


ROUTES = (
    Rule(
        code="rejected-by-turns",
        title="{forest}: {who} {says} no to {ports} of {hosts} one time, and not another",
        explanation=(
            "Asked again, one after the other, the same was answered, so no rule for a port is missing. One of several"
            " firewalls or paths says no where another one lets it pass (a cluster, load sharing, a second line), or a"
            " limit says no to what is too much for it. Programs fail now and then, whichever port they use."
        ),
        fix="Ask the network team whether several firewalls or paths lead to {names}, and in which of them rules or"
        " routes differ, or whether {who} limits new connections.",
        when=_by_turns,
    ),
    Rule(
        code="routing-loop",
        title="{forest}: what is sent to {ports} of {hosts} goes round until its time to live is over",
        explanation=(
            "{by} said so, while other questions to the same address were answered: for a part of the traffic routes"
            " lead in a circle (policy routing, load sharing, a tunnel), or a device sets the time to live too low. No"
            " rule of a firewall says that, and what listens there is not known."
        ),
        fix="Ask the network team which routes for {ports} to {names} lead in a circle, or what shortens the time to"
        " live, at {by} or before it.",
        when=_circle,
    ),
)
