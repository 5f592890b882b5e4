"""Which runs are of one plan: what they ask decides, and nothing that only says how."""

from __future__ import annotations

from dataclasses import replace

import pytest

from portcheck.catalogue.profiles import built_in
from portcheck.config import ForestSpec, Settings, SystemSpec
from portcheck.history.plans import fingerprint, label
from portcheck.run.runner import Order

ALPHA, BRAVO = ForestSpec("alpha.test"), ForestSpec("bravo.test")
SQL = SystemSpec("sql", "sql1.alpha.test")
MIM, GRAPH, EXCHANGE = (built_in()[name] for name in ("mim", "graph", "exchange-online"))
ORDERS = {
    "alpha": Order(((ALPHA, (MIM,)),)),
    "bravo": Order(((BRAVO, (MIM,)),)),
    "alpha and its SQL Server": Order(((replace(ALPHA, systems=(SQL,)), (MIM,)),)),
    "alpha and another": Order(((replace(ALPHA, systems=(replace(SQL, host="sql2.alpha.test"),)), (MIM,)),)),
    "alpha and one as another": Order(((replace(ALPHA, systems=(replace(SQL, role="mim"),)), (MIM,)),)),
    "graph": Order((), machine=(GRAPH,)),
    "exchange": Order((), machine=(EXCHANGE,)),
    "both": Order((), machine=(GRAPH, EXCHANGE)),
    "alpha and graph": Order(((ALPHA, (MIM,)),), machine=(GRAPH,)),
}


def test_each_plan_has_a_fingerprint_and_a_label_of_its_own() -> None:
    assert len({fingerprint(order) for order in ORDERS.values()}) == len(ORDERS)
    assert len({label(order) for order in ORDERS.values()}) == len(ORDERS)


@pytest.mark.parametrize("name", ORDERS)
def test_how_it_is_asked_is_no_part_of_the_plan(name: str) -> None:
    order = ORDERS[name]
    assert fingerprint(replace(order, settings=Settings(timeout_s=9.0), machine=order.machine[::-1])) == fingerprint(
        order
    )


def test_a_plan_without_machines_is_the_one_that_older_versions_kept() -> None:
    """Else every history would begin anew."""
    assert fingerprint(ORDERS["alpha"]) == "e69ee2d4e9bf8e84"


def test_a_label_says_what_is_asked() -> None:
    assert label(ORDERS["graph"]) == "cloud (graph)"
    assert label(ORDERS["alpha and its SQL Server"]) == "alpha.test (mim), with sql=sql1.alpha.test"
