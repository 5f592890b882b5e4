"""The host is there, and a service on it refuses, keeps silent, cuts the talk or is another one."""

from __future__ import annotations

from collections.abc import Iterable

from portcheck.diagnose import answers
from portcheck.diagnose.phrases import listed, ports, said_by, services, some, whereabouts
from portcheck.diagnose.reader import flag, number, printable, text
from portcheck.diagnose.remedy import allow
from portcheck.diagnose.rule import Proof, Rule
from portcheck.diagnose.rules.handshake import HANDSHAKE
from portcheck.diagnose.rules.retired import NO_DIRECTORY, mapper_alone, no_directory
from portcheck.diagnose.view import Endpoint, ForestFacts, endpoint, endpoints, hosts
from portcheck.model import BLOCKED, GOOD, Expected, Outcome, Severity, State, Verdict

KDC = ("kerberos", "kpasswd")
"""Both are the Key Distribution Center's: one stops with the other."""

LSASS = ("ldap", "kerberos", "kpasswd", "ldaps", "gc", "gc-tls")
"""One process answers all of these on Windows."""

AD_TEAM = "the AD team"
CUTTERS = "Devices that inspect the protocol do that, and services that refuse this client"


def _down(f: ForestFacts) -> Proof | None:
    """Refused by the host itself; or silent, where the LDAP ping says that the KDC does not run."""
    proof = tuple(o for where in f.by_endpoint for o in _down_at(f, where))
    if not proof:
        return None
    good = f.beside(proof, "ldap", "ldap-ping", "kerberos")
    team = _team(f, proof)
    ask = f"Ask {team} to start {services(proof)} on {some(map(printable, hosts(proof)))}"
    words = {
        "what": f"not running on {whereabouts(proof, f)}: {services(proof)}",
        "why": DOWN_WHY.format(_only(f, proof)),
        "ask": f"{ask}, or to say which host offers it",
    }
    if team == AD_TEAM and all(empty(f, where) for where in endpoints(proof)):
        words["what"] = f"not running on {whereabouts(proof, f)}: anything of a domain controller"
        listed_there = answers.holds_records(f, hosts(proof))
        words["ask"] = (RETIRED if listed_there else EMPTY).format(some(map(printable, hosts(proof))))
    nowhere = [where for where in endpoints(proof) if no_directory(f, where)]
    if len(nowhere) == len(endpoints(proof)):
        words["why"] = NO_DIRECTORY
    if running := _running(f, proof):
        words["what"] = f"all TCP refused by {whereabouts(proof, f)}, while UDP answers"
        words["why"] = ALL_TCP.format(ports(running))
        words["ask"] = f"Ask whoever runs the firewall of the host, or one that answers in its name: {allow(f, proof)}"
    elif untold := tuple(o for o in proof if flag(o, "reset_untold")):
        words["what"] = f"refused by {whereabouts(proof, f)}, or by a device in its name: {services(proof)}"
        words["why"] = WHOSE_UNTOLD.format(_only(f, proof))
        words["ask"] += f"; and the firewall team whether a rule answers with a reset in its place: {allow(f, untold)}"
    elif twins := _over_tcp(f, proof):
        words["what"] = f"{ports(proof)} refused by {whereabouts(proof, f)}; over TCP the same services answer"
        pinged = any(o.check.service in LOCATORS for o in proof)
        words["why"] = OVER_TCP.format(ports(twins)) + (LOCATOR if pinged else "")
        words["ask"] = f"{OVER_TCP_ASK}: {allow(f, proof)}"
    elif any(_starting(f, where) for where in endpoints(proof)):
        words["ask"] += JUST_STARTED
    behind = tuple(o for where in nowhere for o in f.faults_at(where) if flag(o, "interface_missing"))
    seen = tuple(mapper_alone(f, where) for where in nowhere)
    return Proof(proof, good, seen=(*_kdc_flag(f, proof), *seen), brief=bool(seen), words=words, follows=behind)


DOWN_WHY = (
    "The host itself refused, or its LDAP ping says that the service is not there. {}. A firewall between is not the"
    " cause, unless it answers in the host's name."
)
WHOSE_UNTOLD = (
    "A reset came back. {}. Either the service does not run, or a firewall between refuses in the host's name: the"
    " system of this machine does not tell the TTL of a reset, by which the two are told apart."
)
ALL_TCP = (
    "Every TCP port that was asked is refused, in the host's own name, and the same services answer at {}: they run."
    " So the host's own firewall refuses TCP, or a device that does not use its own address."
)


