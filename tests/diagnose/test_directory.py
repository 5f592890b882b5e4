"""What a sign-in told of the forest, in words; and any facts at all, as a saved run may hold them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from portcheck.diagnose.directory import directory

KEYS = ("forest_level", "schema_version", "sites", "site_by_subnet", "role_holders")
odd = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def test_a_forest_in_words() -> None:
    facts = {
        "forest_level": 7,
        "schema_version": 88,
        "sites": ["Branch", "Head-Office"],
        "site_by_subnet": {"10.77.0.10": "Branch"},
        "role_holders": {
            "pdc": {"host": "dc1.alpha.test", "reachable": True},
            "rid": {"host": "dc1.alpha.test", "reachable": True},
            "schema": {"host": "dc2.alpha.test", "reachable": False},
            "naming": {"host": "dc3.alpha.test", "reachable": None},
        },
    }
    assert directory(facts) == (
        "Forest level 7, schema version 88; 2 sites, this machine's subnet is in Branch; role holders: dc1.alpha.test"
        " (pdc, rid), dc2.alpha.test, not reachable from here, (schema) and dc3.alpha.test, not asked, (naming)"
    )
    assert directory({}) == ""


@given(st.dictionaries(st.sampled_from(KEYS), odd))
def test_any_facts_are_one_line_of_printable_words(facts: dict[str, object]) -> None:
    said = directory(facts)
    assert said.isprintable() or not said
    assert len(said) < 3000
