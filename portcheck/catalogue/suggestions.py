"""What resembles a text in which the catalogue knows no error; for a port, the errors that a block of it shows as."""

from __future__ import annotations

import re

from portcheck.catalogue.books import table
from portcheck.catalogue.errors import errors
from portcheck.catalogue.phrases import canonical
from portcheck.catalogue.services import services

LONGEST = 65536
SHORT = 60  # a query this short may be a slip of the pen
SUGGESTIONS = 5


def suggest(text: str) -> list[str]:
    """Spellings that resemble the text."""
    query = canonical(text[:LONGEST])
    if re.fullmatch(r"[0-9]{1,5}", query):
        return of_port(int(query))
    if not query or len(query) > SHORT:
        return []
    import difflib

    known = table()["exact"]
    close = difflib.get_close_matches(query, known, n=SUGGESTIONS, cutoff=0.6)
    partly = sorted((spelled for spelled in known if len(query) > 2 and query in spelled), key=len)
    return list(dict.fromkeys(known[spelled][0][1] for spelled in (*close, *partly)))[:SUGGESTIONS]


def of_port(port: int) -> list[str]:
    """The errors whose first cause is this port's service."""
    names = {f"{s.name}/{transport}" for s in services().values() for transport, p in s.ports.items() if p == port}
    lead = [e for e in errors().values() if any(names & set(cause.services) for cause in e.causes[:1])]
    return [error.name for error in sorted(lead, key=lambda e: -len(e.causes))][:SUGGESTIONS]
