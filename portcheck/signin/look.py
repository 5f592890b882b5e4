"""What a signed-in account asks of one controller, in the order of use; each answer is kept as soon as it is there."""

from __future__ import annotations

from collections.abc import Iterator

from portcheck.frozen import dataclass
from portcheck.model import Facts
from portcheck.net.ldap.session import Session
from portcheck.signin import identity, rights
from portcheck.signin.asking import DirectoryQueries


@dataclass(frozen=True, slots=True)
class Questions:
    """How much to ask: of one controller of each domain about the domain, of one of the forest about the forest."""

    domain: bool = False
    forest: bool = False
    ous: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()  # this machine's, for the subnets


def look(session: Session, questions: Questions) -> Iterator[Facts]:
    """What is told, question by question. A session that breaks off ends it, and says so."""
    asking = DirectoryQueries(session)
    told = identity.root(asking) if questions.domain or questions.forest else None
    if told is not None:
        naming_context = told.text("defaultNamingContext") or ""
        yield identity.levels(told)
        if questions.domain:
            yield identity.domain(asking, naming_context)
            who = rights.own_sids(told.attributes.get("tokengroups", ()))
            yield rights.on_domain(asking, naming_context, who)
            if ous := {ou: rights.on_ou(asking, ou, who) for ou in questions.ous if _under(ou, naming_context)}:
                yield {"ous": ous}
        if questions.forest:
            configuration = told.text("configurationNamingContext") or ""
            yield identity.sites(asking, configuration, questions.addresses)
            yield {"role_holders": dict(identity.role_holders(asking, told))}
            yield identity.schema(asking, told.text("schemaNamingContext") or "")
    if asking.ended is not None:
        yield {"look_ended": f"{asking.ended.reason}, asked for {asking.while_asking}"}


def _under(dn: str, naming_context: str) -> bool:
    return dn.replace(", ", ",").lower().endswith(naming_context.lower())
