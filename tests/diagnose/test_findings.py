"""Every finding of every case, word for word: severity, title, evidence, what breaks, what to do."""

from __future__ import annotations

import pytest
from diagnose.scenarios import cases

from tests.diagnose.findings import COMMAND, kept, told

CASES, KEPT = cases(), kept()
REMAKE = f"If this is meant, `{COMMAND}` writes it anew: read every line that changes."


def test_every_case_has_its_findings_kept_and_nothing_else_is() -> None:
    assert list(KEPT) == list(CASES), REMAKE


@pytest.mark.parametrize("title", CASES)
def test_the_findings_are_word_for_word_what_was_read(title: str) -> None:
    assert told(CASES[title]) == KEPT.get(title), REMAKE
