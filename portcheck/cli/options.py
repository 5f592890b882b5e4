"""Commands that take the options of `check` beside their own, and do something else with the job they amount to."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection
from typing import Any

import typer

DO = "portcheck.do"
"""Under this key of the context: what to do with the job instead of checking."""

SIGNING_IN = ("bind", "user", "bind_method", "password_stdin")
"""Not for what repeats itself: a password that has been changed would lock its account, a bad attempt a run."""


def with_options_of_check(
    check: Callable[..., int], do: Callable[..., int], leave_out: Collection[str] = ()
) -> Callable[..., int]:
    """A typer command: `do(context, job, own options…)` with the job that check's options describe.

    `leave_out`: options of check that make no sense here; they keep their defaults.
    """
    own = dict(list(inspect.signature(do, eval_str=True).parameters.items())[2:])
    asked = dict(inspect.signature(check, eval_str=True).parameters)

    def command(context: typer.Context, **values: Any) -> int:
        mine = {name: values.pop(name) for name in own}
        context.meta[DO] = lambda context, job: do(context, job, **mine)
        return check(context, **values)

    shown = [p for name, p in asked.items() if name not in leave_out]
    arguments = [p for p in shown if p.name in {"context", "target"}]
    rest = [p for p in shown if p.name not in {"context", "target"}]
    parameters = [*arguments, *own.values(), *rest]
    command.__signature__ = inspect.Signature(parameters, return_annotation=int)  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in parameters} | {"return": int}
    command.__doc__ = do.__doc__
    command.__name__ = do.__name__
    return command
