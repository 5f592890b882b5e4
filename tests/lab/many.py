"""Many domain controllers behind one path: further addresses of one of the lab, each under a name of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from tests.lab.domain_controller import DomainController
from tests.lab.rules import chain

FIRST = 20
"""The last number of the first further address."""
DESTINATION_NAT = -100


@contextmanager
def many_controllers(dc: DomainController, count: int) -> Iterator[list[Mapping[str, str]]]:
    """`count` controllers as a forests file lists them: this one, and further addresses at which it answers too.

    Samba listens where it began to; the machine itself leads what comes for the others to it.
    """
    further = [f"10.77.{dc.site.subnet}.{FIRST + number}" for number in range(count - 1)]
    rows = [{"host": dc.host, "address": dc.address}]
    rows += [{"host": f"bdc{FIRST + n}.{dc.domain}", "address": address} for n, address in enumerate(further)]
    with ExitStack() as undo:
        for address in further:
            dc.node.ip("addr", "add", f"{address}/24", "dev", "eth0")
            undo.callback(dc.node.ip, "addr", "del", f"{address}/24", "dev", "eth0")
        lines = [f"ip daddr {{ {', '.join(further)} }} dnat ip to {dc.address}"] if further else []
        undo.enter_context(chain(dc.node, "prerouting", *lines, priority=DESTINATION_NAT, kind="nat"))
        yield rows
