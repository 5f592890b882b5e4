"""Files and pipes that a user names: read to their end or their bound, and no pipe is waited for for ever."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from portcheck.cli.app import run
from portcheck.files import reading

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


@pytest.mark.parametrize("size", [0, 10, 300_000])
def test_a_pipe_is_read_to_its_end(pipe: Path, size: int) -> None:
    content = os.urandom(size)
    writer = threading.Thread(target=pipe.write_bytes, args=(content,))
    writer.start()
    assert reading.read(pipe, 400_000) == content
    writer.join()


def test_a_pipe_is_read_to_its_bound() -> None:
    end, writing = os.pipe()
    os.write(writing, b"x" * 4000)
    try:
        assert reading.read(Path(f"/dev/fd/{end}"), 100) == b"x" * 101
    finally:
        os.close(end)
        os.close(writing)


@pytest.mark.parametrize(
    "arguments", [["config", "check", "-c"], ["check", "-c"], ["explain", "--report"]], ids=" ".join
)
def test_a_pipe_that_nobody_writes_into_is_one_line(
    arguments: list[str], pipe: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "PATIENCE_S", 0.05)
    assert run([*arguments, str(pipe)]) == 2
    assert capsys.readouterr() == ("", f"portcheck: {pipe}: cannot be read: a pipe into which nothing is written\n")
