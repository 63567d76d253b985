"""Who used what: hours of servers and Dask workers by month, and about what they cost.

The running hub counts every few seconds into its ledger's file (`meter`); what a server
ran while the hub was away is counted when it is back.  The gateway tells what workers
ran, as sums since it started (`worked`): only what is new in them is added.  Money is
kept in millionths of a USD, as integers, so that people's amounts add up to the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from .ledger import LedgerFile

MICRO = 1_000_000
# In the place of a profile; none can be called so.
DASK = "Dask workers"
DAY_S = 24 * 3600
# A gateway that has not told for so long will not tell again.
GONE_AFTER_S = DAY_S


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
    cores : float
        How many it may use.
    """

    number: int
    profile: str
    started_s: float
    cores: float = 0


@dataclass(frozen=True)
class Workers:
    """What a person's workers of one size ran since a gateway started.

    Parameters
    ----------
    number : int
        The person's GitHub number.
    cores : float
        Of one worker.
    memory_bytes : int
        Of one worker.
    seconds : float
        Of all workers together.
    """

    number: int
    cores: float
    memory_bytes: int
    seconds: float


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
        Its name in the settings, or `DASK`.
    hours : float
        How long servers of it, or workers, ran.
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
CREATE TABLE IF NOT EXISTS today (
    number       INTEGER PRIMARY KEY,
    day          TEXT NOT NULL,
    core_seconds REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS worked (
    since        TEXT NOT NULL,
    number       INTEGER NOT NULL,
    cores        REAL NOT NULL,
    memory_bytes INTEGER NOT NULL,
    seconds      REAL NOT NULL,
    at           REAL NOT NULL,
    PRIMARY KEY (since, number, cores, memory_bytes)
) WITHOUT ROWID;
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
        with self._at_once():
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
                self._add(one.number, one.profile, seconds, prices.get(one.profile, 0))
                of_today_s = min(seconds, now_s % DAY_S)
                self._add_today(one.number, of_today_s * one.cores)
                end_s = max(now_s, since_s)
                self._run(
                    "INSERT OR REPLACE INTO counted VALUES (?, ?, ?)",
                    *(one.number, one.started_s, end_s),
                )

    def count_workers(
        self,
        since: str,
        workers: Iterable[Workers],
        price: Callable[[Workers], float],
    ) -> None:
        """Count what is new in what a gateway tells.

        Parameters
        ----------
        since : str
            Another one each time a gateway starts; two may tell side by side.
        workers : iterable of Workers
            Its sums.
        price : callable
            Returns what a worker of that size costs, in USD an hour.
        """
        now_s = self._clock()
        with self._at_once():
            self._run("DELETE FROM worked WHERE at < ?", now_s - GONE_AFTER_S)
            for one in workers:
                key = since, one.number, one.cores, one.memory_bytes
                row = self._run(
                    "SELECT seconds FROM worked WHERE since = ? AND number = ? "
                    "AND cores = ? AND memory_bytes = ?",
                    *key,
                ).fetchone()
                new = max(0.0, one.seconds - (row[0] if row else 0.0))
                if new:
                    self._add(one.number, DASK, new, price(one))
                    self._add_today(one.number, new * one.cores)
                self._run(
                    "INSERT OR REPLACE INTO worked VALUES (?, ?, ?, ?, ?, ?)",
                    *(*key, one.seconds, now_s),
                )

    @contextmanager
    def _at_once(self) -> Iterator[None]:
        """Keep all of what the block writes, or nothing."""
        self._run("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._run("ROLLBACK")
            raise
        self._run("COMMIT")

    def _add(self, number: int, what: str, seconds: float, usd_per_h: float) -> None:
        month = datetime.fromtimestamp(self._clock(), UTC).strftime("%Y-%m")
        self._run(
            "INSERT INTO used VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (number, month, profile) DO UPDATE SET "
            "seconds = seconds + excluded.seconds, "
            "usd_micro = usd_micro + excluded.usd_micro",
            *(number, month, what, seconds, round(seconds / 3600 * usd_per_h * MICRO)),
        )

    def _add_today(self, number: int, core_seconds: float) -> None:
        """Add to a person's day; the first of a day forgets the one before."""
        self._run(
            "INSERT INTO today VALUES (?, ?, ?) ON CONFLICT (number) DO UPDATE SET "
            "core_seconds = excluded.core_seconds + iif(day = excluded.day, "
            "core_seconds, 0), day = excluded.day",
            *(number, self._today(), core_seconds),
        )

    def _today(self) -> str:
        return datetime.fromtimestamp(self._clock(), UTC).strftime("%Y-%m-%d")

    def core_hours_today(self, number: int) -> float:
        """Return the core hours that this person was given since midnight, UTC."""
        row = self._run(
            "SELECT core_seconds FROM today WHERE number = ? AND day = ?",
            *(number, self._today()),
        ).fetchone()
        return row[0] / 3600 if row else 0.0

    def over_today(self, core_hours: float) -> list[int]:
        """Return who was given at least so many core hours since midnight, UTC."""
        rows = self._run(
            "SELECT number FROM today WHERE day = ? AND core_seconds >= ?",
            *(self._today(), core_hours * 3600),
        )
        return [number for (number,) in rows]

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
            "ORDER BY month DESC, number, profile = ?3, profile",
            *(number, month, DASK),
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


@lru_cache
def opened(path: str) -> Usage:
    """Return the usage in the ledger's file at `path`; empty: kept in memory."""
    return Usage(Path(path) if path else None)
