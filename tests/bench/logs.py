"""`python -m tests.bench.logs`: `explain --log` over generated logs: how long it takes, and how much memory.

A tenth of the lines are collected error strings, the rest says that all is well; `--mixed` gives every line a session
of its own. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import gzip
import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.bench import measure
from tests.catalogue.test_strings import STRINGS, quiet_line

PIECE = 1000  # lines that are written at once
DAY_S = 86_400


def lines(choose: random.Random, *, mixed: bool) -> Iterator[str]:
    """Without end: a time, a host, and what is said."""
    texts = [text for text, *_ in STRINGS]
    second = 0
    while True:
        second = (second + choose.randint(0, 3)) % DAY_S
        stamp = f"2026-11-28 {second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
        said = choose.choice(texts) if choose.random() < 0.1 else quiet_line(choose)
        own = f" [session {choose.randbytes(8).hex()}]" if mixed else ""
        yield f"{stamp} dc{choose.randint(1, 40)}.alpha.test {said}{own}\n"


def write(path: Path, megabytes: int, *, mixed: bool, encoding: str) -> None:
    """A log of about this size before it is packed; a name that ends in .gz is packed."""
    opened: Callable[..., object] = gzip.open if path.suffix == ".gz" else open
    left = megabytes << 20
    source = lines(random.Random(megabytes), mixed=mixed)
    with opened(path, "wt", encoding=encoding, newline="\n") as out:  # type: ignore[attr-defined]
        while left > 0:
            piece = "".join(next(source) for _ in range(PIECE))
            left -= len(piece)
            out.write(piece)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mb", type=int, default=100)
    parser.add_argument("--mixed", action="store_true")
    asked = parser.parse_args()
    print(f"{'log':<28}{'MB':>6}{'wall s':>9}{'cpu s':>9}{'peak MB':>9}  code")
    with tempfile.TemporaryDirectory() as folder:
        for name, encoding in (("plain.log", "utf-8"), ("plain.log.gz", "utf-8"), ("wide.log", "utf-16")):
            log = Path(folder) / name
            write(log, asked.mb, mixed=asked.mixed, encoding=encoding)
            cost = measure.run([sys.executable, "-m", "portcheck", "explain", "--log", str(log), "--json"])
            row = f"{cost.wall_s:>9.1f}{cost.cpu_s:>9.1f}{cost.peak_mb:>9.0f}  {cost.code}"
            print(f"{name + (' mixed' if asked.mixed else ''):<28}{log.stat().st_size >> 20:>6}{row}", flush=True)
            log.unlink()


if __name__ == "__main__":
    main()
