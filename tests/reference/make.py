"""Writes docs/, the README's samples and exit codes from the code: `python -m tests.reference.make`, in the clone."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
COMMAND = "python -m tests.reference.make"
BEGIN, END = f"<!-- from the code, by {COMMAND} -->\n", "<!-- end -->\n"


def texts() -> dict[str, str]:
    """Every generated file by its path in the clone, as it ought to be now."""
    from . import commands, exit_codes, forests_file, json_report, own_words, samples

    readme = samples.filled((ROOT / "README.md").read_text(encoding="utf-8"))
    head, rest = readme.split(BEGIN)
    return {
        "docs/commands.md": commands.page(),
        "docs/forests-file.md": forests_file.page(),
        "docs/json.md": json_report.page(),
        "portcheck/catalogue/own.toml": own_words.page((ROOT / "portcheck/catalogue/own.toml").read_text("utf-8")),
        "README.md": f"{head}{BEGIN}{exit_codes.table()}{END}{rest.split(END)[1]}",
    }


def main() -> None:
    sys.path.insert(0, str(ROOT / "tests"))  # as pytest has it: samples are told from the tests' own cases
    for name, text in texts().items():
        path = ROOT / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"{name}\n")


if __name__ == "__main__":
    main()
