"""Commands whose options are the fields of dataclasses: an option is defined once, whichever commands have it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterator
from dataclasses import fields
from typing import Any, get_type_hints

import typer

from portcheck.cli.selection import flagged
from portcheck.frozen import dataclass

SIGNING_IN = ("bind", "user", "bind_method", "password_stdin")
"""Not for what repeats itself: a password that has been changed would lock its account, a bad attempt a run."""


@dataclass(frozen=True, slots=True)
class Sets:
    """Beside an option that is called as its field: the setting that it wins over, and what reads its text."""

    setting: str
    read: Callable[[object], object] | None = None  # it may raise ConfigError; None: the option's type is the setting's


def settings_of(flags: Any) -> dict[str, Any]:
    """Those settings that the user gave, by their names, as for `replace`."""
    return dict(_given(flags))


def _given(flags: Any) -> Iterator[tuple[str, object]]:
    for name, hint in get_type_hints(type(flags), include_extras=True).items():
        value = getattr(flags, name)
        for sets in getattr(hint, "__metadata__", ()):
            if isinstance(sets, Sets) and value is not None:
                option = f"--{name.replace('_', '-')}"
                yield sets.setting, value if sets.read is None else flagged(option, sets.read, value)


def taking(do: Callable[..., int], *kinds: type[Any], leave_out: Collection[str] = ()) -> Callable[..., int]:
    """A typer command: `do(context, one of each kind)`. Of two fields called alike the first kind's is the option.

    `leave_out`: options of the last kind that make no sense here; they keep their defaults, as what is hidden does.
    """
    owner = {field.name: kind for kind in reversed(kinds) for field in fields(kind)}
    left_out = {name for name in leave_out if owner[name] is kinds[-1]}
    hints = {kind: get_type_hints(kind, include_extras=True) for kind in kinds}

    def command(context: typer.Context, **values: Any) -> int:
        mine = [{name: value for name, value in values.items() if owner[name] is kind} for kind in kinds]
        return do(context, *(kind(**given) for kind, given in zip(kinds, mine, strict=True)))

    options = [
        inspect.Parameter(field.name, KEYWORD, default=field.default, annotation=hints[kind][field.name])
        for kind in kinds
        for field in fields(kind)
        if owner[field.name] is kind and field.name not in left_out
    ]
    options.sort(key=lambda one: one.name != ARGUMENT)
    parameters = [inspect.Parameter("context", KEYWORD, annotation=typer.Context), *options]
    command.__signature__ = inspect.Signature(parameters, return_annotation=int)  # type: ignore[attr-defined]
    command.__annotations__ = {one.name: one.annotation for one in parameters} | {"return": int}
    command.__doc__, command.__name__ = do.__doc__, do.__name__
    return command


KEYWORD = inspect.Parameter.POSITIONAL_OR_KEYWORD
ARGUMENT = "target"
"""It comes before the options, whoever has it."""
