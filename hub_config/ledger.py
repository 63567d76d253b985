"""What the hub remembers about people over restarts, in one small SQLite file.

Two concerns, a table each: which GitHub number an archive's login was first seen with, and
when a number was last admitted.  More tables may join them; none is ever changed in place.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

_TABLES = """
CREATE TABLE IF NOT EXISTS first_seen (
    archive TEXT NOT NULL,
    login   TEXT NOT NULL,
    number  INTEGER NOT NULL,
    at      REAL NOT NULL,
    PRIMARY KEY (archive, login)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS admitted (
    number INTEGER PRIMARY KEY,
    at     REAL NOT NULL
);
"""


class LedgerError(OSError):
    """The file cannot be used."""


class Ledger:
    """The hub's memory of people.

    Parameters
    ----------
    path : Path, optional
        The SQLite file, made if absent; without it the memory ends with the process.
    clock : callable
        Seconds since 1970.

    Raises
    ------
    LedgerError
        The file cannot be opened or is no ledger.
    """

    def __init__(
        self, path: Path | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._where = str(path) if path else ":memory:"
        self._clock = clock
        try:
            self._db = sqlite3.connect(self._where, isolation_level=None, timeout=5)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.executescript(_TABLES)
        except sqlite3.Error as error:
            raise LedgerError(f"ledger: {self._where}: {error}") from None

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def bind(self, archive: str, login: str, number: int) -> int:
        """Bind an archive's login to a GitHub number at first sight.

        Parameters
        ----------
        archive, login : str
            The login's letter case does not matter.
        number : int
            Who has the login now.

        Returns
        -------
        int
            The number bound: `number`, or that of whoever had the login first.
        """
        key = (archive, login.casefold())
        self._db.execute(
            "INSERT INTO first_seen VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (*key, number, self._clock()),
        )
        row = self._db.execute(
            "SELECT number FROM first_seen WHERE archive = ? AND login = ?", key
        ).fetchone()
        return int(row[0])

    def unbind(self, archive: str, login: str) -> bool:
        """Forget whose login this was, for an operator who knows that it changed hands.

        Returns
        -------
        bool
            Whether there was anything to forget.
        """
        done = self._db.execute(
            "DELETE FROM first_seen WHERE archive = ? AND login = ?",
            (archive, login.casefold()),
        )
        return done.rowcount > 0

    def note_admitted(self, number: int) -> None:
        """Remember that this person was admitted now."""
        self._db.execute(
            "INSERT INTO admitted VALUES (?, ?) "
            "ON CONFLICT (number) DO UPDATE SET at = excluded.at",
            (number, self._clock()),
        )

    def note_refused(self, number: int) -> None:
        """Forget that this person was ever admitted: no grace after a no."""
        self._db.execute("DELETE FROM admitted WHERE number = ?", (number,))

    def admitted_within(self, number: int, hours: float) -> bool:
        """Tell whether this person was admitted in the last `hours`."""
        row = self._db.execute(
            "SELECT at FROM admitted WHERE number = ?", (number,)
        ).fetchone()
        if row is None:
            return False
        # A clock that was set back must not stretch the grace.
        return 0 <= self._clock() - float(row[0]) < hours * 3600
