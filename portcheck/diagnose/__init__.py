"""From outcomes to findings. Pure: a saved run, read anywhere, gives the findings it gave when it was made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from portcheck.diagnose.diagnosing import RULES, diagnose, leading, marked

__all__ = ["RULES", "diagnose", "leading", "marked"]


def __getattr__(name: str) -> Any:
    """The rules are loaded with whoever judges a run; what findings show as is told without them."""
    if name not in __all__:
        raise AttributeError(name)
    from portcheck.diagnose import diagnosing

    return getattr(diagnosing, name)
