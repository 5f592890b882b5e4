"""docs/commands.md: each command's own --help, 100 columns wide."""

from __future__ import annotations

import os
import subprocess
import sys

from portcheck.exitcodes import OWN, PLUGIN

from .markdown import anchor

HEAD = """\
# Commands

What `portcheck COMMAND --help` says, 100 columns wide. Made from the code by `python -m tests.reference.make`.

"""
WIDTH = 100
SHOW = """
import sys
from portcheck.cli.app import run
sys.argv[0] = "portcheck"
for command in sys.argv[1:]:
    run([*command.split(), "--help"])
    print("\\f", flush=True)
"""


def page() -> str:
    names = [name for name in OWN if name != PLUGIN]
    helps = shown(names)
    contents = "".join(f"- [`portcheck {name}`]({anchor('portcheck ' + name)})\n" for name in names)
    parts = "".join(f"\n## portcheck {n}\n\n```\n{text}\n```\n" for n, text in zip(names, helps, strict=True))
    return f"{HEAD}{contents}{parts}"


def shown(names: list[str]) -> list[str]:
    """All in one process: each start costs half a second."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("FORCE_", "CLICOLOR", "TTY_"))}
    width = str(WIDTH)
    environment = kept | {"COLUMNS": width, "TERMINAL_WIDTH": width, "NO_COLOR": "1", "TERM": "dumb"}
    environment |= {"PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-c", SHOW, *names]
    run = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=120, check=True, env=environment)
    texts = run.stdout.split("\f\n")[:-1]
    return ["\n".join(line.rstrip() for line in text.splitlines()).strip("\n") for text in texts]
