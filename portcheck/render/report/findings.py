"""A finding on the screen: what, why in a sentence, what was seen, what breaks, what users see; what is asked for comes
at the end of the screen, and is said here only where it has no room there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import field

from rich.text import Text

from portcheck.frozen import dataclass
from portcheck.model import Finding, Request, Severity
from portcheck.model.folding import folded
from portcheck.render.shared.conclusion import follows, spoken
from portcheck.render.shared.errors import users_see
from portcheck.render.shared.layout import hang, pad
from portcheck.render.shared.marks import SEVERITIES, Mark
from portcheck.render.shared.options import Options
from portcheck.render.shared.text import plain, printable, shorten

LABEL_WIDTH = 10
SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z\"'(])|\n+")
FEW_WORDS = 6
EVERYTHING = "everything"
WHOLE_HOST = frozenset({"host-unreachable", "one-way-path"})


@dataclass(slots=True)
class AlreadySaid:
    """What the screen has said: nothing of it is said again. `untold`: the requests that its end has no room for."""

    untold: frozenset[str] = frozenset()
    sentences: set[str] = field(default_factory=set)

    def new(self, parts: Iterable[str]) -> list[str]:
        """Those that are new; a few words are a fact that another finding may share."""
        left = [part for part in parts if len(part.split()) < FEW_WORDS or part not in self.sentences]
        self.sentences.update(left)
        return left


def sign(mark: Mark, options: Options, indent: int = 0) -> Text:
    return Text(" " * indent).append(mark.drawn(ascii_only=options.ascii) + " ", style=mark.style)


def title_of(finding: Finding) -> str:
    """Without the forest's name, under which it stands."""
    return finding.title.removeprefix(f"{finding.forest}: ")


def title(finding: Finding, options: Options, said: AlreadySaid) -> Iterator[Text]:
    mark = SEVERITIES[finding.severity]
    style = "" if finding.severity is Severity.INFO else mark.style
    words = "".join(said.new([title_of(finding)])) or finding.title  # of two forests with the same fault
    yield from hang(sign(mark, options, 2), plain(words, style), options.width)


def by_title(finding: Finding, findings: Iterable[Finding], options: Options) -> bool:
    """Whether its title is enough: it only informs, or says again of the whole what another one says of its cause."""
    own = (other for other in findings if other.forest == finding.forest)
    return not options.verbose and (finding.severity is Severity.INFO or follows(finding, own))


def told(finding: Finding, findings: Iterable[Finding], options: Options, said: AlreadySaid) -> Iterator[Text]:
    """`findings`: those beside which it stands."""
    yield from (title if by_title(finding, findings, options) else block)(finding, options, said)


def block(finding: Finding, options: Options, said: AlreadySaid) -> Iterator[Text]:
    yield from title(finding, options, said)
    why = sentences(finding.explanation)
    if options.verbose:
        why = [" ".join(why)] if why else []
    for paragraph in said.new(why if options.verbose else why[:1]):
        yield from hang(" " * 4, plain(paragraph), options.width)
    untold = said.untold
    for name, words in (
        ("where", _where(finding) if options.verbose else ""),
        ("seen", "; ".join(said.new(finding.evidence.split("; ")))),
        ("breaks", "".join(said.new([_breaks(finding, options)]))),
        ("users see", "".join(said.new([users_see(finding.errors)]))),
        ("ask" if options.verbose or untold else "also", _asked(said.new(fix_left(finding, options, untold)))),
    ):
        if words:
            lead = Text(" " * 4 + pad(name, LABEL_WIDTH), style="dim")
            yield from hang(lead, plain(words), options.width)


def _asked(fix: list[str]) -> str:
    """After its label."""
    return spoken(" ".join(fix))


def alone(finding: Finding, options: Options) -> Iterator[Text]:
    """A finding on a screen that does not end with what to ask for: it is said here."""
    yield from block(finding, options, AlreadySaid(frozenset(sentences(finding.fix))))


def sentences(text: str) -> list[str]:
    return [part.strip() for part in SENTENCE.split(text) if part.strip()]


def fix_left(finding: Finding, options: Options, untold: frozenset[str]) -> list[str]:
    """What of the fix the end of the screen does not say; with -v, and of what it does not ask for, the whole."""
    known = sentences(finding.fix)
    if options.verbose or not known or finding.severity is Severity.INFO:
        return known
    asked = {ask.words for ask in finding.asks if not ask.is_path or _is_whole(ask.words, finding.asks)}
    said = asked if finding.asks else {known[0]}
    if any(not _is_path(finding.asks, words) and words in untold for words in said):
        return known
    return [sentence for sentence in known if not any(sentence in words for words in said)]


def _is_whole(words: str, asks: tuple[Request, ...]) -> bool:
    """Does the sentence say no more than which path?"""
    ends = {f"({to.host})" for ask in asks for to in ask.to} | {to.address or to.host for ask in asks for to in ask.to}
    told = words.rstrip(".")
    return any(told.endswith(end) for end in ends) or told.endswith("lists them all)")


def _is_path(asks: tuple[Request, ...], words: str) -> bool:
    return any(ask.is_path for ask in asks if ask.words == words)


def _where(finding: Finding) -> str:
    return printable(folded(finding.hosts, 8))


def _breaks(finding: Finding, options: Options) -> str:
    """At most a line."""
    if finding.code in WHOLE_HOST and finding.breaks:
        return EVERYTHING
    whole = "; ".join(finding.breaks)
    room = options.width - 4 - LABEL_WIDTH
    if options.verbose or len(whole) <= room:
        return whole
    for count in range(len(finding.breaks) - 1, 0, -1):
        words = f"{'; '.join(finding.breaks[:count])}; and {len(finding.breaks) - count} more"
        if len(words) <= room:
            return words
    return shorten(whole, max(room, 20))
