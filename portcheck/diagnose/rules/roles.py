"""What a controller says of itself, what this machine could not ask, and the good news."""

from __future__ import annotations

from portcheck.catalogue.profiles import OPENERS, built_in
from portcheck.diagnose import answers
from portcheck.diagnose.phrases import listed, some
from portcheck.diagnose.reader import flag, printable, text, texts_in
from portcheck.diagnose.reader import name as folded
from portcheck.diagnose.rule import Proof, Rule
from portcheck.diagnose.symptoms import speak_sync
from portcheck.diagnose.view import Endpoint, ForestFacts, endpoint, hosts
from portcheck.model import GOOD, Outcome, Severity, State, Verdict
from portcheck.model.folding import counted
from portcheck.model.report import OVERDUE

WRITERS = frozenset({"mim", "mim-export", "mim-password", "mim-exchange", "domain-join"})
"""Built-in profiles whose work writes objects; any profile that needs kpasswd writes passwords."""


def _could_not_ask(f: ForestFacts) -> Proof | None:
    """Nothing was sent: this machine's own firewall, permissions, limits or resolver."""
    proof = tuple(o for o in f.outcomes if o.state is State.ERROR and o.check.id not in f.explained)
    proof += tuple(o for o in f.seen(State.FILTERED) if _held_back(f, o))
    problem = f.forest.problem if not f.troubled and not f.outcomes and f.forest.problem != OVERDUE else None
    if not proof and not problem:
        return None
    told = (o for o in proof if o.state is State.ERROR)
    why = [printable(problem)] if problem else list(dict.fromkeys(printable(o.reason) for o in told))
    needed = problem is not None or any(o.check.required for o in proof)
    severity = Severity.ERROR if needed else Severity.WARNING
    words = {"why": some(why), "what": "nothing could be asked" if problem else "this machine could not ask"}
    proxies = dict.fromkeys(text(o, "proxy") or "" for o in proof)
    through = listed(printable(proxy) for proxy in proxies) if proof and all(proxies) else ""
    words["sent"] = AT_THE_PROXY.format(through) if through else "Nothing was sent, so this"
    words["first"] = PROXY_FIRST.format(through) if through else HERE_FIRST
    return Proof(proof, severity=severity, seen=(printable(problem),) if problem else (), words=words)


AT_THE_PROXY = "No question got beyond the proxy {}, so this"
PROXY_FIRST = (
    "Look at the proxy {} first: whether it runs, is of the kind that was named (SOCKS 5, HTTP), and wants a user and"
    " password."
)
HERE_FIRST = "Look at this machine first: its own firewall, routes and VPN, permissions, limits and name resolution."


def _out_of_time(f: ForestFacts) -> Proof | None:
    """The run's time was over before anything was asked of anybody; questions to DNS may have been sent."""
    if f.troubled or f.outcomes or f.forest.problem != OVERDUE:
        return None
    asked = len({(lookup.name, lookup.record) for lookup in f.forest.lookups if lookup.status != "timeout"})
    seen = f"{counted(asked, 'question')} to DNS answered, and nothing else asked" if asked else OVERDUE
    return Proof((), severity=Severity.ERROR, seen=(seen,), brief=True)


def _held_back(f: ForestFacts, o: Outcome) -> bool:
    """Silent from this machine on, where the same port's datagrams are forbidden by this machine: a drop tells TCP
    nothing, and UDP at once."""
    where = endpoint(o)
    before_any = o.blocked_at is not None and o.blocked_at.hop == 0 and o.blocked_at.after is None
    twins = f.at(where) if where and before_any else ()
    return any(t.state is State.ERROR and t.check.port == o.check.port and flag(t, "local_fault") for t in twins)


def _left_out(f: ForestFacts) -> Proof | None:
    """What DNS told was more than one run asks, or led nowhere."""
    too_many, unusable = texts_in(f.forest.facts, "left_out"), texts_in(f.forest.facts, "unusable_addresses")
    seen = tuple(printable(words) for words in (*too_many, *unusable))
    words = {"what": some([printable(words) for words in too_many]) if too_many else "addresses that are no host's"}
    severity = Severity.ERROR if too_many else Severity.WARNING
    return Proof((), seen=seen, brief=True, severity=severity, words=words) if seen else None


