"""`python -m tests.lab.recording`: an account, the cloud, a listener and three places, asked anew for the README.

Writes tests/reference/recorded; `python -m tests.reference.make` then fills the README. Needs root, as the lab does.
"""

from __future__ import annotations

import json
import re
import sys
from contextlib import ExitStack
from pathlib import Path

from tests.lab import accounts
from tests.lab.accounts import forgive, password_of
from tests.lab.faults import drop
from tests.lab.outside import Outside, outside, why_no_outside
from tests.lab.places import three_places
from tests.lab.program import Run
from tests.lab.test_listen import listening
from tests.lab.world import Lab, lab, why_not

FOLDER = Path(__file__).parents[1] / "reference" / "recorded"
FOLDERS = re.compile(r'"/\S*/(?=[a-z]+\.json")')
"""The lab's own, which no reader has."""
MIM = {"profiles": ["mim"]}


def main() -> int:
    if reason := why_not() or why_no_outside():
        sys.stderr.write(f"{reason}\n")
        return 1
    FOLDER.mkdir(exist_ok=True)
    with lab() as up:
        keep("account", account(up))
        keep("places", places(up))
        (FOLDER / "listen.txt").write_text(listen(up), encoding="utf-8")
    with outside() as net:
        keep("cloud", cloud(net))
    return 0


def keep(name: str, run: Run) -> None:
    text = json.dumps(json.loads(run.stdout), indent=1)
    (FOLDER / f"{name}.json").write_text(FOLDERS.sub('"', text) + "\n", encoding="utf-8")


def account(up: Lab) -> Run:
    """A wrong password, once, and forgiven."""
    accounts.create(up.alpha)
    secret = {"PORTCHECK_PASSWORD_ALPHA_TEST": f"not {password_of('svc')}"}
    config = up.forests_toml("alpha", defaults=MIM)
    run = up.portcheck("check", "--bind", "--user", "svc", "-f", "json", config=config, env=secret)
    forgive(up.alpha, "svc")
    return run


def places(up: Lab) -> Run:
    """One firewall drops 464 for its own place."""
    folder = up.vantage.home / "reports"
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    with three_places(up) as three, drop(up, up.alpha, "464", at=three.walls["branch"]):
        config = up.forests_toml("alpha", defaults=MIM)
        reports = three.ask(folder, config, "--only", "ldap,kerberos,kpasswd,ldap-ping")
        return up.portcheck("merge", "-f", "json", *map(str, reports), env={"PYTHONUTF8": "1"})


def cloud(net: Outside) -> Run:
    """A real proxy that refuses one endpoint."""
    names = net.folder / "refused"
    names.write_text("graph\n", encoding="utf-8")
    with net.only_by_proxy(), net.without_public_names(), net.tinyproxy(f'Filter "{names}"'):
        return net.check("--profile", "graph", "--proxy", "proxy.corp.test:3128")


def listen(up: Lab) -> str:
    """What it says while the client asks it for everything that MIM needs."""
    with ExitStack() as stack:
        up.charlie.stop()
        stack.callback(up.charlie.wait_until_ready)
        stack.callback(up.charlie.start)
        log = stack.enter_context(listening(up, "--profile", "mim"))
        up.portcheck("check", "-f", "json", "-4", up.charlie.address, "--profile", "mim")
    return log.read_text(encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
