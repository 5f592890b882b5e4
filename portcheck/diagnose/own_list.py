"""This machine's own list of name servers: what programs make of one that gives nothing, and whom they never ask."""

from __future__ import annotations

from collections.abc import Iterable

from portcheck.diagnose.answers import SYSTEM, main
from portcheck.diagnose.phrases import listed
from portcheck.diagnose.reader import printable, texts_in
from portcheck.diagnose.view import ForestFacts
from portcheck.frozen import dataclass

TOLD = frozenset({"ok", "nxdomain", "nodata", "yxdomain"})
TURNED_FROM = frozenset({"refused", "servfail", "notimp"})
"""After these the C library asks the next server of its list (res_send: SERVFAIL, NOTIMP, REFUSED)."""
AT_ONCE_MS = 1000.0


@dataclass(frozen=True, slots=True)
class Silence:
    """Of a server that gave no answer: what it did, and what programs do that ask it first."""

    said: str
    waits: bool = False
    dead: bool = False  # nobody is there, or nobody takes questions there
    later: bool = False  # it took a while until it said so


def refusing(f: ForestFacts) -> dict[str, str]:
    """By who was asked: whose port refused a question (ICMP), and which device said so; empty: the host itself."""
    told = f.forest.facts.get("name_servers_refusing")
    rows = [row for row in told if isinstance(row, dict)] if isinstance(told, list) else []
    return {str(row.get("server")): printable(str(row.get("by") or "")) for row in rows}


def closed(by: str) -> str:
    """In words of evidence."""
    where = f"{by}, a device before it, refuses them" if by else "nobody takes questions there"
    return f"refused a question (ICMP): {where}"


def turning(silences: Iterable[Silence]) -> str:
    """How long programs stay with such servers, if they ask them first."""
    told = list(silences)
    if all(silence.waits for silence in told):
        return WAITS
    if any(silence.waits for silence in told):
        return WAITS_FOR_SOME
    return TURNS.format(when="once it has said so" if any(silence.later for silence in told) else "at once")


WAITS = "Programs that ask this one first wait for it, some seconds with each question, before they turn to the next"
WAITS_FOR_SOME = (
    "Programs wait for one that is silent, some seconds with each question; from one that refuses most turn to the next"
    " at once"
)
TURNS = "Most programs that ask this one first turn to the next {when} (the C library does), so little time is lost"


# Three of them


@dataclass(frozen=True, slots=True)
class ThreeOnly:
    """The first three of the list give nothing, and one that programs never ask knows the forest."""

    asked: tuple[str, ...]
    speaking: tuple[str, ...]


def three_only(f: ForestFacts) -> ThreeOnly | None:
    told = f.forest.facts.get("name_servers_passed_over")
    if not isinstance(told, dict) or main(f) != SYSTEM:
        return None
    asked, beyond = texts_in(told, "asked"), texts_in(told, "passed_over")
    heard = {lookup.answered_from or lookup.server for lookup in f.lookups("SRV") if lookup.status in TOLD}
    speaking = tuple(server for server in beyond if server in heard)
    return ThreeOnly(asked, speaking) if speaking and not heard & set(asked) else None


def way_first(f: ForestFacts) -> str:
    """Before anybody is asked: a resolver on this machine got no answer, and gets at nobody beyond its own routes."""
    told = f.forest.facts.get("no_default_route")
    without = [printable(str(family)) for family in told] if isinstance(told, list) else []
    return NO_WAY.format(listed(without)) if without else ""


NO_WAY = (
    "See first whether this machine is to have a default route (ip route): it has none for {}, and the resolver, which"
    " is on this machine, gets at no server beyond its own links and routes. "
)
