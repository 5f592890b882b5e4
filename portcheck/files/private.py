"""Files that hold secrets: read only where nobody but their owner, this user or root, may read them."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from portcheck.files import reading
from portcheck.files.access_list import SYSTEM, crowd

CREDENTIALS = "CREDENTIALS_DIRECTORY"
"""Where systemd's LoadCredential= puts a service's secrets: root's, 0440, opened to the service by an access list,
which shows in the mode as the group's right to read (systemd.exec(5), "Credentials")."""

CLOSE = 'icacls FILE /inheritance:r /grant:r "%USERNAME%:R" closes it'


class NotPrivateError(Exception):
    """The file is not fit to hold a secret; what is wrong with it, in a few words."""


def read_private(path: Path, most: int, environ: Mapping[str, str] = os.environ) -> bytes:
    """The content of a file or pipe; one byte more than `most` where there is more.

    Raises NotPrivateError, OSError (a pipe that nobody writes into: TimeoutError), and ValueError for what is no
    name. On Windows its owner and access list are looked at, where the volume keeps one.
    """
    with reading.opened(path, _opener) as file:
        status = os.fstat(file.fileno())
        if not (stat.S_ISREG(status.st_mode) or stat.S_ISFIFO(status.st_mode)):
            raise NotPrivateError("is not a plain file")
        if sys.platform == "win32":
            _refuse_listed(file.fileno())
        else:
            _refuse_readable(status, credential=_credential(path, environ))
            if stat.S_ISFIFO(status.st_mode):
                return reading.from_pipe(file.fileno(), most)
        return file.read(most + 1)


def _opener(path: str, flags: int) -> int:
    """Opened plainly, a pipe would wait for a writer."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0))


def _credential(path: Path, environ: Mapping[str, str]) -> bool:
    given = environ.get(CREDENTIALS)
    return bool(given) and os.path.realpath(path.absolute().parent) == os.path.realpath(given or "")


def wrong_with(owner: str, readers: Sequence[str], me: str) -> str | None:
    """Of a file on Windows, by SIDs; None: nobody but the owner, the system and administrators may read it."""
    if crowds := [name for sid in readers if (name := crowd(sid))]:
        return f"others may read it ({', '.join(dict.fromkeys(crowds))}); {CLOSE}"
    if owner not in {me, *SYSTEM}:
        return "belongs to another user; it must be this user's own"
    return None


if sys.platform == "win32":
    from portcheck.files.access_list import myself, owner_and_readers

    def _refuse_listed(file: int) -> None:
        owner, readers = owner_and_readers(file)
        if wrong := wrong_with(owner, readers, myself()):
            raise NotPrivateError(wrong)

else:

    def _refuse_readable(status: os.stat_result, *, credential: bool) -> None:
        mode = stat.S_IMODE(status.st_mode)
        if mode & (0o037 if credential else 0o077):
            raise NotPrivateError(f"others may read it (mode {mode:04o}); chmod 600 it")
        if status.st_uid not in {0, os.geteuid()}:
            raise NotPrivateError("belongs to another user; it must be this user's own")
