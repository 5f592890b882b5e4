"""Signals at random moments of all phases of a run: is what was found ever lost? Prints a table.

    python tests/bench/kills.py [HOW_MANY] [SEED]     # 300 by default; two minutes or more

Each run checks one controller of our own on loopback, one of whose services is silent, so that there is a first look, a
second look and something to explain. It writes JSON to a file and the table to stdout, and keeps the run. Afterwards
the exit code, the table, the file and the history have to be there and whole; after KILL, whole if they are there.
"""

from __future__ import annotations

import os
import random
import select
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
ENDINGS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGKILL")
LONGEST_S = 3.2  # a little more than a run takes once it asks


@dataclass(frozen=True, slots=True)
class Kill:
    """One run and what became of it; `faults`: what should not be; `said`: all it wrote."""

    ending: str
    phase: str
    code: int
    faults: tuple[str, ...]
    said: str = ""


@dataclass(frozen=True, slots=True)
class Forest:
    """The forests file of a controller that is served, and a port of it that tells when somebody asks."""

    file: Path
    bell: socket.socket

    def asked(self) -> socket.socket:
        """Until somebody comes, who is kept waiting."""
        return self.bell.accept()[0]

    def silenced(self) -> None:
        """Whoever is still at the door belongs to an earlier run."""
        while select.select([self.bell], [], [], 0)[0]:
            self.asked().close()


@contextmanager
def forest(folder: Path) -> Iterator[Forest]:
    """It is served while the context lasts."""
    from portcheck.cli.demo_forests import embedded

    with embedded() as (forests, _), ExitStack() as stack:
        one = next(f for f in forests if f.name == "passwords.example")
        bell = stack.enter_context(socket.create_server((one.dns[0].host, 0)))  # the controller serves DNS too
        bell.settimeout(60)
        path = folder / "forests.toml"
        server = one.dns[0]
        ports = ", ".join(f"{name} = {port}" for name, port in one.ports.items())
        path.write_text(
            f'[[forest]]\nname = "{one.name}"\ndns = ["{server.host}:{server.port}"]\nports = {{ {ports} }}\n'
            f'[[forest.extra]]\nname = "bell"\nport = {bell.getsockname()[1]}\ntransport = "tcp"\npurpose = "test"\n'
        )
        yield Forest(path, bell)


def one_kill(asked: Forest, folder: Path, ending: str, after_s: float, *, ready: bool) -> Kill:
    """Start a run, wait until it asks (`ready`) or not at all, then `after_s` more, and end it."""
    state, saved = folder / "state", folder / "report.json"
    asked.silenced()
    command = [sys.executable, "-m", "portcheck", "check", "-c", str(asked.file), "--timeout", "500ms", "-f", "table",
               "-f", "json", "-o", str(saved), "--answer-timeout", "500ms"]  # fmt: skip
    surroundings = os.environ | {"PORTCHECK_STATE_DIR": str(state), "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    program = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=surroundings
    )
    assert program.stderr is not None
    said: list[str] = []
    listening = threading.Thread(target=lambda: said.extend(program.stderr or ()))
    listening.start()
    caller = asked.asked() if ready else None
    threading.Event().wait(after_s)
    there = program.poll() is None
    program.send_signal(getattr(signal, ending))
    phase = ("asking" if there and _heard(program.pid, ending) else "over") if ready else "starting"
    assert program.stdout is not None
    shown = program.stdout.read()
    code = program.wait(60)
    listening.join(60)
    program.stdout.close()
    program.stderr.close()
    if caller is not None:
        caller.close()
    kept = _runs(state)
    if phase == "asking" and "interrupted" not in shown.lower() and ending != "SIGKILL":
        phase = "after the last check"
    faults = tuple(_faults(ending, phase, code, shown, "".join(said), saved, kept))
    return Kill(ending, phase, code, faults, shown + "".join(said))


def _heard(pid: int, ending: str) -> bool:
    """A run that has said everything hears no signal any more, until its process is gone. Nobody fails to hear KILL."""
    if ending == "SIGKILL":
        return True
    try:
        told = dict(
            line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line
        )
    except OSError:
        return False
    return not told["State"].startswith("Z") and not int(told["SigIgn"], 16) >> (getattr(signal, ending) - 1) & 1


def _runs(state: Path) -> list[str] | None:
    """Each run's report, unpacked; None where the history is damaged."""
    from portcheck.history import runs
    from portcheck.report.to_json import StoreError

    path = state / "history.db"
    if not path.exists():
        return []
    with closing(sqlite3.connect(path)) as database:
        try:
            if database.execute("PRAGMA integrity_check").fetchone() != ("ok",):
                return None
            if not database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                return []
            return [runs.unpacked(blob).started for (blob,) in database.execute("SELECT report FROM run")]
        except (sqlite3.Error, StoreError):
            return None


def _faults(
    ending: str, phase: str, code: int, shown: str, said: str, saved: Path, kept: list[str] | None
) -> Iterator[str]:
    if "Traceback" in said + shown:
        yield "traceback"
    if kept is None:
        yield "history damaged"
    if saved.exists() and not _is_report(saved):
        yield "file damaged"
    if ending == "SIGKILL":
        return
    drafts = [path for path in saved.parent.iterdir() if path.name.endswith(".tmp")]
    if drafts:
        yield "draft left behind"
    if phase == "starting":
        if code not in {130, -getattr(signal, ending)}:  # the latter: Python itself had not begun
            yield f"exit {code}"
        return
    if code != 130 and phase != "over":
        yield f"exit {code}"
    if "passwords.example" not in shown:
        yield "nothing on the screen"
    if not saved.exists():
        yield "no file"
    if kept is not None and len(kept) != 1:
        yield "not in the history"


def _is_report(path: Path) -> bool:
    from portcheck.report.to_json import StoreError, load

    try:
        return bool(load(path).forests)
    except StoreError:
        return False


def kills(count: int, seed: int) -> Iterator[Kill]:
    """Of each signal as many, at moments spread over the run's own length."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as name, forest(Path(name)) as asked:
        for number in range(count):
            with tempfile.TemporaryDirectory(dir=name) as own:
                ready = number % 10 != 9  # now and then before anything is asked
                after_s = chance.uniform(0, LONGEST_S) if ready else chance.uniform(0.15, 0.4)
                yield one_kill(asked, Path(own), ENDINGS[number % len(ENDINGS)], after_s, ready=ready)


def table(found: list[Kill]) -> str:
    rows = [f"{'signal':9}{'phase':24}{'runs':>6}{'lost or wrong':>15}"]
    for (ending, phase), count in sorted(Counter((kill.ending, kill.phase) for kill in found).items()):
        wrong = [kill for kill in found if (kill.ending, kill.phase) == (ending, phase) and kill.faults]
        told = Counter(fault for kill in wrong for fault in kill.faults)
        words = ", ".join(f"{what} {times}" for what, times in told.items())
        rows.append(f"{ending:9}{phase:24}{count:6}{len(wrong):15}  {words}".rstrip())
    rows.append(f"{len(found)} runs, {sum(bool(kill.faults) for kill in found)} with a fault")
    rows += (f"\n{kill.ending}, {kill.phase}, {', '.join(kill.faults)}:\n{kill.said}" for kill in found if kill.faults)
    return "\n".join(rows)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    numbers = [int(word) for word in sys.argv[1:3]]
    seen = list(kills(numbers[0] if numbers else 300, numbers[1] if len(numbers) > 1 else 1))
    print(table(seen))
    sys.exit(any(kill.faults for kill in seen))
