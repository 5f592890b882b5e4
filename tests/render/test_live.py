"""The live screen, driven by events as a run sends them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from io import StringIO

import pytest
from factories import check, controller, outcome
from rich.cells import cell_len
from rich.console import Console

from portcheck.model import Report, State, Verdict
from portcheck.model.events import Event, Finished, ForestFound, Landed, Phase, Planned, Started
from portcheck.render.live import screen
from portcheck.render.live.board import Board
from portcheck.render.shared.options import Options

from . import samples


def events_of(run: Report, share: float = 1.0) -> list[Event]:
    """A run's events until this share of it has landed; the next six are in flight. Verdicts come later."""
    told: list[Event] = [ForestFound(f.name, f.domain_controllers) for f in run.forests]
    told.append(Planned(tuple(o.check for o in run.outcomes)))
    count = int(len(run.outcomes) * share)
    for seen in run.outcomes[:count]:
        told += [Started(seen.check), Landed(replace(seen, verdict=Verdict.UNKNOWN))]
    return told + [Started(seen.check) for seen in run.outcomes[count : count + 6]]


def board_after(events: Iterable[Event], now: Iterable[float] = ()) -> Board:
    clock = iter(now)
    board = Board(now=lambda: next(clock, 10.0))
    for event in events:
        board.take(event)
    return board


def drawn(board: Board, width: int, height: int = 24, *, ascii_only: bool = False) -> list[str]:
    console = Console(file=StringIO(), width=width, height=height, record=True)
    console.print(screen.View(board, Options(ascii=ascii_only)))
    return console.export_text().splitlines()


@pytest.mark.parametrize("width", [20, 40, 80, 200])
@pytest.mark.parametrize("height", [1, 5, 12, 24, 60])
@pytest.mark.parametrize("share", [0.0, 0.6, 1.0])
def test_the_screen_keeps_within_the_terminal(width: int, height: int, share: float) -> None:
    for build in (samples.three_forests, samples.dead_host_and_dns, samples.many_controllers):
        lines = drawn(board_after(events_of(build(), share)), width, height)
        assert all(cell_len(line) <= width for line in lines)
        assert len(lines) <= max(height, 2)


def test_at_80_columns_it_shows_every_check_as_it_stands() -> None:
    lines = drawn(board_after(events_of(samples.three_forests(), 0.7)), 80)
    page = "\n".join(lines)
    assert "alpha.test  ✔ 32" in page
    assert "bravo.test  ✔ 10  ✖ 2  4 to come" in page
    assert "bdc1  10.77.2.10  ✔✔  ✔✖" in page
    assert "○" in page
    assert "·" in page
    assert "44/64  2 failed" in lines[-1]


def test_where_not_all_controllers_fit_those_in_trouble_are_shown() -> None:
    lines = drawn(board_after(events_of(samples.many_controllers())), 80, 12)
    page = "\n".join(lines)
    assert "dc7 " in page
    assert "dc42 " in page
    assert "more controllers" in page


def test_where_not_all_forests_fit_those_in_trouble_are_shown() -> None:
    subjects = [check(forest=f"f{n}.test", host=f"dc.f{n}.test") for n in range(40)]
    told = [Landed(outcome(s, State.FILTERED if s.forest == "f33.test" else State.OK)) for s in subjects]
    lines = drawn(board_after([Planned(tuple(subjects)), *told]), 80, 12)
    assert any(line.startswith("f33.test  ✖ 1") for line in lines)
    assert any("more forests" in line for line in lines)


def test_in_ascii_the_screen_is_ascii() -> None:
    lines = drawn(board_after(events_of(samples.three_forests(), 0.7)), 80, ascii_only=True)
    assert "\n".join(lines).isascii()


def test_counts_follow_the_checks_through_a_second_look_without_counting_any_twice() -> None:
    subject = check("kpasswd/udp")
    first = outcome(subject, State.FILTERED)
    board = board_after([Planned((subject, check("ldap/tcp"))), Started(subject), Landed(first)])
    assert (board.planned, board.landed, board.running, board.failed) == (2, 1, 0, 1)
    board.take(Started(subject))
    assert (board.planned, board.landed, board.running, board.failed) == (2, 1, 0, 1)
    board.take(Landed(outcome(subject, State.OK)))
    assert (board.planned, board.landed, board.running, board.failed) == (2, 1, 0, 0)


