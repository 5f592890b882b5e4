"""A directory that proves nothing, with every port it likes: it gets no password, no proof of one, and no ldap3."""

from __future__ import annotations

import asyncio
import hashlib
import sys
from typing import Any

import ldap3
import pytest
from patience import PATIENT
from signin.directory import BIND, HOST, Habit, Seen, bind_answer, directory, message, serving

from portcheck.model import State
from portcheck.model.credentials import Credentials, Method, Secret
from portcheck.net.ldap.connection import Cover, LdapConnection
from portcheck.net.timeouts import Timeouts
from portcheck.server.controller.record import Certificate
from portcheck.signin.attempt import Attempt
from portcheck.signin.doors import ORDER
from portcheck.signin.look import Questions
from portcheck.wire import ber

BRIEF = Timeouts(60.0, 1.0, 1)  # for a server that does not speak TLS
SECRET = Secret("Passw0rd.of-the-test")
BY = {
    Method.SIMPLE: Credentials("svc@alpha.test", Method.SIMPLE, SECRET),
    Method.NTLM: Credentials("ALPHA\\svc", Method.NTLM, SECRET),
}
CHALLENGE = (
    b"NTLMSSP\0\x02\0\0\0" + b"\x0a\0\x0a\0\x38\0\0\0" + b"\x35\x82\x89\x62" + b"\x01\x23\x45\x67\x89\xab\xcd\xef"
    + bytes(8) + b"\x04\0\x04\0\x42\0\0\0" + b"\x0a\0\x63\x45\0\0\0\x0f" + "ALPHA".encode("utf-16-le") + bytes(4)
)  # fmt: skip
"""MS-NLMP 2.2.1.2: a domain's name, and an empty list of target information."""


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What ldap3 was given to see: nothing, so long as no connection of its is made."""
    made: list[object] = []
    real = ldap3.Connection

    def connection(*given: Any, **named: Any) -> Any:
        made.append(given)
        return real(*given, **named)

    monkeypatch.setattr(ldap3, "Connection", connection)
    return made


def challenging(number: int) -> bytes:
    """Bind in progress, with NTLM's challenge: what a rogue says to get the proof."""
    body = (ber.enumerated(14), ber.octets(""), ber.octets(""), ber.octets(CHALLENGE, 0x87))
    return ber.tlv(ber.SEQUENCE, ber.integer(number), ber.tlv(0x61, *body))


def doors(seen: Seen, method: Method) -> list[LdapConnection]:
    """All ways that the method knows, all of them to this server."""
    return [LdapConnection(HOST, "127.0.0.1", seen.port, cover, None) for cover in ORDER[method]]


async def sign_in(ways: list[LdapConnection], credentials: Credentials, patience: Timeouts = PATIENT) -> Attempt:
    made = Attempt(ways, credentials, Questions(domain=True, forest=True), patience)
    await made.make()
    return made


@pytest.mark.parametrize("start_tls", [True, False], ids=["agrees to StartTLS", "declines StartTLS"])
@pytest.mark.parametrize("method", BY)
async def test_a_rogue_in_clear_gets_nothing_but_start_tls(
    method: Method, start_tls: bool, decoded: list[object]
) -> None:
    async with serving(directory(challenging, start_tls=start_tls), None) as seen:
        made = await sign_in(doors(seen, method), BY[method], BRIEF)
    assert (made.sent, seen.binds) == (False, 0)
    assert b"NTLMSSP" not in seen.clear
    assert made.told()["signed_in"] is False
    assert decoded == []


@pytest.mark.parametrize("method", BY)
async def test_a_rogue_with_a_certificate_of_its_own_gets_nothing_either(method: Method, decoded: list[object]) -> None:
    async with serving(directory(challenging)) as seen:
        made = await sign_in(doors(seen, method), BY[method])
    assert (made.state, made.sent, seen.binds, seen.covered) == (State.SKIPPED, False, 0, b"")
    assert "does not trust the certificate" in made.reason
    assert decoded == []


