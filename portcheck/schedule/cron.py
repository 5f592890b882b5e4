"""A line for `crontab -e`. See crontab(5): a percent sign ends the command unless it is escaped."""

from __future__ import annotations

import shlex

from portcheck.schedule.job import DAY, HOUR, WEEK, Scheduled


def line(job: Scheduled) -> str:
    """Nothing is printed while all is well: cron mails what is wrong, and what to ask for."""
    settings = [f"{name}={value}" for name, value in job.environment.items()]
    words = ["env", *settings, *job.argv] if settings else list(job.argv)
    command = shlex.join(words).replace("%", "\\%")
    return f"{when(job.every_s)} {command}\n"


def when(every_s: int) -> str:
    if every_s == 60:
        return "* * * * *"
    if every_s < HOUR:
        return f"*/{every_s // 60} * * * *"
    if every_s < DAY:
        return f"0 */{every_s // HOUR} * * *" if every_s > HOUR else "0 * * * *"
    return "0 0 * * *" if every_s < WEEK else "0 0 * * 1"
