"""The documents behind profiles and errors, and how sure a claim is."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from types import MappingProxyType

from portcheck.catalogue.books import table
from portcheck.frozen import dataclass


class Sure(StrEnum):
    """How much weight a claim bears."""

    VENDOR = "vendor"  # the vendor's or the standard's own wording
    SECONDARY = "secondary"  # blog, forum, mirror, user code
    COMMON = "common-knowledge"  # known among AD engineers, not checked against a document
    REASONED = "reasoned"  # follows from vendor or secondary facts


NO_DOCUMENT = {"COMMON": Sure.COMMON, "OWN": Sure.REASONED}
OTHERS_WORDS = frozenset({"SEED", "IDENTANDY", "RPS", "JORGE", "GEEKY"})
"""Blogs, wikis and scripts that rows of profiles rest on."""


def usually(key: str) -> Sure:
    """How sure a row of a profile with this source is, where it says nothing else."""
    return NO_DOCUMENT.get(key, Sure.SECONDARY if key in OTHERS_WORDS else Sure.VENDOR)


@dataclass(frozen=True, slots=True)
class Source:
    """A document: its title and where to find it (an address, or a repository and a path)."""

    key: str
    title: str
    at: str


@cache
def sources() -> Mapping[str, Source]:
    """All of sources.toml by key."""
    return MappingProxyType({key: Source(**row) for key, row in table()["source"].items()})