async def test_a_verified_directory_gets_the_proof() -> None:
    """The twin: the same server, trusted, is sent what the rogue was not."""
    async with serving(directory(challenging, bind_answer())) as seen:
        made = await sign_in([LdapConnection(HOST, "127.0.0.1", seen.port, Cover.TLS, seen.ca_file)], BY[Method.NTLM])
    assert (made.sent, made.accepted, seen.binds) == (True, True, 2)
    assert b"NTLMSSP\0\x03" in seen.covered


async def test_what_follows_the_answer_to_start_tls_in_clear_is_no_part_of_what_comes_inside_tls() -> None:
    """RFC 4511, 4.14.1: whoever stands between could have put it there."""

    async def injecting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seen: Seen) -> None:
        number, _ = await message(reader, writer, seen)
        body = (ber.enumerated(0), ber.octets(""), ber.octets(""))
        agreed = ber.tlv(ber.SEQUENCE, ber.integer(number), ber.tlv(0x78, *body))
        writer.write(agreed + bind_answer()(number + 1))
        await writer.drain()
        seen.clear += await reader.read(65536)

    async with serving(injecting, None) as seen:
        made = await sign_in([LdapConnection(HOST, "127.0.0.1", seen.port, Cover.START_TLS)], BY[Method.SIMPLE])
    assert (made.state, made.reason) == (
        State.MISMATCH,
        "the sign-in did not end: more came than was asked for",
    )
    assert not made.sent


def answering(answer: bytes) -> Habit:
    async def habit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seen: Seen) -> None:
        _, tag = await message(reader, writer, seen)
        seen.binds += tag == BIND
        writer.write(answer)
        await writer.drain()
        await reader.read(65536)

    return habit


@pytest.mark.parametrize(
    "answer",
    [
        bind_answer()(9),  # to another bind
        ber.tlv(ber.SEQUENCE, ber.integer(2), ber.tlv(0x60, ber.integer(3), ber.octets(""), ber.octets("", 0x80))),
        ber.tlv(ber.SEQUENCE, ber.integer(2), ber.tlv(0x61)),
        b"\x30\x80\x00\x00",
    ],
    ids=["another's answer", "an echo", "nothing in it", "indefinite"],
)
async def test_what_is_no_answer_to_the_bind_signs_nobody_in(answer: bytes) -> None:
    async with serving(answering(answer), Certificate.VALID) as seen:
        made = await sign_in([LdapConnection(HOST, "127.0.0.1", seen.port, Cover.TLS, seen.ca_file)], BY[Method.SIMPLE])
    assert (made.accepted, made.state) == (False, State.MISMATCH), made.reason


async def test_without_md4_the_missing_library_is_named_and_nothing_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """As with OpenSSL 3 and without pycryptodome."""

    def no_md4(name: str, *_: object, **__: object) -> object:
        raise ValueError(f"unsupported hash type {name}")

    monkeypatch.setattr(hashlib, "new", no_md4)
    monkeypatch.setitem(sys.modules, "Crypto.Hash", None)
    async with serving(directory(challenging)) as seen:
        made = await sign_in([LdapConnection(HOST, "127.0.0.1", seen.port, Cover.TLS, seen.ca_file)], BY[Method.NTLM])
    assert (made.state, made.sent, seen.binds) == (State.SKIPPED, False, 0)
    assert f"{sys.executable} -m pip install pycryptodome" in made.reason


async def test_without_gssapi_the_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gssapi", None)
    async with serving(directory(challenging), None) as seen:
        made = await sign_in(doors(seen, Method.KERBEROS), Credentials("svc@alpha.test", Method.KERBEROS))
    assert (made.state, made.sent, seen.clear) == (State.SKIPPED, False, b"")
    assert f"{sys.executable} -m pip install gssapi" in made.reason
