"""What resembles a text in which the catalogue knows no error; for a port, the errors that a block of it shows as."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from portcheck.catalogue.books import table
from portcheck.catalogue.phrases import canonical
from portcheck.catalogue.services import services

LONGEST = 65536
SHORT = 60  # a query this short may be a slip of the pen
SUGGESTIONS = 5
ALIKE = 0.6  # difflib's ratio
RUN = 3  # letters in a row
WORD = 8  # letters: a slip in so short a query may leave fewer


def suggest(text: str) -> list[str]:
    """Spellings that resemble the text."""
    query = canonical(text[:LONGEST])
    if re.fullmatch(r"[0-9]{1,5}", query):
        return of_port(int(query))
    if not query or len(query) > SHORT:
        return []
    import difflib

    known = table()["exact"]
    close = difflib.get_close_matches(query, _near(query, known), n=SUGGESTIONS, cutoff=ALIKE)
    partly = sorted((spelled for spelled in known if len(query) > 2 and query in spelled), key=len)
    return list(dict.fromkeys(known[spelled][0][1] for spelled in (*close, *partly)))[:SUGGESTIONS]


def _near(query: str, known: Iterable[str]) -> Iterable[str]:
    """Those that share some letters in a row with it: difflib takes long for thousands, and a slip leaves that much."""
    runs = {query[at : at + RUN] for at in range(len(query) - RUN + 1)}
    return [spelled for spelled in known if any(map(spelled.__contains__, runs))] if len(query) > WORD else known


def of_port(port: int) -> list[str]:
    """The errors whose first cause is this port's service."""
    names = {f"{s.name}/{transport}" for s in services().values() for transport, p in s.ports.items() if p == port}
    rows = table()["error"].values()
    lead = [row for row in rows if names & _first_services(row) and not row.get("general")]
    return [row["name"] for row in sorted(lead, key=lambda row: -len(row["causes"]))][:SUGGESTIONS]


def _first_services(row: Mapping[str, Any]) -> set[str]:
    """Of the likeliest cause, which may be a shared one; from the row itself, for all errors need not be made."""
    first: Any = next(iter(row.get("causes", ())), {})
    cause: Mapping[str, Any] = table()["cause"][first] if isinstance(first, str) else first
    return set(cause.get("services", ()))