def _running(f: ForestFacts, proof: Iterable[Outcome]) -> tuple[Outcome, ...]:
    """What answers over UDP and is refused over TCP; empty unless each of these hosts refuses all TCP."""
    found = [_running_at(f, where) for where in endpoints(proof)]
    return tuple(o for twins in found for o in twins) if all(found) else ()


def _running_at(f: ForestFacts, where: Endpoint) -> list[Outcome]:
    tcp = [o for o in f.asked(where) if o.check.transport == "tcp"]
    if len({o.check.port for o in tcp}) < MANY or any(o.state is not State.REFUSED for o in tcp):
        return []
    refused = {o.check.service for o in tcp}
    return [o for o in f.at(where) if o.check.transport == "udp" and o.state in GOOD and o.check.service in refused]


OVER_TCP = (
    "The host itself refused these datagrams, and the same services answer at {}: they run, over TCP alone. Clients"
    " that turn to TCP notice nothing, others wait or fail."
)
LOCATOR = " Windows proves a controller by its answer on 389/udp, and passes this one over without it."
OVER_TCP_ASK = "Ask whoever runs the host whether it, its own firewall or a device in its name refuses UDP on purpose"
JUST_STARTED = "; if it was started just now, run this again in some minutes first"


def _over_tcp(f: ForestFacts, proof: Iterable[Outcome]) -> tuple[Outcome, ...]:
    """The same services over TCP, which answer; empty unless each of these is refused over UDP alone."""
    found = [_twin(f, o) for o in proof]
    return tuple(twin for twin in found if twin is not None) if all(found) else ()


def _twin(f: ForestFacts, o: Outcome) -> Outcome | None:
    beside = f.at(where) if (where := endpoint(o)) is not None and o.check.transport == "udp" else ()
    service = LOCATORS.get(o.check.service, o.check.service)
    alike = (twin for twin in beside if twin.check.service == service and twin.check.transport == "tcp")
    return next((twin for twin in alike if twin.state in GOOD), None)


LOCATORS = {"ldap-ping": "ldap"}
"""One service has two names: the directory answers the ping."""


def _starting(f: ForestFacts, where: Endpoint) -> bool:
    """The directory answers, and several services that a controller starts beside it refuse, its KDC among them."""
    refused = {o.check.service for o in f.at(where) if o.state is State.REFUSED and o.check.service in STARTED_BESIDE}
    return "kerberos" in refused and len(refused) > len(KDC) and any(o.state in GOOD for o in f.at(where, "ldap"))


STARTED_BESIDE = (*KDC, "rpc", "smb", "dns", "time")
RETIRED = (
    "Ask the AD team whether {} is still a domain controller: if it was retired, its DNS records have to go; if not,"
    " why its services do not run"
)
EMPTY = "Ask the AD team whether {} is still a domain controller, and if it is, why its services do not run"
MANY = 3
"""Ports that refuse, and nothing that answers: no single service is missing."""


def empty(f: ForestFacts, where: Endpoint) -> bool:
    asked = f.asked(where)
    return no_directory(f, where) or (f.hollow(where) and len({o.check.port for o in asked}) >= MANY)


def _down_at(f: ForestFacts, where: Endpoint) -> tuple[Outcome, ...]:
    faults = f.faults_at(where)
    return tuple(o for o in faults if o.state is State.REFUSED or (o.state in BLOCKED and stopped(f, o)))


def stopped(f: ForestFacts, o: Outcome) -> bool:
    """Silent, and not for the path: a host that only refuses is silent alike, and the KDC is known not to run."""
    where = endpoint(o)
    if where is None:
        return False
    return f.hollow(where) or no_directory(f, where) or (o.check.service in KDC and _no_kdc(f, where))


def _no_kdc(f: ForestFacts, where: Endpoint) -> bool:
    """Windows closes the ports of a stopped KDC without a word, but clears its flag (MS-ADTS 6.3.3.2)."""
    roles = f.roles(where)
    return roles is not None and "kdc" not in roles


