"""What a server calls itself and its domain, as facts: only what is a DNS name gets into the places that are asked."""

from __future__ import annotations

from collections.abc import Mapping

from portcheck.model import Facts
from portcheck.wire import told_names


def facts(told: Mapping[str, str]) -> Facts:
    """The names under their own keys; what is none under `no_names`, by the key where it would have stood."""
    good, bad = told_names.split(told)
    return {**good, **({"no_names": {key: repr(name)[1:-1] for key, name in bad.items()}} if bad else {})}
