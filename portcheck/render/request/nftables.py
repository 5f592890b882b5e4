"""The change request as nftables rules for a Linux router: `nft -c -f` takes them.

An accept in one base chain does not outvote a drop in another, so the rules go in front of a chain that the router
has, and cut nothing. Only on request they are a whole policy of their own, which drops all else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from portcheck.render.request.words import head, label, wrapped
from portcheck.request.flow import FirewallRule, Ticket

TABLE = "inet portcheck"
LONGEST_COMMENT = 120  # nft takes 128 bytes
ESTABLISHED = 'ct state established,related accept comment "answers, and the ICMP errors that belong to them"'
USUAL_CHAIN = "inet filter forward"
WHOLE_POLICY = (
    "This chain is a whole policy: it lets through what is asked for and DROPS ALL ELSE that this router forwards."
    " For a router with other traffic leave --whole-policy out."
)
IN_FRONT = (
    "These rules only let through: they go in front of the chain '{chain}' and cut nothing. Name another chain of this"
    " router by --into; where there is none of that name, one is made that nothing passes through yet."
)
ICMP_ERRORS = (
    ("ip", "icmp type { destination-unreachable, time-exceeded, parameter-problem }"),
    ("ip6", "icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem }"),
)


def render(ticket: Ticket) -> str:
    chain = ticket.into or USUAL_CHAIN
    lines = [*head(ticket), *wrapped(WHOLE_POLICY if ticket.whole else IN_FRONT.format(chain=chain))]
    text = "".join(f"# {line}\n" for line in lines)
    if not ticket.rules:
        return text
    return f"{text}\n{_own_table(ticket) if ticket.whole else _inserted(ticket, chain)}"


def _own_table(ticket: Ticket) -> str:
    body = "".join(f"    {line}\n" for line in _statements(ticket))
    return (
        f"table {TABLE}\ndelete table {TABLE}\ntable {TABLE} {{\n  chain forward {{\n"
        f"    type filter hook forward priority filter; policy drop;\n{body}  }}\n}}\n"
    )


def _inserted(ticket: Ticket, chain: str) -> str:
    """In front of what the chain has, last rule first: `insert` turns the order around."""
    there = f"add table {chain.rpartition(' ')[0]}\nadd chain {chain}\n"
    return there + "".join(f"insert rule {chain} {line}\n" for line in reversed(list(_statements(ticket))))


def _statements(ticket: Ticket) -> Iterator[str]:
    if not ticket.stateless:
        yield ESTABLISHED
    for rule in ticket.rules:
        for transport in rule.transports:
            ports = _set(p.numbers for p in rule.of(transport))
            comment = f'comment "{label(rule, LONGEST_COMMENT, transport)}"'
            there = _addresses(rule, rule.sources, rule.destinations)
            yield f"{there} {transport} dport {ports} accept {comment}"
            if ticket.stateless:
                back = _addresses(rule, rule.destinations, rule.sources)
                yield f"{back} {transport} sport {ports} {_answers(transport)}accept {comment}"
    if ticket.stateless:
        yield from _strays(ticket)


def _answers(transport: str) -> str:
    """Anything but the SYN that would open a connection the other way."""
    return "tcp flags & (syn | ack) != syn " if transport == "tcp" else ""


def _strays(ticket: Ticket) -> Iterator[str]:
    """What carries no port: ICMP errors, and the further fragments of large datagrams."""
    for family, errors in ICMP_ERRORS:
        rules = [rule for rule in ticket.rules if rule.family == (4 if family == "ip" else 6)]
        ends = dict.fromkeys(a for rule in rules for a in (*rule.sources, *rule.destinations))
        if ends:
            yield f'{family} daddr {_set(ends)} {errors} accept comment "ICMP errors"'
        for rule in rules:
            if rule.of("udp"):
                yield from _fragments(family, rule)


def _fragments(family: str, rule: FirewallRule) -> Iterator[str]:
    later = "ip frag-off & 0x1fff != 0 meta l4proto udp" if family == "ip" else "frag frag-off != 0"
    comment = f'accept comment "{rule.name}: further fragments of datagrams"'
    yield f"{_addresses(rule, rule.sources, rule.destinations)} {later} {comment}"
    yield f"{_addresses(rule, rule.destinations, rule.sources)} {later} {comment}"


def _addresses(rule: FirewallRule, sources: tuple[str, ...], destinations: tuple[str, ...]) -> str:
    family = "ip" if rule.family == 4 else "ip6"
    return f"{family} saddr {_set(sources)} {family} daddr {_set(destinations)}"


def _set(words: Iterable[str]) -> str:
    values = list(words)
    return values[0] if len(values) == 1 else "{ " + ", ".join(values) + " }"
