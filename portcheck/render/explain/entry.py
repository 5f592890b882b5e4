"""What the catalogue knows of an error, as lines for a terminal and as values for JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from portcheck.catalogue.conditions import SIGNS
from portcheck.catalogue.errors import BETWEEN, CataloguedError, Cause, errors
from portcheck.catalogue.lookup import Match
from portcheck.catalogue.services import GENERIC, services
from portcheck.catalogue.sources import Sure, sources
from portcheck.render.shared.spoken import ENDS, LISTENER, named, sentence
from portcheck.render.shared.text import printable, shorten

if TYPE_CHECKING:
    from portcheck.catalogue.own_words import Word

WIDTH = 80
FORMS_SHOWN = 6
DYNAMIC = "dynamic RPC ports"
GUESS = "No catalogued error in this text. By its words it is of this kind, which is a guess:"

ASKED: Mapping[str, str] = {
    "dc": "FOREST",
    "sync": "SYNC-SERVER",
    "mim": "MIM-SERVER",
    "sql": "SQL-SERVER",
    "exchange": "EXCHANGE-SERVER",
    "cloud": "FOREST --profile entra-connect",
}

WEIGHT: Mapping[Sure, str] = {
    Sure.VENDOR: "documented",
    Sure.SECONDARY: "reported",
    Sure.COMMON: "common knowledge, no document",
    Sure.REASONED: "our reasoning",
}


def lines(matches: Sequence[Match], width: int = WIDTH) -> list[str]:
    """Everything about each match, the most telling first."""
    out = [*_undecided(matches, width), ""] if any(not match.sole for match in matches) else []
    if any(match.guessed for match in matches):
        out += [*wrapped("", GUESS, width), ""]
    for match in matches:
        out += [*_error(match.error, width, verdict=match.verdict), ""]
    return _laid(out[:-1], width)


def _undecided(matches: Sequence[Match], width: int) -> list[str]:
    """Several errors fit the same words: what decides between them, and no verdict."""
    rivals = [match for match in matches if not match.sole]
    lead = (
        f'"{_quoted(rivals[0].matched, 40, width)}" is written by more than one. Which it is depends on who wrote it:'
    )
    each = [line for m in rivals for line in wrapped("  - ", f"{m.error.name}: {m.error.where}", width)]
    return [*wrapped("", lead, width), *each]


def _quoted(text: str, room: int, width: int) -> str:
    """Cut where it is read, whole where it is heard."""
    return printable(text) if width == LISTENER else shorten(text, room)


def unknown(text: str, suggestions: Sequence[str], width: int = WIDTH) -> list[str]:
    """Nothing was found: what resembles it, and how to see all."""
    out = wrapped("", f'No catalogued error in "{_quoted(text, 60, width)}".', width)
    if suggestions:
        out += wrapped("Did you mean: ", "; ".join(suggestions), width)
    return [*out, *wrapped("", "All that is known: portcheck explain", width)]


def own_word(word: Word, errors: Sequence[str], width: int = WIDTH) -> list[str]:
    """One of portcheck's own words, and the errors that users see with it."""
    out = [*_head(word.name, f"portcheck: {word.kind}", width), *wrapped("  means      ", word.means, width)]
    return out + (wrapped("  users see  ", "; ".join(errors), width) if errors else [])


def overview(width: int = WIDTH) -> list[str]:
    """Every error in one line, by family."""
    out: list[str] = []
    title = ""
    for error in errors().values():
        if error.family.title != title:
            title = error.family.title
            out += ["", title] if out else [title]
        symbol = error.texts[0] if error.texts and error.texts[0] != error.name else ""
        words = symbol or error.meaning
        if width == LISTENER:
            out.append(named(error.name, words))
        else:
            out.append(shorten(f"  {error.name:<27} {words}", width))
    return _laid(out, width)


def _laid(lines: list[str], width: int) -> list[str]:
    """Who hears them hears no empty lines, and of a title that it is one."""
    return lines if width != LISTENER else [line if line.endswith(ENDS) else f"{line}:" for line in lines if line]


def _head(name: str, kind: str, width: int) -> list[str]:
    return [f"{name}  ({kind})"] if width != LISTENER else [f"{name} ({kind})."]


def as_dicts(matches: Sequence[Match]) -> list[dict[str, object]]:
    """The same as JSON values; keys are part of the contract with scripts."""
    return [
        {**_plain(match), "matched": match.matched, "exact": match.exact, "sole": match.sole, "guessed": match.guessed}
        for match in matches
    ]


