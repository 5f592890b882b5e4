"""Files of targets, in the encodings that editors on Linux and Windows write."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from portcheck.config import ConfigError
from portcheck.config.target_list import LARGEST, MOST_LINES, lines_of

TEXT = "# ours\r\nalpha.test\r\n\r\n  bravo.test:636   # LDAPS\r\nldaps://dc1.charlie.test\r\n"


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
    ],
)
def test_each_line_is_a_target_and_keeps_its_number(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "targets.txt"
    path.write_bytes(content)
    assert list(lines_of(f"@{path}")) == [
        (f"{path}:2", "alpha.test"),
        (f"{path}:4", "bravo.test:636"),
        (f"{path}:5", "ldaps://dc1.charlie.test"),
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"# nothing\n", "names no target"),
        (b"alpha.test\n@other.txt\n", ":2: a list of targets names no other list"),
        ("caf\u00e9.test".encode("latin-1"), "UTF-8"),
        (b"a.test\n" * (MOST_LINES + 1), "more than 4096"),
        (b" " * (LARGEST + 1), "1024 KiB"),
    ],
)
def test_what_is_no_list_is_one_line(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "t"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=words):
        list(lines_of(f"@{path}"))


@pytest.mark.parametrize("given", ["@", "@/nonexistent.txt", "@/"])
def test_a_missing_file_is_one_line(given: str) -> None:
    with pytest.raises(ConfigError):
        list(lines_of(given))
