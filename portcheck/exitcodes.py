"""What every command ends with: the codes, and what each means for each command. The only place where that is said."""

from __future__ import annotations

TYPE_CHECKING = False  # `--version` waits for every import
if TYPE_CHECKING:
    from collections.abc import Mapping

OK, NOT_AS_EXPECTED, USAGE, NOT_DONE, INTERRUPTED = 0, 1, 2, 3, 130

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
"""By name, as far as a system has them: what tells a command to end."""

CLOCK_BEYOND = "this machine's clock is beyond what can be told; the run was not done: set it"

PLUGIN = "check_portcheck"
"""The entry point that follows the rules of monitoring plugins instead of these."""

EVERY: Mapping[int, str] = {
    USAGE: "usage or configuration error, nothing was sent",
    NOT_DONE: "could not be done, or its output not written",
    INTERRUPTED: "interrupted; what was found is told all the same",
}
"""Of every command that says nothing else of these codes."""

OWN: Mapping[str, Mapping[int, str]] = {
    "check": {
        OK: "everything required is as expected",
        NOT_AS_EXPECTED: "it is not (`--fail-on` says from where on)",
        NOT_DONE: "the run could not be done, or all was well and an output was not written",
    },
    "config check": {OK: "the forests file is good"},
    "config init": {OK: "written"},
    "config show": {OK: "shown"},
    "demo": {OK: "shown, with the faults that it is about (`check` would end with the `exit_code` of its JSON: 1)"},
    "diff": {OK: "nothing changed", NOT_AS_EXPECTED: "something changed", USAGE: "a run cannot be read or compared"},
    "discover": {OK: "found, and every controller answers", NOT_AS_EXPECTED: "records or answers are missing"},
    "explain": {OK: "explained", NOT_AS_EXPECTED: "no such error is known"},
    "help": {OK: "shown", NOT_AS_EXPECTED: "no such word is known"},
    "history": {OK: "shown"},
    "listen": {
        OK: "somebody came to every port",
        NOT_AS_EXPECTED: "nobody came to all of them",
        NOT_DONE: "no port could be opened",
        INTERRUPTED: "ended by Ctrl-C, whoever came",
    },
    "merge": {
        OK: "as expected from every place",
        NOT_AS_EXPECTED: "it is not (`--fail-on` says from where on)",
        USAGE: "usage error, or not one report could be read",
        NOT_DONE: "an output was not written; or all was well, and a file was left out",
    },
    "plan": {OK: "shown or written"},
    "report": {OK: "shown or written, whatever the run found"},
    "request": {OK: "shown or written"},
    "schedule": {OK: "shown or written"},
    "serve": {OK: "ended by SIGTERM or Ctrl-C", NOT_DONE: "the address cannot be listened on"},
    "sid": {OK: "shown"},
    "ui": {
        OK: "a kept run was shown, or everything required of the live one is as expected",
        NOT_AS_EXPECTED: "the live one is not",
    },
    "watch": {OK: "the goal of `--until` is reached", INTERRUPTED: "ended before that, by Ctrl-C"},
    PLUGIN: {
        0: "OK",
        1: "WARNING",
        2: "CRITICAL",
        3: "UNKNOWN: usage errors, help, interrupted and runs that could not be done too",
    },
}


def meanings(command: str) -> Mapping[int, str]:
    """Code to meaning for one command, `config check` and `check_portcheck` among them, the lowest first."""
    own = OWN[command]
    return dict(sorted((own if command == PLUGIN else {**EVERY, **own}).items()))


EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "check": (
        "portcheck check contoso.com",
        "portcheck check dc1.contoso.com --profile mim --save run.json",
        "portcheck check -c forests.toml -o report.html -o run.json",
    ),
    "config check": ("portcheck config check -c forests.toml",),
    "config init": ("portcheck config init contoso.com fabrikam.com",),
    "config show": ("portcheck config show",),
    "demo": ("portcheck demo",),
    "diff": ("portcheck diff before.json after.json", "portcheck diff 2 last"),
    "discover": ("portcheck discover contoso.com", "portcheck discover contoso.com --dns 10.0.0.53 --site Head-Office"),
    "explain": (
        "portcheck explain kerberos-no-logon-server --report last",
        "portcheck explain 0x800706BA",
        "portcheck explain --log sssd.log --report last",
    ),
    "help": ("portcheck help check", "portcheck help filtered", "portcheck help kpasswd-blocked"),
    "history": ("portcheck history", "portcheck history last -v", "portcheck history --digest last"),
    "listen": ("portcheck listen --for 1h",),
    "merge": ("portcheck merge mim1.json mim2.json", "portcheck merge reports/ -o matrix.html"),
    "plan": ("portcheck plan", "portcheck plan --report last -o plan.csv"),
    "report": ("portcheck report", "portcheck report 12 -o run.html", "portcheck report run.json -f markdown"),
    "request": ("portcheck request", "portcheck request run.json -o request.md", "portcheck request --all -f nftables"),
    "schedule": ("portcheck schedule --every 15m --fail-on changed -c /etc/portcheck/forests.toml --write /root",),
    "serve": ("portcheck serve -c /etc/portcheck/forests.toml",),
    "sid": ("portcheck sid S-1-5-21-1004336348-1177238915-682003330-500",),
    "ui": ("portcheck ui contoso.com", "portcheck ui last"),
    "watch": ("portcheck watch contoso.com --until ok", "portcheck watch --every 5s --until blocked:kpasswd"),
}
"""What people type, for the end of each help text."""


def sentence(command: str) -> str:
    """The examples, then `Exit codes: 0 …; 1 …`, for the end of a help text."""
    told = "; ".join(f"{code} {meaning.replace('`', '')}" for code, meaning in meanings(command).items())
    examples = "".join(f"  {line}\n" for line in EXAMPLES.get(command, ()))
    return (f"Examples:\n{examples}\n" if examples else "") + f"Exit codes: {told}."
