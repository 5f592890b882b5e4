"""`python -m tests.bench.windows_start`: how long `portcheck --version` takes on Windows' Python under Wine.

Beside a Python that does nothing, and a process that does less. The Windows of the tests (`tests.wine.windows`) is made
where it is missing. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.delivered import forms
from tests.wine.windows import Windows, why_not, windows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    asked = parser.parse_args()
    if reason := why_not():
        sys.stderr.write(f"{reason}\n")
        return 1
    with windows() as up, tempfile.TemporaryDirectory() as folder:
        for name, way in ways(up, Path(folder)).items():
            walls = [wall_ms(up, way) for _ in range(asked.runs + 2)][2:]
            print(f"{name:<32}{statistics.median(walls):>6.0f} ms   ({min(walls):.0f} to {max(walls):.0f})", flush=True)
    print(f"load {os.getloadavg()[0]:.1f}; medians of {asked.runs} runs")
    return 0


def ways(up: Windows, top: Path) -> dict[str, tuple[str | Path, ...]]:
    """As the portable zip lays it out."""
    (top / "python").symlink_to(up.python.parent)
    (top / "site").symlink_to(up.python.parent.parent / "site")
    (top / "portcheck.cmd").write_text(forms.CMD, encoding="ascii", newline="")
    return {
        "cmd /c exit": ("cmd", "/c", "exit"),
        "bare Python": (up.python, "-c", "pass"),
        "python -m portcheck --version": (up.python, "-m", "portcheck", "--version"),
        "portcheck.cmd --version": ("cmd", "/c", top / "portcheck.cmd", "--version"),
    }


def wall_ms(up: Windows, way: tuple[str | Path, ...]) -> float:
    began = time.monotonic()
    done = up.run(*way)
    assert done.code == 0, done
    return (time.monotonic() - began) * 1000


if __name__ == "__main__":
    raise SystemExit(main())
