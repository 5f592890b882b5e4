"""What the profiles need before anything was asked: places × profile rows to paths, with the direction of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field, replace

from portcheck.catalogue.profiles import OPENERS, Profile, ProfileRow
from portcheck.catalogue.services import services
from portcheck.config import ForestSpec, is_address
from portcheck.frozen import dataclass
from portcheck.model import Check, Expected
from portcheck.model.target import DC, Selection, Target
from portcheck.request.flow import BY_NAME, DYNAMIC, Asked, Flow, Ports, usable
from portcheck.targets.checks import checks_for

SourceOf = Callable[[str], tuple[str, ...]]
"""The addresses that open connections towards an address."""
PLANNED = "not asked yet"
BETWEEN_CONTROLLERS = frozenset({"dc-replication", "rodc"})
ECHO = (
    "ICMP echo to the domain controllers: no port, so no rule here; the vendor's sample rules let it pass, since the"
    " LDAP client of Windows pings a controller that is slow, and gives up (LDAP_TIMEOUT) where nothing comes back."
)
"""FW-AD, Active Directory."""
SYSVOL = (
    "SYSVOL replication (DFSR) between domain controllers has a dynamic RPC port of its own, which the pinned ports do"
    " not cover: Set-DfsrServiceConfiguration -RPCPort pins it; then give it by --rpc-ports as well."
)
"""learn.microsoft.com: Set-DfsrServiceConfiguration."""
THIS_CONTROLLER = "this machine, a domain controller"
PEER = "peer"
"""The source of a place that the command line names."""
ROLES = {
    "mim": "the MIM Service", "sync": "the MIM Synchronization server", "sql": "SQL Server", "exchange": "Exchange",
    "adfs": "AD FS", "wap": "the Web Application Proxy", "ca": "the certification authority",
    "ces": "the certificate enrolment web services", "crl": "the place of revocation lists and OCSP",
    "mail": "the mail server", "kdc-proxy": "the KDC proxy",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class PathWish:
    """One forest with its profiles and the places to reach there."""

    forest: ForestSpec
    profiles: tuple[Profile, ...]
    places: tuple[Target, ...]
    systems: tuple[Target, ...] = ()  # the machines around it that the forests file names


@dataclass(slots=True)
class Wanting:
    """What the paths are made of, and the paths so far."""

    source_of: SourceOf
    selection: Selection = field(default_factory=Selection)
    pinned: tuple[Ports, ...] = ()
    peers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # role -> addresses
    flows: list[Flow] = field(default_factory=list)
    questions: dict[str, None] = field(default_factory=dict)
    left_out: dict[str, None] = field(default_factory=dict)


def asked(wishes: Sequence[PathWish], wanting: Wanting) -> Asked:
    """Everything that these forests' profiles need."""
    for wish in wishes:
        forwards = tuple(_only(profile, wanting) for profile in wish.profiles)
        for place in wish.places:
            _towards(wish.forest, place, forwards, wanting)
        if any(profile.dc_rows for profile in forwards):
            _discovery(wish.forest, wanting)
        for profile in wish.profiles:
            for row in profile.rows:
                _elsewhere(wish, row, wanting)
            if profile.mirrored:
                _mirror(wish, profile, wanting)
    asking = {profile.name for wish in wishes for profile in wish.profiles}
    if wanting.pinned and asking & BETWEEN_CONTROLLERS:
        wanting.left_out[SYSVOL] = None
    if any(flow.service == "ldap" and flow.on_controller for flow in wanting.flows):
        wanting.left_out[ECHO] = None
    return Asked(tuple(dict.fromkeys(wanting.flows)), tuple(wanting.questions), tuple(wanting.left_out))


def _mirror(wish: PathWish, profile: Profile, wanting: Wanting) -> None:
    """What the controllers open to this machine: the same that it opens to them."""
    for place in wish.places:
        if place.address is None or place.dns_only or not usable(place.address):
            continue
        for check in checks_for(place, wish.forest, (profile,), wanting.selection):
            if check.expected is not Expected.CLOSED:
                wanting.flows += _mirrored(check, place, wanting)
    wanting.questions[
        f"{profile.name}: is this machine a domain controller? It is taken for one, and the rules from the controllers"
        " to it are here too; for a member they are not needed"
    ] = None


