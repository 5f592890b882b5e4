"""The cloud straight and through real proxies, and the machines around a forest: each obstacle told apart."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import jsonschema
import pytest

from tests.lab.outside import EDGE, INTERNET, NAMES, OTHER, PROXY, Outside
from tests.lab.program import PROJECT, Run

GRAPH, LOGIN = "graph.microsoft.com", "login.microsoftonline.com"
BEHIND = ("--profile", "graph", "--proxy", "proxy.corp.test:3128")
RELAY = "tenant-relay.servicebus.windows.net"


def seen(run: Run, host: str) -> dict[str, Any]:
    """The check of HTTPS on this endpoint."""
    (check,) = [c for c in run.checks if c["host"] == host and c["service"] == "https"]
    return check


def codes(run: Run, part: str = "cloud") -> list[str]:
    assert run.report is not None
    return [finding["code"] for finding in run.report["findings"] if finding["forest"] == part]


def finding(run: Run, code: str) -> dict[str, Any]:
    assert run.report is not None
    return next(finding for finding in run.report["findings"] if finding["code"] == code)


@contextmanager
def behind_a_proxy(lab: Outside) -> Iterator[None]:
    """As in a data centre: nothing but the proxy, and no public names."""
    with lab.only_by_proxy(), lab.without_public_names():
        yield


def test_straight_out_everything_answers_and_no_forest_is_needed(net_outside: Outside) -> None:
    run = net_outside.check("--profile", "graph")
    assert (run.code, codes(run)) == (0, ["forest-ok"])
    assert run.report is not None
    jsonschema.validate(run.report, json.loads((PROJECT / "portcheck/schema/report-1.json").read_text()))
    (part,) = run.report["forests"]
    assert (part["name"], part["profiles"], part["domain_controllers"]) == ("cloud", ["graph"], [])
    graph = seen(run, GRAPH)
    assert (graph["state"], graph["address"], graph["facts"]["peer_address"]) == ("ok", None, INTERNET)
    assert (graph["facts"]["http_status"], graph["facts"]["certificate_trusted"]) == (404, True)
    assert {c["state"] for c in run.checks if c["service"] == "http"} == {"ok", "skipped"}
    (wildcard,) = [c for c in run.checks if c["state"] == "skipped"]
    assert wildcard["host"].startswith("*.")
    assert "role" in wildcard["reason"]


@pytest.mark.parametrize(
    ("action", "state", "fix"),
    [
        ("drop", "filtered", "from 10.78.0.10 to graph.microsoft.com"),
        ("reject with icmp type admin-prohibited", "rejected", "from 10.78.0.10 to graph.microsoft.com"),
    ],
)
def test_straight_out_a_closed_edge_is_found_and_asked_for_by_name(
    net_outside: Outside, action: str, state: str, fix: str
) -> None:
    with net_outside.only_by_proxy(action):
        run = net_outside.check("--profile", "graph")
    assert (run.code, seen(run, GRAPH)["state"]) == (1, state)
    assert codes(run)[0] == "cloud-blocked"
    assert fix in finding(run, "cloud-blocked")["fix"]
    if state == "filtered":
        assert {key: seen(run, GRAPH)["blocked_at"][key] for key in ("after", "hop")} == {"after": EDGE, "hop": 1}


def test_a_real_proxy_that_allows_is_enough_without_any_public_name(net_outside: Outside) -> None:
    with behind_a_proxy(net_outside), net_outside.tinyproxy():
        run = net_outside.check(*BEHIND)
    assert (run.code, codes(run)) == (0, ["forest-ok"])
    facts = seen(run, GRAPH)["facts"]
    assert (facts["proxy"], facts["proxy_status"], facts["certificate_trusted"]) == ("proxy.corp.test:3128", 200, True)
    assert {c["state"] for c in run.checks if c["service"] == "http"} == {"ok", "skipped"}


def test_a_real_proxy_that_refuses_one_endpoint_is_named_with_that_one(net_outside: Outside) -> None:
    names = net_outside.folder / "refused"
    names.write_text("graph\n")
    with behind_a_proxy(net_outside), net_outside.tinyproxy(f'Filter "{names}"'):
        run = net_outside.check(*BEHIND)
    graph, login = seen(run, GRAPH), seen(run, LOGIN)
    assert (graph["state"], graph["verdict"], graph["facts"]["proxy_status"]) == ("rejected", "fail", 403)
    assert (graph["blocked_at"], login["state"]) == ({"by": EDGE}, "ok")
    assert codes(run) == ["cloud-blocked"]
    assert finding(run, "cloud-blocked")["hosts"] == [GRAPH]
    assert (
        "whoever runs the proxy proxy.corp.test:3128: allow graph.microsoft.com" in finding(run, "cloud-blocked")["fix"]
    )


def test_a_real_proxy_that_asks_for_credentials_says_so_and_takes_them(net_outside: Outside) -> None:
    with behind_a_proxy(net_outside), net_outside.tinyproxy("BasicAuth svc Passw0rd"):
        without = net_outside.check(*BEHIND)
        address = f"http://svc:Passw0r%64@{PROXY}"
        given = net_outside.check("--profile", "graph", env={"HTTPS_PROXY": address, "HTTP_PROXY": address})
    asked = seen(without, GRAPH)
    assert (asked["state"], asked["facts"]["proxy_status"]) == ("rejected", 407)
    assert asked["facts"]["proxy_authentication"] == ["Basic"]
    assert "asks for credentials" in asked["reason"]
    assert codes(without) == ["cloud-blocked"]
    assert (given.code, codes(given)) == (0, ["forest-ok"])
    assert "Passw0r" not in given.stdout + given.stderr
    assert "c3Zj" not in given.stdout + given.stderr  # nor in Base64


def test_no_proxy_keeps_an_endpoint_out_of_it(net_outside: Outside) -> None:
    env = {"HTTPS_PROXY": f"http://{PROXY}", "NO_PROXY": "graph.microsoft.com"}
    run = net_outside.check("--profile", "graph", "--only", "https", env=env)  # nobody is at the proxy's address
    assert (seen(run, GRAPH)["state"], seen(run, LOGIN)["state"]) == ("ok", "refused")
    assert "proxy" not in seen(run, GRAPH)["facts"]


OBSTACLES = [
    ("", "refused", {"proxy_reached": False}, "cannot be reached"),
    ("proxy-407", "rejected", {"proxy_authentication": ["Negotiate", "NTLM", "Basic"]}, "asks for credentials"),
    ("proxy-502", "unreachable", {"proxy_status": 502}, "does not reach"),
    ("proxy-none", "mismatch", {"peer_protocol": "SSH"}, "does not answer as a proxy does"),
    ("mute", "mute", {}, "does not answer as a proxy does"),
    ("proxy-cut", "reset", {"proxy_status": 200}, "begin, and then"),
]


@pytest.mark.parametrize(("kind", "state", "facts", "words"), OBSTACLES, ids=[kind or "none" for kind, *_ in OBSTACLES])
def test_each_obstacle_at_the_proxy_is_told_apart(
    net_outside: Outside, kind: str, state: str, facts: dict[str, object], words: str
) -> None:
    with ExitStack() as stack:
        stack.enter_context(behind_a_proxy(net_outside))
        if kind:
            stack.enter_context(net_outside.serving(net_outside.edge, f"{kind} {PROXY}"))
        run = net_outside.check(*BEHIND, "--only", "https")
    check = seen(run, GRAPH)
    assert check["state"] == state, check["reason"]
    assert {key: check["facts"].get(key) for key in facts} == facts
    assert (run.code, codes(run)) == (1, ["cloud-blocked"])
    assert words in finding(run, "cloud-blocked")["explanation"]


@pytest.mark.parametrize("by_proxy", [True, False], ids=["a proxy", "the edge itself"])
def test_tls_that_is_signed_anew_names_who_signed(net_outside: Outside, by_proxy: bool) -> None:
    forged = net_outside.stranger.issue(NAMES, label="resigned")
    with ExitStack() as stack:
        if by_proxy:
            stack.enter_context(behind_a_proxy(net_outside))
        kind, port = ("proxy-sign", 3128) if by_proxy else ("https", 8443)
        row = f"{kind} {EDGE}:{port} {forged.certificate} {forged.key}"
        stack.enter_context(net_outside.serving(net_outside.edge, row))
        if not by_proxy:
            stack.enter_context(net_outside.inspecting(8443))
        run = net_outside.check(*(BEHIND if by_proxy else BEHIND[:2]), "--only", "https")
    check = seen(run, GRAPH)
    assert (check["state"], check["verdict"]) == ("ok", "fail")
    assert (check["facts"]["tls_intercepted"], check["facts"]["certificate_issuer"]) == (True, "CN=proxy-authority")
    assert (run.code, codes(run)) == (1, ["tls-intercepted"])
    assert "CN=proxy-authority" in finding(run, "tls-intercepted")["explanation"]


def test_a_proxy_that_this_machine_trusts_to_sign_is_no_fault(net_outside: Outside) -> None:
    forged = net_outside.stranger.issue(NAMES, label="resigned")
    row = f"proxy-sign {PROXY} {forged.certificate} {forged.key}"
    trusted = {"SSL_CERT_FILE": str(net_outside.stranger.file)}
    with behind_a_proxy(net_outside), net_outside.serving(net_outside.edge, row):
        run = net_outside.check(*BEHIND, "--only", "https", env=trusted)
    assert (run.code, codes(run)) == (0, ["forest-ok"])
    assert "CN=proxy-authority" in seen(run, GRAPH)["reason"]


def test_without_public_names_and_without_a_proxy_it_says_so(net_outside: Outside) -> None:
    with net_outside.without_public_names():
        run = net_outside.check("--profile", "graph", "--only", "https")
    assert (seen(run, GRAPH)["state"], codes(run)[0]) == ("unresolved", "cloud-blocked")
    assert "no proxy is set" in finding(run, "cloud-blocked")["explanation"]


FORESTS = f"""
[defaults]
profiles = ["entra-connect"]
[[forest]]
name = "corp.test"
domain_controllers = [{{ host = "dc1.corp.test", address = "{OTHER}" }}]
[[forest.system]]
role = "cloud"
host = "{RELAY}"
proxy = "http://{PROXY}"
[[forest]]
name = "other.test"
domain_controllers = [{{ host = "dc1.other.test", address = "{OTHER}" }}]
"""


def test_two_forests_ask_the_cloud_once_and_a_wildcard_by_the_host_that_was_named(net_outside: Outside) -> None:
    refused = net_outside.folder / "refused"
    refused.write_text("tenant-relay\n")
    with net_outside.tinyproxy(f'Filter "{refused}"'):
        run = net_outside.check("--only", "cloud", config=FORESTS)
    assert run.report is not None
    assert [part["name"] for part in run.report["forests"]] == ["cloud"]
    assert len({c["id"] for c in run.checks}) == len(run.checks)
    relay, login = seen(run, RELAY), seen(run, LOGIN)
    assert (relay["facts"]["proxy_status"], relay["verdict"]) == (403, "warn")
    assert (login["state"], "proxy" in login["facts"]) == ("ok", False)
    assert "event-pwreset-32002" in finding(run, "cloud-blocked")["errors"]


SYSTEMS = f"""
[[forest]]
name = "corp.test"
domain_controllers = [{{ host = "dc1.corp.test", address = "{OTHER}" }}]
profiles = ["mim-service", "adfs"]
ca_file = "%s"
[[forest.system]]
role = "mim"
host = "mim1.corp.test"
[[forest.system]]
role = "sql"
host = "sql1.corp.test"
port = 14330
[[forest.system]]
role = "sql"
host = "sql2.corp.test"
[[forest.system]]
role = "adfs"
host = "sts.corp.test"
"""


def test_the_machines_around_a_forest_answer_in_their_own_protocols(net_outside: Outside) -> None:
    config = SYSTEMS % net_outside.authority.file
    run = net_outside.check("--skip", "cloud,dc", "--no-trace", config=config)
    told = {(c["host"], c["service"]): c for c in run.checks}
    mim, sts = told["mim1.corp.test", "mim-service"], told["mim1.corp.test", "mim-sts"]
    strict, plain = told["sql1.corp.test", "mssql"], told["sql2.corp.test", "mssql"]
    assert (mim["state"], mim["address"], mim["facts"]["http_status"]) == ("ok", OTHER, 404)
    assert (sts["state"], sts["facts"]["framing"]) == ("ok", "EndpointNotFound")
    assert (plain["state"], plain["facts"]["sql_version"], plain["facts"]["sql_encryption"]) == (
        "ok",
        "16.0.1000",
        "on",
    )
    assert (strict["port"], strict["state"], strict["facts"]["sql_encryption"]) == (14330, "ok", "strict")
    assert told["sts.corp.test", "https"]["facts"]["certificate_trusted"] is True
    assert told["sts.corp.test", "https"]["required"] is False  # clients open it, not this machine
    assert told["sync", "rpc"]["state"] == "skipped"
    assert run.report is not None
    assert [dc["host"] for dc in run.report["forests"][0]["domain_controllers"]] == []


def test_a_blocked_mim_service_has_its_finding_and_the_error_that_users_see(net_outside: Outside) -> None:
    config = SYSTEMS % net_outside.authority.file
    with net_outside.only_by_proxy("tcp dport 5725 drop"):
        run = net_outside.check("--only", "mim-service,mim-sts", config=config)
    assert codes(run, "corp.test") == ["mim-service-blocked"]
    blocked = finding(run, "mim-service-blocked")
    assert blocked["errors"] == ["stopped-server"]
    assert f"to {OTHER} (mim1.corp.test)" in blocked["fix"]


def test_amqp_of_the_relay_is_asked_straight_whatever_the_proxy(net_outside: Outside) -> None:
    config = FORESTS.replace('["entra-connect"]', '["mim-service"]').replace(f'proxy = "http://{PROXY}"\n', "")
    run = net_outside.check("--only", "amqps", "--proxy", PROXY, config=config)
    (relay,) = run.checks
    assert (relay["host"], relay["port"], relay["state"]) == (RELAY, 5671, "ok")
    assert (relay["facts"]["amqp_version"], "proxy" in relay["facts"]) == ("1.0.0", False)


def test_pcns_is_not_asked_from_elsewhere_and_says_whose_way_it_is(net_outside: Outside) -> None:
    target = ("corp.test", "--profile", "pcns", "--system", "sync=sts.corp.test", "--no-trace")
    run = net_outside.check(*target, config=FORESTS)
    told = {c["service"]: c for c in run.checks}
    assert told["rpc"]["state"] == told["tcp"]["state"] == "skipped"
    assert "opened by the domain controllers" in told["rpc"]["reason"]
    assert "reverse-direction" in codes(run, "corp.test")


def test_a_proxy_in_the_perimeter_asks_the_federation_service_and_nobody_else(net_outside: Outside) -> None:
    target = ("corp.test", "--profile", "wap", "--system", "adfs=sts.corp.test", "--no-trace")
    run = net_outside.check(*target, config=FORESTS)
    assert [(c["host"], c["service"], c["port"]) for c in run.checks] == [("sts.corp.test", "https", 443)]
    with net_outside.only_by_proxy("tcp dport 443 drop"):
        shut = net_outside.check(*target, config=FORESTS)
    assert shut.code == 1
    assert finding(shut, "https-blocked")["breaks"] == ["sign-in through the proxy"]


IDLE = """
import asyncio, sys
from portcheck.catalogue.profiles import built_in
from portcheck.config import Settings, parse_proxy
from portcheck.render import FORMATS
from portcheck.render.shared.options import Options
from portcheck.targets.checks import Selection
from portcheck.run.runner import Order, run

