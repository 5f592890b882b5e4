"""The change request for further firewalls through aerleon (extra `firewall`), which is imported only here.

A packet filter looks one way, so there are two lists: for what comes from this machine's side, and for what comes from
the other. Where the platform keeps no state, each also lets through the answers to what the other opens.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, cast

from portcheck.frozen import dataclass
from portcheck.model.libraries import how_to_get
from portcheck.render.request.words import head, label, wrapped
from portcheck.request.flow import FirewallRule, Ticket

MISSING = "-f {name} needs aerleon, which is not installed: {how}"
STAMP = re.compile(r"^.*\$(?:Id|Date|Revision):\$[^\w\n]*\n?", re.MULTILINE)  # of a version control nobody here uses
TAKES_AWAY = re.compile(
    r"^(?:no (?:ip|ipv4|ipv6) access-list|clear configure access-list) .*\n|\breplace: (?=[a-z])", re.MULTILINE
)
"""What removes or replaces a list before it is written: gone with it would be what the device has in it by now."""
HERE, THERE = "source", "destination"
Json = dict[str, object]


class FormatError(Exception):
    """This format cannot be given; one line for the user."""


@dataclass(frozen=True, slots=True)
class Style:
    """How a platform wants its lists named, and what it cannot do."""

    four: str  # aerleon's filter options; {name} is the list, {here} and {there} are zones
    six: str  # empty: aerleon writes no IPv6 for it
    comment: tuple[str, str]  # what goes before and after each line of the head
    stateful: bool
    note: str


LISTS = (
    "Entries to merge into the lists of the interfaces that these packets come in by. Put there alone, a list would cut"
    " all other traffic: its implicit end is deny."
)
FRAGMENTS = (
    "Further fragments of a large datagram (Kerberos with many groups) carry no port: they need a term of their own."
)
ZONES = "The zones are called source and destination here: put yours in their place. Merge it, do not replace with it."
ACL = ("{name} extended", "{name} inet6")
ICMP_ERRORS = {
    4: ("unreachable", "time-exceeded"),  # too big is an unreachable there
    6: ("destination-unreachable", "packet-too-big", "time-exceeded"),
}
BETWEEN = "from-zone {here} to-zone {there}"
STYLES = {
    "cisco": Style(*ACL, ("! ", ""), stateful=False, note=LISTS),
    "ciscoxr": Style(*ACL, ("! ", ""), stateful=False, note=LISTS),
    "cisconx": Style(*ACL, ("! ", ""), stateful=False, note=LISTS),
    "arista": Style(*ACL, ("! ", ""), stateful=False, note=LISTS),
    "ciscoasa": Style("{name}", "", ("! ", ""), stateful=True, note=LISTS),
    "juniper": Style("{name} inet", "{name} inet6", ("/* ", " */"), stateful=False, note=f"{LISTS} {FRAGMENTS}"),
    "srx": Style(f"{BETWEEN} inet", f"{BETWEEN} inet6", ("/* ", " */"), stateful=True, note=ZONES),
    "paloalto": Style(f"{BETWEEN} inet", f"{BETWEEN} inet6", ("<!-- ", " -->"), stateful=True, note=ZONES),
}
SOURCE, DESTINATION = "source", "destination"


def render(ticket: Ticket, name: str) -> str:
    style = STYLES[name]
    made = policy(ticket, name)
    text = _generated(made, definitions(ticket), name) if made["filters"] else ""
    text = TAKES_AWAY.sub("", text)
    before, after = style.comment
    lines = [*head(_as_the_platform(ticket, style)), *wrapped(style.note)]
    six = [rule.name for rule in ticket.rules if rule.family == 6]
    if six and not style.six:
        lines += wrapped(f"NOT IN HERE: {', '.join(six)}. aerleon writes no IPv6 rules for this platform.")
    made_safe = _in_xml if before.startswith("<") else _inside
    comments = "".join(f"{before}{made_safe(line)}{after}\n" for line in lines)
    first, found, rest = text.partition("?>\n")  # nothing may come before an XML declaration
    return f"{first}{found}{comments}{rest}" if found else f"{comments}\n{STAMP.sub('', text)}"


def _inside(line: str) -> str:
    """Words that cannot end the comment they are in."""
    return line.replace("*/", "* /")


def _in_xml(line: str) -> str:
    """Two hyphens end an XML comment: options are named without theirs."""
    return _inside(re.sub(r"--(?=[a-z])", "option ", line)).replace("--", "- -").replace("?>", "? >")


def _as_the_platform(ticket: Ticket, style: Style) -> Ticket:
    return replace(ticket, stateless=ticket.stateless or not style.stateful)


def _generated(made: Json, named: Json, name: str) -> str:
    try:
        from absl import logging
        from aerleon import api
        from aerleon.lib import naming
    except ImportError:
        raise FormatError(MISSING.format(name=name, how=how_to_get("aerleon"))) from None
    before = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        known = naming.Naming()
        known.ParseDefinitionsObject(named, "")
        return "\n".join((api.Generate([cast(Any, made)], known) or {}).values())
    except Exception as error:  # noqa: BLE001 - whatever aerleon cannot do, the user gets a line
        raise FormatError(f"-f {name}: aerleon could not write this request: {' '.join(str(error).split())}") from None
    finally:
        logging.set_verbosity(before)


def definitions(ticket: Ticket) -> Json:
    """aerleon's names for the ends and the ports of each rule."""
    networks: Json = {}
    services: Json = {}
    for rule in ticket.rules:
        for end, addresses in ((SOURCE, rule.sources), (DESTINATION, rule.destinations)):
            length = 32 if rule.family == 4 else 128
            networks[_end(rule, end)] = {"values": [{"address": f"{address}/{length}"} for address in addresses]}
        for transport in rule.transports:
            numbers = [{"protocol": transport, "port": ports.numbers} for ports in rule.of(transport)]
            services[_named(rule, transport)] = numbers
    for family in (4, 6):
        for from_here in (True, False):
            if ends := _reached(ticket.rules, family, from_here=from_here):
                values = [{"address": f"{address}/{32 if family == 4 else 128}"} for address in ends]
                networks[_side(family, from_here=from_here)] = {"values": values}
    return {"networks": networks, "services": services}


