"""The two entry points. `--version` answers before anything heavy is imported."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """`portcheck`."""
    _prepare_streams()
    if sys.argv[1:] == ["--version"]:
        from portcheck import __version__

        try:
            print(f"portcheck {__version__}", flush=True)
        except OSError:  # nobody reads, or a full disk
            os._exit(3)
        return
    from portcheck.cli.app import run

    sys.exit(run(sys.argv[1:]))


def check_portcheck() -> None:
    """`check_portcheck`: the same check as a monitoring plugin (exit 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN)."""
    _prepare_streams()
    from portcheck.cli.plugin import run

    sys.exit(run(sys.argv[1:]))


def _prepare_streams() -> None:
    """Streams may be closed, or know fewer letters than our texts: neither is worth a result."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by whoever started us
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 - until the end
        elif stream.errors == "strict":
            stream.reconfigure(errors="replace")


if __name__ == "__main__":
    main()
