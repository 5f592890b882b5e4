"""What devices on the path do to a conversation: say no, accept for others, lose large or single packets."""

from __future__ import annotations

from ipaddress import ip_address

from portcheck.diagnose import interrupted
from portcheck.diagnose.phrases import goes_round, how, in_the_hosts_name, listed, port, ports, said_by, some
from portcheck.diagnose.reader import flag, number, text
from portcheck.diagnose.rule import Proof, Rule
from portcheck.diagnose.view import ForestFacts, endpoint, endpoints
from portcheck.model import FAULTY, GOOD, Expected, Outcome, Severity, State, Verdict
from portcheck.model.folding import capital
from portcheck.model.readings import nobody_there

TALKED = frozenset({State.MUTE, State.RESET})
LOSS_THAT_HURTS = 0.1
"""Share of the checks; below it TCP repairs the loss unnoticed."""
WHOLESALE = 3
"""TCP ports of one host that a device says no to, and none that it lets pass: one rule, not three."""


def _middlebox(f: ForestFacts) -> Proof | None:
    """Even a port that nobody uses accepts, or the handshake comes from nearer than the host: no proof of it."""
    places = {endpoint(o) for o in f.told("control_port_accepts") if flag(o, "control_port_accepts") is True}
    proof = tuple(
        o for o in f.faults() if o.state in TALKED and (endpoint(o) in places or flag(o, "handshake_by_device") is True)
    )
    dead = [where for where in endpoints(proof) if not any(o.state in GOOD for o in f.at(where))]
    follows = tuple(o for where in dead for o in f.faults_at(where) if o not in proof)
    how = (
        "Even a port that nobody uses accepts a connection there"
        if any(endpoint(o) in places for o in proof)
        else "The handshake comes from nearer than the host's own answers"
    )
    return Proof(proof, f.beside(proof), follows=follows, words={"how": how}) if proof else None


def _black_hole(f: ForestFacts) -> Proof | None:
    """Stuck at the usual segment size, answered with a smaller one."""
    proof = tuple(o for o in f.told("clamped_answered") if flag(o, "clamped_answered") is True)
    if not proof:
        return None
    places = endpoints(proof)
    whole = tuple(o for o in f.told("fragments_lost") if endpoint(o) in places)  # a fragment is as large as a packet
    sizes = dict.fromkeys(f"{size:.0f} bytes" for o in proof if (size := number(o, "next_hop_mtu")))
    narrow = f"; the path takes packets of {listed(sizes)}" if sizes else ""
    ways = {text(o, "large_packets_lost") for o in proof} - {None}
    words = {"narrow": narrow + _border(proof), "way": LOST.get(tuple(sorted(map(str, ways))), "to or from")}
    return Proof(proof, words=words, follows=whole)


LOST = {("to",): "to", ("from",): "from", ("from", "to"): "to and from"}


def _border(proof: tuple[Outcome, ...]) -> str:
    """The narrowest of what was found; each direction may have its own."""
    found = []
    for way, words in (("to", "to it"), ("from", "from it")):
        mine = [o for o in proof if text(o, "large_packets_lost") == way]
        passes = [n for o in mine if (n := number(o, "largest_packet_bytes"))]
        lost = [n for o in mine if (n := number(o, "lost_packet_bytes"))]
        if passes and lost:
            found.append(f"packets of {min(passes):.0f} bytes {words} pass and those of {min(lost):.0f} do not")
    return f"; {listed(found)}" if found else ""


def _fragments(f: ForestFacts) -> Proof | None:
    lost = tuple(o for o in f.told("fragments_lost") if text(o, "fragments_lost"))
    if not lost:
        return None
    way = {"to": "to the controller", "from": "from the controller", "both": "both ways"}
    ways = dict.fromkeys(way.get(text(o, "fragments_lost") or "", "on the path") for o in lost)
    return Proof(lost, severity=Severity.WARNING, words={"way": listed(ways)})


