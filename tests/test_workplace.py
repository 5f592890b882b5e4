"""The files around the code: a workflow that is valid and runs tests/run, an issue form that asks for the report."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml  # aerleon brings it along

ROOT = Path(__file__).parents[1]
GITHUB = ROOT / ".github"
CLOSED = frozenset({"name", "on", "permissions", "concurrency", "jobs"})
OF_A_JOB = frozenset({"name", "runs-on", "timeout-minutes", "strategy", "container", "steps", "env", "needs", "if"})
OF_A_STEP = frozenset({"name", "uses", "run", "with", "env", "if", "working-directory", "id", "shell"})
MENTIONED = re.compile(r"(?<![\w/.-])(?:tests|portcheck|docs)/[\w/.-]*\w")


class Strict(yaml.SafeLoader):
    """YAML 1.2 as GitHub reads it: `on` is a word and no truth value."""


Strict.yaml_implicit_resolvers = {
    first: [(tag, re.compile("^(?:true|false)$") if tag.endswith(":bool") else pattern) for tag, pattern in known]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read(path: Path) -> dict[str, Any]:
    return yaml.load(path.read_text(encoding="utf-8"), Strict)


def test_the_workflow_has_the_shape_that_github_takes() -> None:
    whole = read(GITHUB / "workflows" / "tests.yml")
    assert set(whole) <= CLOSED
    assert {"push", "pull_request"} <= set(whole["on"])
    assert whole["permissions"] == {"contents": "read"}
    for job in whole["jobs"].values():
        assert set(job) <= OF_A_JOB
        for step in job["steps"]:
            assert set(step) <= OF_A_STEP
            assert ("uses" in step) is not ("run" in step)
            assert "@" in step.get("uses", "@")


def test_it_runs_everything_on_the_three_systems() -> None:
    jobs = read(GITHUB / "workflows" / "tests.yml")["jobs"]
    systems = jobs["run"]["strategy"]["matrix"]["system"]
    assert systems == ["debian:12", "debian:13", "ubuntu:24.04"]
    assert all("tests/run" in [step.get("run") for step in job["steps"]] for job in jobs.values())
    used = set(re.findall(r"matrix\.(\w+)", (GITHUB / "workflows" / "tests.yml").read_text(encoding="utf-8")))
    assert used == set(jobs["run"]["strategy"]["matrix"])


def test_the_issue_form_asks_for_the_report() -> None:
    form = read(GITHUB / "ISSUE_TEMPLATE" / "wrong-answer.yml")
    assert {"name", "description", "body"} == set(form)
    fields = {field["id"]: field for field in form["body"] if "id" in field}
    assert "portcheck check -f json" in fields["report"]["attributes"]["description"]
    assert fields["report"]["validations"] == {"required": True}


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "README.md", "ARCHITECTURE.md"])
def test_a_path_that_a_page_names_is_there(page: str) -> None:
    named = {path for path in MENTIONED.findall((ROOT / page).read_text(encoding="utf-8")) if "NAME" not in path}
    assert [path for path in sorted(named) if not (ROOT / path.split("*")[0]).exists()] == []


@pytest.mark.parametrize(
    "page", ["README.md", "CONTRIBUTING.md", "docs/commands.md", "docs/forests-file.md", "docs/json.md"]
)
def test_a_link_leads_somewhere(page: str) -> None:
    from reference.markdown import anchor

    text = (ROOT / page).read_text(encoding="utf-8")
    anchors = {anchor(title.strip()) for title in re.findall(r"^#+ (.*)$", text, re.MULTILINE)}
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if link.startswith("#"):
            assert link in anchors
        elif "://" not in link:
            assert ((ROOT / page).parent / link.partition("#")[0]).exists()
