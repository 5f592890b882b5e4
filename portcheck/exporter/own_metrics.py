"""The exporter's metrics of itself, in a registry of their own: runs, queue, scrapes, reloads, this process."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.process_collector import ProcessCollector

from portcheck import __version__

BUCKETS = (0.5, 1, 2, 5, 10, 20, 30, 60, 120)


class OwnMetrics:
    """Names follow the conventions of exporters: `portcheck_exporter_…`, base units, `_total`."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        name = "portcheck_exporter"
        build = Gauge(f"{name}_build_info", "Which portcheck this is.", ["version"], registry=registry)
        build.labels(__version__).set(1)
        self.runs = Counter(f"{name}_runs", "Runs that came to an end.", ["forest"], registry=registry)
        self.failures = Counter(f"{name}_run_failures", "Runs that did not.", ["forest"], registry=registry)
        self.seconds = Histogram(
            f"{name}_run_duration_seconds", "How long runs took.", ["forest"], registry=registry, buckets=BUCKETS
        )
        self.scrapes = Counter(
            f"{name}_scrapes", "Scrapes of a forest by how they ended.", ["forest", "outcome"], registry=registry
        )
        self.running = Gauge(
            f"{name}_runs_in_progress", "Runs that are asked for, the waiting included.", registry=registry
        )
        self.reloaded = Gauge(
            f"{name}_config_last_reload_successful", "1 if the forests file was good when last read.", registry=registry
        )
        self.reloaded_at = Gauge(
            f"{name}_config_last_reload_success_timestamp_seconds", "When it last was.", registry=registry
        )

    def text(self) -> str:
        return generate_latest(self.registry).decode()