def _loss(f: ForestFacts) -> Proof | None:
    """Answers that came only on a later try, on two checks or more."""
    by_port = endpoints(o for o in f.outcomes if "source_ports_dead" in o.facts)  # told by its own finding
    heard = [o for o in f.outcomes if o.state in GOOD and endpoint(o) not in by_port]
    lossy = tuple(o for o in heard if lost_tries(o))
    alone = tuple(o for o in heard if (number(o, "answered_alone_after_s") or 0.0) >= ALONE_S)
    if len(alone) >= ALONE_FEWEST:
        return _policed(alone, heard)
    if len(lossy) < 2 or _may_be_late(lossy, heard):
        return None
    counts = f"{len(lossy)} of {len(heard)} answers came only after {sum(map(lost_tries, lossy))} lost tries"
    hurts = len(lossy) >= LOSS_THAT_HURTS * len(heard)
    severity = Severity.WARNING if hurts else Severity.INFO
    words = {"counts": counts, "harm": HARM, "pattern": FIRST_SYN if _each_first_syn(heard) else _stretch(lossy, heard)}
    return Proof(lossy, seen=(counts,), brief=True, severity=severity, words=words)


ALONE_S, ALONE_FEWEST = 0.5, 2
"""A pause that no lossy line needs, and checks."""


def _policed(alone: tuple[Outcome, ...], heard: list[Outcome]) -> Proof:
    """Silent beside others, and each answered alone."""
    pause_s = max(number(o, "answered_alone_after_s") or 0.0 for o in alone)
    counts = f"{len(alone)} of {len(heard)} answers came only when each was asked alone"
    words = {"counts": counts, "harm": "", "pattern": LIMIT.format(pause_s)}
    return Proof(alone, seen=(counts,), brief=True, severity=Severity.WARNING, words=words)


LIMIT = (
    " About one new connection in {:.1f} s passes, and what comes faster is dropped in silence: a limit on new"
    " connections, and no bad line. Programs that open several at once, as a sign-in does, wait or fail."
)
HARM = "; long transfers will be slow or break"
FIRST_SYN = (
    " Each connection needed a second SYN and no datagram was lost, which is no bad line: a device that drops the first"
    " SYN of every connection (protection against SYN floods) looks like that."
)


def _stretch(lossy: tuple[Outcome, ...], heard: list[Outcome]) -> str:
    quiet_s = interrupted.seconds(lossy, heard)
    return INTERRUPTED.format(quiet_s) if quiet_s is not None else ""


INTERRUPTED = (
    " All of it was lost in one stretch of {:.0f} s in which nothing was heard, and nothing before and after it: the"
    " path was interrupted meanwhile (a failover, a link or a host that restarted), which is no bad line and no limit."
)
MANY_CONNECTIONS = 6
"""By chance a line that loses half of all packets would do this once in 64 times, and spare no datagram."""


def _each_first_syn(heard: list[Outcome]) -> bool:
    connections = [o for o in heard if o.check.transport == "tcp"]
    datagrams = [o for o in heard if o.check.transport == "udp"]
    each = all(number(o, "syn_resent") for o in connections)
    return len(connections) >= MANY_CONNECTIONS and each and bool(datagrams) and not any(map(lost_tries, datagrams))


def _may_be_late(lossy: tuple[Outcome, ...], heard: list[Outcome]) -> bool:
    """Datagrams alone, where other answers were that late: their answers may still have waited for a narrow line.

    What loses packets loses those of connections too, and their kernel keeps count of it.
    """
    slowest_ms = max((o.latency_ms for o in heard if o.latency_ms is not None), default=0.0)
    return slowest_ms >= LATE_MS and all(o.check.transport == "udp" for o in lossy)


LATE_MS = 1000.0


def lost_tries(o: Outcome) -> int:
    """Tries that were lost; one that was reset was not."""
    tries = (number(o, "answered_on_attempt") or 1) - 1 - (number(o, "resets_before_answer") or 0)
    return max(int(tries), int(number(o, "resent") or 0), int(number(o, "syn_resent") or 0), 0)


