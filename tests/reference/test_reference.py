"""The generated pages say what the code says; where one does not, the test names the file and the command to run."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import get_type_hints

import pytest
from reference import json_report, make, own_words, samples
from reference.exit_codes import table

from portcheck.catalogue.profiles import built_in
from portcheck.cli.app import COMMANDS, GROUPS, run
from portcheck.cli.targets import known_services
from portcheck.config import ConfigError, Settings, load
from portcheck.config.reference import DEFAULTS, FOREST, TABLES
from portcheck.exitcodes import EVERY, OWN, PLUGIN, meanings

PACKAGE = make.ROOT / "portcheck"
READS = {"flag", "text", "texts", "number"}
"""`diagnose.told`: how a rule reads a fact, `number(outcome, "rtt_ms")`."""


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return make.texts()


MADE = ["docs/commands.md", "docs/forests-file.md", "docs/json.md", "README.md", "portcheck/catalogue/own.toml"]


@pytest.mark.parametrize("name", MADE)
def test_a_page_is_as_the_code_has_it(name: str, pages: dict[str, str]) -> None:
    there = make.ROOT / name
    same = there.exists() and there.read_text(encoding="utf-8") == pages[name]
    assert same, f"{name} is not what the code says: run .venv-tests/bin/{make.COMMAND}"


def test_a_finding_without_a_word_gets_one_of_its_title() -> None:
    assert (
        own_words.word("{forest}: {services} on {hosts} cut by {what}") == "the service on a controller cut by the what"
    )
    text = (make.ROOT / "portcheck/catalogue/own.toml").read_text(encoding="utf-8")
    without = re.sub(r"(?m)^time-skew = .*\n", "", text)
    assert "time-skew" not in tomllib.loads(without)["finding"]
    told = tomllib.loads(own_words.page(without))
    assert told["finding"]["time-skew"]
    assert [*told] == [*tomllib.loads(text)]
    assert own_words.page(own_words.page(without)) == own_words.page(without)


def test_the_readme_shows_every_sample_once_and_no_other() -> None:
    shown = re.findall(r"<!-- sample ([a-z-]+) -->", (make.ROOT / "README.md").read_text(encoding="utf-8"))
    assert sorted(shown) == sorted(samples.SAMPLES)


def test_a_sample_that_drifts_is_noticed() -> None:
    readme = (make.ROOT / "README.md").read_text(encoding="utf-8")
    assert samples.filled(readme.replace("464 tcp+udp blocked", "464 tcp blocked")) == samples.filled(readme)
    assert "464 tcp+udp blocked" in readme


def test_every_command_has_its_exit_codes() -> None:
    single = {name.partition(" ")[0] for name in OWN}
    assert single == {*COMMANDS, *GROUPS, PLUGIN}
    for name in OWN:
        assert f"`{name}`" in table()
        assert set(meanings(name)) >= ({0, 2, 3, 130} if name != PLUGIN else {0, 1, 2, 3})
    assert 0 not in EVERY


def test_a_command_tells_its_exit_codes_in_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["diff", "--help"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Examples: portcheck diff before.json after.json" in said
    assert "Exit codes: 0 nothing changed; 1 something changed; 2 a run cannot be read or compared" in said


@pytest.mark.parametrize("one", TABLES, ids=lambda one: one.header)
def test_every_key_is_documented_once_and_in_words(one: object) -> None:
    names = one.names  # type: ignore[attr-defined]
    assert len(set(names)) == len(names)
    assert all(key.meaning.endswith(".") and key.kind for key in one.keys)  # type: ignore[attr-defined]


def test_every_documented_default_is_a_setting() -> None:
    fields = set(get_type_hints(Settings))
    assert {field.removesuffix("_s") for field in fields} == set(DEFAULTS.names)


@pytest.mark.parametrize("key", [*DEFAULTS.names, *FOREST.names])
def test_a_documented_key_is_known_to_the_reader(tmp_path: Path, key: str) -> None:
    file = tmp_path / "forests.toml"
    header = "[defaults]" if key in DEFAULTS.names else '[[forest]]\nname = "a.test"'
    file.write_text(f"{header}\n{key} = 2020-01-01\n" if key != "name" else "[[forest]]\nname = 1\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(file, built_in(), known_services())
    assert "unknown key" not in str(caught.value)


def documented() -> set[str]:
    return {key for _, keys in json_report.facts() for key in keys}


def test_every_fact_that_a_rule_reads_is_documented() -> None:
    read = {
        node.args[1].value
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in READS
        if len(node.args) > 1 and isinstance(node.args[1], ast.Constant)
    }
    assert len(read) > 50
    assert read - documented() == set()


def keys(told: ast.expr | None) -> Iterator[str]:
    """The keys of `{"key": ..., **more} | {"other": ...}`."""
    match told:
        case ast.Dict():
            yield from (key.value for key in told.keys if isinstance(key, ast.Constant))  # type: ignore[misc]
        case ast.BinOp():
            yield from (*keys(told.left), *keys(told.right))
        case ast.IfExp():
            yield from (*keys(told.body), *keys(told.orelse))


def told_by(module: Path) -> Iterator[str]:
    """The keys that it gives to a `Seen`, to an argument `facts` or to what is called so."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        match node:
            case ast.Call():
                seen = node.args[:1] if getattr(node.func, "id", "") == "Seen" else []
                for given in (*seen, *(word.value for word in node.keywords if word.arg == "facts")):
                    yield from keys(given)
            case ast.Assign(targets=[ast.Subscript(value=whose, slice=ast.Constant(value=str(key)))]):
                yield from [key] if is_facts(whose) else []
            case ast.Assign(targets=[target]) | ast.AnnAssign(target=target) | ast.AugAssign(target=target):
                yield from keys(node.value) if is_facts(target) else ()


def is_facts(node: ast.expr) -> bool:
    return getattr(node, "id", getattr(node, "attr", "")) == "facts"


@pytest.mark.parametrize("room", ["probes", "net", "investigate", "signin", "run", "targets"])
def test_every_fact_that_is_told_is_documented(room: str) -> None:
    told = {key: path.name for path in (PACKAGE / room).rglob("*.py") for key in told_by(path)}
    unsaid = {key: file for key, file in told.items() if key not in documented()}
    assert unsaid == {}, f"portcheck/schema/facts.toml: no line for {', '.join(unsaid)}"


def test_a_fact_that_is_told_is_found(tmp_path: Path) -> None:
    """However it is told; what stands in a value, or in another dictionary, is no fact's name."""
    module = tmp_path / "probe.py"
    module.write_text(
        'facts: Facts = {"a": {"inner": 1}}\nfacts |= {"b": 1} if x else {"c": 1}\ntrail.facts["d"] = {"inner": 1}\n'
        'other = {"none": 1}\nother["none"] = 1\nSeen({**facts, "e": 1} | {"f": 1})\nOutcome(x, facts={"g": 1})\n',
        encoding="utf-8",
    )
    assert set(told_by(module)) == set("abcdefg")


def test_every_fact_of_a_recorded_run_is_documented() -> None:
    runs = [json.loads(path.read_text(encoding="utf-8")) for path in (make.ROOT / "tests/diagnose/runs").glob("*.json")]
    told = {key for run in runs for check in run["checks"] for key in check["facts"] or ()}
    assert len(told) > 50
    assert told - documented() == set()


def test_every_documented_fact_is_told_somewhere() -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py"))
    told = {word for pair in re.findall(r'"(\w+)"|\b(\w+)=', source) for word in pair}
    assert set(documented()) - told == set()
