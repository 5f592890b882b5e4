"""Name servers against each other: the same question, different answers, by whom it was asked."""

from __future__ import annotations

from collections.abc import Collection

from portcheck.diagnose import answers, own_list
from portcheck.diagnose.answers import SYSTEM, of_the_forest, server_named, speaker
from portcheck.diagnose.leads import Leads, addresses, by_address, leads, misled
from portcheck.diagnose.phrases import some
from portcheck.diagnose.reader import name, printable
from portcheck.diagnose.rule import Proof, Rule
from portcheck.diagnose.rules.missing import gone
from portcheck.diagnose.rules.names import SAID_NO, SITES
from portcheck.diagnose.rules.strays import strays, translated
from portcheck.diagnose.rules.unsteady import unsteady
from portcheck.diagnose.rules.ways import silenced
from portcheck.diagnose.view import ForestFacts, endpoint
from portcheck.frozen import dataclass
from portcheck.model import Lookup, Outcome, Severity, State
from portcheck.model.readings import nobody_there


def _views(f: ForestFacts) -> Proof | None:
    """The same question, different answers, by whom it was asked; or one of several that gives none."""
    if answers.wildcard(f) or answers.intercepted(f) or f.once(misled):
        return None
    split = {asked: views for asked, views in _steady(f).items() if _contradict(views, asked[1])}
    if astray := {host for host, _ in f.once(strays)}:
        split = {
            (asked, record): views for (asked, record), views in split.items() if not _about(f, asked, record, astray)
        }
    on_purpose = f.once(translated)
    if answers.stripped(f) or on_purpose:
        split = {question: views for question, views in split.items() if question[1] == "SRV"}
    idle = _idle(f)
    if not split and not idle:
        return None
    told = [f"{printable(asked)} {record}: {_sides(views)}" for (asked, record), views in split.items()]
    seen = ([some(told, 2, "more questions")] if told else []) + [f"{who} {one.said}" for who, one in idle.items()]
    words = OWN_VIEWS if any(_own_differ(views) for views in split.values()) else OTHER_VIEWS
    wrong = list(dict.fromkeys([*(who for views in split.values() for who in _wrong(views)), *idle]))
    told_words = {key: words_of.format(forest=printable(f.forest.name)) for key, words_of in words.items()}
    told_words["what"] = (
        f"{some(wrong)} {HAVE if len(wrong) > 1 else HAS}" if wrong else "DNS servers give different answers"
    )
    nobody = dict.fromkeys(who for views in split.values() for who in _wrong(views) if views[who].to is Leads.NOBODY)
    lead = "leads" if len(nobody) == 1 else "lead"
    nowhere = f". No controller of {printable(f.forest.name)} answers where {some(nobody)} {lead}" if nobody else ""
    told_words["how"] = f"{DIFFERENTLY}{nowhere}. {told_words['whose']}"
    if not split:
        told_words["how"] = own_list.turning(idle.values())
        if all(silence.dead for silence in idle.values()):
            told_words |= {
                "what": f"{some(idle)} {'does' if len(idle) == 1 else 'do'} not answer, and others do",
                "ask": DEAD,
            }
    if server_named(SYSTEM) in idle:
        told_words["how"] = OWN_RESOLVER
    severity = Severity.ERROR if answers.believes_wrong(f) else Severity.WARNING
    return Proof(seen=tuple(seen), severity=severity, words=told_words)


def _silent(dead: Collection[own_list.Silence]) -> str:
    if not any(silence.waits for silence in dead):
        return f"{'refuses' if len(dead) == 1 else 'refuse'} questions, and others answer"
    return f"{'does' if len(dead) == 1 else 'do'} not answer, and others do"


DIFFERENTLY = "The same question is answered differently depending on the server"
OWN_RESOLVER = (
    "Other servers than this machine's own resolver were asked, and they know the forest. Programs on this machine ask"
    " the resolver, and do not find the controllers by their names, whatever is asked here"
)
DEAD = (
    "Take it out of the list if it is gone; if it should be there, ask whoever runs it whether it is alive"
    " and answers this machine."
)
HAS, HAVE = "does not give what other DNS servers give", "do not give what other DNS servers give"


@dataclass(frozen=True, slots=True)
class SaidBy:
    """What a server said, whether that is the forest's own word, and to whom it leads."""

    rows: frozenset[str]
    own: bool
    to: Leads


Views = dict[str, SaidBy]
"""By who was asked."""


def _by_question(f: ForestFacts) -> dict[tuple[str, str], Views]:
    """Less those that nobody gives whom this machine asks: they have their finding."""
    found: dict[tuple[str, str], Views] = {}
    told, known = {name(lookup.name) for lookup in gone(f)}, f.once(by_address)
    for lookup in f.lookups():
        beside = lookup.server == answers.BESIDE_DNS
        if name(lookup.name) not in told and lookup.status in {"ok", "nxdomain", "nodata"} and not beside:
            views = found.setdefault((name(lookup.name), lookup.record), {})
            said = frozenset(_essence(answer) for answer in lookup.answers)
            views[speaker(lookup)] = SaidBy(said, of_the_forest(f, lookup), leads(f, lookup, known))
    return found