def _kdc_flag(f: ForestFacts, proof: Iterable[Outcome]) -> tuple[str, ...]:
    without = [where.host for where in endpoints(o for o in proof if o.check.service in KDC) if _no_kdc(f, where)]
    return (f"the LDAP ping of {listed(without)} names no KDC",) if without else ()


def _only(f: ForestFacts, proof: Iterable[Outcome]) -> str:
    """Whether other services of these hosts work."""
    if all(any(o.state in GOOD for o in f.at(where)) for where in endpoints(proof)):
        return "Other services of the host answer, so the path is open"
    if _team(f, proof) != AD_TEAM:
        return "Nothing else of the host answers either"
    return "No service of a domain controller answers there: it may not be one (any more)"


def _team(f: ForestFacts, proof: Iterable[Outcome]) -> str:
    known = {(dc.host, dc.address) for dc in f.forest.domain_controllers if dc.source != "resolver"}
    around = [where for where in endpoints(proof) if (where.host, where.address) not in known]
    return "whoever runs the host" if around else AD_TEAM


def _mute(f: ForestFacts) -> Proof | None:
    """Was the question taken, and not answered, or did it never arrive?"""
    proof = f.seen(State.MUTE)
    if not proof:
        return None
    waiting = [number(o, "unacked_bytes") for o in proof]
    why = "The service hangs, or a device on the path lets the connection pass and drops what follows (inspection)"
    if all(waiting):
        why = "What was sent was never acknowledged, so the service did not get it: a device on the path lets the"
        why += " connection pass and drops what follows (inspection)"
    elif all(left == 0 for left in waiting):
        why = "What was sent was acknowledged, so it arrived: the service hangs, or its answer is lost on the way back"
    one = len({(o.check.service, o.check.host) for o in proof}) == 1
    words = {
        "why": why,
        "accepts": "accepts connections and never answers" if one else "accept connections and never answer",
        "answers": "answers" if len({o.check.service for o in proof}) == 1 else "answer",
        "themselves": "itself" if len(hosts(proof)) == 1 else "themselves",
        "team": _team(f, proof),
    }
    return Proof(proof, f.beside(proof), words=words)


def _cut(f: ForestFacts) -> Proof | None:
    """More than once, so not the session scavenger (KB2000061): who cut it, and what else of the host is cut?"""
    proof = f.seen(State.RESET)
    if not proof:
        return None
    by = dict.fromkeys(said_by(o) or "a device on the path" for o in proof if flag(o, "reset_by_device"))
    who = f"The reset did not come from the host: {listed(by)} sent it" if by else CUTTERS
    return Proof(
        proof, f.beside(proof), words={"who": who, "which": "" if by else _which(f, proof), "team": _team(f, proof)}
    )


def _which(f: ForestFacts, proof: Iterable[Outcome]) -> str:
    """The directory and the KDC are one process on Windows: what that has in common, and what it has not."""
    beside = [o for where in endpoints(proof) for o in f.at(where, *LSASS) if o.check.transport == "tcp"]
    if len({o.check.port for o in beside}) < 2 or not any(o in proof for o in beside):
        return ""
    if all(o.state is State.RESET for o in beside):
        return " All services of the directory's process are cut alike: a policy for this machine, not one service."
    if any(o.state in GOOD for o in beside):
        return (
            " Other services of the same process answer: it is this service, its certificate, or a rule for its port."
        )
    return ""


def _not_registered(f: ForestFacts) -> Proof | None:
    """The mapper answered, and knows no such service; the fact counts, whatever the state is called."""
    missing = (o for o in f.outcomes if flag(o, "interface_missing") is True and o.verdict is not Verdict.SKIP)
    proof = tuple(o for o in missing if o.check.id not in f.explained)
    are = "is" if len({o.check.service for o in proof}) == 1 else "are"
    it = "it has" if are == "is" else "they have"
    return Proof(proof, f.beside(proof, "rpc"), words={"are": are, "it": it}) if proof else None


def _wrong_service(f: ForestFacts) -> Proof | None:
    """Answered in another protocol, or otherwise not as what was asked for."""
    proof = tuple(o for o in f.faults() if o.state is State.MISMATCH or _not_hosted(o) or _judged_bad(o))
    if not proof:
        return None
    seen = tuple(
        f"{o.check.host} says it does not serve {o.check.domain or o.check.forest}" for o in proof if _not_hosted(o)
    )
    return Proof(proof, f.beside(proof), seen=seen)


