"""A Windows of the tests' own: a Wine prefix, CPython in it, and what portcheck and its tests import.

Made once for each set of packages, in `.wine-tests`. Learnt on the way: `wineserver -p` keeps the server between runs;
Wine says that it is Windows 7 unless told; without a locale of UTF-8 it finds no file with an umlaut in its name; both
output streams have to be pipes, or CPython does not start; `_wmi` ends the process (Wine 8 lacks a function of
propsys.dll), and is left out; files carry the access list of their Unix mode.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zlib
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.wine import parts
from tests.wine.stub import image

HOME = parts.PROJECT / ".wine-tests"
CLOSED = 0o077  # the server makes files; with the usual mode Everyone may read them
LINGER_S = 600  # how long a server outlives tests that were killed
TEST_PACKAGES = (
    "pytest", "pytest-asyncio", "hypothesis", "jsonschema", "junitparser", "markdown-it-py", "scapy", "pyyaml",
    "aiosmtpd", "apprise", "pycryptodome", "starlette", "uvicorn", "prometheus-client", "bcrypt",
)  # fmt: skip
QUIET = {"WINEDEBUG": "-all", "DISPLAY": "", "WINEDLLOVERRIDES": "mscoree=;mshtml=", "LC_ALL": "C.UTF-8"}


@dataclass(frozen=True, slots=True)
class Done:
    """How a program ended, and the bytes it wrote."""

    code: int
    out: bytes
    err: bytes


@dataclass(frozen=True, slots=True)
class Windows:
    """`enter`: what every command is preceded by, such as the way into a network namespace."""

    prefix: Path
    python: Path
    enter: tuple[str, ...] = ()

    def run(
        self,
        *arguments: str | Path,
        given: bytes = b"",
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        timeout: float = 900,
    ) -> Done:
        """A Windows program to its end; paths may be this machine's (`windows_path` where it is told one)."""
        with self.start(*arguments, env=env, cwd=cwd) as process:
            try:
                out, err = process.communicate(given, timeout)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        return Done(process.returncode, out, err)

    def start(
        self,
        *arguments: str | Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stdin: int = subprocess.PIPE,
    ) -> subprocess.Popen[bytes]:
        """`stdin` may be a terminal: then the program has a console, as if it were started in a window."""
        return subprocess.Popen(
            [*self.enter, "wine", *map(str, arguments)],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd or parts.PROJECT,
            env=self._environment(env),
            umask=CLOSED,
        )

    def portcheck(self, *arguments: str | Path, **more: object) -> Done:
        return self.run(self.python, "-m", "portcheck", *arguments, **more)  # type: ignore[arg-type]

    def several(self, *lines: Sequence[str], cwd: Path | None = None) -> list[Done]:
        """Command lines of portcheck, one after the other in one start (`tests.wine.several`)."""
        done = self.run(self.python, "-m", "tests.wine.several", given=json.dumps(lines).encode(), cwd=cwd)
        assert done.code == 0, done.err
        return [Done(code, b64decode(out), b64decode(err)) for code, out, err in json.loads(done.out)]

    def server(self, *arguments: str) -> None:
        """wineserver(1); `-k` ends this prefix's own and everything in it."""
        command = [*self.enter, "wineserver", *arguments]
        subprocess.run(command, env=self._environment(), check=False, timeout=300, umask=CLOSED)

    def quietly(self, *arguments: str) -> None:
        """A program whose words nobody waits for."""
        void = subprocess.DEVNULL
        command = [*self.enter, "wine", *arguments]
        streams = {"stdin": void, "stdout": void, "stderr": void}
        subprocess.run(command, env=self._environment(), check=False, timeout=600, umask=CLOSED, **streams)

    def _environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return {**kept, **QUIET, "WINEPREFIX": str(self.prefix), **(more or {})}


def windows_path(path: Path) -> str:
    """As Windows programs under Wine name a file of this machine."""
    return f"Z:{path.resolve()}".replace("/", "\\")


def why_not() -> str | None:
    """Why there can be no Windows here, if so."""
    if sys.platform != "linux":
        return "Wine's tests run on Linux"
    missing = [name for name in ("wine", "wineserver") if not shutil.which(name)]
    return f"not installed: {', '.join(missing)} (Debian: apt install wine)" if missing else None


@contextmanager
def windows(enter: Sequence[str] = ()) -> Iterator[Windows]:
    """A copy of the prepared Windows with a server of its own, up until the end: sockets belong to the server, so a
    network namespace needs one, and so does each of several processes of tests.

    Files are shared by hard links: Wine writes its registry anew and renames, and nothing else in place. The first
    program starts the services, which keep its streams open for as long as they live: it is given none of ours.
    """
    of = prepared()
    with tempfile.TemporaryDirectory(dir=HOME, prefix="prefix-", ignore_cleanup_errors=True) as folder:
        found = replace(of, prefix=Path(folder) / "prefix", enter=tuple(enter))
        subprocess.run(["cp", "-al", str(of.prefix), str(found.prefix)], check=True, timeout=600)
        found.server(f"-p{LINGER_S}")
        try:
            found.quietly("wineboot", "--restart")
            yield found
        finally:
            found.server("-k")
            found.server("-w")


def prepared() -> Windows:
    """Made where it is missing or was made for other packages: a minute, a gigabyte on disk."""
    found = Windows(HOME / "prefix", HOME / parts.FOLDER / "python.exe")
    made_for = f"{zlib.crc32(repr(_wanted()).encode())} {parts.EMBEDDED_SHA256}"
    stamp = HOME / "made-for"
    HOME.mkdir(exist_ok=True)
    with (HOME / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.is_file() or stamp.read_text() != made_for:
            for old in (stamp, *(path for path in HOME.iterdir() if path.is_dir())):
                shutil.rmtree(old) if old.is_dir() else old.unlink(missing_ok=True)
            _lay_python(found)
            _lay_prefix(found)
            stamp.write_text(made_for)
    return found


def _wanted() -> list[str]:
    return [*parts.needed(), *parts.needed_by_tests(TEST_PACKAGES), "tzdata"]


def _lay_python(found: Windows) -> None:
    folder = parts.embedded_python(HOME)
    parts.unpack(parts.wheels(HOME / "wheels", *_wanted()), HOME / "site")
    (folder / "_wmi.pyd").unlink()
    paths = [f"python{parts.TAG}.zip", ".", r"..\site", windows_path(parts.PROJECT), windows_path(PROJECT_TESTS)]
    (folder / f"python{parts.TAG}._pth").write_text("\n".join(paths) + "\n", encoding="utf-8")


PROJECT_TESTS = parts.PROJECT / "tests"


def _lay_prefix(found: Windows) -> None:
    found.prefix.mkdir()
    found.quietly("wineboot", "--init")
    system = found.prefix / "drive_c/windows/system32"
    (system / "bcryptprimitives.dll").write_bytes(image())
    found.quietly("winecfg", "/v", "win10")
    found.server("-w")
