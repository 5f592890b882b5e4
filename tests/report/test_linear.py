"""Twice the checks are twice the work, whatever is done with a report. Counted in calls, not in time."""

from __future__ import annotations

import cProfile
import pstats
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from io import BytesIO

import pytest
from factories import check, controller, finding, outcome, report

from portcheck.asking.knowledge import HostState
from portcheck.asking.ledger import Ledger
from portcheck.history import runs
from portcheck.history.database import TABLES
from portcheck.model import Outcome, Report, State
from portcheck.model.events import ForestFound, Landed, Planned, Started
from portcheck.model.target import Target
from portcheck.render import FORMATS, IN_PIECES
from portcheck.render.live.board import Board
from portcheck.render.shared.options import Options
from portcheck.report import by_line, to_json
from portcheck.report.compare import compare

HOSTS = 60
FEW = 4 * HOSTS  # calls that are no sign of anything
MORE = 2.4  # times the calls of half as many hosts
SERVICES = ("ldap/tcp", "kpasswd/udp", "rpc-samr/tcp")


def run_of(hosts: int) -> Report:
    """Every third host is silent, and has a finding of its own."""
    names = [f"dc{n}.alpha.test" for n in range(hosts)]
    seen = [
        outcome(check(service, host, address=address(n)), State.OK if n % 3 else State.FILTERED)
        for n, host in enumerate(names)
        for service in SERVICES
    ]
    found = [finding(hosts=(host,), checks=(f"alpha.test/{host}",)) for host in names[::3]]
    return report(*seen, findings=tuple(found))


def address(number: int) -> str:
    return f"10.77.{number // 250}.{number % 250}"


def others(run: Report) -> Report:
    """The same hosts in another state, with findings of other hosts."""
    return replace(
        run,
        outcomes=tuple(replace(o, state=State.MUTE) for o in run.outcomes),
        findings=tuple(replace(f, hosts=(f"x{f.hosts[0]}",)) for f in run.findings),
    )


def read_again(run: Report) -> None:
    by_line.maybe(BytesIO("".join(to_json.pieces(run)).encode()))


def kept(run: Report) -> None:
    database = sqlite3.connect(":memory:", isolation_level=None)
    database.executescript(TABLES)
    for one in (run, others(run)):
        runs.keep(database, one, "plan", "label", 10, 10)
    database.close()


def shown(run: Report) -> None:
    board = Board()
    for n, each in enumerate(run.outcomes):
        board.take(ForestFound("alpha.test", (controller(each.check.host, address(n)),)))
        for event in (Planned((each.check,)), Started(each.check), Landed(each)):
            board.take(event)


def settled(run: Report) -> None:
    ledger = Ledger(lambda _: None)
    for host, seen in by_host(run.outcomes).items():
        state = HostState(Target(host, seen[0].check.address, "srv"))
        ledger.plan(ledger.own(state, tuple(o.check for o in seen)))
        for each in seen:
            ledger.land(state, each)
            ledger.of(state)
    ledger.settled()


def by_host(outcomes: Iterable[Outcome]) -> Mapping[str, list[Outcome]]:
    found: dict[str, list[Outcome]] = {}
    for each in outcomes:
        found.setdefault(each.check.host, []).append(each)
    return found


def rendered(name: str) -> Callable[[Report], object]:
    return lambda run: FORMATS[name](run, Options())


def calls(do: Callable[[Report], object], run: Report) -> Mapping[tuple[str, int, str], int]:
    counting = cProfile.Profile()
    counting.enable()
    do(run)
    counting.disable()
    rows: Mapping[tuple[str, int, str], tuple[int, ...]] = pstats.Stats(counting).stats  # type: ignore[attr-defined]
    return {where: row[1] for where, row in rows.items()}


WORK: Mapping[str, Callable[[Report], object]] = {
    "compared": lambda run: compare(run, others(run)),
    "read again": read_again,
    "kept": kept,
    "on the board": shown,
    "in the ledger": settled,
    **{name: rendered(name) for name in FORMATS},
}


@pytest.mark.parametrize("name", [*WORK])
def test_twice_the_hosts_are_twice_the_work(name: str) -> None:
    do = WORK[name]
    do(run_of(3))  # what is loaded late is loaded
    half, whole = calls(do, run_of(HOSTS)), calls(do, run_of(2 * HOSTS))
    grown = {where: (half.get(where, 0), count) for where, count in whole.items() if count > FEW}
    assert {where: row for where, row in grown.items() if row[1] > MORE * row[0]} == {}


@pytest.mark.parametrize("name", [*IN_PIECES])
def test_what_comes_in_pieces_is_the_whole_and_no_piece_is_more_than_a_check(name: str) -> None:
    run = run_of(HOSTS)
    pieces = list(IN_PIECES[name](run, Options()))
    assert "".join(pieces) == FORMATS[name](run, Options())
    longest = max(len(piece) for piece in pieces)
    more = [*IN_PIECES[name](replace(run, outcomes=run.outcomes * 4), Options())]
    assert max(len(piece) for piece in more) <= longest + 40  # the sums have more digits
