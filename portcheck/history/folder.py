"""Where this machine keeps what outlives a run: the history, and the locks of scheduled runs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

VARIABLE = "PORTCHECK_STATE_DIR"
FILE_NAME = "history.db"


def state_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """`$PORTCHECK_STATE_DIR`, else the user's own (Linux: ~/.local/state/portcheck). Raises OSError."""
    if chosen := environ.get(VARIABLE):
        return Path(chosen)
    import platformdirs

    try:
        return platformdirs.user_state_path("portcheck", appauthor=False)
    except RuntimeError:  # neither $HOME nor an entry in the list of users
        raise OSError(None, f"this user has no home directory; name a folder in {VARIABLE}") from None


def database_file() -> Path:
    return state_folder() / FILE_NAME


def made(folder: Path) -> Path:
    """The folder, there and closed to others: reports tell of the network. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
