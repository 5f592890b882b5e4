"""A command line that is shown can be typed: into a Unix shell, into cmd, into PowerShell."""

from __future__ import annotations

import shlex

import pytest

from portcheck.model.typed import typed

WINDOWS = {
    r"C:\run.json": r"C:\run.json",
    r"C:\My Reports\run.json": r'"C:\My Reports\run.json"',
    r"C:\R&D\run.json": r'"C:\R&D\run.json"',
    "C:\\My Reports\\": '"C:\\My Reports\\\\"',
    "kpasswd,ldap": '"kpasswd,ldap"',
    "@targets.txt": '"@targets.txt"',
    'a "word"': r'"a \"word\""',
    "": '""',
    "förests.toml": "förests.toml",
}


@pytest.mark.parametrize(("word", "shown"), WINDOWS.items())
def test_on_windows_double_quotes_keep_a_word_together(word: str, shown: str) -> None:
    assert typed(["portcheck", "report", word], "nt") == f"portcheck report {shown}"


@pytest.mark.parametrize("word", WINDOWS)
def test_elsewhere_it_is_what_a_shell_takes_apart_again(word: str) -> None:
    assert shlex.split(typed(["portcheck", "report", word], "posix")) == ["portcheck", "report", word]
