"""A report's document read a line at a time: what a run of many checks saw is never all parsed at once.

Only in the layout that `to_json.pieces` writes, a line a check. Any other is for whoever reads the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from portcheck.model import Outcome, Report
from portcheck.report import to_json
from portcheck.report.from_json import read_outcome
from portcheck.report.json_object import JsonObject, ReadingError
from portcheck.report.numbers import decode
from portcheck.report.to_json import StoreError

EVIDENCE, AFTER_IT = ', "evidence": [', '], "blocked_at": '
FIRST, LAST = b'  "checks": [', b"  ]"
Read = Callable[[JsonObject], Outcome]


def maybe(lines: Iterable[bytes], read: Read = read_outcome, *, evidence: bool = True) -> Report | None:
    """The report in these lines; None where they are not laid out so, or hold no JSON. Raises StoreError.

    `evidence`: false where `read` looks at none; half of a line is then not even parsed.
    """
    rest: list[bytes] = []
    outcomes: list[Outcome] = []
    sections, inside = 0, False
    try:
        for line in lines:
            if inside and not line.startswith(LAST):
                text = line.decode().strip().removesuffix(",")
                row = decode(text if evidence else _without_evidence(text))
                outcomes.append(_outcome(len(outcomes), row, read))
                continue
            inside = line.rstrip() == FIRST
            sections += inside
            rest.append(line)
        document = to_json.document(b"".join(rest)) if sections == 1 else None
    except (StoreError, ValueError, RecursionError):  # what is wrong with it, the whole tells
        return None
    return None if document is None else replace(to_json.from_json(document), outcomes=tuple(outcomes))


def _without_evidence(text: str) -> str:
    """A quotation mark within a text is never bare: these marks are the object's own, wherever they stand."""
    start = text.find(EVIDENCE)
    end = text.find(AFTER_IT, start)
    return text if start < 0 or end < 0 else text[: start + len(EVIDENCE)] + text[end:]


def whole(document: object, read: Read) -> Report:
    """The report in a parsed document. Raises StoreError."""
    if read is read_outcome or not isinstance(document, dict) or not isinstance(document.get("checks"), list):
        return to_json.from_json(document)
    head = to_json.from_json({**document, "checks": []})
    try:
        outcomes = tuple(_outcome(n, check, read) for n, check in enumerate(document["checks"]))
    except ReadingError as error:
        raise StoreError(f"not a portcheck report: {error}") from None
    return replace(head, outcomes=outcomes)


def _outcome(number: int, row: object, read: Read) -> Outcome:
    return read(JsonObject.of(row, f"report.checks[{number}]"))


def read_lean(place: JsonObject) -> Outcome:
    """What another run is compared with: which check, and how it ended; nothing of how that was seen."""
    unfinished = {"unfinished": True} if place.facts("facts").get("unfinished") else {}
    spared: to_json.Json = {"reason": "", "facts": unfinished, "evidence": [], "blocked_at": None}
    words: to_json.Json = {"operations": [], "profiles": [], "purpose": "", "why": "", "source": ""}
    return read_outcome(JsonObject(place.where, {**place.values, **spared, **words}))
