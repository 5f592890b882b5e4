"""Hosts of one network that are silent alike: the way to a few of them is walked, and said to be those hosts' alone."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from portcheck.investigate.case import Case
from portcheck.model import State

WALKED_ALIKE = 4  # hosts of one network and one pattern of silence
V4_NETWORK, V6_NETWORK = 24, 64  # bits: what usually lies behind one next hop
Place = tuple[str, int]  # transport and port
OWN_EVIDENCE = (State.REFUSED, State.REJECTED, State.MUTE, State.RESET, State.MISMATCH)
"""Whoever answers so may be somebody else at each host."""


def network(address: str) -> str:
    """The usual network around the address."""
    bits = V6_NETWORK if ":" in address else V4_NETWORK
    return str(ipaddress.ip_network((address.partition("%")[0], bits), strict=False))


def may_begin(begun: Counter[tuple[str, Place]], address: str, place: Place) -> bool:
    """Is this one of the first hosts of its network whose port is silent? Counts it."""
    key = network(address), place
    begun[key] += 1
    return begun[key] <= WALKED_ALIKE


def stand_ins(cases: Iterable[Case]) -> Mapping[int, Sequence[Case]]:
    """By the `id` of each case that is not walked: those that are, in its stead. The rest is walked."""
    groups: dict[tuple[object, ...], list[Case]] = {}
    for case in cases:
        if case.having(State.FILTERED) and not case.having(*OWN_EVIDENCE):
            groups.setdefault(_pattern(case), []).append(case)
    chosen: dict[int, Sequence[Case]] = {}
    for alike in groups.values():
        alike.sort(key=lambda case: not case.walks)  # what was begun ahead is used
        chosen |= {id(case): alike[:WALKED_ALIKE] for case in alike[WALKED_ALIKE:]}
    return chosen


def _pattern(case: Case) -> tuple[object, ...]:
    """What is silent, and what answers, by transport: a walk tells more beside a port that answers."""
    silent = frozenset((o.check.transport, o.check.port) for o in case.having(State.FILTERED))
    speaks = tuple(bool(case.answering(transport)) for transport in ("tcp", "udp"))
    return network(case.address), silent, speaks


def say(case: Case, walked: Sequence[Case]) -> None:
    """What is known of the way to this host: only that others of its network are silent alike."""
    names = ", ".join(other.host for other in walked)
    words = f"not walked to: silent like {names} of the same network {network(case.address)}, to which it was"
    for outcome in case.having(State.FILTERED):
        if outcome.blocked_at is None:
            case.note(outcome, "path", words, walked_instead=[other.host for other in walked])
