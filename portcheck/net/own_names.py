"""What programs on this machine get for a name: by hosts file, search list and whatever else the system asks."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from portcheck.frozen import dataclass

NO_SUCH_NAME = frozenset(
    code for key in ("EAI_NONAME", "EAI_NODATA", "EAI_ADDRFAMILY") if (code := getattr(socket, key, None)) is not None
)
FAMILIES: dict[tuple[str, ...], socket.AddressFamily] = {("A",): socket.AF_INET, ("AAAA",): socket.AF_INET6}


@dataclass(frozen=True, slots=True)
class OwnAnswer:
    """`none`: there is no such name, which is an answer; `late`: no answer in time, or trouble on the way to one."""

    status: str  # ok, none, late
    addresses: tuple[str, ...] = ()
    elapsed_ms: float = 0.0


async def own_addresses(host: str, families: Sequence[str], patience_s: float) -> OwnAnswer:
    """`getaddrinfo` as any program calls it, for the wanted families (A, AAAA); never longer than the patience."""
    began = time.monotonic()
    try:
        async with asyncio.timeout(patience_s):
            rows = await _in_a_thread(lambda: _getaddrinfo(host, families))
    except socket.gaierror as error:
        return OwnAnswer("none" if error.errno in NO_SUCH_NAME else "late")
    except ValueError:  # a name that no resolver can be asked for
        return OwnAnswer("none")
    except (TimeoutError, OSError):
        return OwnAnswer("late")
    found = dict.fromkeys(str(where[0]).partition("%")[0] for *_, where in rows)
    return OwnAnswer("ok", tuple(found), round((time.monotonic() - began) * 1000, 1))


def _getaddrinfo(host: str, families: Sequence[str]) -> list[Any]:
    family = FAMILIES.get(tuple(families), socket.AF_UNSPEC)
    return list(socket.getaddrinfo(host, None, family, socket.SOCK_STREAM))


def _in_a_thread(call: Callable[[], list[Any]]) -> asyncio.Future[list[Any]]:
    """In a thread that nobody waits for: with silent servers it may take half a minute, and cannot be cancelled."""
    loop = asyncio.get_running_loop()
    told: asyncio.Future[list[Any]] = loop.create_future()

    def settle(rows: list[Any], error: Exception | None) -> None:
        if told.done():
            return
        if error is not None:
            told.set_exception(error)
        else:
            told.set_result(rows)

    def ask() -> None:
        rows: list[Any] = []
        error: Exception | None = None
        try:
            rows = call()
        except (OSError, ValueError) as fault:
            error = fault
        with contextlib.suppress(RuntimeError):  # the run is over
            loop.call_soon_threadsafe(settle, rows, error)

    threading.Thread(target=ask, daemon=True).start()
    return told
