"""Which format a file's name asks for, where no -f does."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from portcheck.config import ConfigError

SUFFIXES = {
    ".txt": ("table", "text"),
    ".json": ("json",),
    ".jsonl": ("jsonl",),
    ".ndjson": ("jsonl",),
    ".csv": ("csv",),
    ".md": ("markdown",),
    ".markdown": ("markdown",),
    ".html": ("html",),
    ".htm": ("html",),
    ".xml": ("junit",),
    ".prom": ("prometheus",),
    ".nft": ("nftables",),
    ".ps1": ("powershell",),
    ".xlsx": ("xlsx",),
}


def of_suffix(path: Path, known: Collection[str]) -> str | None:
    """The format among the `known` ones; None: the name has no suffix. ConfigError: it is no known one."""
    suffix = path.suffix.lower()
    if not suffix or path.is_char_device() or path.is_fifo():
        return None
    name = next((name for name in SUFFIXES.get(suffix, ()) if name in known), None)
    if name is None:
        raise ConfigError(f"--output: {path}: no format is known by {suffix}; name one with -f ({', '.join(known)})")
    return name
