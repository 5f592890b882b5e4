"""What every test may use (the recorded answers of real servers, kept beside the project), and no test depends on."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from spreading import spread

from portcheck.exitcodes import SIGNALS
from portcheck.net.lag import ListeningLoop

LOUD = re.compile(
    r"PYTHON.*|PORTCHECK_.*|(NO|FORCE|PY|CLI)_?COLOR.*|COLUMNS|LINES|TTY_.*|GITHUB_ACTIONS"  # rich and typer read them
    r"|(HTTPS?|ALL|NO)_PROXY|SSL_CERT_(FILE|DIR)",
    re.IGNORECASE,
)
"""What a developer's environment says that changes what is seen; a test that is about one of them sets it itself."""
RECORDINGS = Path(__file__).parents[2] / "shared" / "recordings"


@dataclass(frozen=True, slots=True)
class Recording:
    """One answer of a real server: `expected` is what an independent dissector read in it."""

    name: str
    transport: str
    request: bytes | None  # None: it held a secret and was left out
    response: bytes
    expected: dict


def load(kind: str) -> list[Recording]:
    found = []
    for path in sorted((RECORDINGS / kind).glob("*.json")):
        raw = json.loads(path.read_text(encoding="utf-8"))
        request = bytes.fromhex(raw["request_hex"]) if raw["request_hex"] else None
        response = bytes.fromhex(raw["response_hex"])
        found.append(Recording(path.stem, raw["transport"], request, response, raw["expected"]))
    assert found, f"no recordings of kind {kind}"
    return found


def pytest_configure() -> None:
    """Before any test is loaded, in each of xdist's processes too: the surroundings are the same everywhere."""
    for name in [name for name in os.environ if LOUD.fullmatch(name)]:
        del os.environ[name]
    os.environ["TZ"] = "UTC"  # what is told in local times
    os.environ["WT_SESSION"] = "tests"  # Windows Terminal, whose font has every mark
    if hasattr(time, "tzset"):
        time.tzset()
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # begun in the background of a shell: tests send it
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:  # begun by nohup
        signal.signal(signal.SIGHUP, lambda *_: None)  # what we start is told of it, and we go on
    # How fast a busy machine makes up its examples says nothing about what is tested.
    settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("any machine")


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop in which checks are asked: its clock stands still while a busy machine keeps it from listening."""
    return {"listening": ListeningLoop}


@pytest.hookimpl(trylast=True)  # once it is known which of them run
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A lab test mostly waits for packets that do not come: let each of xdist's processes have some of them.

    There, where all tests and six labs share a machine, one that fails is asked once more; the closing lines name it.
    """
    if hasattr(config, "workerinput"):
        for item in items:
            if item.get_closest_marker("flaky") is None:
                item.add_marker(pytest.mark.flaky(reruns=1))
        items[:] = spread(items, lambda item: item.path, lambda item: item.get_closest_marker("lab") is not None)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A test that passed at its second attempt only is named, with what it said at the first."""
    again = terminalreporter.stats.get("rerun", [])
    if again:
        terminalreporter.section("run again")
    for report in again:
        crash = getattr(report.longrepr, "reprcrash", None)
        terminalreporter.line(f"{report.nodeid}: {crash.message if crash else report.longreprtext}".splitlines()[0])


@pytest.fixture(scope="session", autouse=True)
def _own_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test writes into the developer's own history."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PORTCHECK_STATE_DIR", str(tmp_path_factory.mktemp("state")))
        yield


ENDED_BY = [getattr(signal, name) for name in SIGNALS if hasattr(signal, name)]


def _blocked() -> set[int]:
    return set(signal.pthread_sigmask(signal.SIG_BLOCK, ())) if hasattr(signal, "pthread_sigmask") else set()


@pytest.fixture(autouse=True)
def _signals_stay() -> Iterator[None]:
    """No test leaves this process, and so the programs that later tests start, deaf to what ends a program."""
    handlers, blocked = {number: signal.getsignal(number) for number in ENDED_BY}, _blocked()
    yield
    left = {number: signal.getsignal(number) for number in ENDED_BY}, _blocked()
    for number, handler in handlers.items():
        signal.signal(number, handler)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    assert left == (handlers, blocked)


@pytest.fixture
def recordings() -> Callable[[str], list[Recording]]:
    """`recordings("kerberos")` gives them all; the test is skipped where the folder is absent."""
    if not RECORDINGS.is_dir():
        pytest.skip("the recordings of real servers (../shared/recordings) are not on this machine")
    return load