def _mirrored(check: Check, place: Target, wanting: Wanting) -> Iterator[Flow]:
    assert place.address is not None
    for own in wanting.source_of(place.address):
        for ports in _ports(check, wanting):
            there = _flow(check, place.address, ports, by_mapper=check.port is None and not wanting.pinned)
            yield replace(there, destination=own, host=THIS_CONTROLLER, source_host=place.host)


def _discovery(forest: ForestSpec, wanting: Wanting) -> None:
    """The name servers that the file gives: without them no controller is found, whatever the profiles say."""
    for server in forest.dns:
        if not is_address(server.host) or not usable(server.host):
            continue
        for transport in ("udp", "tcp"):
            if wanting.selection.takes("dns", transport, server.port):
                ports = Ports(transport, server.port, server.port)
                for source in wanting.source_of(server.host):
                    if not any(
                        (f.source, f.destination, f.ports) == (source, server.host, ports) for f in wanting.flows
                    ):
                        wanting.flows.append(_question_of_discovery(forest, server.host, source, ports))


def _question_of_discovery(forest: ForestSpec, server: str, source: str, ports: Ports) -> Flow:
    return Flow(
        source=source,
        destination=server,
        ports=ports,
        host=next((c.host for c in forest.domain_controllers if c.address == server), server),
        forest=forest.name,
        service="dns",
        purpose="name resolution and DC location",
        operations=("find the forest's domain controllers",),
        why="the forests file names this server for the forest's SRV and address records",
        document="DNSTCP" if ports.transport == "tcp" else "DCLOC",
        evidence=PLANNED,
    )


def _only(profile: Profile, wanting: Wanting) -> Profile:
    """The rows that this machine opens to domain controllers itself.

    Where the other end of a reversed profile is not named, this machine is it, and opens nothing for that profile.
    """
    rows = tuple(r for r in profile.rows if r.opener != DC or "sync" in wanting.peers)
    return Profile(profile.name, profile.title, rows)


def _towards(forest: ForestSpec, place: Target, profiles: Sequence[Profile], wanting: Wanting) -> None:
    if place.address is None or not usable(place.address):
        what = "no address is known" if place.address is None else f"{place.address} is no address a rule could name"
        wanting.questions[f"{place.host}: {what}"] = None
        return
    for check in checks_for(place, forest, profiles, wanting.selection):
        if check.expected is Expected.CLOSED:
            continue
        sources = wanting.source_of(place.address)
        if not sources:
            wanting.questions[_no_source(place)] = None
            return
        wanting.flows.extend(
            _flow(check, source, ports, by_mapper=check.port is None and not wanting.pinned)
            for source in sources
            for ports in _ports(check, wanting)
        )


def _no_source(place: Target) -> str:
    return f"{place.host} ({place.address}): this machine has no route there; from which address? (--source)"


def _ports(check: Check, wanting: Wanting) -> tuple[Ports, ...]:
    if check.port is not None:
        return (Ports(check.transport, check.port, check.port),)
    return wanting.pinned or (Ports("tcp", *DYNAMIC),)


def _flow(check: Check, source: str, ports: Ports, *, by_mapper: bool) -> Flow:
    assert check.address is not None
    return Flow.of(check, source, check.address, ports, PLANNED, dynamic=by_mapper)


def _elsewhere(wish: PathWish, row: ProfileRow, wanting: Wanting) -> None:
    """Rows about other machines than domain controllers, and those that the domain controllers open."""
    if not row.ours:
        where = f"{row.service} {_number(row)}/{row.transport} to {ROLES.get(row.target, row.target)}"
        wanting.left_out[
            f"{where} ({row.operation}): opened by {OPENERS[row.opener]}, not by this machine; ask for it from there"
        ] = None
        return
    if row.target == DC:
        if row.opener == DC and "sync" not in wanting.peers:
            wanting.left_out[
                f"{row.service} {_number(row)}/{row.transport} from the domain controllers to those of the domain of"
                f" {ROLES['sync']}: both ends are domain controllers; name that server by --peer sync=ADDRESS on one"
                " of them to have it"
            ] = None
        return
    if not wanting.selection.takes(row.service, row.transport, _usual(row), row.target):
        return
    machines = _machines(wish, row.target, wanting)
    if machines:
        for machine in machines:
            _to_machine(wish, row, wanting, machine)
    elif row.opener == DC:
        _to_this_machine(wish, row, wanting)
    elif row.host:
        wanting.left_out[f"{row.host} {_number(row)}/{row.transport} ({row.operation}): {BY_NAME}"] = None
    else:
        who = ROLES.get(row.target, row.target)
        wanting.left_out[
            f"{row.service} {_number(row)}/{row.transport} to {who} ({row.operation}): its address is not known;"
            f" --peer {row.target}=ADDRESS asks for it"
        ] = None


