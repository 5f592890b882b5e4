"""The history for people: the runs that are kept, and per forest which checks changed, when, and to what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from rich.cells import cell_len
from rich.text import Text

from portcheck.model import Verdict
from portcheck.model.folding import counted
from portcheck.render.shared import times
from portcheck.render.shared.changes import WORST_FIRST
from portcheck.render.shared.layout import hang, pad, to_string
from portcheck.render.shared.marks import VERDICTS
from portcheck.render.shared.options import Options
from portcheck.render.shared.spoken import ended
from portcheck.render.shared.text import plain, printable, shorten_middle, to_ascii

if TYPE_CHECKING:
    from portcheck.history.runs import Kept
    from portcheck.history.timeline import Course

RUNS_LISTED = 12
NOT_ASKED = " "
Plans: TypeAlias = "Mapping[str, tuple[Sequence[Kept], Sequence[Course]]]"


def render(plans: Plans, where: str, options: Options) -> str:
    if options.accessible:
        text = "".join(f"{ended(printable(sentence))}\n" for sentence in sentences(plans))
        return to_ascii(text) if options.ascii else text
    return to_string(lines(plans, where, options), options)


def lines(plans: Plans, where: str, options: Options) -> Iterator[Text]:
    total = sum(len(kept) for kept, _ in plans.values())
    yield from hang("", plain(f"{counted(total, 'run')} in {where}", "dim"), options.width, 2)
    for kept, courses in plans.values():
        yield Text()
        yield from hang("", plain(kept[-1].label, "bold"), options.width, 2)
        yield from run_lines(kept, options)
        yield from course_lines(courses, options)


def run_lines(kept: Sequence[Kept], options: Options) -> Iterator[Text]:
    left_out = 0 if options.verbose else max(len(kept) - RUNS_LISTED, 0)
    width = len(str(kept[-1].id))
    if left_out:
        yield plain(f"  {counted(left_out, 'earlier run')} (-v lists them)", "dim")
    for run in kept[left_out:]:
        lead = Text(f"  {run.id:>{width}}  {printable(when(run.started))}  ")
        yield from hang(lead, Text.assemble(exit_word(run), plain(run_words(run))), options.width)


def run_words(run: Kept) -> str:
    words = f"{run.passed} of {run.checks} as expected, {run.duration_s:.1f} s"
    return f"{words}: {', '.join(run.findings)}" if run.findings else words


def exit_word(run: Kept) -> Text:
    verdict = {0: Verdict.PASS, 1: Verdict.FAIL}.get(run.exit_code, Verdict.UNKNOWN)
    word = "cut short" if not run.complete else f"exit {run.exit_code}"
    return Text(f"{word:<9}  ", VERDICTS[verdict].style)


def when(moment: str) -> str:
    """As the reader's wall has it, with the offset."""
    return times.local(moment)


def course_lines(courses: Sequence[Course], options: Options) -> Iterator[Text]:
    by_forest: dict[str, list[Course]] = {}
    for course in courses:
        by_forest.setdefault(course.forest, []).append(course)
    for forest, all_ in by_forest.items():
        told = all_ if options.verbose else [course for course in all_ if course.changed]
        quiet = len(all_) - len(told)
        rest = f"  {counted(quiet, 'check')} never changed" if quiet else ""
        yield from hang(Text("  ").append(printable(forest), "bold"), plain(rest, "dim"), options.width, 4)
        places = [place(course) for course in told]
        width = min(max(map(cell_len, places), default=0), options.width // 3)
        for course, words in sorted(zip(told, places, strict=True), key=lambda pair: pair[0].since, reverse=True):
            lead = Text("    " + pad(shorten_middle(words, width), width) + "  ")
            lead.append_text(spark(course, options)).append("  ")
            yield from hang(lead, plain(course_words(course)), options.width)


def place(course: Course) -> str:
    """`kpasswd 464/tcp dc1`"""
    forest, host, address, service, transport, port = [*course.id.split("/"), *[""] * 6][:6]
    short = host.removesuffix(f".{forest}") or host
    name = "" if service in {"tcp", "udp"} else f"{service} "
    return f"{name}{port}/{transport} {short}" + (f" [{address}]" if ":" in address else "")


def spark(course: Course, options: Options) -> Text:
    """A mark a run, the newest at the right."""
    text = Text()
    for verdict in course.verdicts:
        mark = VERDICTS[Verdict(verdict)] if verdict in set(Verdict) else None
        text.append(mark.drawn(ascii_only=options.ascii) if mark else NOT_ASKED, mark.style if mark else "")
    return text


def course_words(course: Course) -> str:
    state = course.state or "not asked"
    if not course.changed:
        return f"{state} since {when(course.since)}, the first run"
    if course.state == course.state_before:
        state = f"{state} with another verdict ({course.verdict})"
    return f"{state} since {when(course.since)} (run {course.run}), was {course.state_before or 'not asked'}"


def sentences(plans: Plans) -> Iterator[str]:
    """What the newest run came to, the checks that changed, those that fail now first; then the runs, newest first."""
    for kept, courses in plans.values():
        yield f"Plan {kept[-1].label}: {counted(len(kept), 'run')}, the newest {_ended_as(kept[-1])}"
        for course in sorted((one for one in courses if one.changed), key=_worst_first):
            yield f"Forest {course.forest}, {place(course)}: {course_words(course)}"
        for run in reversed(kept[-RUNS_LISTED:]):
            yield f"Run {run.id}, {when(run.started)}, exit code {run.exit_code}: {run_words(run)}"


def _ended_as(run: Kept) -> str:
    if not run.complete:
        return "cut short"
    return {0: "as expected", 1: "not as expected"}.get(run.exit_code, f"with exit code {run.exit_code}")


def _worst_first(course: Course) -> int:
    known = [verdict.value for verdict in WORST_FIRST]
    return known.index(course.verdict) if course.verdict in known else len(known)


def as_json(plans: Plans) -> dict[str, object]:
    return {
        "schema": "portcheck.history/1",
        "plans": [
            {
                "plan": plan,
                "label": kept[-1].label,
                "runs": [
                    {
                        "id": run.id,
                        "started": run.started,
                        "duration_s": run.duration_s,
                        "host": run.host,
                        "exit_code": run.exit_code,
                        "complete": run.complete,
                        "checks": run.checks,
                        "as_expected": run.passed,
                        "findings": list(run.findings),
                    }
                    for run in kept
                ],
                "checks": [
                    {
                        "id": course.id,
                        "state": course.state,
                        "verdict": course.verdict,
                        "since": course.since,
                        "run": course.run,
                        "changed": course.changed,
                        "state_before": course.state_before,
                        "verdicts": list(course.verdicts),
                    }
                    for course in courses
                ],
            }
            for plan, (kept, courses) in plans.items()
        ],
    }
