"""What was seen of a check, in a line: the facts that spoil an answer have words of their own, not keys."""

from __future__ import annotations

import pytest
from factories import check, outcome

from portcheck.model import State
from portcheck.render.shared.words import SPOILS, faults_told, seen


@pytest.mark.parametrize("key", SPOILS)
def test_a_fact_that_spoils_an_answer_is_told_in_words(key: str) -> None:
    harmless, _ = SPOILS[key]
    spoilt = outcome(check("ldap/tcp"), State.OK, facts={key: "expired" if harmless == "" else not harmless})
    assert list(faults_told(spoilt))
    assert f"{key}:" not in seen(spoilt)
    assert not list(faults_told(outcome(check("ldap/tcp"), State.OK, facts={key: harmless})))
