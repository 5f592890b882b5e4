"""Every finding of every case, whole, kept beside the cases: what a user reads is read by a person before it changes.

`python -m tests.diagnose.findings`, in the clone, writes them anew; then read the difference.
"""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
KEPT = Path(__file__).parent / "findings"
COMMAND = "python -m tests.diagnose.findings"
HEAD = f"# The findings of each case of cases/{{}}.toml, whole. Made by `{COMMAND}`: read what changes.\n"


def told(case: dict[str, Any]) -> list[dict[str, Any]]:
    """The findings of a case in their order, without what is empty; outcomes by what follows the forest's name."""
    from diagnose.scenarios import report_of

    from portcheck.diagnose import diagnose

    return [_fields(finding) for finding in diagnose(report_of(case))]


def _fields(finding: Any) -> dict[str, Any]:
    told = {
        "code": finding.code,
        "severity": str(finding.severity),
        "forest": finding.forest,
        "title": finding.title,
        "hosts": list(finding.hosts),
        "explanation": finding.explanation,
        "evidence": finding.evidence,
        "fix": finding.fix,
        "breaks": list(finding.breaks),
        "errors": list(finding.errors),
        "checks": list(finding.checks),
    }
    return {key: value for key, value in told.items() if value}


def pages() -> dict[str, str]:
    """The text of each file of findings by its name, as it ought to be now."""
    from diagnose.scenarios import cases

    pages: dict[str, str] = {}
    for name, case in cases().items():
        stem, _, title = name.partition(": ")
        pages.setdefault(stem, HEAD.format(stem))
        pages[stem] += "".join(_block(title, finding) for finding in told(case)) or f"\n[{_quoted(title)}]\n"
    return pages


def kept() -> dict[str, list[dict[str, Any]]]:
    """The findings that were read, by `file: title`."""
    return {
        f"{path.stem}: {title}": findings or []
        for path in sorted(KEPT.glob("*.toml"))
        for title, findings in tomllib.loads(path.read_text(encoding="utf-8")).items()
    }


def _block(title: str, finding: dict[str, Any]) -> str:
    lines = "".join(f"{key} = {_value(value)}\n" for key, value in finding.items())
    return f"\n[[{_quoted(title)}]]\n{lines}"


def _value(value: str | list[str]) -> str:
    if isinstance(value, str):
        return _quoted(value)
    if len(value) == 1:
        return f"[{_quoted(value[0])}]"
    return "[\n" + "".join(f"    {_quoted(one)},\n" for one in value) + "]"


def _quoted(text: str) -> str:
    """A basic string of TOML: JSON's, but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def main() -> None:
    sys.path.insert(0, str(ROOT / "tests"))
    now = pages()
    for path in KEPT.glob("*.toml"):
        if path.stem not in now:
            path.unlink()
    for stem, text in now.items():
        path = KEPT / f"{stem}.toml"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8", newline="\n")
            print(f"{path.relative_to(ROOT)}: written anew; read what changed", file=sys.stderr)


if __name__ == "__main__":
    main()
