"""Why a directory refused a sign-in: the LDAP result, and the sub-code that AD puts into its text."""

from __future__ import annotations

import re
from enum import StrEnum

from portcheck.frozen import dataclass

STRONGER_AUTH_REQUIRED, CONFIDENTIALITY_REQUIRED, INVALID_CREDENTIALS = 8, 13, 49
METHOD_NOT_SUPPORTED = frozenset({7, 48})
LATER = frozenset({51, 52})  # busy, unavailable

SUB_CODE = re.compile(r"\bdata ([0-9a-f]{1,8})\b", re.IGNORECASE)
BAD_BINDINGS = "80090346"  # SEC_E_BAD_BINDINGS, at the front of AD's text


class Refused(StrEnum):
    """Whose fault it is. None of them is the network's."""

    CREDENTIALS = "credentials"
    ACCOUNT_STATE = "account-state"
    SIGNING = "signing"
    CHANNEL_BINDING = "channel-binding"
    METHOD = "method"
    SERVER = "server"


# The number is a Win32 error in hexadecimal (MS-ERREF 2.2); the words are of portcheck.
SUB_CODES = {
    "525": (Refused.CREDENTIALS, "no such account"),
    "52e": (Refused.CREDENTIALS, "wrong password, or no such account"),
    "530": (Refused.ACCOUNT_STATE, "the account may not sign in at this hour"),
    "531": (Refused.ACCOUNT_STATE, "the account may not sign in from this computer"),
    "532": (Refused.ACCOUNT_STATE, "the account's password has expired"),
    "533": (Refused.ACCOUNT_STATE, "the account is disabled"),
    "568": (Refused.ACCOUNT_STATE, "the account is in too many groups"),
    "701": (Refused.ACCOUNT_STATE, "the account has expired"),
    "773": (Refused.ACCOUNT_STATE, "the account's password must be changed first"),
    "775": (Refused.ACCOUNT_STATE, "the account is locked"),
}


@dataclass(frozen=True, slots=True)
class Refusal:
    kind: Refused
    words: str
    sub_code: str = ""

    @property
    def counted(self) -> bool:
        """The directory may have counted a bad attempt: it looked at the password, or may have."""
        return self.kind not in {Refused.SIGNING, Refused.METHOD, Refused.SERVER}


def refusal(code: int, text: str) -> Refusal:
    """What the bind's answer means."""
    if BAD_BINDINGS in text:
        return Refusal(Refused.CHANNEL_BINDING, "the server requires channel binding (80090346)")
    if code in {STRONGER_AUTH_REQUIRED, CONFIDENTIALITY_REQUIRED}:
        return Refusal(Refused.SIGNING, f"the server requires signing (LDAP result {code})")
    if code == INVALID_CREDENTIALS:
        return _rejected(text)
    if code in METHOD_NOT_SUPPORTED:
        return Refusal(Refused.METHOD, f"the server does not offer this method (LDAP result {code})")
    if code in LATER:
        return Refusal(Refused.SERVER, f"the server is busy or not available (LDAP result {code})")
    return Refusal(Refused.SERVER, f"the server refused (LDAP result {code})")


def _rejected(text: str) -> Refusal:
    found = SUB_CODE.search(text)
    sub_code = found[1].lower() if found else ""
    kind, words = SUB_CODES.get(sub_code, (Refused.CREDENTIALS, "the credentials were not accepted"))
    return Refusal(kind, f"{words} (LDAP 49{f', data {sub_code}' if sub_code else ''})", sub_code)
