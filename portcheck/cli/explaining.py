"""What `explain` answers to a text: in lines or as JSON. Nothing heavy is imported before it is needed."""

from __future__ import annotations

import json
import re
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from portcheck.cli.streams import show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portcheck.catalogue.lookup import Match
    from portcheck.catalogue.own_words import Word
    from portcheck.model import Report

NOT_FOUND = 1
OURS = re.compile(r"(?:port |tcp/|udp/)?\d{2,5}(?:/tcp|/udp)?|[A-Za-z][A-Za-z0-9-]{1,40}")
SIGNED = re.compile(r"-\d{1,10}")


def at_once(arguments: Sequence[str]) -> int | None:
    """The exit code of `explain WORDS [--json]`; None: something else is asked, which takes the whole command line."""
    words = [word for word in arguments if word != "--json"]
    if not words or any(word.startswith("-") and not SIGNED.fullmatch(word) for word in words):
        return None
    return answer(" ".join(words), None, as_json="--json" in arguments)


def answer(text: str, evidence: Report | None, *, as_json: bool, run: str = "") -> int:
    """Say what the text means, to stdout; the exit code. `run`: by what name the evidence is found again."""
    from portcheck.catalogue import lookup

    matches, ours = lookup.find(text), _own(text)
    if not matches and not ours:
        return _unknown(text, as_json=as_json)
    if as_json:
        _print(_as_json(matches, ours, evidence))
    else:
        _print(_apart().join(filter(None, (_own_lines(ours), _as_lines(matches, evidence), _end(evidence, run)))))
    return 0


def _own(text: str) -> tuple[Word, ...]:
    """Only a word or two can be one of ours: a pasted line, or a number that is no port, is not looked up."""
    if not OURS.fullmatch(text.strip()):
        return ()
    if text.isdigit():
        from portcheck.catalogue.services import services

        if not any(int(text) in service.ports.values() for service in services().values()):
            return ()
    from portcheck.catalogue.own_words import own

    return own(text)


def _seen_with(word: Word) -> tuple[str, ...]:
    """The errors that users see with a finding; the rules know them."""
    if word.kind != "finding":
        return word.errors
    from portcheck.diagnose.symptoms import SYMPTOMS

    return SYMPTOMS[word.name].errors if word.name in SYMPTOMS else ()


def _own_lines(ours: tuple[Word, ...]) -> str:
    from portcheck.render.explain import entry as words

    return _apart().join("\n".join(words.own_word(word, _seen_with(word), _width())) for word in ours)


def overview(*, as_json: bool) -> int:
    from portcheck.catalogue.errors import errors
    from portcheck.render.explain import entry as words

    if as_json:
        known = [{"name": e.name, "family": e.family.title, "meaning": e.meaning} for e in errors().values()]
        _print(json.dumps(known, indent=2))
    else:
        _print("\n".join(words.overview(_width())))
    return 0


def _unknown(text: str, *, as_json: bool) -> int:
    from portcheck.catalogue.suggestions import suggest
    from portcheck.render.explain import entry as words

    suggestions = suggest(text)
    if as_json:
        _print(json.dumps({"errors": [], "suggestions": suggestions}))
    else:
        with suppress(OSError):  # where stderr takes nothing, nobody can be told
            sys.stderr.write("\n".join(words.unknown(text, suggestions, _width())) + "\n")
            sys.stderr.flush()
    return NOT_FOUND


def _as_lines(matches: list[Match], evidence: Report | None) -> str:
    from portcheck.render.explain import entry as words

    if evidence is None:
        return "\n".join(words.lines(matches, _width()))
    from portcheck.diagnose.causes import weigh
    from portcheck.render.explain import weighed

    blocks = [weighed.lines(match.error, weigh(match.error, evidence), _width()) for match in matches]
    return _apart().join("\n".join(block) for block in blocks)


def _end(evidence: Report | None, run: str) -> str:
    """What the whole run comes to, which is more than one error's causes."""
    if evidence is None:
        return ""
    from portcheck.render.report import sentences
    from portcheck.render.report.ending import ending
    from portcheck.render.shared.conclusion import conclusion
    from portcheck.render.shared.layout import to_string
    from portcheck.render.shared.options import for_stream
    from portcheck.render.shared.spoken import ended
    from portcheck.render.shared.text import printable
    from portcheck.run.runner import explained

    screen = for_stream(sys.stdout)
    if screen.accessible:
        told = sentences.concluded(conclusion(explained(evidence), run, None), screen)
        return "\n".join(ended(printable(one)) for one in told)
    return to_string(ending(conclusion(explained(evidence), run, None), screen).lines, screen).rstrip("\n")


def _as_json(matches: list[Match], ours: tuple[Word, ...], evidence: Report | None) -> str:
    from portcheck.render.explain import entry as words

    found = words.as_dicts(matches)
    if evidence is not None:
        from portcheck.diagnose.causes import weigh
        from portcheck.render.explain import weighed

        for one, match in zip(found, matches, strict=True):
            one["weighed"] = weighed.as_dicts(weigh(match.error, evidence))
    own = [{"name": w.name, "kind": w.kind, "means": w.means, "errors": list(_seen_with(w))} for w in ours]
    return json.dumps({"errors": found, "suggestions": [], "own": own}, indent=2)


def _width() -> int:
    from portcheck.render.explain.entry import WIDTH
    from portcheck.render.shared.spoken import width

    return width(WIDTH)


def _apart() -> str:
    """Between parts: an empty line, for eyes."""
    return "\n\n" if _width() else "\n"


def _print(text: str) -> None:
    show(text + "\n")
