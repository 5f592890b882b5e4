"""Who may ask: basic auth against bcrypt hashes, as the exporter-toolkit does it; and headers for every answer."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import secrets
from collections.abc import Callable, MutableMapping
from typing import Any

from portcheck.exporter.web_config import WebConfig

LONGEST = 72  # bytes of a password that bcrypt heeds
MOST_KNOWN = 256
NOBODY = b"$2b$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi"
"""A hash of no password that anybody has: who is not known takes as long as who is."""
Scope = MutableMapping[str, Any]
App = Callable[[Scope, Any, Any], Any]


class Access:
    """An ASGI application around the real one. `config` gives what holds now: it may be reloaded."""

    def __init__(self, app: App, config: Callable[[], WebConfig]) -> None:
        self._app, self._config = app, config
        self._known: dict[bytes, bool] = {}
        self._salt = secrets.token_bytes(16)
        self._turn = asyncio.Semaphore(2)  # bcrypt is meant to be slow: no more of it at once

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        config = self._config()
        headed = _with_headers(send, config)
        if config.users and not await self._allowed(scope, config):
            await _refuse(headed)
        else:
            await self._app(scope, receive, headed)

    async def _allowed(self, scope: Scope, config: WebConfig) -> bool:
        told = [value for name, value in scope["headers"] if name == b"authorization"]
        given = _credentials(told[0]) if len(told) == 1 else None
        if given is None:
            return False
        name, password = given
        stored = config.users.get(name, NOBODY)
        mark = hashlib.blake2b(b"\0".join((name.encode(), stored, password)), key=self._salt).digest()
        if mark not in self._known:
            async with self._turn:
                good = await asyncio.get_running_loop().run_in_executor(None, _matches, password, stored)
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[mark] = good and name in config.users
        return self._known[mark]


def _matches(password: bytes, stored: bytes) -> bool:
    import bcrypt

    try:
        return bcrypt.checkpw(password[:LONGEST], stored)
    except ValueError:  # a NUL in it
        return False


def _credentials(header: bytes) -> tuple[str, bytes] | None:
    scheme, _, told = header.partition(b" ")
    if scheme.lower() != b"basic":
        return None
    try:
        name, colon, password = base64.b64decode(told.strip(), validate=True).partition(b":")
        return (name.decode(), password) if colon else None
    except (binascii.Error, UnicodeDecodeError):
        return None


def _with_headers(send: Any, config: WebConfig) -> Any:
    own = [(b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"), (b"x-frame-options", b"DENY")]
    wanted = [(name.lower().encode(), value.encode()) for name, value in config.headers.items()]
    names = {name for name, _ in wanted}

    async def headed(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            kept = [pair for pair in message.get("headers", ()) if pair[0].lower() not in names]
            message["headers"] = [*kept, *(pair for pair in own if pair[0] not in names), *wanted]
        await send(message)

    return headed


async def _refuse(send: Any) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"www-authenticate", b'Basic realm="portcheck"')]
    await send({"type": "http.response.start", "status": 401, "headers": headers})
    await send({"type": "http.response.body", "body": b"Unauthorized\n"})
