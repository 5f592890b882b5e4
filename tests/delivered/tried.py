"""Each form is run where nothing of the project lies: its version, the demo, and a real check of a closed port."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

from portcheck import __version__
from portcheck.exitcodes import NOT_AS_EXPECTED, NOT_DONE, OK
from tests.delivered import signatures
from tests.wine.parts import PROJECT
from tests.wine.windows import Done, Windows, windows

TRIES = 3  # a busy machine may not have the demo's controllers up in their time, which it says by exit 3
REAL = ("check", "127.0.0.1", "--only", "ldap", "--no-trace", "--timeout", "3s", "-f", "json")
Run = Callable[..., Done]


class DidNotRunError(Exception):
    """What was made does not do its work; what it said."""


def installed(made: Path, empty: Path) -> str:
    """A wheel or a source distribution, by pip into an environment of its own."""
    subprocess.run([sys.executable, "-m", "venv", str(empty / "venv")], check=True, capture_output=True, timeout=300)
    pip = [str(empty / "venv/bin/python"), "-m", "pip", "--quiet", "--disable-pip-version-check", "install", str(made)]
    done = subprocess.run(pip, capture_output=True, text=True, timeout=900, check=False)
    if done.returncode:
        raise DidNotRunError(done.stderr[-500:])
    return _all(_here(empty, str(empty / "venv/bin/portcheck")))


def linux_folder(made: Path, empty: Path) -> str:
    with tarfile.open(made) as tar:
        tar.extractall(empty, filter="tar")
    (launcher,) = empty.glob("portcheck-*/portcheck")
    return _all(_here(empty, str(launcher)))


def zipapp(made: Path, empty: Path) -> str:
    """By a Python that has none of the libraries."""
    copy = shutil.copy2(made, empty)
    return _all(_here(empty, sys.executable, "-I", str(copy)))


def windows_zip(made: Path, empty: Path) -> str:
    """Unpacked in a folder with a blank in its name, and run by the command that people type."""
    home = empty / "Program Files"
    with zipfile.ZipFile(made) as content:
        content.extractall(home)
    (top,) = home.iterdir()
    said = signatures.verified(top / "python")
    with windows() as here:

        def run(*arguments: str) -> Done:
            return here.run("cmd", "/c", "portcheck.cmd", *arguments, cwd=top, timeout=300)

        run("--version")  # the first start reads everything from the disk
        tried = _all(run)
        return f"{tried}; {read_me(here, top)} commands of the README; {said}"


def read_me_commands() -> list[str]:
    """What the README's Windows section has people type, of a controller that there is on every machine."""
    section = (PROJECT / "README.md").read_text(encoding="utf-8").partition("**On Windows.**")[2].partition("\n**")[0]
    lines = section.partition("```bat\n")[2].partition("```")[0].splitlines()
    return [line.replace("contoso.com", "127.0.0.1") for line in lines]


def read_me(here: Windows, top: Path) -> int:
    """Each ends with what was found, in a folder with a blank in its name; how many there are."""
    commands = read_me_commands()
    for command in commands:
        done = here.run("cmd", "/c", command, cwd=top, timeout=300)
        if done.code not in {OK, NOT_AS_EXPECTED} or b"Traceback" in done.err:
            raise DidNotRunError(f"{command}: exit {done.code}: {done.err[-600:].decode('utf-8', 'replace')}")
    json.loads((top / "run.json").read_bytes())
    return len(commands)


def _here(empty: Path, *command: str) -> Run:
    environ = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}

    def run(*arguments: str) -> Done:
        done = subprocess.run(
            [*command, *arguments],
            capture_output=True,
            cwd=empty,
            env={**environ, "HOME": str(empty)},
            timeout=300,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    return run


def _all(run: Run) -> str:
    began = time.monotonic()
    _expect(run("--version"), 0, __version__.encode(), "--version")
    took = time.monotonic() - began
    done = run(*REAL)
    _expect(done, 1, b'"portcheck.report/1"', "a check")
    states = [check["state"] for check in json.loads(done.out)["checks"]]
    if states != ["refused"]:
        raise DidNotRunError(f"a closed port was seen as {states}")
    for _ in range(TRIES):
        demo = run("demo", "--no-color")
        if demo.code != NOT_DONE:
            break
    _expect(demo, 0, b"kpasswd", "the demo")
    return f"--version in {took:.2f} s, a check, the demo"


def _expect(done: Done, code: int, words: bytes, what: str) -> None:
    if done.code != code or words not in done.out or b"Traceback" in done.err:
        ended = f"{what}: exit {done.code}"
        raise DidNotRunError(f"{ended}: {(done.out[-300:] + done.err[-600:]).decode('utf-8', 'replace')}")
