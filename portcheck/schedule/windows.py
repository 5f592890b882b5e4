"""A task for the Windows Task Scheduler: https://learn.microsoft.com/windows/win32/taskschd/task-scheduler-schema"""

from __future__ import annotations

import subprocess
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
    _texts(principal, {"UserId": job.user or LOCAL_SERVICE, "RunLevel": "LeastPrivilege"})
    limit = duration(max(job.every_s, SHORTEST_LIMIT_S))
    _texts(_under(root, "Settings"), SETTINGS | {"ExecutionTimeLimit": limit})
    command, *arguments = job.argv
    run = _under(_under(root, "Actions", Context="Author"), "Exec")
    _texts(run, {"Command": command, "Arguments": subprocess.list2cmdline(arguments)})
    Xml.indent(root)
    return Xml.tostring(root, encoding="unicode") + "\n"


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
