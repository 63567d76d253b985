"""Counts the servers that run on a hub, every few seconds."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from tornado.ioloop import PeriodicCallback

from .gate import number_of
from .ledger import LedgerError
from .prices import prices
from .usage import Running, opened

COUNT_EVERY_S = 20


class Meter:
    """Counts what runs on a hub, every few seconds.

    Parameters
    ----------
    app : jupyterhub.app.JupyterHub
        The running hub.
    authenticator : ArchiveAuthenticator
        Knows the settings and the ledger's file.
    """

    def __init__(self, app: Any, authenticator: Any) -> None:
        self._app = app
        self._log = authenticator.log
        self._usage = opened(authenticator.ledger_path)
        self._prices = prices(authenticator.hub)
        self._cores = {
            name: profile.cpu.limit
            for name, profile in authenticator.hub.profiles.items()
        }
        self._timer = PeriodicCallback(self.count, 1000 * COUNT_EVERY_S)

    def start(self) -> None:
        """Begin; the event loop must run."""
        self._timer.start()

    def count(self) -> None:
        """Count now; a ledger that cannot be written is logged and counted later."""
        try:
            self._usage.count(self._running(), self._prices)
        except LedgerError as error:
            self._log.error("usage: %s", error)

    def _running(self) -> list[Running]:
        found = []
        for user in list(self._app.users.values()):
            number, spawner = number_of(user.name), user.spawner
            started = spawner.orm_spawner.started
            if number and spawner.active and started:
                # JupyterHub keeps times in UTC, without saying so.
                started_s = started.replace(tzinfo=UTC).timestamp()
                profile = getattr(spawner, "profile_name", "")
                cores = self._cores.get(profile, 0.0)
                found.append(Running(number, profile, started_s, cores))
        return found
