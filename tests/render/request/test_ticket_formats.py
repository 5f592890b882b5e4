"""Each format of a change request: its real parser takes it, it opens exactly the request, and no word breaks out."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
from markdown_it import MarkdownIt

from portcheck.model import Need
from portcheck.render.request import FORMATS, THROUGH_AERLEON
from portcheck.render.request.through_aerleon import FormatError, definitions, policy
from portcheck.request.flow import Ticket
from tests.render.request import reading_back
from tests.request.requests import flow, mixed, opened, ticket, wanted

MIXED = ticket(*mixed())
FOUR = ticket(*(one for one in mixed() if one.family == 4))
HOSTILE = "dc1'; \"$(Remove-Item C:\\)`\u2019 | --> */ } {{ \u202e\x1b[31m\n=cmd|' /C calc'!A0"
NASTY = ticket(
    flow(host=HOSTILE, service="ldap", purpose=HOSTILE, operations=(HOSTILE,), why=HOSTILE, evidence=HOSTILE),
    basis=HOSTILE,
    questions=(HOSTILE,),
    left_out=(HOSTILE,),
)
NFT = shutil.which("nft", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
needs_nft = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0 or NFT is None, reason="nft needs root on Linux, in a namespace"
)


def render(name: str, of: Ticket = MIXED) -> str:
    if name in THROUGH_AERLEON:
        pytest.importorskip("aerleon")
    return FORMATS[name](of)


def loaded(text: str) -> str:
    """What nft has of it, in a network namespace of its own that ends with it."""
    script = f"{NFT} -c -f - <<'END'\n{text}\nEND\n{NFT} -f - <<'END'\n{text}\nEND\n{NFT} -j list ruleset"
    run = subprocess.run(["unshare", "--net", "sh", "-ec", script], capture_output=True, text=True, timeout=180)
    assert run.returncode == 0, run.stderr
    return run.stdout


@needs_nft
@pytest.mark.parametrize("stateless", [False, True])
def test_nft_takes_the_rules_and_they_open_the_request_and_nothing_else(stateless: bool) -> None:
    listed = loaded(render("nftables", ticket(*mixed(), stateless=stateless, whole=True)))
    assert reading_back.nftables(listed) == wanted(mixed()) == opened(MIXED.rules)
    (chain,) = [row["chain"] for row in json.loads(listed)["nftables"] if "chain" in row]
    assert chain["policy"] == "drop"
    assert ("established" in listed) is not stateless


@needs_nft
def test_loading_it_twice_leaves_it_as_it_is() -> None:
    text = render("nftables", ticket(*mixed(), whole=True))
    assert reading_back.nftables(loaded(text + text)) == wanted(mixed())
    assert loaded(text + text).count('"rule"') == loaded(text).count('"rule"')


@needs_nft
@pytest.mark.parametrize("stateless", [False, True])
def test_rules_for_a_router_cut_nothing_that_they_do_not_know(stateless: bool) -> None:
    for own in (
        "",
        "table inet filter {\nchain forward {\ntype filter hook forward priority 0; policy accept;\n}\n}\n",
    ):
        listed = json.loads(loaded(own + render("nftables", ticket(*mixed(), stateless=stateless))))["nftables"]
        chains = [row["chain"] for row in listed if "chain" in row]
        assert [(c["table"], c["name"], c.get("policy")) for c in chains] == [
            ("filter", "forward", "accept" if own else None)
        ]
        verdicts = {key for row in listed if "rule" in row for part in row["rule"]["expr"] for key in part}
        assert not {"drop", "reject", "jump", "goto"} & verdicts
        assert reading_back.nftables(json.dumps({"nftables": listed})) == wanted(mixed())


@needs_nft
@pytest.mark.parametrize("whole", [False, True])
def test_a_request_without_rules_is_no_ruleset(whole: bool) -> None:
    assert len(json.loads(loaded(render("nftables", ticket(whole=whole))))["nftables"]) == 1  # nft's own line


@needs_nft
def test_the_rules_go_into_a_chain_of_the_users_before_what_it_has() -> None:
    own = "table inet filter {\nchain forward {\ntype filter hook forward priority 0; policy drop;\ndrop\n}\n}\n"
    listed = loaded(own + render("nftables", ticket(*mixed(), into="inet filter forward")))
    assert reading_back.nftables(listed) == wanted(mixed())
    rules = [row["rule"] for row in json.loads(listed)["nftables"] if "rule" in row]
    assert rules[-1]["expr"] == [{"drop": None}]


@needs_nft
def test_what_a_report_brings_along_is_no_nft() -> None:
    assert reading_back.nftables(loaded(render("nftables", NASTY))) == wanted([flow()])


def test_without_state_the_way_back_opens_no_connection_the_other_way() -> None:
    text = render("nftables", ticket(flow(), flow(transport="udp"), stateless=True))
    assert "ct state" not in text
    back = [line for line in text.splitlines() if "sport" in line]
    assert len(back) == 2
    assert all("saddr 10.77.1.10 ip daddr 10.77.0.10" in line for line in back)
    assert "tcp flags & (syn | ack) != syn" in next(line for line in back if " tcp " in line)


# ---- PowerShell


def commands(text: str) -> list[list[str]]:
    """The commands of the script as its grammar reads them: name and arguments; an error of the grammar fails."""
    grammar = pytest.importorskip("tree_sitter_powershell")
    tree_sitter = pytest.importorskip("tree_sitter")
    source = text.encode()
    tree = tree_sitter.Parser(tree_sitter.Language(grammar.language())).parse(source)
    assert not tree.root_node.has_error, tree.root_node
    found = []

    def walk(node: object) -> None:
        if node.type == "command":  # type: ignore[attr-defined]
            found.append(source[node.start_byte : node.end_byte].decode().split(" ")[:1])  # type: ignore[attr-defined]
        for child in node.children:  # type: ignore[attr-defined]
            walk(child)

    walk(tree.root_node)
    return found


# New-NetFirewallRule, NetSecurity module, Windows Server 2022
PARAMETERS = {
    "DisplayName", "Group", "Description", "Direction", "Action", "Profile", "Protocol", "LocalAddress",
    "RemoteAddress", "LocalPort", "RemotePort",
}  # fmt: skip


@pytest.mark.parametrize("of", [MIXED, NASTY], ids=["mixed", "nasty"])
def test_powershells_grammar_takes_it_and_finds_no_other_command(of: Ticket) -> None:
    text = render("powershell", of)
    found = commands(text)
    assert {name for (name,) in found} == {"New-NetFirewallRule"}
    assert len(found) == 2 * sum(len(rule.transports) for rule in of.rules)
    lines = [line for line in text.splitlines() if not line.startswith("#") and line]
    assert len(lines) == len(found)
    for line in lines:
        bare = re.sub(r"'(?:[^']|'')*'", "''", line)
        assert set(re.findall(r" -(\w+) ", bare)) <= PARAMETERS
        assert not set('$`;|(){}"') & set(bare)


def test_a_quote_of_any_kind_is_doubled_for_powershell() -> None:
    from portcheck.render.request.powershell import quoted

    assert quoted("a'b\u2019c\u2018d") == "'a''b\u2019\u2019c\u2018\u2018d'"


@pytest.mark.parametrize("direction", ["Inbound", "Outbound"])
def test_both_windows_ends_open_the_request_and_nothing_else(direction: str) -> None:
    assert reading_back.powershell(render("powershell"), direction) == wanted(mixed())


# ---- Azure

RULE = {  # Microsoft.Network/networkSecurityGroups, SecurityRulePropertiesFormat
    "type": "object",
    "required": ["name", "properties"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "pattern": "^[A-Za-z0-9]([A-Za-z0-9_.-]{0,78}[A-Za-z0-9_])?$"},
        "properties": {
            "type": "object",
            "required": ["access", "direction", "priority", "protocol"],
            "additionalProperties": False,
            "properties": {
                "description": {"type": "string", "maxLength": 140},
                "access": {"enum": ["Allow", "Deny"]},
                "direction": {"enum": ["Inbound", "Outbound"]},
                "priority": {"type": "integer", "minimum": 100, "maximum": 4096},
                "protocol": {"enum": ["*", "Ah", "Esp", "Icmp", "Tcp", "Udp"]},
                "sourcePortRange": {"const": "*"},
                **{f"{end}AddressPrefix": {"type": "string"} for end in ("source", "destination")},
                **{f"{end}AddressPrefixes": {"type": "array", "minItems": 2} for end in ("source", "destination")},
                "destinationPortRange": {"type": "string", "pattern": "^[0-9]+(-[0-9]+)?$"},
                "destinationPortRanges": {"type": "array", "items": {"pattern": "^[0-9]+(-[0-9]+)?$"}},
            },
        },
    },
}


@pytest.mark.parametrize("of", [MIXED, NASTY], ids=["mixed", "nasty"])
def test_each_azure_rule_has_the_properties_that_azure_knows(of: Ticket) -> None:
    for group in json.loads(render("azure-nsg", of))["resources"]:
        assert group["type"] == "Microsoft.Network/networkSecurityGroups"
        rules = group["properties"]["securityRules"]
        for rule in rules:
            jsonschema.validate(rule, RULE)
            ends = {end: rule["properties"].get(f"{end}AddressPrefix") for end in ("source", "destination")}
            assert None not in ends.values() or "AddressPrefixes" in json.dumps(rule)
        assert len({rule["name"] for rule in rules}) == len(rules)
        assert len({rule["properties"]["priority"] for rule in rules}) == len(rules)


def test_a_thousand_azure_rules_still_have_priorities_of_their_own() -> None:
    many = ticket(*(flow(f"10.1.{n // 250}.{n % 250 + 1}", 1000 + n) for n in range(1000)))
    (group, _) = json.loads(render("azure-nsg", many))["resources"]
    priorities = [rule["properties"]["priority"] for rule in group["properties"]["securityRules"]]
    assert len(set(priorities)) == 1000
    assert max(priorities) <= 4096


@pytest.mark.parametrize("group", ["portcheck-source", "portcheck-destination"])
def test_azure_opens_the_request_and_nothing_else(group: str) -> None:
    assert reading_back.azure(render("azure-nsg"), group) == wanted(mixed())


# ---- through aerleon


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("cisco", reading_back.cisco),
        ("cisconx", reading_back.cisco),
        ("ciscoxr", reading_back.cisco),
        ("arista", reading_back.cisco),
        ("juniper", reading_back.juniper),
        ("srx", reading_back.srx),
        ("paloalto", reading_back.paloalto),
    ],
)
def test_what_aerleon_writes_opens_the_request_and_nothing_else(
    name: str, read: Callable[[str], set[reading_back.Pair]]
) -> None:
    assert read(render(name)) == wanted(mixed())


def test_asa_has_all_of_ipv4_and_says_that_ipv6_is_not_in_it() -> None:
    text = render("ciscoasa")
    assert reading_back.cisco(text) == wanted(one for one in mixed() if one.family == 4)
    six = next(rule.name for rule in MIXED.rules if rule.family == 6)
    assert f"NOT IN HERE: {six}" in text
    assert "NOT IN HERE" not in render("ciscoasa", FOUR)


@pytest.mark.parametrize("name", THROUGH_AERLEON)
def test_aerleons_own_check_finds_a_rule_for_each_pair_and_none_for_others(name: str) -> None:
    api, naming = pytest.importorskip("aerleon.api"), pytest.importorskip("aerleon.lib.naming")
    known = naming.Naming()
    known.ParseDefinitionsObject(definitions(FOUR), "")
    made = policy(FOUR, name)

    def lets_through(source: str, destination: str, transport: str, port: int) -> bool:
        return bool(api.AclCheck(made, known, source, destination, "1", str(port), transport))

    for one in FOUR.flows:
        assert lets_through(one.source, one.destination, one.ports.transport, one.ports.low)
    for source, destination, transport, port in (
        ("10.77.0.10", "10.77.1.10", "tcp", 50000),
        ("10.77.0.10", "10.77.1.11", "udp", 464),
        ("10.77.0.10", "10.77.2.10", "tcp", 389),
        ("10.77.0.11", "10.77.1.10", "tcp", 389),
        ("10.77.1.11", "10.77.0.10", "tcp", 135),
    ):
        assert not lets_through(source, destination, transport, port)


@pytest.mark.parametrize("name", ["cisco", "cisconx", "ciscoxr", "arista", "juniper"])
def test_a_platform_without_state_lets_answers_back_and_no_more(name: str) -> None:
    text = render(name, ticket(flow(), flow(transport="udp")))
    assert "established" in text
    assert "answers to R1" in text
    assert "icmp" in text
    assert "icmp" in render(name, ticket(flow("fd77:0:0:12::10")))


@pytest.mark.parametrize("name", ["ciscoasa", "srx", "paloalto"])
def test_a_platform_with_state_needs_no_way_back(name: str) -> None:
    assert "answers to" not in render(name, FOUR)


@pytest.mark.parametrize("name", THROUGH_AERLEON)
def test_what_goes_into_a_device_takes_nothing_away_and_forbids_nothing(name: str) -> None:
    text = re.sub(r"/\*.*?\*/|<!--.*?-->|^!.*?$|remark .*?$", "", render(name), flags=re.DOTALL | re.MULTILINE)
    words = set(re.findall(r"[a-z-]+", text))
    assert not words & {"no", "clear", "delete", "replace", "deny", "discard", "drop", "reject", "default-policy"}
    assert words & {"permit", "accept", "allow"}


CISCO_ACL = {"cisco": "ios", "cisconx": "nxos"}


@pytest.mark.parametrize("name", CISCO_ACL)
def test_another_reader_of_access_lists_finds_the_same_in_ours(name: str) -> None:
    """cisco-acl reads IPv4 lists of IOS and NX-OS, written by people who do not know aerleon."""
    cisco_acl = pytest.importorskip("cisco_acl")
    each = re.compile(r"^(ip access-list .*?)(?=^(?:ip|ipv6) access-list |\Z)", re.DOTALL | re.MULTILINE)
    lists = each.findall(render(name, FOUR))
    assert lists
    found: set[reading_back.Pair] = set()
    for text in lists:
        kept = "\n".join(line for line in text.splitlines() if line.strip() and not line.startswith("!"))
        for ace in cisco_acl.Acl(kept, platform=CISCO_ACL[name]).items:
            if getattr(ace, "action", "") == "permit" and ace.dstport.line:
                ends = (str(ace.srcaddr.ipnet), str(ace.dstaddr.ipnet))
                ports = [str(port) for port in ace.dstport.ports]
                found |= reading_back.spread([ends[0]], [ends[1]], ace.protocol.name, ports)
    assert found == wanted(one for one in mixed() if one.family == 4)


@pytest.mark.parametrize("name", ["srx", "juniper"])
def test_comments_end_where_they_began_and_braces_match(name: str) -> None:
    text = render(name)
    code = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    assert "/*" not in code
    assert "*/" not in code
    assert code.count("{") == code.count("}") > 0
    for kept in ("policies",) if name == "srx" else ("filter",):
        assert kept in code


@pytest.mark.parametrize("name", [*FORMATS])
def test_options_are_named_as_they_are_typed(name: str) -> None:
    text = render(name, ticket(flow(dynamic=True, service="rpc-samr")))
    assert "- -rpc" not in text


def test_what_is_not_in_a_rule_is_said_in_every_format() -> None:
    bare = replace(MIXED, left_out=("graph.microsoft.com 443/tcp: by name",))
    for name in FORMATS:
        assert "graph.microsoft.com 443/tcp" in " ".join(render(name, bare).replace("\\", "").split()), name
    untested = replace(ticket(), planned=True, left_out=bare.left_out)
    for name in FORMATS:
        assert "no path in it is blocked" not in render(name, untested), name


def test_a_source_is_listed_once_and_a_condition_is_no_need() -> None:
    text = render(
        "markdown", ticket(flow(dynamic=True, document="RPC-STATIC", need=Need.CONDITIONAL, service="rpc-samr"))
    )
    assert text.count("Restrict AD RPC traffic to a specific port: ") == 1
    assert "| only where it applies |" in text
    assert "| needed |" not in text


def test_pinning_speaks_of_whose_ports_they_are() -> None:
    controllers = render("markdown", ticket(flow(dynamic=True, service="rpc-samr")))
    server = render("markdown", ticket(flow(dynamic=True, service="tcp")))
    assert "NTDS" in controllers
    assert "NTDS" not in server
    assert "UseInternetPorts" in server


@pytest.mark.parametrize("name", [*FORMATS])
def test_nothing_to_ask_for_is_said_in_every_format(name: str) -> None:
    text = render(name, ticket())
    if name not in {"csv", "json", "azure-nsg"}:
        assert "Nothing is asked for" in " ".join(text.split())
    if name in {"json", "azure-nsg"}:
        assert json.loads(text)


@pytest.mark.parametrize("name", [*FORMATS])
def test_a_configuration_says_that_it_is_a_candidate_and_words_stay_words(name: str) -> None:
    text = render(name, NASTY)
    if name != "csv":
        assert "andidate" in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    if name not in {"markdown", "csv"}:
        assert text.isascii()
    if name == "paloalto":
        assert reading_back.paloalto(text) == wanted([flow()])


def test_without_aerleon_the_user_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aerleon", None)
    with pytest.raises(FormatError, match=re.escape(f"{sys.executable} -m pip install aerleon")):
        FORMATS["cisco"](MIXED)


# ---- for people and programs


def test_the_csv_has_a_row_for_each_path_and_no_formula() -> None:
    rows = list(csv.DictReader(io.StringIO(render("csv"))))
    assert len(rows) == len(mixed())
    assert {(row["source"], row["destination"], row["transport"], row["ports"]) for row in rows} == {
        (one.source, one.destination, one.ports.transport, one.ports.numbers) for one in mixed()
    }
    nasty = ticket(flow(host="=1+1", purpose="@SUM(A1)", why="-2"))
    cells = [cell for row in csv.reader(io.StringIO(render("csv", nasty))) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


@pytest.mark.parametrize("of", [MIXED, NASTY, ticket()], ids=["mixed", "nasty", "nothing"])
def test_the_json_is_as_its_schema_says(of: Ticket) -> None:
    schema = json.loads((files("portcheck") / "schema" / "request-1.json").read_text(encoding="utf-8"))
    jsonschema.validate(json.loads(render("json", of)), schema)


def test_the_json_opens_the_request_and_tells_why() -> None:
    document = json.loads(render("json"))
    assert document["schema"] == "portcheck.request/1"
    pairs = {
        (source, destination, ports["transport"], number)
        for rule in document["rules"]
        for source in rule["sources"]
        for destination in rule["destinations"]
        for ports in rule["ports"]
        for number in range(ports["from"], ports["to"] + 1)
    }
    assert pairs == wanted(mixed())
    first = document["rules"][0]["flows"][0]
    assert first["document"].startswith("Service overview")
    assert first["evidence"] == "filtered: no answer"


@pytest.mark.parametrize("of", [MIXED, NASTY], ids=["mixed", "nasty"])
def test_a_markdown_parser_finds_the_tables_and_no_other_markup(of: Ticket) -> None:
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(render("markdown", of))
    kinds = {token.type for token in tokens} | {c.type for t in tokens for c in t.children or ()}
    assert not kinds & {"html_block", "image", "link_open", "code_block", "fence", "code_inline"}
    rows = [token for token in tokens if token.type == "tr_open"]
    cells = [token for token in tokens if token.type in {"td_open", "th_open"}]
    of_a_rule = {(f.ports, f.service, f.need, f.operations, f.why) for rule in of.rules for f in rule.flows}
    assert len(rows) >= 1 + 2 * len(of.rules) + len(of_a_rule)
    assert len(cells) == 5 * (1 + len(of.rules)) + 7 * (len(rows) - 1 - len(of.rules))
    inline = {c.content for t in tokens for c in t.children or () if c.type == "html_inline"}
    assert inline <= {"<br>"}


def test_the_ticket_reads_well_and_is_as_it_was_reviewed() -> None:
    golden = Path(__file__).parent / "golden" / "request.md"
    assert render("markdown", ticket(*mixed(), questions=("Is dc3 still in use?",), left_out=("a, b",))) == (
        golden.read_text(encoding="utf-8")
    )


def test_the_windows_rules_are_as_they_were_reviewed_against_the_documentation() -> None:
    golden = Path(__file__).parent / "golden" / "request.ps1"
    assert render("powershell") == golden.read_text(encoding="utf-8")
