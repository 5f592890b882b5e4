"""The server around the pages: where it listens, TLS, reloading on SIGHUP, and the end."""

from __future__ import annotations

import asyncio
import logging
import signal
import ssl
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from socket import AF_INET, AF_INET6, SO_REUSEADDR, SOCK_STREAM, SOL_SOCKET, socket

import h11
import uvicorn

from portcheck.config import ConfigError
from portcheck.exporter.access import Access
from portcheck.exporter.app import Exporter, Forests
from portcheck.exporter.connections import ImpatientProtocol
from portcheck.exporter.web_config import TlsWanted, WebConfig
from portcheck.frozen import dataclass

LARGEST_HEAD = 16 * 1024
MOST_CONNECTIONS = 256
MOST_FAULTS = 100
GRACE_S = 3
VERSIONS = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}


@dataclass(frozen=True, slots=True)
class Loaded:
    """What the two files say; read again on SIGHUP. Both good, or neither counts."""

    forests: Forests
    web: WebConfig


class _Server(uvicorn.Server):
    """Signals are ours: uvicorn would raise them again at the end, and hears none that asks to reload."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _OncePerFault(logging.Handler):
    """What uvicorn has to say, one line for each kind: a stranger's bytes fill no journal, and nobody's pipe."""

    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self.say, self.said = say, set[str]()

    def emit(self, record: logging.LogRecord) -> None:
        fault = record.exc_info[1] if record.exc_info else None
        if fault is None or isinstance(fault, h11.ProtocolError):  # who asked has had a 400, or is gone
            return
        words = f"a request failed here ({type(fault).__name__}: {str(fault)[:200]!r}); please report it"
        if words not in self.said and len(self.said) < MOST_FAULTS:
            self.said.add(words)
            self.say(words)


def listening(host: str, port: int) -> socket:
    """Raises OSError."""
    made = socket(AF_INET6 if ":" in host else AF_INET, SOCK_STREAM)
    try:
        if sys.platform != "win32":
            made.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        made.bind((host, port))
        made.listen(128)  # who is told that it serves may connect
    except OSError:
        made.close()
        raise
    return made


async def serve(
    exporter: Exporter, at: socket, web: WebConfig, load: Callable[[], Loaded], say: Callable[[str], None]
) -> None:
    """Until SIGTERM or Ctrl-C. `load` reads the files again; it raises ConfigError, and then all stays as it is."""
    now = [web]
    context = None if web.tls is None else server_context(web.tls)
    app = Access(exporter.app(), lambda: now[0])
    config = uvicorn.Config(
        app,
        http=ImpatientProtocol,
        ws="none",
        lifespan="off",
        loop="asyncio",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=GRACE_S,
        h11_max_incomplete_event_size=LARGEST_HEAD,
        ssl_context_factory=None if context is None else (lambda *_: context),
    )
    server = _Server(config)
    log = logging.getLogger("uvicorn")
    log.handlers, log.propagate = [_OncePerFault(say)], False
    _note_reload(exporter)

    def reload() -> None:
        try:
            loaded = load()
            _renew(context, now[0].tls, loaded.web.tls)
        except ConfigError as error:
            exporter.own.reloaded.set(0)
            say(f"not reloaded, all stays as it was: {error}")
            return
        exporter.forests, now[0] = loaded.forests, loaded.web
        exporter.board.keep_only(list(loaded.forests.profiles))
        _note_reload(exporter)
        say("reloaded")

    def end() -> None:
        server.should_exit = True
        exporter.ended.set()
        exporter.board.keep_only(list(exporter.forests.profiles))  # wakes whoever waits for a change

    _on_signals(reload, end)
    try:
        await server.serve([at])
    finally:
        exporter.asker.close()


def _renew(context: ssl.SSLContext | None, before: TlsWanted | None, wanted: TlsWanted | None) -> None:
    """New connections get the new certificate. Raises ConfigError.

    Nothing else of a context that is in use can be taken back: an authority stays trusted, a version allowed.
    """
    if (wanted is None) is not (context is None):
        raise ConfigError("TLS cannot be switched on or off while it runs: restart it")
    if before is not None and wanted is not None and before.of_clients != wanted.of_clients:
        raise ConfigError("client_ca_file, or what is in it, and the versions hold from the start: restart it")
    if context is not None and wanted is not None:
        server_context(wanted)  # tried on one that nobody uses
        with_files(context, wanted)


def _note_reload(exporter: Exporter) -> None:
    exporter.own.reloaded.set(1)
    exporter.own.reloaded_at.set(time.time())


@contextmanager
def reloads_held() -> Iterator[None]:
    """A SIGHUP waits until `serve` hears it: before that it would end the program, or ask in vain."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _on_signals(reload: Callable[[], None], end: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    if sys.platform == "win32":
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGBREAK):
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(end))
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end)
    loop.add_signal_handler(signal.SIGHUP, reload)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})


def server_context(wanted: TlsWanted) -> ssl.SSLContext:
    """Raises ConfigError where a file of it is not fit."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version, context.maximum_version = VERSIONS[wanted.min_version], VERSIONS[wanted.max_version]
    return with_files(context, wanted)


def with_files(context: ssl.SSLContext, wanted: TlsWanted) -> ssl.SSLContext:
    try:
        context.load_cert_chain(wanted.cert_file, wanted.key_file)
    except (OSError, ssl.SSLError) as error:
        words = error.strerror or "no certificate and key that belong together (PEM)"
        raise ConfigError(f"tls_server_config: {wanted.cert_file}, {wanted.key_file}: {words}") from None
    if wanted.client_ca_file is not None:
        try:
            context.load_verify_locations(cadata=wanted.client_ca.decode("ascii", "ignore"))  # as read: once
        except (ValueError, ssl.SSLError):
            raise ConfigError(f"tls_server_config: {wanted.client_ca_file}: holds no certificate (PEM)") from None
        context.verify_mode = ssl.CERT_REQUIRED
    return context
