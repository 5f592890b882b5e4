"""Where the credentials of --bind come from, and that they go nowhere else; nothing is sent here."""

from __future__ import annotations

import io
import os
import pickle
import sys
from pathlib import Path

import pytest

from portcheck.cli import app
from portcheck.cli.passwords import WantedAccount, credentials, read_password, variable
from portcheck.config import BindSpec, ConfigError, ForestSpec
from portcheck.model.credentials import Credentials, Method, Secret

PASSWORD = "hunter2 ünd so"
FOREST = ForestSpec("alpha.test", bind=BindSpec(user="svc"))
NAMED = "PORTCHECK_PASSWORD_ALPHA_TEST"

posix = pytest.mark.skipif(sys.platform == "win32", reason="the mode of a file says who may read it only on POSIX")


@pytest.fixture(autouse=True)
def _no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    for name in [name for name in os.environ if name.startswith("PORTCHECK_")]:
        monkeypatch.delenv(name)


def told(forest: ForestSpec = FOREST, wanted: WantedAccount | None = None) -> Credentials:
    return credentials([forest], wanted or WantedAccount())[forest.name]


def complaint(forest: ForestSpec = FOREST, wanted: WantedAccount | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        told(forest, wanted)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def stdin_is(monkeypatch: pytest.MonkeyPatch, raw: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))


def in_file(folder: Path, raw: bytes, mode: int = 0o600) -> ForestSpec:
    path = folder / "pw"
    path.write_bytes(raw)
    path.chmod(mode)
    return ForestSpec("alpha.test", bind=BindSpec(user="svc", password_file=path))


def test_from_the_environment_under_the_forests_own_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAMED, PASSWORD)
    found = told()
    assert (found.user, found.method, found.password.reveal()) == ("svc", Method.SIMPLE, PASSWORD)


@pytest.mark.parametrize("ending", [b"", b"\n", b"\r\n"])
def test_from_a_file_and_from_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: bytes) -> None:
    assert told(in_file(tmp_path, PASSWORD.encode() + ending)).password.reveal() == PASSWORD
    stdin_is(monkeypatch, PASSWORD.encode() + ending)
    assert told(wanted=WantedAccount(from_stdin=True)).password.reveal() == PASSWORD


def test_the_nearest_word_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Option before the forest's variable, before the file, before the general variable."""
    monkeypatch.setenv(NAMED, "from the environment")
    monkeypatch.setenv("PORTCHECK_USER", "anyone")
    filed = in_file(tmp_path, b"from the file")
    assert told(filed).user == "svc"
    assert told(filed).password.reveal() == "from the environment"
    monkeypatch.setenv("PORTCHECK_USER_ALPHA_TEST", "ALPHA\\other")
    assert told(filed).user == "ALPHA\\other"
    assert told(filed, WantedAccount(user="third@bravo.test")).user == "third@bravo.test"
    assert told(ForestSpec("bravo.test"), WantedAccount(method=Method.KERBEROS)).user == "anyone"


@pytest.mark.parametrize(
    ("given", "full"),
    [
        ("svc", "svc@alpha.test"),
        ("svc@bravo.test", "svc@bravo.test"),
        ("ALPHA\\svc", "ALPHA\\svc"),
        ("CN=svc,DC=alpha,DC=test", "CN=svc,DC=alpha,DC=test"),
        ("", ""),
    ],
)
def test_a_bare_name_is_one_of_the_controllers_domain(given: str, full: str) -> None:
    assert Credentials(given).of_domain("alpha.test").user == full


def test_kerberos_needs_neither_name_nor_password() -> None:
    found = told(ForestSpec("alpha.test"), WantedAccount(method=Method.KERBEROS))
    assert (found.user, found.password.reveal()) == ("", "")


def test_without_a_terminal_nobody_is_asked() -> None:
    said = complaint()
    assert NAMED in said
    assert "--password-stdin" in said
    assert "--user" in complaint(ForestSpec("alpha.test"))


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "empty"),
        (b"hunter\n2\n", "more than one line"),
        (b"\xff\xfe", "empty"),
        (b"\xff", "UTF-8"),
        (b"\0", "more than one line"),
        (b"x" * 2000, "longer"),
        (b"x" * 4000, "longer"),
    ],
)
def test_what_is_no_password_is_told_without_showing_it(tmp_path: Path, raw: bytes, says: str) -> None:
    said = complaint(in_file(tmp_path, raw))
    assert says in said
    assert "hunter" not in said
    assert "xxx" not in said


@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    assert "chmod 600" in complaint(in_file(tmp_path, b"secret", mode))


def test_a_missing_file_and_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        read_password(tmp_path / "none")
    with pytest.raises(ConfigError):
        read_password(tmp_path)


def test_one_forests_variable_is_not_taken_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    alike = [ForestSpec("a-b.test", bind=BindSpec(user="x")), ForestSpec("a.b.test", bind=BindSpec(user="x"))]
    monkeypatch.setenv(variable("PORTCHECK_PASSWORD", "a.b.test"), "secret")
    with pytest.raises(ConfigError, match=r"both a-b\.test and a\.b\.test"):
        credentials(alike, WantedAccount())


def test_standard_input_holds_one_password(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin_is(monkeypatch, b"secret")
    both = [FOREST, ForestSpec("bravo.test", bind=BindSpec(user="svc"))]
    with pytest.raises(ConfigError, match="one forest"):
        credentials(both, WantedAccount(from_stdin=True))


def test_nothing_shows_a_password() -> None:
    found = Credentials("svc", password=Secret(PASSWORD))
    for shown in (repr(found), str(found), f"{found.password}", repr([found.password])):
        assert PASSWORD not in shown
    assert not hasattr(found.password, "__dict__")
    with pytest.raises(TypeError):
        pickle.dumps(found.password, protocol=0)


@pytest.mark.parametrize("options", [["--user", "svc"], ["--bind-method", "ntlm"], ["--password-stdin"]])
def test_how_to_sign_in_without_bind_is_a_mistake(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["check", "192.0.2.1", *options]) == 2
    assert "add --credentials" in capsys.readouterr().err


def test_no_option_takes_a_password(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["check", "192.0.2.1", "--bind", "--password", "hunter2"]) == 2
    assert "hunter2" not in capsys.readouterr().err
