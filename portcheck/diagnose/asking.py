"""What a finding's `fix` asks for, as values beside its sentence: of whom, and which paths."""

from __future__ import annotations

import re
from collections.abc import Sequence

from portcheck.catalogue.brief import brief_of
from portcheck.diagnose.reader import text
from portcheck.diagnose.remedy import allow, others, sources
from portcheck.diagnose.view import ForestFacts
from portcheck.model import Ask, Destination, Outcome

SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z])|\n+")
PLAINLY = re.compile(r"^ask the firewall team:? *$", re.IGNORECASE)
DIRECTED = re.compile(r"[,;]? *\bask the firewall team: *$", re.IGNORECASE)
DYNAMIC = "49152-65535"
"""Where Windows puts its RPC services since Server 2008 (PORTS)."""


def asks(code: str, fix: str, proven: Sequence[Outcome], f: ForestFacts) -> tuple[Ask, ...]:
    """One for each set of ports and sources; where the fix asks for no path, the fix's first sentence alone."""
    sentences = [one.strip() for one in SENTENCE.split(fix) if one.strip()]
    if not sentences:
        return ()
    path = allow(f, proven)
    for sentence in sentences if path else ():
        if path in fix and "allow " in sentence:
            return _paths(code, sentence, proven, f)
    of = brief_of(code).of
    return (Ask(of, to=_destinations(proven), words=sentences[0]),)


def _paths(code: str, sentence: str, proven: Sequence[Outcome], f: ForestFacts) -> tuple[Ask, ...]:
    brief = brief_of(code)
    lead = sentence.partition("allow ")[0].strip()
    provided = "" if PLAINLY.match(lead) else DIRECTED.sub("", lead)
    by_place: dict[Destination, list[Outcome]] = {}
    for outcome in proven:
        for place in _destinations((outcome,)):
            by_place.setdefault(place, []).append(outcome)
    alike: dict[tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]], list[Destination]] = {}
    for place, found in by_place.items():
        key = (sources(f, found), _ports(found, "tcp", code), _ports(found, "udp", code))
        alike.setdefault(key, []).append(place)
    purpose = brief.words if brief.ports else ""
    return tuple(
        Ask(brief.of, froms, tuple(to), tcp, udp, purpose, sentence, provided)
        for (froms, tcp, udp), to in alike.items()
    )


def _destinations(proven: Sequence[Outcome]) -> tuple[Destination, ...]:
    found = (Destination(o.check.host, o.check.address or text(o, "peer_address")) for o in proven)
    return tuple(dict.fromkeys(found))


def _ports(outcomes: Sequence[Outcome], transport: str, code: str) -> tuple[str, ...]:
    numbers: set[int] = set()
    unknown = code == "rpc-mapper-blocked" and transport == "tcp"  # the ports behind it, which it would have told
    for o in outcomes:
        if o.check.transport == transport:
            unknown = unknown or o.check.port is None
            numbers.update(() if o.check.port is None else (o.check.port, *others(o)))
    low = [str(n) for n in sorted(numbers) if not (unknown and n >= 49152)]
    return (*low, *([DYNAMIC] if unknown else []))
