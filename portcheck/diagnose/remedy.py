"""The sentence for the ticket: who is asked to allow what, from where, to where."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from portcheck.diagnose.phrases import listed, some
from portcheck.diagnose.reader import printable, text
from portcheck.diagnose.view import ForestFacts
from portcheck.model import Outcome, State

MOST_TARGETS, MORE = 12, "more hosts (portcheck request lists them all)"
"""Longer lists belong into a change request, not into a sentence."""

DYNAMIC = "49152-65535"
"""Where Windows puts its RPC services since Server 2008 (PORTS)."""
Ports = tuple[tuple[str, tuple[str, ...]], ...]


def allow(f: ForestFacts, outcomes: Iterable[Outcome]) -> str:
    """allow tcp+udp 464 from 10.77.0.10 to 10.77.2.10 (bdc1.bravo.test); by its name alone what has no fixed address"""
    blocked = [o for o in outcomes if o.check.address or text(o, "peer_address")]
    per_target: dict[tuple[str, str], list[Outcome]] = {}
    for outcome in blocked:
        per_target.setdefault((outcome.check.address or "", outcome.check.host), []).append(outcome)
    alike: dict[tuple[str, str], list[str]] = {}
    for (address, host), found in per_target.items():
        source = listed(sources(f, found)) or "this machine"
        alike.setdefault((spelled(_ports(found)), source), []).append(_target(address, host))
    alike_there = any(o.state is State.UNREACHABLE and text(o, "proxy_scheme") for o in blocked)
    doubt = (
        " (see first, from there, whether it is refused: through the proxy the two look alike)" if alike_there else ""
    )
    return (
        "; ".join(
            f"allow {what} from {source} to {some(targets, MOST_TARGETS, MORE)}"
            for (what, source), targets in alike.items()
        )
        + doubt
    )


def here_first(fix: str, outcomes: Sequence[Outcome]) -> str:
    """Before anybody is asked for a rule: of packets that not even the first router hears, this machine may be why."""
    ends = [o.blocked_at for o in outcomes]
    unheard = bool(ends) and all(end is not None and end.hop == 0 and end.after is None for end in ends)
    return f"{LOOK_HERE} {fix}" if unheard and FIREWALL_TEAM in fix else fix


FIREWALL_TEAM = "firewall team"
LOOK_HERE = "Look first whether this machine's own firewall lets it out: the first router hears nothing of it."


def sources(f: ForestFacts, outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    """The address the questions left from; else this machine's addresses of the same family."""
    beyond = tuple(dict.fromkeys(proxy for o in outcomes if text(o, "proxy_scheme") and (proxy := text(o, "proxy"))))
    if beyond:
        return (f"the far end of the SOCKS proxy {listed(beyond)}",)
    used = tuple(dict.fromkeys(own for o in outcomes if (own := text(o, "local_address"))))
    if used:
        return used
    six = any(":" in (o.check.address or text(o, "peer_address") or "") for o in outcomes)
    return tuple(printable(a) for a in f.report.vantage.addresses if (":" in a) is six)


def spelled(ports: Ports) -> str:
    """tcp+udp 464; tcp 88, 135 and udp 389"""
    by_numbers: dict[tuple[str, ...], list[str]] = {}
    for transport, numbers in ports:
        by_numbers.setdefault(numbers, []).append(transport)
    return " and ".join(
        f"{'+'.join(transports)} {', '.join(numbers) or 'the dynamic RPC ports'}"
        for numbers, transports in by_numbers.items()
    )


def _ports(outcomes: Sequence[Outcome]) -> Ports:
    """What is known to be both ways comes as one: 464 over tcp and udp. Beside others, the range of dynamic ports."""
    numbers: dict[str, set[int]] = {}
    for o in outcomes:
        numbers.setdefault(o.check.transport, set()).update(() if o.check.port is None else (o.check.port, *others(o)))
    dynamic = {o.check.transport for o in outcomes if o.check.port is None}
    return tuple(
        (
            transport,
            (
                *map(str, sorted(numbers[transport])),
                *([DYNAMIC] if transport in dynamic and numbers[transport] else ()),
            ),
        )
        for transport in sorted(numbers)
    )


def others(outcome: Outcome) -> tuple[int, ...]:
    """Further ports of the same RPC interface, as the endpoint mapper names them: Windows has two."""
    told = outcome.facts.get("port_candidates")
    usable = (port for port in told if type(port) is int and 0 < port < 65536) if isinstance(told, list) else ()
    return tuple(usable)[:MOST_TARGETS]


def _target(address: str, host: str) -> str:
    if not address or host == address:
        return printable(host)
    return f"{printable(address)} ({printable(host)})"
