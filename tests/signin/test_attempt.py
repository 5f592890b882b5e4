"""One sign-in against directories that accept, refuse, stall, drip, babble and hang up; and what each was sent."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from patience import PATIENT
from signin.directory import HOST, Habit, Seen, bind_answer, directory, message, serving

from portcheck.model import State
from portcheck.model.credentials import Credentials, Method, Secret
from portcheck.net.ldap.connection import Cover, LdapConnection
from portcheck.net.timeouts import Timeouts
from portcheck.server.controller.record import Certificate
from portcheck.signin.attempt import Attempt
from portcheck.signin.look import Questions

PASSWORD = "Passw0rd.of-the-test"
GOOD = Credentials("svc@alpha.test", Method.SIMPLE, Secret(PASSWORD))
BRIEF = Timeouts(60.0, 2.0, 1)  # for a directory that stops answering
REFUSED = "80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data 52e, v1db1"


def door(seen: Seen, cover: Cover = Cover.TLS, *, host: str = HOST, trusted: bool = True) -> LdapConnection:
    return LdapConnection(host, "127.0.0.1", seen.port, cover, seen.ca_file if trusted else None)


async def attempt(
    *doors: LdapConnection,
    credentials: Credentials = GOOD,
    questions: Questions | None = None,
    patience: Timeouts = PATIENT,
) -> Attempt:
    made = Attempt(doors, credentials, questions or Questions(), patience)
    await made.make()
    return made


async def test_accepted_over_tls_with_the_password_once_and_covered() -> None:
    async with serving(directory(bind_answer())) as seen:
        made = await attempt(door(seen))
    assert (made.state, made.reason, made.spent) == (State.OK, "signed in over LDAPS", False)
    assert made.told()["signed_in"] is True
    assert seen.covered.count(PASSWORD.encode()) == 1
    assert seen.clear == b""


async def test_a_wrong_password_is_one_bind_and_spent() -> None:
    async with serving(directory(bind_answer(49, REFUSED))) as seen:
        made = await attempt(door(seen), door(seen, Cover.START_TLS))
    assert seen.binds == 1
    assert made.spent
    assert made.state is State.OK
    assert (made.told()["ad_error"], made.told()["bind_refused"], made.told()["signed_in"]) == (
        "52e",
        "credentials",
        False,
    )


@pytest.mark.parametrize(
    ("kind", "host", "trusted", "says"),
    [
        (Certificate.VALID, HOST, False, "does not trust"),
        (Certificate.VALID, "dc2.alpha.test", True, "not for dc2.alpha.test"),
        (Certificate.OTHER_NAME, HOST, True, f"not for {HOST}"),
        (Certificate.EXPIRED, HOST, True, "expired"),
        (Certificate.VALID, "127.0.0.1", True, "not for 127.0.0.1"),
    ],
)
async def test_nothing_secret_goes_to_whom_no_certificate_proves(
    kind: Certificate, host: str, trusted: bool, says: str
) -> None:
    async with serving(directory(bind_answer()), kind) as seen:
        made = await attempt(door(seen, host=host, trusted=trusted))
    assert (made.state, made.sent, made.spent) == (State.SKIPPED, False, False)
    assert says in made.reason
    assert seen.covered == b""
    assert made.told()["signed_in"] is False


async def test_where_start_tls_is_refused_no_password_goes_in_clear() -> None:
    async with serving(directory(bind_answer(), start_tls=False), None) as seen:
        made = await attempt(door(seen, Cover.START_TLS))
    assert "refuses StartTLS" in made.reason
    assert not made.sent
    assert PASSWORD.encode() not in seen.clear
    assert seen.binds == 0


async def test_the_next_door_is_tried_only_while_nothing_was_sent() -> None:
    async with (
        serving(directory(bind_answer()), Certificate.OTHER_NAME) as bad,
        serving(directory(bind_answer())) as good,
    ):
        made = await attempt(door(bad), door(good))
    assert made.accepted
    assert (bad.binds, good.binds) == (0, 1)


def stall_at_bind(answer: bytes = b"") -> Habit:
    async def habit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seen: Seen) -> None:
        seen.covered += await reader.read(65536)
        seen.binds += 1
        writer.write(answer)
        while await reader.read(65536):
            pass

    return habit


def drip(reply: bytes) -> Habit:
    async def habit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seen: Seen) -> None:
        await reader.read(65536)
        seen.binds += 1
        for byte in reply:
            writer.write(bytes((byte,)))
            await writer.drain()
            await asyncio.sleep(0.3)

    return habit


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seen: Seen) -> None:
    await reader.read(65536)
    seen.binds += 1


@pytest.mark.parametrize(
    ("habit", "state"),
    [
        (stall_at_bind(), State.MUTE),
        (stall_at_bind(b"\x30\x84\x7f\xff\xff\xff"), State.MISMATCH),  # announces 2 GB, sends nothing
        (drip(bind_answer()(1)), State.MUTE),
        (hang_up, State.RESET),
        (stall_at_bind(b"\x30\x03\x02\x01"), State.MUTE),
        (stall_at_bind(b"HTTP/1.1 400 Bad Request\r\n\r\n"), None),
        (stall_at_bind(b"\x30\x0c\x02\x01\x07\x61\x07\x0a\x01\x00\x04\x00\x04\x00"), None),  # another's answer
        (stall_at_bind(b"\x30\x05\x02\x01\x01\x61\x00"), None),  # a bind answer without anything in it
    ],
)
async def test_a_directory_that_misbehaves_ends_as_an_outcome_within_the_patience(
    habit: Habit, state: State | None
) -> None:
    async with serving(habit) as seen:
        async with asyncio.timeout(200):
            made = await attempt(door(seen), door(seen), patience=BRIEF)
    assert seen.binds == 1
    assert made.state in ({state} if state is not None else {State.MUTE, State.RESET, State.MISMATCH})
    assert made.spent, "whether it counted is not known, so no second attempt may follow"
    assert made.told()["signed_in"] is False
    assert made.reason.startswith("the sign-in did not end: ")


@pytest.mark.parametrize("said", [f"no {PASSWORD} here, data 52e, v1db1", REFUSED])
async def test_a_directory_that_says_the_password_back_puts_it_into_no_report(said: str) -> None:
    async with serving(directory(bind_answer(49, said))) as seen:
        made = await attempt(door(seen))
    assert PASSWORD not in f"{made.told()} {made.reason} {made.trail.steps}"
    assert made.told()["ldap_message"] == said.replace(PASSWORD, "(not shown)")
    assert made.told()["ad_error"] == "52e"


async def test_no_connection_is_no_attempt() -> None:
    async with serving(directory(bind_answer())) as seen:
        gone = door(seen)
    made = await attempt(gone)
    assert (made.state, made.sent, made.spent) == (State.REFUSED, False, False)


async def test_answers_that_stop_after_the_sign_in_leave_it_accepted() -> None:
    async def habit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seen: Seen) -> None:
        number, _ = await message(reader, writer, seen)
        seen.binds += 1
        writer.write(bind_answer()(number))
        while await reader.read(65536):
            pass

    async with serving(habit) as seen:
        made = await attempt(door(seen), questions=Questions(domain=True, forest=True), patience=BRIEF)
    assert made.accepted
    assert not made.spent
    assert "asked for the rootDSE" in str(made.told()["look_ended"])


async def test_a_simple_bind_has_no_way_in_clear() -> None:
    """Not even by a mistake of ours: the door that would allow it fails before anything is written."""
    async with serving(directory(bind_answer()), None) as seen:
        made = Attempt([door(seen, Cover.NONE)], GOOD, Questions(), PATIENT)
        await made.make()
    assert (made.state, made.sent) == (State.ERROR, False)
    assert seen.clear == b""


async def test_ntlm_sends_a_proof_and_never_the_password() -> None:
    credentials = Credentials("ALPHA\\svc", Method.NTLM, Secret(PASSWORD))
    async with serving(directory(bind_answer(49, REFUSED))) as seen:
        made = await attempt(door(seen), credentials=credentials)
    assert b"NTLMSSP" in seen.covered
    for form in (PASSWORD.encode(), PASSWORD.encode("utf-16-le")):
        assert form not in seen.covered
    assert made.told()["bind_refused"] == "credentials"


async def test_no_fact_step_or_word_of_an_attempt_holds_the_password(tmp_path: Path) -> None:
    async with serving(directory(bind_answer(49, f"{REFUSED} for {PASSWORD[:0]}"))) as seen:
        made = await attempt(door(seen))
    told = repr((made, made.told(), made.reason, made.trail.steps, made.session))
    assert PASSWORD not in told
