"""A firewall change request as text: one file = one format, imported only when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING

from portcheck.render import late

if TYPE_CHECKING:
    from portcheck.request.flow import Ticket

Renderer = Callable[["Ticket"], str | bytes]
OWN = ("text", "markdown", "html", "xlsx", "csv", "json", "nftables", "powershell", "azure-nsg")
THROUGH_AERLEON = (
    "cisco", "ciscoasa", "cisconx", "ciscoxr", "arista", "juniper", "srx", "paloalto",
)  # fmt: skip


def _through_aerleon(name: str) -> Renderer:
    def render(ticket: Ticket) -> str:
        made: str = import_module("portcheck.render.request.through_aerleon").render(ticket, name)
        return made

    return render


FORMATS: Mapping[str, Renderer] = {
    **{name: late(f"portcheck.render.request.{name.replace('-', '_')}") for name in OWN},
    **{name: _through_aerleon(name) for name in THROUGH_AERLEON},
}
"""`--format` of `portcheck request`."""


def spoken(ticket: Ticket) -> str:
    """`text` for who hears it."""
    from portcheck.render.request import text

    return text.spoken(ticket)
