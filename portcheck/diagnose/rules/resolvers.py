"""DNS servers that answer, and not with what there is: filtered, alike, intercepted, late; and programs that differ."""

from __future__ import annotations

from collections import Counter

from portcheck.diagnose import answers, own_list
from portcheck.diagnose.phrases import listed, some
from portcheck.diagnose.reader import median, name, printable
from portcheck.diagnose.resolution import Row, addresses_in, answered_by, by_turns, rows
from portcheck.diagnose.rule import WORST_FIRST, Proof, Rule
from portcheck.diagnose.rules.path import lost_tries
from portcheck.diagnose.view import ForestFacts
from portcheck.model import GOOD, Lookup, Severity, State

SLOW_MS = 500.0
"""A resolver next door answers in a few milliseconds, one at the other end of a country in a tenth of a second."""
RESENT_MS = 1300.0
"""Where packets are lost, a question that was asked again: after 0.8 s, and then answered as late as that."""
ENOUGH, ENOUGH_OF_ALL, ENOUGH_WHERE_LOSSY = 3, 2, 5
"""Late questions of one kind; where nothing of that server was in time; and where packets are lost on the way."""
ANSWERED = frozenset({"ok", "nxdomain", "nodata"})

NOBODYS = "nobody's address"


def _wildcard(f: ForestFacts) -> Proof | None:
    """A name that nobody has leads to the address of the controllers, and no controller speaks there."""
    addresses = answers.wildcard(f)
    if not addresses:
        return None
    server = printable(answers.wildcard_server(f))
    follows = tuple(o for o in f.outcomes if o.check.address in addresses)
    hosts = tuple(dict.fromkeys(o.check.host for o in follows)) or (f.forest.name,)
    seen = f"a name that nobody has got the address {some(addresses)} as well, from {answers.server_named(server)}"
    words = {"who": answers.server_named(server), "at": some(addresses)}
    return Proof(hosts=hosts, seen=(seen,), severity=Severity.ERROR, words=words, follows=follows)


def _filtered(f: ForestFacts) -> Proof | None:
    """Names pass, and the addresses of all of them are missing."""
    hosts = answers.stripped(f)
    if not hosts or answers.wildcard(f):
        return None
    known = {name(host) for host in hosts}
    nameless = tuple(o for o in f.seen(State.UNRESOLVED) if name(o.check.host) in known)
    first = next(x for x in f.lookups("SRV") if x.server == answers.main(f) and x.answers)
    elsewhere = [x for x in f.lookups(*answers.ADDRESSES) if name(x.name) in known and x.answers]
    who = answers.speaker(first)
    if answers.intercepted(f):
        who = f"whoever answers in the place of {who}"
    seen: tuple[str, ...] = (
        f"{who} gives SRV records that name {some(map(printable, hosts))}, and an address of none of them",
    )
    seen += tuple(dict.fromkeys(f"{answers.speaker(x)} gives {some(x.answers)}" for x in elsewhere[:2]))
    own = printable(f.forest.name)
    words = {"who": who, "own": own, "whom": who if answers.intercepted(f) else f"whoever runs {who}"}
    return Proof(nameless, hosts=hosts, seen=seen, brief=True, severity=Severity.ERROR, words=words)


def _sunk(f: ForestFacts) -> Proof | None:
    """All names of the forest lead to nobody, or to this machine."""
    told = answers.sunk(f)
    if not told or answers.wildcard(f):
        return None
    who, own = answers.speaker(told[0]), printable(f.forest.name)
    led = tuple(dict.fromkeys(name(x.name) for x in told))
    at = some(dict.fromkeys(printable(address) for x in told for address in x.answers))
    where = "this machine itself" if all("127." in a or a == "::1" for x in told for a in x.answers) else NOBODYS
    nameless = tuple(o for o in f.seen(State.UNRESOLVED) if name(o.check.host) in led)
    ours = tuple(o for o in f.outcomes if any(o.check.address in x.answers for x in told))
    hosts = tuple(dict.fromkeys(o.check.host for o in nameless)) or (f.forest.name,)
    words = {"who": who, "own": own, "led": some(map(printable, led)), "at": at, "where": where}
    if answers.intercepted(f):
        words["who"] = f"whoever answers in the place of {who}"
    seen = f"{words['who']} gives {words['led']} the address {at}"
    return Proof(nameless, hosts=hosts, seen=(seen,), brief=True, severity=Severity.ERROR, words=words, follows=ours)