def _paused(f: ForestFacts) -> Proof | None:
    proof = tuple(o for o in f.told("paused") if flag(o, "paused") is True)
    unready = tuple(o for o in f.told("is_synchronized") if flag(o, "is_synchronized") is False)
    seen = (
        *(f"the LDAP ping of {name} says paused" for name in hosts(proof)),
        *(f"{name} says that it is not synchronised" for name in hosts(unready)),
    )
    names = hosts((*proof, *unready))
    told = {"do": "does not act as a controller" if len(names) == 1 else "do not act as controllers"}
    return (
        Proof((*proof, *unready), hosts=names, seen=seen, brief=True, severity=Severity.WARNING, words=told)
        if seen
        else None
    )


def _read_only(f: ForestFacts) -> Proof | None:
    """A write to it is answered with a referral; where nobody else is heard of, nothing can be written."""
    if not writes(f):
        return None
    proof = tuple(o for where in of_role(f, "rodc") for o in f.at(where, "ldap-ping"))
    spare = bool(of_role(f, "writable"))
    names = hosts(proof)
    are = "is a read-only controller" if len(names) == 1 else "are read-only controllers"
    others = {told for o in proof if (told := text(o, "dns_host_name")) and folded(told) != folded(o.check.host)}
    misled = bool(others) and all(dc is not None and dc.source == "srv" for dc in map(f.controller, names))
    if misled:
        are = f"leads to {some(map(printable, sorted(others)))}, a read-only controller"
    who = "the connector" if speak_sync(tuple(o for o in f.outcomes if o.check.address)) else "this machine"
    severity = Severity.INFO if spare else Severity.WARNING if _more_unknown(f) else Severity.ERROR
    words = {"are": are, "who": who, "first": "Clear up where that name leads first. " if misled else ""}
    return Proof(proof, hosts=names, severity=severity, words=words) if proof else None


def of_role(f: ForestFacts, role: str) -> list[Endpoint]:
    """Where the LDAP ping told of it."""
    return [where for where in f.by_endpoint if role in (f.roles(where) or ())]


def _more_unknown(f: ForestFacts) -> bool:
    """Another controller answers LDAP, and what it is was not told."""
    return any(f.roles(where) is None and any(o.state in GOOD for o in f.at(where, "ldap")) for where in f.by_endpoint)


def writes(f: ForestFacts) -> bool:
    return bool(WRITERS & set(f.forest.profiles)) or any(
        o.check.service == "kpasswd" and o.check.required for o in f.outcomes
    )


def no_catalog_at_all(f: ForestFacts) -> bool:
    """No controller that DNS lists says it is a Global Catalog, each says what it is, and DNS lists none either."""
    told = {where.host: roles for where in f.by_endpoint if (roles := f.roles(where)) is not None}
    listed_ones = {dc.host for dc in f.forest.domain_controllers if dc.source == "srv"}
    asked = [x for x in f.lookups("SRV") if x.name.startswith(CATALOG_RECORDS)]
    denied = bool(asked) and all(x.status in {"nxdomain", "nodata"} for x in asked)
    return denied and bool(told) and listed_ones <= told.keys() and not any("gc" in roles for roles in told.values())


CATALOG_RECORDS = "_gc._tcp."


