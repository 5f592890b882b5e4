"""How long may a session be quiet? LDAP sessions are held open without a word until something forgets them.

A few per host, quiet for a sixteenth up to the whole of the time given; each then asks its question once more.
Firewalls forget quiet sessions without telling; a domain controller hangs up itself after 900 s (MaxConnIdleTime), and
after 120 s where no question came at all (InitRecvTimeout; both MS-ADTS 3.1.1.3.4.6), so the first is sent at once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import field
from enum import StrEnum

from portcheck.frozen import dataclass
from portcheck.investigate.case import Case
from portcheck.model import Facts, Outcome, State
from portcheck.model.events import Notify, Phase
from portcheck.net.errors import NetError
from portcheck.net.lag import AWAY_S
from portcheck.net.network import Net
from portcheck.net.stream import Stream
from portcheck.net.timeouts import Timeouts
from portcheck.wire import WireError, ldap
from portcheck.wire.ldap_answer import SearchAnswer
from portcheck.wire.rootdse import rootdse_request

SHARES = (16, 8, 4, 2, 1)
CONTROLLER_HANGS_UP_S = 855.0  # from here on an end is the controller's own: 900 s, less what its timer may be early
ANSWER_S = 8.0  # the kernel repeats an unacknowledged question five times within it
FRESH = Timeouts(connect_s=4.0, answer_s=5.0, attempts=3)
MOST_HOSTS = 64
WORTH_KNOWING = 0.1  # of the time given: a narrower gap between kept and lost is not worth another session
TELL_FIRST_S, TELL_EVERY_S = 0.3, 15.0


class End(StrEnum):
    """What became of one quiet session."""

    KEPT = "kept"
    SILENT = "silent"  # asked again, and not even acknowledged
    RESET = "reset"
    CLOSED = "closed"  # in good order, by the other side
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Ended:
    """One session: how long it was quiet, and how that ended."""

    quiet_s: float
    end: End
    words: str


@dataclass(slots=True)
class Progress:
    """What the progress line counts."""

    notify: Notify
    until: float
    open: int = 0
    lost: int = 0

    def tell(self) -> None:
        left = max(0.0, self.until - asyncio.get_running_loop().time())
        self.notify(Phase(f"holding {self.open} idle sessions, {self.lost} lost; {left:.0f} s to go (Ctrl-C ends it)"))


@dataclass(slots=True)
class QuietWatch:
    """The sessions of one host."""

    case: Case
    outcome: Outcome
    until: float
    longest_s: float
    progress: Progress
    ended: list[Ended] = field(default_factory=list)

    @property
    def kept_s(self) -> float:
        """A session that its controller ended was kept by everything in between until then."""
        kept = [e.quiet_s for e in self.ended if e.end is End.KEPT or _by_controller(e)]
        return max(kept, default=0.0)

    @property
    def lost(self) -> Ended | None:
        """The shortest quiet that lost a session; none where a longer one was kept: then it was not its age."""
        gone = [e for e in self.ended if e.end in {End.SILENT, End.RESET} and not _by_controller(e)]
        first = min(gone, key=lambda e: e.quiet_s, default=None)
        return first if first is not None and first.quiet_s > self.kept_s else None


async def hold(cases: Sequence[Case], longest_s: float, notify: Notify) -> None:
    """Sessions to every host whose LDAP answers; what each shows lands as soon as it is known."""
    speaking = [(case, o) for case in cases for o in case.answering("tcp") if o.check.service == "ldap"]
    if not speaking:
        notify(Phase("no idle session can be held: LDAP on 389/tcp answers nowhere"))
        return
    chosen, until = speaking[:MOST_HOSTS], asyncio.get_running_loop().time() + longest_s
    progress = Progress(notify, until)
    telling = asyncio.create_task(_tell(progress))
    try:
        watches = [QuietWatch(case, o, until, longest_s, progress) for case, o in chosen]
        await asyncio.gather(*(_watch(watch) for watch in watches))
    finally:
        telling.cancel()


async def _tell(progress: Progress) -> None:
    await asyncio.sleep(TELL_FIRST_S)
    while True:
        progress.tell()
        await asyncio.sleep(TELL_EVERY_S)


async def _watch(watch: QuietWatch) -> None:
    holding = {asyncio.create_task(_session(watch, watch.longest_s / share)) for share in SHARES}
    try:
        while holding:
            done, holding = await asyncio.wait(holding, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                _land(watch, task.result())
            if (between := _worth_another(watch)) is not None and len(holding) <= len(SHARES):
                holding.add(asyncio.create_task(_session(watch, between)))
    finally:
        for task in holding:
            task.cancel()
        await asyncio.gather(*holding, return_exceptions=True)


def _worth_another(watch: QuietWatch) -> float | None:
    """A time between the longest kept and the shortest lost, where it fits into what is left."""
    if watch.lost is None:
        return None
    between = (watch.kept_s + watch.lost.quiet_s) / 2
    narrow = watch.lost.quiet_s - watch.kept_s <= WORTH_KNOWING * watch.longest_s
    return None if narrow or asyncio.get_running_loop().time() + between > watch.until else between


def _by_controller(ended: Ended) -> bool:
    return ended.end in {End.RESET, End.CLOSED} and ended.quiet_s >= CONTROLLER_HANGS_UP_S


def _land(watch: QuietWatch, ended: Ended) -> None:
    watch.ended.append(ended)
    facts: Facts = {"idle_held_s": round(watch.kept_s, 1)} if watch.kept_s else {}
    if watch.lost is not None:
        facts |= {"idle_lost_s": round(watch.lost.quiet_s, 1), "idle_end": str(watch.lost.end)}
    watch.outcome = watch.case.note(watch.outcome, "idle", ended.words, **facts)
    watch.progress.lost += ended.end in {End.SILENT, End.RESET} and not _by_controller(ended)


async def _session(watch: QuietWatch, quiet_s: float) -> Ended:
    """Ask, keep quiet, ask again. A session that is lost although a new one is served was forgotten."""
    case, port = watch.case, watch.outcome.check.port
    assert port is not None
    net = Net(case.address, Timeouts(FRESH.connect_s, quiet_s + 3 * ANSWER_S, FRESH.attempts), source_ip=case.source_ip)
    try:
        with await net.tcp(port) as stream:
            await _ask(stream)
            watch.progress.open += 1
            try:
                ended = await _quiet(stream, quiet_s)
            finally:
                watch.progress.open -= 1
    except (NetError, WireError, TimeoutError):
        return Ended(quiet_s, End.UNCLEAR, "a session to be held idle did not come about")
    if ended.end in {End.SILENT, End.RESET} and not _by_controller(ended) and not await _served(case, port):
        words = f"{ended.words}; but a new session is not served either, so it was not its age"
        return Ended(ended.quiet_s, End.UNCLEAR, words)
    return ended


async def _quiet(stream: Stream, quiet_s: float) -> Ended:
    began = time.monotonic()  # the loop's clock leaves out what it missed; the firewall's does not
    try:
        async with asyncio.timeout(quiet_s):
            while await stream.receive():
                pass  # a notice of disconnection (RFC 4511, 4.4.1), before the end
        after = time.monotonic() - began
        return Ended(after, End.CLOSED, f"closed by the other side after {after:.1f} s without a question{_own(after)}")
    except TimeoutError:
        pass
    except NetError as fault:
        after = time.monotonic() - began
        if fault.state is not State.RESET:
            return Ended(after, End.UNCLEAR, f"not left quiet: {fault.reason}")
        return Ended(after, End.RESET, f"reset after {after:.1f} s without a question{_own(after)}")
    after = time.monotonic() - began
    return await _again(stream, quiet_s if after < quiet_s + AWAY_S else after)


async def _again(stream: Stream, quiet_s: float) -> Ended:
    try:
        await _ask(stream)
    except TimeoutError:
        stream.observe()
        if stream.trail.facts.get("unacked_bytes") == 0:
            return Ended(
                quiet_s, End.UNCLEAR, f"after {quiet_s:.1f} s of quiet the question arrives and is not answered"
            )
        return Ended(
            quiet_s, End.SILENT, f"after {quiet_s:.1f} s of quiet the question is not even acknowledged: forgotten"
        )
    except NetError as fault:
        end = End.RESET if fault.state is State.RESET else End.UNCLEAR
        return Ended(quiet_s, end, f"after {quiet_s:.1f} s of quiet: {fault.reason}{_own(quiet_s)}")
    except WireError as error:
        return Ended(quiet_s, End.UNCLEAR, f"after {quiet_s:.1f} s of quiet the answer is damaged: {error}")
    return Ended(quiet_s, End.KEPT, f"after {quiet_s:.1f} s of quiet the session still answers")


def _own(after_s: float) -> str:
    return ": the controller's own limit, 900 s by default" if after_s >= CONTROLLER_HANGS_UP_S else ""


async def _ask(stream: Stream) -> None:
    async with asyncio.timeout(ANSWER_S):
        await stream.send(rootdse_request(attributes=("dnsHostName",)).pack(), "LDAP search of the rootDSE")
        SearchAnswer.unpack(await stream.read_frame(ldap.AnswerFrame(), "LDAP answer"), 1)


async def _served(case: Case, port: int) -> bool:
    net = Net(case.address, FRESH, source_ip=case.source_ip)
    try:
        with await net.tcp(port) as stream:
            await _ask(stream)
    except (NetError, WireError, TimeoutError):
        return False
    return True
