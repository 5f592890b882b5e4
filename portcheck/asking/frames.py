"""What a run and the processes that ask for it tell each other: pickled, with the length before it.

Only this program's own two halves speak so, through pipes that nobody else has.
"""

from __future__ import annotations

import pickle
import struct
import sys
from dataclasses import fields, replace
from operator import attrgetter
from pathlib import Path

from portcheck.config import ForestSpec, Settings
from portcheck.frozen import dataclass
from portcheck.model import Check, Facts, Outcome, Trace
from portcheck.model.target import Target

LENGTH = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class Share:
    """How a process asks: its part of what the whole run may do."""

    settings: Settings
    concurrency: int
    parts: int  # so many processes ask over the same way
    networks_too: bool  # and in the same network
    watched: bool  # whether anybody wants to know what begins


@dataclass(frozen=True, slots=True)
class AskHost:
    """One host and its checks; `number` is its name between the two."""

    number: int
    forest: ForestSpec | None  # None: the one told before under this name
    name: str
    place: Target
    ca_file: Path | None
    expected_sid: str
    announced: frozenset[str]
    no_name_server: bool
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class Learnt:
    """What the host's answers told of itself."""

    number: int
    ping: Facts
    root: Facts
    answered_by: str
    stands_in_for: frozenset[str]


@dataclass(frozen=True, slots=True)
class Begun:
    """A check's first packet goes out."""

    number: int
    check: int  # its place among the host's


@dataclass(frozen=True, slots=True)
class Told:
    """What a check ended in, without the check itself; `moved`: it is another one by now, on this port."""

    number: int
    check: int
    port: int | None
    values: tuple[object, ...]
    moved: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """The host is asked; `fault`: a fault of ours kept it from that."""

    number: int
    fault: str = ""


Word = Learnt | Begun | Told | Done
OF_OUTCOME = tuple(field.name for field in fields(Outcome) if field.name not in {"check", "evidence"})
_values = attrgetter(*OF_OUTCOME)


def told(number: int, place: int, outcome: Outcome, *, moved: bool = False) -> Told:
    steps = tuple((step.at_ms, step.event, step.detail) for step in outcome.evidence)
    return Told(number, place, outcome.check.port, (steps, *_values(outcome)), moved)


def outcome_of(word: Told, check: Check) -> Outcome:
    """Words that many outcomes share are held once."""
    steps, *values = word.values
    assert isinstance(steps, tuple)
    found = dict(zip(OF_OUTCOME, values, strict=True))
    evidence = tuple(Trace(at_ms, sys.intern(str(event)), detail) for at_ms, event, detail in steps)
    found["reason"] = sys.intern(str(found["reason"]))
    subject = check if check.port == word.port else replace(check, port=word.port)
    return Outcome(check=subject, evidence=evidence, **found)  # type: ignore[arg-type]  # its own fields


def packed(message: object) -> bytes:
    body = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    return LENGTH.pack(len(body)) + body


def unpacked(body: bytes) -> object:
    return pickle.loads(body)  # noqa: S301 - see above
