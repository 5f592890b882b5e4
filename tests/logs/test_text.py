"""Bytes to lines: every encoding that logs come in, cut off or not, in bounded memory."""

import codecs
import gzip
import io

import pytest

from portcheck.logs.text import LONGEST, LogError, lines

TEXT = "ldap_bind: Can't contact LDAP server (-1)\nzweite Zeile ü\n"


def read(content: bytes) -> list[str]:
    return [line for line in lines(io.BytesIO(content)) if line]


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        TEXT.encode("utf-16"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        TEXT.encode("utf-16-le"),
        gzip.compress(TEXT.encode()),
        gzip.compress(TEXT.encode("utf-16")),
    ],
    ids=["utf-8", "utf-8 with mark", "utf-16", "big endian", "no mark", "gzip", "gzip of utf-16"],
)
def test_each_encoding_gives_the_same_lines(content: bytes) -> None:
    assert read(content) == TEXT.splitlines()


def test_bytes_that_are_no_text_lose_no_line() -> None:
    assert read(b"\xff\xfe\xfa odd"[2:] + b"\nnext\n")[1] == "next"


def test_a_gzip_that_is_cut_off_is_read_as_far_as_it_goes() -> None:
    packed = gzip.compress("\n".join(f"line {n} {n * 7919}" for n in range(20000)).encode())
    assert read(packed[: len(packed) // 2])[0] == "line 0 0"


def test_a_line_without_an_end_is_cut() -> None:
    assert max(map(len, read(b"x" * (5 * LONGEST) + b"\nnext\n"))) <= 20 * LONGEST
    assert read(b"x" * (5 * LONGEST) + b"\nnext\n")[-1] == "next"


def test_a_binary_event_log_is_refused_with_what_to_do() -> None:
    with pytest.raises(LogError, match="wevtutil"):
        read(b"ElfFile\0" + bytes(100))


def test_every_byte_of_the_file_is_told() -> None:
    told: list[int] = []
    content = TEXT.encode() * 50_000
    list(lines(io.BytesIO(content), told.append))
    assert sum(told) == len(content)


def test_an_empty_log_has_no_lines() -> None:
    assert read(b"") == []
