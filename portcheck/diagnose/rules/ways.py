"""Parts of the traffic that pass while others do not: by this machine's port, by direction, by who answers."""

from __future__ import annotations

from collections.abc import Mapping

from portcheck.diagnose.phrases import listed, ports, some, whereabouts
from portcheck.diagnose.reader import flag, number, printable, text
from portcheck.diagnose.rule import WORST_FIRST, Proof, Rule, worst_of
from portcheck.diagnose.view import Endpoint, ForestFacts, endpoint, endpoints
from portcheck.model import GOOD, Outcome, Report, Severity, State, Verdict
from portcheck.model.folding import capital
from portcheck.model.readings import nobody_there

WHOLESALE = 3
"""TCP ports of one host that are connected to and lead nowhere, and none that does: the path, not a service."""


def _by_source_port(f: ForestFacts) -> Proof | None:
    """Each port of the sample behaved the same every time, and they did not behave alike."""
    noted = f.told("source_ports_dead")
    places = endpoints(noted)
    hurt = tuple(o for where in places for o in f.faults_at(where) if _may_be(o))
    if not noted:
        return None
    proof = hurt or noted
    alive, dead = _ports(noted, "source_ports_alive"), _ports(noted, "source_ports_dead")
    seen = f"packets from {some(map(str, alive), 6)} always pass, from {some(map(str, dead), 6)} never"
    severity = None if hurt else Severity.WARNING
    return Proof(
        proof, f.beside(proof), seen=(seen,), brief=True, severity=severity, words={"which": _split(alive, dead)}
    )


def _may_be(o: Outcome) -> bool:
    return o.state is State.FILTERED or nobody_there(o) or bool(o.facts.get("fragments_lost"))


def _ports(noted: tuple[Outcome, ...], key: str) -> list[int]:
    told = (o.facts.get(key) for o in noted)
    return sorted({port for ports in told if isinstance(ports, list) for port in ports if type(port) is int})


def _split(alive: list[int], dead: list[int]) -> str:
    if alive and dead and max(dead) < min(alive):
        return f"Ports up to {max(dead)} do not pass, those from {min(alive)} on do: a filter by source port"
    if alive and dead and max(alive) < min(dead):
        return f"Ports up to {max(alive)} pass, those from {min(dead)} on do not: a filter by source port"
    return "Which ones has no order: one of several parallel paths (ECMP, a bundle of links) is dead, or a filter"


def _asymmetric(f: ForestFacts) -> Proof | None:
    """All TCP is connected to and what follows is lost; datagrams are answered, or a port without a service is not."""
    places = [where for where in f.by_endpoint if _half(f, where)]
    proof = tuple(o for where in places for o in f.faults_at(where) if o.check.transport == "tcp")
    return Proof(proof, tuple(o for where in places for o in _datagrams(f, where))) if proof else None


def _half(f: ForestFacts, where: Endpoint) -> bool:
    tcp = [o for o in f.asked(where) if o.check.transport == "tcp"]
    stuck = [o for o in tcp if o.state is State.MUTE and number(o, "unacked_bytes")]
    others = [o for o in tcp if o not in stuck and o.state is not State.REFUSED]
    if len({o.check.port for o in stuck}) < WHOLESALE or others or any(_by_another(o) for o in stuck):
        return False
    return bool(_datagrams(f, where)) or any(flag(o, "control_port_accepts") is False for o in stuck)


def _by_another(o: Outcome) -> bool:
    """A device took the connection, or small packets get through."""
    keys = ("handshake_by_device", "control_port_accepts", "clamped_answered")
    return any(flag(o, key) is True for key in keys)


def _datagrams(f: ForestFacts, where: Endpoint) -> tuple[Outcome, ...]:
    return tuple(o for o in f.at(where) if o.check.transport == "udp" and o.state in GOOD)


