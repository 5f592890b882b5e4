"""An endpoint mapper whose answers are not believed: what it names is asked within bounds, and opened for nobody."""

from __future__ import annotations

from collections.abc import Mapping

from portcheck.diagnose.phrases import listed
from portcheck.diagnose.reader import printable
from portcheck.diagnose.rule import Proof, Rule, worst_of
from portcheck.diagnose.view import ForestFacts, endpoints
from portcheck.model import Outcome

BEHIND = "rpc-"


def _too_many(f: ForestFacts) -> Proof | None:
    """More ports of an interface than it was asked for; what is behind them follows from it."""
    proof = tuple(o for o in f.told("towers_too_many") if _named(o))
    if not proof:
        return None
    follows = tuple(o for where in endpoints(proof) for o in f.faults_at(where) if o.check.service.startswith(BEHIND))
    told = [(name, count) for o in proof for name, count in _named(o).items()]
    seen = tuple(f"{printable(name)}: {count} ports named, 4 asked for" for name, count in told)
    words = {"what": listed(dict.fromkeys(printable(name) for name, _ in told))}
    return Proof(proof, seen=seen[:4], brief=True, words=words, severity=worst_of((*proof, *follows)), follows=follows)


def _named(outcome: Outcome) -> dict[str, int]:
    told = outcome.facts.get("towers_too_many")
    return {str(k): v for k, v in told.items() if type(v) is int} if isinstance(told, Mapping) else {}


MAPPER = (
    Rule(
        code="rpc-mapper-implausible",
        title="{forest}: the endpoint mapper on {hosts} names more ports than it was asked for",
        explanation=(
            "It was asked for at most 4 ports of each interface, as the protocol lets a client say, and named more for"
            " {what}. What answers there does not keep to the protocol, so what it says is not believed: 4 ports of an"
            " interface were tried, and no rule is asked for any of them."
        ),
        fix="Ask the AD team what runs on {ports} of {names}, and the firewall team whether a device answers in its"
        " place.",
        when=_too_many,
    ),
)
