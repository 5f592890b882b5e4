"""One host with trouble, as the second look sees it: its outcomes, and how to ask again."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import field, replace

from portcheck.asking.page import HostPage
from portcheck.frozen import dataclass
from portcheck.model import Facts, Outcome, State, Trace
from portcheck.net import hops
from portcheck.net.hops import Fate, Hop

LONGEST_WAIT_S = 4.0  # for the answer to one packet
OTHER_SENDER = ("answered_from", "answered_from_port")
"""Facts that say that somebody else answered than was asked."""
UNBLOCKED = frozenset({*OTHER_SENDER, "long_datagrams_lost"})
"""Facts of a silent port that say that no rule for it is to blame."""
QUEUE_S = 1.0  # no program of a controller that is well takes so much longer than another
HOPS_BY_DEFAULT = (64, 128, 255)  # the TTLs that systems start with
FULL_LIFE = HOPS_BY_DEFAULT[0]  # hops: farther than any host is
AT_ONCE = 6  # connections of a burst


@dataclass(frozen=True, slots=True)
class Walk:
    """What each hop said to packets of short life towards one port."""

    hops: Mapping[int, Hop]

    def router(self, ttl: int) -> str | None:
        hop = self.hops.get(ttl)
        return hop.by if hop is not None and hop.fate is Fate.EXPIRED else None

    @property
    def last_router(self) -> int:
        """The farthest hop that spoke; 0 when none did."""
        return max((ttl for ttl in self.hops if self.router(ttl)), default=0)

    @property
    def reached(self) -> int | None:
        """The shortest life with which a packet was answered: how far away the host is, there."""
        return min((ttl for ttl, hop in self.hops.items() if hop.fate is Fate.ANSWERED), default=None)

    def same_way_back(self, ttl: int) -> bool:
        """Has the word of this hop's router come as far back as the packet went?"""
        hop = self.hops.get(ttl)
        return hop is not None and hop.back is not None and hops_away(hop.back) == ttl

    def beyond(self, ttl: int) -> int | None:
        """The next hop that spoke; those in between keep silent."""
        return min((farther for farther in self.hops if farther > ttl and self.router(farther)), default=None)

    def joined(self, *hops: Hop) -> Walk:
        return Walk({**self.hops, **{hop.ttl: hop for hop in hops}})


Walks = dict[tuple[str, int], asyncio.Task[Walk]]
"""The walks towards a host that were begun ahead, by transport and port."""


@dataclass(slots=True)
class Ahead:
    """What of the second look was begun at one address while the first one still waited for its silent ports."""

    walks: Walks = field(default_factory=dict)
    ears: dict[int, asyncio.Task[Outcome]] = field(default_factory=dict)
    """By port: its datagrams asked with an ear for every sender."""
    short: dict[int, asyncio.Task[bool]] = field(default_factory=dict)
    """By port: is a short datagram answered there?"""
    unheard: set[int] = field(default_factory=set)  # TCP ports that seem silent
    ports: asyncio.Task[dict[int, list[bool]]] | None = None
    """By local port: was each of its tries heard?"""


