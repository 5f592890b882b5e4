"""Questions of a signed-in account. The first one that gets no answer is the last: the session is broken then."""

from __future__ import annotations

from collections.abc import Sequence

from portcheck.frozen import dataclass
from portcheck.net.errors import NetError
from portcheck.net.ldap.session import LONGEST, Found, Session

Control = tuple[str, bool, bytes | None]


@dataclass(slots=True)
class DirectoryQueries:
    """Wraps a session; `ended` says why it answers no more, `while_asking` what it was asked then."""

    session: Session
    ended: NetError | None = None
    while_asking: str = ""

    def search(
        self,
        base: str,
        attributes: Sequence[str],
        *,
        filter_: str = "(objectClass=*)",
        scope: str = "BASE",
        controls: Sequence[Control] = (),
        page: int | None = None,
        cookie: bytes | None = None,
        limit: int = 0,
    ) -> Found | None:
        """None: no answer, now or earlier."""
        if self.ended is not None:
            return None
        try:
            return self.session.search(
                base, attributes, filter_=filter_, scope=scope, controls=controls, page=page, cookie=cookie, limit=limit
            )
        except NetError as fault:
            self.ended, self.while_asking = fault, base[:LONGEST] or "the rootDSE"
            return None

    def note(self, words: str) -> None:
        self.session.trail.note("note", words)

    @property
    def received(self) -> int:
        return self.session.line.received
