"""docs/forests-file.md: every key of a forests file, of portcheck/config/reference.py."""

from __future__ import annotations

from portcheck.catalogue.profiles import built_in
from portcheck.catalogue.services import services
from portcheck.config import Settings, format_duration
from portcheck.config.durations import LONGEST_S, SHORTEST_S
from portcheck.config.reference import DEFAULTS, TABLES, Key, Table

from .markdown import anchor, table

HEAD = """\
# The forests file

Which forests portcheck asks, and how. Made from the code by `python -m tests.reference.make`; a commented file to start
from is [forests.example.toml](../forests.example.toml). `portcheck config check` says what is wrong with a file, and
where; `portcheck config show` what a check would make of it.

It is TOML in UTF-8. The first of these is taken: `-c FILE`, `$PORTCHECK_CONFIG`, `./forests.toml`, `forests.toml` in
the user's configuration folder (`~/.config/portcheck`, on Windows `%LOCALAPPDATA%\\portcheck`), in the system's
(`/etc/xdg/portcheck`, on Windows `%PROGRAMDATA%\\portcheck`), `/etc/portcheck/forests.toml`.

An unknown key, a bad value or a name given twice is one line with the file, the line and the nearest valid word; the
exit code is 2, and nothing is sent. Names are kept in lower case, without a trailing dot.

"""


def page() -> str:
    contents = "".join(f"- [`{one.header}`]({anchor(one.header)})\n" for one in TABLES)
    words = "- [Words](#words)\n"
    return f"{HEAD}{contents}{words}{''.join(map(section, TABLES))}{last()}"


def section(one: Table) -> str:
    rows = ([f"`{key.name}`", key.kind, without(one, key), key.meaning] for key in one.keys)
    return f"\n## {one.header}\n\n{one.about}\n\n{table(('key', 'value', 'without it', 'meaning'), rows)}"


def without(one: Table, key: Key) -> str:
    if key.without or one is not DEFAULTS:
        return key.without
    settings = Settings()
    if hasattr(settings, f"{key.name}_s"):
        return format_duration(getattr(settings, f"{key.name}_s"))
    value = getattr(settings, key.name)
    match value:
        case bool():
            return str(value).lower()
        case tuple():
            return ", ".join(value)
        case _:
            return str(value)


def last() -> str:
    longest, shortest = format_duration(LONGEST_S), format_duration(SHORTEST_S)
    known = ", ".join(f"`{name}` ({'/'.join(row.ports)})" for name, row in services().items())
    return f"""
## Words

A **duration** is text such as `4s`, `250ms`, `1m30s` or `15m`, or a number of seconds; from {shortest} to {longest}.

A **service** is one of {known}.

A **profile** is one of {", ".join(f"`{name}`" for name in built_in())}, or one of your own.
"""
