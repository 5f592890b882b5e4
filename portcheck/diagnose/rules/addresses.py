"""The addresses of the domain's own names, which clients search, follow referrals to and mount: who is there?"""

from __future__ import annotations

from collections.abc import Sequence

from portcheck.diagnose import answers
from portcheck.diagnose.domain_addresses import DomainAddress, dead_addresses, link_local
from portcheck.diagnose.phrases import listed, some
from portcheck.diagnose.reader import name, printable
from portcheck.diagnose.rule import Proof, Rule
from portcheck.diagnose.rules.strays import strays
from portcheck.diagnose.view import ForestFacts
from portcheck.model import Severity


def _dead_addresses(f: ForestFacts) -> Proof | None:
    if answers.believes_wrong(f) or answers.wildcard(f):
        return None  # these addresses are that server's word: there is no record of the forest's own behind them
    dead = [one for one in f.once(dead_addresses) if not _told_already(f, one)]
    if not dead:
        return None
    used = tuple(dict.fromkeys(one for row in dead for one in row.names))
    seen = tuple(f"{row.address} ({some(row.names, 2, 'more names')}): {row.fault}" for row in dead)
    own_way = [link_local(row.address) for row in dead]
    return Proof(
        hosts=used,
        seen=(some(seen, 4, "more addresses"),),
        severity=Severity.WARNING,
        words={
            "addresses": some((row.address for row in dead), 4),
            "leads": listed(dict.fromkeys(used)),
            "users": listed(dict.fromkeys(_users(one, f) for one in used)),
            **(ALONE if all(_alone(f, one, dead) for one in used) else ALSO),
            "apipa": APIPA if any(own_way) else "",
            "open": "" if all(own_way) else OPEN.format(port=listed(dict.fromkeys(row.port for row in dead))),
        },
    )


def _told_already(f: ForestFacts, row: DomainAddress) -> bool:
    """One resolver's word that the forest's own server does not share."""
    return {(name(one), row.address) for one in row.names} <= set(f.once(strays))


def _alone(f: ForestFacts, used: str, dead: Sequence[DomainAddress]) -> bool:
    """The name has no address that works."""
    label, gone = answers.main(f), {row.address for row in dead}
    given = {at for x in f.asked_for_addresses(used) if x.server == label for at in x.answers}
    return bool(given) and given <= gone


OPEN = " If it is one, ask the firewall team for {port}/tcp to it."
ALSO = {"also": "also leads", "then": "lose time there, or fail now and then"}
ALONE = {"also": "leads", "then": "fail: no address that works is given for it"}
APIPA = " 169.254.0.0/16 is what a network card gives itself when it gets no address (RFC 3927)."


def _users(used: str, f: ForestFacts) -> str:
    label = used.partition(".")[0].lower()
    return USERS.get(label, USERS[""]).format(domain=printable(f.forest.name))


USERS = {
    "": "LDAP clients that are given the domain's name, referrals between domains and \\\\{domain} (SYSVOL, DFS)",
    "gc": "clients that look for a Global Catalog by address",
    "domaindnszones": "referrals to the DNS partition",
    "forestdnszones": "referrals to the forest's DNS partition",
}
"""What resolves these names; MS-ADTS 6.3.2.3 and 6.3.2.4, 3.1.1.4.6 (referrals)."""


ADDRESSES = (
    Rule(
        code="domain-address-dead",
        title="{forest}: {leads} {also} to {addresses}, where no LDAP of this forest answers",
        explanation=(
            "Every controller registers its addresses under these names, and clients try them in turn. Used by:"
            " {users}. They {then}.{apipa}"
        ),
        fix="Ask the AD team whose address {addresses} is; what is no controller's address for clients does not"
        " belong under these names (a network card that registers itself, an address behind a translation, a controller"
        " of former days).{open}",
        at_most=Severity.WARNING,
        when=_dead_addresses,
        beside=True,
    ),
)