settings = Settings(proxy=parse_proxy("proxy.corp.test:3128"))
only = Selection(only=frozenset({"https"}))
order = Order((), settings, only, machine=(built_in()["graph"],), idle_s=30.0)
report = asyncio.run(run(order, lambda event: None))
sys.stdout.write(FORMATS["json"](report, Options()))
"""


def test_a_proxy_that_forgets_quiet_tunnels_is_found_in_a_whole_run(net_outside: Outside) -> None:
    with behind_a_proxy(net_outside), net_outside.tinyproxy(idle_s=1):
        run = net_outside.vantage.python("-c", IDLE)
    assert codes(run) == ["proxy-idle-timeout"], run.stderr
    assert sum("tunnel_lost_s" in c["facts"] for c in run.checks) == 1  # one of each proxy is enough
    assert "more than five minutes" in finding(run, "proxy-idle-timeout")["fix"]


def test_a_saved_run_answers_for_the_errors_that_users_see(net_outside: Outside) -> None:
    forged = net_outside.stranger.issue(NAMES, label="resigned")
    saved = net_outside.vantage.home / "inspected.json"
    asked = ("other.test", "--only", "cloud", "--save", str(saved))
    config = FORESTS.replace(f'proxy = "http://{PROXY}"\n', "")
    row = f"https {EDGE}:8443 {forged.certificate} {forged.key}"
    with net_outside.serving(net_outside.edge, row), net_outside.inspecting(8443):
        run = net_outside.check(*asked, config=config)
    assert "event-pwreset-31034" in finding(run, "tls-intercepted")["errors"]
    told = net_outside.vantage.python("-m", "portcheck", "explain", "31034", "--report", str(saved), "--json")
    (error,) = [e for e in json.loads(told.stdout)["errors"] if e["name"] == "event-pwreset-31034"]
    standing = {cause["condition"]: cause["standing"] for cause in error["weighed"]}
    assert (standing["certificate"], standing["inspection"]) == ("holds", "holds")  # either way it is not trusted here
