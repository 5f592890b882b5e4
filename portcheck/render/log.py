"""What a whole log says: its known errors by rank, each with its count, times, hosts and likeliest causes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from portcheck.render.explain.entry import WIDTH, cause_title, wrapped
from portcheck.render.explain.weighed import as_dicts
from portcheck.render.shared.spoken import LISTENER, ended, sentence
from portcheck.render.shared.text import printable, shorten

if TYPE_CHECKING:
    from portcheck.diagnose.causes import WeighedCause
    from portcheck.logs.tally import Sighting, Tally

SHOWN, HOSTS, CAUSES = 20, 4, 2


def lines(name: str, found: Tally, weighed: Sequence[Sequence[WeighedCause]], width: int = WIDTH) -> list[str]:
    """The most telling first. `weighed`: for each error in its order, the causes held against a run; or nothing."""
    ranked = found.ranked()
    if width == LISTENER:
        return list(_spoken(name, found, weighed))
    times = f"{found.with_errors:,} of {found.records:,} records hold {len(ranked)} known errors"
    out = [*wrapped("", f"{printable(name)}: {times}", width)]
    for place, one in enumerate(ranked[:SHOWN]):
        out += ["", *_seen(one, width), *_causes(one, weighed[place] if weighed else None, width)]
    left = len(ranked) - SHOWN
    return [*out, "", f"and {left} more: --json tells all"] if left > 0 else out


def _spoken(name: str, found: Tally, weighed: Sequence[Sequence[WeighedCause]]) -> Iterator[str]:
    """The same for who hears it."""
    ranked = found.ranked()
    yield ended(
        f"{printable(name)}: {found.with_errors:,} of {found.records:,} records hold {len(ranked)} known errors"
    )
    for place, one in enumerate(ranked[:SHOWN]):
        span = "" if not one.first else f", {one.first}" if one.first == one.last else f", {one.first} to {one.last}"
        yield ended(f"{one.error.name} ({one.error.family.title}), {one.count:,} times{span}: {one.error.meaning}")
        if one.hosts:
            yield sentence("on", _hosts(one))
        yield sentence("as in", printable(one.sample))
        for words in _causes(one, weighed[place] if weighed else None, LISTENER):
            yield ended(words)
    if len(ranked) > SHOWN:
        yield f"And {len(ranked) - SHOWN} more: --json tells all."


def _hosts(one: Sighting) -> str:
    named = [printable(host) for host, _ in one.hosts.most_common(HOSTS)]
    more = len(one.hosts) - len(named)
    return ", ".join(named) + (f" and {more} more" if more > 0 else "")


def as_dict(name: str, found: Tally, weighed: Sequence[Sequence[WeighedCause]]) -> dict[str, object]:
    """The same as JSON values, every error of it."""
    told = [_plain(one) for one in found.ranked()]
    for one, causes in zip(told, weighed, strict=False):
        one["weighed"] = as_dicts(causes)
    return {
        "schema": "portcheck.log/1",
        "log": name,
        "records": found.records,
        "with_errors": found.with_errors,
        "errors": told,
    }


def _seen(one: Sighting, width: int) -> list[str]:
    span = one.first if one.first == one.last else f"{one.first} to {one.last}"
    out = wrapped(f"{one.count:>7,} × ", f"{one.error.name}  ({one.error.family.title}) {span}".rstrip(), width)
    out += wrapped("          ", one.error.meaning, width)
    if one.hosts:
        out += wrapped("          on ", _hosts(one), width)
    return [*out, shorten(f"          | {one.sample[max(0, one.place - 12) :]}", width)]


def _causes(one: Sighting, weighed: Sequence[WeighedCause] | None, width: int) -> list[str]:
    if weighed is None:
        titles = (cause_title(cause) for cause in one.error.causes[:CAUSES])
        return [
            line
            for title in titles
            for line in wrapped("          ? " if width != LISTENER else "perhaps", title, width)
        ]
    holding = [cause for cause in weighed if cause.standing == "holds"]
    if not holding:
        return ["          the run shows none of its causes"]
    told = (f"{cause_title(cause.cause)}: {printable(cause.because)}" for cause in holding)
    return [line for words in told for line in wrapped("     HERE ", words, width)]


def _plain(one: Sighting) -> dict[str, object]:
    return {
        "name": one.error.name,
        "family": one.error.family.title,
        "meaning": one.error.meaning,
        "count": one.count,
        "first": one.first or None,
        "last": one.last or None,
        "hosts": [{"host": host, "count": count} for host, count in one.hosts.most_common()],
        "sample": one.sample,
        "causes": [
            {"services": list(cause.services), "condition": cause.condition.value, "says": cause.says}
            for cause in one.error.causes
        ],
    }
