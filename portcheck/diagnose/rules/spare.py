"""A host that refuses everything at one of its addresses and answers at another: that it is up is known."""

from __future__ import annotations

from portcheck.diagnose.answers import DIRECTORY
from portcheck.diagnose.phrases import listed, short, some
from portcheck.diagnose.reader import printable
from portcheck.diagnose.rule import Proof, Rule
from portcheck.diagnose.view import Endpoint, ForestFacts
from portcheck.model import GOOD

MANY = 3
"""Ports that refuse, and nothing that answers: no single service is missing."""


def _too_many(f: ForestFacts) -> Proof | None:
    places = [where for where in f.by_endpoint if _refuses_all(f, where) and _up_at(f, where.host)]
    proof = tuple(o for where in places for o in f.faults_at(where))
    if not proof:
        return None
    up = dict.fromkeys(address for where in places for address in _up_at(f, where.host))
    told = dict.fromkeys(short(where.host, f.forest.name) for where in places)
    one = len(places) == 1
    words = {
        "at": listed(printable(where.address) for where in places),
        "who": some(told),
        "up": listed(map(printable, up)),
        "are": "answer" if len(told) > 1 else "answers",
        "refuse": "refuse" if len(told) > 1 else "refuses",
        "these": "that address is" if one else "those addresses are",
    }
    good = tuple(o for where in places for o in f.beside(f.answered(*DIRECTORY)) if o.check.host == where.host)
    return Proof(proof, good[:1], words=words)


def _refuses_all(f: ForestFacts, where: Endpoint) -> bool:
    return f.hollow(where) and len({o.check.port for o in f.asked(where)}) >= MANY


def _up_at(f: ForestFacts, host: str) -> tuple[str, ...]:
    """Where it speaks in a directory's protocol."""
    return tuple(
        where.address
        for where in f.places_of(host)
        if any(o.state in GOOD and o.check.service in DIRECTORY for o in f.at(where))
    )


SPARE = (
    Rule(
        code="service-down",
        title="{forest}: {who} {refuse} everything at {at}, and {are} at {up}",
        explanation=(
            "So the host is up: its name has an address too many. It may be of a network adapter that the services do"
            " not listen on, or another machine's by now. Clients try the addresses in turn: they go on to the next, or"
            " fail."
        ),
        fix="Ask the AD team whether {these} meant for clients, registered by a network adapter that is not, or not its"
        " own any more.",
        when=_too_many,
    ),
)
