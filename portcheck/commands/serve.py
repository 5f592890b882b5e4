"""`portcheck serve`: the Prometheus exporter and the live page. Needs the extra `serve`."""

from __future__ import annotations

import asyncio
import errno
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from portcheck.catalogue.profiles import built_in
from portcheck.cli import targets
from portcheck.cli.check_flags import Called, Config
from portcheck.cli.selection import flagged
from portcheck.cli.streams import say
from portcheck.config import ConfigError, Configuration, Server, parse_server, parse_vantage
from portcheck.config.systems import CLOUD
from portcheck.exitcodes import NOT_DONE, OK
from portcheck.model.events import Event
from portcheck.model.libraries import PACKAGES, how_to_get
from portcheck.net.lag import ListeningLoop
from portcheck.run.runner import Order, run
from portcheck.server.serving_loop import runner as serving_runner
from portcheck.targets.checks import profile_names

if TYPE_CHECKING:
    from portcheck.exporter.app import Forests
    from portcheck.exporter.serving import Loaded
    from portcheck.model import Report

Listen = Annotated[str, typer.Option("--listen", metavar="HOST:PORT", help="Where to listen; loopback by default.")]
WebFile = Annotated[
    Path | None,
    typer.Option("--web-config", metavar="FILE", help="TLS and basic auth, as exporters take it."),
]
Folder = Annotated[
    Path | None, typer.Option("--reports", metavar="DIR", help="Other places' reports (check -f json), shown too.")
]
USUAL = "127.0.0.1:9464"
LONGEST_RUN_S = 120.0
"""A run that nobody limits ends then."""
NO_EXTRA = "portcheck serve needs a library that is not here: {how}"
LOOPBACK_OF = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 - only where the user says so
"""Every address of a family, which is no host's, to one that is: what follows it is read alike."""
NOT_THERE = {
    errno.EADDRNOTAVAIL: "no address of this machine",
    errno.EADDRINUSE: "another program listens there",
}
LOOPBACK = ("127.", "::1", "localhost")


def serve(
    config: Config = None,
    listen: Listen = USUAL,
    web_config: WebFile = None,
    reports: Folder = None,
    vantage: Called = None,
) -> int:
    """Serve runs of the file's forests to Prometheus (/probe, /sd, /metrics) and to people (/)."""
    name = "" if vantage is None else flagged("--name", parse_vantage, vantage)
    where = where_to(listen)
    if reports is not None and not reports.is_dir():
        raise ConfigError(f"--reports: {reports} is no directory")
    try:
        from portcheck.exporter import serving
        from portcheck.exporter.app import Exporter
        from portcheck.exporter.board import ForestBoard
    except ModuleNotFoundError as error:
        missing = PACKAGES.get(error.name or "", "uvicorn")
        raise ConfigError(NO_EXTRA.format(how=how_to_get(missing))) from None
    with serving.reloads_held():
        loaded = _loaded(config, web_config, name)
        context = loaded.web.tls and serving.server_context(loaded.web.tls)
        try:
            at = serving.listening(where.host.replace("localhost", "127.0.0.1"), where.port)
        except OSError as error:
            why = NOT_THERE.get(error.errno or 0) or error.strerror or "cannot be opened"
            say(f"--listen {listen}: {why}")
            return NOT_DONE
        if not where.host.startswith(LOOPBACK) and not loaded.web.users:
            say(f"whoever reaches {where} may ask: give --web-config with basic_auth_users and TLS")
        host, port = at.getsockname()[:2]
        shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        say(f"serving {len(loaded.forests.profiles)} forests at {'https' if context else 'http'}://{shown}/")

        async def main() -> None:
            exporter = Exporter(loaded.forests, ForestBoard(reports))
            await serving.serve(exporter, at, loaded.web, lambda: _loaded(config, web_config, name), say)

        with at, serving_runner() as loop:
            loop.run(main())
        return OK


def where_to(listen: str) -> Server:
    """Host and port; port 0 is any that is free, and 0.0.0.0 or [::] every address of this machine."""
    host, _, port = listen.rpartition(":")
    given = f"{LOOPBACK_OF.get(host, host)}:{'1' if port == '0' else port}" if host else listen
    where = flagged("--listen", parse_server, given)
    where = replace(where, host=host.strip("[]")) if host in LOOPBACK_OF else where
    return replace(where, port=0) if host and port == "0" else where


def _loaded(config: str | None, web_config: Path | None, name: str) -> Loaded:
    """Both files, read now. Raises ConfigError."""
    from portcheck.exporter import web_config as web
    from portcheck.exporter.serving import Loaded

    configured = targets.configuration(config, needed=True)
    if not configured.forests:
        raise ConfigError(f"{configured.path}: nothing to serve: add a [[forest]]")
    served = web.load(web_config) if web_config is not None else web.WebConfig()
    return Loaded(_forests(configured, name), served)


def _forests(configured: Configuration, name: str) -> Forests:
    """What the file allows: its forests, and for each any profile of the file or of ours that asks only them."""
    from portcheck.exporter.app import Forests

    by_name = {forest.name: forest for forest in configured.forests}
    named = {forest.name: tuple(profile_names(forest, ())) for forest in configured.forests}
    allowed = frozenset(p for names in named.values() for p in names) | frozenset(configured.own_profiles)
    allowed |= {name for name, profile in built_in().items() if all(row.target != CLOUD for row in profile.rows)}
    settings = configured.settings
    limit = min(settings.deadline_s or LONGEST_RUN_S, LONGEST_RUN_S)

    def ask(forest: str, profile: str) -> Report:
        """In a thread of its own, with a loop of its own: pages are served meanwhile."""
        profiles = targets.profiles(configured, (profile,) if profile else named[forest])
        order = Order(forests=((by_name[forest], profiles),), settings=replace(settings, deadline_s=limit), name=name)
        with asyncio.Runner(loop_factory=ListeningLoop) as runner:
            return runner.run(run(order, _unheard))

    for forest in by_name:
        targets.profiles(configured, named[forest])  # an unknown one is said now
    return Forests(named, allowed, ask)


def _unheard(event: Event) -> None:
    del event
