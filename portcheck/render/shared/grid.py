"""The cells of one forest: a row per controller and address, a column per service, a cell per transport."""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum

from portcheck.frozen import dataclass
from portcheck.model import GOOD, Check, Expected, Outcome, State, Verdict


class Pending(StrEnum):
    """A check that has not landed."""

    WAITING = "waiting"
    RUNNING = "running"


Cell = Verdict | Pending

WORST_FIRST: tuple[Cell, ...] = (
    Verdict.FAIL,
    Verdict.UNKNOWN,
    Verdict.WARN,
    Pending.RUNNING,
    Pending.WAITING,
    Verdict.PASS,
    Verdict.SKIP,
)
RANK = {cell: rank for rank, cell in enumerate(WORST_FIRST)}

RowKey = tuple[str, str | None]  # host, address
Slot = tuple[str, str]  # column, name of the check

EXTRA = frozenset({"tcp", "udp"})
EXTRA_PORT = "port "
ORDER = (
    *("dns", "kerberos", "time", "rpc", "rpc-*", "ldap", "ldap-ping", "ldaps", "gc", "gc-tls", "smb", "kpasswd"),
    *("adws", "netbios-ns", "netbios-ssn", "winrm", "mim-service", "mim-sts", "https", "kdc-proxy", "mssql"),
)
PLACES = {name: place for place, name in enumerate(ORDER)}


@dataclass(slots=True)
class Column:
    key: str
    ports: set[int | None] = field(default_factory=set)
    names: dict[str, None] = field(default_factory=dict)  # an ordered set

    @property
    def slots(self) -> list[str]:
        """Transports of one service tcp first, dynamic RPC interfaces as planned."""
        return sorted(self.names, key=lambda name: name.endswith("/udp"))


@dataclass(slots=True)
class GridRow:
    cells: dict[Slot, dict[int | None, Cell]] = field(default_factory=dict)
    tally: dict[Cell, int] = field(default_factory=dict)

    def worst(self, slot: Slot) -> Cell | None:
        ports = self.cells.get(slot)
        return min(ports.values(), key=RANK.__getitem__) if ports else None

    def count(self, *cells: Cell) -> int:
        return sum(self.tally.get(cell, 0) for cell in cells)

    @property
    def trouble(self) -> tuple[int, int, int]:
        """Sorts rows: most failed first, then most warnings, then most waited for."""
        return (
            -self.count(Verdict.FAIL, Verdict.UNKNOWN),
            -self.count(Verdict.WARN),
            -self.count(Pending.RUNNING, Pending.WAITING),
        )


@dataclass(slots=True)
class Grid:
    forest: str
    columns: dict[str, Column] = field(default_factory=dict)
    rows: dict[RowKey, GridRow] = field(default_factory=dict)
    tally: dict[Cell, int] = field(default_factory=dict)  # of all rows

    def count(self, *cells: Cell) -> int:
        return sum(self.tally.get(cell, 0) for cell in cells)

    def row(self, host: str, address: str | None) -> GridRow:
        return self.rows.setdefault((host, address), GridRow())

    def get(self, check: Check) -> Cell | None:
        row = self.rows.get((check.host, check.address))
        ports = {} if row is None else row.cells.get((column_key(check), check.name), {})
        return ports.get(check.port, ports.get(None))

    def put(self, check: Check, cell: Cell) -> Cell | None:
        """Set a check's cell, in constant time; returns what stood there. A dynamic port takes its unknown's place."""
        key = column_key(check)
        column = self.columns.setdefault(key, Column(key))
        column.names[check.name] = None
        column.ports.add(check.port)
        row = self.row(check.host, check.address)
        ports = row.cells.setdefault((key, check.name), {})
        before = ports.pop(check.port, None) or ports.pop(None, None)
        ports[check.port] = cell
        for tally in (row.tally, self.tally):
            if before is not None:
                tally[before] -= 1
            tally[cell] = tally.get(cell, 0) + 1
        return before

    def ordered_columns(self) -> list[Column]:
        return sorted(self.columns.values(), key=lambda column: PLACES.get(column.key, len(PLACES)))


def column_key(check: Check) -> str:
    """Extra ports have a column each, the interfaces behind the RPC mapper share one."""
    if check.service in EXTRA:
        return f"{EXTRA_PORT}{check.port or 'dyn'}"
    return "rpc-*" if check.service.startswith("rpc-") else check.service


def cell_of(outcome: Outcome) -> Cell:
    """The verdict; until an outcome is judged, what its state usually means."""
    if outcome.verdict is not Verdict.UNKNOWN or outcome.state is State.ERROR:
        return outcome.verdict
    if outcome.state is State.SKIPPED:
        return Verdict.SKIP
    if outcome.check.expected is Expected.CLOSED:
        return Verdict.UNKNOWN
    if outcome.state in GOOD:
        return Verdict.PASS
    return Verdict.FAIL if outcome.check.required else Verdict.WARN


def filled(forest: str, outcomes: tuple[Outcome, ...]) -> Grid:
    grid = Grid(forest)
    for outcome in outcomes:
        grid.put(outcome.check, cell_of(outcome))
    return grid
