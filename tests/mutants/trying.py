"""Tries a mutant: the fault is made in a copy of the clone, and the tests named for it are run there."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from queue import SimpleQueue

import pytest

from .listed import ROOT, Mutant

FORKING = multiprocessing.get_context("forkserver")
FORKING.set_forkserver_preload(["pytest", "hypothesis.strategies", "cryptography.x509", "ldap3", "dns.asyncresolver"])
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "*.pyc", "dist", "found")
LONGEST_S = 300.0  # without the fault, the slowest tests named take a tenth of it
LAST_LINES = 25
NONE_COLLECTED = 5  # pytest's exit code


class Fate(StrEnum):
    """What became of a mutant."""

    KILLED = "killed"
    HUNG = "hung"  # noticed as well: the tests did not end
    SURVIVED = "survived"


@dataclass(frozen=True, slots=True)
class Trial:
    """One mutant, tried."""

    mutant: Mutant
    fate: Fate
    by: str = ""  # the test that noticed


def baseline(mutants: Sequence[Mutant]) -> str:
    """What the tests say without any fault; empty where they all pass."""
    with tempfile.TemporaryDirectory() as folder:
        copy = _copied(folder)
        paths = dict.fromkeys(path for mutant in mutants for path in mutant.tests)
        code, said = _run(copy, tuple(paths))
    return "" if code == 0 else "\n".join(said.splitlines()[-LAST_LINES:])


def try_all(mutants: Sequence[Mutant], jobs: int) -> Iterator[Trial]:
    """Each as soon as it is known; so many copies as jobs."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(jobs) as pool:
        copies: SimpleQueue[Path] = SimpleQueue()
        for number in range(jobs):
            copies.put(_copied(f"{folder}/{number}"))
        stamps = itertools.count(1)
        running = [pool.submit(_try, mutant, copies, stamps) for mutant in mutants]
        for done in as_completed(running):
            yield done.result()


def _copied(folder: str) -> Path:
    copy = Path(folder) / "clone"
    shutil.copytree(ROOT, copy, ignore=LEFT_OUT)
    return copy


def _try(mutant: Mutant, copies: SimpleQueue[Path], stamps: Iterator[int]) -> Trial:
    copy = copies.get()
    path = copy / mutant.file
    source = path.read_text(encoding="utf-8")
    try:
        _write(path, mutant.applied(source), next(stamps))
        code, said = _run(copy, mutant.tests)
    except TimeoutError:
        return Trial(mutant, Fate.HUNG)
    finally:
        _write(path, source, next(stamps))
        copies.put(copy)
    return (
        Trial(mutant, Fate.SURVIVED) if code in {0, NONE_COLLECTED} else Trial(mutant, Fate.KILLED, _noticed_by(said))
    )


def _write(path: Path, text: str, stamp: int) -> None:
    """With a time of its own: by time and size Python knows that what it compiled is old."""
    path.write_text(text, encoding="utf-8")
    os.utime(path, (stamp, stamp))


def _run(copy: Path, paths: tuple[str, ...]) -> tuple[int, str]:
    """pytest's exit code and what it said; from a process that has loaded everything but the project's own code."""
    said = copy / "said"
    running = FORKING.Process(target=_pytest, args=(str(copy), paths, str(said)))
    running.start()
    running.join(LONGEST_S)
    if running.exitcode is None:
        running.kill()
        running.join()
        raise TimeoutError
    return running.exitcode, said.read_text(encoding="utf-8", errors="replace")


def _pytest(copy: str, paths: tuple[str, ...], said: str) -> None:
    os.chdir(copy)
    sys.path[:] = [copy, *(path for path in sys.path if path and Path(path).resolve() != ROOT)]
    for name in [name for name in sys.modules if name.partition(".")[0] in {"tests", "portcheck"}]:
        del sys.modules[name]
    os.environ["PYTHONPATH"] = copy
    os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = f"{copy}/examples"
    with Path(said).open("w", encoding="utf-8") as out:
        os.dup2(out.fileno(), 1)
        os.dup2(out.fileno(), 2)
        told = ["-x", "-q", "-p", "no:cacheprovider", "--tb=line", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
        code = int(pytest.main([*told, *paths]))
        sys.stdout.flush()
    os._exit(code)


def _noticed_by(said: str) -> str:
    told = (line.removeprefix("FAILED ").removeprefix("ERROR ") for line in said.splitlines())
    return next((line.partition(" - ")[0] for line in told if line.startswith("tests/") and "::" in line), "an error")
