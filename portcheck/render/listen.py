"""What `portcheck listen` says: what it stands in for, who came, and in the end what nobody came to."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from portcheck.model.folding import counted
from portcheck.render.shared.layout import hang, pad
from portcheck.render.shared.options import Options
from portcheck.render.shared.spoken import sentence
from portcheck.render.shared.text import listed, plain, printable

if TYPE_CHECKING:
    from portcheck.server.listener.limits import Contact, Limits
    from portcheck.server.listener.listening import ListenOrder, Missed, Ready
    from portcheck.server.listener.ports import WantedPort

NAME_WIDTH = 13
ADDRESS_WIDTH = 15
MOST_REASONS = 40


def opening(order: ListenOrder, ready: Ready, options: Options) -> Iterator[Text]:
    """What is open, what is not and why, and how the other machine asks."""
    yield from hang("", "portcheck listen: proves paths, and stands in for nothing else.", options.width)
    yield from _field("on", ", ".join(order.addresses), options)
    yield from _field("open", _ports(dict.fromkeys(each.wanted for each in ready.opened)) or "nothing", options)
    yield from not_open(order, ready, options)
    if ready.became:
        yield from _field("as", f"{ready.became}: root was needed to open the ports only", options)
    if ready.stayed:
        yield from _field("as", f"root, whose rights could not be dropped: {ready.stayed}", options)
    if commands := firewall([each.wanted for each in ready.opened]):
        yield Text()
        yield from hang("", RULE_NEEDED, options.width)
        yield from (Text(f"  {command}") for command in commands)
    yield Text()
    yield from asking(order, options)
    yield Text()
    yield from hang("", "Who comes, to what, at the first time (Ctrl-C ends it):", options.width)


RULE = "portcheck listen"


RULE_NEEDED = "Windows lets nobody in without a rule. In an elevated PowerShell; the last line takes it away again:"


def firewall(opened: Iterable[WantedPort], system: str = sys.platform) -> tuple[str, ...]:
    """The commands that make the rule and take it away (PowerShell, NetSecurity); none on other systems."""
    by_transport: dict[str, dict[int, None]] = {}
    for each in opened:
        by_transport.setdefault(each.transport, {})[each.port] = None
    if system != "win32" or not by_transport:
        return ()
    made = (
        f"New-NetFirewallRule -DisplayName '{RULE}' -Direction Inbound -Action Allow"
        f" -Protocol {transport.upper()} -LocalPort {','.join(map(str, ports))}"
        for transport, ports in by_transport.items()
    )
    return (*made, f"Remove-NetFirewallRule -DisplayName '{RULE}'")


def not_open(order: ListenOrder, ready: Ready, options: Options) -> Iterator[Text]:
    """The ports that could not be had, with the reason."""
    for words in _missed(ready.missed, len(order.addresses)):
        yield from _field("not open", words, options)


def asking(order: ListenOrder, options: Options) -> Iterator[Text]:
    """How the other machine asks: by a command, or where ports are moved by a forests file."""
    moved: dict[str, int] = {}
    for each in order.wanted:
        if each.moved and each.name:
            moved.setdefault(each.name, each.port)
    address = order.addresses[0]
    flags = [word for name in order.profiles for word in ("--profile", name)]
    if not moved:
        flags += [word for role in order.roles for word in ("--system", f"{role}={address}")]
        asked = " ".join(["portcheck check", address, *flags, *order.selected])
        yield from hang("", f"On the other machine:  {printable(asked)}", options.width, 2)
        return
    asked = " ".join(["portcheck check", *flags, *order.selected])
    yield from hang("", f"On the other machine, in forests.toml, then {printable(asked)}:", options.width)
    ports = ", ".join(f"{name} = {port}" for name, port in moved.items())
    lines = [
        "[[forest]]",
        f'name = "{order.domain or address}"',
        "discover = false",
        f'domain_controllers = [{{ host = "{order.host}", address = "{address}" }}]',
        f"ports = {{ {ports} }}",
    ]  # fmt: skip - TOML wants an inline table in one line
    for role in order.roles:
        lines += ["[[forest.system]]", f'role = "{role}"', f'host = "{order.host}"', f'address = "{address}"']
    for line in lines:
        yield Text(f"  {line}")


def came(contact: Contact, clock: str, options: Options) -> Iterator[Text]:
    """`01:45:03  10.77.0.10 → 10.77.2.10  kerberos  88/tcp`"""
    name, _, transport = contact.service.rpartition("/")
    if options.accessible:
        where = f"{contact.local_address}, {name} {contact.local_port}/{transport}"
        yield plain(f"At {clock}, {contact.source} came to {where}.")
        return
    source = pad(printable(contact.source), ADDRESS_WIDTH)
    port = f"{contact.local_port}/{transport}"
    yield Text(f"{clock}  {source} → {pad(contact.local_address, ADDRESS_WIDTH)}  {pad(name, NAME_WIDTH)} {port}")


def proven(order: ListenOrder, limits: Limits) -> bool:
    """Whether somebody, from one address, came to every port that was to be opened."""
    wanted = {(each.service, each.port) for each in order.wanted if not each.unasked}
    came_to: dict[str, set[tuple[str, int]]] = {}
    for contact in limits.contacts.values():
        came_to.setdefault(contact.source, set()).add((contact.service, contact.local_port))
    return any(wanted <= found for found in came_to.values())


def summary(ready: Ready, limits: Limits, options: Options) -> Iterator[Text]:
    """What was reached, by whom; what was not; what was not answered and why."""
    reached: dict[str, list[WantedPort]] = {}
    by_place = {(each.wanted.service, each.wanted.port): each.wanted for each in ready.opened}
    for contact in limits.contacts.values():
        known = by_place.get((contact.service, contact.local_port))
        if known is not None:
            reached.setdefault(contact.source, []).append(known)
    some = {wanted for found in reached.values() for wanted in found}
    every = {wanted for wanted in by_place.values() if not wanted.unasked or wanted in some}
    yield Text()
    yield from hang("", f"{len(some)} of {counted(len(every), 'port')} reached.", options.width)
    for source, found in list(reached.items())[:MOST_REASONS]:
        whole = "all of them" if set(found) >= every else _ports(found)
        yield from _field("from", f"{printable(source)}: {whole}", options)
    if len(reached) > MOST_REASONS or limits.untold:
        yield from _field("from", f"{counted(len(reached) - MOST_REASONS + limits.untold, 'more source')}", options)
    left = [wanted for wanted in by_place.values() if wanted not in some and not wanted.unasked]
    if left and some:
        yield from _field("nobody at", _ports(left), options)
    if unasked := [wanted for wanted in by_place.values() if wanted not in every]:
        words = f"{_ports(unasked)}: a check comes there only where its forests file gives the pinned port"
        yield from _field("not asked", words, options)
    if limits.refused:
        worst = sorted(limits.refused, key=lambda source: -limits.refused[source])
        shown = tuple(f"{printable(source)} ({limits.refused[source]})" for source in worst)
        yield from _field("too many", f"connections or datagrams, not answered: {listed(shown, 4)}", options)
    if limits.kept_short:
        words = f"{counted(limits.kept_short, 'answer')} longer than three times the question, not sent"
        yield from _field("too long", words, options)


def _field(name: str, words: str, options: Options) -> Iterator[Text]:
    if options.accessible:
        yield plain(sentence(name, words))
        return
    yield from hang(Text("  " + pad(name, 10), style="dim"), plain(words), options.width)


def _ports(found: Iterable[WantedPort]) -> str:
    """`kerberos 88/tcp 88/udp, kpasswd …`: each service with its ports."""
    by_name: dict[str, list[str]] = {}
    for each in found:
        ports = by_name.setdefault(each.name or each.purpose or "port", [])
        port = f"{each.port}/{each.transport}"
        if port not in ports:
            ports.append(port)
    return ", ".join(f"{printable(name)} {' '.join(ports)}" for name, ports in by_name.items())


def _missed(missed: Sequence[Missed], addresses: int) -> Iterator[str]:
    """One reason a line, with its ports; where it holds for some addresses only, with those."""
    by_reason: dict[str, list[Missed]] = {}
    for each in missed:
        by_reason.setdefault(each.why, []).append(each)
    for why, found in list(by_reason.items())[:MOST_REASONS]:
        places = tuple(dict.fromkeys(each.address for each in found))
        where = "" if len(places) == addresses else f" on {listed(places, 4)}"
        yield f"{_ports(each.wanted for each in found)}{where}: {why}"


def nothing_open(missed: Collection[Missed]) -> str:
    """The one line for stderr."""
    reasons = tuple(dict.fromkeys(each.why for each in missed))
    return f"no port could be opened: {listed(reasons, 2)}"
