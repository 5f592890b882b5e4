"""The last lines of a screen: what is wrong, what to ask for, what to do next, within what a small terminal shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.text import Text

from portcheck.frozen import dataclass
from portcheck.model import Verdict
from portcheck.model.folding import counted, folded
from portcheck.render.shared.conclusion import Conclusion, ForestLine, healthy_words, spoken
from portcheck.render.shared.layout import hang, sign
from portcheck.render.shared.marks import VERDICTS
from portcheck.render.shared.options import Options
from portcheck.render.shared.text import plain, printable

ROWS = 22
"""A terminal has 24 lines, one of them the prompt's."""
ROWS_OF_A_FOREST = 3
ROWS_KEPT_FOR_ASKS = 8
LABEL = len("next ")
BETWEEN = len(" ·")
PLACES = "; →"
"""Where a line of paths may be cut."""


@dataclass(frozen=True, slots=True)
class ScreenEnd:
    """The lines, and which requests in words found no room in them."""

    lines: tuple[Text, ...]
    untold: frozenset[str] = frozenset()


def ending(told: Conclusion, options: Options) -> ScreenEnd:
    head = [] if not told.interrupted else list(hang("", Text(INTERRUPTED, "bold yellow"), options.width, 2))
    well = list(_well(told, options))
    onward = list(_onward(told, options))
    kept = min(ROWS_KEPT_FOR_ASKS, sum(len(list(_labelled("ask", spoken(ask), options))) for ask in told.asks))
    forests = list(_forests(told.troubled, ROWS - len(head) - len(well) - len(onward) - kept, options))
    room = ROWS - len(head) - len(well) - len(onward) - len(forests)
    asks, untold = _asks(told.asks, room, options)
    return ScreenEnd((*head, *forests, *well, *asks, *onward), untold)


INTERRUPTED = "Interrupted: this is what was known until then."


def _forests(lines: Sequence[ForestLine], room: int, options: Options) -> Iterator[Text]:
    """As many as there is room for, the worst first; the others by name."""
    shown = [_forest(line, options) for line in lines]
    if sum(map(len, shown)) > room:
        room -= 2  # of the line that names those left out
    used = 0
    for number, rows in enumerate(shown):
        if number and used + len(rows) > room:
            names = folded(printable(line.forest) for line in lines[number:])
            words = f"and {counted(len(lines) - number, 'more forest')}: {names}"
            yield from list(hang(sign(lines[number].mark, options), plain(words), options.width, 2))[:2]
            return
        used += len(rows)
        yield from rows


def _forest(line: ForestLine, options: Options) -> list[Text]:
    lead = sign(line.mark, options).append(f"{printable(line.forest)}  ", style="bold")
    return _cut(list(hang(lead, plain(line.words), options.width, 2)), ROWS_OF_A_FOREST, options)


def _cut(rows: list[Text], most: int, options: Options) -> list[Text]:
    if len(rows) <= most:
        return rows
    last = rows[most - 1].copy()
    last.truncate(options.width - 2)
    last.rstrip()
    return [*rows[: most - 1], last.append(" …")]


def _well(told: Conclusion, options: Options) -> Iterator[Text]:
    names, words = healthy_words(told)
    if words:
        mark = VERDICTS[Verdict.PASS]
        lead = sign(mark, options).append(f"{printable(names)}  ", style="bold")
        yield from _cut(list(hang(lead, plain(words, mark.style), options.width, 2)), ROWS_OF_A_FOREST, options)


def _onward(told: Conclusion, options: Options) -> Iterator[Text]:
    """Commands side by side as far as there is room, none of them broken where it can be helped."""
    rows: list[str] = []
    for command in told.next:
        wider = f"{rows[-1]} · {command}" if rows else command
        if rows and cell_len(wider) + LABEL + BETWEEN <= options.width:
            rows[-1] = wider
        else:
            rows = [*rows[:-1], f"{rows[-1]} ·", command] if rows else [command]
    for number, row in enumerate(rows):
        yield from _labelled("" if number else "next", row, options)


def _labelled(name: str, words: str, options: Options) -> Iterator[Text]:
    yield from hang(Text(f"{name:<{LABEL}}", "bold"), plain(words), options.width)


def _asks(asks: Sequence[str], room: int, options: Options) -> tuple[list[Text], frozenset[str]]:
    lines: list[Text] = []
    untold: list[str] = []
    for number, ask in enumerate(asks):
        more = number + 1 < len(asks)  # needs a line to say so
        rows = list(_labelled("ask", spoken(ask), options))
        left = room - len(lines) - more
        if len(rows) > left and "→" in ask and left > 1:
            rows = _fewer_places(ask, left, options)
        if len(rows) <= left:
            lines += rows
        else:
            untold.append(ask)
    if untold:
        words = f"and {counted(len(untold), 'request')} more, said with the findings"
        lines += list(_labelled("ask", words, options))[:1]
    return lines, frozenset(untold)


def _fewer_places(ask: str, most: int, options: Options) -> list[Text]:
    """The first places of many; the whole of it is a change request."""
    places = spoken(ask).split(PLACES)
    for count in range(len(places) - 1, 0, -1):
        words = f"{PLACES.join(places[:count])}; and {counted(len(places) - count, 'place')} more"
        rows = list(_labelled("ask", words, options))
        if len(rows) <= most:
            return rows
    return _cut(list(_labelled("ask", spoken(ask), options)), most, options)
