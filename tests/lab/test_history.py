"""The nightly check and the hour at the phone, whole: a rule goes between two runs; a rule comes while one watches."""

from __future__ import annotations

import json
import mailbox
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.lab import faults
from tests.lab.domain_controller import end_session
from tests.lab.program import Run
from tests.lab.world import Lab

PORT = 2525
CHANGED = [
    ("bravo.test/bdc1.bravo.test/10.77.2.10/kpasswd/tcp/464", "ok", "filtered"),
    ("bravo.test/bdc1.bravo.test/10.77.2.10/kpasswd/udp/464", "ok", "filtered"),
]


@contextmanager
def mail_server(lab: Lab) -> Iterator[Path]:
    """A real SMTP server on the client's loopback; the folder of what it was sent."""
    folder = lab.folder / f"mail-{secrets.token_hex(4)}"
    arguments = ("-n", "-l", f"127.0.0.1:{PORT}", "-c", "aiosmtpd.handlers.Mailbox", str(folder))
    server = lab.client.start(sys.executable, "-m", "aiosmtpd", *arguments, log=lab.folder / "smtp.log")
    try:
        while f":{PORT}" not in lab.client.run("ss", "-Hltn"):
            assert server.poll() is None, (lab.folder / "smtp.log").read_text()
            time.sleep(0.05)
        yield folder
    finally:
        end_session(server)


def subjects(folder: Path) -> list[str]:
    return [str(mail["Subject"]) for mail in mailbox.Maildir(folder, create=False)]


def test_a_rule_that_goes_between_two_scheduled_runs_is_told_by_all(lab: Lab) -> None:
    state = lab.vantage.home / f"state-{secrets.token_hex(4)}"
    config = lab.forests_toml(defaults={"profiles": ["mim"]})
    to = f"mailto://127.0.0.1:{PORT}?from=portcheck@mim1.test&to=ops@corp.test&mode=insecure"
    env = {"PORTCHECK_STATE_DIR": str(state), "PORTCHECK_NOTIFY": to}

    def portcheck(*arguments: str) -> Run:
        return lab.portcheck(*arguments, config=config, env=env)

    nightly = ("check", "--fail-on", "changed", "--notify", "on-change", "--lock", "-f", "json")
    with mail_server(lab) as mails:
        first, second = portcheck(*nightly), portcheck(*nightly)
        assert (first.code, second.code) == (0, 0), second.report and second.report["compared"]
        assert "nothing to compare with yet" in first.stderr
        assert subjects(mails) == []
        with faults.drop(lab, lab.bravo, "464/tcp", "464/udp"):
            third = portcheck(*nightly)
            assert third.code == 1
            fourth = portcheck(*nightly)
        assert fourth.code == 0  # still blocked: no news
        (subject,) = subjects(mails)
        assert "bravo.test: 1 fault" in subject
        (mail,) = mailbox.Maildir(mails, create=False)
        part = next(part for part in mail.walk() if part.get_content_type() in {"text/plain", "text/html"})
        body = part.get_payload(decode=True)
        assert isinstance(body, bytes)
        assert "464/tcp on bdc1: ok → filtered" in body.decode()
        assert third.report is not None
        compared = third.report["compared"]
        assert [(c["check"], c["before"], c["after"]) for c in compared["changes"]] == CHANGED
        assert [(f["turn"], f["code"]) for f in compared["findings"]] == [("appeared", "kpasswd-blocked")]

        told = portcheck("diff", "2", "3")
        assert told.code == 1
        assert "kpasswd" in told.stdout
        assert "464/udp  ok → filtered" in told.stdout
        assert portcheck("diff", "3", "4").code == 0

        history = json.loads(portcheck("history", "--json").stdout)["plans"][0]
        moved = [check for check in history["checks"] if check["changed"]]
        assert [(c["id"], c["state_before"], c["state"]) for c in moved] == CHANGED
        assert {(check["run"], check["since"]) for check in moved} == {(3, third.report["started"])}
        assert moved[0]["verdicts"] == ["pass", "pass", "fail", "fail"]

        fifth = portcheck(*nightly)
        assert fifth.code == 1  # it is open again: that is news too
        assert len(subjects(mails)) == 2


def test_the_watch_ends_when_the_rule_is_opened(lab: Lab) -> None:
    config = lab.forests_toml(defaults={"profiles": ["mim"]})
    asked = ("watch", "--every", "2s", "--until", "ok", "--timeout", "1s")
    with faults.drop(lab, lab.bravo, "464/tcp", "464/udp"):
        command = (sys.executable, "-m", "portcheck", *asked)
        process = lab.vantage.popen(*command, env={"PORTCHECK_CONFIG": str(config)})
        assert process.stdout is not None
        first = process.stdout.readline()
        assert "2 failed; watching every 2 s" in first
    with process:
        out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, "")
    assert "kpasswd 464/tcp on bdc1: filtered → ok" in out
    assert "finding gone: bravo.test: passwords cannot be set on bdc1" in out
    assert "alpha.test, bravo.test, charlie.test  all well" in out
    assert "packets are lost" not in out  # the tries of the moment before are no loss


def test_the_watch_ends_when_the_rule_is_closed(lab: Lab) -> None:
    config = lab.forests_toml("bravo", defaults={"profiles": ["mim"]})
    asked = ("watch", "--every", "2s", "--until", "blocked:kpasswd", "--timeout", "1s")
    process = lab.vantage.popen(sys.executable, "-m", "portcheck", *asked, env={"PORTCHECK_CONFIG": str(config)})
    with process:
        assert process.stdout is not None
        assert "as expected; watching" in process.stdout.readline()
        with faults.drop(lab, lab.bravo, "464/udp"):
            out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, "")
    assert "kpasswd 464/udp on bdc1: ok → filtered" in out
