"""The options of `check`, each said once: other commands take those that they share with it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from portcheck.automation.alerting import When
from portcheck.cli.options import Sets
from portcheck.cli.panels import HOW_TO_ASK, OUTPUT, SIGN_IN, UNATTENDED, WHAT
from portcheck.config import FailOn, parse_address, parse_duration, parse_proxy, parse_rate
from portcheck.frozen import dataclass
from portcheck.model.credentials import Method
from portcheck.render import FORMATS
from portcheck.render.shared.options import ProgressKind

Targets = Annotated[
    list[str] | None,
    typer.Argument(
        help="Forests of the file, domains, hosts, addresses, HOST:PORT, ldap(s):// and gc:// URLs, networks, @FILE."
    ),
]
Config = Annotated[
    str | None, typer.Option("-c", "--config", metavar="FILE", help="The forests file.", rich_help_panel=WHAT)
]
Profiles = Annotated[
    list[str] | None,
    typer.Option(
        "--profile", metavar="NAME", help="A role of this machine: which services it needs.", rich_help_panel=WHAT
    ),
]
Only = Annotated[
    list[str] | None, typer.Option("--only", metavar="SERVICE", help="Ask only this service.", rich_help_panel=WHAT)
]
Skip = Annotated[
    list[str] | None, typer.Option("--skip", metavar="SERVICE", help="Leave this service out.", rich_help_panel=WHAT)
]
Controllers = Annotated[
    list[str] | None, typer.Option("--dc", metavar="HOST", help="Only this domain controller.", rich_help_panel=WHAT)
]
Servers = Annotated[
    list[str] | None, typer.Option("--dns", metavar="HOST[:PORT]", help="Ask this DNS server.", rich_help_panel=WHAT)
]
Formats = Annotated[
    list[str] | None,
    typer.Option("-f", "--format", metavar="NAME", help=f"{', '.join(FORMATS)}.", rich_help_panel=OUTPUT),
]
Outputs = Annotated[
    list[Path] | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help="File of the -f before it; without one its suffix chooses.",
        rich_help_panel=OUTPUT,
    ),
]
Timeout = Annotated[
    str | None,
    typer.Option(
        "--timeout", metavar="DURATION", help="Patience for a connection or datagram (4s).", rich_help_panel=HOW_TO_ASK
    ),
    Sets("timeout_s", parse_duration),
]
AnswerTimeout = Annotated[
    str | None,
    typer.Option(
        "--answer-timeout", metavar="DURATION", help="Patience for an answer (10s).", rich_help_panel=HOW_TO_ASK
    ),
    Sets("answer_timeout_s", parse_duration),
]
Deadline = Annotated[
    str | None,
    typer.Option(
        "--deadline", metavar="DURATION", help="End the whole run after this long.", rich_help_panel=HOW_TO_ASK
    ),
    Sets("deadline_s", parse_duration),
]
Attempts = Annotated[
    int | None,
    typer.Option(
        "--attempts", metavar="N", min=1, max=20, help="Tries from fresh ports (3).", rich_help_panel=HOW_TO_ASK
    ),
    Sets("attempts"),
]
Concurrency = Annotated[
    int | None,
    typer.Option(
        "--concurrency", metavar="N", min=1, max=65535, help="Checks at once (2048).", rich_help_panel=HOW_TO_ASK
    ),
    Sets("concurrency"),
]
MaxChecks = Annotated[
    int | None,
    typer.Option(
        "--max-checks", metavar="N", min=1, max=10_000_000, help="Most of one run (250000).", rich_help_panel=HOW_TO_ASK
    ),
    Sets("max_checks"),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers", metavar="N", min=1, max=64, help="Processes that ask (as many as pay).", rich_help_panel=HOW_TO_ASK
    ),
    Sets("workers"),
]
Rate = Annotated[
    str | None,
    typer.Option("--rate", metavar="NUMBER", help="New checks a second, at most.", rich_help_panel=HOW_TO_ASK),
    Sets("rate", parse_rate),
]
SourceIp = Annotated[
    str | None,
    typer.Option("--source-ip", metavar="ADDRESS", help="Send from this address.", rich_help_panel=HOW_TO_ASK),
    Sets("source_ip", parse_address),
]
Four = Annotated[bool, typer.Option("-4", help="IPv4 only.", rich_help_panel=WHAT)]
Six = Annotated[bool, typer.Option("-6", help="IPv6 only.", rich_help_panel=WHAT)]
FailWhen = Annotated[
    FailOn | None,
    typer.Option("--fail-on", help="What makes the exit code 1.", rich_help_panel=OUTPUT),
    Sets("fail_on"),
]
TraceToo = Annotated[
    bool | None,
    typer.Option("--trace/--no-trace", help="A second look at what failed.", rich_help_panel=HOW_TO_ASK),
    Sets("trace"),
]
Save = Annotated[
    Path | None,
    typer.Option("--save", metavar="FILE", help="Keep the run for explain --report.", rich_help_panel=OUTPUT),
]
History = Annotated[
    bool, typer.Option("--history/--no-history", help="Keep the run; compare with the last.", rich_help_panel=OUTPUT)
]
Called = Annotated[
    str | None,
    typer.Option(
        "--name", metavar="VANTAGE", help="What to call this place in reports (its host name).", rich_help_panel=OUTPUT
    ),
]
Lock = Annotated[bool, typer.Option("--lock", help="Only one run of this plan at a time.", rich_help_panel=UNATTENDED)]
NotifyWhen = Annotated[
    When | None,
    typer.Option(
        "--notify",
        help="Send a notice ($PORTCHECK_NOTIFY: its URLs); a change into Windows' log.",
        rich_help_panel=UNATTENDED,
    ),
]
NotifyFile = Annotated[
    Path | None,
    typer.Option("--notify-file", metavar="FILE", help="Where the notices' URLs are.", rich_help_panel=UNATTENDED),
]
Idle = Annotated[
    str | None,
    typer.Option(
        "--idle",
        metavar="DURATION",
        help="Hold idle LDAP sessions this long (15m): who forgets them?",
        rich_help_panel=WHAT,
    ),
]
Bind = Annotated[
    bool,
    typer.Option(
        "--credentials", "--bind", help="Sign in, and tell network from account and rights.", rich_help_panel=SIGN_IN
    ),
]
User = Annotated[
    str | None,
    typer.Option(
        "--user", metavar="NAME", help="Account for --credentials; the password is asked.", rich_help_panel=SIGN_IN
    ),
]
How = Annotated[
    Method | None,
    typer.Option("--bind-method", help="How it signs in (simple, over TLS only).", rich_help_panel=SIGN_IN),
]
CaFile = Annotated[
    Path | None,
    typer.Option(
        "--ca-file", metavar="FILE", help="Trust the authorities in it too (PEM).", rich_help_panel=HOW_TO_ASK
    ),
]
FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input.", rich_help_panel=SIGN_IN)
]
Proxy = Annotated[
    str | None,
    typer.Option(
        "--proxy", metavar="URL", help="Proxy to the cloud; socks5:// for all TCP; or none.", rich_help_panel=HOW_TO_ASK
    ),
    Sets("proxy", parse_proxy),
]
Site = Annotated[
    str | None, typer.Option("--site", metavar="NAME", help="As a client of this AD site.", rich_help_panel=WHAT)
]
Systems = Annotated[
    list[str] | None,
    typer.Option(
        "--system", metavar="ROLE=HOST", help="A machine beside the controllers: mim=mim1.corp.", rich_help_panel=WHAT
    ),
]
Quiet = Annotated[
    bool, typer.Option("-q", "--quiet", help="Only what is wrong, and what to ask for.", rich_help_panel=OUTPUT)
]
Verbose = Annotated[
    int,
    typer.Option(
        "-v",
        "--verbose",
        count=True,
        help="The evidence of what failed; twice: of every check.",
        rich_help_panel=OUTPUT,
    ),
]
NoColor = Annotated[bool, typer.Option("--no-color", help="No colours (also by NO_COLOR).", rich_help_panel=OUTPUT)]
ShowProgress = Annotated[
    ProgressKind,
    typer.Option("--progress", metavar="KIND", help="auto, plain (a line a check) or none.", rich_help_panel=OUTPUT),
]
Accessible = Annotated[
    bool,
    typer.Option("--accessible", help="Sentences instead of drawings, for screen readers.", rich_help_panel=OUTPUT),
]


@dataclass(frozen=True, slots=True)
class WhatFlags:
    """What to ask, and whom: they come first in the help of a command that has all of them."""

    target: Targets = None
    config: Config = None
    profile: Profiles = None
    only: Only = None
    skip: Skip = None
    dc: Controllers = None
    dns: Servers = None


@dataclass(frozen=True, slots=True)
class CheckFlags(WhatFlags):
    """The command line of `check`, in the order of its help."""

    format_: Formats = None
    output: Outputs = None
    timeout: Timeout = None
    answer_timeout: AnswerTimeout = None
    deadline: Deadline = None
    attempts: Attempts = None
    concurrency: Concurrency = None
    rate: Rate = None
    max_checks: MaxChecks = None
    workers: Workers = None
    source_ip: SourceIp = None
    four: Four = False
    six: Six = False
    fail_on: FailWhen = None
    trace: TraceToo = None
    save: Save = None
    vantage: Called = None
    history: History = True
    lock: Lock = False
    notify: NotifyWhen = None
    notify_file: NotifyFile = None
    idle: Idle = None
    bind: Bind = False
    user: User = None
    bind_method: How = None
    password_stdin: FromStdin = False
    ca_file: CaFile = None
    site: Site = None
    proxy: Proxy = None
    system: Systems = None
    quiet: Quiet = False
    verbose: Verbose = 0
    no_color: NoColor = False
    accessible: Accessible = False
    progress: ShowProgress = ProgressKind.AUTO
