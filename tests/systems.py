"""Which system the tests run on. A test that is about one of them only says so by a mark, and why in a line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

WINDOWS = sys.platform == "win32"


def _is_wine() -> bool:
    """Its ntdll has a function that Windows' has not."""
    if sys.platform != "win32":
        return False
    import ctypes

    return hasattr(ctypes.WinDLL("ntdll"), "wine_get_version")


WINE = _is_wine()


def linux_only(why: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(sys.platform != "linux", reason=f"Linux only: {why}")


def posix_only(why: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(WINDOWS, reason=f"not on Windows: {why}")


def windows_only(why: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not WINDOWS, reason=f"Windows only: {why}")


def not_under_wine(why: str) -> pytest.MarkDecorator:
    """What a real Windows does, and Wine not: `tests/windows.md` has a person try it."""
    return pytest.mark.skipif(WINE, reason=f"not under Wine: {why}")


needs_full_device = pytest.mark.skipif(
    WINDOWS or not Path("/dev/full").exists(), reason="no device is always full here (/dev/full)"
)
"""Under Wine there seems to be one: its paths are this machine's."""
