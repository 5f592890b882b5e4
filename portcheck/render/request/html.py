"""The change request as a page that also survives a mail program: tables and styles in place, no script, no fetch."""

from __future__ import annotations

from markupsafe import Markup

from portcheck.render.report.html import environment
from portcheck.render.request import facts, words
from portcheck.request import summary
from portcheck.request.flow import Ticket

IN_PLACE = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""Mail programs heed no style but that of the element itself."""


def render(ticket: Ticket) -> str:
    keys = dict.fromkeys((*words.documents(ticket.flows), *words.pinning_sources(ticket)))
    made: str = (
        environment()
        .get_template("request.html")
        .render(
            policy=IN_PLACE,
            style="",
            script="",
            ticket=ticket,
            summary=summary,
            facts=facts,
            named=lambda address: words.named(address, ticket),
            needs=words.NEEDS,
            nothing=words.nothing(ticket),
            candidate=words.CANDIDATE,
            note=words.STATELESS if ticket.stateless else words.STATEFUL,
            pinning=words.pinning(ticket) if ticket.dynamic else "",
            sources=[(words.document(key), words.where(key)) for key in keys],
            cell=Markup('style="border:1px solid #bbb;padding:4px 8px;text-align:left;vertical-align:top"'),
        )
    )
    return made
