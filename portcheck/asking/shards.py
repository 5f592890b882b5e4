"""Many checks are asked by several processes, each with its share of the hosts; one run plans them and hears it all.

Hosts beyond one way (by the source address that leads to them) go to one process, so that the pace of the way stays
whole. Where most hosts are beyond the same one, all processes share its pace, and a network still goes to one of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field

from portcheck.asking import copies, own_fault
from portcheck.asking.copies import Copy
from portcheck.asking.frames import (
    LENGTH,
    AskHost,
    Begun,
    Done,
    Learnt,
    Share,
    Told,
    Word,
    outcome_of,
    packed,
    unpacked,
)
from portcheck.asking.knowledge import HostState
from portcheck.asking.ledger import Ledger
from portcheck.catalogue.profiles import Profile
from portcheck.config import ForestSpec, Settings
from portcheck.frozen import dataclass
from portcheck.model import Check, Outcome, State
from portcheck.model.events import Notify, Started, unheard
from portcheck.model.target import Selection
from portcheck.net.paths import network
from portcheck.net.platform.machine import source_address
from portcheck.targets.checks import checks_for
from portcheck.targets.known import from_file

MANY = 4000  # checks from which on more than one process pays
EACH = 2000  # checks for which it pays to have one more
MOST = 64
UNEVEN = 1.25  # times its fair share that one process may get for the sake of a way
LAST_WORDS_S = 0.6  # a process that is told to end has so long to say what is new
Group = Callable[[str], str]
BOOT = "import sys; sys.path[:] = sys.argv[1:]; from portcheck.asking.worker import main; main()"


def wanted(settings: Settings, checks: int) -> int:
    """How many processes are to ask so many checks; 1: this one alone."""
    if not sys.executable or getattr(sys, "frozen", False):  # no Python of its own to start
        return 1
    if settings.workers is not None:
        return settings.workers
    if checks < MANY or settings.rate is not None:  # a rate is no faster with more
        return 1
    return max(1, min(_cores(), checks // EACH, MOST))


def ahead(
    asked: Sequence[tuple[ForestSpec, Sequence[Profile]]], settings: Settings, selection: Selection
) -> list[Copy]:
    """The processes that will be wanted, as far as that can be told already: for the controllers of the file."""
    expected = 0
    for forest, profiles in asked:
        here = from_file(forest)[: len(forest.domain_controllers)]
        expected += sum(len(checks_for(one, forest, profiles, selection)) for one in here[:1]) * len(here)
    count = wanted(settings, expected) if expected else 0
    return copies.made(count if count > 1 else 0)


def parts_here(settings: Settings) -> int:
    """Of a rate that nothing may exceed, this process has its part beside those it may start."""
    workers = settings.workers or 1
    return workers + 1 if settings.rate is not None and workers > 1 else 1


def _cores() -> int:
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(slots=True)
class _HostAsked:
    """A host that a process is asking."""

    host: HostState
    checks: Sequence[Check]
    ledger: Ledger
    done: asyncio.Future[str]  # why it was not asked to the end; empty: it was


@dataclass(slots=True)
class _AskingProcess:
    """One process."""

    process: Process | Copy
    asked: dict[int, _HostAsked] = field(default_factory=dict)
    forests: set[str] = field(default_factory=set)
    hearing: asyncio.Task[None] | None = None
    lost: str = ""  # how it ended before it was told to


@dataclass(slots=True)
class Shards:
    """The processes of one run; none until `begin`."""

    settings: Settings
    notify: Notify
    copies: list[Copy] = field(default_factory=list)  # made ahead; others are started once they are needed
    lines: list[_AskingProcess] = field(default_factory=list)
    _group: Group = str  # what an address belongs to
    _by_group: dict[str, int] = field(default_factory=dict)  # the number of the process
    _number: int = 0
    _begun: bool = False

    async def begin(self, hosts: Sequence[tuple[HostState, Sequence[Check]]]) -> None:
        """Start the processes, once, where so many checks want more than one."""
        count = wanted(self.settings, sum(len(checks) for _, checks in hosts))
        direct = [(host, checks) for host, checks in hosts if host.place.address and host.place.route is None]
        if not self._begun and count > 1 and direct:
            self._begun = True
            addresses = {str(host.place.address): len(checks) for host, checks in direct}
            self._group, self._by_group, whole = _grouped(addresses, self._ways(), count)
            for _ in range(count):
                with contextlib.suppress(OSError):  # no process or descriptor is left: those that there are ask it all
                    self.lines.append(await self._started(count, 1 if whole else count))

    def _ways(self) -> tuple[Group, Group]:
        """What may be kept whole, the best first: a way out of this machine, else a network."""
        return lambda address: self.settings.source_ip or source_address(address) or "", network

    async def _started(self, count: int, parts: int) -> _AskingProcess:
        line, settings = _AskingProcess(await self._process()), self.settings
        share = Share(
            settings=settings,
            concurrency=max(1, settings.concurrency // count),
            parts=count + 1 if settings.rate else parts,  # what this process itself asks counts too
            networks_too=not self._by_group,
            watched=self.notify is not unheard,
        )
        self._say(line, share)
        line.hearing = asyncio.create_task(self._hear(line))
        return line

    async def _process(self) -> Process | Copy:
        if self.copies:
            return await self.copies.pop().listened()
        return await asyncio.create_subprocess_exec(
            sys.executable, "-c", BOOT, *sys.path, stdin=PIPE, stdout=PIPE, stderr=DEVNULL
        )

    def takes(self, host: HostState) -> bool:
        """Whether a process can ask it: through proxies and for the cloud this one asks itself."""
        return any(not line.lost for line in self.lines) and host.place.route is None and bool(host.place.address)

    async def ask(self, host: HostState, forest: ForestSpec, checks: tuple[Check, ...], ledger: Ledger) -> str:
        """The host is asked, its outcomes are landed. Why not all of them were, in words; empty: all is well."""
        line = self._line_of(host)
        self._number += 1
        number = self._number
        place, known = host.place, forest.name in line.forests
        line.forests.add(forest.name)
        line.asked[number] = asked = _HostAsked(host, checks, ledger, asyncio.get_running_loop().create_future())
        self._say(
            line,
            AskHost(
                number, None if known else forest, forest.name, place, host.ca_file, host.expected_sid,
                host.announced, host.no_name_server, checks,
            ),
        )  # fmt: skip
        why = await asked.done
        line.asked.pop(number, None)  # of a run that was ended, the last words are heard still
        for check in checks if why else ():
            if not ledger.has(check):
                ledger.land(host, Outcome(check, State.ERROR, why))
        return why

    def _line_of(self, host: HostState) -> _AskingProcess:
        alive = [line for line in self.lines if not line.lost]
        number = self._by_group.get(self._group(str(host.place.address)), len(self.lines))
        if number < len(self.lines) and not self.lines[number].lost:
            return self.lines[number]
        return min(alive, key=lambda line: len(line.asked))

    def _say(self, line: _AskingProcess, message: object) -> None:
        assert line.process.stdin is not None
        if not line.process.stdin.is_closing():  # it ended: whoever listens to it finds out, and asyncio would print it
            line.process.stdin.write(packed(message))

    async def _hear(self, line: _AskingProcess) -> None:
        """Until it ends. Whatever it was given and did not answer is known to be lost then."""
        why = "the run was ended"
        try:
            await self._listen(line)
            code = await line.process.wait()
            why = f"the process that asked it ended before it was done ({_ended_by(code)})"
        except Exception as error:  # noqa: BLE001 - a fault of ours must not keep the run waiting
            why = own_fault.told(error)
        finally:
            line.lost = why
            for asked in line.asked.values():
                if not asked.done.done():
                    asked.done.set_result(why)

    async def _listen(self, line: _AskingProcess) -> None:
        out = line.process.stdout
        assert out is not None
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            while True:
                size = LENGTH.unpack(await out.readexactly(LENGTH.size))[0]
                words = unpacked(await out.readexactly(size))
                assert isinstance(words, tuple)
                for word in words:
                    self._heard(line, word)

    def _heard(self, line: _AskingProcess, word: Word) -> None:
        asked = line.asked.get(word.number)
        if asked is None:
            return
        host, ledger = asked.host, asked.ledger
        match word:
            case Begun():
                self.notify(Started(asked.checks[word.check]))
            case Learnt():
                host.ping, host.root = word.ping, word.root
                host.answered_by, host.stands_in_for = word.answered_by, word.stands_in_for
                if host.ping or host.answered_by:
                    host.known.set()
            case Told():
                check = asked.checks[word.check]
                outcome = outcome_of(word, check)
                if word.moved:
                    ledger.replace(host, check, outcome)
                else:
                    ledger.land(host, outcome)
            case Done():
                if not asked.done.done():
                    asked.done.set_result(word.fault)

    async def close(self) -> None:
        """Tell all to end, and hear what they still have to say."""
        while self.copies:
            self.copies.pop().forget()
        for line in self.lines:
            if line.process.stdin is not None:
                line.process.stdin.close()
        hearing = [line.hearing for line in self.lines if line.hearing is not None]
        if hearing:
            await asyncio.wait(hearing, timeout=LAST_WORDS_S)
        for line in self.lines:
            if line.process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    line.process.kill()
        if hearing:
            await asyncio.wait(hearing, timeout=LAST_WORDS_S)


def _grouped(addresses: Mapping[str, int], groups: Sequence[Group], count: int) -> tuple[Group, dict[str, int], bool]:
    """The first kind of group of which each can go to one process, evenly; whether that is the best kind.

    `addresses`: how many checks each has. Without such a kind nothing is kept together: the last, empty.
    """
    for group in groups:
        checks: Counter[str] = Counter()
        for address, number in addresses.items():
            checks[group(address)] += number
        if len(checks) > 1 and max(checks.values()) <= UNEVEN * sum(checks.values()) / count:
            return group, _spread(checks, count), group is groups[0]
    return str, {}, False


def _spread(groups: Counter[str], count: int) -> dict[str, int]:
    """Each group to a process, the largest first, to the one that has least."""
    load, found = [0] * count, {}
    for group, checks in groups.most_common():
        found[group] = number = load.index(min(load))
        load[number] += checks
    return found


def _ended_by(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    with contextlib.suppress(ValueError):
        return f"killed by {signal.Signals(-code).name}"
    return f"killed by signal {-code}"
