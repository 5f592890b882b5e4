"""A service that may do nothing but ask, and its timer. See systemd.service(5), systemd.exec(5), systemd.timer(5)."""

from __future__ import annotations

from collections.abc import Iterator

from portcheck.schedule.job import DAY, HOUR, WEEK, Scheduled

SHORTEST_LIMIT_S = 900
MOST_JITTER_S = 300
CREDENTIAL = "notify"
HARDENING = """\
NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
"""


def service(job: Scheduled) -> str:
    return "\n".join(_service(job)) + "\n"


def _service(job: Scheduled) -> Iterator[str]:
    yield "[Unit]"
    yield "Description=portcheck: the paths to the domain controllers"
    yield "Wants=network-online.target"
    yield "After=network-online.target"
    yield ""
    yield "[Service]"
    yield "Type=oneshot"
    yield f"ExecStart={' '.join(_words(job))}"
    yield "# Exit code 1 (not as expected; with --fail-on changed: changed) marks the unit as failed, for OnFailure=."
    yield "# A run that takes too long is interrupted as by Ctrl-C, and reports what it knows."
    yield f"TimeoutStartSec={max(job.every_s, SHORTEST_LIMIT_S)}"
    yield "KillSignal=SIGINT"
    yield f"User={value(job.user)}" if job.user else "DynamicUser=yes"
    yield "StateDirectory=portcheck"
    yield "StateDirectoryMode=0700"
    yield "Environment=PORTCHECK_STATE_DIR=%S/portcheck"
    if job.secrets:
        yield f"LoadCredential={CREDENTIAL}:{value(job.secrets)}"
    for folder in job.folders:
        yield f"ReadWritePaths={quoted(folder, variables=False)}"
    yield HARDENING.rstrip("\n")


def daemon(job: Scheduled) -> str:
    """A service that stays: `portcheck serve`, with the same rights as a check, and reloaded by SIGHUP."""
    lines = list(_service(job))
    start = lines.index("Type=oneshot")
    end = lines.index("KillSignal=SIGINT")
    lines[start : end + 1] = [
        "Type=exec",
        f"ExecStart={' '.join(_words(job))}",
        "ExecReload=/bin/kill -HUP $MAINPID",
        "Restart=on-failure",
        "RestartSec=5",
        "MemoryMax=1G",
        "TasksMax=256",
        "LimitNOFILE=8192",
    ]
    return "\n".join([*lines, "", "[Install]", "WantedBy=multi-user.target"]) + "\n"


def timer(job: Scheduled) -> str:
    jitter = min(job.every_s // 10, MOST_JITTER_S)
    return f"""\
[Unit]
Description=portcheck every {job.minutes} min

[Timer]
OnCalendar={calendar(job.every_s)}
RandomizedDelaySec={jitter}
AccuracySec=1s
Persistent=yes

[Install]
WantedBy=timers.target
"""


def calendar(every_s: int) -> str:
    """systemd.time(7): `*:0/15` is every 15 minutes. Only OnCalendar= is caught up by Persistent=."""
    if every_s < HOUR:
        return f"*:0/{every_s // 60}"
    if every_s < DAY:
        return f"0/{every_s // HOUR}:00"
    return "00:00" if every_s < WEEK else "Mon 00:00"


def _words(job: Scheduled) -> Iterator[str]:
    program, *arguments = job.argv
    yield quoted(program, variables=False)  # systemd reads none in the program's path
    for word in arguments:
        if job.secrets and word == job.secrets:
            yield f'"${{CREDENTIALS_DIRECTORY}}/{CREDENTIAL}"'
        else:
            yield quoted(word)


def quoted(word: str, *, variables: bool = True) -> str:
    """One word of a command line: no specifier, no variable, no escape of ours is left to be read (systemd.service)."""
    word = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{word.replace("$", "$$")}"' if variables else f'"{word}"'


def value(word: str) -> str:
    """A setting that is not split into words."""
    return word.replace("%", "%%")
