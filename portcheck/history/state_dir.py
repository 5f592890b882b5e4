"""Where this machine keeps what outlives a run: the history, and the locks of scheduled runs."""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from portcheck.files.links import place

VARIABLE = "PORTCHECK_STATE_DIR"
FILE_NAME = "history.db"
OTHER = f"name one of your own with {VARIABLE}"


def state_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """`$PORTCHECK_STATE_DIR`, else the user's own (Linux: ~/.local/state/portcheck). Raises OSError."""
    if chosen := environ.get(VARIABLE):
        return Path(chosen)
    import platformdirs

    with suppress(RuntimeError):  # neither $HOME nor an entry in the list of users
        if (usual := platformdirs.user_state_path("portcheck", appauthor=False)).is_absolute():  # older ones say "~"
            return usual
    raise OSError(None, f"this user has no home directory; name a folder in {VARIABLE}")


def database_file() -> Path:
    return state_folder() / FILE_NAME


def made(folder: Path) -> Path:
    """The folder, there and closed to others: reports tell of the network. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return trusted(folder)


def trusted(folder: Path) -> Path:
    """The folder, if nobody else can lay files or links in it, and it is where its name says. Raises OSError."""
    if sys.platform != "win32":
        place(folder)  # through no link of a stranger
        status = folder.stat()
        if status.st_uid not in {0, os.geteuid()}:
            raise PermissionError(errno.EACCES, f"the folder {folder} belongs to another user; {OTHER}")
        if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise PermissionError(
                errno.EACCES,
                f"others may write in the folder {folder} (mode {stat.S_IMODE(status.st_mode):04o}); chmod 700 it",
            )
    return folder