def _intercepted(f: ForestFacts) -> Proof | None:
    told = answers.intercepted(f)
    if not told or answers.wildcard(f):
        return None
    nobody = printable(str(told.get("address") or ""))
    foreign = told.get("foreign")
    whose = [printable(str(address)) for address in foreign] if isinstance(foreign, list) else []
    seen = [
        f"{nobody}, where no server can be (RFC 5737), answered a DNS question ({printable(str(told.get('status')))})"
    ]
    if whose:
        seen.append(f"answers in the name of {listed(whose)} about its own zone are not marked as its own (AA flag)")
    lacking = [x for x in f.lookups("SRV") if x.required and x.server == answers.main(f) and not answers.targets(x)]
    severity = Severity.ERROR if lacking else Severity.WARNING
    missed = " Here they do not hold the forest's records." if lacking else ""
    return Proof(seen=tuple(seen), severity=severity, words={"missed": missed})


def _slow(f: ForestFacts) -> Proof | None:
    """Even the fastest answer to one kind of question was late, and the path to the forest is not that long."""
    latencies = [o.latency_ms for o in f.outcomes if o.latency_ms is not None and o.state in GOOD]
    path_ms = median(latencies) if latencies else 0.0  # where all else is late too, it is the way, or this machine
    by_kind: dict[tuple[str, str], list[Lookup]] = {}
    for lookup in f.lookups():
        if lookup.status in ANSWERED and "hosts" not in lookup.server:
            by_kind.setdefault((answers.speaker(lookup), lookup.record), []).append(lookup)
    slow: dict[str, list[float]] = {}
    least_ms, quick = 0.0, {who for (who, _), asked in by_kind.items() for x in asked if x.elapsed_ms < SLOW_MS}
    of_all = Counter(who for (who, _), asked in by_kind.items() for _ in asked)
    lossy = any(map(lost_tries, f.outcomes))
    for (who, _), asked in by_kind.items():
        fastest = min(lookup.elapsed_ms for lookup in asked)
        enough = ENOUGH_WHERE_LOSSY if lossy else ENOUGH if who in quick else ENOUGH_OF_ALL
        if (len(asked) if who in quick else of_all[who]) < enough:
            continue  # a question or two that were lost and asked again: that is the path, and no slow server
        if fastest >= (RESENT_MS if lossy else SLOW_MS) and fastest - path_ms >= max(SLOW_MS, path_ms):
            slow.setdefault(who, []).extend(lookup.elapsed_ms for lookup in asked)
            least_ms = max(least_ms, fastest)
    if not slow:
        return None
    told = tuple(
        f"{who} took {_seconds(min(times), max(times))} to answer {len(times)} questions" for who, times in slow.items()
    )
    words = {"what": f"takes {least_ms / 1000:.1f} s to answer", **_late(some(slow))}
    return Proof(seen=told, severity=Severity.WARNING, words=words)


def _late(who: str) -> dict[str, str]:
    return {
        "why": f"{who} answers late, not wrongly. Each sign-in and each search for a controller waits for several such"
        " answers, and programs that wait less take it for silence: DNS clients ask again or elsewhere after one to"
        " five seconds",
        "ask": f"Ask whoever runs {who} what it waits for: a forwarder that is dead or far away and is asked first, or"
        " too much load",
    }


def _no_answer_for_ipv6(f: ForestFacts) -> Proof | None:
    """Every question for AAAA is swallowed, and A of the same names answered: who asks for both waits for both."""
    label = answers.main(f)
    asked = [x for x in f.lookups(*answers.ADDRESSES) if x.server == label]
    silent = [x for x in asked if x.record == "AAAA" and x.status == "timeout"]
    heard = {name(x.name) for x in asked if x.record == "A" and x.status in ANSWERED}
    swallowed = {name(x.name) for x in silent} & heard
    if len(swallowed) < FEWEST or any(x.record == "AAAA" and x.status != "timeout" for x in asked):
        return None
    who = answers.speaker(next(x for x in asked if x.record == "A" and x.status in ANSWERED))
    words = {
        "what": "does not answer questions for IPv6 addresses (AAAA)",
        "why": f"{who} answers for the IPv4 addresses (A) of the same names. Programs ask for both and wait for both,"
        " some seconds for each name, before they use what they have",
        "ask": f"Ask whoever runs {who} to answer questions for AAAA too, with an empty answer where there is none"
        " (RFC 4074, section 4)",
    }
    seen = f"{who} answered A of {len(swallowed)} names, and AAAA of none of them"
    return Proof(seen=(seen,), severity=Severity.WARNING, words=words)


