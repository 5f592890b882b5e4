"""`--lock`: a scheduled run that takes longer than its interval is not met by the next one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from portcheck.cli.errors import BusyError
from portcheck.run import Order
from portcheck.store import words

BUSY = 3


@contextmanager
def alone(order: Order) -> Iterator[None]:
    """No other run of the same plan under this state folder while the context lasts; a killed one holds nothing."""
    from filelock import FileLock, Timeout

    from portcheck.history.folder import made, state_folder
    from portcheck.history.plans import fingerprint, label

    path = Path("locks") / f"{fingerprint(order)}.lock"
    try:
        path = state_folder() / path
        lock = FileLock(path, timeout=0)
        made(path.parent)
        lock.acquire()
    except Timeout:
        raise BusyError(f"another run of {label(order)} is still going on ({path}); this one is left out") from None
    except OSError as error:
        raise BusyError(f"the lock {path} cannot be made: {words(error)}; nothing was sent") from None
    try:
        yield
    finally:
        lock.release()
