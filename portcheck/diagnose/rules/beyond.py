"""Hosts that are known by their name alone, at the far end of a proxy: nothing of one of them is heard."""

from __future__ import annotations

from collections.abc import Sequence

from portcheck.diagnose.phrases import how, listed, some
from portcheck.diagnose.reader import printable, text
from portcheck.diagnose.remedy import allow
from portcheck.diagnose.rule import Proof, Rule
from portcheck.diagnose.view import NOT_ASKED, ForestFacts, hosts
from portcheck.model import BLOCKED, FAULTY, Outcome

FAR_NAMES = "socks5h"
"""Who looks the name up is the proxy, and what it found is not told."""


def _unheard(f: ForestFacts) -> Proof | None:
    """On two ports or more: one alone cannot tell the host from the port."""
    silent = {host: asked for host in f.by_host if (asked := _asked_there(f, host)) and _nothing_heard(asked)}
    proof = tuple(o for asked in silent.values() for o in asked if o.verdict in FAULTY)
    if not proof:
        return None
    who = listed(dict.fromkeys(text(o, "proxy") or "" for o in proof))
    seen = tuple(f"{printable(host)} answered none of {len(asked)} questions" for host, asked in silent.items())
    good = tuple(o for o in f.answered() if o.check.host not in silent)[:1]
    said = some(dict.fromkeys(how(o) for o in proof))
    words = {"proxy": who, "who": some(map(printable, hosts(proof))), "allow": allow(f, proof)}
    return Proof(proof, good, seen=(some(seen), said), brief=True, words=words)


def looked_up_beyond(f: ForestFacts, host: str) -> bool:
    """Nobody on this side asked for its addresses: that none is known says nothing."""
    return any(o.check.address is None and text(o, "proxy_scheme") == FAR_NAMES for o in f.by_host.get(host, ()))


def _asked_there(f: ForestFacts, host: str) -> list[Outcome]:
    return [o for o in f.by_host[host] if o.state not in NOT_ASKED] if looked_up_beyond(f, host) else []


def _nothing_heard(asked: Sequence[Outcome]) -> bool:
    return all(o.state in BLOCKED for o in asked) and len({o.check.port for o in asked}) > 1


BEYOND = (
    Rule(
        code="host-unreachable",
        title="{forest}: nothing on {hosts} answers through the proxy {proxy}",
        explanation=(
            "No port that was asked gave any answer. The name is looked up at the far end of the proxy (socks5h), and"
            " a name that has no address there looks the same as a host that is down or out of reach."
        ),
        fix="See first, at the far end of the proxy {proxy}, whether {who} has an address there and the host is up; if"
        " so, ask the firewall team: {allow}.",
        when=_unheard,
    ),
)
