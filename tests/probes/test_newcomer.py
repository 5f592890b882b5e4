"""A newcomer adds a probe, in a copy: codec, probe, row and test are all it takes, and what is left out is named."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODEC = '''"""The echo service (RFC 862)."""

from portcheck.wire import WireError


def unpack(data: bytes) -> bytes:
    if not data:
        raise WireError("nothing came back")
    return data
'''
PROBE = '''"""Echo on 7: what is sent comes back."""

from portcheck.model import Check
from portcheck.net.network import Network
from portcheck.probes.exchange import one
from portcheck.probes.probe import Exchange, Probe, Seen, Subject
from portcheck.wire import echo7


async def run(check: Check, net: Network, subject: Subject) -> Seen:
    with await net.tcp(check.known_port) as stream:
        await stream.send(b"portcheck", "echo")
        echo7.unpack(await stream.read_frame(len, "echo"))
    return Seen({}, reason=f"echoed after {subject.settings.timeout_s} s at most")


def exchange(check: Check, subject: Subject) -> Exchange:
    return one("echo", 9)


PROBES = (Probe("echo7", run, exchange),)
'''
ROW = '[echo7]\ntcp = 7\ntitle = "Echo"\npurpose = "nothing"\nrole = "unproven"\n'
TEST = 'from portcheck.wire import echo7\n\nASKED = "echo7"\nassert echo7.unpack(b"sent")\n'
STEPS = {
    "portcheck/wire/echo7.py": CODEC,
    "portcheck/probes/echo7.py": PROBE,
    "tests/probes/test_echo7.py": TEST,
}
ALL_OF_IT = """
from portcheck.catalogue.own_words import own
from portcheck.cli.targets import known_services
from portcheck.diagnose.rules import RULES
from portcheck.model import Check
from portcheck.probes.probe import Subject
from portcheck.probes.registry import exchange

check = Check("a.test", "dc1.a.test", "10.77.1.10", "echo7", "tcp", 7)
assert exchange(check, Subject("dc1.a.test")).questions[0].size == 9
assert "echo7-blocked" in {rule.code for rule in RULES}
assert known_services()["echo7"] == ("tcp",)
assert own("echo7") and own("echo7-blocked")
"""


def copied(to: Path, *left_out: str) -> Path:
    """The package, the tests that a probe concerns, and what the newcomer adds."""
    for part in ("portcheck", "tests/probes"):
        shutil.copytree(ROOT / part, to / part, ignore=shutil.ignore_patterns("__pycache__", "test_newcomer.py"))
    shutil.copy(ROOT / "pyproject.toml", to)
    row = to / "portcheck/catalogue/services.toml"
    row.write_text(f"{row.read_text(encoding='utf-8')}\n{ROW}", encoding="utf-8")
    for name, text in STEPS.items():
        if name not in left_out:
            (to / name).write_text(text, encoding="utf-8")
    return to


def python(where: Path, *words: str) -> subprocess.CompletedProcess[str]:
    own = {**os.environ, "PYTHONPATH": str(where), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run([sys.executable, *words], cwd=where, env=own, capture_output=True, text=True, check=False)


def registry(where: Path) -> str:
    told = python(
        where, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "row or echo7", "tests/probes/test_registry.py"
    )
    return told.stdout + told.stderr


def test_codec_probe_row_and_test_are_all_that_a_probe_takes(tmp_path: Path) -> None:
    where = copied(tmp_path)
    told = python(where, "-c", ALL_OF_IT)
    assert told.returncode == 0, told.stderr
    assert "failed" not in registry(where)


def test_what_is_left_out_is_told_by_its_file(tmp_path: Path) -> None:
    told = registry(copied(tmp_path, "portcheck/probes/echo7.py", "tests/probes/test_echo7.py"))
    assert "portcheck/probes/echo7.py: no file, for echo7" in told
    assert "tests/wire/test_echo7.py: nothing tests portcheck/wire/echo7.py" in told
