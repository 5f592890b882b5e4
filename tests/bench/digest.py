"""`python -m tests.bench.digest [RUNS [CHECKS]]`: `portcheck history --digest 7d` over so many kept runs in a week.

Needs no root and sends nothing. Prints wall and processor time and peak memory. Every tenth run one path turns.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from portcheck.history import runs
from portcheck.history.database import work_here
from portcheck.model import Check, ForestReport, Outcome, Report, State, Vantage, Verdict
from tests.bench import measure

FOREST = "digest.test"
EVERY = 10  # runs: then one path turns


def main() -> int:
    kept, checks = (int(word) for word in (*sys.argv[1:], "10000", "100")[:2])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o700)
        os.environ["PORTCHECK_STATE_DIR"] = name
        work_here(lambda database: fill(database, kept, checks), [], create=True)
        size = sum(file.stat().st_size for file in folder.iterdir()) / 2**20
        say(f"{kept} runs of {checks} checks, {size:.0f} MB")
        command = [sys.executable, "-m", "portcheck", "history", "--digest", "8d"]
        cost = measure.run(command, env=os.environ)
        say(f"exit code {cost.code}, {cost.wall_s:.2f} s wall, {cost.cpu_s:.2f} s CPU, {cost.peak_mb:.0f} MB")
        say("\n".join(cost.stdout.splitlines()[:12]))
    return 0


def fill(database: sqlite3.Connection, kept: int, checks: int) -> None:
    """The first run as a run is kept; the others as rows of the same kind, which is quicker."""
    now = datetime.now(UTC)
    moments = [now - timedelta(days=7) * (kept - number) / kept for number in range(kept)]
    first = report(moments[0], checks)
    blob = runs.packed(first)
    runs.keep(database, first, "plan", FOREST, kept, 90)
    database.execute("BEGIN")
    for number, moment in enumerate(moments[1:], 1):
        at = told(moment)
        database.execute(
            "INSERT INTO run (plan, label, host, started, duration_s, exit_code, complete, checks, passed, findings,"
            " report) VALUES ('plan', ?, 'h', ?, 4.0, 1, 1, ?, ?, '', ?)",
            (FOREST, at, checks, checks, blob),
        )
        if number % EVERY == 0:
            subject = check(number // EVERY % checks)
            down = number // EVERY // checks % 2 == 0
            state, before = (("filtered", "fail"), ("ok", "pass"))[:: 1 if down else -1]
            database.execute(
                "INSERT INTO change (plan, run, at, key, first, id, state, verdict, state_before, verdict_before)"
                " VALUES ('plan', ?, ?, ?, 0, ?, ?, ?, ?, ?)",
                (number + 1, at, subject.key, subject.id, *state, *before),
            )
    database.execute("COMMIT")


def report(moment: datetime, checks: int) -> Report:
    seen = tuple(Outcome(check(number), State.OK, "answered", Verdict.PASS) for number in range(checks))
    return Report(told(moment), 4.0, Vantage("h", "linux"), (ForestReport(FOREST, ("mim",)),), seen)


def told(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def check(number: int) -> Check:
    return Check(FOREST, f"dc{number}.{FOREST}", f"10.0.{number // 250}.{number % 250}", "ldap", "tcp", 389)


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
