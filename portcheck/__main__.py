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


if __name__ == "__main__":
    main()
