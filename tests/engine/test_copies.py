"""Processes that will ask, copied from this one before it has a second thread: what they hold, hear and end with."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no process is copied")
GIVE_UP_S = 120


def told(program: str, **more: Any) -> Any:
    """What a fresh Python says in JSON: this one may have threads."""
    argv = [sys.executable, "-c", textwrap.dedent(program)]
    seen = subprocess.run(argv, capture_output=True, text=True, timeout=GIVE_UP_S, check=False, **more)
    assert (seen.returncode, seen.stderr) == (0, "")
    return json.loads(seen.stdout)


def test_a_copy_holds_its_two_pipes_and_nothing_else_of_the_run() -> None:
    """A lock, a database, another copy's pipes or the user's stdout must not live on in it."""
    held = told(
        """
        import json, os, socket
        from portcheck.asking import copies, worker
        lock, beside = open(os.devnull), socket.socket()
        def main():
            fds = [fd for fd in range(100) if os.path.exists(f"/proc/self/fd/{fd}")]
            links = [os.readlink(f"/proc/self/fd/{fd}").partition("[")[0] for fd in fds]
            os.write(1, json.dumps([fds, links]).encode() + b"\\n")
        worker.main = main
        made = copies.made(2)
        print(json.dumps([json.loads(one.out.readline()) for one in made]))
        """
    )
    assert held == [[[0, 1, 2], ["pipe:", "pipe:", "/dev/null"]]] * 2


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_copy_hears_no_signal_and_ends_when_its_stdin_does(name: str) -> None:
    ended = told(
        f"""
        import json, os
        from portcheck.asking import copies
        from portcheck.run.ending import ENDING
        ENDING.begin()
        (one,) = copies.made(1)
        os.kill(one.pid, {int(getattr(signal, name))})
        one.into.close()
        print(json.dumps(os.waitstatus_to_exitcode(os.waitpid(one.pid, 0)[1])))
        """
    )
    assert ended == 0


def test_no_copy_is_made_of_a_process_of_several_threads() -> None:
    count = told(
        """
        import json, threading
        from portcheck.asking import copies
        done = threading.Event()
        beside = threading.Thread(target=done.wait)
        beside.start()
        before = len(copies.made(2))
        done.set()
        beside.join()
        print(json.dumps([before, len(copies.made(2))]))
        """
    )
    assert count == [0, 2]


def test_where_no_more_processes_may_be_there_those_that_are_do() -> None:
    count = told(
        """
        import json, os
        from portcheck.asking import copies
        real, left = os.fork, [1]
        def fork():
            if not left:
                raise BlockingIOError(11, "Resource temporarily unavailable")
            left.pop()
            return real()
        os.fork = fork
        made = copies.made(3)
        print(json.dumps([len(made), len(os.listdir("/proc/self/fd"))]))
        """
    )
    assert count[0] == 1
    assert count[1] == 6  # three streams, two pipes, and the folder that is listed


def test_random_numbers_of_two_copies_differ() -> None:
    """Numbers of questions, local ports and samples: two processes must not choose the same."""
    numbers = told(
        """
        import json, os, random
        from portcheck.asking import copies, worker
        def main():
            os.write(1, f"{random.random()}\\n".encode())
        worker.main = main
        print(json.dumps([one.out.readline().decode() for one in copies.made(2)]))
        """
    )
    assert len(set(numbers)) == 2


@pytest.mark.parametrize(("workers", "copied"), [("2", 2), ("1", 0)])
def test_a_run_of_controllers_of_the_file_is_asked_by_copies(tmp_path: Any, workers: str, copied: int) -> None:
    config = tmp_path / "forests.toml"
    config.write_text('[[forest]]\nname = "a.test"\ndns = ["127.0.0.1:1"]\ndomain_controllers = ["127.0.0.1"]\n')
    made = told(
        f"""
        import json, os, sys
        from portcheck.cli.app import run
        from portcheck.asking import copies
        real, made = copies.made, []
        copies.made = lambda count: made.extend(real(count)) or made
        null, out = os.open(os.devnull, os.O_WRONLY), os.dup(1)
        os.dup2(null, 1)
        code = run(["check", "-c", {str(config)!r}, "--only", "kerberos", "--workers", "{workers}", "--no-history",
                    "--no-trace", "-q"])
        codes = [one.returncode for one in made]
        os.write(out, json.dumps([code, codes]).encode())
        """,
        env={**os.environ, "PORTCHECK_STATE_DIR": str(tmp_path)},
    )
    assert made == [1, [0] * copied]
