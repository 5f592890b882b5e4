"""An address family whose path is silent, or leads to nobody, where the same host answers over the other."""

from __future__ import annotations

from portcheck.diagnose.phrases import listed, said_by, some
from portcheck.diagnose.remedy import allow
from portcheck.diagnose.rule import Proof, Rule
from portcheck.diagnose.rules.hosts import heard
from portcheck.diagnose.view import Endpoint, ForestFacts
from portcheck.model import Outcome, Severity, State
from portcheck.model.readings import nobody_there


def _ipv6(f: ForestFacts) -> Proof | None:
    """AAAA blocked although the same host answers over IPv4."""
    dead = [where for where in f.by_endpoint if ":" in where.address and f.silent(where)]
    dead = [where for where in dead if any(heard(f, e) for e in _over_ipv4(f, where.host))]
    proof = tuple(o for where in dead for o in f.faults_at(where))
    good = dict.fromkeys(e.address for where in dead for e in _over_ipv4(f, where.host) if heard(f, e))
    seen = (f"the same host answers at {some(good)}",)
    return Proof(proof, seen=seen, words={"ask": _about_ipv6(f, proof)}) if proof else None


def _about_ipv6(f: ForestFacts, proof: tuple[Outcome, ...]) -> str:
    """A router that finds nobody there, or has no way there, is no firewall that lets nothing through."""
    by = listed(dict.fromkeys(device for o in proof if (device := said_by(o))))
    if by and all(o.state is State.UNREACHABLE for o in proof):
        why = "finds nobody at that address" if all(map(nobody_there, proof)) else "has no way to it"
        return f"Ask the AD team whether the AAAA record is right and meant for clients here: {by} {why}. {OR_IPV4}"
    return (
        f"Ask the firewall team: {allow(f, proof)}. Or ask the AD team whether the AAAA record is meant for clients"
        f" here. {OR_IPV4}"
    )


OR_IPV4 = "Or let this machine prefer IPv4 (DisabledComponents 0x20)."


def _over_ipv4(f: ForestFacts, host: str) -> list[Endpoint]:
    return [where for where in f.places_of(host) if ":" not in where.address]


FAMILIES = (
    Rule(
        code="ipv6-blocked",
        title="{forest}: {hosts} cannot be reached over IPv6, only over IPv4",
        explanation=(
            "DNS gives an IPv6 address and Windows prefers it, but nothing answers there. Every new connection may wait"
            " before it turns to IPv4, and programs that do not turn fail."
        ),
        fix="{ask}",
        at_most=Severity.WARNING,
        when=_ipv6,
    ),
)
