"""A quiet tunnel through a real proxy: kept, ended by the proxy, or ended by the endpoint behind it."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from factories import check, outcome
from net.servers import tcp

from portcheck.investigate import proxy_idle
from portcheck.model import Facts
from portcheck.model.target import Route
from portcheck.server.certificate import identity
from portcheck.server.controller.record import Certificate

HERE = "127.0.0.1"
PAGE = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


@dataclass(frozen=True)
class Host:
    route: Route


@contextlib.asynccontextmanager
async def endpoint(*, patient: bool) -> AsyncIterator[int]:
    own = identity("localhost", Certificate.VALID)
    assert own is not None

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ssl.SSLError, EOFError):
            if patient:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(PAGE)
            writer.close()

    async with await asyncio.start_server(serve, HERE, 0, ssl=own.context) as server:
        yield server.sockets[0].getsockname()[1]


@contextlib.asynccontextmanager
async def tinyproxy(folder: Path, idle_s: int) -> AsyncIterator[int]:
    """The real one on loopback; it ends what is quiet for `idle_s` seconds."""
    if shutil.which("tinyproxy") is None:
        pytest.skip("tinyproxy is not here: tests/run installs it")
    async with tcp(lambda *_: asyncio.sleep(0)) as port:
        pass  # a port that was free just now
    config = folder / "tinyproxy.conf"
    config.write_text(f'Listen {HERE}\nPort {port}\nTimeout {idle_s}\nLogFile "{folder}/log"\n')
    process = await asyncio.create_subprocess_exec("tinyproxy", "-d", "-c", str(config))
    try:
        while process.returncode is None:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection(HERE, port)
                writer.close()
                break
            await asyncio.sleep(0.02)
        yield port
    finally:
        process.terminate()
        await process.wait()


async def held(proxy_port: int, port: int, quiet_s: float) -> Facts | None:
    """What holding a tunnel to the endpoint shows; None where it proves nothing."""
    host = Host(Route((HERE,), f"proxy.corp:{proxy_port}", proxy_port))
    seen = outcome(check("https", host="localhost", address=None, port=port))
    found = await proxy_idle.hold([(host, seen)], quiet_s, None)
    return found[0][1].facts if found else None


async def test_a_patient_proxy_keeps_a_quiet_tunnel(tmp_path: Path) -> None:
    async with tinyproxy(tmp_path, 60) as proxy, endpoint(patient=True) as port:
        assert await held(proxy, port, 0.3) == {"tunnel_held_s": 0.3}


async def test_a_proxy_that_forgets_is_found(tmp_path: Path) -> None:
    async with tinyproxy(tmp_path, 1) as proxy, endpoint(patient=True) as port:
        told = await held(proxy, port, 30.0)
    assert told is not None
    assert told["tunnel_end"] in {"closed", "reset"}
    lost_s = told["tunnel_lost_s"]
    assert isinstance(lost_s, float)
    assert lost_s < 30


async def test_an_endpoint_that_hangs_up_looks_the_same(tmp_path: Path) -> None:
    async with tinyproxy(tmp_path, 60) as proxy, endpoint(patient=False) as port:
        told = await held(proxy, port, 30.0)
    assert told is not None
    assert told["tunnel_end"] in {"closed", "reset"}


async def test_an_endpoint_that_no_longer_answers_proves_nothing(tmp_path: Path) -> None:
    async with endpoint(patient=True) as port:
        pass
    async with tinyproxy(tmp_path, 60) as proxy:
        assert await held(proxy, port, 0.3) is None