def _other_address(f: ForestFacts) -> Proof | None:
    proof = tuple(o for o in f.told("answered_from") if text(o, "answered_from") and o.state not in GOOD)
    if not proof:
        return None
    pairs = dict.fromkeys(
        f"{printable(text(o, 'answered_from') or '')} answered for {where.address}"
        for o in proof
        if (where := endpoint(o))
    )
    return Proof(proof, f.beside(proof), seen=(listed(pairs),), brief=True, words={"who": listed(pairs)})


def _other_port(f: ForestFacts) -> Proof | None:
    """Of the address that was asked."""
    proof = tuple(o for o in f.told("answered_from_port") if number(o, "answered_from_port") and o.state not in GOOD)
    if not proof:
        return None
    pairs = dict.fromkeys(f"port {number(o, 'answered_from_port'):.0f} answered for {ports((o,))}" for o in proof)
    return Proof(proof, f.beside(proof), seen=(listed(pairs),), brief=True, words={"who": capital(listed(pairs))})


def turned_silent(report: Report) -> tuple[Outcome, ...]:
    """Of the whole run: what answered, and did not at the end."""
    told = tuple(o for o in report.outcomes if flag(o, "turned_silent") is True)
    return (*told, *_silent_name_servers(report))


def _silent_name_servers(report: Report) -> tuple[Outcome, ...]:
    """They answered what the run began with, and then nothing over UDP and TCP: no rule for a port does so."""
    spoke = {x.answered_from for forest in report.forests for x in forest.lookups if x.status in SPOKE}
    asked = [o for o in report.outcomes if o.check.service == "dns" and o.check.address in spoke]
    by_address: dict[str | None, list[Outcome]] = {}
    for o in asked:
        by_address.setdefault(o.check.address, []).append(o)
    whole = (found for found in by_address.values() if all(o.state is State.FILTERED for o in found))
    return tuple(o for found in whole if len({o.check.transport for o in found}) > 1 for o in found)


def silenced(report: Report) -> bool:
    """By what this run itself sent, as far as that is known: what fell silent says nothing of whoever is silent."""
    policed = any(number(o, "one_new_connection_in_s") and o.verdict is Verdict.UNKNOWN for o in report.outcomes)
    return policed or bool(turned_silent(report))


SPOKE = frozenset({"ok", "nxdomain", "nodata"})


def _heard(report: Report) -> int:
    return sum(o.state in GOOD for o in report.outcomes)


def _banned(f: ForestFacts) -> Proof | None:
    """Good services did not answer any more at the end: what else is silent may be so for the same reason."""
    if (limited := _limited(f) or _policed(f)) is not None:
        return limited
    anywhere = f.of_run(turned_silent)
    turned = tuple(o for o in anywhere if o.check.forest == f.forest.name)
    places = {*endpoints(turned), *(where for where in f.by_endpoint if anywhere and f.silent(where))}
    by_reset = any(flag(o, "turned_by_reset") is True for o in turned)
    states = TURNED | BY_RESET if by_reset else TURNED
    silent = tuple(o for where in f.by_endpoint if where in places for o in f.faults_at(where) if o.state in states)
    if not anywhere or not (turned or silent):
        return None
    heard = f.of_run(_heard)
    told = some(f"{o.check.port}/{o.check.transport} of {printable(o.check.host)}" for o in anywhere)
    seen = f"{told} answered and did not any more at the end; {heard} checks of the run were answered"
    proof = (*turned, *silent)
    return Proof(
        proof,
        seen=(seen,),
        brief=True,
        severity=Severity.ERROR,
        words=_about(f, CUT_OFF if by_reset else BANNED, proof),
        follows=tuple(o for o in f.seen(State.UNRESOLVED) if _unheard(f, o.check.host)),
    )


def _unheard(f: ForestFacts, host: str) -> bool:
    """The questions for its address were silenced with the rest."""
    return any(x.status == "timeout" for x in f.asked_for_addresses(host))


