"""Notices into Windows' own Application log, which every user may write to: nothing is installed, nothing is sent.

The source is `portcheck`. Until an administrator has registered it once (eventcreate /L APPLICATION /T INFORMATION
/SO portcheck /ID 100 /D registered; its messages are those of the numbers 1 to 1000), Windows shows the same text
behind a remark that it knows no description of the event.
https://learn.microsoft.com/windows-server/administration/windows-commands/eventcreate
"""

from __future__ import annotations

import sys

from portcheck.exitcodes import NOT_AS_EXPECTED, OK

SCHEME = "eventlog"
SOURCE = "portcheck"
LONGEST = 31_839
"""Characters of a string (ReportEventW, `lpStrings`)."""
ERROR, WARNING, INFORMATION = 1, 2, 4
WELL, FAULT, NOT_DONE, DIGEST = 100, 101, 102, 110
"""The events: all is as expected, it is not, the run could not be done; a digest."""


def event_of(exit_code: int | None) -> tuple[int, int]:
    """Type and number for a run that ended so; None: what was sent is no run."""
    if exit_code is None:
        return INFORMATION, DIGEST
    if exit_code == OK:
        return INFORMATION, WELL
    return (ERROR, FAULT) if exit_code == NOT_AS_EXPECTED else (WARNING, NOT_DONE)


def is_meant(url: str) -> bool:
    return url.partition("://")[0].lower() == SCHEME


def text(title: str, body: str) -> str:
    """As one string of an event: no null ends it early, and it is not refused for its length."""
    said = f"{title}\n\n{body}".replace("\0", "?").replace("\r\n", "\n").replace("\n", "\r\n")
    return said if len(said) <= LONGEST else said[: LONGEST - 1] + "…"


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    HERE = True

    def write(said: str, kind: int, number: int) -> bool:
        """Whether the log took it (RegisterEventSourceW, ReportEventW)."""
        library = ctypes.WinDLL("advapi32")
        library.RegisterEventSourceW.argtypes = (wintypes.LPCWSTR, wintypes.LPCWSTR)
        library.RegisterEventSourceW.restype = wintypes.HANDLE
        library.ReportEventW.argtypes = (
            wintypes.HANDLE, wintypes.WORD, wintypes.WORD, wintypes.DWORD, ctypes.c_void_p, wintypes.WORD,
            wintypes.DWORD, ctypes.POINTER(wintypes.LPCWSTR), ctypes.c_void_p,
        )  # fmt: skip
        library.DeregisterEventSource.argtypes = (wintypes.HANDLE,)
        handle = library.RegisterEventSourceW(None, SOURCE)
        if not handle:
            return False
        try:
            strings = (wintypes.LPCWSTR * 1)(said)
            return bool(library.ReportEventW(handle, kind, 0, number, None, 1, 0, strings, None))
        finally:
            library.DeregisterEventSource(handle)

else:
    HERE = False

    def write(said: str, kind: int, number: int) -> bool:
        """There is none."""
        del said, kind, number
        return False
