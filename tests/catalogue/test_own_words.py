"""portcheck's own words can be looked up: findings, services, ports, states, verdicts, profiles."""

import re
import tomllib
from importlib.resources import files

import pytest

from portcheck.catalogue.errors import errors
from portcheck.catalogue.lookup import find
from portcheck.catalogue.own_words import own
from portcheck.catalogue.profiles import built_in
from portcheck.catalogue.services import services
from portcheck.cli.app import run
from portcheck.cli.explaining import OURS
from portcheck.diagnose.rules import RULES
from portcheck.model import State, Verdict

OWN = "portcheck/catalogue/own.toml"


@pytest.mark.parametrize(
    ("text", "kind", "says"),
    [
        ("kpasswd-blocked", "finding", "passwords cannot be set"),
        ("464", "service", "464/tcp, 464/udp"),
        ("tcp/464", "service", "464/tcp, 464/udp"),
        ("port 464", "service", "464/tcp, 464/udp"),
        ("kpasswd", "service", "password change"),
        ("Filtered", "state", "silence"),
        ("skip", "verdict", "not asked"),
        ("mim-import", "profile", "ldap"),
        ("vantage-stale", "finding", "older"),
        ("sign-in", "service", "--credentials"),
        ("tcp", "service", "HOST:PORT"),
    ],
)
def test_a_word_of_ours_is_known(text: str, kind: str, says: str) -> None:
    (word,) = own(text)
    assert word.kind == kind
    assert says in word.means
    assert set(word.errors) <= set(errors())


def test_every_finding_service_state_and_verdict_is_a_word_without_an_open_placeholder() -> None:
    codes = {rule.code for rule in RULES}
    names = [*codes, *services(), *State, *Verdict]
    assert [name for name in names if not own(name)] == []
    told = tomllib.loads((files("portcheck.catalogue") / "own.toml").read_text(encoding="utf-8"))
    plain = {service.plainly for service in services().values() if service.plainly}
    assert set(told["finding"]) | plain == codes, f"{OWN}: {sorted(codes ^ (set(told['finding']) | plain))}"
    assert (set(told["state"]), set(told["verdict"])) == (set(State), set(Verdict))


def test_every_finding_of_merged_reports_is_a_word() -> None:
    sources = (path.read_text(encoding="utf-8") for path in (files("portcheck") / "merge").iterdir() if path.is_file())
    codes = {code for source in sources for code in re.findall('code="([a-z-]+)"', source)}
    told = tomllib.loads((files("portcheck.catalogue") / "own.toml").read_text(encoding="utf-8"))
    assert set(told["merged"]) == codes


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("entra-connect", ["portcheck: profile", "Entra message"]),
        ("tls-failed", ["portcheck: finding", "By its words"]),
        ("dns-failed", ["By its words"]),
        ("srv-missing", ["portcheck: finding"]),
    ],
)
def test_a_word_of_ours_that_is_an_error_s_name_too_is_told_as_both(
    text: str, kinds: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for command in ("help", "explain"):
        assert run([command, text]) == 0
        assert re.findall(rf"^{text}  \((.*)\)$", capsys.readouterr().out, re.MULTILINE) == kinds


def test_a_port_that_two_services_share_is_both() -> None:
    assert {word.name for word in own("389")} == {"ldap", "ldap-ping"}


@pytest.mark.parametrize("text", ["", "0", "99999", "kinit", "464 464", "kpasswd-blockd"])
def test_what_is_not_ours_is_no_word(text: str) -> None:
    assert own(text) == ()


SILENT = [  # what port testers say, with how much of it: all, refused, answered
    ("TCP port 389 (ldap service): FILTERED", "portqry-filtered"),
    ("TCP port 389 (ldap service): NOT LISTENING", "portqry-not-listening"),
    ("TCP port 389 (ldap service): LISTENING", "portqry-listening"),
    ("UDP port 389 (unknown service): LISTENING or FILTERED", "portqry-udp"),
    ("TcpTestSucceeded : False", "tnc-failed"),
    ("TcpTestSucceeded : True", "tnc-ok"),
    ("WARNING: TCP connect to (10.0.0.1 : 464) failed", "tnc-failed"),
    ("PingSucceeded : False", "ping-failed"),
    ("464/tcp filtered kpasswd5", "portqry-filtered"),
    ("88/udp open|filtered kerberos-sec", "portqry-udp"),
    ("389/tcp closed ldap", "portqry-not-listening"),
    ("389/tcp open ldap", "portqry-listening"),
    ("telnet: Unable to connect to remote host: Connection refused", "posix-econnrefused"),
    ("telnet: Unable to connect to remote host: Connection timed out", "posix-etimedout"),
    ("Could not open connection to the host, on port 464: Connect failed", "nc-timeout"),
    ("nc: connect to dc1 port 464 (tcp) failed: Connection refused", "posix-econnrefused"),
    ("nc: connect to dc1 port 464 (tcp) timed out: Operation now in progress", "posix-etimedout"),
    ("Ncat: Connection timed out.", "nc-timeout"),
    ("Ncat: Connection refused.", "posix-econnrefused"),
    ("curl: (28) Connection timed out after 5001 milliseconds", "posix-etimedout"),
    ("curl: (7) Failed to connect to dc1 port 636 after 2 ms: Connection refused", "posix-econnrefused"),
    ("curl: (52) Empty reply from server", "posix-econnreset"),
]


@pytest.mark.parametrize(("text", "entry"), SILENT, ids=[text[:30] for text, _ in SILENT])
def test_what_port_testers_say_is_known(text: str, entry: str) -> None:
    assert entry in [match.error.name for match in find(text)]


def test_every_word_of_ours_gets_an_answer() -> None:
    """A walk over all of them, as a user types them: findings, states, verdicts, services, ports, profiles."""
    ports = {str(p) for s in services().values() for p in s.ports.values() if p}
    told = tomllib.loads((files("portcheck.catalogue") / "own.toml").read_text(encoding="utf-8"))
    named = [*services(), *built_in(), *(name for kind in told.values() for name in kind)]
    typed = [*named, *ports, *(f"{p}/tcp" for p in ports), *(f"port {p}" for p in ports), *(f"udp/{p}" for p in ports)]
    assert [text for text in typed if not OURS.fullmatch(text) or not own(text)] == []
    assert [text for text in named if not own(text.upper())] == []
