"""What a run has time for while it waits."""

from __future__ import annotations

import subprocess
import sys

RULES = "portcheck.diagnose.diagnosing"
LOADED = f"""
import asyncio, sys
from portcheck.run import runner

async def wait():
    print({RULES!r} in sys.modules)
    runner._load_diagnosis()
    await asyncio.get_running_loop().shutdown_default_executor()
    print({RULES!r} in sys.modules)

asyncio.run(wait())
"""


def test_the_rules_that_will_explain_it_are_loaded_meanwhile_and_not_before() -> None:
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
