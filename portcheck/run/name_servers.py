"""This machine's own list of name servers: who refuses, whom programs never ask, whom a forwarder here can reach."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from portcheck.model import Facts, Lookup
from portcheck.net.dns import Names, NoResolverError, asked_and_passed_over, system_servers
from portcheck.net.platform.machine import is_loopback, source_address
from portcheck.net.refusal import refusal

FAMILIES = {"A": "IPv4", "AAAA": "IPv6"}
FAR = {"A": "192.0.2.1", "AAAA": "2001:db8::1"}
"""Of documentation (RFC 5737, RFC 3849): only a default route leads there. Nothing is sent."""


async def refusing(lookups: Iterable[Lookup], views: Sequence[Names]) -> Facts:
    """Those of the views that answered no question in time: do they refuse one?"""
    told = [lookup for lookup in lookups if lookup.record == "SRV"]
    servers: dict[tuple[str, int], tuple[str, str, str | None]] = {}
    for view in views:
        asked = [lookup for lookup in told if lookup.server == view.label]
        own = tuple(view.servers) or _of_the_system()
        if asked and len(own) == 1 and all(lookup.status == "timeout" for lookup in asked):
            servers[own[0]] = view.label, asked[0].name, view.source_ip
    found = await asyncio.gather(*(refusal(server, name, source) for server, (_, name, source) in servers.items()))
    rows: list[dict[str, object]] = [
        {"server": label, "by": said.by}
        for (label, _, _), said in zip(servers.values(), found, strict=True)
        if said is not None
    ]
    return {"name_servers_refusing": rows} if rows else {}


def unasked(names: Names) -> Facts:
    """Where the run goes by the system's list: those of its servers that programs here never ask."""
    asked, beyond = ([], []) if names.servers else asked_and_passed_over()
    return {"name_servers_passed_over": {"asked": asked, "passed_over": beyond}} if beyond else {}


def confined(lookups: Iterable[Lookup], names: Names, families: Sequence[str]) -> Facts:
    """Where the system's resolver is on this machine and got no answer: has this machine a way to anybody beyond?"""
    own = () if names.servers else _of_the_system()
    lacking = [x for x in lookups if x.required and x.record == "SRV" and x.server == names.label]
    if not own or not lacking or not all(is_loopback(host) for host, _ in own):
        return {}
    if any(lookup.status in {"ok", "nxdomain", "nodata"} for lookup in lacking):
        return {}
    without = [FAMILIES[record] for record in families if source_address(FAR[record]) is None]
    needed = "IPv4" if "A" in families else "IPv6"  # few have the other one to everywhere
    return {"no_default_route": without} if needed in without else {}


def _of_the_system() -> tuple[tuple[str, int], ...]:
    try:
        return system_servers()
    except NoResolverError:
        return ()
