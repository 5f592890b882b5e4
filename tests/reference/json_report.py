"""docs/json.md: the report's schema as tables, of portcheck/schema/report-1.json, and the keys of facts."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

from .markdown import anchor, table

HEAD = """\
# The JSON report

What `portcheck check -f json` and `--save` write. Made from the code by `python -m tests.reference.make`; the schema
itself is `portcheck/schema/report-1.json`. Keys may be added; those named here stay. Bold keys are always there.

"""


def schema() -> dict[str, Any]:
    return json.loads((files("portcheck") / "schema" / "report-1.json").read_text(encoding="utf-8"))


def facts() -> list[tuple[str, dict[str, str]]]:
    """Where a key is told, to its keys with their meaning."""
    text = (files("portcheck") / "schema" / "facts.toml").read_text(encoding="utf-8")
    return [(group["where"], group["keys"]) for group in tomllib.loads(text)["group"]]


def page() -> str:
    whole = schema()
    named = {name: one for name, one in whole["$defs"].items() if "properties" in one}
    words = {name: one for name, one in whole["$defs"].items() if name not in named}
    parts = [("The report", whole), *((name, one) for name, one in named.items())]
    titles = [*(title for title, _ in parts), "Words", "Facts of a check"]
    contents = "".join(f"- [{title}]({anchor(title)})\n" for title in titles)
    sections = "".join(section(title, one) for title, one in parts)
    rows = (
        [name, ", ".join(f"`{word}`" for word in one["enum"]), one.get("description", "")]
        for name, one in words.items()
    )
    return f"{HEAD}{contents}{sections}\n## Words\n\n{table(('of', 'one of', 'meaning'), rows)}{facts_section()}"


def section(title: str, one: dict[str, Any]) -> str:
    about = f"{one['description']}\n\n" if one.get("description") else ""
    rows = (
        [f"**`{name}`**" if needed else f"`{name}`", kind(inner), inner.get("description", "")]
        for name, inner, needed in properties(one)
    )
    return f"\n## {title}\n\n{about}{table(('key', 'value', 'meaning'), rows)}"


def properties(one: dict[str, Any], before: str = "") -> Iterator[tuple[str, dict[str, Any], bool]]:
    """Name, schema, and whether it is always there; those of nested objects follow theirs as `outer.inner`."""
    for name, inner in one.get("properties", {}).items():
        yield f"{before}{name}", inner, name in one.get("required", ())
        yield from properties(inner, f"{before}{name}.")
        yield from properties(inner.get("items", {}), f"{before}{name}[].")


def kind(one: dict[str, Any]) -> str:
    """`text`, `array of check`, `state or null`."""
    if "$ref" in one:
        name = one["$ref"].rpartition("/")[2]
        return f"[{name}]({anchor(name if 'properties' in schema()['$defs'][name] else 'Words')})"
    if "const" in one:
        return f"`{one['const']}`"
    if "enum" in one:
        return ", ".join("null" if word is None else f"`{word}`" for word in one["enum"])
    for several in ("oneOf", "anyOf"):
        if several in one and "properties" not in one:
            return " or ".join(sorted(map(kind, one[several]), key=lambda word: word == "null"))
    types = [one["type"]] if isinstance(one.get("type"), str) else one.get("type", [])
    return " or ".join(_plain(name, one) for name in types) or "anything"


def _plain(name: str, one: dict[str, Any]) -> str:
    if name == "array" and "properties" not in one["items"]:
        return f"array of {kind(one['items'])}"
    if name == "object" and "additionalProperties" in one and "propertyNames" in one:
        return f"{kind(one['propertyNames'])} to {kind(one['additionalProperties'])}"
    names = {"string": "text", "integer": "whole number", "boolean": "true or false", "array": "array of objects"}
    return names.get(name, name)


def facts_section() -> str:
    head = (
        "\n## Facts of a check\n\nWhat the answer, or the way to it, told. A missing key means that it was not told.\n"
    )
    return head + "".join(
        f"\n### {where}\n\n{table(('key', 'meaning'), ([f'`{key}`', meaning] for key, meaning in keys.items()))}"
        for where, keys in facts()
    )
