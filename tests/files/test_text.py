"""Text as people save it: each reader of ours gives the same for every encoding, and no mark stays in it."""

from __future__ import annotations

import codecs
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from factories import outcome, report

from portcheck.automation import alerting
from portcheck.cli.passwords import WantedAccount, credentials, read_password
from portcheck.config import BindSpec, ForestSpec
from portcheck.config.load import load
from portcheck.config.target_list import lines_of
from portcheck.files.text import NotTextError, decoded, spelled_in
from portcheck.logs.text import lines
from portcheck.report import to_json

SAVED: dict[str, Callable[[str], bytes]] = {
    "UTF-8": str.encode,
    "UTF-8 with its mark": lambda text: codecs.BOM_UTF8 + text.encode(),
    "UTF-16": lambda text: codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
    "UTF-16 big endian": lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
    "UTF-16 without its mark": lambda text: text.encode("utf-16-le"),
}
PASSWORD = "Pässword €1"
REPORT = to_json.dumps(to_json.to_json(report(outcome("kpasswd/udp", "filtered"))))


@pytest.fixture(params=SAVED)
def save(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], Path]:
    def saved(text: str) -> Path:
        path = tmp_path / "given"
        path.write_bytes(SAVED[request.param](text))
        path.chmod(0o600)
        return path

    return saved


Save = Callable[[str], Path]


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_password_is_what_was_typed(save: Save, end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(PASSWORD + end)
    assert read_password(path) == PASSWORD
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(path.read_bytes())))
    forest = ForestSpec("alpha.test", bind=BindSpec(user="svc"))
    (found,) = credentials([forest], WantedAccount(from_stdin=True)).values()
    assert found.password.reveal() == PASSWORD


def test_a_password_of_the_greatest_length_is_one_in_every_encoding(save: Save) -> None:
    assert read_password(save("x" * 1024 + "\r\n")) == "x" * 1024


def test_where_notices_go(save: Save) -> None:
    path = save("# ours\r\njson://127.0.0.1/hook\r\n")
    assert alerting._read(path) == ("json://127.0.0.1/hook",)


def test_a_forests_file(save: Save) -> None:
    found = load(save('[[forest]]\r\nname = "alpha.test"\r\n'), set(), {})
    assert [forest.name for forest in found.forests] == ["alpha.test"]


def test_a_list_of_targets(save: Save) -> None:
    assert [target for _, target in lines_of(f"@{save('alpha.test')}")] == ["alpha.test"]


def test_a_report(save: Save) -> None:
    assert to_json.load(save(REPORT)) == to_json.loads(REPORT)


def test_a_log(save: Save) -> None:
    assert list(lines(io.BytesIO(save("first line\nsecond line\n").read_bytes()))) == ["first line", "second line"]


@pytest.mark.parametrize("raw", [b"\xff", b"caf\xe9", b"\xff\xfea", b"\xfe\xff\xd8\x00"])
def test_what_is_no_text_is_refused_and_never_sent(raw: bytes) -> None:
    with pytest.raises(NotTextError, match="save it as UTF-8"):
        decoded(raw)


@pytest.mark.parametrize("raw", [b"", b"a", b"\0", b"ab\0c", b"\xac\x20\0\0"])
def test_few_zeros_make_no_utf_16(raw: bytes) -> None:
    assert spelled_in(raw) == (b"", "utf-8")


def test_a_report_that_is_no_text_is_told_so(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_bytes(json.dumps({"a": "é"}, ensure_ascii=False).encode("latin-1"))
    with pytest.raises(to_json.StoreError, match="UTF-8"):
        to_json.load(path)
