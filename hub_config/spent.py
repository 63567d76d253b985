"""Stops what a person runs who had all core hours of the day, and tells them before.

A new server is refused meanwhile (`budget`), and so are Dask clusters and more workers
(`backend`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from tornado.ioloop import PeriodicCallback

from .budget import over_today
from .farewell import put_out
from .gate import user_name
from .ledger import LedgerError
from .notices import NoticeError, opened

# In the time between the notice and the stop.
LOOKS = 30


class Spent:
    """Looks every few seconds who reached the limit.

    Parameters
    ----------
    app : jupyterhub.app.JupyterHub
        The running hub.
    authenticator : ArchiveAuthenticator
        Knows the settings and the ledger's file.
    clock : callable
        Seconds since 1970.
    """

    def __init__(
        self, app: Any, authenticator: Any, clock: Callable[[], float] = time.time
    ) -> None:
        self._app = app
        self._authenticator = authenticator
        self._clock = clock
        self._warn_s = authenticator.hub.idle.warn_min * 60
        self._most_h = authenticator.hub.usage.stop_core_hours_per_day
        # By number: when what runs is stopped, and the notice that says so.  A hub that
        # starts anew tells anew.
        self._ends: dict[int, tuple[float, str]] = {}
        self._stops: dict[int, asyncio.Task[None] | None] = {}
        self._timer = PeriodicCallback(self.look, 1000 * self._warn_s / LOOKS)

    def start(self) -> None:
        """Begin, if there is a limit; the event loop must run."""
        if self._most_h:
            self._timer.start()

    def look(self) -> None:
        """Tell whoever reached the limit, and stop what runs of whoever was told."""
        try:
            over = set(over_today(self._authenticator))
            for number in self._ends.keys() - over:
                self._forgive(number)
            for number in over - self._ends.keys():
                self._tell(number)
        except LedgerError as error:
            self._authenticator.log.error("spent: %s", error)
            return
        for number, (end_s, _) in self._ends.items():
            if end_s <= self._clock():
                self._stop(number)

    def _tell(self, number: int) -> None:
        end = datetime.fromtimestamp(self._clock() + self._warn_s, UTC)
        notice = opened(self._authenticator.ledger_path).add(
            f"What you run stops at {end:%H:%M} UTC: your servers and Dask workers had "
            f"{self._most_h:,g} core hours today, all that this hub gives a person in "
            "a day. Save your work; your files stay. Both start again after midnight "
            "(UTC).",
            "danger",
            end,
            number,
        )
        self._ends[number] = end.timestamp(), notice

    def _forgive(self, number: int) -> None:
        """Take the notice back: a new day has begun, or the limit was raised."""
        _, notice = self._ends.pop(number)
        self._stops.pop(number, None)
        # It may have expired, or the operator took it back.
        with suppress(NoticeError):
            opened(self._authenticator.ledger_path).remove(notice)

    def _stop(self, number: int) -> None:
        user = self._app.users.get(user_name(number))
        stopping = self._stops.get(number)
        if user is None or (stopping and not stopping.done()):
            return
        # Once in any case: a script can have clusters without a server.
        if user.active or number not in self._stops:
            self._authenticator.log.warning("spent: stopping what %s runs", user.name)
            self._stops[number] = put_out(self._app, user, forget_tokens=False)
