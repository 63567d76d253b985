"""Homes that nobody uses: the person is warned, the home put away, then deleted.

Each step waits for the one before: nobody's home is put away who was not told so long
before, whatever the dates say.  What was put away can be brought back until it is
deleted.  A running person's home is not touched.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from ..ledger import LedgerFile
from ..tables import Home as Rules
from .homes import Kept

Kind = Literal["warn", "spare", "put away", "delete"]


@dataclass(frozen=True)
class Record:
    """What was done about one person's home so far; times in seconds since 1970."""

    number: int
    warned_s: float
    notice: str
    away_s: float | None = None
    archive: str = ""
    sha256: str = ""


@dataclass(frozen=True)
class Step:
    """One thing to do.

    Attributes
    ----------
    kind : str
        ``warn``; ``spare``, the person came back; ``put away``; ``delete``.
    name, login : str
        Whose home.
    why : str
        For the operator.
    size_bytes : int
        What it frees, or would.
    by : datetime, optional
        When the next step follows at the earliest.
    """

    kind: Kind
    number: int
    login: str
    why: str
    size_bytes: int = 0
    by: datetime | None = None

    @property
    def name(self) -> str:
        """The home's name."""
        return f"gh-{self.number}"


class Records(LedgerFile):
    """What retention did, in the hub's file about people."""

    tables = """
CREATE TABLE IF NOT EXISTS retention (
    number   INTEGER PRIMARY KEY,
    warned_s REAL NOT NULL,
    notice   TEXT NOT NULL,
    away_s   REAL,
    archive  TEXT NOT NULL DEFAULT '',
    sha256   TEXT NOT NULL DEFAULT ''
);
"""

    def all(self) -> dict[int, Record]:
        """Return the records by number."""
        rows = self._run("SELECT * FROM retention ORDER BY number")
        return {row[0]: Record(*row) for row in rows}

    def put(self, record: Record) -> None:
        """Keep a record in the place of the person's last."""
        self._run(
            "INSERT OR REPLACE INTO retention VALUES (?, ?, ?, ?, ?, ?)",
            *vars(record).values(),
        )

    def drop(self, number: int) -> None:
        """Forget a person's record."""
        self._run("DELETE FROM retention WHERE number = ?", number)


def plan(
    rules: Rules, homes: Iterable[Kept], records: dict[int, Record], now: datetime
) -> list[Step]:
    """Return what is to be done about homes, the oldest people first.

    Parameters
    ----------
    rules : Home
        After how many days without use.
    homes : iterable of Kept
        All there are.
    records : dict
        What was done before, by number.
    now : datetime
        Aware.
    """
    steps = [_delete(rules, record, now) for record in records.values()]
    for kept in sorted(homes, key=lambda one: one.last_used):
        record = records.get(kept.number)
        if kept.is_running or (record and record.away_s):
            # Put away before, and they came back: that is a new home.
            continue
        steps.append(_next(rules, kept, record, now))
    return [step for step in steps if step]


def _next(
    rules: Rules, kept: Kept, record: Record | None, now: datetime
) -> Step | None:
    idle = (now - kept.last_used).days
    notice = timedelta(days=rules.put_away_after_days - rules.warn_after_days)

    def step(kind: Kind, why: str, by: datetime | None = None) -> Step:
        size = kept.home.size_bytes
        return Step(kind, kept.number, kept.login, why, size, by)

    if idle < rules.warn_after_days:
        return step("spare", "came back after the warning") if record else None
    if record is None:
        away = kept.last_used + timedelta(days=rules.put_away_after_days)
        return step("warn", f"not used for {idle} days", max(away, now + notice))
    warned = datetime.fromtimestamp(record.warned_s, UTC)
    if idle < rules.put_away_after_days or now < warned + notice:
        return None
    kept_for = timedelta(days=rules.delete_after_days - rules.put_away_after_days)
    why = f"not used for {idle} days, warned on {warned:%Y-%m-%d}"
    return step("put away", why, now + kept_for)


def _delete(rules: Rules, record: Record, now: datetime) -> Step | None:
    if record.away_s is None:
        return None
    away = datetime.fromtimestamp(record.away_s, UTC)
    kept_for = timedelta(days=rules.delete_after_days - rules.put_away_after_days)
    if now < away + kept_for:
        return None
    return Step("delete", record.number, "", f"put away on {away:%Y-%m-%d}")