def _machines(wish: PathWish, role: str, wanting: Wanting) -> tuple[Target, ...]:
    """The machines of a role: as the command line says, else as the forests file does."""
    given = wanting.peers.get(role, ())
    peers = tuple(Target(ROLES.get(role, role), address, PEER, target=role) for address in given)
    return peers or tuple(place for place in wish.systems if place.target == role)


def _to_this_machine(wish: PathWish, row: ProfileRow, wanting: Wanting) -> None:
    """The domain controllers come to us: what is our source towards them is their destination."""
    for place in wish.places:
        if place.dns_only or place.address is None or not usable(place.address):
            continue
        for own in wanting.source_of(place.address):
            for ports in _row_ports(wish, row, wanting):
                here = ROLES.get(row.target, row.target)
                wanting.flows.append(_row_flow(wish, row, place.address, own, ports, f"this machine, {here}", place))
    role = ROLES.get(row.target, row.target)
    wanting.questions[f"Is {role} this machine? It is taken for it; --peer {row.target}=ADDRESS names another"] = None


def _to_machine(wish: PathWish, row: ProfileRow, wanting: Wanting, machine: Target) -> None:
    if machine.address is None or not usable(machine.address):
        wanting.questions[f"{machine.host}: no address is known that a rule could name"] = None
        return
    if wish.forest.expect.get(row.service) == Expected.CLOSED:
        return
    for source, opener in _openers(wish, row, wanting, machine):
        for ports in _row_ports(wish, row, wanting, machine):
            wanting.flows.append(_row_flow(wish, row, source, machine.address, ports, machine.host, opener))


def _openers(wish: PathWish, row: ProfileRow, wanting: Wanting, machine: Target) -> Iterator[tuple[str, Target | None]]:
    """This machine; of a reversed row every domain controller, unless --peer said that this machine is one."""
    assert machine.address is not None
    if row.opener != DC or machine.source == PEER:
        sources = wanting.source_of(machine.address)
        if machine.address in sources:
            wanting.left_out[
                f"{row.service} {_number(row)}/{row.transport} to {machine.host}: this machine itself, reached by"
                f" {OPENERS.get(row.opener, 'others')}; ask for it from there"
            ] = None
            return
        if not sources:
            wanting.questions[_no_source(machine)] = None
        yield from ((source, None) for source in sources)
        return
    for place in wish.places:
        if place.address is None or place.dns_only or not usable(place.address):
            continue
        if (":" in place.address) == (":" in machine.address):
            yield place.address, place


def _row_ports(wish: PathWish, row: ProfileRow, wanting: Wanting, machine: Target | None = None) -> tuple[Ports, ...]:
    here = machine.ports if machine is not None else {}
    number = here.get(row.service, wish.forest.ports.get(row.service, _usual(row)))
    if number is None:
        return wanting.pinned or (Ports("tcp", *DYNAMIC),)
    return (Ports(row.transport, number, number),)


def _usual(row: ProfileRow) -> int | None:
    if row.port is not None:
        return row.port
    known = services().get(row.service)
    return known.ports.get(row.transport) if known is not None else None


def _number(row: ProfileRow) -> str:
    number = _usual(row)
    return "dynamic" if number is None else str(number)


def _row_flow(
    wish: PathWish, row: ProfileRow, source: str, destination: str, ports: Ports, host: str, opener: Target | None
) -> Flow:
    known = services().get(row.service)
    return Flow(
        source=source,
        destination=destination,
        ports=ports,
        host=host,
        forest=wish.forest.name,
        service=row.service,
        need=row.once_named or row.need,
        purpose=known.purpose if known is not None else row.operation,
        operations=(row.operation,) if row.operation else (),
        why=row.why,
        document=row.source,
        evidence=PLANNED,
        dynamic=_usual(row) is None and ports == Ports("tcp", *DYNAMIC),
        source_host=opener.host if opener is not None else "",
        on_controller=row.target == DC,
        sure=row.sure,
    )
