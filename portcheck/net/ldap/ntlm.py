"""NTLM's two messages through ldap3: what a client says first, and the proof that it makes of the server's challenge.

Only ever used inside TLS whose certificate was verified: who gets the proof can try passwords on it at leisure.
"""

from __future__ import annotations

from typing import Any

from portcheck.model import Stage, State
from portcheck.model.credentials import Credentials
from portcheck.net.errors import NetError


class NoMd4Error(Exception):
    """This Python makes no MD4, of which the proof is made: OpenSSL 3 keeps it locked away."""


class Ntlm:
    """One exchange. Raises NoMd4Error before anything is sent."""

    def __init__(self, credentials: Credentials) -> None:
        from ldap3.utils.ntlm import NtlmClient

        domain, backslash, name = credentials.user.rpartition("\\")
        user = name if backslash else credentials.user
        self._client: Any = NtlmClient(domain=domain, user_name=user, password=credentials.password.reveal())
        try:
            self._client.ntowf_v2()
        except (ImportError, ValueError):  # ValueError: "unsupported hash type", of hashlib
            raise NoMd4Error from None

    def negotiate(self) -> bytes:
        return bytes(self._client.create_negotiate_message())

    def proof(self, challenge: bytes) -> bytes:
        """NetError where the challenge is none."""
        try:
            understood = self._client.parse_challenge_message(challenge) is not False
            proof = bytes(self._client.create_authenticate_message()) if understood else b""
        except Exception:  # noqa: BLE001 - ldap3 raises whatever it stumbles over
            proof = b""
        if not proof:
            raise NetError(State.MISMATCH, "the server's challenge is not NTLM", Stage.ANSWER)
        return proof