FEWEST = 3
"""So many names, each asked for several times: no loss looks like that."""


def _seconds(least: float, most: float) -> str:
    low, high = f"{least / 1000:.1f}", f"{most / 1000:.1f}"
    return f"{low} s" if low == high else f"{low} to {high} s"


# What programs on this machine get


def _differs(f: ForestFacts) -> Proof | None:
    stand_ins = {name(dc.host) for dc in f.forest.domain_controllers if dc.facts.get("answered_by")}
    left = [row for row in rows(f) if name(str(row.get("name"))) not in stand_ins and not _told_already(f, row)]
    judged = [(_severity(f, row), row) for row in left]
    if not judged:
        return None
    worst = min((severity for severity, _ in judged), key=WORST_FIRST.index)
    row = next(row for severity, row in judged if severity is worst)
    own = addresses_in(row, "programs")
    words = {
        "name": printable(str(row.get("name"))),
        "programs": f"reach {printable(str(row.get('name')))} at {some(own)}" if own else "find no address of it",
        "others": _others_say(f, row),
        "what": _what(f, row, worst),
    }
    words["title"] = (
        f"programs on this machine reach {words['name']} at {some(own)}"
        if own
        else f"programs on this machine find no address of {words['name']}"
    )
    hosts = tuple(dict.fromkeys(str(row.get("name")) for _, row in judged))
    return Proof(hosts=hosts, seen=tuple(_evidence(row) for _, row in judged[:4]), severity=worst, words=words)


def _others_say(f: ForestFacts, row: Row) -> str:
    """DNS says 10.77.2.10; of a name that DNS does not know, what the forests file or the command line gives."""
    if dns := addresses_in(row, "dns"):
        return f"DNS says {some(dns)}"
    known = f.controller(str(row.get("name")))
    given = known is not None and known.source == "explicit"
    asked = addresses_in(row, "asked_at")
    return f"DNS says no address, the forests file {some(asked)}" if given and asked else "DNS says no address"


def _told_already(f: ForestFacts, row: Row) -> bool:
    """The system's resolver does not know the records either, is never asked, or answers by turns."""
    lacks = any(
        x.server == answers.SYSTEM and x.record == "SRV" and x.status in {"nxdomain", "nodata"} for x in f.lookups()
    )
    lacks = lacks or f.once(own_list.three_only) is not None
    return (not addresses_in(row, "programs") and lacks) or bool(by_turns(row))


def _known(row: Row) -> list[str]:
    """Where DNS says it is, and where it was asked."""
    return [*addresses_in(row, "dns"), *addresses_in(row, "asked_at")]


def _works_at(row: Row) -> list[str]:
    """Those of the programs' addresses that lead to the host: DNS has them too, or it answers there by this name."""
    known, who, wanted = _known(row), answered_by(row), name(str(row.get("name")))
    return [at for at in addresses_in(row, "programs") if at in known or name(who.get(at)) == wanted]


def _severity(f: ForestFacts, row: Row) -> Severity:
    own, good = addresses_in(row, "programs"), _works_at(row)
    if not own:
        return Severity.ERROR if answers.main(f) == answers.SYSTEM else Severity.WARNING
    if len(good) == len(own):
        return Severity.INFO
    return Severity.WARNING if good or not _alive(f, row) else Severity.ERROR


def _alive(f: ForestFacts, row: Row) -> bool:
    """A controller answers where it is said to be."""
    known = _known(row)
    return any(
        o.check.address in known and o.state in GOOD and o.check.service in answers.DIRECTORY for o in f.outcomes
    )