def _no_gc(f: ForestFacts) -> Proof | None:
    """The Global Catalog was wanted here, and the LDAP ping says that this host has none."""
    without = [where for where in f.by_endpoint if (roles := f.roles(where)) is not None and "gc" not in roles]
    wanted = tuple(o for where in without for o in f.at(where, "gc", "gc-tls") if o.verdict is Verdict.SKIP)
    elsewhere = sorted({o.check.host for o in f.answered("gc", "gc-tls")})
    one = "is one" if len(elsewhere) == 1 else "are such"
    names = hosts(wanted)
    words = {
        "elsewhere": f"{some(elsewhere)} {one}" if elsewhere else "No other host that was asked is known to be one",
        "are": "is no Global Catalog" if len(names) == 1 else "are no Global Catalogs",
        "do": "Nothing to open here: ask a Global Catalog for forest-wide searches",
    }
    severity = Severity.INFO
    if sent_there := sorted(set(names) & _listed_as_catalog(f)):
        severity = Severity.WARNING
        words |= {"elsewhere": LISTED.format(who=some(map(printable, sent_there))), "do": LISTED_ASK}
    elif no_catalog_at_all(f):
        severity = Severity.ERROR if any(o.check.required for o in wanted) else Severity.WARNING
        words |= NO_CATALOG
    seen = tuple(f"the LDAP ping of {name} names no gc" for name in names)
    return Proof(wanted, hosts=names, seen=seen, brief=True, severity=severity, words=words) if wanted else None


def _listed_as_catalog(f: ForestFacts) -> set[str]:
    """Whom DNS gives to those who look for a Global Catalog."""
    asked = (x for x in f.lookups("SRV") if x.name.startswith(CATALOG_RECORDS))
    return {name for x in asked for name in answers.targets(x)}


LISTED = (
    "DNS lists {who} as a Global Catalog all the same: whatever looks for one is sent there. It may have been one, or"
    " be about to become one"
)
LISTED_ASK = "Nothing to open here: ask the AD team whether it is meant to be a Global Catalog"
NO_CATALOG = {
    "elsewhere": "DNS lists no Global Catalog either, and no controller that it lists is one: the forest has none",
    "do": "Nothing to open here, and no record to register: ask the AD team to make a controller a Global Catalog"
    " (NTDS Settings of the controller, 'Global Catalog')",
}


def _all_well(f: ForestFacts) -> Proof | None:
    good = tuple(o for o in f.outcomes if o.verdict is Verdict.PASS and o.state in GOOD)
    told = not f.troubled and not f.report.interrupted and not f.forest.problem
    told = told and not any("answered_by" in o.facts for o in f.outcomes)
    if not told or all(_of_a_name_server(f, o) for o in good) or any(_untold(o) for o in f.outcomes):
        return None
    names = hosts(good)
    seen = f"{len(good)} of {len(f.outcomes)} checks answered as expected, on {some(names)}"
    socks = next((proxy for o in good if text(o, "proxy_scheme") and (proxy := text(o, "proxy"))), "")
    words = {
        "how": f" through {socks}, over TCP" if socks else "",
        "what": (
            "All that the profile needs over TCP answered in its own protocol, as seen from the far end of the SOCKS"
            " proxy. UDP does not go through it and was not asked."
            if socks
            else "Everything the profile needs answered in its own protocol."
        )
        + others_open(f),
    }
    return Proof(good, hosts=names, seen=(seen,), brief=True, severity=Severity.INFO, words=words)


def _of_a_name_server(f: ForestFacts, o: Outcome) -> bool:
    """Where nobody but a name server answered, nothing is known of the forest."""
    dc = f.controller(o.check.host)
    return o.check.service == "dns" and dc is not None and dc.source in {"dns-server", "resolver"}


MIRRORED = (
    " What the controllers open to this machine is another direction, which is asked there: run portcheck on them too."
)


def others_open(f: ForestFacts) -> str:
    """What the profiles tell of connections that this machine does not open, and that therefore nothing here proves."""
    asking = dict.fromkeys(name for o in f.outcomes for name in o.check.profiles if name in built_in())
    rows = [row for name in asking for row in built_in()[name].rows if not row.ours]
    who = listed(dict.fromkeys(OPENERS[row.opener] for row in rows))
    told = f" What {who} open is not asked from here: run portcheck there." if who else ""
    return (MIRRORED if any(built_in()[name].mirrored for name in asking) else "") + told


def _stood_in(f: ForestFacts) -> Proof | None:
    """`portcheck listen` answered in the place of a controller: the paths are proven, and nothing else is."""
    proven = tuple(o for o in f.outcomes if o.state in GOOD and "answered_by" in o.facts)
    if not proven:
        return None
    names = hosts(proven)
    others = any(o.state in GOOD and "answered_by" not in o.facts for o in f.outcomes)
    seen = f"{len(proven)} of {len(f.outcomes)} checks were answered by portcheck listen, on {some(names)}"
    told = {
        "part": " in part" if others else "",
        "but": "that part says nothing of a domain controller" if others else "no domain controller was seen",
    }
    return Proof(proven, hosts=names, seen=(seen,), brief=True, severity=Severity.INFO, words=told)


