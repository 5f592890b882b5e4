"""What an unattended run needs: a lock, notices, a command at every change, an earlier run to hold it against."""

from __future__ import annotations


class BusyError(Exception):
    """The run was not begun; one line for the user, exit code 3."""