def _limited(f: ForestFacts) -> Proof | None:
    """Refused in company, and answered alone: not a ban, but a bound on how much is open at a time."""
    proof = tuple(o for o in f.told("refused_in_company") if flag(o, "refused_in_company") is True)
    if not proof:
        return None
    seen = f"{ports(proof)} were reset while other connections of this machine were open, and answered each alone"
    reset = (o for where in endpoints(proof) for o in f.faults_at(where) if o.state in BY_RESET)
    rest = tuple(o for o in reset if o.check.transport == "tcp" and "icmp_from" not in o.facts)
    severity = max(Severity.WARNING, worst_of(rest), key=WORST_FIRST[::-1].index)
    words = _about(f, LIMITED, proof)
    if rest:
        words["why"] += f". {ports(rest)} were reset each time; that may be for the same reason"
    return Proof((*proof, *rest), seen=(seen,), brief=True, severity=severity, words=words)


def _policed(f: ForestFacts) -> Proof | None:
    """More is silent than there was time to ask alone."""
    proof = tuple(o for o in f.told("one_new_connection_in_s") if o.verdict is Verdict.UNKNOWN)
    if not proof:
        return None
    pause_s = max(number(o, "one_new_connection_in_s") or 0.0 for o in proof) or 1.0
    every = f"about one new connection in {pause_s:.1f} s"
    words = {key: text.replace("{every}", every) for key, text in POLICED.items()}
    words["ask"] = words["ask"].replace("{rate}", f"{1 / pause_s:.2g}")
    seen = f"{len(proof)} checks are silent and were not asked alone; {every} passes"
    places = endpoints(o for o in f.of_run(turned_silent) if o.check.forest == f.forest.name)
    follows = tuple(o for where in places for o in f.faults_at(where) if o.state in TURNED)
    words = _about(f, words, proof)
    return Proof(proof, seen=(seen,), brief=True, severity=Severity.ERROR, words=words, follows=follows)


def _about(f: ForestFacts, words: Mapping[str, str], proof: tuple[Outcome, ...]) -> dict[str, str]:
    return {**words, "what": words["what"].format(hosts=whereabouts(proof, f))}


BY_RESET = frozenset({State.REFUSED, State.REJECTED})
CUT_OFF = {
    "what": "{hosts} answered this machine at first, and reset every connection at the end of the run",
    "why": "What answered at first did not answer any more. A ban (scan detection, IPS) or a limit on connections does"
    " that, and so does a host that restarts meanwhile. What else was reset here may be so for this reason only:"
    " nothing can be said of those ports",
    "ask": "Run it again in some minutes, and slowly: portcheck check --rate 2. If it answers then, ask the firewall"
    " team whether it blocked this machine, and to except it from scan detection; and the AD team whether the host"
    " was restarted",
}
BANNED = {
    "what": "this machine was blocked while it asked: {hosts} fell silent during the run",
    "why": "What answered at first did not answer any more at the end. Scan detection (IPS), a limit on sessions or on"
    " new connections, or a full table of an address translation does that. What else is silent here may be so for this"
    " reason only: nothing can be said of those ports",
    "ask": "Wait until the block has passed and run it again slowly: portcheck check --rate 2. Ask the firewall team"
    " whether it blocked this machine, and to except it from scan detection",
}
LIMITED = {
    "what": "only so many connections of this machine to {hosts} pass at a time",
    "why": "What came on top was reset, and answered as soon as it was asked alone: a limit on sessions of one source,"
    " or on how many it may begin in a time. No port is closed. Programs that keep several connections open to a"
    " controller are cut now and then, and run into it sooner the busier they are",
    "ask": "Ask the firewall team whether a limit on concurrent or on new connections holds for this machine, and how"
    " many it may have; --rate and --concurrency make this run ask for fewer",
}

POLICED = {
    "what": "so few new connections pass that it cannot be told what {hosts} offers",
    "why": "A limit on the way lets {every} of this machine pass, whatever it is for, and drops the rest in silence."
    " What was asked alone is told as it is; for the rest there was no time, and nothing can be said of those ports",
    "ask": "Ask the firewall team whether it limits new connections of this machine (scan or flood protection), and to"
    " except it; or run it so slowly that the limit is not met: portcheck check --rate {rate}",
}


TURNED = frozenset({State.FILTERED, State.MUTE, State.UNREACHABLE})


