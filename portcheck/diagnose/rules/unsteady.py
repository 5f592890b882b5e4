"""One resolver that answers the same question differently from one time to the next: several servers stand behind it,
and one of them is behind or serves another zone."""

from __future__ import annotations

from portcheck.diagnose import answers
from portcheck.diagnose.answers import speaker
from portcheck.diagnose.phrases import listed, some
from portcheck.diagnose.reader import name, printable
from portcheck.diagnose.resolution import Row, addresses_in, answered_by, by_turns, rows
from portcheck.diagnose.rule import Proof, Rule
from portcheck.diagnose.view import ForestFacts
from portcheck.model import Lookup, Severity, State

DENIED = frozenset({"nxdomain", "nodata"})


def unsteady(f: ForestFacts) -> tuple[tuple[Lookup, Lookup], ...]:
    """Questions that the same server answered and denied: both answers."""
    first: dict[tuple[str, str, str, str], Lookup] = {}
    found = []
    for x in f.lookups("SRV", *answers.ADDRESSES):
        key = name(x.name), x.record, x.server, x.answered_from
        if x.status in DENIED or x.answers:
            other = first.setdefault(key, x)
            if bool(other.answers) is not bool(x.answers):
                found.append((other, x))
    return tuple(found)


def _unsteady(f: ForestFacts) -> Proof | None:
    if answers.wildcard(f) or answers.intercepted(f):
        return None
    pairs, turning = f.once(unsteady), [row for row in rows(f) if by_turns(row)]
    if not pairs and not turning:
        return None
    seen = [f"{printable(x.name)} {x.record} was given one time and denied another" for x, _ in pairs]
    seen += [
        f"{printable(str(row.get('name')))} was at {listed(by_turns(row))} one time and at"
        f" {some(addresses_in(row, 'dns')) or 'none'} another"
        for row in turning
    ]
    who = some(dict.fromkeys(speaker(x) for x, _ in pairs)) or answers.server_named(answers.main(f) or answers.SYSTEM)
    gone = {(name(str(row.get("name"))), at) for row in turning if _is_at(row) for at in addresses_in(row, "asked_at")}
    follows = tuple(
        o
        for o in f.faults()
        if (pairs and o.state is State.UNRESOLVED) or (name(o.check.host), o.check.address) in gone
    )
    return Proof(
        hosts=tuple(dict.fromkeys(str(row.get("name")) for row in turning)),
        seen=(some(dict.fromkeys(seen), 4, "more"),),
        severity=Severity.ERROR,
        words={"who": who, "what": some(dict.fromkeys(seen), 2, "more of the kind")},
        follows=follows,
    )


def _is_at(row: Row) -> bool:
    """Does the host answer, by this name, where DNS leads another time? Then it is not where the run asked for it."""
    who = answered_by(row)
    return any(name(who.get(at)) == name(str(row.get("name"))) for at in by_turns(row))


UNSTEADY = (
    Rule(
        code="dns-views-differ",
        title="{forest}: {who} answers the same question differently from one time to the next",
        explanation=(
            "{what}. So several servers stand behind it (a load balancer, several forwarders), and not all of them"
            " know the same of {forest}: programs find their controllers one time and not the next."
        ),
        fix="Ask whoever runs {who} which servers it asks about {forest}, and to have all of them forward it to the"
        " forest's own DNS servers. Nothing is to be changed in the forest's records for this.",
        when=_unsteady,
    ),
)
