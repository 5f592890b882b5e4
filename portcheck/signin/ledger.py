"""Which accounts have had their bad attempt in this run, and where; one account has many names, and one lock.

In doubt two names are the same account: one that is spared unasked costs a second run, one that is locked costs a day.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import field
from enum import StrEnum

from portcheck.asking.knowledge import HostState
from portcheck.config import ForestSpec
from portcheck.frozen import dataclass
from portcheck.model import Facts
from portcheck.wire.rootdse import dns_name, relative_names


@dataclass(frozen=True, slots=True)
class Domain:
    """What is known of a domain; empty: not known. All but the SID in lower case."""

    dns: str = ""
    netbios: str = ""
    sid: str = ""
    forest: str = ""  # the DNS name of its root

    def may_be(self, other: Domain) -> bool:
        """No name of the one contradicts the other: SID before DNS name before NetBIOS name before forest."""
        for own, theirs in zip(self.names, other.names, strict=True):
            if own and theirs:
                return own == theirs
        return True

    @property
    def names(self) -> tuple[str, str, str, str]:
        return self.sid, self.dns, self.netbios, self.forest


class Form(StrEnum):
    """How a name is written; only names of the same form can be told apart by their local part."""

    SAM = "DOMAIN\\name"
    PRINCIPAL = "name@domain"  # its own, or another one that somebody gave the account
    DN = "CN=name,DC=domain"  # the CN is often another word than the logon name
    BARE = "name"


@dataclass(frozen=True, slots=True)
class Account:
    """A name that signs in, and what is known of the domain it lies in."""

    form: Form
    local: str  # in lower case; of a DN the whole of it
    domain: Domain

    def may_be(self, other: Account) -> bool:
        if not self.local or not other.local:  # whoever has the ticket
            return self.local == other.local
        return self._named_as(other) and self.domain.may_be(other.domain)

    def _named_as(self, other: Account) -> bool:
        """A principal and a DN may name the account by another word than the logon name."""
        unsure = self.form is not other.form and {self.form, other.form} & {Form.DN, Form.PRINCIPAL}
        return self.local == other.local or bool(unsure)


def account(user: str, known: Sequence[Domain]) -> Account:
    """`user` as AD takes it; `known` are the domains that controllers told of, to find its own among them."""
    before, backslash, name = user.lower().rpartition("\\")
    if backslash:
        return Account(Form.SAM, name, _by_word(before, known))
    if "=" in user:
        parts = relative_names(user.lower())
        return Account(Form.DN, ",".join("=".join(part) for part in parts), _by_dns(dns_name(user) or "", known))
    name, at, suffix = user.lower().rpartition("@")
    if at:
        return Account(Form.PRINCIPAL, name, _by_suffix(suffix, known))
    return Account(Form.BARE, user.lower(), Domain())


def _by_word(word: str, known: Sequence[Domain]) -> Domain:
    """Before a backslash stands the NetBIOS name, or the DNS name, which AD takes as well."""
    found = (domain for domain in known if word and word in {domain.netbios, domain.dns})
    return next(found, Domain(dns=word) if "." in word else Domain(netbios=word))


def _by_dns(name: str, known: Sequence[Domain]) -> Domain:
    return next((domain for domain in known if name and domain.dns == name), Domain(dns=name))


def _by_suffix(suffix: str, known: Sequence[Domain]) -> Domain:
    """A principal's suffix is any domain of its forest, or a word that the forest agreed on: which, nobody tells."""
    own = next((domain for domain in known if domain.dns == suffix), None)
    return Domain(forest=own.forest) if own is not None else Domain()


def domains(hosts: Iterable[HostState], forests: Iterable[ForestSpec] = ()) -> tuple[Domain, ...]:
    """Those that controllers told of, and those of the forests file that none told of; a name told in two ways is none.

    The SID is the one that the file expects.
    """
    told = [facts for host in hosts for facts in (host.ping, host.root) if facts.get("domain")]
    specs = tuple(forests)
    sids = {spec.name: spec.expect["domain_sid"] for spec in specs if "domain_sid" in spec.expect}
    found: dict[str, Domain] = {}
    for name in dict.fromkeys(_word(facts, "domain") for facts in told):
        of_it = [facts for facts in told if _word(facts, "domain") == name]
        netbios, forest = _agreed(of_it, "netbios_domain"), _agreed(of_it, "forest")
        found[name] = Domain(name, netbios, sids.get(name, ""), forest)
    for spec in specs:
        for name in (spec.name, *spec.domains):
            found.setdefault(name, Domain(name, sid=sids.get(name, ""), forest=spec.name))
    return tuple(found.values())


def _agreed(told: Iterable[Facts], key: str) -> str:
    """What all say; empty where they say nothing, or different things."""
    said = {word for facts in told if (word := _word(facts, key))}
    return said.pop() if len(said) == 1 else ""


def _word(facts: Facts, key: str) -> str:
    return str(facts.get(key) or "").lower()


@dataclass(slots=True)
class AttemptLedger:
    """Shared by all forests of a run; filled while accounts sign in one after the other."""

    spent: list[tuple[Account, str]] = field(default_factory=list)

    def spend(self, who: Account, where: str) -> None:
        self.spent.append((who, where))

    def where(self, who: Account) -> str:
        """The host where this account, or one that may be the same, had its bad attempt; empty: nowhere."""
        return next((where for other, where in self.spent if other.may_be(who)), "")


def grouped(accounts: Sequence[Account]) -> list[list[int]]:
    """Places of accounts that may be the same, directly or by way of others: they sign in one after the other."""
    groups: list[list[int]] = []
    for place, one in enumerate(accounts):
        alike = [group for group in groups if any(accounts[other].may_be(one) for other in group)]
        groups = [group for group in groups if group not in alike]
        groups.append([*(other for group in alike for other in group), place])
    return [sorted(group) for group in groups]
