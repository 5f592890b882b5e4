"""The forest as clients use it: this machine's site, and names that Kerberos knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import ip_address

from portcheck.diagnose import answers
from portcheck.diagnose.phrases import some
from portcheck.diagnose.reader import name, printable, text
from portcheck.diagnose.remedy import allow
from portcheck.diagnose.rule import Proof, Rule
from portcheck.diagnose.rules.records import TOLD_BY_PING
from portcheck.diagnose.view import REVERSE, Endpoint, ForestFacts, grouped
from portcheck.frozen import dataclass
from portcheck.model import GOOD, Outcome, Severity


def uncovered(f: ForestFacts) -> tuple[str, ...]:
    """The controllers that DNS names for this machine's site, where none of them answers and others do."""
    told = f.forest.facts.get("own_site_controllers")
    own = tuple(one for one in told if isinstance(one, str)) if isinstance(told, list) else ()
    heard = {o.check.host for o in f.answered(*LOCATED)}
    return own if heard and not heard & set(own) else ()


def _site_uncovered(f: ForestFacts) -> Proof | None:
    """Clients ask for their own site's controllers first (MS-ADTS 6.3.6.1), and none of these answers."""
    site, told = f.forest.facts.get("own_site"), f.forest.facts.get("own_site_controllers")
    if not isinstance(site, str) or not isinstance(told, list):
        return None
    own = tuple(one for one in told if isinstance(one, str))
    elsewhere = tuple(o for o in f.answered(*LOCATED) if o.check.host not in own)
    if not elsewhere or any(o.check.host in own for o in f.answered(*LOCATED)):
        return None
    if not own and (_in_site(f, site) or _asked_for(f)):
        return None
    dead = tuple(o for where in f.by_endpoint if where.host in own and f.silent(where) for o in f.faults_at(where))
    if own and not dead:
        return None
    names = dict.fromkeys(o.check.host for o in elsewhere)
    words = {
        "site": printable(site),
        "by": printable(str(f.forest.facts.get("own_site_from"))),
        "what": f"none of its controllers answers ({some(map(printable, own))})"
        if own
        else "DNS names no controller for it",
        "then": f"Then they turn to any other: {some(map(printable, names))}",
        "ask": _ask(f, site, own, dead),
    }
    seen = f"SRV {_record(f, site)}: {some(map(printable, own)) if own else 'none'}"
    severity = None if own else Severity.WARNING
    return Proof(
        dead, elsewhere[:1], hosts=own or (printable(f.forest.name),), seen=(seen,), severity=severity, words=words
    )


LOCATED = ("ldap", "ldap-ping", "kerberos", "ldaps")


def _record(f: ForestFacts, site: str) -> str:
    return printable(f"_ldap._tcp.{site}._sites.dc._msdcs.{f.forest.name}")


def _asked_for(f: ForestFacts) -> bool:
    """The user named it: then that it has no records is told as that."""
    return f.forest.facts.get("own_site_from") != TOLD_BY_PING


def _in_site(f: ForestFacts, site: str) -> bool:
    """A controller says that it is in this site, whatever DNS lists."""
    return any(text(o, "site") == printable(site) for o in f.answered("ldap-ping"))


def _ask(f: ForestFacts, site: str, own: Sequence[str], dead: tuple[Outcome, ...]) -> str:
    if dead:
        return (
            f"Ask the AD team whether {some(map(printable, own))} is up; if so, ask the firewall team: {allow(f, dead)}"
        )
    return (
        f"Ask the AD team: a controller for the site {printable(site)}, or this machine's subnet in a site that has"
        " one; if the controllers are wrong about its site, name the right one with --site"
    )


# Kerberos


def _misnamed(f: ForestFacts) -> Proof | None:
    """The name that was used, the host's own and what reverse DNS says: for which of them is there a principal?"""
    if answers.wildcard(f):
        return None  # who answers there is not this forest's
    reverse = _reverse(f)
    every = (_names_at(f, where, reverse) for where in f.by_endpoint)
    found = [told for told in every if told is not None and told.odd]
    found = [one for one in found if one.turned or not one.by_address or not f.troubled]  # a remark, beside no fault
    if not found:
        return None
    alias, turned = [one for one in found if one.alias], [one for one in found if one.turned]
    grave = any(not one.by_address for one in alias) or bool(turned)
    first = (alias or turned)[0]
    called = some(dict.fromkeys(one.reached for one in alias))
    clients = [ALL_CLIENTS.format(first.reached)] if alias else []
    clients += [BY_REVERSE.format(some(dict.fromkeys(p for one in turned for p in one.reverse)))] if turned else []
    words = {
        "what": f"no Kerberos principal fits {called}" if alias else f"reverse DNS of {first.own} names another host",
        "clients": " ".join(clients),
        "ask": (ASK_LISTED if _listed(f, first) else ASK_ALIAS).format(
            own=some(dict.fromkeys(one.own for one in alias)), called=called, reached=first.reached
        )
        if alias
        else ASK_REVERSE.format(first.address, first.own),
    }
    proof = tuple(o for one in found for o in f.at(one.where, "ldap-ping", "ldap")[:1])
    severity = Severity.WARNING if grave else Severity.INFO
    return Proof(proof, seen=(some(map(str, found), 3, "more hosts"),), brief=True, severity=severity, words=words)


