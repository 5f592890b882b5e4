"""`--exec`: the user's own command at every change. No shell: no word of the network is ever part of a command line."""

from __future__ import annotations

import os
import shlex
import subprocess

from portcheck.automation.surroundings import without_secrets
from portcheck.config import ConfigError

LONGEST_S = 60.0


def parsed(command: str) -> list[str] | str:
    """The command as its argument vector; Windows takes a program's arguments as one text. Raises ConfigError."""
    if os.name != "posix":
        return command
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise ConfigError(f"--exec: {error}") from None
    if not words:
        raise ConfigError("--exec: names no command")
    return words


def run(command: list[str] | str, told: dict[str, str], document: str) -> str | None:
    """Run it with the change in its environment and, as JSON, on its stdin; what went wrong, if anything did."""
    try:
        done = subprocess.run(
            command,
            input=document.encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=without_secrets() | told,
            timeout=LONGEST_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"--exec: the command was ended after {LONGEST_S:g} s"
    except (OSError, ValueError) as error:
        return f"--exec: the command did not start: {getattr(error, 'strerror', None) or error}"
    return f"--exec: the command ended with exit code {done.returncode}" if done.returncode else None
