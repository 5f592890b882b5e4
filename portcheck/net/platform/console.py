"""The terminal of Windows: whether it obeys escape codes, and time to keep the results when its window is closed."""

from __future__ import annotations

import sys
from typing import TextIO

if sys.platform == "win32":
    import _thread
    import ctypes
    import msvcrt
    import signal
    import time
    from ctypes import wintypes
    from functools import cache

    ENABLE_VIRTUAL_TERMINAL_PROCESSING = 0x4
    CLOSE, LOGOFF, SHUTDOWN = 2, 5, 6  # CTRL_CLOSE_EVENT and its kin; Ctrl-C and Ctrl-Break come as signals
    PATIENCE_S = 4.5  # Windows ends the process five seconds after a window was closed (HandlerRoutine)
    _HANDLER = ctypes.WINFUNCTYPE(wintypes.BOOL, wintypes.DWORD)

    def obeys_escapes(stream: TextIO) -> bool:
        """After switching it on, where it is a console and not yet (SetConsoleMode); true of what is no console."""
        kernel = ctypes.WinDLL("kernel32")
        mode = wintypes.DWORD()
        try:
            handle = wintypes.HANDLE(msvcrt.get_osfhandle(stream.fileno()))
        except (OSError, ValueError):
            return False
        if not kernel.GetConsoleMode(handle, ctypes.byref(mode)):
            return True
        return bool(kernel.SetConsoleMode(handle, mode.value | ENABLE_VIRTUAL_TERMINAL_PROCESSING))

    def _on_event(event: int) -> bool:
        """Runs in a thread of Windows' own; when it returns the process is ended, so it lets the main thread write."""
        if event not in {CLOSE, LOGOFF, SHUTDOWN}:
            return False
        _thread.interrupt_main(signal.SIGBREAK)
        time.sleep(PATIENCE_S)
        return True

    _closing = _HANDLER(_on_event)  # kept for as long as Windows may call it

    @cache
    def keep_when_closed() -> None:
        """A closed window, a logoff and a shutdown end a run as Ctrl-Break does: what was found is kept."""
        ctypes.WinDLL("kernel32").SetConsoleCtrlHandler(_closing, True)

else:

    def obeys_escapes(stream: TextIO) -> bool:
        """Every terminal does."""
        return True

    def keep_when_closed() -> None:
        """SIGHUP tells."""
