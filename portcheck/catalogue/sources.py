"""The documents behind profiles and errors, and how sure a claim is."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType


class Sure(StrEnum):
    """How much weight a claim bears."""

    VENDOR = "vendor"  # the vendor's or the standard's own wording
    SECONDARY = "secondary"  # blog, forum, mirror, user code
    COMMON = "common-knowledge"  # known among AD engineers, not checked against a document
    REASONED = "reasoned"  # follows from vendor or secondary facts


@dataclass(frozen=True, slots=True)
class Source:
    """A document: its title and where to find it (an address, or a repository and a path)."""

    key: str
    title: str
    at: str


@cache
def sources() -> Mapping[str, Source]:
    """All of sources.toml by key."""
    text = files(__package__).joinpath("sources.toml").read_text(encoding="utf-8")
    return MappingProxyType({row["key"]: Source(**row) for row in tomllib.loads(text)["source"]})
