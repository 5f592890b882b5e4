"""The books of errors/*.toml as one table, with the indexes that look-up needs.

Reading the books takes longer than a user should wait for one answer, so packaging makes a copy of the table beside
them (`python -m portcheck.catalogue.books` makes it too). A copy that is not of these books is not used.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, KeysView, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from zlib import crc32

from portcheck.catalogue.needles import needles
from portcheck.catalogue.phrases import canonical, pieces, words

HERE = Path(__file__).parent
FOLDER = HERE / "errors"
SOURCES = HERE / "sources.toml"
COPY = "table.json"
FORMAT = 4  # of the copy


@cache
def table() -> Mapping[str, Any]:
    """`family`, `cause`, `error`, `source` by name; `exact`: plain spelling to errors; `words`: word to spellings."""
    books = {book.name: book.read_bytes() for book in (*FOLDER.glob("*.toml"), SOURCES)}
    stamp = _stamp(books)
    copied = FOLDER / COPY
    if copied.is_file():
        found: Mapping[str, Any] = json.loads(copied.read_bytes())
        if found.get("stamp") == stamp:
            return found
    import tomllib  # late: the copy is the usual case

    return {**bound(tomllib.loads(books[name].decode()) for name in sorted(books)), "stamp": stamp}


def bound(books: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Many books as one table. A name that two books give is the later one's; a test sees to it that none is."""
    out: dict[str, Any] = {
        "family": {},
        "cause": {},
        "error": {},
        "kind": [],
        "pattern": [],
        "subject": [],
        "source": {},
    }
    no = ""
    for book in books:
        out["family"] |= {name: _family(row) for name, row in book.get("family", {}).items()}
        out["cause"] |= book.get("cause", {})
        out["kind"] += book.get("kind", [])
        out["pattern"] += book.get("pattern", [])
        out["subject"] += book.get("subject", [])
        no = book.get("no", no)
        out["source"] |= {row["key"]: row for row in book.get("source", ())}
        out["error"] |= {row["name"]: row for row in book.get("error", ())}
    for kind in ("pattern", "subject"):
        out[kind] = [_pattern(row, no) for row in out[kind]]
    return {**out, "exact": _exact(out["error"]), "words": _words(out["error"])}


def _family(row: Mapping[str, Any]) -> dict[str, Any]:
    """With what each of its contexts cannot do without, whatever the number is."""
    shown = [context.replace("{n}", r"\w+").replace("{s}", r"\s*") for context in row.get("contexts", ())]
    return {**row, "needles": [needles(context) for context in shown]}


def _pattern(row: Mapping[str, str], no: str) -> dict[str, Any]:
    says = row["says"].replace("{no}", no)
    return {"error": row["error"], "says": says, "needles": needles(says)}


def spellings(row: Mapping[str, Any]) -> tuple[str, ...]:
    """All of a row's: those of its source, then those that were only heard (no document or thread at hand has them)."""
    return (*row.get("spellings", ()), *row.get("heard", ()))


def copy() -> Path:
    """Write the copy beside the books; for packaging."""
    here = FOLDER / COPY
    here.unlink(missing_ok=True)
    table.cache_clear()
    here.write_text(json.dumps(table(), ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
    return here


def _stamp(books: Mapping[str, bytes]) -> int:
    stamp = FORMAT
    for name in sorted(books):
        stamp = crc32(books[name], crc32(name.encode(), stamp))
    return stamp


def _exact(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, list[tuple[str, str]]]:
    index: dict[str, list[tuple[str, str]]] = {}
    for name, row in rows.items():
        for spelled in dict.fromkeys((name, *spellings(row))):
            index.setdefault(canonical(spelled), []).append((name, spelled))
    return index


def _words(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, list[tuple[str, str]]]:
    """Each spelling under its rarest word: only texts with that word need a closer look."""
    written = {name: dict.fromkeys((*_in_words(name), *spellings(row))) for name, row in rows.items()}
    spelled = [(name, text) for name, texts in written.items() for text in texts]
    often = Counter(word for _, text in spelled for word in _whole_words(text))
    index: dict[str, list[tuple[str, str]]] = {}
    for name, text in spelled:
        if known := _whole_words(text):
            index.setdefault(min(known, key=lambda word: (often[word], -len(word), word)), []).append((name, text))
    return index


def _in_words(name: str) -> tuple[str, ...]:
    """A name that ends in a number is ours alone: no log has it."""
    return () if re.search(r"-(?:0x)?[0-9a-f]*\d[0-9a-f]*$", name) else (name,)


def _whole_words(spelled: str) -> KeysView[str]:
    return words(" ".join(pieces(spelled)))


if __name__ == "__main__":
    from portcheck.catalogue import kept

    print(copy(), kept.copy())
