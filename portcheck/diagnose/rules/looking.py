"""Of a host that nothing is heard of: where to look first, by who said so."""

from __future__ import annotations

from collections.abc import Sequence

from portcheck.catalogue.profiles import built_in
from portcheck.catalogue.services import services
from portcheck.diagnose.phrases import goes_round, listed
from portcheck.diagnose.reader import printable, text
from portcheck.diagnose.remedy import FIREWALL_TEAM, here_first
from portcheck.diagnose.view import ForestFacts, local
from portcheck.model import Outcome, State
from portcheck.model.readings import nobody_there

OWN_LINK = "Check that the host is up if it is on this machine's own link, and else the gateway{}"


def _asked_from(proof: tuple[Outcome, ...]) -> str:
    """A container bridge or a VPN whose network is the controller's too takes what is meant for the controller."""
    own = dict.fromkeys(address for o in proof if (address := text(o, "local_address")))
    return OVERLAP.format(listed(own)) if own else ""


OVERLAP = (
    " (it was asked from {}: if that is a container bridge's or a VPN's address, the networks overlap, and this"
    " machine's own is to be changed)"
)


def own_first(fix: str, proof: Sequence[Outcome], f: ForestFacts) -> str:
    """What never left this machine or its own link is asked of nobody beyond, whatever the finding's usual remedy."""
    if proof and FIREWALL_TEAM in fix and all(map(local, proof)):
        return f"{where_to_look(tuple(proof), ())} {AGAIN}."
    return f"{_itself(proof) or _unusual_port(proof, f)}{here_first(fix, proof)}" if fix else fix


def _itself(proof: Sequence[Outcome]) -> str:
    """Whoever asks at an address of its own asks itself: nobody else can start or open anything there."""
    own = dict.fromkeys(at for o in proof if (at := o.check.address) and text(o, "local_address") == at)
    if (
        not own
        or len(own) < len({o.check.address for o in proof})
        or any(o.state not in MAY_BE_ANOTHERS for o in proof)
    ):
        return ""
    return f"{listed(map(printable, own))} is this machine itself: if it is no controller, name the one that is meant. "


def _unusual_port(proof: Sequence[Outcome], f: ForestFacts) -> str:
    """Who named another port than the service's own may have named a wrong one: that comes before anybody's blame.

    Not where the host's other services answer just as far from their own ports: they were moved together.
    """
    moved = {o.check.name: _moved(o) for o in proof}
    if not proof or not all(moved.values()) or any(o.state not in MAY_BE_ANOTHERS for o in proof):
        return ""
    if set(moved.values()) <= {_moved(o) for o in f.beside(proof)}:
        return ""
    told = dict.fromkeys(
        f"{printable(o.check.service)} is usually on {(o.check.port or 0) - moved[o.check.name]}, not {o.check.port}"
        for o in proof
    )
    return f"See first whether the port is right, as given in the forests file or the target: {listed(told)}. "


MAY_BE_ANOTHERS = frozenset({State.FILTERED, State.REFUSED, State.MUTE, State.RESET, State.MISMATCH})


def _moved(o: Outcome) -> int:
    """How far above the service's usual port it was asked; 0 where this one is usual too, or there is none."""
    service = services().get(o.check.service)
    rows = (row for profile in built_in().values() for row in profile.rows if row.service == o.check.service)
    usual = service.ports.get(o.check.transport) if service else None
    port = o.check.port
    return 0 if port is None or usual is None or port in {row.port for row in rows} else port - usual


AGAIN = "run it again"


def where_to_look(proof: tuple[Outcome, ...], by: tuple[str, ...]) -> str:
    if all(local(o) for o in proof):
        if any(text(o, "icmp_from") for o in proof):
            return f"{OWN_LINK.format(_asked_from(proof))}; then"
        return "Give this machine a route to it first (the questions never left); then"
    if any(local(o) for o in proof):
        return "Look at this machine's own routes first (part of the questions never left it); then"
    if goes_round(proof):
        what = "which routes to that address lead in a circle, or what shortens the time to live"
        return f"Ask the network team {what}, at {listed(by)} or before it; then"
    if by and all(nobody_there(o) for o in proof):
        return f"{listed(by)} finds nobody at that address. Ask the AD team whether the host is up and has it; if so,"
    if by:
        return f"Ask who runs {listed(by)} why it says no, and whether the host is up; then"
    many = len({o.check.host for o in proof}) > 1
    up = "these hosts are up and have these addresses" if many else "the host is up and has this address"
    return f"Ask the AD team whether {up}; if so,"
