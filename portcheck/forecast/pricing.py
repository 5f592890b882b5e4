"""What an exchange costs: answered, silent, and at most; from the constants of the code that will do it."""

from __future__ import annotations

import math

from portcheck.engine import AFTER_RESET_S
from portcheck.forecast.exchanges import Exchange
from portcheck.forecast.line import Cost, Question, total
from portcheck.net.connecting import REPEAT_AFTER_S
from portcheck.net.patience import Patience
from portcheck.net.udp import AGAIN_AFTER_S, FRESH_AFTER_S
from portcheck.probes.fragments import PATIENCE_S

FIRST_RTO_S = 0.2  # Linux; Windows waits 0.3 s
ASIDE = Patience(PATIENCE_S, PATIENCE_S, 2)  # of `Net.aside`
FRAGMENT_QUESTIONS = 4  # of `fragments.lost`, when nothing but the first question is ever answered
MORE_QUESTIONS = 2  # an LDAP ping that names no domain is asked again without one


def connecting(patience: Patience) -> Cost:
    """Connection requests that nobody answers, with the kernel's repeats: one a second at most (RFC 6298)."""
    starts = [n * REPEAT_AFTER_S for n in range(patience.attempts) if n * REPEAT_AFTER_S < patience.connect_s]
    return Cost(sum(1 + math.floor(patience.connect_s - start) for start in starts), 0, len(starts))


def repeats(seconds: float) -> int:
    """How often the kernel sends an unacknowledged segment again: doubling pauses, and a tail loss probe."""
    count, at, pause = 1, FIRST_RTO_S, FIRST_RTO_S
    while at <= seconds:
        count, pause = count + 1, pause * 2
        at += pause
    return count


def datagrams(exchange: Exchange, patience: Patience) -> Cost:
    """All tries of a question over UDP that nobody answers: each datagram twice from its port, then a fresh port."""
    forms = exchange.repeated or exchange.questions
    return total(
        forms[number % len(forms)].over_udp
        for number in range(patience.attempts)
        for pause in (0.0, AGAIN_AFTER_S)
        if number * FRESH_AFTER_S + pause < patience.connect_s
    )


def answered(transport: str, exchange: Exchange) -> Cost:
    if transport == "udp":
        return total(question.over_udp for question in (*exchange.questions, *exchange.aside))
    return Cost(1, 0, 1) + total(question.over_tcp for question in exchange.questions)


def silent(transport: str, exchange: Exchange, patience: Patience) -> Cost:
    return datagrams(exchange, patience) if transport == "udp" else connecting(patience)


def at_most(transport: str, exchange: Exchange, patience: Patience, runs: int = 1 + len(AFTER_RESET_S)) -> Cost:
    """Resets are tried again, unacknowledged questions repeated, a bad certificate looked at on a second connection."""
    if transport == "udp":
        aside = total(datagrams(_alone(question), ASIDE) for question in exchange.aside) * FRAGMENT_QUESTIONS
        return datagrams(exchange, patience) * MORE_QUESTIONS + aside
    spoken = total(question.over_tcp for question in exchange.questions) * (1 + repeats(patience.answer_s))
    return (connecting(patience) + spoken) * exchange.connections * runs


def _alone(question: Question) -> Exchange:
    return Exchange((question,))
