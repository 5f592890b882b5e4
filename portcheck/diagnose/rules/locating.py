"""The search for a controller, which needs UDP; where no UDP passes at all, that is one rule of a firewall."""

from __future__ import annotations

from portcheck.diagnose.phrases import listed, ports, short
from portcheck.diagnose.rule import Proof, Rule
from portcheck.diagnose.symptoms import unix_alone
from portcheck.diagnose.view import Endpoint, ForestFacts, endpoint, endpoints
from portcheck.model import BLOCKED, GOOD, Outcome

WHOLESALE = 3
"""UDP ports of one host, the LDAP ping among them, which every controller answers."""
WINDOWS_LOCATES = (
    "Windows proves a domain controller by an LDAP ping over UDP before Kerberos or RPC may use it. Without it the"
    " locator acts as if the controller were not there, however many TCP ports are open: it returns 1355, and Kerberos,"
    " which asks the same locator, finds no logon server."
)
UNIX_LOCATES = (
    "adcli and Samba find a usable domain controller by an LDAP ping over UDP, and SSSD asks by it for this machine's"
    " site. Without it a join finds none, however many TCP ports are open, and SSSD may turn to a far one."
)


def _locator(f: ForestFacts) -> Proof | None:
    pings = f.blocked("ldap-ping")
    if not pings:
        return None
    closed = [where for where in endpoints(pings) if _no_datagram_passes(f, where)]
    others = (o for where in closed for o in f.faults_at(where) if _datagram(o) and o not in pings)
    proof = (*pings, *others)
    here = unix_alone(pings)
    words = {
        "who": "this machine" if here else "Windows",
        "locates": UNIX_LOCATES if here else WINDOWS_LOCATES,
        "seen": _seen(f, proof, closed),
        "whole": _whole(f, closed),
    }
    return Proof(proof, f.beside(proof, "ldap", "kerberos/tcp"), words=words)


def _no_datagram_passes(f: ForestFacts, where: Endpoint) -> bool:
    """Questions to the host's DNS aside: those are often let through by a rule of their own."""
    asked = [o for o in f.asked(where) if o.check.transport == "udp" and o.check.service != "dns"]
    over_tcp = any(o.check.transport == "tcp" for o in _answers(f, where))
    return over_tcp and len({o.check.port for o in asked}) >= WHOLESALE and all(o.state in BLOCKED for o in asked)


def _datagram(o: Outcome) -> bool:
    return o.check.transport == "udp" and o.state in BLOCKED


def _answers(f: ForestFacts, where: Endpoint) -> list[Outcome]:
    return [o for o in f.at(where) if o.state in GOOD]


def _seen(f: ForestFacts, proof: tuple[Outcome, ...], closed: list[Endpoint]) -> str:
    if not closed or set(closed) != set(endpoints(proof)):
        return f"{ports(proof)} blocked"
    names = any(o.check.name == "dns/udp" for where in closed for o in _answers(f, where))
    return f"no UDP{' but DNS' if names else ''} passes ({ports(proof)})"


def _whole(f: ForestFacts, closed: list[Endpoint]) -> str:
    """What answers over TCP at the very ports is named; a single closed host of several is, too."""
    if not closed:
        return ""
    silent = {o.check.port for where in closed for o in f.asked(where) if _datagram(o)}
    over_tcp = tuple(o for where in closed for o in _answers(f, where) if o.check.transport == "tcp")
    twins = tuple(o for o in over_tcp if o.check.port in silent)
    what = f"{ports(twins)} of the same host" if twins else "TCP"
    rest = {endpoint(o) for o in f.blocked("ldap-ping")} - set(closed)
    to = f" to {listed(dict.fromkeys(short(where.host, f.forest.name) for where in closed))}" if rest else ""
    return (
        f"Every UDP port that was asked{to} is silent or refused on the way, although {what} answered: one rule of a"
        " firewall for all UDP, not a fault of each service. "
    )


LOCATING = (
    Rule(
        code="dc-locator-blocked",
        title="{forest}: {who} cannot find {hosts}: {seen}",
        explanation="{whole}{locates}",
        fix="Ask the firewall team: {allow}.",
        when=_locator,
    ),
)
