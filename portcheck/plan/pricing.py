"""What an exchange costs: answered, silent, and at most; from the constants of the code that will do it."""

from __future__ import annotations

import math
from collections.abc import Iterable

from portcheck.asking.engine import AFTER_RESET_S
from portcheck.net.connect import REPEAT_AFTER_S
from portcheck.net.timeouts import Timeouts
from portcheck.net.udp import AGAIN_AFTER_S, FRESH_AFTER_S
from portcheck.plan.line import Cost, by_tcp, by_udp, total
from portcheck.probes import dns, start_tls
from portcheck.probes.fragments import PATIENCE_S
from portcheck.probes.probe import Exchange, Question

FIRST_RTO_S = 0.2  # Linux; Windows waits 0.3 s
ASIDE = Timeouts(PATIENCE_S, PATIENCE_S, 2)  # of `Net.aside`
DOUBTFUL = Timeouts(dns.ASIDE_S, dns.ASIDE_S, 2)
UPGRADE = Timeouts(start_tls.LEAST_S, start_tls.LEAST_S, 2)  # and ten round trips
FRAGMENT_QUESTIONS = 4  # of `fragments.lost`, when nothing but the first question is ever answered
MORE_QUESTIONS = 3  # an LDAP ping again without a domain; a DNS question without EDNS, and for small answers


def connecting(patience: Timeouts) -> Cost:
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


def datagrams(exchange: Exchange, patience: Timeouts) -> Cost:
    """All tries of a question over UDP that nobody answers: each datagram twice from its port, then a fresh port."""
    forms = exchange.repeated or exchange.questions
    return total(
        by_udp(forms[number % len(forms)])
        for number in range(patience.attempts)
        for pause in (0.0, AGAIN_AFTER_S)
        if number * FRESH_AFTER_S + pause < patience.connect_s
    )


def answered(transport: str, exchange: Exchange) -> Cost:
    asked = (*exchange.questions, *exchange.aside)
    if transport == "udp":
        return total(by_udp(question) for question in asked)
    return Cost(1, 0, 1) + total(by_tcp(question) for question in asked)


def silent(transport: str, exchange: Exchange, patience: Timeouts) -> Cost:
    return datagrams(exchange, patience) if transport == "udp" else connecting(patience)


def at_most(transport: str, exchange: Exchange, patience: Timeouts, runs: int = 1 + len(AFTER_RESET_S)) -> Cost:
    """Resets are tried again, unacknowledged questions repeated, a bad certificate looked at on a second connection."""
    if transport == "udp":
        aside = total(datagrams(_alone(question), ASIDE) for question in exchange.aside) * FRAGMENT_QUESTIONS
        doubted = total(datagrams(_alone(question), DOUBTFUL) for question in exchange.doubted)
        return datagrams(exchange, patience) * MORE_QUESTIONS + aside + doubted
    return (connecting(patience) + _spoken(exchange.questions, patience)) * exchange.connections * runs + _upgrade(
        exchange
    )


def _spoken(questions: Iterable[Question], patience: Timeouts) -> Cost:
    return total(by_tcp(question) for question in questions) * (1 + repeats(patience.answer_s))


def _upgrade(exchange: Exchange) -> Cost:
    """StartTLS: the first time on the connection that there is."""
    if not exchange.aside:
        return Cost()
    return _spoken(exchange.aside, UPGRADE) * start_tls.CONNECTIONS + connecting(UPGRADE) * (start_tls.CONNECTIONS - 1)


def _alone(question: Question) -> Exchange:
    return Exchange((question,))
