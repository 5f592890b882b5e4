"""A library that an optional feature needs and this Python lacks: which one, and how this very Python gets it."""

from __future__ import annotations

import shlex
import sys


def how_to_get(library: str) -> str:
    """`install pycryptodome with: /opt/x/bin/python3 -m pip install pycryptodome`"""
    python = f'"{sys.executable}"' if sys.platform == "win32" else shlex.quote(sys.executable or "python3")
    return f"install {library} with: {python} -m pip install {library}"
