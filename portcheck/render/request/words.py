"""What all formats of a change request say alike: the head, the notes, and words made safe for where they go."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from portcheck.catalogue.sources import NO_DOCUMENT, Sure, sources
from portcheck.model import Need
from portcheck.render.shared.text import printable, to_ascii
from portcheck.request.flow import FirewallRule, Flow, Ticket

WIDTH = 100
HARMLESS = " ._:,()-"
CANDIDATE = "Candidate, made by a program: review it before you load it."
STATEFUL = (
    "For a stateful firewall: each rule names the side that opens the connection; answers, and the ICMP errors that"
    " belong to them (destination unreachable, time exceeded, packet too big), come back as established or related."
)
STATELESS = (
    "For a firewall without state: the way back has rules of its own. TCP answers are let through only where they"
    " open nothing (no SYN without ACK); UDP answers by their source port, which is all that such a firewall can see."
    " ICMP errors (destination unreachable, time exceeded, packet too big) must pass to both ends."
)
RANGE = (
    "RPC services choose their ports at start: either the whole range tcp 49152-65535 is allowed, or they are pinned."
)
ON_CONTROLLERS = (
    " The AD team pins them on every domain controller: HKLM\\SYSTEM\\CurrentControlSet\\Services\\NTDS\\"
    "Parameters, value 'TCP/IP Port' (REG_DWORD; restart the controller), and HKLM\\SYSTEM\\CurrentControlSet\\"
    "Services\\Netlogon\\Parameters, value 'DCTcpipPort' (REG_DWORD; restart Netlogon). Two different ports; both are"
    " needed, and 135 stays needed."
)
ON_SERVERS = (
    " On a server that is no domain controller: HKLM\\Software\\Microsoft\\Rpc\\Internet (Ports,"
    " PortsInternetAvailable, UseInternetPorts); 135 stays needed."
)
SYSVOL = "rpc-dfsr"
ON_SYSVOL = " SYSVOL replication (DFSR) has a port of its own, which Set-DfsrServiceConfiguration -RPCPort pins."
AGAIN = " Then ask again with --rpc-ports."
NEEDS = {Need.REQUIRED: "needed", Need.CONDITIONAL: "only where it applies", Need.OPTIONAL: "optional"}
SURENESS = {Sure.REASONED: "reasoned from it", Sure.SECONDARY: "not the vendor's", Sure.COMMON: "common knowledge"}
WEAKER = (Need.CONDITIONAL, Need.OPTIONAL)
NO_PATH = "No path in it is blocked."
NOTHING = "Nothing is asked for: no path in it is blocked."
NOTHING_BESIDE = "No rule is asked for; what is left out, and why, stands here."
UNTESTED = "No rule is asked for, and nothing was tested: what is needed is left out here, for the reasons given."
NOT_IN_A_RULE = "Not in a rule: "
QUESTION = "Question: "


def nothing(ticket: Ticket) -> str:
    """Why a request has no rules; that a path is open is said of no path that was not asked."""
    if ticket.planned:
        return UNTESTED
    return NOTHING_BESIDE if ticket.left_out else NOTHING


def nothing_more(ticket: Ticket) -> str:
    """The same below the headline, which says that nothing is asked for."""
    words = nothing(ticket)
    return NO_PATH if words == NOTHING else words


def pinning(ticket: Ticket) -> str:
    """How the dynamic ports in it are pinned: those of controllers, of other servers, or both."""
    dynamic = [flow for flow in ticket.flows if flow.dynamic]
    directory = any(_of_the_directory(flow) for flow in dynamic)
    sysvol = any(flow.service == SYSVOL for flow in dynamic)
    others = any(not _of_the_directory(flow) and flow.service != SYSVOL for flow in dynamic)
    told = ((ON_CONTROLLERS, directory), (ON_SYSVOL, sysvol), (ON_SERVERS, others))
    return RANGE + "".join(words for words, holds in told if holds) + AGAIN


def _of_the_directory(flow: Flow) -> bool:
    return flow.on_controller and flow.service.startswith("rpc") and flow.service != SYSVOL


def pinning_sources(ticket: Ticket) -> tuple[str, ...]:
    if not ticket.dynamic:
        return ()
    directory = any(flow.dynamic and _of_the_directory(flow) for flow in ticket.flows)
    return ("RPC-STATIC", "RPC-DYN") if directory else ("RPC-DYN",)


def head(ticket: Ticket) -> list[str]:
    """The first lines of every configuration, without comment marks."""
    lines = [
        f"Firewall change request by portcheck {ticket.version}, {ticket.made}",
        f"From: {ticket.basis}",
        CANDIDATE,
        STATELESS if ticket.stateless else STATEFUL,
    ]
    if not ticket.rules:
        lines.append(nothing(ticket))
    if ticket.dynamic:
        lines.append(pinning(ticket))
    lines += [f"{QUESTION}{question}" for question in ticket.questions]
    lines += [f"{NOT_IN_A_RULE}{left_out}" for left_out in ticket.left_out]
    return [part for line in lines for part in wrapped(one_line(line))]


def wrapped(line: str) -> list[str]:
    """Short enough for a terminal, and for devices that cut long lines."""
    return textwrap.wrap(line, WIDTH, break_long_words=False, break_on_hyphens=False)


def one_line(words: str) -> str:
    """ASCII in one line: what a report brings along can neither end a comment nor hide in one."""
    return to_ascii(printable(words))


def label(rule: FirewallRule, limit: int = 100, transport: str = "") -> str:
    """R1 dns, kerberos, ldap to dc1.alpha.test: for comments, of characters that end none of them."""
    of_it = (flow.service for flow in rule.flows if transport in {"", flow.ports.transport})
    services = ", ".join(dict.fromkeys(of_it))
    hosts = ", ".join(dict.fromkeys(flow.host for flow in rule.flows))
    marks = (f" ({NEEDS[rule.need]})" if rule.need in WEAKER else "") + (" (check first)" if rule.caveat else "")
    words = one_line(f"{rule.name}{marks} {services} to {hosts}")
    kept = "".join(char for char in words if char.isalnum() or char in HARMLESS)
    return kept if len(kept) <= limit else f"{kept[: limit - 3]}..."


def document(key: str) -> str:
    """The title of a source; the user's own words where it is none of ours."""
    known = sources().get(key)
    return known.title if known is not None else key


def how_sure(flow: Flow) -> str:
    """The document, and how sure it is where it is not the vendor's own word."""
    title = document(flow.document)
    known = flow.document in sources() and flow.document not in NO_DOCUMENT
    return f"{title} ({SURENESS[flow.sure]})" if known and flow.sure in SURENESS else title


def where(key: str) -> str:
    known = sources().get(key)
    return known.at if known is not None else ""


def documents(flows: Iterable[Flow]) -> dict[str, None]:
    return dict.fromkeys(flow.document for flow in flows if flow.document)


def named(address: str, ticket: Ticket) -> str:
    """10.77.1.10 (dc1.alpha.test)"""
    name = ticket.names.get(address, "")
    return f"{address} ({name})" if name and name != address else address
