"""What is said where a library is missing works from a clone, a wheel and a virtual environment alike."""

from __future__ import annotations

import importlib.util
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from systems import posix_only

from portcheck.model import libraries

AS_A_SHELL = posix_only("commands are taken apart as a POSIX shell does")
ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@AS_A_SHELL
def test_the_command_is_of_the_interpreter_in_use() -> None:
    words = shlex.split(libraries.command_for("aerleon"))
    assert words[1:] == ["-m", "pip", "install", "aerleon"]
    told = subprocess.run([words[0], "-c", "import sys; print(sys.prefix)"], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == sys.prefix


@AS_A_SHELL
def test_an_environment_without_pip_is_named_to_uv(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(sys, "executable", "/opt/my tools/python")
    assert libraries.command_for("apprise") == "uv pip install --python '/opt/my tools/python' apprise"


@AS_A_SHELL
def test_the_portable_zip_s_python_is_filled_by_another_one_s_pip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has no pip, and imports from its own folder alone."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python.exe"))
    assert "--target" not in libraries.command_for("aerleon")
    (tmp_path / "python313._pth").touch()
    words = shlex.split(libraries.command_for("aerleon"))
    assert (words[:4], words[-1]) == (["py", "-m", "pip", "install"], "aerleon")
    assert words[words.index("--target") + 1] == str(ROOT)
    assert words[words.index("--python-version") + 1] == "{}.{}".format(*sys.version_info)


def test_the_libraries_are_those_of_the_extras() -> None:
    extras = {re.split(r"[^\w.-]", one)[0] for extra in PROJECT["optional-dependencies"].values() for one in extra}
    single = {libraries.KERBEROS, libraries.MD4, libraries.FIREWALLS, libraries.NOTICES}
    single |= {libraries.BOARD, libraries.WORKBOOKS}
    assert single | set(libraries.PACKAGES.values()) == extras


def test_no_words_of_the_program_name_the_project_on_the_index() -> None:
    """Under `portcheck` the index has a stranger's program."""
    said = [
        path
        for path in (ROOT / "portcheck").rglob("*.py")
        if re.search(r"portcheck\[|pip install '?portcheck\b", path.read_text("utf-8"))
    ]
    assert said == []
    assert PROJECT["name"] == "portcheck-ad"
