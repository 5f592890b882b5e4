"""A task for the Windows Task Scheduler: https://learn.microsoft.com/windows/win32/taskschd/task-scheduler-schema"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from xml.etree import ElementTree as Xml

from portcheck.schedule.job import DAY, HOUR, Scheduled

NAMESPACE = "http://schemas.microsoft.com/windows/2004/02/mit/task"
LOCAL_SERVICE = "S-1-5-19"  # may use the network, and next to nothing of this machine
START = "2026-01-01T00:00:00"
SHORTEST_LIMIT_S = 900
SETTINGS = {
    "MultipleInstancesPolicy": "IgnoreNew",
    "DisallowStartIfOnBatteries": "false",
    "StopIfGoingOnBatteries": "false",
    "StartWhenAvailable": "true",
    "RunOnlyIfNetworkAvailable": "false",  # without a network there is something to report
    "Enabled": "true",
}


def task(job: Scheduled) -> str:
    """The task's XML, without its declaration."""
    Xml.register_namespace("", NAMESPACE)
    root = Xml.Element(_tag("Task"), {"version": "1.2"})
    _texts(_under(root, "RegistrationInfo"), {"Description": "portcheck: the paths to the domain controllers"})
    _trigger(_under(root, "Triggers"), job)
    principal = _under(_under(root, "Principals"), "Principal", id="Author")
    logon = {"LogonType": "Password"} if job.user else {}  # S4U has no network; a service's account needs none named
    _texts(principal, {"UserId": job.user or LOCAL_SERVICE, **logon, "RunLevel": "LeastPrivilege"})
    limit = duration(max(job.every_s, SHORTEST_LIMIT_S))
    _texts(_under(root, "Settings"), SETTINGS | {"ExecutionTimeLimit": limit})
    command, *arguments = job.argv
    run = _under(_under(root, "Actions", Context="Author"), "Exec")
    _texts(run, {"Command": command, "Arguments": subprocess.list2cmdline(arguments)})
    Xml.indent(root)
    return Xml.tostring(root, encoding="unicode") + "\n"


def import_command(job: Scheduled, file: str) -> str:
    """What registers the task, in an elevated prompt; an account's password is asked for, and never in the file."""
    account = ["/RU", job.user, "/RP", "*"] if job.user else []
    return subprocess.list2cmdline(["schtasks", "/Create", "/TN", job.name, "/XML", file, *account])


def cautions(job: Scheduled) -> Iterator[str]:
    """What the task would not find when it runs."""
    for word in dict.fromkeys(job.argv) if job.user is None else ():
        if found := CLOSED.match(word) or SHARE.match(_stands_at(word)):
            yield (
                f"the task's account (LocalService) may not read {found[0]}, where {word} is: move it, for instance to"
                r" C:\ProgramData\portcheck, or give --user"
            )
    for name, value in job.environment.items():
        yield f"a task has no environment of its own: set {name} for the whole machine (setx /M {name} {value})"


CLOSED = re.compile(r"[A-Za-z]:\\Users\\(?!Public\\)[^\\]+", re.IGNORECASE)
DRIVE = re.compile(r"[A-Za-z]:\\")
SHARE = re.compile(r"\\\\(?![.?]\\)[^\\]+\\[^\\]+")
"""LocalService is nobody there: https://learn.microsoft.com/windows/win32/services/localservice-account"""


def _stands_at(word: str) -> str:
    """A drive's letter may be this user's own, for a share: the real path says so."""
    return os.path.realpath(word) if sys.platform == "win32" and DRIVE.match(word) else word


def document(job: Scheduled) -> bytes:
    """The file as schtasks wants it: UTF-16 with a byte order mark."""
    return ('<?xml version="1.0" encoding="UTF-16"?>\n' + task(job)).replace("\n", "\r\n").encode("utf-16")


def duration(seconds: int) -> str:
    """xs:duration: PT15M, PT4H, P1D"""
    if seconds % DAY == 0:
        return f"P{seconds // DAY}D"
    return f"PT{seconds // HOUR}H" if seconds % HOUR == 0 else f"PT{seconds // 60}M"


def _trigger(parent: Xml.Element, job: Scheduled) -> None:
    """In the order of the schema's sequences: triggerBaseType, then what timeTriggerType adds."""
    trigger = _under(parent, "TimeTrigger")
    _texts(trigger, {"Enabled": "true", "StartBoundary": START})
    _texts(_under(trigger, "Repetition"), {"Interval": duration(job.every_s), "StopAtDurationEnd": "false"})
    _texts(trigger, {"RandomDelay": f"PT{min(job.every_s // 10, 300)}S"})


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def _under(parent: Xml.Element, name: str, **attributes: str) -> Xml.Element:
    return Xml.SubElement(parent, _tag(name), attributes)


def _texts(parent: Xml.Element, texts: dict[str, str]) -> None:
    for name, text in texts.items():
        _under(parent, name).text = text
