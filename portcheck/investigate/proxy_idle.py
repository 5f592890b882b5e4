"""How long may a tunnel through a proxy be quiet? One per proxy is held open without a word, and then asked again.

Microsoft's cloud may take five minutes to answer an export of Entra Connect: the proxy has to wait for longer. A tunnel
that ends early was ended by the proxy, or by the endpoint behind it: through a proxy the two look alike.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import replace

from portcheck.asking.knowledge import HostState
from portcheck.model import Facts, Outcome, Trace
from portcheck.model.target import Route
from portcheck.net import http
from portcheck.net.errors import NetError
from portcheck.net.network import Net
from portcheck.net.proxy import Reach
from portcheck.net.stream import Stream
from portcheck.net.timeouts import Timeouts
from portcheck.net.tls import contexts

CONNECT_S, ANSWER_S = 4.0, 10.0


async def hold(
    working: Sequence[tuple[HostState, Outcome]], quiet_s: float, source_ip: str | None
) -> list[tuple[HostState, Outcome]]:
    """The first of each proxy, with what the quiet showed; what does not answer anew proves nothing."""
    per_proxy = {host.route.proxy: (host, outcome) for host, outcome in reversed(working)}
    held = await asyncio.gather(*(_hold(host.route, o, quiet_s, source_ip) for host, o in per_proxy.values()))
    return [(host, better) for (host, _), better in zip(per_proxy.values(), held, strict=True) if better is not None]


async def _hold(route: Route, outcome: Outcome, quiet_s: float, source_ip: str | None) -> Outcome | None:
    check = outcome.check
    patience = Timeouts(CONNECT_S, quiet_s + ANSWER_S, attempts=2)
    way = Reach(check.host, route, Net("", patience, source_ip=source_ip))
    assert check.port is not None
    try:
        with await way.tcp(check.port) as stream:
            await contexts.handshake(stream, contexts.reaching(), check.host)
            told, words = await _quiet(stream, check.host, quiet_s)
    except NetError:
        return None
    step = Trace(outcome.elapsed_ms, "idle", words)
    return replace(outcome, facts=outcome.facts | told, evidence=(*outcome.evidence, step))


async def _quiet(stream: Stream, host: str, quiet_s: float) -> tuple[Facts, str]:
    began = asyncio.get_running_loop().time()

    def lost(end: str) -> tuple[Facts, str]:
        after = round(asyncio.get_running_loop().time() - began, 1)
        return {"tunnel_lost_s": after, "tunnel_end": end}, f"the tunnel was {end} after {after:.1f} s without a word"

    ended = await _ended(stream.receive(), quiet_s)
    if ended is not None:
        return lost(ended)
    try:
        answer = await http.ask(stream, "GET", "/", host)
    except NetError as fault:
        return lost(str(fault.state))
    return {"tunnel_held_s": quiet_s}, f"after {quiet_s:.1f} s without a word: HTTP {answer.status}"


async def _ended(reading: Awaitable[bytes], quiet_s: float) -> str | None:
    """How the other side ended it meanwhile; None where it kept quiet as well."""
    try:
        async with asyncio.timeout(quiet_s):
            await reading
    except TimeoutError:
        return None
    except NetError as fault:
        return str(fault.state)
    return "closed"
