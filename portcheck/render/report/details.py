"""What `-v` tells beside the findings: services that work, each check that is not as expected, what was left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rich.cells import cell_len
from rich.text import Text

from portcheck.model import Verdict
from portcheck.render.report.findings import sign
from portcheck.render.shared import matrix
from portcheck.render.shared.digest import (
    Digest,
    Group,
    Skipped,
    groups,
    share_words,
    silent_hosts,
    skipped,
    unanswered,
    working,
)
from portcheck.render.shared.layout import hang, pad
from portcheck.render.shared.marks import VERDICTS
from portcheck.render.shared.options import Options
from portcheck.render.shared.text import listed, plain, printable


def all_of(digest: Digest, options: Options) -> Iterator[Text]:
    yield Text()
    yield from works(digest, options)
    yield from troubles(digest, options)
    yield from left_out(digest, options)


def unexplained(digest: Digest, options: Options) -> Iterator[Text]:
    """The same of what no finding tells of."""
    told = {check for finding in digest.findings for check in finding.checks}
    rest = tuple(outcome for outcome in digest.outcomes if outcome.check.id not in told)
    lookups = digest if not digest.findings else replace(digest, forest=replace(digest.forest, lookups=()))
    yield from troubles(replace(lookups, outcomes=rest), options)


def works(digest: Digest, options: Options) -> Iterator[Text]:
    for share, names in working(digest).items():
        lead = sign(VERDICTS[Verdict.PASS], options, 2).append(f"{share_words(digest, share)}: ")
        yield from hang(lead, plain(", ".join(names)), options.width, 4)


def troubles(digest: Digest, options: Options) -> Iterator[Text]:
    """Every check that is not as expected, under its service: what was seen there and by whom."""
    fail = VERDICTS[Verdict.FAIL]
    for (status, server), names in unanswered(digest).items():
        lead = sign(fail, options, 2).append("DNS: ")
        yield from hang(lead, plain(f"{status}, asked of {server}: {', '.join(names)}"), options.width, 4)
    silent = () if options.verbose else silent_hosts(digest)
    alike: dict[str, list[str]] = {}
    for host in silent:
        words = f": nothing answers: {host.states}" + (f"; {host.seen}" if host.seen else "")
        alike.setdefault(words, []).append(matrix.label(host.key, digest.forest.name))
    for words, labels in alike.items():
        yield from hang(sign(fail, options, 2), plain(", ".join(labels), "bold") + plain(words), options.width, 4)
    for group in groups(digest, silent=silent):
        yield from group_lines(group, options)


def group_lines(group: Group, options: Options) -> Iterator[Text]:
    lead = sign(VERDICTS[group.verdict], options, 2).append(printable(group.service), style="bold")
    yield from hang(lead, plain(f" – {group.purpose}" if group.purpose else ""), options.width, 4)
    port_width = max(cell_len(sight.port) for sight in group.sights)
    state_width = max(len(sight.state) for sight in group.sights)
    for sight in group.sights:
        lead = Text(" " * 4 + pad(printable(sight.port), port_width) + "  ")
        lead.append(pad(sight.state, state_width) + "  ", style=VERDICTS[group.verdict].style)
        yield from hang(
            lead, Text.assemble(plain(listed(sight.hosts, 8), "bold"), plain(f": {sight.seen}")), options.width
        )


def left_out(digest: Digest, options: Options) -> Iterator[Text]:
    for group in skipped(digest):
        yield from hang(sign(VERDICTS[Verdict.SKIP], options, 2), plain(skip_words(group, digest)), options.width)


def skip_words(group: Skipped, digest: Digest) -> str:
    """`time 123/udp, adws 9389/tcp: not offered here`; hosts are named where it is not all of them."""
    everywhere = len({host for host, _ in digest.grid.rows})
    told = [what if len(hosts) == everywhere else f"{what} on {listed(hosts, 4)}" for what, hosts in group.what]
    return f"{', '.join(told)}: {group.reason}"
