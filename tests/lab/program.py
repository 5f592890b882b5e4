"""portcheck itself, run whole in the client's namespace by a user without rights, and what a run told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lab.node import Node

PROJECT = Path(__file__).resolve().parents[2]
NOBODY = "65534"
GIVE_UP_S = 300  # behind a limit on new connections a run takes two minutes on a quiet machine
Cell = tuple[str, str]
"""A host and a service with its transport, as findings name it: `("bdc1.bravo.test", "kpasswd/udp")`."""


@dataclass(frozen=True, slots=True)
class Run:
    """How one run of the program ended. `report` is there when it was asked for JSON on stdout."""

    code: int
    stdout: str
    stderr: str
    report: dict[str, Any] | None
    healthy: Mapping[Cell, str] | None = None

    @property
    def checks(self) -> list[dict[str, Any]]:
        assert self.report is not None, f"no JSON report: exit {self.code}\n{self.stdout[-500:]}\n{self.stderr[-2000:]}"
        return list(self.report["checks"])

    @property
    def cells(self) -> dict[Cell, str]:
        return {(check["host"], name_of(check)): check["state"] for check in self.checks}

    def states(self, forest: str, service: str = "") -> set[str]:
        """What was seen in a forest (`bravo`), of one service if named (`kpasswd`, `kpasswd/udp`)."""
        return {check["state"] for check in self.of(forest, service)}

    def verdicts(self, forest: str, service: str = "") -> set[str]:
        return {check["verdict"] for check in self.of(forest, service)}

    def of(self, forest: str, service: str = "") -> list[dict[str, Any]]:
        domain = forest if "." in forest or ":" in forest else f"{forest}.test"
        wanted = [check for check in self.checks if check["forest"] == domain]
        return [check for check in wanted if service in {"", check["service"], name_of(check)}]

    def codes(self, forest: str) -> list[str]:
        """The finding codes of a forest, in the report's order."""
        domain = forest if "." in forest or ":" in forest else f"{forest}.test"
        assert self.report is not None
        return [finding["code"] for finding in self.report["findings"] if finding["forest"] == domain]

    def differs_from_healthy(self) -> dict[Cell, str]:
        """The cells whose state is another than in the healthy lab, with their state now; `gone` if not asked."""
        assert self.healthy is not None, "ask for the `healthy` fixture first"
        now = self.cells
        gone = {cell: "gone" for cell in self.healthy if cell not in now}
        return {cell: state for cell, state in now.items() if self.healthy.get(cell) != state} | gone


def name_of(check: Mapping[str, Any]) -> str:
    """`kpasswd/udp`; ports without a service of their own are told apart by number: `tcp/5000`."""
    if check["service"] in {"tcp", "udp"}:
        return f"{check['transport']}/{check['port']}"
    return f"{check['service']}/{check['transport']}"


@dataclass(frozen=True, slots=True)
class Vantage:
    """The client machine as the unprivileged user sees it. `home` is that user's folder; `folder` is the lab's."""

    node: Node
    folder: Path
    authority: Path

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def enter(self) -> Path:
        """A script that runs its arguments in the client's namespace without rights."""
        return self.folder / "enter"

    def prepare(self) -> None:
        self.home.mkdir()
        os.chown(self.home, int(NOBODY), int(NOBODY))
        (self.folder / "resolv.conf").write_text("nameserver 127.0.0.1\n")
        (self.folder / "hosts").write_text("127.0.0.1 localhost\n")
        self.enter.write_text(self._script())
        self.enter.chmod(0o755)

    def _script(self) -> str:
        own = [f"mount --bind {self.folder}/{name} /etc/{name}" for name in ("resolv.conf", "hosts")]
        inner = [*own, *_let_through(self.folder / "hold")]
        become = f"setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups --inh-caps=-all --no-new-privs"
        quoted = "; ".join([*inner, f'exec {become} "$@"'])
        return f"#!/bin/sh\nexec ip netns exec {self.node.netns} unshare --mount sh -ec '{quoted}' sh \"$@\"\n"

    def argv(self, *command: str) -> list[str]:
        """Every step execs the next: the process started is the program in the end."""
        return [str(self.enter), *command]

    def environment(self, env: Mapping[str, str] | None = None) -> dict[str, str]:
        """Nothing of the developer's own but the path; the lab's authority is in the system's store."""
        return {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(PROJECT),
            "PYTHONPYCACHEPREFIX": str(self.home / "pycache"),
            "SSL_CERT_FILE": str(self.authority),
            **(env or {}),
        }

    def popen(self, *command: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """Start a program and leave it running, for tests that interrupt it."""
        return subprocess.Popen(
            self.argv(*command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.home,
            env=self.environment(env),
            start_new_session=True,
        )

    def python(self, *arguments: str, env: Mapping[str, str] | None = None, timeout: float = GIVE_UP_S) -> Run:
        """Run Python to its end."""
        return self.run(sys.executable, *arguments, env=env, timeout=timeout)

    def run(self, *command: str, env: Mapping[str, str] | None = None, timeout: float = GIVE_UP_S) -> Run:
        """Run a program to its end."""
        with self.popen(*command, env=env) as process:
            try:
                stdout, stderr = process.communicate(timeout=timeout)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        return Run(process.returncode, stdout, stderr, _report(stdout))


def _report(stdout: str) -> dict[str, Any] | None:
    if not stdout.startswith("{"):
        return None
    try:
        report = json.loads(stdout)
    except ValueError:  # JSON lines, or cut short: the test looks at stdout itself
        return None
    return report if isinstance(report, dict) else None


def _let_through(hold: Path) -> list[str]:
    """Commands that show the interpreter and the project to a user who may not enter, say, /root: an empty
    folder is laid over the closed one, with nothing in it but those."""
    needed = sorted({Path(sys.base_prefix).resolve(), Path(sys.prefix).resolve(), PROJECT})
    commands = []
    for closed in sorted({folder for folder in map(_closed, needed) if folder}):
        inside = [path for path in needed if path.is_relative_to(closed)]
        commands += [f"mkdir -p {hold}/{n}; mount --bind {path} {hold}/{n}" for n, path in enumerate(inside)]
        commands.append(f"mount -t tmpfs -o mode=755 lab {closed}")
        commands += [f"mkdir -p {path}; mount --move {hold}/{n} {path}" for n, path in enumerate(inside)]
    return commands


def _closed(path: Path) -> Path | None:
    """The topmost folder above the path that others may not enter."""
    above: Iterable[Path] = reversed(path.parents)
    return next((folder for folder in above if not folder.stat().st_mode & 0o001), None)
