"""The two entry points. `--version` answers before anything heavy is imported."""

from __future__ import annotations

import sys


def main() -> None:
    """`portcheck`."""
    if sys.argv[1:] == ["--version"]:
        from portcheck import __version__

        print(f"portcheck {__version__}")
        return
    from portcheck.cli.app import run

    sys.exit(run(sys.argv[1:]))


def check_portcheck() -> None:
    """`check_portcheck`: the same check as a monitoring plugin (exit 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN)."""
    from portcheck.cli.plugin import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