def _long_datagrams(f: ForestFacts) -> Proof | None:
    """Short ones pass at the very port; what else is silent over UDP there may be so for the same reason."""
    proof = tuple(o for o in f.told("long_datagrams_lost") if o.state not in GOOD and text(o, "long_datagrams_lost"))
    if not proof:
        return None
    ways = tuple(sorted({text(o, "long_datagrams_lost") or "" for o in proof}))
    others = (o for where in endpoints(proof) for o in f.faults_at(where) if o not in proof)
    also = tuple(o for o in others if o.check.transport == "udp" and o.state is State.FILTERED)
    words = {
        "way": SHORT.get(ways, "to and from"),
        "seen": listed(dict.fromkeys(f"{ports((o,))} gives short answers ({_short(o)} bytes)" for o in proof)),
        "also": f" {ports(also)} may be silent for the same reason." if also else "",
    }
    return Proof(proof, f.beside(proof), words=words, follows=also)


def _short(o: Outcome) -> str:
    return f"{number(o, 'short_answer_bytes') or 0:.0f}"


SHORT: dict[tuple[str, ...], str] = {("from",): "from", ("to",): "to"}

BURST = (
    Rule(
        code="blocked-after-burst",
        title="{forest}: {what}",
        explanation="{why}.",
        fix="{ask}.",
        when=_banned,
    ),
)

BY_PORT = (
    Rule(
        code="source-ports-filtered",
        title="{forest}: only some of this machine's source ports get through to {hosts}",
        explanation=(
            "{which}. It looks like loss or like blocked services, and comes and goes with the port that the system"
            " happens to choose: no port at the other end is at fault."
        ),
        fix="Ask the network team what filters source ports between this machine and {names}, or whether one of several"
        " parallel paths is dead; clients use 1024 to 65535.",
        when=_by_source_port,
    ),
)

HALF = (
    Rule(
        code="asymmetric-path",
        title="{forest}: TCP connections to {hosts} are made, and nothing gets through after that",
        explanation=(
            "Each handshake was completed by the host and what followed was never acknowledged, on every TCP port"
            " alike. The services are not the cause. First suspect: the ways there and back differ (asymmetric"
            " routing), and a firewall that sees half of each conversation drops what it cannot place."
        ),
        fix="Ask the network team whether both directions between this machine and {names} take the same firewall, and"
        " the firewall team what it says of out-of-state TCP there.",
        when=_asymmetric,
    ),
    Rule(
        code="long-datagrams-lost",
        title="{forest}: only short datagrams {way} {hosts} pass",
        explanation=(
            "{seen}, and longer ones of the same kind and from the same port were lost each time: the port is not"
            " blocked. A rule that bounds the size of datagrams (protection against reflected floods), or a path that"
            " loses what is longer, takes the usual answers.{also}"
        ),
        fix="Ask the firewall team whether it bounds the size of UDP packets between this machine and {names}"
        " ({ports}), and the network team whether a path loses longer ones. A rule that allows the port changes"
        " nothing.",
        when=_long_datagrams,
    ),
    Rule(
        code="answer-from-other-address",
        title="{forest}: answers of {hosts} come from another address",
        explanation=(
            "{who}. Programs take answers only from the address they asked, so for them nothing comes from {ports}. A"
            " host with several addresses does that, or an address translation that is missing on the way back."
        ),
        fix="Ask whoever runs {names} to have its services answer from the address they were asked at (or to publish"
        " the one they answer from), and the firewall team whether the way back is translated.",
        when=_other_address,
    ),
    Rule(
        code="answer-from-other-address",
        title="{forest}: answers of {hosts} come from another port than was asked",
        explanation=(
            "{who}. Programs take answers only from the address and port they asked, so for them nothing comes from"
            " {ports}. An address translation or a load balancer does that where it changes the port of the answer and"
            " not that of the question, or a relay on the host itself."
        ),
        fix="Ask the firewall team, and whoever runs a load balancer before {names}, to translate questions and answers"
        " alike. A rule that allows the port changes nothing.",
        when=_other_port,
    ),
)
