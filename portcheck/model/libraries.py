"""Libraries that portcheck can do without: the command that brings one to the interpreter in use."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from portcheck.model.typed import typed

KERBEROS, MD4, FIREWALLS, NOTICES = "gssapi", "pycryptodome", "aerleon", "apprise"
BOARD, WORKBOOKS = "textual", "openpyxl"
"""As the package index names them; pyproject.toml's extras hold one each."""
PACKAGES = {
    "starlette": "starlette",
    "uvicorn": "uvicorn",
    "prometheus_client": "prometheus-client",
    "bcrypt": "bcrypt",
    "yaml": "pyyaml",
}
"""What `serve` needs: the module that is missed, and its name on the index."""


def command_for(library: str) -> str:
    """To be pasted into a shell of this system. By uv where its environment, as uv makes them, holds no pip.

    The portable zip's Python imports from the zip's own folder alone, which any other Python's pip can fill.
    """
    python = sys.executable or "python3"
    if any(Path(python).parent.glob("python3*._pth")):  # https://docs.python.org/3/using/windows.html#finding-modules
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        fitting = ("--only-binary=:all:", "--python-version", version)
        words = ["py", "-m", "pip", "install", "--target", str(Path(__file__).parents[2]), *fitting, library]
    elif importlib.util.find_spec("pip") is None:
        words = ["uv", "pip", "install", "--python", python, library]
    else:
        words = [python, "-m", "pip", "install", library]
    return typed(words)


def how_to_get(library: str) -> str:
    """`install pycryptodome with: /opt/x/bin/python3 -m pip install pycryptodome`"""
    return f"install {library} with: {command_for(library)}"
