"""Who used what: hours of servers by profile and month, and about what they cost.

The running hub counts every few seconds into its ledger's file; what a server ran while
the hub was away is counted when it is back.  Money is kept in millionths of a USD, as
integers, so that people's amounts add up to the whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from tornado.ioloop import PeriodicCallback

from . import fit
from .gate import number_of
from .ledger import LedgerError, LedgerFile
from .settings import Hub

COUNT_EVERY_S = 20
MICRO = 1_000_000


@dataclass(frozen=True)
class Running:
    """A server that runs now.

    Parameters
    ----------
    number : int
        Its owner's GitHub number.
    profile : str
        What was chosen.
    started_s : float
        When it was started, in seconds since 1970.
    """

    number: int
    profile: str
    started_s: float


@dataclass(frozen=True)
class Used:
    """What one person used of one profile in one month.

    Parameters
    ----------
    number : int
        GitHub number.
    month : str
        ``YYYY-MM``, in UTC.
    profile : str
        Its name in the settings.
    hours : float
        How long servers of it ran.
    usd_micro : int
        About what it cost, in millionths of a USD.
    """

    number: int
    month: str
    profile: str
    hours: float
    usd_micro: int


class Usage(LedgerFile):
    """The hub's memory of what people used."""

    tables = """
CREATE TABLE IF NOT EXISTS used (
    number    INTEGER NOT NULL,
    month     TEXT NOT NULL,
    profile   TEXT NOT NULL,
    seconds   REAL NOT NULL,
    usd_micro INTEGER NOT NULL,
    PRIMARY KEY (number, month, profile)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counted (
    number    INTEGER PRIMARY KEY,
    started_s REAL NOT NULL,
    until_s   REAL NOT NULL
);
"""

    def count(self, running: Iterable[Running], prices: dict[str, float]) -> None:
        """Count what ran since the last time.

        Parameters
        ----------
        running : iterable of Running
            Every server that runs now.
        prices : dict of str to float
            USD an hour by profile; one that is missing costs nothing.
        """
        now_s = self._clock()
        month = datetime.fromtimestamp(now_s, UTC).strftime("%Y-%m")
        self._run("BEGIN IMMEDIATE")
        try:
            known = {
                number: (started_s, until_s)
                for number, started_s, until_s in self._run("SELECT * FROM counted")
            }
            self._run("DELETE FROM counted")
            for one in running:
                started_s, until_s = known.get(one.number, (None, 0.0))
                since_s = until_s if started_s == one.started_s else one.started_s
                # A clock that was set back counts nothing twice.
                seconds = max(0.0, now_s - since_s)
                usd_micro = round(seconds / 3600 * prices.get(one.profile, 0) * MICRO)
                self._add(one, month, seconds, usd_micro)
                end_s = max(now_s, since_s)
                self._run(
                    "INSERT OR REPLACE INTO counted VALUES (?, ?, ?)",
                    *(one.number, one.started_s, end_s),
                )
        except BaseException:
            self._run("ROLLBACK")
            raise
        self._run("COMMIT")

    def _add(self, one: Running, month: str, seconds: float, usd_micro: int) -> None:
        self._run(
            "INSERT INTO used VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (number, month, profile) DO UPDATE SET "
            "seconds = seconds + excluded.seconds, "
            "usd_micro = usd_micro + excluded.usd_micro",
            *(one.number, month, one.profile, seconds, usd_micro),
        )

    def used(self, *, number: int | None = None, month: str = "") -> list[Used]:
        """Return what was used, the latest month first.

        Parameters
        ----------
        number : int, optional
            Of this person only.
        month : str
            ``YYYY-MM``: of this month only.
        """
        rows = self._run(
            "SELECT number, month, profile, seconds / 3600, usd_micro FROM used "
            "WHERE (?1 IS NULL OR number = ?1) AND (?2 = '' OR month = ?2) "
            "ORDER BY month DESC, number, profile",
            *(number, month),
        )
        return [Used(*row) for row in rows]

    def usd_this_month(self, number: int) -> float:
        """Return about what this person cost since the month began, in USD."""
        month = datetime.fromtimestamp(self._clock(), UTC).strftime("%Y-%m")
        return sum(u.usd_micro for u in self.used(number=number, month=month)) / MICRO


def to_cents(amounts_micro: list[int]) -> list[int]:
    """Round amounts to cents so that their sum is the rounded sum.

    Parameters
    ----------
    amounts_micro : list of int
        Millionths of a USD.

    Returns
    -------
    list of int
        Cents, each within one of its amount (largest remainders).
    """
    cent = MICRO // 100
    cents = [amount // cent for amount in amounts_micro]
    missing = round(sum(amounts_micro) / cent) - sum(cents)
    largest = sorted(
        range(len(cents)), key=lambda i: amounts_micro[i] % cent, reverse=True
    )
    for i in largest[:missing]:
        cents[i] += 1
    return cents


def prices(hub: Hub) -> dict[str, float]:
    """Return what an hour of each profile costs in USD: its share of a full machine."""
    if not hub.usage.show_usd:
        return {}
    return {
        name: fit.smallest(hub, fit.need_of(hub, name)).usd_per_person_h
        for name in hub.profiles
    }


@lru_cache
def opened(path: str) -> Usage:
    """Return the usage in the ledger's file at `path`; empty: kept in memory."""
    return Usage(Path(path) if path else None)


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
                found.append(Running(number, profile, started_s))
        return found
