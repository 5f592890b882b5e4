"""Ten thousand requests of people who mean no good, and others who dawdle: nothing but 4xx, and nobody is asked."""

from __future__ import annotations

import re
import socket
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from portcheck.exporter.app import MOST_LISTENERS

from . import hostile
from .conftest import FOREST, Counted, Server, forests_file

ALONE, WHOLE, BATCH = 2_000, 8_000, 100
CUT = "cut off"  # is an answer, too


def answer(port: int, number: int) -> str:
    """The status line's code of the answer to a hostile request."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        try:
            connection.sendall(hostile.request(number))
            connection.shutdown(socket.SHUT_WR)
            told = connection.recv(4096)
        except ConnectionError:
            return CUT
    if not told:
        return CUT
    found = re.match(rb"HTTP/1\.1 (\d\d\d) ", told)
    assert found, (hostile.request(number)[:80], told[:80])
    return found[1].decode()


def answers(port: int, numbers: range) -> list[str]:
    """The codes of as many requests sent at once on one connection, each of which is whole and no more than odd."""
    sent = b"".join(hostile.whole(number) for number in numbers)
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        with connection.makefile("rb") as stream:
            return [code.decode() for code in re.findall(rb"HTTP/1\.1 (\d\d\d) ", stream.read())]


def test_ten_thousand_hostile_requests_get_4xx_and_no_probe_is_sent(
    served: Server, counted: Counted, tmp_path: Path
) -> None:
    one = served(forests_file(tmp_path, counted.port))
    with ThreadPoolExecutor(4) as pool:
        alone = list(pool.map(lambda number: answer(one.port, number), range(ALONE)))
        batches = list(pool.map(lambda start: answers(one.port, range(start, start + BATCH)), range(0, WHOLE, BATCH)))
    wrong = {code: hostile.request(alone.index(code))[:120] for code in set(alone) if code != CUT and code[0] != "4"}
    assert wrong == {}, Counter(alone)
    assert len(set(alone) - {CUT}) > 2, Counter(alone)  # they were read, and judged
    assert [len(codes) for codes in batches] == [BATCH] * (WHOLE // BATCH)
    assert {code[0] for codes in batches for code in codes} == {"4"}
    assert counted.came == 0
    assert one.get("/-/healthy")[0] == 200


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"GET /probe?target=alpha.te",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nx",
        b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n" * 2,
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 300,  # and never reads
    ],
    ids=["silent", "head", "body", "listening", "not reading"],
)
def test_who_dawdles_keeps_nobody_else_waiting(begun: bytes, served: Server, counted: Counted, tmp_path: Path) -> None:
    one = served(forests_file(tmp_path, counted.port))
    with ExitStack() as stack:
        for _ in range(100):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", one.port), timeout=60))
            connection.sendall(begun)
        assert one.get("/-/healthy")[0] == 200
        assert f'"{FOREST}"' in one.get("/sd")[1]
    assert counted.came == 0


def test_who_listens_in_great_numbers_leaves_room_for_others(served: Server, counted: Counted, tmp_path: Path) -> None:
    """Many at once, and each is counted when it is promised an answer; who leaves makes room again."""
    one = served(forests_file(tmp_path, counted.port))

    def listening(stack: ExitStack, count: int) -> Counter[str]:
        came = [
            stack.enter_context(socket.create_connection(("127.0.0.1", one.port), timeout=60)) for _ in range(count)
        ]
        for connection in came:
            connection.sendall(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
        return Counter(connection.recv(4096).split(b" ")[1].decode() for connection in came)

    with ExitStack() as stack:
        assert listening(stack, MOST_LISTENERS + 20) == {"200": MOST_LISTENERS, "429": 20}
        assert one.get("/-/healthy")[0] == 200
    assert any(_one_more(one.port) for _ in range(1000))  # as soon as it is seen that they have left


def _one_more(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
        return connection.recv(4096).startswith(b"HTTP/1.1 200 ")