def _untold(o: Outcome) -> bool:
    """Required and not proven; `unfinished` is what the end of the run cut off."""
    if flag(o, "unfinished") is True:
        return True
    return o.check.required and o.verdict in {Verdict.FAIL, Verdict.UNKNOWN}


def _no_port_left(f: ForestFacts) -> Proof | None:
    proof = tuple(o for o in f.outcomes if flag(o, "local_ports_exhausted") is True and o.state is State.ERROR)
    severity = Severity.ERROR if any(o.check.required for o in proof) else Severity.WARNING
    return Proof(proof, severity=severity) if proof else None


LOCAL = (
    Rule(
        code="local-ports-exhausted",
        title="{forest}: this machine has no local port left to ask from",
        explanation=(
            "Every connection needs a port of this machine, and all of its range are in use, or wait for some minutes"
            " after their last connection (TIME_WAIT). Other programs on it fail alike; Windows logs events 4227 and"
            " 4231. It says nothing about the path or the controllers."
        ),
        fix="Find the program that opens so many connections (ss -s; netstat -ano), or widen the range"
        " (net.ipv4.ip_local_port_range; netsh int ipv4 show dynamicport tcp); then run it again.",
        when=_no_port_left,
    ),
    Rule(
        code="local-fault",
        title="{forest}: {what}: {why}",
        explanation="{sent} says nothing about the path or the controllers.",
        fix="{first}",
        when=_could_not_ask,
    ),
    Rule(
        code="out-of-time",
        title="{forest}: not asked: the deadline came first",
        explanation=(
            "The run was to end by its deadline, and did before the first check: this says nothing about the path, the"
            " controllers or this machine. Finding the controllers through DNS comes before, and can take long where a"
            " name server is silent."
        ),
        fix="Give it more time (--deadline, or deadline in the forests file), or none.",
        when=_out_of_time,
    ),
)

LEFT_OUT = (
    Rule(
        code="left-out",
        title="{forest}: not asked: {what}",
        explanation=(
            "DNS decides how much there is to ask, and it is not always right: a run asks a bounded number of hosts,"
            " addresses and checks, and no address that cannot be a host's. Nothing is known of what was left out."
        ),
        fix="Look at the DNS records first; then name hosts with --dc, or raise --max-checks.",
        when=_left_out,
    ),
)

ROLES = (
    Rule(
        code="dc-paused",
        title="{forest}: {hosts} {do} at the moment",
        explanation=(
            "The host answers and says that it is not ready to serve: its Netlogon service is paused, or its directory"
            " has not caught up. Windows passes it over."
        ),
        fix="Ask the AD team about the Netlogon service and replication of {names}.",
        when=_paused,
        beside=True,
    ),
    Rule(
        code="read-only-dc",
        title="{forest}: {hosts} {are}",
        explanation="Writes to it are answered with a referral to a writable controller, which must be reachable too.",
        fix="{first}Let {who} use a writable controller, or leave {names} out.",
        when=_read_only,
        beside=True,
    ),
    Rule(
        code="not-a-gc",
        title="{forest}: {hosts} {are}",
        explanation="So 3268 and 3269 are not expected there and were not held against it. {elsewhere}.",
        fix="{do}.",
        when=_no_gc,
        beside=True,
    ),
)

WELL = (
    Rule(
        code="paths-proven",
        title="{forest}: paths proven, answered{part} by portcheck listen; {but}",
        explanation=(
            "The ports are open from here to there. What will serve them later is another matter: run this again once"
            " the software is installed."
        ),
        fix="",
        when=_stood_in,
        beside=True,
    ),
    Rule(
        code="forest-ok",
        title="{forest}: all well{how}",
        explanation="{what}",
        fix="",
        when=_all_well,
        beside=True,
    ),
)
