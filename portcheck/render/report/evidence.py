"""`-v`: what each controller is known to be, and the timeline and facts of what failed; `-vv`: of every check."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from portcheck.model import DomainController, Facts, Outcome
from portcheck.render.shared.digest import NOTEWORTHY, Digest
from portcheck.render.shared.grid import cell_of
from portcheck.render.shared.layout import hang
from portcheck.render.shared.matrix import mark_of
from portcheck.render.shared.options import Options
from portcheck.render.shared.text import listed, plain, shorten
from portcheck.render.shared.words import port_of, seen

LONGEST_FACT = 300
LONGEST_TIMELINE = 40


def lines(digest: Digest, options: Options) -> Iterator[Text]:
    for dc in digest.forest.domain_controllers:
        yield Text()
        yield from hang("  ", plain(controller_words(dc)), options.width, 4)
        yield from facts(dc.facts, options)
    every = options.verbose > 1
    for outcome in digest.outcomes:
        if not every and cell_of(outcome) not in NOTEWORTHY:
            continue  # -vv shows them too
        yield Text()
        yield from check(outcome, options)


def controller_words(dc: DomainController) -> str:
    known = (
        f"site {dc.site}" if dc.site else "",
        f"domain {dc.domain}" if dc.domain else "",
        f"roles {' '.join(dc.roles)}" if dc.roles else "",
        f"known from {dc.source}",
    )
    return f"{dc.host} {dc.address or '(no address)'}: {', '.join(filter(None, known))}"


def check(outcome: Outcome, options: Options) -> Iterator[Text]:
    mark = mark_of(cell_of(outcome))
    lead = Text("  ").append(mark.drawn(ascii_only=options.ascii) + " ", style=mark.style)
    subject = f"{outcome.check.host} {outcome.check.service} {port_of(outcome)}: {outcome.state}"
    latency = "" if outcome.latency_ms is None else f" in {outcome.latency_ms:.1f} ms"
    yield from hang(lead, plain(f"{subject}{latency}; {seen(outcome)}"), options.width)
    for step in outcome.evidence[:LONGEST_TIMELINE]:
        yield from hang(f"    {step.at_ms:9.1f} ms  ", plain(f"{step.event}: {step.detail}"), options.width)
    if len(outcome.evidence) > LONGEST_TIMELINE:
        yield Text(f"    and {len(outcome.evidence) - LONGEST_TIMELINE} more steps", style="dim")
    yield from facts(outcome.facts, options)


def facts(told: Facts, options: Options) -> Iterator[Text]:
    for key, value in once(told).items():
        yield from hang("    ", plain(f"{key}: {shorten(fact_words(value), LONGEST_FACT)}", "dim"), options.width, 6)


def once(told: Facts) -> Facts:
    """Without ports that are told already: those of every try where that was one, and those in vain where all were."""
    ports = told.get("source_ports")
    again = {"source_ports"} if ports == [told.get("local_port")] else set()
    again |= {"source_ports_unanswered"} if told.get("source_ports_unanswered") == ports else set()
    return {key: value for key, value in told.items() if key not in again}


def fact_words(value: object) -> str:
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.4g}" if abs(value) < 10_000 else f"{value:.0f}"
        case list() | tuple():
            return listed(tuple(map(fact_words, value)), 12)
        case dict():
            return ", ".join(f"{k}={fact_words(v)}" for k, v in value.items())
    return str(value)