@dataclass(slots=True)
class Case:
    """A host at one address."""

    host: str
    address: str
    page: HostPage
    source_ip: str | None = None
    ahead: Ahead = field(default_factory=Ahead)
    begun: Counter[tuple[str, tuple[str, int]]] = field(default_factory=Counter)
    """Walks begun ahead in this run, by network, transport and port."""
    sockets: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(64))
    """What all walks of a run may hold at once."""
    sampled: set[str] = field(default_factory=set)
    """Addresses of the run whose ports of this machine were begun to be compared ahead."""
    lost_by_chance: float | None = None
    """Share of new connections, once it was found out (`chance.share`)."""

    @property
    def walks(self) -> Walks:
        return self.ahead.walks

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        return self.page.outcomes

    def land(self, outcome: Outcome) -> None:
        self.page.land(outcome)

    def matters(self, outcome: Outcome) -> bool:
        return self.page.matters(outcome)

    def having(self, *states: State) -> list[Outcome]:
        """What is in one of these states and hurts."""
        return [outcome for outcome in self.outcomes if outcome.state in states and self.matters(outcome)]

    def reset(self, *states: State) -> list[Outcome]:
        """What of it was refused so by a reset of TCP."""
        return [
            o
            for o in self.having(*states)
            if o.check.transport == "tcp" and o.check.port is not None and "icmp_from" not in o.facts
        ]

    def same_port(self, outcome: Outcome) -> list[Outcome]:
        """What stands behind the same port in the same state (RPC interfaces share ports)."""
        where = (outcome.state, outcome.check.port, outcome.check.transport)
        return [o for o in self.outcomes if (o.state, o.check.port, o.check.transport) == where]

    def sharing(self, outcome: Outcome) -> list[Outcome]:
        """That, as far as it hurts."""
        return [other for other in self.same_port(outcome) if self.matters(other)]

    def silent_datagrams(self) -> list[Outcome]:
        """Of each silent datagram port one."""
        return distinct(o for o in self.having(State.FILTERED) if o.check.transport == "udp")

    def answering(self, transport: str) -> list[Outcome]:
        return [o for o in self.outcomes if o.state in {State.OK, State.OPEN} and o.check.transport == transport]

    @property
    def good_port(self) -> int | None:
        """A TCP port that has answered."""
        return next((o.check.port for o in self.answering("tcp") if o.check.port is not None), None)

    @property
    def alive(self) -> bool:
        """Something on this host has answered, or refused with its own voice."""
        return any(outcome.state in {State.OK, State.OPEN, State.MUTE, State.MISMATCH} for outcome in self.outcomes)

    @property
    def reply_ttl(self) -> int | None:
        """The TTL with which the host's own datagrams arrive."""
        for outcome in self.outcomes:
            ttl = outcome.facts.get("reply_ttl")
            if outcome.state is State.OK and isinstance(ttl, int):
                return ttl
        return None

    def improve(self, old: Outcome, new: Outcome) -> None:
        """Land what a later try saw, with everything that came before it."""
        began_ms = max(old.elapsed_ms, round(self.page.elapsed_ms(old) - new.elapsed_ms, 1))
        shifted = tuple(replace(step, at_ms=round(step.at_ms + began_ms, 1)) for step in new.evidence)
        steps = (*old.evidence, Trace(began_ms, "again", "asked again, slowly"), *shifted)
        facts: Facts = {**new.facts, "answered_on_second_look": True}
        attempts, answers = old.attempts + new.attempts, old.answers + new.answers
        elapsed = round(old.elapsed_ms + new.elapsed_ms, 1)
        self.land(
            replace(
                new,
                attempts=attempts,
                answers=answers,
                elapsed_ms=elapsed,
                facts=facts,
                evidence=steps,
                started_at=old.started_at,
            )
        )

    @property
    def wait_s(self) -> float:
        """How long an answer to a single packet may take here: several round trips, as far as they are known."""
        seen = [o.latency_ms for o in self.outcomes if o.latency_ms is not None]
        round_trip_s = min(seen) / 1000 if seen else 0.0875
        return max(min(1.0, 0.25 + 4 * round_trip_s), min(LONGEST_WAIT_S, 0.25 + 1.5 * round_trip_s))

    @property
    def queue_s(self) -> float:
        """How long answers waited for each other, where they did: on a narrow line, behind what this run brought."""
        seen = [o.latency_ms / 1000 for o in self.outcomes if o.latency_ms is not None]
        return max(seen) - min(seen) if seen and max(seen) - min(seen) >= QUEUE_S else 0.0

    async def syn(self, port: int, ttl: int, wait_s: float | None = None) -> Hop:
        """A SYN of a short life."""
        async with self.sockets:
            return await hops.send_tcp(self.address, port, ttl, wait_s or self.wait_s, self.source_ip)

    async def burst(self, port: int) -> int:
        """How many of some connections that are begun at once are answered."""
        begun = await asyncio.gather(*(self.syn(port, FULL_LIFE) for _ in range(AT_ONCE)))
        return sum(hop.fate is Fate.ANSWERED for hop in begun)

    async def answers_within(self, port: int, ttl: int) -> bool:
        """Is a SYN answered from so near?"""
        async with self.sockets:
            return await hops.answers_within(self.address, port, ttl, self.wait_s, self.source_ip)

    def note(self, outcome: Outcome, event: str, detail: str, **facts: object) -> Outcome:
        """The outcome as it is by now, with one more step of evidence, landed."""
        outcome = next((o for o in self.outcomes if o.check.id == outcome.check.id), outcome)
        told: Facts = {**outcome.facts, **facts}
        step = Trace(round(self.page.elapsed_ms(outcome), 1), event, detail)
        better = replace(outcome, facts=told, evidence=(*outcome.evidence, step))
        self.land(better)
        return better


def hops_away(ttl: int) -> int:
    """How many hops a packet has come that arrives with this TTL: 1 for a neighbour."""
    return next((start for start in HOPS_BY_DEFAULT if start >= ttl), 255) - ttl + 1


def distinct(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """One outcome per port and transport (several RPC interfaces share a port)."""
    return list({(o.check.transport, o.check.port): o for o in outcomes}.values())
