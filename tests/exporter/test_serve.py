"""The pages of the contract, runs that are shared, and everything that must not be asked."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from portcheck.cli.app import run

from .conftest import FOREST, Counted, Server, forests_file

PROMTOOL = shutil.which("promtool")
ANALYZE = shutil.which("systemd-analyze")


def value(text: str, name: str) -> float:
    found = re.search(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.MULTILINE)
    assert found, f"{name} is not in:\n{text}"
    return float(found[1])


def test_the_pages_of_the_contract(served: Server, counted: Counted, tmp_path: Path) -> None:
    one = served(forests_file(tmp_path, counted.port, answer="100ms"))
    assert one.get("/-/healthy") == (200, "portcheck is up\n")
    assert json.loads(one.get("/sd")[1]) == [
        {"targets": [FOREST], "labels": {"__meta_portcheck_forest": FOREST, "__meta_portcheck_profiles": "bare"}}
    ]
    assert one.get(f"/report/{FOREST}.json")[0] == 404
    status, text = one.get(f"/probe?target={FOREST}")
    assert status == 200
    assert value(text, "probe_success") == 0
    assert value(text, "portcheck_probe_late") == 0
    assert value(text, "portcheck_last_run_success") == 0
    assert 'check="ldap"' in text
    assert json.loads(one.get(f"/report/{FOREST}.json")[1])["schema"] == "portcheck.report/1"
    assert FOREST in one.get(f"/report/{FOREST}.html")[1]
    page = one.get("/")[1]
    assert f"/report/{FOREST}.html" in page
    assert "mute" in page
    own = one.get("/metrics")[1]
    assert f'portcheck_exporter_runs_total{{forest="{FOREST}"}} 1.0' in own
    assert value(own, "portcheck_exporter_config_last_reload_successful") == 1
    if PROMTOOL is not None:
        for shown in (text, own):
            done = subprocess.run([PROMTOOL, "check", "metrics"], input=shown, capture_output=True, text=True)
            assert "error" not in done.stderr.lower(), done.stderr


def test_scrapes_of_one_forest_share_a_run(served: Server, counted: Counted, tmp_path: Path) -> None:
    one = served(forests_file(tmp_path, counted.port, answer="30s"))
    with ThreadPoolExecutor(5) as pool:
        first = pool.submit(one.get, f"/probe?target={FOREST}", X_Prometheus_Scrape_Timeout_Seconds="60")
        assert counted.arrived.wait(60)
        more = [
            pool.submit(one.get, f"/probe?target={FOREST}", X_Prometheus_Scrape_Timeout_Seconds="60") for _ in range(4)
        ]
        late = one.get(f"/probe?target={FOREST}", X_Prometheus_Scrape_Timeout_Seconds="0.2")
        counted.let_go()
        answers = [future.result(60) for future in (first, *more)]
    assert value(late[1], "portcheck_probe_late") == 1
    assert value(late[1], "probe_success") == 0
    assert "portcheck_check_success" not in late[1]
    assert {status for status, _ in answers} == {200}
    assert f'portcheck_exporter_runs_total{{forest="{FOREST}"}} 1.0' in one.get("/metrics")[1]


REFUSED = (
    ("/probe", 400),
    ("/probe?target=", 400),
    ("/probe?target=evil.test", 400),
    ("/probe?target=127.0.0.1", 400),
    (f"/probe?target={FOREST}&target={FOREST}", 400),
    (f"/probe?target={FOREST}.", 400),
    (f"/probe?target={FOREST}&profile=graph", 400),
    (f"/probe?target={FOREST}&profile=exchange-online", 400),
    (f"/probe?target={FOREST}&profile=nonsense", 400),
    (f"/probe?target={FOREST}&profile=bare&profile=bare", 400),
    ("/report/evil.test.json", 404),
    (f"/report/{FOREST}.exe", 404),
    ("/report/../../etc/passwd", 404),
    ("/report/%2e%2e%2fetc%2fpasswd.json", 404),
    ("/nothing", 404),
)


def test_a_profile_that_asks_the_forest_alone_need_not_stand_in_the_file(
    served: Server, counted: Counted, tmp_path: Path
) -> None:
    one = served(forests_file(tmp_path, counted.port, answer="100ms"))
    patient = {"X_Prometheus_Scrape_Timeout_Seconds": "60"}
    status, text = one.get(f"/probe?target={FOREST}&profile=ldap-app", **patient)
    assert (status, 'check="ldaps"' in text) == (200, True), text
    assert 'check="ldaps"' not in one.get(f"/probe?target={FOREST}", **patient)[1]


NO_TIME = ("soon", "-1", "0", "nan", "inf", "1e999")


def test_what_is_not_of_the_file_is_refused_and_nobody_is_asked(
    served: Server, counted: Counted, tmp_path: Path
) -> None:
    one = served(forests_file(tmp_path, counted.port))
    for path, status in REFUSED:
        assert one.get(path)[0] == status, path
    for told in NO_TIME:
        assert one.get(f"/probe?target={FOREST}", X_Prometheus_Scrape_Timeout_Seconds=told)[0] == 400, told
    assert counted.came == 0


def test_sighup_reads_the_file_again_and_a_broken_one_keeps_the_old(
    served: Server, counted: Counted, tmp_path: Path
) -> None:
    one = served(forests_file(tmp_path, counted.port, answer="100ms"))
    one.get(f"/probe?target={FOREST}")
    (tmp_path / "forests.toml").write_text("[[forest]]\nnme = 1\n", encoding="utf-8")
    assert "not reloaded" in one.reload()
    assert value(one.get("/metrics")[1], "portcheck_exporter_config_last_reload_successful") == 0
    assert FOREST in one.get("/sd")[1]
    forests_file(tmp_path, counted.port, name="bravo.test")
    assert "reloaded" in one.reload()
    assert "bravo.test" in one.get("/sd")[1]
    assert one.get(f"/probe?target={FOREST}")[0] == 400
    assert one.get(f"/report/{FOREST}.json")[0] == 404


def test_a_sighup_before_it_serves_is_heard_when_it_does(served: Server, counted: Counted, tmp_path: Path) -> None:
    """systemd may ask to reload as soon as the program runs; the words that it serves come before it hears signals."""
    one = served(forests_file(tmp_path, counted.port))
    forests_file(tmp_path, counted.port, name="beta.test")
    assert one.reload() == "portcheck: reloaded\n"
    assert '"beta.test"' in one.get("/sd")[1]


def test_the_page_is_told_of_each_run(served: Server, counted: Counted, tmp_path: Path) -> None:
    one = served(forests_file(tmp_path, counted.port, answer="100ms"))
    with socket.create_connection(("127.0.0.1", one.port), timeout=60) as listening:
        listening.sendall(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
        with listening.makefile("rb") as stream:
            while b": portcheck" not in stream.readline():
                pass
            asking = threading.Thread(target=one.get, args=(f"/probe?target={FOREST}",))
            asking.start()
            while not (line := stream.readline()).startswith(b"data: "):
                assert line
            asking.join()
    assert "mute" in one.get("/matrix")[1]


def test_other_places_are_in_the_page_and_in_the_metrics(served: Server, counted: Counted, tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    config = forests_file(tmp_path, counted.port, answer="100ms")
    one = served(config, "--reports", str(folder), "--name", "here")
    one.get(f"/probe?target={FOREST}")
    out = str(folder / "branch.json")
    run(["check", "-c", str(config), "--name", "branch", "--no-history", "-q", "-f", "json", "-o", out])
    (folder / "torn.json").write_text("{", encoding="utf-8")
    page, own = one.get("/")[1], one.get("/metrics")[1]
    assert "branch" in page
    assert "here" in page
    assert "torn.json is left out" in page
    assert 'portcheck_check_success{vantage="branch"' in own
    assert 'portcheck_vantage_last_report_timestamp_seconds{vantage="branch"}' in own
    assert 'vantage="here"' not in own


def test_the_unit_serves_reloads_and_may_do_nothing_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = forests_file(tmp_path, 389)
    given = ["--config", str(config), "--listen", "[::1]:9464", "--web-config", "web.yml", "--vantage", "dmz 1"]
    assert run(["schedule", "--serve", *given, "--write", str(tmp_path), "--name", "exporter"]) == 0
    assert "enable --now exporter.service" in capsys.readouterr().out
    unit = (tmp_path / "exporter.service").read_text(encoding="utf-8")
    start = next(line for line in unit.splitlines() if line.startswith("ExecStart="))
    assert f'"serve" "--config" "{config}" "--listen" "[::1]:9464" "--web-config"' in start
    assert '"--name" "dmz 1"' in start
    for line in ("Type=exec", "ExecReload=/bin/kill -HUP $MAINPID", "DynamicUser=yes", "ProtectSystem=strict"):
        assert line in unit.splitlines()
    assert "oneshot" not in unit
    if ANALYZE is not None:
        done = subprocess.run(
            [ANALYZE, "verify", "--man=no", str(tmp_path / "exporter.service")], capture_output=True, text=True
        )
        assert not [line for line in done.stderr.splitlines() if "exporter.service" in line], done.stderr


@pytest.mark.parametrize(
    "given", [["--listen", "127.0.0.1:9464"], ["--serve", "alpha.test"], ["--serve", "--write", "/nowhere"]]
)
def test_a_unit_that_makes_no_sense_is_refused(given: list[str], tmp_path: Path) -> None:
    assert run(["schedule", "-c", str(forests_file(tmp_path, 389)), *given]) == 2


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--listen", "nonsense:x"], 2, "--listen"),
        (["--listen", "192.0.2.1:9464"], 3, "--listen 192.0.2.1:9464: no address of this machine"),
        (["--reports", "/nowhere"], 2, "--reports"),
        (["--web-config", "/nowhere"], 2, "/nowhere"),
    ],
)
def test_a_mistake_is_one_line(
    options: list[str], code: int, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["serve", "-c", str(forests_file(tmp_path, 389)), *options]) == code
    said = capsys.readouterr().err
    assert words in said
    assert len(said.splitlines()) == 1
