"""The interactive board: what it shows at each level (pure), and the keys, by textual's own pilot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from unittest.mock import ANY

import pytest

from portcheck.model import Check, Outcome, Report, State, Verdict
from portcheck.model.events import Finished, Landed, Notify, Planned
from portcheck.render.shared.grid import Pending
from portcheck.render.shared.options import Options
from portcheck.render.ui.shown import Path, Shown
from tests.factories import report as run_of
from tests.render.samples import host_outcomes, kpasswd_finding, many_controllers, three_forests

textual = pytest.importorskip("textual", reason="the board is drawn by textual, an extra")

from textual.widgets import DataTable, Static  # noqa: E402

from portcheck.render.ui.app import BATCH, BoardApp, Deeds, ReadingScreen  # noqa: E402

PLAIN = Options(width=80)


def shown_of(report: Report) -> Shown:
    shown = Shown()
    shown.judge(report)
    return shown


def failing() -> tuple[Report, Outcome]:
    report = three_forests()
    return report, next(outcome for outcome in report.outcomes if outcome.verdict is Verdict.FAIL)


def test_the_worst_forest_comes_first_with_what_is_wrong_there() -> None:
    report, bad = failing()
    lines = shown_of(report).lines(Path())
    assert {line.key for line in lines} == {forest.name for forest in report.forests}
    assert lines[0].cell is Verdict.FAIL
    titles = {finding.title for finding in report.findings}
    assert lines[0].cells[2] in titles
    assert bad.check.forest in {line.key for line in lines if line.cell is Verdict.FAIL}


def test_every_check_is_reached_by_going_deeper_and_every_level_leads_back_out() -> None:
    report = many_controllers()
    shown, met = shown_of(report), set()
    for forest in shown.lines(Path()):
        at_forest = Path().into(forest.key)
        for row in shown.lines(at_forest):
            at_row = at_forest.into(row.key)
            assert at_row.out() == at_forest
            for line in shown.lines(at_row):
                at_check = at_row.into(line.key)
                assert (at_check.out(), at_forest.out()) == (at_row, Path())
                entry = shown.entry(at_check)
                assert isinstance(entry, Outcome)
                met.add(entry.check.id)
    assert met == {outcome.check.id for outcome in report.outcomes}


def test_failures_alone_and_a_search_leave_what_they_say() -> None:
    report, bad = failing()
    shown = shown_of(report)
    at = Path(bad.check.forest, (bad.check.host, bad.check.address))
    everything, failures = shown.lines(at), shown.lines(at, failures=True)
    assert {line.cell for line in failures}.isdisjoint({Verdict.PASS, Verdict.SKIP})
    assert len(failures) < len(everything)
    assert [line.key for line in shown.lines(at, search=bad.check.service.upper())] == [
        line.key for line in everything if bad.check.service in " ".join(line.cells)
    ]
    assert shown.lines(at, search="no such words") == []


def test_a_check_s_account_opens_with_what_follows_from_it() -> None:
    report, bad = failing()
    report = replace(report, findings=(replace(kpasswd_finding(), checks=(bad.check.id,)),))
    shown = shown_of(report)
    words = "\n".join(line.plain for line in shown.account(_path(bad), PLAIN))
    assert words.index(report.findings[0].title[:30]) < words.index(f": {bad.state}")


def test_events_fill_it_and_what_waits_is_shown_as_waiting() -> None:
    check, other = (Check("a.test", "dc1.a.test", "10.0.0.1", service, "tcp", port) for service, port in
                    (("ldap", 389), ("smb", 445)))  # fmt: skip
    shown = Shown()
    shown.take(Planned((check, other)))
    shown.take(Landed(Outcome(check, State.OK, "answered", verdict=Verdict.PASS)))
    (row,) = shown.lines(Path("a.test"))
    assert row.cell is Pending.WAITING
    cells = {line.key: line.cell for line in shown.lines(Path("a.test", ("dc1.a.test", "10.0.0.1")))}
    assert cells == {check.key: Verdict.PASS, other.key: Pending.WAITING}
    assert shown.part(Path()) is None  # nothing is asked for before the run is judged
    shown.take(Finished())
    assert shown.status.startswith("1 of 2 checks")


def test_the_keys_of_a_path_are_all_that_lies_below_it() -> None:
    report, bad = failing()
    shown = shown_of(report)
    assert shown.keys(Path()) == {outcome.check.key for outcome in report.outcomes}
    assert shown.keys(_path(bad)) == {bad.check.key}


def _path(outcome: Outcome) -> Path:
    check = outcome.check
    return Path(check.forest, (check.host, check.address), check.key)


# The keys


class Recorder:
    """Deeds that note what they were asked for."""

    def __init__(self, report: Report, again: Callable[[set[str]], Report] | None = None) -> None:
        self.report, self.asked = report, list[set[str]]()
        self.again = again or (lambda _: report)

    def ask(self, keys: set[str], notify: Notify) -> Report:
        self.asked.append(keys)
        notify(Finished())
        return self.again(keys)

    def deeds(self) -> Deeds:
        return Deeds(
            ask=self.ask,
            request=lambda _: "# the request\nline two",
            asks=lambda report: tuple(f"open {finding.code}" for finding in report.findings),
            history=lambda key: f"history of {key}",
        )


def board(report: Report, recorder: Recorder | None = None) -> BoardApp:
    return BoardApp(shown_of(report), (recorder or Recorder(report)).deeds(), PLAIN)


def rows(app: BoardApp) -> list[list[str]]:
    table = app.query_one("#table", DataTable)
    return [[str(cell) for cell in table.get_row_at(row)] for row in range(table.row_count)]


def where(app: BoardApp) -> str:
    return str(app.query_one("#where", Static).render())


async def test_enter_goes_from_forest_to_evidence_and_escape_back() -> None:
    report, _ = failing()
    app = board(report)
    async with app.run_test(size=(80, 24)) as pilot:
        forest = rows(app)[0][1]
        await pilot.press("enter")
        assert where(app).endswith(forest)
        await pilot.press("enter", "right")
        assert app.path.check
        words = str(app.query_one("#words", Static).render())
        entry = app.shown.entry(app.path)
        assert isinstance(entry, Outcome)
        assert entry.check.host in words
        await pilot.press("escape", "left", "escape", "escape")
        assert app.path == Path()
        assert rows(app)[0][1] == forest


async def test_the_cursor_comes_back_to_the_row_that_was_left() -> None:
    app = board(many_controllers())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "down", "down", "down", "enter", "escape")
        assert app.query_one("#table", DataTable).cursor_row == 3


async def test_f_leaves_failures_and_slash_searches_until_escape() -> None:
    report, bad = failing()
    app = board(report)
    async with app.run_test(size=(80, 24)) as pilot:
        everything = len(rows(app))
        await pilot.press("f")
        assert [row[1] for row in rows(app)] == [
            line.key for line in app.shown.lines(Path()) if line.cell not in (Verdict.PASS, Verdict.SKIP)
        ]
        await pilot.press("f", "slash", *bad.check.forest[:5], "enter")
        assert all(bad.check.forest[:5] in " ".join(row) for row in rows(app))
        await pilot.press("slash", "escape")
        assert len(rows(app)) == everything


async def test_r_asks_again_what_the_cursor_is_on_and_shows_what_came() -> None:
    report, _ = failing()
    mended = replace(
        report,
        findings=(),
        outcomes=tuple(replace(o, state=State.OK, verdict=Verdict.PASS) for o in report.outcomes),
    )
    recorder = Recorder(report, lambda _: mended)
    app = board(report, recorder)
    async with app.run_test(size=(80, 24)) as pilot:
        forest = app.shown.lines(Path())[0].key
        await pilot.press("r")
        while app.shown.report is not mended:
            await pilot.pause()
        assert recorder.asked == [{o.check.key for o in report.of_forest(forest)}]
        assert {line.cell for line in app.shown.lines(Path())} == {Verdict.PASS}


async def test_what_cannot_be_asked_is_said_and_the_board_stays() -> None:
    def fail(_: set[str]) -> Report:
        raise OSError("no way out")

    report, _ = failing()
    app = board(report, Recorder(report, fail))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("r")
        while not any("no way out" in str(note.message) for note in app._notifications):
            await pilot.pause()
        assert rows(app)


async def test_c_copies_what_to_ask_for_below_the_cursor() -> None:
    report, _ = failing()
    app = board(report)
    async with app.run_test(size=(80, 24)) as pilot:
        forest = app.shown.lines(Path())[0].key
        await pilot.press("c")
        assert app.clipboard == "\n".join(f"open {f.code}" for f in report.findings if f.forest == forest)


async def test_q_shows_the_request_and_h_the_history_of_a_check() -> None:
    report, _ = failing()
    app = board(report)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("q")
        assert isinstance(app.screen, ReadingScreen)
        assert "# the request" in app.screen.words
        await pilot.press("escape", "h")
        assert not isinstance(app.screen, ReadingScreen)  # a forest has none
        await pilot.press("enter", "enter", "h")
        assert isinstance(app.screen, ReadingScreen)
        assert app.screen.words.startswith("history of ")


async def test_words_from_the_network_are_shown_and_never_obeyed() -> None:
    report, bad = failing()
    nasty = replace(bad, reason="\x1b]52;c;eHg=\x07[bold]no[/bold]\x9b2J")
    report = replace(report, outcomes=tuple(nasty if o is bad else o for o in report.outcomes))
    app = board(report)
    async with app.run_test(size=(200, 24)) as pilot:
        app.path = _path(bad).out()
        app._draw()
        await pilot.pause()
        cells = " ".join(" ".join(row) for row in rows(app))
        assert "[bold]no[/bold]" in cells
        assert "\x1b" not in cells
        assert "\x9b" not in cells


async def test_of_1200_controllers_only_the_rows_near_the_cursor_are_built(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[str] = []
    add_row = DataTable.add_row

    def counted(self: DataTable, *cells: object, **kind: object) -> object:
        built.append(str(kind["key"]))
        return add_row(self, *cells, **kind)

    monkeypatch.setattr(DataTable, "add_row", counted)
    hosts = [host_outcomes(f"dc{n:04}.alpha.test", f"10.1.{n // 250}.{n % 250}") for n in range(1200)]
    app = board(run_of(*(o for some in hosts for o in some)))
    async with app.run_test(size=(80, 24)) as pilot:
        walk = {"enter": BATCH, "down": 0, "slash": 0, "9": BATCH, "escape": 2 * BATCH, "f": 0}
        for keys, most in walk.items():
            built.clear()
            await pilot.press(keys)
            assert len(built) <= most, keys
        await pilot.press("f")
        table = app.query_one(DataTable)
        for _ in range(8):  # going down builds what is come to
            await pilot.press("pagedown")
        assert BATCH < table.row_count < 1200
        assert table.cursor_row > BATCH // 2
        table.scroll_to(y=table.row_count - 30, animate=False)  # as the wheel does
        await pilot.pause()
        assert 2 * BATCH < table.row_count < 1200
        await pilot.press("ctrl+end")
        assert (table.row_count, table.cursor_row) == (1200, 1199)
        assert app._selected().startswith("dc1199.alpha.test")
        await pilot.press("enter", "escape")
        assert app.query_one(DataTable).cursor_row == 1199


async def test_the_mouse_moves_to_a_row_and_opens_it_where_it_stands() -> None:
    app = board(three_forests())
    async with app.run_test(size=(80, 24)) as pilot:
        second = rows(app)[1][1]
        for row, forest, host in ((2, "", None), (2, second, None), (1, second, ANY)):  # the head is row 0
            await pilot.click("#table", offset=(6, row))
            await pilot.pause()
            assert (app.path.forest, app.path.row) == (forest, host)


@pytest.mark.parametrize("dark", [True, False])
async def test_every_row_says_how_it_stands_by_its_sign_in_light_and_dark_and_without_colour(
    dark: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = board(three_forests())
    async with app.run_test(size=(80, 24)) as pilot:
        app.theme = "textual-dark" if dark else "textual-light"
        await pilot.pause()
        assert [row[0] for row in rows(app)] == ["✖", "✖", "✔"]
        await pilot.press("enter", "enter")
        assert {row[0] for row in rows(app)} == {"✖", "✔", "!"}


async def test_every_level_fits_80_by_24_and_40_columns() -> None:
    for size in ((80, 24), (40, 12)):
        app = board(many_controllers())
        async with app.run_test(size=size) as pilot:
            for key in ("enter", "enter", "enter", "escape", "f", "slash", "escape", "q"):
                await pilot.press(key)
                assert (app.size.width, app.size.height) == size
