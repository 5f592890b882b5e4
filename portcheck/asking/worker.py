"""One of several processes that ask for a run: hosts come in on stdin, what they said goes out on stdout.

It has no signals of its own: it ends when the run closes its stdin, however that comes about.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import threading
from dataclasses import field
from typing import BinaryIO

from portcheck.asking import own_fault
from portcheck.asking.engine import Engine, probes
from portcheck.asking.frames import LENGTH, AskHost, Begun, Done, Learnt, Share, Word, packed, told, unpacked
from portcheck.asking.host import HostRun
from portcheck.asking.knowledge import HostState
from portcheck.config import ForestSpec
from portcheck.exitcodes import SIGNALS
from portcheck.frozen import dataclass
from portcheck.model import Check, Outcome
from portcheck.model.events import Event, Started, unheard
from portcheck.net.lag import ListeningLoop
from portcheck.net.starved import FULL, starved
from portcheck.net.timeouts import Timeouts

SELDOM = (50_000, 20, 50)
"""How many new objects, and rounds, between the searches for circles of garbage: a run makes few, and many objects."""
EVERY_S = 0.1  # so often it says what is new
LAST_WORDS_S = 1.0  # for saying what is new when it is told to end


@dataclass(slots=True)
class ToldPage:
    """The ledger of one host: whatever is written in it is told to the run."""

    asked: AskHost
    saying: list[Word]
    planned: dict[str, Check]
    _places: dict[str, int]
    _learnt: tuple[object, ...] = ()

    @classmethod
    def of(cls, asked: AskHost, saying: list[Word]) -> ToldPage:
        places = {check.id: place for place, check in enumerate(asked.checks)}
        return cls(asked, saying, {check.id: check for check in asked.checks}, places)

    def land(self, host: HostState, outcome: Outcome) -> Outcome:
        self._tell(host, self._places[outcome.check.id], outcome, moved=False)
        return outcome

    def replace(self, host: HostState, check: Check, outcome: Outcome) -> None:
        self._tell(host, self._places[check.id], outcome, moved=True)

    def _tell(self, host: HostState, place: int, outcome: Outcome, *, moved: bool) -> None:
        host.hear(outcome)
        self.learnt(host)
        self.saying.append(told(self.asked.number, place, outcome, moved=moved))

    def learnt(self, host: HostState) -> None:
        """Say what the host told of itself, where that is new."""
        known = (host.ping, host.root, host.answered_by, host.stands_in_for)
        if known != self._learnt:
            self._learnt = known
            self.saying.append(Learnt(self.asked.number, *known))


@dataclass(slots=True)
class Worker:
    """Asks the hosts that it is given, all at once: the run lets in only as many as make sense."""

    engine: Engine = field(init=False)
    saying: list[Word] = field(default_factory=list)
    forests: dict[str, ForestSpec] = field(default_factory=dict)
    _at: dict[str, tuple[int, int]] = field(default_factory=dict)  # by the check's key: the host's number and its place
    _asking: set[asyncio.Task[None]] = field(default_factory=set)

    def begin(self, share: Share) -> None:
        given = share.settings
        patience = Timeouts(given.timeout_s, given.answer_timeout_s, given.attempts)
        self.engine = Engine(
            patience,
            self._hear if share.watched else unheard,
            share.concurrency,
            given.rate,
            given.source_ip,
            settings=given,
            parts=share.parts,
            networks_too=share.networks_too,
        )

    def _hear(self, event: Event) -> None:
        if isinstance(event, Started) and (where := self._at.get(event.check.key)) is not None:
            self.saying.append(Begun(*where))

    def take(self, asked: AskHost) -> None:
        if asked.forest is not None:
            self.forests[asked.name] = asked.forest
        task = asyncio.get_running_loop().create_task(self._ask(asked))
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def _ask(self, asked: AskHost) -> None:
        host = HostState(
            asked.place, asked.ca_file, asked.expected_sid, asked.announced, no_name_server=asked.no_name_server
        )
        page = ToldPage.of(asked, self.saying)
        watched = asked.checks if self.engine.notify is not unheard else ()
        keys = {check.key: (asked.number, place) for place, check in enumerate(watched)}
        self._at |= keys
        fault = ""
        try:
            await HostRun(host, self.forests[asked.name], self.engine, page).everything(asked.checks)
        except Exception as error:  # noqa: BLE001 - a fault of ours costs this host alone
            fault = FULL if starved(error) else own_fault.told(error)
        finally:
            for key in keys:
                self._at.pop(key, None)
        page.learnt(host)
        self.saying.append(Done(asked.number, fault))

    async def say(self, out: BinaryIO) -> None:
        """Everything that is new. Where the run is busy and does not listen, the asking goes on."""
        if self.saying:
            words = packed(tuple(self.saying))
            self.saying.clear()
            await asyncio.to_thread(_write, out, words)


def _write(out: BinaryIO, words: bytes) -> None:
    out.write(words)
    out.flush()


async def work(incoming: BinaryIO, out: BinaryIO) -> None:
    """Until `incoming` ends."""
    loop, ended, worker = asyncio.get_running_loop(), asyncio.Event(), Worker()

    def hear(message: object) -> None:
        if isinstance(message, Share):
            worker.begin(message)
        elif isinstance(message, AskHost):
            worker.take(message)

    def listen() -> None:
        while (message := _next(incoming)) is not None:
            loop.call_soon_threadsafe(hear, message)
        loop.call_soon_threadsafe(ended.set)
        threading.Event().wait(LAST_WORDS_S)
        os._exit(0)

    threading.Thread(target=listen, daemon=True).start()
    await asyncio.to_thread(probes)
    while not ended.is_set():
        await asyncio.wait([waiting := asyncio.ensure_future(ended.wait())], timeout=EVERY_S)
        waiting.cancel()
        await worker.say(out)
    os._exit(0)


def _next(incoming: BinaryIO) -> object:
    """None: nothing more comes."""
    head = incoming.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    size = LENGTH.unpack(head)[0]
    body = incoming.read(size)
    return unpacked(body) if len(body) == size else None


def hear_no_signals() -> None:
    for name in SIGNALS:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)


def main() -> None:
    gc.set_threshold(*SELDOM)
    hear_no_signals()
    incoming, out = os.fdopen(0, "rb", closefd=False), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints is not for the run
    try:
        with asyncio.Runner(loop_factory=ListeningLoop) as runner:
            runner.run(work(incoming, out))
    finally:
        os._exit(0)
