"""`python -m tests.bench.soak [--minutes 10]`: an exporter scraped once a second, faults coming and going. No root.

Prints every half minute how many scrapes were made, how many of their samples were not what was true then, the longest
scrape, and the exporter's memory, descriptors and threads.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.exporter.conftest import Served
from tests.exporter.soaking import forests_file, free_port, held, rounds

EVERY_S = 30


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    minutes = parser.parse_args().minutes
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        config = forests_file(Path(folder), port)
        command = [sys.executable, "-m", "portcheck", "serve", "-c", str(config), "--listen", "127.0.0.1:0"]
        env = os.environ | {"PORTCHECK_STATE_DIR": folder}
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=env) as process:
            one = Served(process, 0, [])
            told = re.search(r":(\d+)/", one.line(0))
            assert told
            one.port = int(told[1])
            try:
                return soak(one, port, minutes * 60)
            finally:
                process.terminate()


def soak(one: Served, port: int, seconds: float) -> int:
    """One where a sample was wrong."""
    began = shown = time.monotonic()
    wrong, longest_s, told = 0, 0.0, time.monotonic()
    print(f"{'minutes':>8}{'scrapes':>9}{'wrong':>7}{'longest s':>11}{'MiB':>7}{'files':>7}{'threads':>9}")
    for number, (said, true) in enumerate(rounds(one, port, 10**9), 1):
        now = time.monotonic()
        wrong, longest_s = wrong + (said != true), max(longest_s, now - told)
        if now - shown > EVERY_S or now - began > seconds:
            kept, shown = held(one.process.pid), now
            print(
                f"{(now - began) / 60:8.1f}{number:9}{wrong:7}{longest_s:11.2f}"
                f"{kept.memory_kib / 1024:7.1f}{kept.descriptors:7}{kept.threads:9}",
                flush=True,
            )
        if now - began > seconds:
            break
        time.sleep(max(0.0, 1 - (now - told)))
        told = time.monotonic()
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
