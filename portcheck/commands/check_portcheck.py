"""`check_portcheck`: `portcheck check` under the rules of monitoring plugins: one line, performance data, 0 to 3."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Sequence

from portcheck.cli import app
from portcheck.cli.plugin_ranges import RangeError, alerts, is_range
from portcheck.cli.streams import abandon, say, show
from portcheck.frozen import dataclass
from portcheck.model import FAULTY, Report
from portcheck.render.report.nagios import CRITICAL, UNKNOWN, WARNING, WORDS, level, status

HELP = """\
check_portcheck [-H TARGET] [-t SECONDS] [-w RANGE] [-c RANGE] [OPTIONS OF portcheck check] [TARGET...]

The paths to the domain controllers of a forest, as a monitoring plugin: one line that ends with what to ask for,
performance data, then the findings.

  -H, --hostname TARGET   a forest of the file, a DNS domain, a controller's name or address; may be repeated
  -t SECONDS              end the whole run after so long (as --deadline)
  -w, --warning RANGE     WARNING where as many checks are not as expected: 0 is any, 5 is more than five
  -c, --critical RANGE    CRITICAL likewise; -c with a name instead of a range is the forests file, as with check
  -V, --version           the version
  -h, --help              this

Without -w and -c: CRITICAL where anything required is not as expected, WARNING for minor faults, UNKNOWN where it could
not be told. With them the number of checks that fail decides, and what could not be told stays UNKNOWN.
Ranges are those of the Monitoring Plugins guidelines: 10, 10:, ~:10, 10:20, @10:20.
Everything else is an option of portcheck check (portcheck check --help), as --profile, --config, --dns.

  check_portcheck -H contoso.com -t 50
  check_portcheck --config /etc/portcheck/forests.toml -w 0 -c 5

Exit codes: 0 OK; 1 WARNING; 2 CRITICAL; 3 UNKNOWN, and usage errors, help and runs that could not be done.
"""
SECONDS = re.compile(r"[0-9]{1,6}(?:\.[0-9]+)?")


@dataclass(frozen=True, slots=True)
class PluginWords:
    """The command line in the guidelines' words, and what is left of it for `check`."""

    rest: tuple[str, ...]
    warning: str = ""
    critical: str = ""


def run(arguments: Sequence[str]) -> int:
    """The plugin's exit code; usage errors, help and what could not be done, or not be shown, are UNKNOWN."""
    try:
        return _answered(arguments)
    except OSError as error:  # a full disk behind stdout
        abandon()
        say(f"the output cannot be written: {error.strerror or 'no reason given'}")
        return UNKNOWN


def _answered(arguments: Sequence[str]) -> int:
    if {"-h", "--help"} & set(arguments):
        show(HELP)
        return UNKNOWN
    if {"-V", "--version"} & set(arguments):
        app.run(["--version"])
        return UNKNOWN
    try:
        words = translated(arguments)
    except RangeError as error:
        show(_line([f"{error} (see check_portcheck --help)"]), for_programs=True)
        return UNKNOWN
    complaint = io.StringIO()
    reports: list[Report] = []
    shown = io.StringIO()
    with contextlib.redirect_stderr(complaint), contextlib.redirect_stdout(shown):
        app.run(["check", *words.rest, "--quiet", "--format", "nagios"], take=reports.append)
    lines = complaint.getvalue().strip().splitlines()
    if not reports:
        told = lines[-1].removeprefix("portcheck: ") if lines else "the run was not done"
        told = told.replace("(see portcheck check --help)", "(see check_portcheck --help)")
        show(_line([told]), for_programs=True)
        return UNKNOWN
    code = judged(reports[-1], words)
    said = shown.getvalue().replace(f"PORTCHECK {WORDS[level(reports[-1])]}", f"PORTCHECK {WORDS[code]}", 1)
    show(said, for_programs=True)
    for line in lines:  # a file that could not be written: the check itself was done
        say(line.removeprefix("portcheck: "))
    return code


def _line(told: list[str]) -> str:
    return f"{status(WORDS[UNKNOWN], told)}\n"


def translated(arguments: Sequence[str]) -> PluginWords:
    """The guidelines' options as those of `check`. Raises RangeError."""
    rest: list[str] = []
    found = {"w": "", "c": ""}
    left = iter(arguments)
    for word in left:
        name, equals, value = word.partition("=") if word.startswith("--") else (word[:2], "", word[2:])
        if name in {"-H", "--hostname"}:
            rest.append(value or _value(name, left))
        elif name == "-t":
            seconds = value or _value(name, left)
            rest += ["--deadline", f"{seconds}s" if SECONDS.fullmatch(seconds) else seconds]
        elif name in {"-w", "--warning", "--critical"}:
            found[name.lstrip("-")[0]] = _range(name, value or _value(name, left))
        elif name == "-c":
            given = value or _value(name, left)
            if is_range(given):
                found["c"] = given
            else:
                rest += ["-c", given]
        else:
            rest.append(word)
        del equals
    return PluginWords(tuple(rest), found["w"], found["c"])


def _value(name: str, left: object) -> str:
    value = next(left, None)  # type: ignore[call-overload]
    if not isinstance(value, str):
        raise RangeError(f"{name} needs a value")
    return value


def _range(name: str, given: str) -> str:
    if not is_range(given):
        raise RangeError(f"{name}: {given!r} is no range; give it like 10, 10: or 10:20")
    return given


def judged(report: Report, words: PluginWords) -> int:
    """By the thresholds where they are given; what could not be told stays that."""
    usual = level(report)
    if not (words.warning or words.critical) or usual == UNKNOWN:
        return usual
    bad = sum(outcome.verdict in FAULTY for outcome in report.outcomes)
    if words.critical and alerts(bad, words.critical):
        return CRITICAL
    return WARNING if words.warning and alerts(bad, words.warning) else 0
