"""Which -o belongs to which -f: the parser keeps two lists, so the order on the command line is noted before."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from typer.core import TyperCommand

from portcheck.config import ConfigError

ORDER = "portcheck.order"
NAMED = {"FILE": "file", "DIR": "folder", "RUN": "run"}
"""What is meant by an option's metavar."""
FORMAT, OUTPUT = "f", "o"
SHORT = re.compile(r"-[qv46]*(?P<kind>[fo])(?P<value>.*)", re.DOTALL)  # also behind flags: -qf json
LEADING = re.compile("(o*)(f+)(o*)")
LONG = {"--format": FORMAT, "--output": OUTPUT}


class Paired(TyperCommand):
    """A command with -f and -o, whose order is in the context's `meta`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        ctx.meta[ORDER] = "".join(kinds(args))
        left = list(super().parse_args(ctx, args))
        refuse_nameless(self.params, ctx.params)
        return left


def refuse_nameless(options: Iterable[Any], given: Mapping[str, Any]) -> None:
    """An empty word where a file, a folder or a run is meant is a variable that was not set: not this folder, and not
    what is usual. Raises ConfigError.
    """
    for option in options:
        value = given.get(option.name)
        if option.metavar in NAMED and "" in (value if isinstance(value, list | tuple) else (value,)):
            raise ConfigError(f"{max(option.opts, key=len)}: names no {NAMED[option.metavar]}")


def kinds(arguments: Sequence[str]) -> Iterator[str]:
    """`f` for each format and `o` for each output, as they come."""
    left = iter(arguments)
    for word in left:
        if word == "--":
            return
        name, equals, _ = word.partition("=")
        short = None if word.startswith("--") else SHORT.fullmatch(word)
        if name in LONG or short:
            yield LONG[name] if name in LONG else short["kind"] if short else ""
            if not (equals if name in LONG else short and short["value"]):
                next(left, None)


def owners(order: str) -> list[int | None]:
    """For each output the place of its format; None: there is none left.

    So many outputs in a row belong to the last so many formats before them, in their order (`-f a -f b -o x`: x is
    b's); outputs before any format to those that follow and that no output follows in turn, or to the default.
    """
    before, formats, after = map(len, LEADING.findall(order if FORMAT in order else order + FORMAT)[0])
    found = _of(range(max(formats - after, 0)), before)
    free = range(0)
    for run in re.findall("f+|o+", order[before:]):
        if run.startswith(FORMAT):
            free = range(free.stop, free.stop + len(run))
        else:
            found += _of(free, len(run))
    return found


def _of(formats: range, outputs: int) -> list[int | None]:
    """The places of the last of the formats, one for each output."""
    mine = formats[-outputs:] if outputs else ()
    return [*mine, *[None] * (outputs - len(mine))]
