"""What a certificate says, and that none, however odd, breaks a check; what is no TLS has its own state."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import sys
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from net import servers

from portcheck.model import Facts, State
from portcheck.net.errors import NetError
from portcheck.net.network import Net
from portcheck.net.timeouts import Timeouts
from portcheck.net.tls import certificate, contexts

LONG = Timeouts(connect_s=20.0, answer_s=20.0, attempts=1)
KEY = ec.generate_private_key(ec.SECP256R1())
SHA256 = hashes.SHA256()
SUBJECT = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "DC1")])
TODAY = datetime.now(UTC).replace(microsecond=0)


def made(*names: str, days: int = 30, common_name: str = "DC1", serial: int = 77) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(KEY.public_key())
        .serial_number(serial)
        .not_valid_before(TODAY - timedelta(days=60))
        .not_valid_after(TODAY + timedelta(days=days))
    )
    if names:
        shown = [x509.DNSName(name) for name in names]
        builder = builder.add_extension(x509.SubjectAlternativeName(shown), critical=False)
    return builder.sign(KEY, hashes.SHA256())


def der(*names: str, days: int = 30, common_name: str = "DC1", serial: int = 77) -> bytes:
    return made(*names, days=days, common_name=common_name, serial=serial).public_bytes(Encoding.DER)


class Handshake:
    """What a finished handshake tells of the peer."""

    def __init__(self, shown: bytes | None) -> None:
        self.shown = shown

    def getpeercert(self, *, binary_form: bool) -> bytes | None:
        return self.shown if binary_form else None

    def version(self) -> str:
        return "TLSv1.3"

    def cipher(self) -> tuple[str, str, int]:
        return ("TLS_AES_256_GCM_SHA384", "TLSv1.3", 256)


def described(shown: bytes | None, *names: str) -> Facts:
    return certificate.describe(Handshake(shown), names)  # type: ignore[arg-type]


def test_a_valid_certificate_tells_who_when_and_for_whom() -> None:
    facts = described(der("dc1.alpha.test", "alpha.test"), "dc1.alpha.test")
    assert facts["certificate_subject"] == facts["certificate_issuer"] == "CN=DC1"
    assert facts["certificate_names"] == ["dc1.alpha.test", "alpha.test"]
    assert facts["certificate_not_after"] == (TODAY + timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert (facts["certificate_expired"], facts["certificate_name_matches"]) == (False, True)
    assert (facts["tls_version"], facts["tls_cipher"]) == ("TLSv1.3", "TLS_AES_256_GCM_SHA384")
    assert "certificate_error" not in facts


def test_what_a_certificate_is_for_and_the_addresses_it_names_are_told() -> None:
    shown = x509.SubjectAlternativeName([x509.IPAddress(ip_address("10.77.1.10"))])
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, x509.ObjectIdentifier("1.2.3.4")])
    builder = x509.CertificateBuilder(
        issuer_name=SUBJECT, subject_name=SUBJECT, public_key=KEY.public_key(), serial_number=77,
        not_valid_before=TODAY, not_valid_after=TODAY + timedelta(days=9),
    )  # fmt: skip
    signed = builder.add_extension(shown, critical=False).add_extension(usage, critical=False).sign(KEY, SHA256)
    facts = described(signed.public_bytes(Encoding.DER), "dc1.alpha.test")
    assert facts["certificate_names"] == ["10.77.1.10"]
    assert facts["certificate_purposes"] == ["clientAuth", "1.2.3.4"]
    assert facts["certificate_name_matches"] is False


@pytest.mark.parametrize(("asked", "matches"), [("10.77.1.10", True), ("10.77.1.11", False), ("dc1", False)])
async def test_asked_by_its_address_a_certificate_for_the_address_will_do(asked: str, matches: bool) -> None:
    named = der("dc9.alpha.test", "10.77.1.10")
    facts = await certificate.described(Handshake(named), ("dc1.alpha.test",), asked)  # type: ignore[arg-type]
    assert facts["certificate_name_matches"] is matches


def test_an_expired_certificate_is_told_as_expired() -> None:
    assert described(der("dc1.alpha.test", days=-1))["certificate_expired"] is True


@pytest.mark.parametrize(
    ("shown", "asked", "matches"),
    [
        ("dc1.alpha.test", "DC1.Alpha.Test.", True),
        ("*.alpha.test", "dc1.alpha.test", True),
        ("*.alpha.test", "dc1.emea.alpha.test", False),
        ("*.alpha.test", "alpha.test", False),
        ("dc2.alpha.test", "dc1.alpha.test", False),
        ("alpha.test", "dc1.alpha.test", False),
        ("dc1.alpha.test.", "dc1.alpha.test", False),  # as OpenSSL has it, and Python
        ("*.alpha.test.", "dc1.alpha.test", False),
    ],
)
def test_names_are_compared_as_rfc_6125_has_it(shown: str, asked: str, matches: bool) -> None:
    assert described(der(shown), asked)["certificate_name_matches"] is matches


def test_the_common_name_counts_only_where_there_are_no_other_names() -> None:
    assert described(der(common_name="dc1.alpha.test"), "dc1.alpha.test")["certificate_name_matches"] is True
    shadowed = der("dc2.alpha.test", common_name="dc1.alpha.test")
    assert described(shadowed, "dc1.alpha.test")["certificate_name_matches"] is False


def test_a_host_without_a_name_has_none_to_compare() -> None:
    """Asked by address only, before it has said what it is called."""
    assert "certificate_name_matches" not in described(der("dc1.alpha.test"))


def test_the_key_s_hash_stays_when_the_certificate_is_renewed() -> None:
    first, second = described(der("a.test")), described(der("b.test"))
    assert first["certificate_key_sha256"] == second["certificate_key_sha256"]
    assert first["certificate_sha256"] != second["certificate_sha256"]


@pytest.mark.parametrize("serial", [0, -5])
def test_a_serial_number_that_is_not_positive_is_read_without_a_warning(serial: int) -> None:
    after_the_version = bytes.fromhex("a003020102 0201")
    five, other = after_the_version + b"\x05", after_the_version + serial.to_bytes(1, "big", signed=True)
    whole = der("dc1.alpha.test", serial=5)
    assert whole.count(five) == 1
    facts = described(whole.replace(five, other), "dc1.alpha.test")
    assert (facts["certificate_name_matches"], facts.get("certificate_error")) == (True, None)


@pytest.mark.parametrize("garbage", [b"", b"\x30", b"\x30\x82\xff\xff", b"not a certificate", bytes(2000)])
def test_bytes_that_are_no_certificate_are_a_fact_and_no_exception(garbage: bytes) -> None:
    facts = described(garbage, "dc1.alpha.test")
    assert str(facts["certificate_error"]).startswith("the certificate cannot be read")
    assert "certificate_subject" not in facts


def test_every_cut_and_every_flipped_byte_of_a_certificate_is_survived() -> None:
    whole = der("dc1.alpha.test")
    for place in range(len(whole)):
        described(whole[:place], "dc1.alpha.test")
        described(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :], "dc1.alpha.test")


def test_a_key_of_an_unknown_kind_is_told_and_no_fault_of_ours() -> None:
    elliptic_curve_key, unknown = bytes.fromhex("06072a8648ce3d0201"), bytes.fromhex("06072a8648ce3d7f01")
    facts = described(der("dc1.alpha.test").replace(elliptic_curve_key, unknown), "dc1.alpha.test")
    assert "Unknown key type" in str(facts["certificate_error"])


def test_no_certificate_at_all_is_told() -> None:
    assert described(None)["certificate_error"] == "the server showed no certificate"


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    path = tmp_path / "server.pem"
    key = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(key + made("dc1.alpha.test").public_bytes(Encoding.PEM))
    return path


async def shaken(port: int, context: ssl.SSLContext | None = None) -> ssl.SSLObject:
    async with asyncio.timeout(30):
        with await Net("127.0.0.1", LONG).tcp(port) as stream:
            return await contexts.handshake(stream, context or contexts.reaching(), "dc1.alpha.test")


async def refused(port: int) -> NetError:
    with pytest.raises(NetError) as caught:
        await shaken(port)
    return caught.value


async def serving(context: ssl.SSLContext) -> asyncio.Server:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    return await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)


async def test_an_untrusted_certificate_is_shown_by_one_context_and_refused_by_the_other(pem: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    async with await serving(context) as server:
        port = server.sockets[0].getsockname()[1]
        facts = certificate.describe(await shaken(port), ("dc1.alpha.test",))
        assert (facts["certificate_name_matches"], facts["certificate_subject"]) == (True, "CN=DC1")
        with pytest.raises(contexts.Distrusted):
            await shaken(port, contexts.trusting(None))
        await shaken(port, contexts.trusting(pem))


@pytest.mark.parametrize(
    ("says", "state"),
    [
        (b"SSH-2.0-OpenSSH_9.2p1\r\n", State.MISMATCH),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", State.MISMATCH),
        (b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00", State.MISMATCH),
        (b"\x15\x03\x03\x00\x02\x02\x28", State.RESET),  # alert: handshake failure
        (b"\x15\x03\x01\x00\x02\x02\x46", State.RESET),  # alert: protocol version
        (b"", State.RESET),
    ],
    ids=["ssh", "http", "ldap", "handshake-failure", "protocol-version", "goodbye"],
)
async def test_what_answers_a_client_hello_instead_of_tls_has_a_state(says: bytes, state: State) -> None:
    async def habit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.write(says)
        await writer.drain()
        if says:
            await reader.read()

    async with servers.tcp(habit) as port:
        assert (await refused(port)).state is state


async def test_the_alert_is_kept_by_its_name() -> None:
    async def habit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.write(b"\x15\x03\x03\x00\x02\x02\x28")
        await reader.read()

    async with servers.tcp(habit) as port:
        net = Net("127.0.0.1", LONG)
        with pytest.raises(NetError), await net.tcp(port) as stream:
            await contexts.handshake(stream, contexts.reaching(), None)
    assert "handshake failure" in str(net.trail.facts["tls_alert"])


async def test_a_complaint_of_this_side_is_not_called_the_servers_word() -> None:
    """A certificate of 16 MB: OpenSSL takes none of that size."""
    hello = b"\x03\x03" + bytes(32) + b"\x00\xc0\x2f\x00" + b"\x00\x05\xff\x01\x00\x01\x00"
    messages = (b"\x02\x00" + len(hello).to_bytes(2) + hello, b"\x0b\xff\xff\xff" + bytes(1000))

    async def habit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        for message in messages:
            writer.write(b"\x16\x03\x03" + len(message).to_bytes(2) + message)
        await reader.read()

    async with servers.tcp(habit) as port:
        net = Net("127.0.0.1", LONG)
        with pytest.raises(NetError) as caught, await net.tcp(port) as stream:
            await contexts.handshake(stream, contexts.reaching(), None)
    assert (caught.value.state, net.trail.facts["tls_error"]) == (State.MISMATCH, "excessive message size")
    assert "tls_alert" not in net.trail.facts


async def test_a_server_that_refuses_after_its_own_end_of_the_handshake_has_a_state(pem: Path) -> None:
    """TLS 1.3: that no client certificate came is told when the client thinks that all is well."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(pem)

    async def habit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        talk = context.wrap_bio(incoming, outgoing, server_side=True)
        for _ in range(2):  # the client's hello, and the end of its part
            incoming.write(await reader.read(65536))
            with contextlib.suppress(ssl.SSLError):
                talk.do_handshake()
            writer.write(outgoing.read())
        await reader.read()

    async with servers.tcp(habit) as port:
        net = Net("127.0.0.1", LONG)
        with await net.tcp(port) as stream:
            await contexts.handshake(stream, contexts.reaching(), None)
            with pytest.raises(NetError) as caught:
                await stream.receive()
    assert (caught.value.state, net.trail.facts["tls_alert"]) == (State.RESET, "certificate required")


