"""What answers an LDAP question: messages of the server's side, with the question's own number (RFC 4511, 4.1.1.1).

An echo of the question, or the answer to another one, is none.
"""

from __future__ import annotations

from portcheck.frozen import dataclass
from portcheck.wire import WireError, ldap
from portcheck.wire.ldap import ExtendedResponse, SearchDone, SearchEntry, SearchReference

NOTICE = 0
"""The number of what a server says unasked: that it hangs up (RFC 4511, 4.4.1)."""


@dataclass(frozen=True, slots=True)
class SearchAnswer:
    """The first entry, if any was found, and what ended the search: a result, or the server's notice."""

    entry: SearchEntry | None
    end: SearchDone | ExtendedResponse

    @classmethod
    def unpack(cls, data: bytes, number: int | None = None) -> SearchAnswer:
        """All of one datagram or of a collected stream. WireError where it does not answer question `number`.

        None: whichever was asked, but one.
        """
        operations = [message.op for message in ldap.unpack_messages(data)]
        if not operations:
            raise WireError("no LDAP message at all")
        *before, end = operations
        if not isinstance(end, SearchDone | ExtendedResponse):
            raise WireError("LDAP, but not the server's side of it")
        number = end.message_id if number is None else number
        if end.message_id != (number if isinstance(end, SearchDone) else NOTICE):
            raise WireError("an LDAP answer, but not to our question")
        for part in before:
            if not isinstance(part, SearchEntry | SearchReference) or part.message_id != number:
                raise WireError("an LDAP answer, but not to our question")
        return cls(next((part for part in before if isinstance(part, SearchEntry)), None), end)


def extended_code(data: bytes, number: int) -> int:
    """The result code of the answer to extended request `number`. WireError for anything else."""
    answer = ldap.unpack_message(data).op
    if not isinstance(answer, ExtendedResponse) or answer.message_id != number:
        raise WireError("something else than the answer to the extended request")
    return answer.code
