"""The sign-in to a whole forest: first to a single controller, and to the others only where that one accepted.

An account is locked out by bad attempts on any controller, so a run makes at most one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field

from portcheck.asking.asker import ForestAsker
from portcheck.asking.knowledge import HostState
from portcheck.config import ForestSpec
from portcheck.frozen import dataclass
from portcheck.model import GOOD, Check, Facts, Need, Outcome, State
from portcheck.model.credentials import Credentials, Method
from portcheck.net.ldap.connection import LdapConnection
from portcheck.signin import wanted
from portcheck.signin.attempt import Attempt
from portcheck.signin.doors import belongs, closed, doors
from portcheck.signin.ledger import Account, AttemptLedger, Domain, account, domains, grouped
from portcheck.signin.look import Questions
from portcheck.wire import text

SERVICE = "sign-in"
MOST_TOLD = 512  # sites of a large forest
LONGEST_REASON = 512
PURPOSE = "sign-in of the service account"
FOREST_FACTS = ("forest_level", "schema_version", "sites", "site_by_subnet", "subnets")


@dataclass(slots=True)
class SignIn:
    """One forest's part of `--bind`. What is seen goes into its ledger; `facts` are the forest's in the end."""

    asker: ForestAsker
    credentials: Credentials
    ledger: AttemptLedger
    addresses: tuple[str, ...] = ()
    facts: Facts = field(default_factory=dict)
    known: Sequence[Domain] = ()  # what the whole run was told of domains
    _domains: set[str] = field(default_factory=set)

    @property
    def forest(self) -> ForestSpec:
        return self.asker.forest

    def __post_init__(self) -> None:
        """A bare name is one of the domain whose controllers are asked."""
        own = next((host.domain for host in self._candidates() if host.domain), "")
        self.credentials = self.credentials.of_domain(own)

    @property
    def account(self) -> Account:
        return account(self.credentials.user, self.known or domains(self.asker.hosts, (self.forest,)))

    async def run(self) -> None:
        for host in self._candidates():
            await self._at(host)
        self._finish()

    def _candidates(self) -> list[HostState]:
        """Each controller once, at the first of its addresses where LDAP answers; the account's own domain first."""
        best: dict[str, HostState] = {}
        for host in self.asker.hosts:
            if host.place.dns_only or host.place.address is None or host.ping.get("hosts_domain") is False:
                continue
            if host.place.host not in best or (self._answers(host) and not self._answers(best[host.place.host])):
                best[host.place.host] = host
        own = self.credentials.user.rpartition("@")[2].lower()
        return sorted(best.values(), key=lambda host: (not self._answers(host), host.domain != own))

    def _seen(self, host: HostState) -> Sequence[Outcome]:
        return self.asker.ledger.of(host)

    def _land(self, host: HostState, outcome: Outcome) -> None:
        self.asker.ledger.add(host, outcome)

    def _answers(self, host: HostState) -> bool:
        return any(o.check.service in {"ldap", "ldaps"} and o.state in GOOD for o in self._seen(host))

    async def _at(self, host: HostState) -> None:
        engine = self.asker.engine
        ways = doors(host, self.forest, self.credentials.method, self._seen(host), engine.source_ip)
        if reason := self._not_tried(host, ways):
            self._land(host, Outcome(self._check(host, ways), State.SKIPPED, reason))
            return
        if not belongs(host, self.forest):
            why = (
                f"nothing secret was sent: {host.place.host} is not in {self.forest.name}; name it in the forests file"
            )
            self.asker.ledger.add(
                host, Outcome(self._check(host, ways), State.SKIPPED, why, facts={"signed_in": False})
            )
            return
        attempt = Attempt(ways, self.credentials, self._questions(host), engine.patience)
        await attempt.make()
        if attempt.spent:
            self.ledger.spend(self.account, host.place.host)
        self._learn(host, attempt)

    def _not_tried(self, host: HostState, ways: Sequence[LdapConnection]) -> str:
        if any(o.facts.get("wrong_forest") is True for o in self._seen(host)):
            return "not tried: another forest answers here"
        if where := self.ledger.where(self.account):
            return f"not tried: the attempt on {where} may count as a bad one, and a second could lock the account"
        if self.credentials.method is Method.KERBEROS and self._no_kdc():
            return "not tried: no KDC of this forest answers on 88/tcp"
        if not ways:
            return f"not tried: no answer from {closed(self.credentials.method, self.forest)} here"
        return ""

    def _no_kdc(self) -> bool:
        """Asked, and none answers: waiting for a ticket would end in the same."""
        asked = [o for host in self.asker.hosts for o in self._seen(host) if o.check.name == "kerberos/tcp"]
        return bool(asked) and not any(o.state in GOOD for o in asked)

    def _check(self, host: HostState, ways: Sequence[LdapConnection], used: LdapConnection | None = None) -> Check:
        door = used or (ways[0] if ways else None)
        return Check(
            forest=self.forest.name,
            host=host.place.host,
            address=host.place.address,
            service=SERVICE,
            transport="tcp",
            port=door.port if door is not None else self.forest.ports.get("ldaps", 636),
            need=Need.REQUIRED,
            purpose=PURPOSE,
            why="asked for with --bind",
            domain=host.domain,
        )

    def _questions(self, host: HostState) -> Questions:
        return Questions(
            domain=host.domain not in self._domains,
            forest="sites" not in self.facts,
            ous=self.credentials.ous,
            addresses=self.addresses,
        )

    def _learn(self, host: HostState, attempt: Attempt) -> None:
        told = text.facts(attempt.told(), MOST_TOLD)
        if attempt.accepted:
            if "domain_sid" in told:
                self._domains.add(host.domain)
            self._keep(host, told)
            profiles = [profile.name for profile in self.asker.profiles]
            if missing := wanted.missing(told, host.domain or self.forest.name, profiles, self.credentials.ous):
                told["rights_missing"] = missing
            told |= self._held_against_sid(host, told)
        outcome = Outcome(
            check=self._check(host, attempt.doors, attempt.door),
            state=attempt.state,
            reason=text.cut(attempt.reason, LONGEST_REASON),
            stage=attempt.trail.stage,
            attempts=attempt.trail.attempts,
            answers=attempt.trail.answers,
            elapsed_ms=attempt.trail.elapsed_ms(),
            facts=told,
            evidence=tuple(attempt.trail.steps),
            started_at=attempt.trail.started_at() if attempt.trail.attempts else "",
        )
        self._land(host, outcome)

    def _keep(self, host: HostState, told: Mapping[str, object]) -> None:
        self.facts |= {key: told[key] for key in FOREST_FACTS if key in told}
        if "domain_sid" in told:
            known = self.facts.setdefault("domain_sids", {})
            assert isinstance(known, dict)
            known[host.domain] = told["domain_sid"]
        if isinstance(holders := told.get("role_holders"), Mapping):
            self.facts["role_holders"] = {
                role: {"host": name, "reachable": self._reachable(str(name))} for role, name in holders.items()
            }
        if host.ping.get("client_site"):
            self.facts.setdefault("client_site", host.ping["client_site"])

    def _reachable(self, name: str) -> bool | None:
        """None: not asked in this run."""
        there = [o for host in self.asker.hosts if host.place.host == name for o in self._seen(host)]
        asked = [o for o in there if o.state is not State.SKIPPED]
        return any(o.state in GOOD for o in asked) if asked else None

    def _held_against_sid(self, host: HostState, told: Mapping[str, object]) -> Facts:
        """`expect.domain_sid` speaks of the forest's root domain, which `name` is."""
        expected, own = self.forest.expect.get("domain_sid"), told.get("domain_sid")
        if expected is None or own is None or host.domain != self.forest.name:
            return {}
        told_of = "matches" if own == expected else "differs"
        return {"expected_domain_sid": expected, "domain_sid_told": told_of, "wrong_forest": own != expected}

    def _finish(self) -> None:
        self.facts["signed_in_as"] = self.credentials.user or "the ticket's owner"


def by_account(forests: Iterable[SignIn]) -> list[list[SignIn]]:
    """Those of the same account one after the other, so that one bad attempt stops the next; the rest side by side."""
    asked = tuple(forests)
    return [[asked[place] for place in group] for group in grouped([one.account for one in asked])]


async def in_turn(forests: Iterable[SignIn]) -> None:
    for one in forests:
        await one.run()