def _steady(f: ForestFacts) -> dict[tuple[str, str], Views]:
    """Less what a server gave one time and denied another: it contradicts itself first of all, and has its finding."""
    turned = {(name(x.name), x.record, speaker(x)) for pair in f.once(unsteady) for x in pair}
    return {
        asked: {who: view for who, view in views.items() if (*asked, who) not in turned}
        for asked, views in _by_question(f).items()
    }


def _about(f: ForestFacts, asked: str, record: str, hosts: Collection[str]) -> bool:
    """Of one of these hosts, or an SRV record in which the server that was asked first names one."""
    mine = (x for x in f.lookups(record) if x.server == answers.main(f) and name(x.name) == asked)
    return asked in hosts or any(name(host) in hosts for x in mine for host in answers.targets(x))


def _contradict(views: Views, record: str) -> bool:
    """Of a host's addresses one server may give a part (by site or subnet); none in common is another thing."""
    said = {view.rows for view in views.values()}
    if record in answers.ADDRESSES:
        return any(not one & other for one in said for other in said if one != other)
    return len(said) > 1


def _wrong(views: Views) -> list[str]:
    """Those that differ from the forest's own word; without that, those that lead to nobody, or say nothing, where
    another leads to a controller."""
    own = {view.rows for view in views.values() if view.own}
    if len(own) == 1:
        (right,) = own
        part = {who for who, view in views.items() if view.rows and view.rows < right}  # of a host's addresses
        return [who for who, view in sorted(views.items()) if view.rows != right and who not in part]
    to = {view.to for view in views.values()}
    if own or (Leads.NOBODY in to and Leads.CONTROLLER not in to):  # who says nothing may be right then
        return []
    return [who for who, view in sorted(views.items()) if not view.rows or view.to is Leads.NOBODY]


def _idle(f: ForestFacts) -> dict[str, own_list.Silence]:
    """Of several servers that are set up on this machine, those that gave no answer at all where another did."""
    label = answers.main(f)
    if not any(x.server == label and x.status == "ok" for x in f.lookups("SRV")) or f.once(own_list.three_only):
        return {}
    beside: dict[str, list[Lookup]] = {}
    for lookup in f.lookups("SRV"):
        if not lookup.required and lookup.server != label and SITES not in lookup.name:
            beside.setdefault(lookup.server, []).append(lookup)
    own, refusing = answers.own_servers(f), own_list.refusing(f)
    among = label == SYSTEM or ", " in label
    if f.of_run(silenced):
        beside = {server: asked for server, asked in beside.items() if {x.status for x in asked} != {"timeout"}}
    return {
        server_named(server): gave_none(asked, refusing.get(server))
        for server, asked in beside.items()
        if (among or server == SYSTEM)
        and not _told_already(f, server)
        and server not in own
        and not any(x.status in {"ok", "nxdomain", "nodata"} for x in asked)
    }


def _told_already(f: ForestFacts, server: str) -> bool:
    """Its silence has its finding."""
    return any(
        o.check.id in f.explained and o.check.service == "dns"
        for where in f.by_address.get(server, ())
        for o in f.at(where)
    )


def gave_none(asked: list[Lookup], refused_by: str | None) -> own_list.Silence:
    """`refused_by`: the device that refuses questions to it; empty: the host itself, None: nobody does."""
    status = asked[0].status
    if status in own_list.TURNED_FROM | {"malformed"}:
        later = max(lookup.elapsed_ms for lookup in asked) >= own_list.AT_ONCE_MS
        return own_list.Silence(f"said {SAID_NO.get(status, status.upper())}", later=later)
    if refused_by is not None:
        return own_list.Silence(own_list.closed(refused_by), dead=True)
    return own_list.Silence(f"answered nothing ({printable(status)})", waits=True, dead=status == "timeout")


def _own_differ(views: Views) -> bool:
    """Two of the forest's own servers contradict each other."""
    return len({view.rows for view in views.values() if view.own}) > 1


OTHER_VIEWS = {
    "whose": "What this machine finds depends on whom it asks, and most programs believe the first that answers",
    "ask": "Ask whoever runs the server that is wrong to forward {forest} to the forest's own DNS servers (conditional"
    " forwarder), or to bring what it keeps of {forest} up to date; or take it out of the list (this machine's, or the"
    " forests file's).",
}
OWN_VIEWS = {
    "whose": "The forest's own servers contradict each other: one of them has not got the changes of the others",
    "ask": "Ask the AD team about replication between these DNS servers (repadmin /replsummary).",
}


def _essence(answer: str) -> str:
    """Host and port of an SRV answer: how the controllers share the load may differ between servers for a while."""
    return name(" ".join(answer.split(" ")[-2:]))