def _what(f: ForestFacts, row: Row, severity: Severity) -> str:
    who, own = answered_by(row), addresses_in(row, "programs")
    if not own:
        return "So they cannot find it, whatever DNS says"
    others = [f"{at} answers as {who[at]}" for at in own if who.get(at) and name(who[at]) != name(str(row.get("name")))]
    if severity is Severity.INFO:
        return "The host answers there by this name, so both work for now"
    if others:
        return f"Another host is there: {listed(others)}"
    if not _alive(f, row):
        return "Nothing answered LDAP at either address, so which of them is right cannot be told from here"
    return f"No controller of this name answers LDAP at {listed(at for at in own if at not in _works_at(row))}"


def _evidence(row: Row) -> str:
    who = answered_by(row)
    said = {at: f" (answers as {host})" if host else " (no answer to LDAP there)" for at, host in who.items()}
    own = some(f"{at}{said.get(at, '')}" for at in addresses_in(row, "programs")) or "nothing"
    dns = some(addresses_in(row, "dns")) or "nothing"
    return f"{printable(str(row.get('name')))}: getaddrinfo gives {own}, DNS {dns}"


MISLEADING = (
    Rule(
        code="wildcard-dns",
        title="{forest}: {who} gives every name the same address, {at}",
        explanation=(
            "A captive portal before its sign-in does that, a wildcard record, or a resolver that leads unknown names"
            " to a page of its own. What answers or refuses there is not this forest's: nothing was learnt of the"
            " forest and its ports."
        ),
        fix="Sign in to this network if it asks for that, take the search suffix or wildcard record out, or name the"
        " forest's own DNS servers (--dns, or dns in the forests file); then run this again.",
        when=_wildcard,
    ),
    Rule(
        code="resolver-filters-addresses",
        title="{forest}: {who} names the controllers and keeps back their addresses",
        explanation=(
            "The names of the controllers pass and none of their addresses does, so the records are there and a filter"
            " is between: what protection against DNS rebinding does with private addresses. The forest's records say"
            " nothing of such a fault."
        ),
        fix="Ask {whom} to let {own} through its rebinding protection (dnsmasq: rebind-domain-ok=/{own}/;"
        ' unbound: private-domain: "{own}"), or use the forest\'s own DNS servers on this machine.',
        when=_filtered,
    ),
    Rule(
        code="resolver-filters-addresses",
        title="{forest}: {who} leads {led} to {at}, which is {where}",
        explanation=(
            "Every name of the forest that was asked for has that address there: a filter in DNS answers so for what is"
            " on its block list (a DNS sinkhole, protection against malware, a parental or content filter). Nothing was"
            " learnt of the forest's own records and of its ports."
        ),
        fix="Ask whoever runs that resolver to take {own} off its block list (and to forward it to the forest's own DNS"
        " servers), or use the forest's own DNS servers on this machine (--dns tries one).",
        when=_sunk,
    ),
)

ANSWERERS = (
    Rule(
        code="dns-intercepted",
        title="{forest}: somebody else answers DNS questions in the place of the servers that are asked",
        explanation=(
            "A device on the path takes questions to port 53, whomever they are for, and answers them itself. Its"
            " answers may be old or filtered.{missed} What it says of the forest's records is not the forest's own"
            " word."
        ),
        fix="Ask whoever runs the network which device redirects DNS (a security gateway, a router's DNS proxy), and to"
        " leave out questions to the forest's own servers.",
        when=_intercepted,
        beside=True,
    ),
)

HINDERED = (
    Rule(
        code="resolution-differs",
        title="{forest}: {title}, {others}",
        explanation=(
            "Programs do not ask DNS as portcheck does: the hosts file, the search list, another source of names"
            " (nsswitch, mDNS) or a cache comes before. {what}."
        ),
        fix="Look on this machine: the hosts file first, then the search list (resolv.conf, network settings) and"
        " nsswitch.conf. `getent hosts {name}`, or `ping {name}` on Windows, shows what programs get.",
        when=_differs,
        beside=True,
    ),
    Rule(
        code="dns-slow",
        title="{forest}: DNS {what}",
        explanation="{why}.",
        fix="{ask}.",
        at_most=Severity.WARNING,
        when=lambda f: _slow(f) or _no_answer_for_ipv6(f),
        beside=True,
    ),
)
