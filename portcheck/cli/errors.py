"""What ends a command before it has begun, beside a ConfigError. Imports nothing: every command catches it."""

from __future__ import annotations


class BusyError(Exception):
    """The run was not begun; one line for the user, exit code 3."""
