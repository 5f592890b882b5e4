"""Paragraphs for a terminal: wrapped with a hanging indent, and printed with colour or without."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import StringIO

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from portcheck.render.shared.marks import Mark
from portcheck.render.shared.options import Options
from portcheck.render.shared.text import to_ascii

SHALLOW = 6
"""Where the lead takes more than half of the width, further lines start here."""
NARROWEST = 12
"""Text is never wrapped to less, however deep its indent."""

_wrapper = Console(file=StringIO(), width=80, legacy_windows=False)


def hang(lead: Text | str, words: Text | str, width: int, indent: int | None = None) -> Iterator[Text]:
    """`lead`, then the words wrapped beside it; further lines start at `indent`, the end of the lead if None."""
    lead, words = as_text(lead), as_text(words)
    start = lead.cell_len
    if start + words.cell_len <= width and "\n" not in words.plain:
        yield Text.assemble(lead, words)
        return
    indent = start if indent is None else indent
    if indent > width // 2:
        indent = SHALLOW
    if start > indent:  # the first line has less room than the others: wrap both as one, the lead as its first words
        words = Text.assemble(lead[indent:], words)
        lead = lead[:indent]
    for number, line in enumerate(words.wrap(_wrapper, max(width - indent, NARROWEST))):
        line.rstrip()
        yield Text.assemble(lead if number == 0 else " " * indent, line)


def as_text(words: Text | str) -> Text:
    return Text(words) if isinstance(words, str) else words


def pad(words: str, width: int) -> str:
    """Filled with blanks to `width` cells; wide letters count twice."""
    return words + " " * (width - cell_len(words))


def to_string(lines: Iterable[Text], options: Options) -> str:
    """The lines as they go to a stream; escapes only where colour is wanted."""
    buffer = StringIO()
    console = Console(
        file=buffer,
        width=options.width,
        force_terminal=options.color,
        color_system="standard" if options.color else None,
        no_color=not options.color,
        legacy_windows=False,
        highlight=False,
    )
    for line in lines:
        console.print(line, no_wrap=True, overflow="ignore", crop=False, soft_wrap=True)
    text = buffer.getvalue()
    return to_ascii(text) if options.ascii else text


def sign(mark: Mark, options: Options) -> Text:
    return Text(mark.drawn(ascii_only=options.ascii) + " ", style=mark.style)
