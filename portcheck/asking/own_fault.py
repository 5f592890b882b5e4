"""A fault of portcheck's own, told so that whoever reports it reports something: its place and the error's words."""

from __future__ import annotations

import traceback
from pathlib import Path

from portcheck.wire.text import printable

OURS = Path(__file__).parents[1]
ITSELF = "portcheck itself failed before the run was done; please report it: {words}"


def told(fault: BaseException) -> str:
    """One line, printable whatever the error says."""
    said = printable(" ".join(str(fault).split()).encode(), limit=120)
    return ITSELF.format(words=f"{said} (at {_place(fault)})" if said else f"at {_place(fault)}")


def _place(fault: BaseException) -> str:
    """The innermost line that is ours: `net/trace.py:31`; libraries have no faults that we did not provoke."""
    frames = [(Path(frame.filename), frame.lineno) for frame in traceback.extract_tb(fault.__traceback__)]
    inside = [(path.relative_to(OURS), line) for path, line in frames if path.is_relative_to(OURS)]
    return f"{inside[-1][0].as_posix()}:{inside[-1][1]}" if inside else "an unknown place"