def _sides(views: Views) -> str:
    hosts = {frozenset(answer.rpartition(" ")[2] for answer in view.rows) for view in views.values()}
    told = ((who, _view(view.rows, with_ports=len(hosts) == 1)) for who, view in sorted(views.items()))
    return ", ".join(f"{who} says {view}" for who, view in told)


def _view(answers: frozenset[str], *, with_ports: bool) -> str:
    split = ((port, printable(host)) for port, _, host in (answer.rpartition(" ") for answer in sorted(answers)))
    return some((f"{host}:{port}" if with_ports else host for port, host in split), 3) if answers else "nothing"


# The server that the run goes by leads to nobody


def _misled(f: ForestFacts) -> Proof | None:
    """What is silent there is no fault of the path or of a controller."""
    wrong = f.once(misled)
    if not wrong or answers.wildcard(f) or answers.intercepted(f):
        return None
    led_to = dict.fromkeys(address for x in wrong for address in addresses(f, x))
    named = {name(x.name) for x in wrong} | {name(host) for x in wrong for host in answers.targets(x)}
    follows = tuple(o for o in f.faults() if o.check.address in led_to or _unresolved(o, named))
    asked = {(name(x.name), x.record) for x in wrong}
    alike = (x for x in f.lookups() if (name(x.name), x.record) in asked)
    known, questions = f.once(by_address), _by_question(f)
    right = [x for x in alike if x.server != wrong[0].server and leads(f, x, known) is Leads.CONTROLLER]
    who = some(dict.fromkeys(map(speaker, wrong)))
    at = dict.fromkeys(address for x in right for address in addresses(f, x))
    words = {
        "who": who,
        "leads": f"leads to {some(map(printable, led_to))}, where no controller answers"
        if led_to
        else f"gives no address of {some(dict.fromkeys(printable(x.name) for x in wrong))}",
        "right": f"{some(dict.fromkeys(map(speaker, right)))}: {some(map(printable, at))}",
        "server": printable(right[0].answered_from or right[0].server),
    }
    split = ((x, questions.get((name(x.name), x.record), {})) for x in sorted(wrong, key=lambda x: x.record))
    seen = (f"{printable(x.name)} {x.record}: {_sides(views)}" for x, views in split if _contradict(views, x.record))
    hosts = tuple(dict.fromkeys(o.check.host for o in follows))
    return Proof(
        hosts=hosts, seen=(some(seen, 2, "more questions"),), severity=Severity.ERROR, words=words, follows=follows
    )


def _unresolved(o: Outcome, named: set[str]) -> bool:
    return endpoint(o) is None and o.state is State.UNRESOLVED and name(o.check.host) in named


# One of several is not there


def _not_there(f: ForestFacts) -> Proof | None:
    """It refuses, or the last router finds nobody at its address, and another server answered the questions."""
    if not any(x.status == "ok" for x in f.lookups("SRV")):
        return None
    alone = [where for where in f.by_endpoint if (dc := f.controller(where.host)) and dc.source in SERVERS]
    found = {where: f.faults_at(where) for where in alone if all(o.check.service == "dns" for o in f.at(where))}
    gone = {where: outcomes for where, outcomes in found.items() if outcomes and all(map(_says_no, outcomes))}
    proof = tuple(o for outcomes in gone.values() for o in outcomes)
    who = some(server_named(where.address) for where in gone)
    silences = (own_list.Silence("", waits=o.state is not State.REFUSED) for o in proof if o.check.transport == "udp")
    words = {"who": who, "are": "is" if len(gone) == 1 else "are", "how": own_list.turning(silences)}
    return Proof(proof, severity=Severity.WARNING, words=words) if proof else None


SERVERS = frozenset({"dns-server", "resolver"})


def _says_no(o: Outcome) -> bool:
    return o.state is State.REFUSED or nobody_there(o)


MISLED = (
    Rule(
        code="dns-views-differ",
        title="{forest}: {who} {are} not there, and another one answers",
        explanation="{how}.",
        fix=DEAD,
        when=_not_there,
    ),
    Rule(
        code="dns-views-differ",
        title="{forest}: {who} {leads}; another DNS server leads to a controller",
        explanation=(
            "The same question is answered differently depending on the server, and a controller answers where another"
            " one leads ({right}). So what {who} says is old or wrong, and what is silent for its sake says nothing of"
            " a path or a controller; programs that ask it do not reach that controller either."
        ),
        fix="Ask whoever runs {who} to bring what it says of {forest} up to date (a stale copy of the zone, a filter),"
        " or to forward {forest} to the forest's own DNS servers; or take it out of the list. To see the controller's"
        " ports now, run this again with --dns {server}.",
        when=_misled,
    ),
)

VIEWS = (
    Rule(
        code="dns-views-differ",
        title="{forest}: {what}",
        explanation="{how}.",
        fix="{ask}",
        when=_views,
    ),
)
