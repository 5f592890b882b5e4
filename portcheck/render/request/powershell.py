"""The change request for the Windows firewalls at both ends: `New-NetFirewallRule` (NetSecurity module).

Windows keeps the state, so there is no way back to write, whatever the firewall between needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from portcheck.render.request.words import head, label, one_line
from portcheck.request.flow import FirewallRule, Ticket

GROUP = "portcheck"
QUOTES = "'\u2018\u2019\u201a\u201b"
"""All of these end a single-quoted string in PowerShell; doubled, they stand for themselves."""
AT_DESTINATIONS = "On the destinations: let the sources in."
AT_SOURCES = "On the sources: only where their firewall blocks outbound connections, which Windows does not by default."
LONGEST = 250


def render(ticket: Ticket) -> str:
    lines = [f"# {line}" for line in head(ticket)]
    for title, direction in ((AT_DESTINATIONS, "Inbound"), (AT_SOURCES, "Outbound")):
        lines += ["", f"# {title}"]
        for rule in ticket.rules:
            lines += [f"# {line}" for line in _notes(rule)]
            lines += [_command(rule, transport, direction) for transport in rule.transports]
    return "\n".join(lines) + "\n"


def _notes(rule: FirewallRule) -> Iterator[str]:
    yield label(rule, LONGEST)
    if rule.caveat:
        yield f"First: {one_line(rule.caveat)}"


def _command(rule: FirewallRule, transport: str, direction: str) -> str:
    """Local and remote are seen from the machine that the rule is for."""
    inbound = direction == "Inbound"
    local, remote = (rule.destinations, rule.sources) if inbound else (rule.sources, rule.destinations)
    side = "Local" if inbound else "Remote"
    parameters = {
        "DisplayName": quoted(f"portcheck {rule.name} {transport} {direction.lower()}"),
        "Group": quoted(GROUP),
        "Description": quoted(_purpose(rule, transport)),
        "Direction": direction,
        "Action": "Allow",
        "Profile": "Any",
        "Protocol": transport.upper(),
        "LocalAddress": _list(local),
        "RemoteAddress": _list(remote),
        f"{side}Port": _list(ports.numbers for ports in rule.of(transport)),
    }
    return "New-NetFirewallRule " + " ".join(f"-{name} {value}" for name, value in parameters.items())


def _purpose(rule: FirewallRule, transport: str) -> str:
    of_it = (flow.purpose for flow in rule.flows if flow.purpose and flow.ports.transport == transport)
    words = one_line("; ".join(dict.fromkeys(of_it)))
    return words if len(words) <= LONGEST else f"{words[: LONGEST - 3]}..."


def _list(words: Iterable[str]) -> str:
    return ",".join(quoted(word) for word in words)


def quoted(words: str) -> str:
    """A single-quoted string: nothing in it is expanded (about_Quoting_Rules)."""
    return "'" + "".join(char * 2 if char in QUOTES else char for char in words) + "'"
