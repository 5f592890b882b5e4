"""`tests/release`: makes each form of portcheck, tries it in an empty place, and keeps those that ran."""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.delivered import forms, sbom, signatures, tried
from tests.wine.parts import PROJECT
from tests.wine.windows import why_not as why_no_wine


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests/release", description=__doc__)
    parser.add_argument("--out", type=Path, default=PROJECT / "dist", help="where the files go (default: dist)")
    parser.add_argument("--only", action="append", choices=list(FORMS), help="not all of them (repeatable)")
    wanted = parser.parse_args()
    wanted.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="portcheck-release-") as folder:
        failed = [name for name in wanted.only or FORMS if not _made(name, Path(folder), wanted.out)]
    _sums(wanted.out)
    return int(bool(failed))


def _made(name: str, work: Path, out: Path) -> bool:
    make, attempt = FORMS[name]
    if name == "windows" and (reason := why_no_wine()):
        print(f"{name}: left out: {reason}", file=sys.stderr)
        return False
    folder = work / name
    folder.mkdir()
    made = make(folder)
    try:
        words = attempt(made, _empty(work / f"{name}-tried"))
    except (tried.DidNotRunError, signatures.ForeignError) as error:
        print(f"{name}: {made.name} is NOT kept: {error}", file=sys.stderr)
        return False
    shutil.copy2(made, out / made.name)
    if (parts := folder / "parts.json").exists():
        document = sbom.document(made, json.loads(parts.read_text(encoding="utf-8")))
        (out / f"{made.name}.cdx.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    print(f"{name}: {made.name}, {made.stat().st_size / 2**20:.1f} MB; {words}", flush=True)
    return True


def _empty(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _sums(out: Path) -> None:
    """As `sha256sum --check` reads them."""
    files = sorted(path for path in out.iterdir() if path.is_file() and path.name != "SHA256SUMS")
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (out / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")


FORMS: dict[str, tuple[Callable[[Path], Path], Callable[[Path, Path], str]]] = {
    "wheel": (forms.wheel, tried.installed),
    "sdist": (forms.sdist, tried.installed),
    "zipapp": (forms.zipapp, tried.zipapp),
    "linux": (forms.linux_folder, tried.linux_folder),
    "windows": (forms.windows_zip, tried.windows_zip),
}

if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.exit(f"tests/release: {' '.join(map(str, error.cmd[:6]))} …: exit {error.returncode}\n{error.stderr or ''}")
