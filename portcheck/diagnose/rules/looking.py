"""Of a host that nothing is heard of: where to look first, by who said so."""

from __future__ import annotations

from portcheck.diagnose.phrases import goes_round, listed
from portcheck.diagnose.reader import text
from portcheck.diagnose.view import local
from portcheck.model import Outcome
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
