"""What the hub remembers about people over restarts, in one small SQLite file.

One table for each concern: which GitHub number an archive's login was first seen with,
when a number was last admitted, and its latest login.  Terms and notices keep theirs
in the same file.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from .failure import Failure

# On the volume of JupyterHub's database.
LEDGER_IN_POD = "/srv/jupyterhub/people.sqlite"

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
CREATE TABLE IF NOT EXISTS logins (
    number INTEGER PRIMARY KEY,
    login  TEXT NOT NULL
);
"""


class LedgerError(Failure, OSError):
    """The file cannot be used."""


class LedgerFile:
    """One SQLite file; each concern opens it with tables of its own.

    Parameters
    ----------
    path : Path, optional
        The SQLite file, made if absent; without it the memory ends with the process.
    clock : callable
        Seconds since 1970.

    Raises
    ------
    LedgerError
        The file cannot be opened or is no ledger; later, cannot be read or written.
    """

    tables: ClassVar[str]

    def __init__(
        self, path: Path | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._where = str(path) if path else ":memory:"
        self._clock = clock
        try:
            self._db = sqlite3.connect(self._where, isolation_level=None, timeout=5)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.executescript(self.tables)
        except sqlite3.Error as error:
            raise LedgerError(f"ledger: {self._where}: {error}") from None

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _run(self, statement: str, *values: object) -> sqlite3.Cursor:
        try:
            return self._db.execute(statement, values)
        except (sqlite3.Error, UnicodeEncodeError) as error:
            raise LedgerError(f"ledger: {self._where}: {error}") from None


class Ledger(LedgerFile):
    """The hub's memory of people at the gate."""

    tables = _TABLES

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
        self._run(
            "INSERT INTO first_seen VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            *key,
            number,
            self._clock(),
        )
        found = self._run(
            "SELECT number FROM first_seen WHERE archive = ? AND login = ?", *key
        )
        return int(found.fetchone()[0])

    def unbind(self, archive: str, login: str) -> bool:
        """Forget whose login this was, for an operator who knows it changed hands.

        Returns
        -------
        bool
            Whether there was anything to forget.
        """
        done = self._run(
            "DELETE FROM first_seen WHERE archive = ? AND login = ?",
            archive,
            login.casefold(),
        )
        return done.rowcount > 0

    def note_admitted(self, number: int) -> None:
        """Remember that this person was admitted now."""
        self._run(
            "INSERT INTO admitted VALUES (?, ?) "
            "ON CONFLICT (number) DO UPDATE SET at = excluded.at",
            number,
            self._clock(),
        )

    def note_refused(self, number: int) -> None:
        """Forget that this person was ever admitted: no grace after a no."""
        self._run("DELETE FROM admitted WHERE number = ?", number)

    def admitted_within(self, number: int, hours: float) -> bool:
        """Tell whether this person was admitted in the last `hours`."""
        found = self._run("SELECT at FROM admitted WHERE number = ?", number)
        row = found.fetchone()
        # A clock that was set back must not stretch the grace.
        return row is not None and abs(self._clock() - float(row[0])) < hours * 3600

    def note_login(self, number: int, login: str) -> None:
        """Remember what this person is called on GitHub now."""
        self._run(
            "INSERT INTO logins VALUES (?, ?) "
            "ON CONFLICT (number) DO UPDATE SET login = excluded.login",
            number,
            login,
        )

    def login_of(self, number: int) -> str | None:
        """Return the latest login of this person, if the hub ever saw one."""
        row = self._run("SELECT login FROM logins WHERE number = ?", number).fetchone()
        return str(row[0]) if row else None

    def numbers_called(self, login: str) -> list[int]:
        """Return who was last seen under `login`; several if it changed hands."""
        rows = self._run(
            "SELECT number FROM logins WHERE login = ? COLLATE NOCASE ORDER BY number",
            login,
        )
        return [int(number) for (number,) in rows]