def test_a_port_that_becomes_known_stays_the_same_check() -> None:
    planned = check("rpc-netlogon/tcp")
    found = outcome(replace(planned, port=49668))
    board = board_after([Planned((planned,)), Started(planned), Landed(found)])
    assert (board.planned, board.landed, board.running) == (1, 1, 0)


def test_the_time_left_is_told_once_it_can_be_known() -> None:
    subjects = tuple(check(f"tcp/{n}", transport="tcp", port=n) for n in range(1, 101))
    board = board_after([Planned(subjects)], now=[100.0, 104.0])
    assert board.left() is None
    for subject in subjects[:20]:
        board.take(Started(subject))
        board.take(Landed(outcome(subject)))
    assert board.left() == pytest.approx(4.0 * 80 / 20)


def test_when_only_answers_are_outstanding_it_says_how_many() -> None:
    board = board_after(events_of(samples.three_forests(), 0.91))
    assert drawn(board, 80)[-1].endswith("waiting for 6 answers")


def test_a_phase_and_the_end_are_told_in_the_bar() -> None:
    board = board_after([*events_of(samples.three_forests()), Phase("second look: 3 of 12")])
    assert drawn(board, 80)[-1].endswith("second look: 3 of 12")
    assert "asking DNS" in drawn(board_after([]), 80)[-1]
    assert "done in" in drawn(board_after([*events_of(samples.three_forests()), Finished()]), 80)[-1]


def test_ten_thousand_checks_are_counted_and_shown() -> None:
    subjects = [
        check(f"tcp/{port}", f"dc{host}.alpha.test", service="tcp", transport="tcp", port=port)
        for host in range(1, 501)
        for port in range(1, 21)
    ]
    board = board_after([ForestFound("alpha.test", (controller(),)), Planned(tuple(subjects))])
    for subject in subjects:
        board.take(Started(subject))
        board.take(Landed(outcome(subject)))
    assert (board.planned, board.landed, board.running) == (10_000, 10_000, 0)
    assert "10000/10000" in drawn(board, 80)[-1]


def terminal(width: int = 80, *, no_color: bool = False) -> Console:
    return Console(
        file=StringIO(), width=width, height=24, force_terminal=True, color_system="standard", no_color=no_color
    )


def test_the_screen_goes_when_the_run_ends_and_stays_when_it_shall() -> None:
    for keep in (False, True):
        console = terminal()
        with screen.screen(console, Options(), keep=keep) as notify:
            for event in events_of(samples.three_forests()):
                notify(event)
        text = console.file.getvalue()
        assert "bravo.test" in text  # the last state is drawn, however fast the run was
        assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")  # the cursor is back
        erased_after = text.rindex("\x1b[2K") > text.rindex("bravo.test")
        assert erased_after is not keep


def interrupted_on(console: Console) -> None:
    with screen.screen(console, Options()) as notify:
        notify(Phase("on the way"))
        raise KeyboardInterrupt


def test_the_screen_ends_well_when_the_run_does_not() -> None:
    console = terminal()
    with pytest.raises(KeyboardInterrupt):
        interrupted_on(console)
    assert console.file.getvalue().rindex("\x1b[?25h") > console.file.getvalue().rindex("\x1b[?25l")


def test_the_words_beside_the_bar_are_not_coloured_with_it() -> None:
    console = terminal()
    console.print(screen.View(board_after(events_of(samples.three_forests(), 0.7)), Options()))
    text = console.file.getvalue()
    assert "\x1b[0m  44/64  \x1b[1;31m" in text or "\x1b[0m  44/64\x1b[1;31m  2 failed\x1b[0m" in text


def test_without_colour_the_screen_still_moves_but_does_not_colour() -> None:
    console = terminal(no_color=True)
    with screen.screen(console, Options()) as notify:
        for event in events_of(samples.three_forests()):
            notify(event)
    text = console.file.getvalue()
    assert not any(f"\x1b[{code}m" in text for code in ("31", "32", "33", "1;31", "1;33", "36", "35"))
