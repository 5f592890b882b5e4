"""Mistakes: one a file in bad/, its complaint in the first line; wrong values for every key; files that are none."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portcheck.config import ConfigError, Configuration

WINDOWS = os.name == "nt"
NO_SUCH = "no such file; give a forests file"
BAD = Path(__file__).parent / "bad"
EXAMPLE = Path(__file__).parents[2] / "forests.example.toml"

Load = Callable[[str | bytes], Configuration]

FOREST = '[[forest]]\nname = "alpha.test"\n'
DC = '{ host = "dc1.alpha.test", address = "10.0.0.1" }'
EXTRA = FOREST + '[[forest.extra]]\nname = "pcns"\nport = 5000\n'
SYSTEM = FOREST + '[[forest.system]]\nrole = "cloud"\nhost = "x.servicebus.windows.net"\n'
OWN = '[[profiles.hr.check]]\nservice = "kerberos"\ntransport = "tcp"\n'

# Every key, in a file that is right but for the value at @, and which of WRONG happen to be right there.
KEYS = {
    "timeout": ("[defaults]\ntimeout = @", ("1.5",)),
    "answer_timeout": ("[defaults]\nanswer_timeout = @", ("1.5",)),
    "deadline": ("[defaults]\ndeadline = @", ("1.5",)),
    "attempts": ("[defaults]\nattempts = @", ()),
    "concurrency": ("[defaults]\nconcurrency = @", ()),
    "rate": ("[defaults]\nrate = @", ("1.5",)),
    "source_ip": ("[defaults]\nsource_ip = @", ()),
    "default profiles": ("[defaults]\nprofiles = @", ()),
    "default site": ("[defaults]\nsite = @", ('"a b"', '"[::1"')),
    "fail_on": ("[defaults]\nfail_on = @", ()),
    "trace": ("[defaults]\ntrace = @", ("true",)),
    "name": ("[[forest]]\nname = @", ()),
    "dns": (FOREST + "dns = @", ("[]",)),
    "a dns server": (FOREST + 'dns = ["10.0.0.1", @]', ()),
    "domains": (FOREST + "domains = @", ("[]",)),
    "a domain": (FOREST + "domains = [@]", ()),
    "domain_controllers": (FOREST + "domain_controllers = @", ("[]",)),
    "a domain controller": (FOREST + f"domain_controllers = [{DC}, @]", ()),
    "host": (FOREST + "domain_controllers = [{ host = @ }]", ()),
    "address": (FOREST + 'domain_controllers = [{ host = "dc1", address = @ }]', ()),
    "discover": (FOREST + f"domain_controllers = [{DC}]\ndiscover = @", ("true",)),
    "site": (FOREST + "site = @", ('"a b"', '"[::1"')),
    "ca_file": (FOREST + "ca_file = @", ()),
    "profiles": (FOREST + "profiles = @", ()),
    "a profile": (FOREST + 'profiles = ["mim", @]', ()),
    "expect": (FOREST + "expect = @", ("{}",)),
    "domain_sid": (FOREST + "expect = { domain_sid = @ }", ()),
    "an expected service": (FOREST + "expect = { smb = @ }", ()),
    "ports": (FOREST + "ports = @", ("{}",)),
    "a port": (FOREST + "ports = { kerberos = @ }", ()),
    "extra": (FOREST + "extra = @", ("[]",)),
    "extra name": (FOREST + "[[forest.extra]]\nport = 5000\nname = @", ('"a b"', '"[::1"')),
    "extra port": (FOREST + '[[forest.extra]]\nname = "pcns"\nport = @', ()),
    "extra transport": (EXTRA + "transport = @", ()),
    "extra purpose": (EXTRA + "purpose = @", ('"a b"', '"[::1"')),
    "default proxy": ("[defaults]\nproxy = @", ()),
    "system": (FOREST + "system = @", ("[]",)),
    "a system's role": (FOREST + '[[forest.system]]\nhost = "m"\nrole = @', ()),
    "a system's host": (FOREST + '[[forest.system]]\nrole = "mim"\nhost = @', ()),
    "a system's address": (SYSTEM + "address = @", ()),
    "a system's port": (SYSTEM + "port = @", ()),
    "a system's proxy": (SYSTEM + "proxy = @", ()),
    "a profile's title": ('[profiles.hr]\nextends = "mim"\ntitle = @', ('"a b"', '"[::1"')),
    "a profile's base": ("[profiles.hr]\nextends = @", ()),
    "a profile's checks": ("[profiles.hr]\ncheck = @", ()),
    "a check's service": ("[[profiles.hr.check]]\nservice = @", ()),
    "a check's transport": ('[[profiles.hr.check]]\nservice = "kerberos"\ntransport = @', ()),
    "a check's need": (OWN + "need = @", ()),
    "a check's port": (OWN + "port = @", ()),
    "a check's operation": (OWN + "operation = @", ('"a b"', '"[::1"')),
    "a check's host": (OWN + "host = @", ()),
}
WRONG = (
    "true",
    "0",
    "-1",
    "1.5",
    "inf",
    "nan",
    "99999999999999999999",
    "0x" + "f" * 6000,  # more digits than Python will print
    '""',
    '"a b"',
    '"[::1"',
    '"\\u001b[31m"',
    '"a\\nb"',
    f'"{"x" * 5000}"',
    "[]",
    "[[]]",
    "[{}]",
    '["", ""]',
    "{}",
    "{ wrong = { deep = 1 } }",
    "2026-11-22",
    "1979-05-27 07:32:00",
)
CASES = [(key, wrong) for key, (_, right) in KEYS.items() for wrong in WRONG if wrong not in right]


def complaint(load_text: Load, text: str | bytes) -> str:
    with pytest.raises(ConfigError) as caught:
        load_text(text)
    return str(caught.value)


def only_complains(load_text: Load, text: str) -> None:
    message = "read"
    try:
        load_text(text)
    except ConfigError as error:
        message = str(error)
    assert message
    assert message.isprintable()
    assert len(message) < 800


@pytest.mark.parametrize("path", sorted(BAD.glob("*.toml")), ids=lambda path: path.stem)
def test_each_mistake_gives_its_line(
    path: Path, load_file: Callable[[Path], Configuration], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(BAD)
    expected = path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
    with pytest.raises(ConfigError) as caught:
        load_file(Path(path.name))
    assert str(caught.value) == expected


def test_there_are_wrong_values_in_plenty() -> None:
    assert len(CASES) > 300


@pytest.mark.parametrize(("key", "wrong"), CASES, ids=lambda text: text[:24])
def test_a_wrong_value_is_one_printable_line_that_says_where(key: str, wrong: str, load_text: Load) -> None:
    template, _ = KEYS[key]
    line = template[: template.index("@")].count("\n") + 1
    message = complaint(load_text, template.replace("@", wrong))
    assert message.isprintable()
    assert re.search(rf"[/\\]forests\.toml:{line}: \S", message)
    assert len(message.split("forests.toml:")[1]) < 400
    assert not re.search(r"Error|Exception|Traceback|object at", message)


@pytest.mark.parametrize("key", KEYS)
def test_the_files_around_the_wrong_values_are_right(key: str, load_text: Load) -> None:
    template, right = KEYS[key]
    for value in right:
        load_text(template.replace("@", value))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "forests.toml: nothing to check: add a [[forest]]"),
        (b"# only a comment\n\n", "forests.toml: nothing to check: add a [[forest]]"),
        (b"\xef\xbb\xbf", "forests.toml: nothing to check: add a [[forest]]"),
        (b'[[forest]]\nname = "\xff.test"', "forests.toml:2: is not text in UTF-8 or UTF-16; save it as UTF-8"),
        (b"\xff\xfea", "forests.toml:1: is not text in UTF-8 or UTF-16; save it as UTF-8"),
        (b"#" * (4 * 2**20 + 1), "forests.toml: is larger than 4 MiB; give a forests file"),
        (b"a = " + b"[" * 100_000, "forests.toml: is not valid TOML: brackets are nested too deep"),
        (b"a = " + b"9" * 5000, "forests.toml: is not valid TOML: a number is too long"),
    ],
    ids=["empty", "comment", "bom", "latin-1", "utf-16", "huge", "deep", "long-number"],
)
def test_a_file_that_is_none(content: bytes, message: str, load_text: Load) -> None:
    assert complaint(load_text, content).endswith(message)


def test_a_file_that_cannot_be_read(
    tmp_path: Path, load_file: Callable[[Path], Configuration], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    cases = {
        "folder": "folder: is a directory; give a forests file",
        "absent.toml": f"absent.toml: {NO_SUCH}",
        "a\0b": "a\\x00b: is not a file name; give a forests file",
        "bell\a": f"bell\\x07: {'is not a file name; give a forests file' if WINDOWS else NO_SUCH}",
        "n" * 300: f"{'n' * 239}…: {NO_SUCH if WINDOWS else 'cannot be read: File name too long'}",
    }
    for name, expected in cases.items():
        with pytest.raises(ConfigError) as caught:
            load_file(Path(name))
        assert str(caught.value) == expected


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="permissions do not stop this user")
def test_a_file_without_permission(tmp_path: Path, load_file: Callable[[Path], Configuration]) -> None:
    path = tmp_path / "forests.toml"
    path.write_text(FOREST)
    path.chmod(0)
    with pytest.raises(ConfigError, match=r"forests\.toml: cannot be read: Permission denied$"):
        load_file(path)


def test_more_own_profiles_than_anyone_needs_are_refused(load_text: Load) -> None:
    text = "".join(f'[profiles.p{n}]\nextends = "mim"\n' for n in range(201))
    assert complaint(load_text, text).endswith("profiles: more than 200 own profiles")


@given(text=st.text())
@settings(max_examples=200, deadline=None)
def test_any_text_is_read_or_complained_about(text: str, load_text: Load) -> None:
    only_complains(load_text, text)


@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_a_damaged_example_is_read_or_complained_about(data: st.DataObject, load_text: Load) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 40)))
    patch = data.draw(
        st.text(max_size=8) | st.sampled_from(['"', "[", "]", "{", "}", "=", ".", "\n", "[[", '"""', ","])
    )
    only_complains(load_text, text[:start] + patch + text[end:])
