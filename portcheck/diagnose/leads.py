"""Where a name server's word leads: to a controller that answers, to nobody, or nothing is known of that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from portcheck.diagnose import answers
from portcheck.diagnose.reader import name
from portcheck.diagnose.view import ForestFacts
from portcheck.model import GOOD, Lookup


class Leads(StrEnum):
    """To whom."""

    CONTROLLER = "a controller answers"
    NOBODY = "no controller answers"
    UNKNOWN = "not asked"


def leads(f: ForestFacts, lookup: Lookup, known: Mapping[str, Leads]) -> Leads:
    """Of an answer with addresses, or with hosts whose addresses the same server gives (or, if it gives none, any).

    `known`: what `by_address` tells of the forest.
    """
    told = [known.get(address, Leads.UNKNOWN) for address in addresses(f, lookup)]
    if Leads.CONTROLLER in told:
        return Leads.CONTROLLER
    return Leads.NOBODY if told and set(told) == {Leads.NOBODY} else Leads.UNKNOWN


def addresses(f: ForestFacts, lookup: Lookup) -> tuple[str, ...]:
    """What a client that believes this answer connects to."""
    if lookup.record in answers.ADDRESSES:
        return lookup.answers
    given = [x for host in answers.targets(lookup) for x in f.addresses.get(name(host), ())]
    same = [x for x in given if x.server == lookup.server and x.answers]
    return tuple(dict.fromkeys(address for x in same or given for address in x.answers))


def misled(f: ForestFacts) -> tuple[Lookup, ...]:
    """What the run went by, as clients set up alike do, and it led to nobody, and another server to a controller."""
    if answers.stripped(f):
        return ()
    label, known = answers.main(f), f.once(by_address)
    asked = [x for x in f.lookups("SRV", *answers.ADDRESSES) if x.server != answers.BESIDE_DNS]
    right = {(name(x.name), x.record) for x in asked if x.server != label and leads(f, x, known) is Leads.CONTROLLER}
    mine = (x for x in asked if x.server == label and (name(x.name), x.record) in right)
    nowhere = [x for x in mine if leads(f, x, known) is Leads.NOBODY or _denies(x)]
    return tuple(x for x in nowhere if not (x.answers and f.foreign.issuperset(addresses(f, x))))  # told as that


def _denies(lookup: Lookup) -> bool:
    """That the host has no such address; of SRV records that has a finding of its own."""
    return lookup.record in answers.ADDRESSES and lookup.status in {"nxdomain", "nodata"}


def by_address(f: ForestFacts) -> dict[str, Leads]:
    """Of what was asked, by the run or afterwards, and of what is no host's."""
    found = dict.fromkeys(f.foreign, Leads.NOBODY)
    for where in f.by_endpoint:
        heard = any(o.state in GOOD for o in f.at(where, *answers.DIRECTORY))
        if heard or f.silent(where) or f.hollow(where):
            found[where.address] = Leads.CONTROLLER if heard else Leads.NOBODY
    given = (address for x in f.lookups(*answers.ADDRESSES) for address in x.answers)
    found |= {address: Leads.NOBODY for address in given if address not in found and answers.nobodys(address)}
    for row in _rows(f.forest.facts.get("elsewhere")):
        right = name(str(row.get("answered_by"))) == name(str(row.get("host")))
        found[str(row.get("address"))] = Leads.CONTROLLER if right else Leads.NOBODY
    return found


def _rows(told: object) -> Iterable[Mapping[str, object]]:
    return (row for row in told if isinstance(row, dict)) if isinstance(told, list) else ()