def _translated(f: ForestFacts) -> Proof | None:
    """LDAP ping or endpoint mapper name another address than they were asked at: of the same family, and usable."""
    own = {(where.host, where.address) for where in f.by_endpoint}
    told_by = tuple(o for key in NAMES_ITSELF for o in f.told(key))
    named = (o for o in told_by if o.state in GOOD and _another(_own_address(o), o))
    proof = tuple(o for o in named if (o.check.host, _own_address(o)) not in own)
    if not proof:
        return None
    told = some(f"{_said_where(o, f)}, the host calls itself {_own_address(o)}" for o in proof)
    several = len({o.check.host for o in proof}) > 1
    are = f"{'are' if several else 'is'} reached at another address than {'their' if several else 'its'} own"
    return Proof(proof, severity=Severity.INFO, seen=(told,), brief=True, words={"told": told, "are": are})


NAMES_ITSELF = ("own_address", "tower_address")


def _own_address(o: Outcome) -> str | None:
    return next((told for key in NAMES_ITSELF if (told := text(o, key))), None)


def _said_where(o: Outcome, f: ForestFacts) -> str:
    """DNS says 10.77.2.10; or where it was reached, if nobody asked DNS."""
    dc = f.controller(o.check.host)
    return f"{'DNS says' if dc is not None and dc.source == 'srv' else 'reached at'} {o.check.address}"


def _another(address: str | None, o: Outcome) -> bool:
    try:
        named, asked = ip_address(address or ""), ip_address(o.check.address or "")
    except ValueError:
        return False
    usable = not (named.is_unspecified or named.is_loopback)
    return named.version == asked.version and usable and named != asked


def _rejects(f: ForestFacts) -> Proof | None:
    whole = {o.check.id for o in _rejected_altogether(f)}
    proof = tuple(o for o in f.every_fault() if _by_device(f, o) and o.check.id not in whole)
    if not proof:
        return None
    return Proof(proof, severity=Severity.INFO, words={"devices": _devices(proof), **_who(proof)})


OWN = "the host's own firewall, or a device that answers in its name,"
WHO = {
    (False,): ("a device on the path", "The host itself did not say so: a rule of that device did."),
    (True,): (OWN, "It bears the host's own address: its own firewall said so, or a device that does not use its own."),
    (False, True): (
        "a firewall",
        "Where the address is the host's own, its own firewall or a device in its name said so; else a device's rule.",
    ),
}


def _who(proof: tuple[Outcome, ...]) -> dict[str, str]:
    who, whose = WHO[tuple(sorted({in_the_hosts_name(o) for o in proof}))]
    return {"who": who, "whose": whose}


def _rejects_all_tcp(f: ForestFacts) -> Proof | None:
    """One rule of a device, not one for each port: all TCP is said no to, and UDP passes."""
    tcp = tuple(o for o in _rejected_altogether(f) if o.check.id not in f.explained)
    if not tcp:
        return None
    dropped = tuple(o for o in f.seen(State.FILTERED) if o.check.transport == "udp" and _dropped_by(o, tcp))
    said = listed(dict.fromkeys(how(o) for o in tcp))
    passes = any(o.check.transport == "udp" for o in f.beside(tcp)) and not dropped
    words = {
        "said": capital(said),
        "udp": ", while UDP passes"
        if passes
        else f"; {ports(dropped)} is dropped at the same place"
        if dropped
        else "",
        "and_udp": " and drops UDP" if dropped else "",
        **_who(tcp),
    }
    return Proof((*tcp, *dropped), f.beside(tcp), words=words)


def _dropped_by(o: Outcome, rejected: tuple[Outcome, ...]) -> bool:
    """The device that says no to TCP is among those that may drop this."""
    suspects = o.blocked_at.suspects if o.blocked_at else ()
    return any(endpoint(no) == endpoint(o) and said_by(no) in suspects for no in rejected if said_by(no))


def _rejected_altogether(f: ForestFacts) -> tuple[Outcome, ...]:
    found: list[Outcome] = []
    for where in f.by_endpoint:
        asked = [o for o in f.asked(where) if o.check.transport == "tcp" and o.check.expected is Expected.OPEN]
        tcp = [o for o in asked if o.verdict is not Verdict.SKIP]  # whose no it is was asked of these
        heard = any(o.state in GOOD for o in f.asked(where))
        if heard and len({o.check.port for o in tcp}) >= WHOLESALE and all(o.state is State.REJECTED for o in tcp):
            found.extend(o for o in tcp if o.verdict in FAULTY)
    return tuple(found)