def _not_hosted(o: Outcome) -> bool:
    return flag(o, "hosts_domain") is False and not text(o, "forest")


def _judged_bad(o: Outcome) -> bool:
    """It answers, and an expectation of the forests file is not met."""
    marked = flag(o, "tls_intercepted") or text(o, "marked_by")  # a finding of its own says why
    return o.state in GOOD and o.verdict is Verdict.FAIL and not marked


def _not_closed(f: ForestFacts) -> Proof | None:
    proof = tuple(o for o in f.faults() if o.check.expected is Expected.CLOSED)
    one = len({(o.check.port, o.check.host) for o in proof}) == 1
    return Proof(proof, words={"are": "is open, and should" if one else "are open, and should"}) if proof else None


def _by_turns(f: ForestFacts) -> Proof | None:
    """What else of the host is refused may be so only this time."""
    proof = tuple(o for o in f.told("refused_by_turns") if flag(o, "refused_by_turns") is True)
    if not proof:
        return None
    places = endpoints(proof)
    rest = tuple(o for o in f.seen(State.REFUSED) if endpoint(o) in places and "icmp_from" not in o.facts)
    words = {"rest": f" {ports(rest)} may be refused for the same reason." if rest else ""}
    return Proof(proof, f.beside(proof), severity=Severity.WARNING, words=words, follows=rest)


DOWN = (
    Rule(
        code="service-down",
        title="{forest}: {ports} of {hosts} is refused one time and answered another",
        explanation=(
            "Asked several times, one connection after the other, it was refused and then answered: behind the address"
            " are several machines, one of which does not offer it (a load balancer's pool, two machines with one"
            " address), one of several firewalls on the way refuses it, or the service was being restarted.{rest}"
        ),
        fix="Ask whoever runs {names} whether the address leads to several machines, or is in use twice, and which of"
        " them refuses; run it again to see whether it lasts.",
        when=_by_turns,
    ),
    Rule(
        code="service-down",
        title="{forest}: {what}",
        explanation="{why}",
        fix="{ask}.",
        when=_down,
    ),
)

TALK = (
    Rule(
        code="unexpected-open",
        title="{forest}: {ports} on {hosts} {are} be closed",
        explanation="The forests file expects this port to be closed, and something accepted the question.",
        fix="Ask the firewall team to close {ports} from this machine to {names}, or correct `expect`.",
        when=_not_closed,
    ),
    Rule(
        code="rpc-interface-missing",
        title="{forest}: {services} {are} not registered on {hosts}",
        explanation=(
            "The endpoint mapper answers and knows no such service: {it} not started, or the name leads to the wrong"
            " host. Microsoft's article on error 1753 rules blocked ports out; its guide on joining a domain does not."
        ),
        fix="Ask the AD team whether the directory service runs on {names}, and whether its address in DNS is right.",
        when=_not_registered,
    ),
    *HANDSHAKE,
    Rule(
        code="service-mute",
        title="{forest}: {services} on {hosts} {accepts}",
        explanation=(
            "The connection was accepted and the question never answered. {why}. A plain port test would call it open."
        ),
        fix="Ask {team} whether {services} {answers} on {names} {themselves}; if so, ask the firewall team about"
        " inspection of this traffic.",
        when=_mute,
    ),
    Rule(
        code="connection-reset",
        title="{forest}: connections to {services} on {hosts} are cut when the protocol starts",
        explanation=(
            "The connection was made and then reset or closed as soon as the question was sent, more than once."
            " {who}.{which}"
        ),
        fix="Ask the firewall team about inspection (IPS, protocol policy) of {ports} to {names}; if there is none, ask"
        " {team} for the service's log.",
        when=_cut,
    ),
    Rule(
        code="wrong-service",
        title="{forest}: something else answers on {hosts}: {ports}",
        explanation=(
            "The port is open and what answers there is not what was asked for: a proxy or block page, another program"
            " on the port, or the wrong host behind the name."
        ),
        fix="Ask the firewall team whether a proxy answers for {names} on {ports}; if not, ask the AD team what runs"
        " there.",
        when=_wrong_service,
    ),
)
