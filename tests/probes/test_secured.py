"""TLS that is cut for the version it offers: the older one is tried once, and only after a second cut."""

from __future__ import annotations

import asyncio
import ssl
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from net import servers
from net.test_certificate import made, pem  # noqa: F401 - a fixture

from portcheck.model import Check, Stage, State
from portcheck.net.errors import NetError
from portcheck.net.network import Net
from portcheck.net.timeouts import Timeouts
from portcheck.net.tls.certificate import authorities
from portcheck.probes.probe import Subject
from portcheck.probes.secured import secured

HERE = "127.0.0.1"


def offers_tls13(hello: bytes) -> bool:
    """supported_versions (RFC 8446, 4.2.1) holds 0x0304; looked for among the extensions, not in what is random."""
    at = 5 + 4 + 2 + 32  # record and handshake, version, random
    at += 1 + hello[at]  # session
    at += 2 + int.from_bytes(hello[at : at + 2], "big")  # ciphers
    at += 1 + hello[at] + 2  # compression, and how long all extensions are
    while at < len(hello):
        kind, length = hello[at : at + 2], int.from_bytes(hello[at + 2 : at + 4], "big")
        if kind == b"\x00\x2b":
            return b"\x03\x04" in hello[at + 5 : at + 4 + length]
        at += 4 + length
    return False


@pytest.mark.parametrize("works", [True, False])
async def test_tls_12_alone_is_tried_where_13_is_cut_twice(pem: Path, works: bool) -> None:  # noqa: F811
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem)
    offered: list[bool] = []

    async def hang_on(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read(1)

    async with servers.tcp(hang_on, inside=context) as behind:

        async def picky(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            hello = await reader.read(65536)
            offered.append(offers_tls13(hello))
            if offered[-1] or not works:
                servers.cut(writer)
                return
            there, back = await asyncio.open_connection(HERE, behind)
            back.write(hello)
            await asyncio.gather(pipe(reader, back), pipe(there, writer))

        async with servers.tcp(picky) as port:
            net = Net(HERE, Timeouts(connect_s=10.0, answer_s=10.0, attempts=1))
            check = Check("alpha.test", "dc1.alpha.test", HERE, "ldaps", "tcp", port)
            with pytest.raises(NetError) as first:
                await secured(lambda: net.tcp(port), check, Subject("dc1.alpha.test"))
            assert (first.value.state, net.trail.stage, offered) == (State.RESET, Stage.TLS, [True])
            net.trail.facts["resets_before_answer"] = 1  # as the engine counts them
            if not works:
                with pytest.raises(NetError):
                    await secured(lambda: net.tcp(port), check, Subject("dc1.alpha.test"))
            else:
                stream, facts = await secured(lambda: net.tcp(port), check, Subject("dc1.alpha.test"))
                stream.close()
                assert (facts["tls13_cut"], facts["tls_version"]) == (True, "TLSv1.2")
            assert offered == [True, True, True, False]


@pytest.mark.parametrize("trusted", [True, False])
@pytest.mark.parametrize("loads", [True, False])
async def test_without_the_library_that_reads_certificates_tls_is_as_good_as_with_it(
    pem: Path,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    loads: bool,
    trusted: bool,
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem)
    other = tmp_path / "other.pem"
    other.write_bytes(made("ca.bravo.test").public_bytes(Encoding.PEM))
    if not loads:
        for name in [*filter(lambda one: one.partition(".")[0] == "cryptography", sys.modules), "cryptography.x509"]:
            monkeypatch.setitem(sys.modules, name, None)
    authorities.cache_clear()

    async def quiet(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read(1)

    async with servers.tcp(quiet, inside=context) as port:
        net = Net(HERE, Timeouts(connect_s=10.0, answer_s=10.0, attempts=1))
        check = Check("alpha.test", "dc1.alpha.test", HERE, "ldaps", "tcp", port)
        subject = Subject("dc1.alpha.test", ca_file=pem if trusted else other)
        stream, facts = await secured(lambda: net.tcp(port), check, subject)
        stream.close()
    authorities.cache_clear()
    assert facts["certificate_trusted"] is trusted
    assert bool(facts.get("certificate_root")) is (loads and trusted)
    assert ("certificate_untold" in facts) is not loads


async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(65536):
        writer.write(chunk)
        await writer.drain()
    writer.close()
