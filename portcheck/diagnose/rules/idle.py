"""Sessions that something on the path forgets while they are quiet."""

from __future__ import annotations

from collections.abc import Iterable

from portcheck.diagnose.phrases import duration, some
from portcheck.diagnose.reader import number, printable, text
from portcheck.diagnose.rule import Proof, Rule
from portcheck.diagnose.view import ForestFacts
from portcheck.model import Outcome, Severity


def _idle(f: ForestFacts) -> Proof | None:
    """A session was forgotten on the path before the controller itself would have closed it (900 s, MS-ADTS)."""
    lost = [(o, seconds) for o in f.told("idle_lost_s") if (seconds := number(o, "idle_lost_s")) is not None]
    if not lost:
        return None
    after = min(seconds for _, seconds in lost)
    ends = tuple(sorted({end if (end := text(o, "idle_end")) in IDLE_ENDS else "silent" for o, _ in lost}))
    told = {
        "after": duration(after),
        "kept": _kept((o for o, _ in lost), after),
        "how": IDLE_ENDS[ends[0]] if len(ends) == 1 else BOTH_ENDS,
    }
    return Proof(tuple(o for o, _ in lost), severity=Severity.WARNING, seen=(_idle_seen(lost),), brief=True, words=told)


IDLE_ENDS = {
    "silent": "A device on the path drops a session that has been quiet for so long, without telling either side",
    "reset": "Something resets a session that has been quiet for so long: a device on the path does, or a controller"
    " whose own limit was lowered",
}
BOTH_ENDS = (
    "Of the sessions that have been quiet for so long, some are dropped without a word to either side and others are"
    " reset: a device on the path forgets them"
)


def _kept(outcomes: Iterable[Outcome], after: float) -> str:
    """The longest quiet that was survived; other sessions may have been kept for longer than the first was."""
    held = [seconds for o in outcomes if (seconds := number(o, "idle_held_s"))]
    shorter = [seconds for seconds in held if seconds < after]
    still = f"; one that was quiet for {duration(max(shorter))} still answered" if shorter else ""
    return still + ("; not all are lost at the same age" if len(shorter) < len(held) else "")


def _idle_seen(lost: list[tuple[Outcome, float]]) -> str:
    """dc1.alpha.test: lost after 240 s of quiet, kept after 225 s"""
    told = []
    for o, seconds in lost:
        held = number(o, "idle_held_s")
        kept = f", kept after {duration(held)}" if held else ""
        told.append(f"{printable(o.check.host)} {o.check.name}: lost after {duration(seconds)} of quiet{kept}")
    return some(told, more="more")


IDLE = (
    Rule(
        code="idle-timeout",
        title="{forest}: idle connections to {hosts} are lost after {after} at the latest",
        explanation=(
            "{how}{kept}. A new session was served at once, so it was the age. The domain controller itself would keep"
            " it for 900 s by default."
        ),
        fix="Ask the firewall team: keep idle TCP sessions to {names} for more than 15 minutes ({ports}), or reset"
        " them on expiry.",
        when=_idle,
        beside=True,
    ),
)
