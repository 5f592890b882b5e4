"""What a finding's `fix` asks for, as values beside its sentence: of whom, and which paths."""

from __future__ import annotations

import re
from collections.abc import Sequence

from portcheck.catalogue.brief import brief_of
from portcheck.diagnose.remedy import DYNAMIC, allow, others, sources
from portcheck.diagnose.view import ForestFacts, local
from portcheck.model import AskedOf, Destination, Outcome, Request

SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z])|\n+")
PLAINLY = re.compile(r"^ask the firewall team:? *$", re.IGNORECASE)
DIRECTED = re.compile(r"[,;]? *\bask the firewall team: *$", re.IGNORECASE)
BACKWARDS = re.compile(r"If (?:it|so|they)\b")
"""What the sentence before is needed for."""
OF_FIREWALL = "Ask the firewall team "
OF_AD = "Ask the AD team "
"""Whatever the finding's usual matter is."""
OF_DNS = "dns-"
OF_THIS_MACHINE = ("in the forests file", "is this machine itself", "this machine is to have a default route")


def asks(code: str, fix: str, proven: Sequence[Outcome], f: ForestFacts) -> tuple[Request, ...]:
    """One for each set of ports and sources; where the fix asks for no path, the fix's first sentence alone."""
    sentences = [one.strip() for one in SENTENCE.split(fix) if one.strip()]
    if not sentences:
        return ()
    path = allow(f, proven)
    for number, sentence in enumerate(sentences if path else ()):
        if path in fix and "allow " in sentence:
            before = sentences[number - 1] if number and BACKWARDS.match(sentence) else ""
            return _paths(code, f"{before} {sentence}".strip(), proven, f)
    brief = brief_of(code)
    if brief.follows:  # another finding asks for it
        return ()
    of = _whose(code, sentences[0], brief.of)
    if any(words in sentences[0] for words in OF_THIS_MACHINE) or (proven and all(map(local, proven))):
        of = AskedOf.THIS_MACHINE
    return (Request(of, to=_destinations(proven), words=sentences[0]),)


def _whose(code: str, sentence: str, usual: AskedOf) -> AskedOf:
    """The firewall team's matter is somebody else's where no path is asked for and it is not spoken to."""
    if sentence.startswith(OF_FIREWALL):
        return AskedOf.FIREWALL
    if usual is not AskedOf.FIREWALL or OF_FIREWALL.strip().lower() in sentence.lower():
        return usual
    if sentence.startswith(OF_AD):
        return AskedOf.AD
    return AskedOf.DNS if code.startswith(OF_DNS) else usual


def _paths(code: str, sentence: str, proven: Sequence[Outcome], f: ForestFacts) -> tuple[Request, ...]:
    brief = brief_of(code)
    lead = sentence.partition("allow ")[0].strip()
    provided = "" if PLAINLY.match(lead) else DIRECTED.sub("", lead).rstrip(":")
    by_place: dict[Destination, list[Outcome]] = {}
    for outcome in proven:
        for place in _destinations((outcome,)):
            by_place.setdefault(place, []).append(outcome)
    alike: dict[tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]], list[Destination]] = {}
    for place, found in by_place.items():
        key = (sources(f, found), _ports(found, "tcp", code), _ports(found, "udp", code))
        alike.setdefault(key, []).append(place)
    purpose = brief.words if brief.ports and brief.of is AskedOf.FIREWALL else ""  # else the words are a fault's
    return tuple(
        Request(AskedOf.FIREWALL, froms, tuple(to), tcp, udp, purpose, sentence, provided)
        for (froms, tcp, udp), to in alike.items()
    )


def _destinations(proven: Sequence[Outcome]) -> tuple[Destination, ...]:
    """By its name alone what has no fixed address."""
    return tuple(dict.fromkeys(Destination(o.check.host, o.check.address) for o in proven))


def _ports(outcomes: Sequence[Outcome], transport: str, code: str) -> tuple[str, ...]:
    numbers: set[int] = set()
    unknown = code == "rpc-mapper-blocked" and transport == "tcp"  # the ports behind it, which it would have told
    for o in outcomes:
        if o.check.transport == transport:
            unknown = unknown or o.check.port is None
            numbers.update(() if o.check.port is None else (o.check.port, *others(o)))
    low = [str(n) for n in sorted(numbers) if not (unknown and n >= 49152)]
    return (*low, *([DYNAMIC] if unknown else []))
