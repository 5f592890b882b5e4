"""Where one check's path ends, as the stations of a line: this machine, what passed it on, who is suspected, the host.

A router that answered a walk is a suspect all the same: it says that a packet's time is up before its filter sees it.
"""

from __future__ import annotations

from collections.abc import Iterator

from portcheck.frozen import dataclass
from portcheck.model import BLOCKED, BlockedAt, Outcome
from portcheck.render.shared.text import shorten

LONGEST_WAY = 16


@dataclass(frozen=True, slots=True)
class CellHop:
    """One station of a path: `kind` is here, passed, unknown, suspect, refuses, cut or host."""

    kind: str
    name: str
    note: str = ""


def path(outcome: Outcome, here: str) -> tuple[CellHop, ...]:
    """From this machine to where the path ends; nothing where that is not known."""
    if outcome.blocked_at is None:
        return ()
    host = outcome.check.host
    address = outcome.check.address
    end = CellHop("host", host, "" if address in {None, host} else str(address))
    return (CellHop("here", here, "this machine"), *stations(outcome), end)


def stations(outcome: Outcome) -> tuple[CellHop, ...]:
    """What lies between; of a silence that nobody walked to, that it is not known where it begins."""
    if outcome.blocked_at is not None:
        return tuple(_between(outcome.blocked_at, outcome))
    return (CellHop("cut", "silence", "where it begins is not known"),) if outcome.state in BLOCKED else ()


def _between(blocked: BlockedAt, outcome: Outcome) -> Iterator[CellHop]:
    yield from _passed((blocked.hop or 1) - 1, outcome.facts.get("way"))
    if blocked.by is not None:
        yield CellHop("refuses", blocked.by, "said no" if blocked.hop is None else f"hop {blocked.hop}, said no")
        return
    if blocked.hop == 0 or (blocked.after is None and blocked.hop is None):
        yield CellHop("cut", "silence", "from this machine on: no router answered")
        return
    heard = f"hop {blocked.hop}, last heard" if blocked.hop else "last heard"
    yield CellHop("suspect", blocked.after or f"hop {blocked.hop}", heard)
    yield CellHop("cut", "silence", "it drops the packets itself, or something beyond does")
    yield from _beyond(outcome)


def _passed(count: int, way: object) -> Iterator[CellHop]:
    """The routers before: a later one has had the packets. Those that kept silent are counted."""
    known = way[:LONGEST_WAY] if isinstance(way, list | tuple) and len(way) > count else [None] * count
    silent = 0
    for number, router in enumerate(known[:count], 1):
        if isinstance(router, str):
            yield from _silent(silent)
            yield CellHop("passed", shorten(router, 60), f"hop {number}, passed it on")
            silent = 0
        else:
            silent += 1
    yield from _silent(silent)


def _silent(count: int) -> Iterator[CellHop]:
    if count:
        yield CellHop("unknown", "1 hop" if count == 1 else f"{count} hops", "passed")


def _beyond(outcome: Outcome) -> Iterator[CellHop]:
    """The next router known to be on the way is a suspect too."""
    beyond = outcome.facts.get("lost_before")
    if isinstance(beyond, str) and beyond != outcome.check.address:
        hop = outcome.facts.get("lost_before_hop")
        known = f"hop {hop}, " if isinstance(hop, int) else ""
        yield CellHop("suspect", shorten(beyond, 60), f"{known}heard only of other packets")
