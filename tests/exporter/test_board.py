"""The folder of other places' reports: what is not there any more hides no other, and every change is seen."""

from __future__ import annotations

from pathlib import Path

from factories import outcome, report

from portcheck.exporter.board import ForestBoard
from portcheck.model import State, Vantage
from portcheck.report import to_json


def saved(folder: Path, name: str, state: State = State.OK) -> None:
    place = Vantage(name, "linux", ("10.77.0.10",))
    to_json.save(folder / f"{name}.json", report(outcome("ldap/tcp", state), vantage=place))


async def test_a_link_to_nowhere_hides_no_other_report(tmp_path: Path) -> None:
    (tmp_path / "gone.json").symlink_to(tmp_path / "nowhere.json")
    (tmp_path / "round.json").symlink_to("round.json")
    board = ForestBoard(tmp_path)
    saved(tmp_path, "branch")
    assert (await board.others()).names == ("branch",)
    saved(tmp_path, "dmz")
    assert set((await board.others()).names) == {"branch", "dmz"}


async def test_of_many_reports_the_last_ones_change_is_seen_too(tmp_path: Path) -> None:
    board = ForestBoard(tmp_path)
    saved(tmp_path, "zz")
    for number in range(1001):
        (tmp_path / f"{number:04}.json").write_text("{", encoding="utf-8")
    before = board.changed
    await board.others()
    saved(tmp_path, "zz", State.FILTERED)
    told = await board.others()
    assert board.changed == before + 2
    assert [cell.seen["zz"].state for cell in told.cells] == [State.FILTERED]


async def test_a_folder_that_stays_as_it_is_is_not_read_again(tmp_path: Path) -> None:
    saved(tmp_path, "branch")
    (tmp_path / "gone.json").symlink_to(tmp_path / "nowhere.json")
    board = ForestBoard(tmp_path)
    for _ in range(3):
        await board.others()
    assert board.changed == 1
