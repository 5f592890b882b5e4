"""How the program is told to end: Ctrl-C, SIGTERM, a closed terminal, Windows' Ctrl-Break.

The handler only notes it and wakes whoever waits. Where nothing is found yet that could be lost, it leaves at once.
Imported before everything else, so it imports next to nothing.
"""

from __future__ import annotations

import os
import signal
import time

from portcheck.exitcodes import INTERRUPTED, SIGNALS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType, TracebackType

INSISTS_AFTER_S = 20.0
"""Whoever asks again so long after the first time has something that hangs, such as a pipe that nobody reads."""


class Ending:
    """Whether the program was told to end, and what is kept when it is. Signals arrive in the main thread alone."""

    def __init__(self, code: int = INTERRUPTED) -> None:
        self.code = code
        self.words = b""  # said on stdout where nothing else was
        self.by: int | None = None  # the signal that came first
        self.keeping = Keeping(self)
        self._since = 0.0
        self._wakers: list[Callable[[], object]] = []

    @property
    def told(self) -> bool:
        return self.by is not None

    def begin(self) -> None:
        """From now on signals are noted; what whoever started us wanted ignored stays ignored."""
        for number in _numbers():
            if signal.getsignal(number) in {signal.SIG_DFL, signal.default_int_handler}:
                signal.signal(number, self.note)

    def note(self, number: int, frame: FrameType | None = None) -> None:  # noqa: ARG002 - the signature of signal
        """The handler. `keeping` says what becomes of it."""
        now = time.monotonic()
        if self.by is None:
            self.by, self._since = number, now
        if self.keeping.depth < 0:
            raise KeyboardInterrupt
        if not self.keeping.depth or now - self._since > INSISTS_AFTER_S:
            _say(self.words)
            os._exit(self.code)
        for wake in tuple(self._wakers):
            wake()

    def waking(self, wake: Callable[[], object]) -> Waking:
        """Within this context `wake` is called by the handler; at once where the end was told before."""
        return Waking(self, self._wakers, wake)

    def answered(self) -> None:
        """For a command that has no other end: being told to end is no interruption of it."""
        self.by = None

    def close(self, code: int) -> int:
        """All is said. From here on nothing is heard any more; the exit code."""
        for number in _numbers():
            signal.signal(number, signal.SIG_IGN)
        return self.code if self.told else code


class Keeping:
    """Within it signals are only noted: what was found is judged, printed, written and kept first."""

    def __init__(self, ending: Ending) -> None:
        self.ending = ending
        self.depth = 0

    def __enter__(self) -> None:
        self.depth += 1

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.depth -= 1


class Prompting:
    """Within it a signal is a KeyboardInterrupt: a terminal that does not echo has to be set right again."""

    def __init__(self, keeping: Keeping) -> None:
        self.keeping = keeping
        self.before = 0

    def __enter__(self) -> None:
        self.before, self.keeping.depth = self.keeping.depth, -1

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.keeping.depth = self.before


class Waking:
    """See `Ending.waking`."""

    def __init__(self, ending: Ending, wakers: list[Callable[[], object]], wake: Callable[[], object]) -> None:
        self.ending, self.wakers, self.wake = ending, wakers, wake

    def __enter__(self) -> None:
        self.wakers.append(self.wake)
        if self.ending.told:
            self.wake()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.wakers.remove(self.wake)


def _numbers() -> list[int]:
    return [getattr(signal, name) for name in SIGNALS if hasattr(signal, name)]


def _say(words: bytes) -> None:
    try:
        os.write(1, words)
    except OSError:  # nobody reads
        return


ENDING = Ending()
"""This process's own."""
