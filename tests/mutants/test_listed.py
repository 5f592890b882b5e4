"""The list of mutants stays true while the code changes: each has its place, and tests that exist."""

from __future__ import annotations

import ast

import pytest

from tests.mutants.listed import ROOT, Mutant, listed

MUTANTS = listed()
FEWEST = 80


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_still_applies(mutant: Mutant) -> None:
    """Where the code has changed: change the mutant in tests/mutants/ too, to what the same fault would be now."""
    source = (ROOT / mutant.file).read_text(encoding="utf-8")
    assert ast.parse(mutant.applied(source))
    assert mutant.new != mutant.old
    assert all((ROOT / path).exists() for path in mutant.tests)
    assert mutant.breaks


def test_the_list_is_long_enough_and_names_each_once() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= FEWEST
