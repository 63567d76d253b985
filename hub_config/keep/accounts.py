"""What JupyterHub's database knows of its people: when they were here, what runs."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from .place import KeepError

_QUERY = """
SELECT users.name, max(users.last_activity, coalesce(max(spawners.last_activity), '')),
       max(spawners.server_id IS NOT NULL)
FROM users LEFT JOIN spawners ON spawners.user_id = users.id GROUP BY users.id
"""


@dataclass(frozen=True)
class Account:
    """One person, as the hub knows them.

    Attributes
    ----------
    last_seen : datetime, optional
        Aware; None if the hub never saw them at work.
    is_running : bool
        A server of theirs runs, starts or stops.
    """

    last_seen: datetime | None
    is_running: bool


def accounts(database: str) -> dict[str, Account]:
    """Return the people by their names, as the database says now.

    Parameters
    ----------
    database : str
        JupyterHub's SQLite file; it may be in use.

    Raises
    ------
    KeepError
        It cannot be read: nobody knows then who runs a server.
    """
    address = f"file:{quote(str(Path(database).resolve()))}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=30)) as db:
            rows = db.execute(_QUERY).fetchall()
    except sqlite3.Error as error:
        raise KeepError(f"{database}: {error}") from None
    return {name: Account(_moment(at), bool(runs)) for name, at, runs in rows}


def _moment(text: str | None) -> datetime | None:
    # JupyterHub keeps times in UTC, without saying so.
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None
