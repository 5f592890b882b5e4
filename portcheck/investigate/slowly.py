"""Everything that is silent on ways that let few new connections pass, asked alone, within one time for all of it.

First one service of each host, then the next of each: a host of which nothing was heard is the worst to be wrong about.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest

from portcheck.frozen import dataclass
from portcheck.investigate.case import Case, distinct
from portcheck.model import GOOD, Outcome, State
from portcheck.model.events import Notify, Phase
from portcheck.net.timeouts import Timeouts

ALONE = Timeouts(connect_s=2.4, answer_s=10.0, attempts=1)
WITNESSES = 3  # silent alone, before the silence of the rest is believed: ports of a host, hosts of a network
ONE_IN_S = "one_new_connection_in_s"
"""The fact of what there was no time to ask."""
SILENT_ALONE = "silent_alone"
"""The fact of what was asked alone in vain, or is like such ports of its network or host."""
HEARD_ALONE = "answered_alone_after_s"
"""The fact of what was silent beside others, on such a way: the pause before it."""
SLOWER = 1.6  # times the pause, for what stayed silent


@dataclass(frozen=True, slots=True)
class Silent:
    """A host with silent services, and its network."""

    case: Case
    network: str


@dataclass(frozen=True, slots=True)
class Pace:
    """So much time between two new connections, and until when, on the loop's clock; is there a limit for certain?"""

    pause_s: float
    until: float
    limited: bool

    def over(self) -> bool:
        return asyncio.get_running_loop().time() >= self.until


@dataclass(frozen=True, slots=True)
class _Question:
    host: Silent
    outcome: Outcome

    @property
    def place(self) -> tuple[str, str, int | None]:
        """Its service, whichever host of the network has it."""
        return self.host.network, self.outcome.check.transport, self.outcome.check.port


async def asked_alone(hosts: Sequence[Silent], pace: Pace, notify: Notify) -> None:
    """Those that stay silent a second time, more slowly, where the first one brought answers and as long as it does."""
    questions = list(_in_turn(hosts))
    some, silent = await _round(questions, pace, notify)
    if some:
        await _as_long_as_heard(_likeliest_first(silent), replace(pace, pause_s=pace.pause_s * SLOWER), notify)


def _in_turn(hosts: Sequence[Silent]) -> Iterator[_Question]:
    """Both transports of a port are often of one rule."""
    rows = []
    for host in hosts:
        found = distinct(o for o in host.case.having(State.FILTERED) if o.check.port is not None)
        found.sort(key=lambda o: (o.check.transport, host.case.alive or not o.check.required))
        rows.append([_Question(host, outcome) for outcome in found])
    return (question for turn in zip_longest(*rows) for question in turn if question is not None)


async def _round(questions: Sequence[_Question], pace: Pace, notify: Notify) -> tuple[bool, list[_Question]]:
    """Was any of them heard? And those that were asked, and are silent still."""
    in_vain, of_host = Counter[object](), Counter[int]()
    silent: list[_Question] = []
    some = False
    for number, question in enumerate(questions):
        case = question.host.case
        if question.outcome.facts.get(SILENT_ALONE):
            continue
        if in_vain[question.place] >= WITNESSES or (of_host[id(case)] >= WITNESSES and not case.alive):
            _believed(question)
            continue
        if pace.over():
            _untold(question, pace)
            continue
        notify(Phase(f"new connections pass one by one: {len(questions) - number} to go"))
        if await _heard(question, pace):
            some = True
        else:
            in_vain[question.place] += 1
            of_host[id(case)] += 1
            silent.append(question)
    return some, silent


def _likeliest_first(silent: Sequence[_Question]) -> list[_Question]:
    """A port that is silent on several hosts is blocked, as a rule: such ones use up no patience before the others."""
    hosts = Counter(question.place for question in silent)
    return sorted(silent, key=lambda question: hosts[question.place])


async def _as_long_as_heard(silent: Sequence[_Question], pace: Pace, notify: Notify) -> None:
    in_vain = 0
    for number, question in enumerate(silent):
        if pace.over() or in_vain >= WITNESSES:
            return
        notify(Phase(f"new connections pass one by one, more slowly: {len(silent) - number} to go"))
        in_vain = 0 if await _heard(question, pace) else in_vain + 1


async def _heard(question: _Question, pace: Pace) -> bool:
    case, outcome = question.host.case, question.outcome
    await asyncio.sleep(pace.pause_s)
    better = await case.page.ask(outcome, ALONE)
    if better.state is State.FILTERED:
        words = "asked again, alone after a pause: still no answer"
        for same in case.same_port(outcome):
            case.note(same, "again", words, **{SILENT_ALONE: True})
        return False
    _improve(question, outcome, better, pace)
    for same in case.sharing(outcome) if better.state in GOOD else ():  # what stands behind the same port
        if pace.over():
            _untold(question, pace)
            break
        await asyncio.sleep(pace.pause_s)
        again = await case.page.ask(same, ALONE)
        if again.state is not State.FILTERED:
            _improve(question, same, again, pace)
    return True


def _improve(question: _Question, outcome: Outcome, better: Outcome, pace: Pace) -> None:
    case = question.host.case
    case.improve(outcome, better)
    words = "silent beside others, answered alone after a pause"
    case.note(outcome, "alone", words, **{HEARD_ALONE: round(pace.pause_s, 1)})


def _believed(question: _Question) -> None:
    """Others like it were asked alone in vain."""
    words = "not asked again: others of this host, or this port of others in its network, were silent alone"
    for same in question.host.case.same_port(question.outcome):
        question.host.case.note(same, "again", words, **{SILENT_ALONE: True})


def _untold(question: _Question, pace: Pace) -> None:
    """There was no time to ask it alone."""
    if not pace.limited:
        return
    case = question.host.case
    for same in case.same_port(question.outcome):
        words = f"not asked again: about one new connection in {pace.pause_s:.1f} s passes, and the time for that is up"
        noted = case.note(same, "again", words, **{ONE_IN_S: round(pace.pause_s, 1)})
        case.land(replace(noted, reason=f"{noted.reason}; {words}", blocked_at=None))
