"""Root is needed to open the ports, and for nothing after that."""

from __future__ import annotations

import os
import sys


def drop() -> str | None:
    """Become the user behind sudo, else nobody; its name, or None where there was nothing to drop.

    OSError where the system refuses: then nothing has changed.
    """
    if sys.platform == "win32" or os.geteuid() != 0:
        return None
    import pwd

    sudo = os.environ.get("SUDO_UID", "")
    if sudo.isdecimal() and int(sudo):
        user = int(sudo)
        group = int(os.environ.get("SUDO_GID", "") or user)
    else:
        row = pwd.getpwnam("nobody")
        user, group = row.pw_uid, row.pw_gid
    os.setgroups([])
    os.setgid(group)
    os.setuid(user)
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"
