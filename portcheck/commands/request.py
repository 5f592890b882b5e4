"""`portcheck request`: the firewall change request, from what a run saw or from what the profiles need."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from portcheck import diagnose
from portcheck.cli import output_texts, runs, targets, tickets
from portcheck.cli import selection as selecting
from portcheck.cli.check_flags import Config, Controllers, Four, Only, Outputs, Profiles, Servers, Six, Skip
from portcheck.cli.output import OutputWish
from portcheck.cli.streams import say
from portcheck.config import CLOUD, ConfigError, Configuration, ForestSpec, nearest, parse_address
from portcheck.merge import reading
from portcheck.model import Need, Report
from portcheck.model.target import DC, TARGETS, Selection, Target
from portcheck.net.platform.machine import source_address
from portcheck.render.request import FORMATS, spoken
from portcheck.render.request.words import nothing
from portcheck.render.shared.times import local
from portcheck.report.to_json import StoreError
from portcheck.request import addresses, from_report
from portcheck.request import ticket as making
from portcheck.request.against import held, newer
from portcheck.request.flow import Asked, Ports, Ticket
from portcheck.targets import known as known_places
from portcheck.targets import systems
from portcheck.targets.checks import profile_names
from portcheck.targets.systems import SystemsWanted

if TYPE_CHECKING:
    from portcheck.catalogue.profiles import Profile
    from portcheck.request.from_profiles import SourceOf
    from portcheck.targets.systems import SystemsWanted

Inputs = Annotated[
    list[str] | None,
    typer.Argument(metavar="[RUN | TARGET...]", help=f"A run: {runs.RUN} (the usual one); with --all also targets."),
]
All = Annotated[bool, typer.Option("--all", help="What the profiles need, blocked or not.")]
Formats = Annotated[list[str] | None, typer.Option("-f", "--format", metavar="NAME", help=", ".join(FORMATS) + ".")]
Sources = Annotated[list[str] | None, typer.Option("--source", metavar="ADDRESS", help="Who asks (this machine).")]
Peers = Annotated[
    list[str] | None, typer.Option("--peer", metavar="ROLE=ADDRESS", help="Where mim, sync, sql, exchange, adfs is.")
]
RpcPorts = Annotated[
    list[str] | None, typer.Option("--rpc-ports", metavar="PORTS", help="Pinned RPC ports: 50000 or 50000-50003.")
]
Weakest = Annotated[Need, typer.Option("--need", help="Leave out weaker needs than this.")]
Stateless = Annotated[bool, typer.Option("--stateless", help="The firewall keeps no state: also the way back.")]
Into = Annotated[str | None, typer.Option("--into", metavar="CHAIN", help="nftables: into this chain.")]
Against = Annotated[
    str | None, typer.Option("--against", metavar="RUN", help="Which of it that later run proves, or finds closed.")
]
Whole = Annotated[bool, typer.Option("--whole-policy", help="nftables: a chain of their own that drops all else.")]

MOST_NAMED = 8
CHAIN = re.compile(r"inet [A-Za-z_][A-Za-z0-9_]{0,30} [A-Za-z_][A-Za-z0-9_]{0,30}")
NO_INPUT = (
    "no run is kept; name a report (portcheck check --save run.json; portcheck request run.json), or ask for everything"
    " that the profiles need with --all"
)


def request(
    context: typer.Context,
    inputs: Inputs = None,
    everything: All = False,  # noqa: FBT002 - flags
    config: Config = None,
    profile: Profiles = None,
    only: Only = None,
    skip: Skip = None,
    dc: Controllers = None,
    dns: Servers = None,
    format_: Formats = None,
    output: Outputs = None,
    source: Sources = None,
    peer: Peers = None,
    rpc_ports: RpcPorts = None,
    need: Weakest = Need.OPTIONAL,
    stateless: Stateless = False,  # noqa: FBT002
    into: Into = None,
    whole_policy: Whole = False,  # noqa: FBT002
    against: Against = None,
    four: Four = False,  # noqa: FBT002
    six: Six = False,  # noqa: FBT002
) -> int:
    """Write the firewall change request: what a run found blocked, or with --all what the profiles need."""
    wanted = output_texts.wishes(context, format_ or (), output or (), FORMATS, tickets.usual())
    sources = tuple(selecting.flagged("--source", parse_address, text) for text in source or ())
    pinned = tuple(_ports(text) for text in rpc_ports or ())
    peers = _peers(peer or ())
    selection = Selection(targets.service_names("--only", only or ()), targets.service_names("--skip", skip or ()))
    families = selecting.families(four=four, six=six)
    if into is not None and whole_policy:
        raise ConfigError("--into puts the rules into your chain, --whole-policy into one of their own; choose one")
    if into is not None and not CHAIN.fullmatch(into):
        raise ConfigError(f"--into: {into!r} is no chain that takes both families; give it like 'inet filter forward'")
    given = list(inputs or ())
    reports: Sequence[Report] = ()
    if not given and not everything:
        given = [runs.LAST]
    if _is_report(given, everything=everything):
        if peers or dns:
            raise ConfigError(f"{'--peer' if peers else '--dns'}: a report tells what was asked of whom; leave it out")
        reports = _load(given[0])
        _know_profiles(config, profile or ())
        asked = Asked.of(
            _from_report(report, everything, profile or (), selection, dc or (), sources, pinned, families)
            for report in reports
        )
        bases = list(map(_basis, reports))
        basis = "; ".join(bases[:MOST_NAMED]) + (f" and {len(bases) - MOST_NAMED} more" if bases[MOST_NAMED:] else "")
    else:
        configured = targets.configuration(config, needed=False)
        outside = targets.outside(configured, given, profile or ()) if profile else ()
        found = () if outside else targets.forests(configured, given, dns or ())
        named = [targets.narrowed(f, dc or (), dns or (), families) for f in found]
        asked = _planned(configured, named, outside, profile or (), selection, families, sources, pinned, peers)
        used = dict.fromkeys([p.name for p in outside])
        used |= dict.fromkeys(name for forest in named for name in profile_names(forest, profile or ()))
        basis = f"what the profiles need ({', '.join(used)}), before anything was asked"
    later = runs.found(against) if against is not None else None
    if later is not None:
        asked = _against(asked, later, reports)
    planned = not _is_report(given, everything=everything)
    ticket = making.ticket(
        asked,
        basis,
        weakest=need,
        stateless=stateless,
        into=into or "",
        whole=whole_policy,
        planned=planned,
        held_against=later.started if later is not None else "",
    )
    return _write(ticket, wanted)


def of_run(report: Report) -> Ticket:
    """What the run found blocked, as `portcheck request` asks for it without any option."""
    asked = _from_report(report, False, (), Selection(), (), (), (), selecting.families(four=False, six=False))
    return making.ticket(asked, _basis(report))


def _basis(report: Report) -> str:
    return f"a run of {report.started} on {report.vantage.called}"


def _against(asked: Asked, run: Report, reports: Sequence[Report]) -> Asked:
    if began := newer(run, reports):
        raise ConfigError(
            f"--against: that run began {local(run.started)}, before the one that the request is made from"
            f" ({local(began)}): it cannot tell what became of it; give a later run (portcheck history lists them)"
        )
    return replace(asked, flows=held(asked.flows, run))


def _write(ticket: Ticket, wanted: Sequence[OutputWish]) -> int:
    from portcheck.render.request.through_aerleon import FormatError

    def made(name: str) -> str | bytes:
        return spoken(ticket) if tickets.is_heard(name, wanted) else FORMATS[name](ticket)

    try:
        code = output_texts.write(wanted, made)
    except FormatError as error:
        raise ConfigError(str(error)) from None
    for line in _to_say(ticket, read=tickets.is_read(wanted)):
        say(line)
    return code


def _to_say(ticket: Ticket, *, read: bool) -> list[str]:
    """What the user must know even where only a configuration was written; `read`: the screen has it already."""
    lines = [] if ticket.rules or read else [nothing(ticket)]
    if ticket.left_out:
        lines.append(f"not in a rule: {len(ticket.left_out)} more, with the reason; they stand in the request")
    if ticket.questions:
        count = len(ticket.questions)
        lines.append(f"{count} question{'' if count == 1 else 's'} to clear up first; they are in the request")
    return lines


def _is_report(given: Sequence[str], *, everything: bool) -> bool:
    """A file, or what is called like one. Without --all nothing else makes sense."""
    likely = [text for text in given if text.lower().endswith(".json") or runs.is_run(text) or _is_file(text)]
    if likely and len(given) > 1:
        raise ConfigError(f"{likely[0]}: one report at a time, and no targets beside it")
    return bool(given) and (bool(likely) or not everything)


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):  # longer than a name may be, or a NUL in it
        return False


def _load(word: str) -> tuple[Report, ...]:
    """One report; of a merged one, the report of each place."""
    if runs.is_run(word) and not _is_file(word):
        known = runs.last() if word == runs.LAST else runs.found(word)
        if known is None:
            raise ConfigError(NO_INPUT)
        return (replace(known, findings=diagnose.diagnose(known)),)
    try:
        reports, merged = reading.each(Path(word))
    except StoreError as fault:
        raise ConfigError(str(fault)) from None
    return reports if merged else tuple(replace(r, findings=diagnose.diagnose(r)) for r in reports)


def _know_profiles(config: str | None, names: Sequence[str]) -> None:
    if names:
        targets.profiles(targets.configuration(config, needed=False), names)


def _from_report(
    report: Report,
    everything: bool,  # noqa: FBT001
    profiles: Sequence[str],
    selection: Selection,
    hosts: Sequence[str],
    sources: tuple[str, ...],
    pinned: tuple[Ports, ...],
    families: tuple[str, ...],
) -> Asked:
    outcomes = tuple(
        outcome
        for outcome in from_report.chosen(report, profiles, selection, hosts)
        if outcome.check.address is None or known_places.fits(outcome.check.address, families)
    )
    return from_report.asked(report, outcomes, sources, everything=everything, pinned=pinned)


def _planned(
    configured: Configuration,
    forests: Sequence[ForestSpec],
    outside: tuple[Profile, ...],
    profiles: Sequence[str],
    selection: Selection,
    families: tuple[str, ...],
    sources: tuple[str, ...],
    pinned: tuple[Ports, ...],
    peers: dict[str, tuple[str, ...]],
) -> Asked:
    from portcheck.request import from_profiles as wanted

    wishes = []
    for forest in forests:
        chosen = targets.profiles(configured, profile_names(forest, profiles))
        patience_s = configured.settings.timeout_s
        machines = _systems(SystemsWanted(forest, chosen, selection, families), patience_s, peers)
        reversed_ = any(row.opener == DC for profile in chosen for row in profile.rows)  # the controllers open them
        concerned = reversed_ or systems.asks_controllers(forest, chosen, selection)
        places = _places(forest, families, patience_s) if concerned else ()
        wishes.append(wanted.PathWish(forest, chosen, places, machines))
    if outside:
        wishes.append(wanted.PathWish(ForestSpec(CLOUD, discover=False), outside, ()))
    own = sources or ((configured.settings.source_ip,) if configured.settings.source_ip else ())
    return wanted.asked(wishes, wanted.Wanting(_source_of(own), selection, pinned, peers))


def _places(forest: ForestSpec, families: tuple[str, ...], patience_s: float) -> tuple[Target, ...]:
    """From the file; where the file does not give the addresses, DNS is asked, and the user is told so."""
    known = _fitting(known_places.from_file(forest), families)
    if all(place.address is not None for place in known) and not forest.discover:
        return known
    say(f"{forest.name}: asking DNS for the addresses that the forests file does not give")
    places, trouble = asyncio.run(addresses.places(forest, families, patience_s))
    places = _fitting(places, families)
    if not any(place.address and not place.dns_only for place in places):
        why = trouble or "DNS tells none"
        raise ConfigError(
            f"{forest.name}: no address of a domain controller is known ({why}); give them in the forests file"
            ' (domain_controllers = [{ host = "…", address = "…" }]), or name a report'
        )
    if trouble:
        say(f"{forest.name}: {trouble}; only the controllers that are known are in it")
    return places


def _systems(wanted: SystemsWanted, patience_s: float, peers: Collection[str]) -> tuple[Target, ...]:
    """The machines around the forest that the file names and no --peer replaces; DNS is asked where it must be."""
    named = tuple(system for system in wanted.forest.systems if system.role not in peers)
    wanted = replace(wanted, forest=replace(wanted.forest, systems=named))
    places = systems.unlocated(wanted)
    if all(place.address is not None for place in places):
        return _fitting(places, wanted.families)
    say(f"{wanted.forest.name}: asking DNS for the addresses that the forests file does not give")
    places, trouble = asyncio.run(addresses.systems(wanted, patience_s))
    if trouble:
        say(f"{wanted.forest.name}: {trouble}; only the machines that are known are in it")
    return _fitting(places, wanted.families)


def _fitting(places: Sequence[Target], families: Sequence[str]) -> tuple[Target, ...]:
    return tuple(p for p in places if p.address is None or known_places.fits(p.address, families))


def _source_of(own: tuple[str, ...]) -> SourceOf:
    def source_of(towards: str) -> tuple[str, ...]:
        fitting = tuple(address for address in own if (":" in address) == (":" in towards))
        if own:
            return fitting
        found = source_address(towards)
        return (found,) if found else ()

    return source_of


def _ports(text: str) -> Ports:
    found = re.fullmatch(r"([0-9]{1,5})(?:-([0-9]{1,5}))?", text.strip())
    if found is None:
        raise ConfigError(f"--rpc-ports: {text!r} is no port and no range; give it like 50000 or 50000-50003")
    low, high = int(found[1]), int(found[2] or found[1])
    if not 0 < low <= high < 65536:
        raise ConfigError(f"--rpc-ports: {text!r}: ports are from 1 to 65535, the lower one first")
    return Ports("tcp", low, high)


def _peers(texts_given: Sequence[str]) -> dict[str, tuple[str, ...]]:
    roles = tuple(role for role in TARGETS if role not in {"dc", "cloud"})
    found: dict[str, tuple[str, ...]] = {}
    for text in texts_given:
        role, _, address = text.partition("=")
        if role not in roles:
            raise ConfigError(f"--peer: unknown role {role!r}{nearest(role, roles)}; give it like sync=10.0.0.5")
        found[role] = (*found.get(role, ()), selecting.flagged("--peer", parse_address, address))
    return found
