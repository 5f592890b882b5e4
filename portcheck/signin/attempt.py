"""One sign-in to one controller: once, whatever comes of it, and what the account may ask afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Sequence
from dataclasses import field

from portcheck.frozen import dataclass
from portcheck.model import Facts, State
from portcheck.model.credentials import Credentials, Method
from portcheck.net.errors import NetError
from portcheck.net.ldap.connection import Cover, LdapConnection, NotVerifiedError, connected, cover
from portcheck.net.ldap.session import Session
from portcheck.net.ldap.ticket import NoTicketError
from portcheck.net.timeline import Timeline
from portcheck.net.timeouts import Timeouts
from portcheck.signin.look import Questions, look
from portcheck.signin.refusal import Refusal, refusal
from portcheck.signin.sign_in import MissingLibraryError, agree_on_tls, sign_in
from portcheck.wire.ldap_bind import BindAnswer

COVERED = {Cover.TLS: "LDAPS", Cover.START_TLS: "StartTLS"}


@dataclass(slots=True)
class Attempt:
    """Shared with the thread that signs in; facts are replaced, never changed, so that they can be read any time."""

    doors: Sequence[LdapConnection]
    credentials: Credentials
    questions: Questions
    patience: Timeouts
    trail: Timeline = field(default_factory=Timeline)
    door: LdapConnection | None = None  # the one that led to an answer, or the last one tried
    session: Session | None = None  # through it
    answer: BindAnswer | None = None
    refused: Refusal | None = None
    withheld: list[str] = field(default_factory=list)  # why nothing secret was sent, a door each
    fault: NetError | None = None
    facts: Facts = field(default_factory=dict)

    @property
    def sent(self) -> bool:
        """The credentials, or a proof of them, have left this machine."""
        return self.session is not None and self.session.presented

    @property
    def accepted(self) -> bool:
        return self.answer is not None and self.answer.code == 0

    @property
    def spent(self) -> bool:
        """A bad attempt may have been counted: no second one may follow."""
        if not self.sent or self.accepted:
            return False
        return self.refused is None or self.refused.counted

    async def make(self) -> None:
        """Sign in and look around, within the patience."""
        limit_s = self._limit_s()
        try:
            async with asyncio.timeout(limit_s):
                await self._in_a_thread()
        except TimeoutError:
            fault = NetError(State.MUTE, f"it had not ended after {limit_s:g} s", self.trail.stage)
            if self.accepted:
                self._keep({"look_ended": fault.reason})
            else:
                self.fault = fault

    def _limit_s(self) -> float:
        """Each step has its own deadline; this one is for the whole, and for a library that waits for a KDC."""
        each = self.patience.connect_s + self.patience.answer_s
        doors = 1 if self.credentials.method is Method.KERBEROS else len(self.doors)
        return doors * each + self.patience.answer_s

    async def _in_a_thread(self) -> None:
        """It cannot be cancelled: when the patience ends it is left behind, and the run's end waits for nobody."""
        loop, ended = asyncio.get_running_loop(), asyncio.Event()

        def run() -> None:
            try:
                self._run()
            finally:
                with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                    loop.call_soon_threadsafe(ended.set)

        threading.Thread(target=run, name="sign-in", daemon=True).start()
        try:
            await ended.wait()
        finally:
            if not ended.is_set() and self.session is not None:
                self.session.line.cut()

    def _run(self) -> None:
        for door in self.doors:
            self.door = door
            try:
                self._through(door)
            except NotVerifiedError as error:
                self._withhold(str(error))
            except (NoTicketError, MissingLibraryError) as error:
                if isinstance(error, NoTicketError):
                    self._keep({"kerberos_cause": error.cause})
                self._withhold(str(error))
                return
            except NetError as fault:
                self.fault = fault
                if self.sent:
                    return
            except Exception as error:  # noqa: BLE001 - a fault of ours must not take the other results with it
                self.trail.note("fault", f"{error.__class__.__name__}: {error}")
                self.fault = NetError(State.ERROR, "portcheck itself failed here; please report it (run with -v)")
                return
            else:
                return

    def _through(self, door: LdapConnection) -> None:
        line = connected(door, self.patience, self.trail)
        self.session = session = Session(line, self.trail)
        try:
            covered = door.cover is not Cover.NONE
            if door.cover is Cover.START_TLS:
                agree_on_tls(session)
            if covered:
                cover(line, door, self.trail)
            answer = sign_in(session, self.credentials, door.host, covered=covered)
            self.fault = None
            self.answer = answer
            if answer.code == 0:
                self.trail.note("answer", "signed in")
                for told in look(session, self.questions):
                    self._keep(told)
            else:
                self._refuse(answer)
        finally:
            session.close()

    def _refuse(self, answer: BindAnswer) -> None:
        self.refused = refusal(answer.code, answer.message)
        self.trail.note("refused", self.refused.words)
        told: Facts = {"ldap_result": answer.code, "bind_refused": self.refused.kind.value}
        if answer.message:
            told["ldap_message"] = self.credentials.password.out_of(answer.message)
        if self.refused.sub_code:
            told["ad_error"] = self.refused.sub_code
        self._keep(told)

    def _withhold(self, why: str) -> None:
        self.withheld.append(why)
        self.trail.note("withheld", f"nothing secret was sent: {why}")

    def _keep(self, told: Facts) -> None:
        self.facts = {**self.facts, **told}

    # What it comes to

    @property
    def state(self) -> State:
        if self.answer is not None:
            return State.OK
        if self.withheld and not self.sent:
            return State.SKIPPED
        return self.fault.state if self.fault is not None else State.ERROR

    @property
    def reason(self) -> str:
        if self.accepted:
            return f"signed in over {self._way()}"
        if self.refused is not None:
            return f"sign-in refused: {self.refused.words}"
        if self.withheld and not self.sent:
            return f"nothing secret was sent: {'; '.join(dict.fromkeys(self.withheld))}"
        return f"the sign-in did not end: {self.fault.reason if self.fault is not None else 'no reason was found'}"

    def _way(self) -> str:
        assert self.door is not None
        if self.door.cover in COVERED:
            return COVERED[self.door.cover]
        sealed = self.credentials.method is Method.KERBEROS
        return "LDAP, signed and sealed" if sealed else "LDAP"

    def told(self) -> Facts:
        """The facts of the outcome; the account's name is among them, nothing secret is."""
        facts: Facts = {"bind_method": self.credentials.method.value, "signed_in": self.accepted, **self.facts}
        if self.credentials.user:
            facts["bind_user"] = self.credentials.user
        if self.door is not None and self.answer is not None:
            facts["bind_cover"] = self._cover()
        return facts

    def _cover(self) -> str:
        assert self.door is not None
        sealed = self.door.cover is Cover.NONE and self.credentials.method is Method.KERBEROS
        return "sealed" if sealed else self.door.cover.value
