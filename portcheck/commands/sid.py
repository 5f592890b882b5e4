"""`portcheck sid`: one SID in every form in which systems show it."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from portcheck.config import ConfigError
from portcheck.render.shared.spoken import LISTENER, width
from portcheck.wire import WireError, sid_forms

Value = Annotated[str, typer.Argument(metavar="VALUE", help="S-1-5-21-…, hex, base64, \\01\\05… or decimal bytes.")]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable.")]

TITLES = {
    "string": "string",
    "hex": "hex",
    "base64": "base64",
    "filter": "LDAP filter",
    "bytes": "bytes",
    "run_together": "run together",
}
ONE_WAY = "the bytes run together cannot be turned back: where one ends is lost; compare them instead"


def sid(value: Value, as_json: Json = False) -> int:  # noqa: FBT002 - a flag
    """Show a SID as string, hex, base64, LDAP filter and bytes, whichever of them is given."""
    try:
        known = sid_forms.read(value)
    except WireError as error:
        raise ConfigError(f"sid: {error}") from None
    forms, domain = sid_forms.forms(known), known.domain
    if as_json:
        told = {**forms, "domain": str(domain) if domain else None, "relative_id": known.relative_id}
        typer.echo(json.dumps(told, indent=2))
        return 0
    rows = {TITLES[name]: form for name, form in forms.items()}
    if domain is not None and known.relative_id is not None:
        rows |= {"domain": str(domain), "relative id": str(known.relative_id)}
    if width(1) == LISTENER:
        typer.echo("\n".join([*(f"{title}: {form}" for title, form in rows.items()), f"{ONE_WAY}."]))
    else:
        typer.echo("\n".join([*(f"{title:<13} {form}" for title, form in rows.items()), "", f"({ONE_WAY})"]))
    return 0
