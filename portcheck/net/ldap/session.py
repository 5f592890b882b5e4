"""An LDAP session: questions in a codec of our own, and, once the server is proven, searches through ldap3.

Blocking: it lives in a thread of its own. Nothing here retries: an attempt that a server may have counted is
never made twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field
from typing import Any, NoReturn, TypeVar

from portcheck.frozen import dataclass
from portcheck.model import Stage, State
from portcheck.net.errors import NetError
from portcheck.net.ldap.channel import Channel, Frame
from portcheck.net.timeline import Timeline

T = TypeVar("T")
LONGEST = 200  # characters of a name that the server chose, in a timeline


@dataclass(frozen=True, slots=True)
class Answered:
    """What the server said to a request: the LDAP result code and its text."""

    code: int
    text: str

    @property
    def good(self) -> bool:
        return self.code == 0


@dataclass(frozen=True, slots=True)
class Entry:
    dn: str
    attributes: Mapping[str, tuple[bytes, ...]]  # names in lower case

    def first(self, name: str) -> bytes | None:
        return next(iter(self.attributes.get(name.lower(), ())), None)

    def text(self, name: str) -> str | None:
        value = self.first(name)
        return None if value is None else value.decode("utf-8", "replace")

    def texts(self, name: str) -> tuple[str, ...]:
        return tuple(value.decode("utf-8", "replace") for value in self.attributes.get(name.lower(), ()))

    def number(self, name: str) -> int | None:
        text = (self.text(name) or "").strip()
        return int(text) if text.lstrip("-").isdecimal() and len(text) < 20 else None


@dataclass(frozen=True, slots=True)
class Found:
    """The entries of a search, and how it ended; `cookie` leads to the next page."""

    entries: tuple[Entry, ...]
    answer: Answered
    cookie: bytes = b""


@dataclass(slots=True)
class Session:
    """An open connection, signed in or not. ldap3 gets to see it when the server has proven who it is, not before."""

    line: Channel
    trail: Timeline
    presented: bool = False  # credentials, or a proof of them, have left
    _connection: Any = field(default=None, repr=False)  # ldap3's

    def ask(self, what: str, question: bytes, frame: Frame) -> bytes:
        """One whole message for one, in a codec of the caller's. Raises NetError."""
        return self._ask(what, lambda: self.line.ask(question, frame))

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Where a codec reads an answer: NetError for what it does not take."""
        try:
            yield
        except ValueError as error:
            raise NetError(State.MISMATCH, f"the answer is not LDAP: {error}", Stage.ANSWER) from None

    def search(
        self,
        base: str,
        attributes: Sequence[str],
        *,
        filter_: str = "(objectClass=*)",
        scope: str = "BASE",
        controls: Sequence[tuple[str, bool, bytes | None]] = (),
        page: int | None = None,
        cookie: bytes | None = None,
        limit: int = 0,
    ) -> Found:
        connection = self._proven()

        def ask() -> Found:
            connection.search(
                base,
                filter_,
                scope,
                attributes=list(attributes),
                controls=list(controls) or None,
                paged_size=page,
                paged_cookie=cookie,
                size_limit=limit,
                auto_escape=False,
            )
            said = dict(connection.result)
            found = tuple(_entry(row) for row in connection.response or () if row.get("type") == "searchResEntry")
            return Found(found, Answered(_code(said), _text(said)), _cookie(said))

        return self._ask(f"search of {base[:LONGEST] or 'the rootDSE'}", ask)

    def _ask(self, what: str, ask: Callable[[], T]) -> T:
        self.trail.stage = Stage.REQUEST
        self.trail.note("sent", what)
        self.line.fault = None
        self.line.expect()
        try:
            answer = ask()
        except Exception:  # noqa: BLE001 - ldap3 raises whatever its decoder stumbles over
            self._give_up(what)
        self.trail.stage = Stage.ANSWER
        self.trail.answers += 1
        return answer

    def _proven(self) -> Any:
        """ldap3's decoder is not for strangers: it gets no byte of a server that was not verified."""
        if not self.line.proven:
            raise AssertionError("the server has not proven who it is")
        if self._connection is None:
            self._connection = _over(self.line)
        return self._connection

    def _give_up(self, what: str) -> NoReturn:
        fault = self.line.fault or NetError(State.MISMATCH, "the answer is not LDAP", Stage.ANSWER)
        self.trail.note(fault.state, f"{what}: {fault.reason}")
        raise fault from None

    def close(self) -> None:
        self.line.close()


def _over(line: Channel) -> Any:
    """ldap3 over a line of ours: its own sockets lose the error numbers, and wait anew with every byte."""
    import ldap3

    server = ldap3.Server("portcheck", get_info=ldap3.NONE)
    connection = ldap3.Connection(
        server, check_names=False, auto_referrals=False, auto_range=False, raise_exceptions=False
    )
    connection.socket = line
    connection.closed = False
    connection.strategy._outstanding = {}
    connection.listening = True
    return connection


def _code(said: Mapping[str, Any]) -> int:
    code = said.get("result")
    return code if isinstance(code, int) else -1


def _text(said: Mapping[str, Any]) -> str:
    return str(said.get("message") or "").replace("\0", "").strip()[:500]


def _entry(row: Mapping[str, Any]) -> Entry:
    values = {str(name).lower(): tuple(map(bytes, found)) for name, found in row["raw_attributes"].items()}
    return Entry(str(row.get("dn") or ""), values)


def _cookie(said: Mapping[str, Any]) -> bytes:
    try:
        return bytes(said["controls"]["1.2.840.113556.1.4.319"]["value"]["cookie"])
    except (KeyError, TypeError):
        return b""
