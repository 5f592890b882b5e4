"""`python -m tests.lab`: brings the lab up for a developer, says how to use it, and takes it down on Ctrl-C."""

from __future__ import annotations

import signal
import sys

from tests.lab.world import describe, lab, why_not


def main() -> int:
    if reason := why_not():
        sys.stderr.write(f"{reason}\n")
        return 1
    for ending in (signal.SIGINT, signal.SIGTERM):  # a shell ignores SIGINT for what it starts with `&`
        signal.signal(ending, signal.default_int_handler)
    try:
        with lab() as up:
            sys.stdout.write(f"The lab is up; Ctrl-C takes it down.\n{describe(up)}\n")
            sys.stdout.flush()
            signal.pause()
    except KeyboardInterrupt:
        sys.stdout.write("The lab is down.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
