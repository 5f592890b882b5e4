"""At packaging: makes the one table of the error catalogue, so that no user waits until all its books are read."""

from __future__ import annotations

import sys
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface  # type: ignore[import-not-found]


class TableHook(BuildHookInterface):  # type: ignore[misc]
    """Called by hatchling before it packs."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Also for an editable installation, into the tree itself."""
        del version, build_data
        sys.path.insert(0, self.root)
        from portcheck.catalogue import books, kept

        books.copy()
        kept.copy()
