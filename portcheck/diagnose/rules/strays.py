"""Addresses that one resolver gives and the forest's own server does not, and at which no controller answers."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from ipaddress import ip_address, ip_network

from portcheck.diagnose import answers
from portcheck.diagnose.answers import of_the_forest
from portcheck.diagnose.domain_addresses import dead_addresses
from portcheck.diagnose.leads import misled
from portcheck.diagnose.phrases import some
from portcheck.diagnose.reader import name, printable
from portcheck.diagnose.rule import Proof, Rule, worst_of
from portcheck.diagnose.view import ForestFacts
from portcheck.model import GOOD, Lookup, Severity

Stray = tuple[str, str]
"""A name, and an address of it."""


def strays(f: ForestFacts) -> tuple[Stray, ...]:
    """What clients set up as this run try in vain, and the forest itself would not send them to."""
    if answers.wildcard(f) or answers.intercepted(f) or f.once(misled):
        return ()
    own = [x for x in f.lookups() if of_the_forest(f, x)]
    if f.once(translated):
        return ()
    label, dead = answers.main(f), _dead(f)
    mine = [x for x in f.lookups("SRV", *answers.ADDRESSES) if x.server == label and x not in own]
    given = [(x, (name(x.name), at)) for x in mine if x.record != "SRV" for at in x.answers]
    return tuple(
        dict.fromkeys(
            one for x, one in given if one in dead and (_denied(x, one[1], own) or _unlisted(one[0], mine, own))
        )
    )


def translated(f: ForestFacts) -> bool:
    """A controller answers at an address that the forest's own server does not give for it: clients here are given
    others on purpose (a translation of addresses, with DNS answers to match)."""
    own = [x for x in f.lookups() if of_the_forest(f, x)]
    heard = {
        (name(w.host), w.address) for w in f.by_endpoint if any(o.state in GOOD for o in f.at(w, *answers.DIRECTORY))
    }
    mine = [x for x in f.lookups(*answers.ADDRESSES) if x.server == answers.main(f)]
    return any((name(x.name), at) in heard and _denied(x, at, own) for x in mine for at in x.answers)


def _dead(f: ForestFacts) -> set[Stray]:
    """No controller answers there, on no port that was asked."""
    silent = {(name(where.host), where.address) for where in f.by_endpoint if f.silent(where) or f.hollow(where)}
    return silent | {(name(used), row.address) for row in f.once(dead_addresses) for used in row.names}


def _denied(said: Lookup, address: str, own: Iterable[Lookup]) -> bool:
    """The forest's own server answers the same question without this address."""
    same = [x for x in own if _alike(x, said) and x.status in SETTLED]
    return bool(same) and not any(address in x.answers for x in same)


def _unlisted(host: str, mine: Iterable[Lookup], own: Iterable[Lookup]) -> bool:
    """The forest's own server gives the records that name this host, and does not name it in any."""
    naming = {name(x.name) for x in mine if host in map(name, answers.targets(x))}
    same = [x for x in own if x.record == "SRV" and name(x.name) in naming and x.answers]
    named = any(host in map(name, answers.targets(x)) for x in own if x.record == "SRV")
    return naming == {name(x.name) for x in same} != set() and not named


SETTLED = frozenset({"ok", "nxdomain", "nodata"})


def _astray(f: ForestFacts) -> Proof | None:
    found = f.once(strays)
    if not found:
        return None
    names, led_to = dict.fromkeys(one for one, _ in found), dict.fromkeys(at for _, at in found)
    follows = tuple(
        o for where in f.by_endpoint for o in f.faults_at(where) if (name(where.host), where.address) in found
    )
    mild = not follows or all(":" in at for at in led_to)  # over IPv4 the same host answers
    said, theirs = _both_sides(f, found)
    seen = (f"{answers.speaker(x)} says {_said(x)}" for x in (*said, *theirs))
    own = some(dict.fromkeys(map(answers.speaker, theirs)))
    rest = MADE_UP if all(map(_made_of_ipv4, led_to)) else OLD
    words = {
        "who": some(dict.fromkeys(map(answers.speaker, said))),
        "led": some(map(printable, names)),
        "at": some(map(printable, led_to)),
        "own": own,
        "lacks": NOT_LISTED if any(x.record == "SRV" for x in said) else NOT_THERE,
        **{key: text.format(forest=printable(f.forest.name), own=own) for key, text in rest.items()},
    }
    return Proof(
        hosts=tuple(names),
        seen=(some(seen, 4, "more answers"),),
        severity=Severity.WARNING if mild else worst_of(follows),
        words=words,
        follows=follows,
    )


def _both_sides(f: ForestFacts, found: Collection[Stray]) -> tuple[list[Lookup], list[Lookup]]:
    """What the resolver said, and the forest's own server to the same questions: of the addresses, or, where it has
    those too, of the records that name the host."""
    label = answers.main(f)
    own = [x for x in f.lookups() if of_the_forest(f, x)]
    mine = [x for x in f.lookups("SRV", *answers.ADDRESSES) if x.server == label]
    denied = {one for one in found for x in mine if _gives(x, one) and _denied(x, one[1], own)}
    hosts = {host for host, _ in set(found) - denied}
    said = [x for x in mine if any(_gives(x, one) for one in denied)]
    said += [x for x in mine if hosts.intersection(map(name, answers.targets(x)))]
    return said, [x for x in own if any(_alike(x, one) for one in said)]


NOT_THERE, NOT_LISTED = "does not give that address", "does not name that host as a controller"


def _gives(lookup: Lookup, one: Stray) -> bool:
    return name(lookup.name) == one[0] and one[1] in lookup.answers


def _alike(one: Lookup, other: Lookup) -> bool:
    """The same question."""
    return (name(one.name), one.record) == (name(other.name), other.record)


def _said(lookup: Lookup) -> str:
    given = answers.targets(lookup) if lookup.record == "SRV" else lookup.answers
    return f"{printable(lookup.name)} {lookup.record}: {some(map(printable, given)) or 'nothing'}"


OLD = {
    "perhaps": (
        "So it is old or not the directory's (an old copy of the zone, a public zone of the same name, a record of that"
        " resolver's own), or so new that {own} has not got it yet"
    ),
    "ask": "where it has that from, and to bring it up to date, or to forward {forest} to the forest's own DNS servers",
}
MADE_UP = {
    "perhaps": (
        "That resolver makes such an address of the IPv4 address (DNS64, RFC 6147), and what would translate it (NAT64)"
        " does not answer for this host"
    ),
    "ask": "to leave {forest} out of DNS64; or whoever runs the NAT64, if there is one, for its way to these hosts",
}
TRANSLATED = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))
"""RFC 6052, 2.1; RFC 8215."""


def _made_of_ipv4(address: str) -> bool:
    try:
        return any(ip_address(address) in network for network in TRANSLATED)
    except ValueError:
        return False


STRAYS = (
    Rule(
        code="dns-views-differ",
        title="{forest}: {who} leads {led} to {at}, where no controller answers; the forest's own server does not",
        explanation=(
            "{own} {lacks}. {perhaps}. What is silent there says nothing of a path or a controller;"
            " programs that try it lose time, or fail."
        ),
        fix="Ask whoever runs {who} {ask}.",
        when=_astray,
    ),
)
