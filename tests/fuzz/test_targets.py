"""Every target holds on its seeds and a few mutations of them, the same in every run; none is left out."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from fuzz import targets
from fuzz.codecs import CODECS
from fuzz.commands import LINES
from fuzz.mutating import mutations, superlinear
from fuzz.targets import SEEDS, names, seeds, target

from portcheck.cli.app import COMMANDS, GROUPS

COSTLY = {"report.json", "history.db", *LINES}
"""A hundredth of a second each, or more."""


@pytest.mark.parametrize("name", names())
def test_a_target_holds_on_its_seeds_and_their_mutations(name: str) -> None:
    assert seeds(name), f"no sample in tests/wire/test_{name}.py, no file in tests/fuzz/seeds/{name}/"
    holds(name, target(name))


def holds(name: str, run: Callable[[bytes], object]) -> None:
    chance = random.Random(name)
    for seed in [b"", *seeds(name)]:
        run(seed)
        for data in mutations(seed, 3 if name in COSTLY else 50, chance):
            run(data)


@pytest.mark.parametrize("name", CODECS)
def test_eightfold_bytes_are_no_more_than_eightfold_work(name: str) -> None:
    assert [found for seed in seeds(name) for found in superlinear(target(name), seed)] == []


def test_quadratic_work_would_be_seen() -> None:
    def quadratic(data: bytes) -> None:
        for _ in data[::32]:
            for _ in data[::32]:
                pass

    def linear(data: bytes) -> None:
        for _ in data:
            pass

    assert superlinear(quadratic, b"seed")
    assert superlinear(linear, b"seed") == []


def test_an_undeclared_error_would_be_seen() -> None:
    def breaks(data: bytes) -> None:
        if len(data) % 7 == 3:
            raise IndexError

    with pytest.raises(IndexError):
        holds("guid", breaks)


def test_each_codec_and_command_has_a_target() -> None:
    assert [f"portcheck/wire/{name}.py: add it to ODD" for name, read in CODECS.items() if not read] == []
    assert set(LINES) == {f"command-{name}" for name in (*COMMANDS, *GROUPS)}


def test_each_folder_of_seeds_has_a_target() -> None:
    assert {path.name for path in SEEDS.iterdir()} <= set(names())


def test_without_files_of_its_own_a_target_has_the_samples_of_its_tests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "test_new.py").write_text('SENT, TOLD, WORDS = b"ask", "0300 0008 02f0 8000", "no sample"\n', "utf-8")
    monkeypatch.setattr(targets, "SEEDS", tmp_path / "seeds")
    monkeypatch.setattr(targets, "ROOMS", (tmp_path,))
    assert seeds("new") == [b"ask", bytes.fromhex("0300000802f08000")]
    assert seeds("command-sid") == [b"S-1-5-21-1004336348-1177238915-682003330-500"]
    assert seeds("other") == []