def _reached(rules: Sequence[FirewallRule], family: int, *, from_here: bool) -> list[str]:
    """The ends that lie on the other side of such a list, and get ICMP errors through it."""
    found: dict[str, None] = {}
    for rule in rules:
        if rule.family == family:
            found |= dict.fromkeys(rule.destinations if _opens_here(rule) is from_here else rule.sources)
    return list(found)


def _side(family: int, *, from_here: bool) -> str:
    return f"{'FAR' if from_here else 'NEAR'}_ENDS_V{family}"


def _end(rule: FirewallRule, end: str) -> str:
    return f"{rule.name}_{end.upper()}"


def _named(rule: FirewallRule, transport: str) -> str:
    return f"{rule.name}_{transport.upper()}"


def policy(ticket: Ticket, name: str) -> Json:
    """aerleon's policy: a filter for each family and each side that packets come from."""
    style = STYLES[name]
    answers = ticket.stateless or not style.stateful
    filters = []
    for family in (4, 6) if style.six else (4,):
        rules = [rule for rule in ticket.rules if rule.family == family]
        for from_here in (True, False):
            terms = [*_opening(rules, from_here=from_here)]
            if answers:
                terms += _answering(rules, from_here=not from_here)
                terms += _errors(rules, family, from_here=from_here)
            if terms:
                filters.append({"header": _header(name, family, from_here=from_here), "terms": terms})
    return {"filename": "portcheck", "filters": filters}


def _header(name: str, family: int, *, from_here: bool) -> Json:
    style = STYLES[name]
    here, there = (HERE, THERE) if from_here else (THERE, HERE)
    list_name = f"portcheck-from-{here}{'' if family == 4 else '-v6'}"
    options = (style.four if family == 4 else style.six).format(name=list_name, here=here, there=there)
    return {"targets": {name: options}, "comment": "portcheck: candidate, review"}


def _opens_here(rule: FirewallRule) -> bool:
    """False where the connection comes from the other side (password change notification)."""
    return not rule.flows[0].source_host


def _opening(rules: Sequence[FirewallRule], *, from_here: bool) -> Iterator[Json]:
    for rule in rules:
        if _opens_here(rule) is from_here:
            for transport in rule.transports:
                yield {
                    "name": f"{rule.name}-{transport}",
                    "comment": label(rule, transport=transport),
                    "source-address": _end(rule, SOURCE),
                    "destination-address": _end(rule, DESTINATION),
                    "destination-port": _named(rule, transport),
                    "protocol": transport,
                    "action": "accept",
                }


def _answering(rules: Sequence[FirewallRule], *, from_here: bool) -> Iterator[Json]:
    """The way back of what the other side's list lets open."""
    for rule in rules:
        if _opens_here(rule) is from_here:
            for transport in rule.transports:
                yield {
                    "name": f"{rule.name}-{transport}-answers",
                    "comment": f"answers to {rule.name}",
                    "source-address": _end(rule, DESTINATION),
                    "destination-address": _end(rule, SOURCE),
                    "source-port": _named(rule, transport),
                    "protocol": transport,
                    **({"option": "tcp-established"} if transport == "tcp" else {}),
                    "action": "accept",
                }


def _errors(rules: Sequence[FirewallRule], family: int, *, from_here: bool) -> Iterator[Json]:
    """Without state, the ICMP errors of whatever lies on the path have to be let through by name."""
    if rules:
        yield {
            "name": "icmp-errors",
            "comment": "destination unreachable, time exceeded, packet too big",
            "destination-address": _side(family, from_here=from_here),
            "protocol": "icmp" if family == 4 else "icmpv6",
            "icmp-type": list(ICMP_ERRORS[family]),
            "action": "accept",
        }
