"""`--web-config`: TLS and basic auth as the exporter-toolkit's files ask for them; what is not heeded is refused."""

from __future__ import annotations

import ssl
from pathlib import Path

import bcrypt
import pytest

from portcheck.config import ConfigError
from portcheck.exporter.serving import server_context
from portcheck.exporter.web_config import TlsWanted, load
from tests.lab.authority import new_authority

from .conftest import Counted, Server, basic, forests_file

HASH = bcrypt.hashpw(b"secret", b"$2b$04$abcdefghijklmnopqrstuu").decode()


def written(folder: Path, text: str) -> Path:
    path = folder / "web.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_basic_auth_guards_every_page(served: Server, counted: Counted, tmp_path: Path) -> None:
    web = written(tmp_path, f"basic_auth_users:\n  prom: {HASH}\n")
    one = served(forests_file(tmp_path, counted.port), "--web-config", str(web))
    for path in ("/", "/metrics", "/sd", "/-/healthy", "/probe?target=alpha.test", "/nothing"):
        assert one.get(path)[0] == 401
    for wrong in (basic("prom", "wrong"), basic("other", "secret"), "Basic !", "Bearer x", basic("prom", "a\0b")):
        assert one.get("/sd", Authorization=wrong)[0] == 401
    assert counted.came == 0
    assert one.get("/sd", Authorization=basic("prom", "secret"))[0] == 200
    fresh = bcrypt.hashpw(b"other", bcrypt.gensalt(4)).decode()
    written(tmp_path, f"basic_auth_users:\n  prom: {fresh}\n")
    assert "reloaded" in one.reload()
    assert one.get("/sd", Authorization=basic("prom", "secret"))[0] == 401
    assert one.get("/sd", Authorization=basic("prom", "other"))[0] == 200


def test_tls_is_served_and_renewed(served: Server, counted: Counted, tmp_path: Path) -> None:
    authority = new_authority("ca", tmp_path)
    certificate = authority.issue(("127.0.0.1", "localhost"))
    for name, kept in (("cert.pem", certificate.certificate), ("key.pem", certificate.key)):
        (tmp_path / name).write_bytes(kept.read_bytes())
    text = "tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\n  min_version: TLS13\n"
    one = served(forests_file(tmp_path, counted.port), "--web-config", str(written(tmp_path, text)))
    trusting = ssl.create_default_context(cafile=str(authority.file))
    trusting.check_hostname = False
    trusting.verify_flags &= ~ssl.VERIFY_X509_STRICT
    assert one.get("/-/healthy", tls=trusting)[0] == 200
    old = ssl.create_default_context(cafile=str(authority.file))
    old.check_hostname, old.maximum_version = False, ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError):
        one.get("/-/healthy", tls=old)
    (tmp_path / "cert.pem").write_text("torn", encoding="utf-8")
    assert "not reloaded" in one.reload()
    assert one.get("/-/healthy", tls=trusting)[0] == 200


@pytest.mark.parametrize("held", [b"", b"garbage", b"\xff\xfe", b"-----BEGIN CERTIFICATE-----\n"])
def test_an_authority_that_is_none_is_named(held: bytes, tmp_path: Path) -> None:
    authority = new_authority("ca", tmp_path)
    certificate = authority.issue(("localhost",))

    def wanted(content: bytes) -> TlsWanted:
        path = tmp_path / "clients.pem"
        return TlsWanted(certificate.certificate, certificate.key, path, client_ca=content)

    with pytest.raises(ConfigError, match=r"clients\.pem: holds no certificate"):
        server_context(wanted(held))
    assert server_context(wanted(authority.file.read_bytes())).verify_mode is ssl.CERT_REQUIRED


@pytest.mark.parametrize("change", ["another authority", "other content", "a lower version", "no clients", "none"])
def test_what_clients_must_bring_is_never_half_reloaded(
    change: str, served: Server, counted: Counted, tmp_path: Path
) -> None:
    """A context in use forgets no authority: who lost its trust would still be let in, and told that he is not."""
    ours, theirs = (new_authority(name, tmp_path) for name in ("ca", "other"))
    certificate = ours.issue(("127.0.0.1", "localhost"))
    (tmp_path / "cert.pem").write_bytes(certificate.certificate.read_bytes())
    (tmp_path / "key.pem").write_bytes(certificate.key.read_bytes())
    clients = tmp_path / "clients.pem"
    clients.write_bytes(ours.file.read_bytes())
    tls = "tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\n"
    asked = "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: clients.pem\n  min_version: TLS13\n"
    one = served(forests_file(tmp_path, counted.port), "--web-config", str(written(tmp_path, tls + asked)))
    if change == "another authority":
        (tmp_path / "new.pem").write_bytes(theirs.file.read_bytes())
        asked = asked.replace("clients.pem", "new.pem")
    elif change == "other content":
        clients.write_bytes(theirs.file.read_bytes())
    elif change == "a lower version":
        asked = asked.replace("TLS13", "TLS12")
    elif change == "no clients":
        asked = ""
    written(tmp_path, tls + asked)
    said = one.reload()
    assert ("not reloaded" in said) is (change != "none"), said
    assert ("restart it" in said) is (change != "none"), said
    trusting = ssl.create_default_context(cafile=str(ours.file))
    trusting.check_hostname = False
    trusting.verify_flags &= ~ssl.VERIFY_X509_STRICT
    with pytest.raises((ssl.SSLError, ConnectionError)):  # without a certificate of his own nobody is let in
        one.get("/-/healthy", tls=trusting)
    client = ours.issue(("prometheus",), purposes=("1.3.6.1.5.5.7.3.2",))  # RFC 5280, 4.2.1.12: clientAuth
    trusting.load_cert_chain(client.certificate, client.key)
    assert one.get("/-/healthy", tls=trusting)[0] == 200


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- a\n", "expected keys"),
        ("a: [", "is no YAML"),
        ("tls_server_confg: {}\n", "tls_server_config"),
        ("basic_auth_users: {a: secret}\n", "no bcrypt hash"),
        (f"basic_auth_users: {{a: '{HASH.replace('$04$', '$31$')}'}}\n", "no bcrypt hash"),
        ("tls_server_config: {cert_file: a}\n", "key_file"),
        ("tls_server_config: {cert_file: a, key_file: b, client_auth_type: RequestClientCert}\n", "client_auth_type"),
        ("tls_server_config: {cert_file: a, key_file: b, client_auth_type: RequireAndVerifyClientCert}\n", "belong"),
        ("tls_server_config: {cert_file: a, key_file: b, client_allowed_sans: [x]}\n", "not heeded"),
        ("tls_server_config: {cert_file: a, key_file: b, min_version: TLS10}\n", "TLS12"),
        ("http_server_config: {headers: {X-Evil: y}}\n", "X-Evil"),
        ('http_server_config: {headers: {X-Frame-Options: "a\\r\\nb: c"}}\n', "line of text"),
        ("rate_limit: {interval: 1s}\n", "rate_limit"),
    ],
)
def test_what_is_wrong_or_not_heeded_is_one_line(text: str, words: str, tmp_path: Path) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigError) as told:
        load(path)
    assert str(told.value).startswith(f"{path}: ")
    assert words in str(told.value)
    assert "\n" not in str(told.value)
