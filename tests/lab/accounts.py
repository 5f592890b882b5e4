"""Accounts in the lab's domains, in every state in which a service account turns up, and what they may do."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.lab.domain_controller import DomainController
from tests.lab.program import Vantage

PASSWORD = "Lab-5ecret.of-{}"
STATES = ("svc", "locked", "disabled", "expired", "must", "victim", "sync")
THRESHOLD = 3
GET_CHANGES, GET_CHANGES_ALL = "1131f6aa-9c07-11d1-f79f-00c04fc2dcd2", "1131f6ad-9c07-11d1-f79f-00c04fc2dcd2"
RESET_PASSWORD = "00299570-246d-11d0-a768-00aa006e0529"
USER = "bf967aba-0de6-11d0-a285-00aa003049e2"
ASK_SAM = """\
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB
lp = LoadParm()
lp.load_default()
sam = SamDB(lp=lp, session_info=system_session())
{}
"""


def password_of(account: str) -> str:
    return PASSWORD.format(account)


def create(dc: DomainController) -> None:
    """Each state of `STATES` in this domain; `sync` may replicate changes and create users in OU=Staff."""
    dc.samba_tool("domain", "passwordsettings", "set", f"--account-lockout-threshold={THRESHOLD}")
    dc.samba_tool("ou", "create", f"OU=Staff,{dn(dc)}")
    for account in STATES:
        dc.samba_tool("user", "create", account, password_of(account))
    dc.samba_tool("user", "disable", "disabled")
    dc.samba_tool("user", "setexpiry", "expired", "--days=-1")
    must = ("user", "setpassword", "must", f"--newpassword={password_of('must')}", "--must-change-at-next-login")
    dc.samba_tool(*must)
    dc.samba_tool("spn", "add", f"ldap/{dc.host}", f"{dc.site.host}$")
    who = sid_of(dc, "sync")
    for right in (GET_CHANGES, GET_CHANGES_ALL):
        grant(dc, dn(dc), f"(OA;;CR;{right};;{who})")
    grant(dc, f"OU=Staff,{dn(dc)}", f"(OA;CI;CC;{USER};;{who})(OA;CIIO;CR;{RESET_PASSWORD};{USER};{who})")


def dn(dc: DomainController) -> str:
    return ",".join(f"DC={label}" for label in dc.domain.split("."))


def grant(dc: DomainController, where: str, entry: str) -> None:
    dc.samba_tool("dsacl", "set", "--action=allow", f"--objectdn={where}", f"--sddl={entry}")


def sid_of(dc: DomainController, account: str) -> str:
    from_bytes = "from samba.ndr import ndr_unpack; from samba.dcerpc import security"
    found = f"sam.search(expression='(sAMAccountName={account})', attrs=['objectSid'])[0]['objectSid'][0]"
    return ask(dc, f"{from_bytes}; print(ndr_unpack(security.dom_sid, {found}))")


def domain_sid(dc: DomainController) -> str:
    return ask(dc, "print(sam.domain_sid)")


def bad_attempts(dc: DomainController, account: str) -> int:
    """badPwdCount, as the DC itself has it."""
    found = f"sam.search(expression='(sAMAccountName={account})', attrs=['badPwdCount'])[0]"
    return int(ask(dc, f"print({found}.get('badPwdCount', ['0'])[0])"))


def forgive(dc: DomainController, account: str) -> None:
    dc.samba_tool("user", "unlock", account)


def ask(dc: DomainController, question: str) -> str:
    """One line of Samba's own Python on the DC, and what it prints."""
    return dc.node.run(*dc.view("/usr/bin/python3", "-c", ASK_SAM.format(question))).strip()


def ticket(vantage: Vantage, dc: DomainController, account: str) -> dict[str, str]:
    """A ticket of the account in a cache of its own, and the environment that leads to it."""
    pytest.importorskip("gssapi", reason="the extra 'kerberos' is not installed")
    if not shutil.which("kinit"):
        pytest.skip("no kinit: tests/run installs it")
    conf, cache = vantage.home / "krb5.conf", vantage.home / f"cache-{account}"
    conf.write_text(
        f"[libdefaults]\n default_realm = {dc.domain.upper()}\n dns_lookup_kdc = true\n"
        " dns_canonicalize_hostname = false\n rdns = false\n"
    )
    env = {"KRB5_CONFIG": str(conf), "KRB5CCNAME": f"FILE:{cache}"}
    script = (
        f"import subprocess; subprocess.run(['kinit', '{account}@{dc.domain.upper()}'], input={password_of(account)!r}"
    )
    run = vantage.python("-c", f"{script} + chr(10), text=True, check=True, capture_output=True)", env=env)
    assert not run.code, run.stderr
    return env


@contextmanager
def subnets(dc: DomainController, mapped: Mapping[str, str]) -> Iterator[None]:
    """These subnets belong to these sites, of which those are made that are not there."""
    own = sorted(set(mapped.values()) - {"Default-First-Site-Name"})
    for site in own:
        dc.samba_tool("sites", "create", site)
    for subnet, site in mapped.items():
        dc.samba_tool("sites", "subnet", "create", subnet, site)
    try:
        yield
    finally:
        for subnet in mapped:
            dc.samba_tool("sites", "subnet", "remove", subnet)
        for site in own:
            dc.samba_tool("sites", "remove", site)


@contextmanager
def without_name(dc: DomainController) -> Iterator[None]:
    """The DC has no service principal name for LDAP."""
    dc.samba_tool("spn", "delete", f"ldap/{dc.host}")
    try:
        yield
    finally:
        dc.samba_tool("spn", "add", f"ldap/{dc.host}", f"{dc.site.host}$")


def everything_in(folder: Path, secret: str) -> list[Path]:
    """The files under the folder that hold the text, in any encoding that Python or JSON would write."""
    forms = [secret.encode(), secret.encode("utf-16-le"), secret.encode("unicode_escape")]
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return [path for path in files if any(form in path.read_bytes() for form in forms)]
