"""Notices through apprise, or into Windows' log: each URL by itself, all within a bounded time.

No URL and no error text is passed on.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Sequence

from portcheck.automation import event_log
from portcheck.automation.surroundings import forget_secrets

LONGEST_S = 30.0
"""For all together. A service that hangs is left behind: its thread ends with the program."""


def send(
    urls: Sequence[str], title: str, body: str, longest_s: float = LONGEST_S, exit_code: int | None = None
) -> Iterator[str]:
    """Send the notice everywhere; a line for each place that it did not reach. `exit_code`: of the run it is about."""
    forget_secrets()  # some services of apprise start programs
    logging.getLogger("apprise").disabled = True  # it would write addresses, and what servers answer, to stderr
    reached = [False] * len(urls)

    def one(number: int) -> None:
        try:
            if event_log.is_meant(urls[number]):
                reached[number] = event_log.write(event_log.text(title, body), *event_log.event_of(exit_code))
            else:
                reached[number] = _sent(urls[number], title, body)
        except Exception:  # noqa: BLE001 - a foreign library, and its words may hold the URL
            reached[number] = False

    threads = [threading.Thread(target=one, args=(number,), daemon=True) for number in range(len(urls))]
    ends = time.monotonic() + longest_s
    for thread in threads:
        thread.start()
    for number, thread in enumerate(threads):
        thread.join(max(ends - time.monotonic(), 0))
        service = urls[number].partition("://")[0].lower()
        if thread.is_alive():
            yield f"notice {number + 1} ({service}) was not sent within {longest_s:g} s"
        elif not reached[number]:
            hint = "" if event_log.is_meant(urls[number]) else "; try it with apprise -vv"
            yield f"notice {number + 1} ({service}) was not delivered{hint}"


def _sent(url: str, title: str, body: str) -> bool:
    import apprise

    notifier = apprise.Apprise()
    return bool(
        notifier.add(url)
        and notifier.notify(body=body, title=title, body_format=apprise.NotifyFormat.TEXT, interpret_escapes=False)
    )
