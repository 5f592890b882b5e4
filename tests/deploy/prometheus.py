"""A real Prometheus on the project's own configuration, its times made short, and what it answers."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lab.node import Node

DEPLOY = Path(__file__).parents[2] / "deploy"
PATIENCE_S = 90.0
"""The machine may be busy: what is waited for comes, or the test fails."""


def short(text: str) -> str:
    """The same configuration with its minutes as seconds: what takes ten minutes takes ten seconds."""
    text = text.replace("scrape_timeout: 1m", "scrape_timeout: 5s")
    return re.sub(r"(?<=[\[ ])(\d+)m\b", lambda found: f"{found[1]}s", text)


@dataclass(frozen=True, slots=True)
class Prometheus:
    """Asked by its own API, from within the machine it runs on."""

    node: Node
    port: int = 9090

    def api(self, path: str, **query: str) -> Any:
        """`data` of the answer."""
        words = [word for name, value in query.items() for word in ("--data-urlencode", f"{name}={value}")]
        told = self.node.run("curl", "-sG", "-m", "20", f"http://127.0.0.1:{self.port}/api/v1/{path}", *words)
        answer = json.loads(told)
        assert answer["status"] == "success", answer
        return answer["data"]

    def query(self, text: str) -> list[dict[str, Any]]:
        return list(self.api("query", query=text)["result"])

    def firing(self) -> set[str]:
        alerts = self.api("alerts")["alerts"]
        return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}

    def until(self, holds: Callable[[], bool]) -> None:
        """Prometheus tells nobody when a scrape is done: it is asked again, as Grafana does."""
        end = time.monotonic() + PATIENCE_S
        while not holds():
            assert time.monotonic() < end, [self.firing(), self.api("targets")]
            time.sleep(0.5)


@contextmanager
def running(node: Node, folder: Path) -> Iterator[Prometheus]:
    """`deploy/prometheus` as it is, in short time."""
    for name in ("prometheus.yml", "rules.yml"):
        (folder / name).write_text(short((DEPLOY / "prometheus" / name).read_text(encoding="utf-8")), encoding="utf-8")
    options = (f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data")
    log = folder / "prometheus.log"
    process = node.start("prometheus", *options, "--web.listen-address=127.0.0.1:9090", log=log)
    try:
        end = time.monotonic() + PATIENCE_S
        while "Server is ready" not in log.read_text(encoding="utf-8"):
            assert process.poll() is None, log.read_text(encoding="utf-8")
            assert time.monotonic() < end
            time.sleep(0.2)
        yield Prometheus(node)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