def _by_device(f: ForestFacts, o: Outcome) -> bool:
    """A rejection always; "unreachable" only where the host is reached otherwise: then it is a rule, not a route."""
    if text(o, "proxy"):
        return False  # what a proxy says is told where the cloud is
    if o.state is State.REJECTED or goes_round((o,)):
        return o.state is State.REJECTED
    here = [beside for where in endpoints([o]) for beside in f.at(where)]
    if nobody_there(o) and any("source_ports_dead" in beside.facts for beside in here):
        return False  # the ports of this machine led to where nobody is
    reached = any(beside.state in GOOD for beside in here)
    return o.state is State.UNREACHABLE and reached and said_by(o) not in {None, o.check.address}


def _devices(proof: tuple[Outcome, ...]) -> str:
    """10.77.100.2 said: administratively prohibited (464/tcp and 464/udp)"""
    said: dict[str, list[str]] = {}
    for o in proof:
        said.setdefault(how(o), []).append(port(o))
    return "; ".join(f"{what} ({listed(found)})" for what, found in said.items())


CUT = (
    Rule(
        code="middlebox-answers",
        title="{forest}: a device on the path accepts connections in the name of {hosts}",
        explanation=(
            "{how}, and no question to {services} was ever answered: a SYN proxy or load balancer completes the"
            " handshake. A plain port test would call these ports open."
        ),
        fix="Ask the firewall team: no TCP intercept or SYN proxy for {names}; and {allow}.",
        when=_middlebox,
    ),
    Rule(
        code="mtu-black-hole",
        title="{forest}: large packets {way} {hosts} are lost",
        explanation=(
            "The question was answered only when both sides kept their packets small{narrow}. A link on the path is"
            " narrower, and not both ends learn of it."
        ),
        fix="Ask the network team: let ICMP 'fragmentation needed' (type 3 code 4; IPv6 type 2) pass between this"
        " machine and {names}, clamp the TCP segment size, or mend the tunnel's MTU.",
        when=_black_hole,
    ),
    Rule(
        code="fragments-dropped",
        title="{forest}: fragmented UDP is lost {way}: {hosts}",
        explanation=(
            "Small datagrams are answered and fragmented ones are not. Large Kerberos tickets over UDP and large DNS"
            " answers are lost that way; programs that turn to TCP notice a delay only."
        ),
        fix="Ask the firewall team: let IP fragments pass, or reassemble them, between this machine and {names}"
        " ({ports}); and allow tcp 53, 88 and 464 beside udp.",
        when=_fragments,
    ),
)

WHOLE = (
    Rule(
        code="explicit-reject",
        title="{forest}: {who} refuses all TCP to {hosts}{and_udp}",
        explanation=(
            "{said}: the same on every TCP port that was asked{udp}. That is one rule for the whole host,"
            " not a service that is missing on it."
        ),
        fix="Ask whoever runs that firewall: {allow}.",
        when=_rejects_all_tcp,
    ),
)

TOLD = (
    Rule(
        code="packet-loss",
        title="{forest}: packets are lost on the way to {hosts}",
        explanation="{counts}. They were answered in the end{harm}.{pattern}",
        fix="Ask the network team about loss or a limit on new connections on the path to {names}, or a dead one of"
        " several machines or paths behind the address.",
        when=_loss,
        beside=True,
    ),
    Rule(
        code="address-translated",
        title="{forest}: {hosts} {are}",
        explanation=(
            "The host tells its own address (in the LDAP ping, or RPC's endpoint mapper where its services are), and"
            " names another one: {told}. An address"
            " translation is in the way, or the host has several addresses. Programs that follow what RPC, DNS or a"
            " referral names go there."
        ),
        fix="Nothing to do where that is meant; else ask the firewall team which address translation is in the way.",
        at_most=Severity.INFO,
        when=_translated,
        beside=True,
    ),
    Rule(
        code="explicit-reject",
        title="{forest}: {who} says no",
        explanation="{devices}. {whose} An address told here is the one to name in the ticket.",
        fix="Ask whoever runs that firewall: {allow}.",
        when=_rejects,
        beside=True,
    ),
)
