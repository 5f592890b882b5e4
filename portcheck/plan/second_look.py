"""What the second look at a host may cost: nothing where all answers; bounds from the constants of `investigate`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from portcheck.frozen import dataclass
from portcheck.investigate import (
    BUDGET_S,
    ban,
    by_turns,
    chance,
    confirm,
    contrasts,
    echo,
    limit,
    middlebox,
    mtu,
    nobody,
    policed,
    redirect,
    resets,
    senders,
    sizes,
    slowly,
    source_ports,
    starttls,
    trace,
)  # fmt: skip
from portcheck.investigate.case import AT_ONCE, HOPS_BY_DEFAULT
from portcheck.model import Check
from portcheck.model.target import Target
from portcheck.net.timeouts import Timeouts
from portcheck.plan import pricing
from portcheck.plan.line import Cost, ForecastLine, LineKind, by_udp, total
from portcheck.probes.probe import Exchange, Question
from portcheck.wire.ldap import ExtendedRequest

ROUNDS = 2  # `run._look_again`: once more where the first brought an endpoint mapper back
SYN = Cost(1, 0, 1)
HEARD_TRIES = 3  # `resets._heard`
MOST_WALKED = 1 + trace.WALKED  # ports of each transport
SHORTEST_WAIT_S = 0.25  # `Case.wait_s`
MOST_PAIRS = trace.FARTHEST + 2 + int(BUDGET_S / SHORTEST_WAIT_S)  # of one port: each router's, and what time allows
NEVER = Cost()
ECHO = Cost(echo.TRIES, echo.TRIES * 24, 0)  # header and body
MOST_PACED = policed.IN_A_ROW + int(policed.GIVE_UP_S / policed.STEP_S)
MOST_BETWEEN = max(map(len, mtu.BETWEEN.values()))

Asked = tuple[Check, Exchange]


@dataclass(frozen=True, slots=True)
class _SecondLookStep:
    service: str
    purpose: str
    when: str
    transport: str
    at_most: Cost
    silent: Cost = NEVER
    questions: tuple[Question, ...] = ()
    port: int | None = None


def lines(forest: str, place: Target, asked: Sequence[Asked], *, each: bool) -> Iterator[ForecastLine]:
    """One line for each thing that may be done at this host."""
    if not asked or place.dns_only:
        asked = [pair for pair in asked if pair[0].service == "dns"]
    for step in _steps(asked) if asked else ():
        if step.at_most.packets:
            yield ForecastLine(
                kind=LineKind.SECOND_LOOK, forest=forest, host=place.host, address=place.address, service=step.service,
                transport=step.transport, port=step.port, questions=step.questions, silent=step.silent,
                at_most=step.at_most * ROUNDS, purpose=step.purpose, when=step.when, each=each,
            )  # fmt: skip


def _steps(asked: Sequence[Asked]) -> Iterator[_SecondLookStep]:
    tcp = [pair for pair in asked if pair[0].transport == "tcp"]
    yield _again(asked)
    yield _from_another_port(asked)
    yield _waited_out(asked)
    yield _SecondLookStep(
        "one-by-one", "do new connections pass only one by one?", "many are silent, or were heard late", "tcp+udp",
        SYN * (2 * policed.BURSTS * AT_ONCE + 2 + MOST_PACED)
        + _asking_again(asked, slowly.ALONE) * 2,
    )  # fmt: skip
    yield _SecondLookStep(
        "unsent", "is there a local port for it now?", "this machine had none left", "tcp+udp",
        _asking_again(asked, confirm.ONE_TALK),
    )  # fmt: skip
    yield _SecondLookStep(
        "again-nobody", "is nobody there each time?", "a router said so of a part of the ports", "tcp+udp",
        _asking_again(asked, nobody.AGAIN) * nobody.TIMES,
    )  # fmt: skip
    yield _SecondLookStep(
        "again-at-the-end", "was this machine blocked meanwhile?", "something is silent", "tcp+udp",
        _asking_again(asked, ban.PATIENCE) * (2 + ban.BY_TURNS),  # before and after the rest of the second look
    )  # fmt: skip
    yield _SecondLookStep(
        "alone", "was it refused for the company it was in?", "several connections were refused", "tcp",
        _asking_again(tcp, limit.ALONE) * (2 + limit.STEADY + sum(limit.TOGETHER) + by_turns.TIMES + by_turns.OFTEN),
    )  # fmt: skip
    yield _SecondLookStep(
        "back-again", "is it still silent at the end?", "much is silent", "tcp",
        SYN + _asking_again(tcp, slowly.ALONE),
    )  # fmt: skip
    yield _SecondLookStep(
        "again-objected", "does a device say no each time?", "a device on the way said no", "tcp+udp",
        _asking_again(asked, by_turns.ALONE) * (by_turns.ENOUGH + 1 + len(by_turns.AGAIN_S)),
    )  # fmt: skip
    yield _other_ears([pair for pair in asked if pair[0].transport == "udp"])
    yield _sizes(asked)
    yield _source_ports(asked)
    yield _SecondLookStep("ping", "is the host up?", "nothing answered", "icmp", ECHO, ECHO)
    yield _SecondLookStep(
        "redirect", "is it this machine that answers?", "a connection was refused, cut or mute", "tcp",
        SYN * (len(tcp) * (2 + redirect.TRIES * redirect.MOST_DEVICES)),
    )  # fmt: skip
    yield _walks(asked)
    yield _resets(len(tcp))
    yield _SecondLookStep(
        "deaf", "who cuts the conversation?", "a conversation was cut", "tcp",
        _asking_again(tcp, resets.CUT) * (2 * resets.TRIES + len(HOPS_BY_DEFAULT) - 1 + resets.CUTTERS),
    )  # fmt: skip
    if tcp:
        yield _SecondLookStep(
            "control", "does even an unused port accept?", "a connection was mute or cut", "tcp",
            pricing.connecting(Timeouts(middlebox.WAIT_S, middlebox.WAIT_S, 1)), port=middlebox.UNUSED_PORT,
        )  # fmt: skip
    yield _SecondLookStep(
        "small-segments", "do small segments get through?", "a connection was mute", "tcp",
        _asking_again(tcp, mtu.PATIENCE) * (len(mtu.SIZES) * (mtu.FIRST_SMALL + sum(mtu.MORE)) + 2 * MOST_BETWEEN),
    )  # fmt: skip
    yield _start_tls([check for check, _ in tcp])


def _asking_again(asked: Sequence[Asked], patience: Timeouts) -> Cost:
    return total(pricing.at_most(check.transport, exchange, patience, runs=1) for check, exchange in asked)


def _again(asked: Sequence[Asked]) -> _SecondLookStep:
    """Paced repeats, as long as they bring answers; what has answered is not asked again."""
    unheard = total(pricing.silent(check.transport, exchange, confirm.ONE_TRY) for check, exchange in asked)
    datagrams = [pair for pair in asked if pair[0].transport == "udp"]
    price = _asking_again(asked, confirm.ONE_TRY) + unheard * (len(confirm.RATES) - 1)
    price += _asking_again(datagrams, confirm.ONE_TRY) * contrasts.LOST_AGAIN
    price += SYN * (AT_ONCE * chance.BURSTS) + _asking_again(asked, chance.ALONE) * chance.MOST
    return _SecondLookStep("again", "was it merely lost?", "some answers needed a second try", "tcp+udp", price)


def _from_another_port(asked: Sequence[Asked]) -> _SecondLookStep:
    price = _asking_again([pair for pair in asked if pair[0].transport == "udp"], confirm.ONE_ICMP)
    return _SecondLookStep("again-fresh-port", "is it the source port?", "only one was tried, in vain", "udp", price)


def _other_ears(udp: Sequence[Asked]) -> _SecondLookStep:
    price = _asking_again(udp, senders.PATIENCE)
    return _SecondLookStep("any-sender", "who else answers?", "a datagram was not answered", "udp", price)


def _sizes(asked: Sequence[Asked]) -> _SecondLookStep:
    """A short question, alone and then in every round; there with a long answer, and as a long question, four times."""
    of_kind = (e.questions[0] for c, e in asked if c.transport == "udp" and c.service in sizes.KINDS)
    long = total(by_udp(replace(question, size=question.size + sizes.LONGER)) for question in of_kind)
    times = 2 + sizes.ROUNDS * (2 + 4 + 4)
    return _SecondLookStep("sizes", "is it the size?", "a datagram was not answered", "udp", long * times)


def _source_ports(asked: Sequence[Asked]) -> _SecondLookStep:
    """From ports of all kinds, several times, and so once more where all seems to have gone silent."""
    ports = len(source_ports.BANDS) * source_ports.OF_EACH + source_ports.OF_TRIED
    times = 2 * ports * (source_ports.ROUNDS + source_ports.MORE_ROUNDS)
    over_udp = (by_udp(e.questions[0]) for check, e in asked if check.transport == "udp" and e.questions)
    dearest = max(over_udp, key=lambda cost: cost.bytes, default=NEVER)
    silent = SYN * times if any(check.transport == "tcp" for check, _ in asked) else NEVER
    return _SecondLookStep(
        "source-ports", "do only some of this machine's ports pass?", "several ports were tried, or part is silent",
        "tcp+udp",
        silent + dearest * times, silent,
    )  # fmt: skip


def _waited_out(asked: Sequence[Asked]) -> _SecondLookStep:
    price = _asking_again(asked[: confirm.MOST_WAITED], confirm.ONE_ICMP)
    return _SecondLookStep("again-alone", "is a router limiting its ICMP?", "a device rejected some", "tcp+udp", price)


def _walks(asked: Sequence[Asked]) -> _SecondLookStep:
    """Packets with a short life to some silent ports of each transport, beside the same to a port that answers."""
    ports = {(check.transport, check.port): exchange for check, exchange in asked if check.port is not None}
    tcp = min(sum(transport == "tcp" for transport, _ in ports), MOST_WALKED)
    udp = sorted(
        (exchange.questions[0] for (transport, _), exchange in ports.items() if transport == "udp"),
        key=lambda question: question.size,
        reverse=True,
    )[:MOST_WALKED]
    dearest = max((by_udp(question) for question in udp), key=lambda cost: cost.bytes, default=NEVER)
    walk = Cost(max(1, dearest.packets), dearest.bytes, 1) * trace.FARTHEST  # whichever port falls silent first
    beside = SYN * tcp + total(by_udp(question) for question in udp)
    silent = walk + beside * (1 + 3 * trace.TRIES + trace.FARTHEST) + SYN * trace.TRIES if ports else NEVER
    # Ports behind the mapper are walked to as well; SYNs all, so as many as a host's walks at most.
    proven = SYN * MOST_WALKED + total(by_udp(question) for question in udp)
    pairs = proven * trace.TRIES_WHERE_LOSSY + SYN * (MOST_WALKED + len(udp))
    most = proven * (trace.FARTHEST + 1) + pairs * MOST_PAIRS
    control_walk = SYN * (2 * trace.FARTHEST + trace.TRIES)  # with what is asked of its silent routers once more
    ahead = walk + SYN * trace.FARTHEST
    return _SecondLookStep(
        "walk", "where does the silence begin?", "something is silent", "tcp+udp",
        most + control_walk + ahead, silent, tuple(replace(q, what=f"{q.what}, short-lived") for q in udp),
    )  # fmt: skip


def _resets(ports: int) -> _SecondLookStep:
    """`resets`: whether the host's own TTL arrives, then a search for the one that does."""
    search = resets.NEARBY + 2 * resets.AT_ONCE + 2 + 1  # 255 values: six, then eighths of what is left
    compared = 2 + search
    tries = (compared * resets.TRIES + HEARD_TRIES * resets.TRIES) * ports + search * resets.TRIES
    nearer = (trace.FARTHEST + 2) * resets.TRIES * ports  # from how near it is refused, and where the device stands
    price = SYN * (tries + nearer)
    return _SecondLookStep("whose-reset", "whose reset is it?", "a connection was refused, cut or mute", "tcp", price)


def _start_tls(checks: Sequence[Check]) -> _SecondLookStep:
    twins = sum(check.service in starttls.PLAIN_TWIN for check in checks)
    question = Question("StartTLS", len(ExtendedRequest().pack()))
    exchange = Exchange((question,))
    price = pricing.at_most("tcp", exchange, starttls.PATIENCE, runs=1) * twins
    return _SecondLookStep(
        "start-tls", "has the controller a certificate?", "a TLS port cut the handshake", "tcp", price,
        questions=(question,) if twins else (),
    )  # fmt: skip
