"""The copy of the small data files says what they say, and is not used for a file that has changed."""

import tomllib
from pathlib import Path

import pytest

from portcheck.catalogue import kept


def test_the_copy_holds_every_file_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "COPY", tmp_path / "kept.json")
    kept.copy()
    names = [p.relative_to(kept.HERE).as_posix() for pattern in kept.FILES for p in kept.HERE.glob(pattern)]
    assert len(names) > 10
    for name in names:
        assert kept.read(name) == tomllib.loads((kept.HERE / name).read_text(encoding="utf-8")), name
    kept._kept.cache_clear()


def test_a_file_that_has_changed_is_read_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own.toml").write_text("a = 1\n")
    monkeypatch.setattr(kept, "HERE", tmp_path)
    monkeypatch.setattr(kept, "COPY", tmp_path / "kept.json")
    kept.copy()
    (tmp_path / "own.toml").write_text("a = 2\n")
    assert kept.read("own.toml") == {"a": 2}
    kept._kept.cache_clear()
