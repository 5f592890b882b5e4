"""Every target holds on its seeds and a few mutations of them, the same in every run; none is left out."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fuzz.codecs import CODECS, NO_BYTES_OF_A_PEER
from fuzz.commands import LINES
from fuzz.files import FOLDER
from fuzz.mutating import mutations, superlinear
from fuzz.targets import TARGETS, seeds

import portcheck.wire
from portcheck.cli.app import COMMANDS, GROUPS

COSTLY = {"report.json", "history.db", *LINES}
"""A hundredth of a second each, or more."""


@pytest.fixture(autouse=True, scope="module")
def _taken_away() -> Iterator[None]:
    yield
    shutil.rmtree(FOLDER, ignore_errors=True)


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_holds_on_its_seeds_and_their_mutations(name: str) -> None:
    known = seeds(name)
    assert known
    chance = random.Random(name)
    for seed in [b"", *known]:
        TARGETS[name](seed)
        for data in mutations(seed, 3 if name in COSTLY else 50, chance):
            TARGETS[name](data)


@pytest.mark.parametrize("name", CODECS)
def test_eightfold_bytes_are_no_more_than_eightfold_work(name: str) -> None:
    assert [found for seed in seeds(name) for found in superlinear(TARGETS[name], seed)] == []


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


def test_an_undeclared_error_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(data: bytes) -> None:
        if len(data) % 7 == 3:
            raise IndexError

    monkeypatch.setitem(TARGETS, "guid", breaks)  # type: ignore[arg-type]
    with pytest.raises(IndexError):
        test_a_target_holds_on_its_seeds_and_their_mutations("guid")


def test_each_codec_and_command_has_a_target() -> None:
    modules = {path.stem for path in Path(portcheck.wire.__file__).parent.glob("*.py")} - {"__init__"}
    assert set(CODECS) == modules - NO_BYTES_OF_A_PEER
    assert set(LINES) == {f"command-{name}" for name in (*COMMANDS, *GROUPS)}


def test_each_folder_of_seeds_has_a_target() -> None:
    assert {path.name for path in (Path(__file__).parent / "seeds").iterdir()} == set(TARGETS)