ALL_CLIENTS = "Clients ask for a ticket for ldap/{0} and the like; a controller has principals for its own name only."
BY_REVERSE = (
    "Clients that take the name from reverse DNS ask for a ticket for {0}: MIT Kerberos does so by default (`rdns` and"
    " `dns_canonicalize_hostname` in krb5.conf), and so does what is built on it, as ldapsearch -Y GSSAPI. Windows"
    " and Java do not."
)
ASK_ALIAS = "Use {own} instead; or ask the AD team for a service principal name for {called} (setspn -S ldap/{reached})"
ASK_LISTED = (
    "Ask the AD team why the SRV records name {called}, where {own} answers (it was renamed, or copied, or this is an"
    " alias): clients take the name from these records, so they must name what answers"
)
ASK_REVERSE = (
    "Ask the DNS team: the PTR record of {0} should name {1}; or set `rdns = false` in krb5.conf on this machine"
)


@dataclass(frozen=True, slots=True)
class _Names:
    """How one controller is called by whom."""

    where: Endpoint
    reached: str
    own: str
    reverse: tuple[str, ...]

    @property
    def address(self) -> str:
        return self.where.address

    @property
    def by_address(self) -> bool:
        return self.reached == self.where.address

    @property
    def alias(self) -> bool:
        return self.reached != self.own

    @property
    def turned(self) -> bool:
        return bool(self.reverse) and self.own not in self.reverse

    @property
    def odd(self) -> bool:
        return self.alias or self.turned

    def __str__(self) -> str:
        says = f", PTR of {self.address} says {some(self.reverse, 3)}" if self.reverse else ""
        return f"reached as {self.reached}, calls itself {self.own}{says}"


def _names_at(f: ForestFacts, where: Endpoint, reverse: Mapping[str, tuple[str, ...]]) -> _Names | None:
    """None where the host has not said who it is, or no Kerberos service of it answers."""
    told = [o for o in f.at(where, "ldap-ping", "ldap", "ldaps") if o.state in GOOD and text(o, "dns_host_name")]
    kerberos = any(o.state in GOOD for o in f.at(where, "kerberos"))
    if not told or not kerberos or where.address in f.foreign:
        return None
    own = name(text(told[0], "dns_host_name"))
    return _Names(where, printable(name(where.host)), own, reverse.get(_pointer(where.address), ()))


def _listed(f: ForestFacts, one: _Names) -> bool:
    """The name is what DNS lists as a controller, and nobody's choice here."""
    return any(name(host) == one.reached for x in f.lookups("SRV") for host in answers.targets(x))


def _reverse(f: ForestFacts) -> Mapping[str, tuple[str, ...]]:
    """The names that reverse DNS gives, by the name that was asked for."""
    told = grouped((name(x.name), x) for x in f.lookups(REVERSE) if x.status == "ok")
    return {
        asked: tuple(dict.fromkeys(printable(name(answer)) for x in found for answer in x.answers))
        for asked, found in told.items()
    }


def _pointer(address: str) -> str:
    try:
        return ip_address(address).reverse_pointer
    except ValueError:
        return ""


SITE = (
    Rule(
        code="site-uncovered",
        title="{forest}: this machine's site {site} has no working controller: {what}",
        explanation=(
            "Clients look for the controllers of their own site first; by {by}, this machine's is {site}. {then}, after"
            " losing time with every search."
        ),
        fix="{ask}.",
        when=_site_uncovered,
    ),
)

CLIENTS = (
    Rule(
        code="kerberos-name-mismatch",
        title="{forest}: {what}",
        explanation="{clients}",
        fix="{ask}.",
        at_most=Severity.WARNING,
        when=_misnamed,
        beside=True,
    ),
)