def _error(error: CataloguedError, width: int, *, verdict: bool) -> list[str]:
    out = _head(error.name, error.family.title, width)
    others = [spelled for spelled in error.spellings if spelled != error.name]
    if others:
        out += wrapped("  written    ", "; ".join(others[:FORMS_SHOWN]), width)
    out += wrapped("  seen       ", error.where, width)
    out += wrapped("  means      ", error.meaning, width)
    if error.is_not and verdict:
        out += wrapped("  it is      ", error.is_not, width)
    if error.proves and verdict:
        out += wrapped("  it proves  ", _proven(error.proves), width)
    if error.note:
        out += wrapped("  note       ", error.note, width)
    out += wrapped("  source     ", _source(error.source, error.sure), width)
    if error.heard:
        out += wrapped("             ", "not all of its spellings are in it: some are known from hearsay", width)
    if error.causes:
        title = "  What can cause it, likeliest first" if len(error.causes) > 1 else "  What causes it"
        out += ["", title if width != LISTENER else title.strip()]
    for rank, cause in enumerate(error.causes, 1):
        out += _cause(rank, cause, width)
    return out


def _proven(names: Sequence[str]) -> str:
    """An answer over one of several ways proves the one that was used, and nothing of the others."""
    one = len(names) == 1
    return f"{_places(names)} works" if one else f"that one of these works, the one that was asked: {_places(names)}"


def _cause(rank: int, cause: Cause, width: int) -> list[str]:
    return [
        *wrapped(f"  {rank:>2}. ", cause_title(cause), width),
        *wrapped("      ", cause.says, width),
        *wrapped("      ", f"[{_source(cause.source, cause.sure)}]", width),
        *wrapped("      to prove: ", proof(cause), width),
    ]


def cause_title(cause: Cause) -> str:
    """`kpasswd (464/tcp, 464/udp): blocked`."""
    title = SIGNS[cause.condition].title
    return f"{_places(cause.services)}: {title}" if cause.services else title


def proof(cause: Cause) -> str:
    """The check that would show the cause, or where to look if none can."""
    sign = SIGNS[cause.condition]
    if not sign.visible:
        return sign.look
    if cause.target == BETWEEN:
        return "run portcheck there: this machine cannot see that way"
    names = dict.fromkeys(name.partition("/")[0] for name in cause.services)
    asked = [f"--only {name}" for name in names if name not in GENERIC]
    command = " ".join(("portcheck check", ASKED[cause.target], *asked, *([sign.option] if sign.option else [])))
    return command if asked or not sign.codes else f"{command}, finding {' or '.join(sign.codes)}"


def _places(names: Sequence[str]) -> str:
    """`kpasswd/tcp kpasswd/udp` -> `kpasswd (464/tcp, 464/udp)`; several RPC services are one range of ports."""
    ports: dict[str, list[str]] = {}
    for name in names:
        service, _, transport = name.partition("/")
        ports.setdefault(service, []).append(f"{_port(service, transport)}/{transport}")
    dynamic = [service for service, where in ports.items() if where == ["dynamic/tcp"]]
    if len(dynamic) > 1:
        ports = {service: where for service, where in ports.items() if service not in dynamic} | {DYNAMIC: []}
    return ", ".join(f"{service} ({', '.join(where)})" if where else service for service, where in ports.items())


def _port(service: str, transport: str) -> int | str:
    if service not in services():
        return "other"
    return services()[service].ports[transport] or "dynamic"


def _source(key: str, sure: Sure) -> str:
    return f"{WEIGHT[sure]}: {sources()[key].title}" if sure not in (Sure.COMMON, Sure.REASONED) else _weak(key, sure)


def _weak(key: str, sure: Sure) -> str:
    """Reasoning and common knowledge name the document they start from, if there is one."""
    return WEIGHT[sure] if key in ("OWN", "COMMON") else f"{WEIGHT[sure]}, from: {sources()[key].title}"


def wrapped(lead: str, words: str, width: int) -> list[str]:
    """Beside the lead; of a lead and words that are heard, a sentence."""
    if width == LISTENER:
        return [sentence(lead, words)]
    return textwrap.wrap(words, width, initial_indent=lead, subsequent_indent=" " * len(lead), break_on_hyphens=False)


def _plain(match: Match) -> dict[str, object]:
    error = match.error
    proves = list(error.proves) if match.verdict else []
    return {
        "name": error.name,
        "family": error.family.title,
        "spellings": list(error.spellings),
        "heard": list(error.heard),
        "where": error.where,
        "meaning": error.meaning,
        "is_not": error.is_not if match.verdict else "",
        "proves": proves if len(proves) == 1 else [],
        "proves_one_of": proves if len(proves) > 1 else [],
        "note": error.note,
        "causes": [_plain_cause(cause) for cause in error.causes],
        "source": _plain_source(error.source, error.sure),
    }


def _plain_cause(cause: Cause) -> dict[str, object]:
    return {
        "services": list(cause.services),
        "target": cause.target,
        "condition": cause.condition.value,
        "says": cause.says,
        "proof": proof(cause),
        "source": _plain_source(cause.source, cause.sure),
    }


def _plain_source(key: str, sure: Sure) -> dict[str, str]:
    return {"key": key, "title": sources()[key].title, "at": sources()[key].at, "sure": sure.value}