async def test_a_ca_file_that_cannot_be_read_is_this_machines_trouble(tmp_path: Path) -> None:
    broken = tmp_path / "ca.pem"
    broken.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    with pytest.raises(NetError) as caught:
        contexts.trusting(broken)
    assert caught.value.state is State.ERROR
    assert str(broken) in caught.value.reason


async def test_a_cut_at_the_client_hello_is_a_reset() -> None:
    async def habit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        servers.cut(writer)

    async with servers.tcp(habit) as port:
        assert (await refused(port)).state is State.RESET


async def after_the_handshake(port: int) -> NetError:
    with await Net("127.0.0.1", LONG).tcp(port) as stream:
        await contexts.handshake(stream, contexts.reaching(), None)
        await stream.send(b"question", "question")
        with pytest.raises(NetError) as caught:
            await stream.read_frame(lambda _: None)
    return caught.value


async def test_what_is_no_tls_after_the_handshake_is_a_mismatch(pem: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)

    async def habit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await writer.start_tls(context)
        await reader.readexactly(8)
        beneath = writer.get_extra_info("socket")._sock  # a descriptor is no socket on Windows
        beneath.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with servers.tcp(habit) as port:
        assert (await after_the_handshake(port)).state is State.MISMATCH


def test_a_library_that_may_not_load_costs_the_details_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.x509", None)  # as where application control refuses its DLL
    told = described(der("dc1.alpha.test"), "dc1.alpha.test")
    assert "certificate_names" not in told
    assert "certificate_error" not in told
    assert "cannot load" in str(told["certificate_untold"])
    assert len(str(told["certificate_sha256"])) == 64
