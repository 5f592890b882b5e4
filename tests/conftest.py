"""What every test may use: the recorded answers of real servers, kept beside the project, not in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

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


@pytest.fixture(scope="session", autouse=True)
def _own_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test writes into the developer's own history."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PORTCHECK_STATE_DIR", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture
def recordings() -> Callable[[str], list[Recording]]:
    """`recordings("kerberos")` gives them all; the test is skipped where the folder is absent."""
    if not RECORDINGS.is_dir():
        pytest.skip("the recordings of real servers (../shared/recordings) are not on this machine")
    return load
