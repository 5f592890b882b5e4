"""A list of name servers of which programs on this machine never ask the one that knows the forest."""

from __future__ import annotations

from portcheck.diagnose import own_list
from portcheck.diagnose.answers import server_named
from portcheck.diagnose.phrases import listed, some
from portcheck.diagnose.reader import printable
from portcheck.diagnose.rule import Proof, Rule
from portcheck.diagnose.rules.views import gave_none
from portcheck.diagnose.view import ForestFacts
from portcheck.model import Severity


def _passed_over(f: ForestFacts) -> Proof | None:
    """The run came to it only since it goes through the whole list."""
    told = f.once(own_list.three_only)
    if told is None:
        return None
    silent = tuple(o for o in f.faults("dns") if printable(o.check.address or "") in told.asked)
    refusing = own_list.refusing(f)
    by_server = {server: [x for x in f.lookups("SRV") if printable(x.server) == server] for server in told.asked}
    seen = (
        f"{server_named(server)} {gave_none(asked, refusing.get(server)).said}"
        for server, asked in by_server.items()
        if asked
    )
    words = {"asked": some(told.asked), "who": f"DNS server {some(told.speaking)}", "them": listed(told.speaking)}
    return Proof(seen=tuple(seen), severity=Severity.ERROR, words=words, follows=silent)


PASSED_OVER = (
    Rule(
        code="resolution-differs",
        title="{forest}: programs on this machine ask the first three name servers alone, and none of them answers",
        explanation=(
            "What this run found by {who}, programs on this machine do not find: of the name servers in resolv.conf the"
            " C library asks the first three ({asked}), whatever comes after them (MAXNS, resolv.conf(5))."
        ),
        fix="Put {them} among the first three in resolv.conf (or in what writes it), in the place of a server that"
        " does not answer.",
        when=_passed_over,
    ),
)
