"""Notices: what everybody, or one person, is to be told before it happens.

The operator writes them (`notice_command`); that a server will reach its maximum age is
worked out when asked.  The hub's pages and each user server ask the same place.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, get_args

from . import budget
from .failure import Failure
from .gate import number_of
from .ledger import LedgerError, LedgerFile
from .settings import Hub

Level = Literal["info", "warning", "danger"]
LONGEST_TEXT = 500


class NoticeError(Failure, ValueError):
    """A notice cannot be kept as asked."""


@dataclass(frozen=True)
class Notice:
    """One notice.

    Parameters
    ----------
    id : str
        Stays the same as long as the notice stands, so that it can be put away.
    level : str
        ``info``, ``warning`` or ``danger``.
    text : str
        One line for people.
    until : datetime, optional
        When it stops being shown; aware.
    number : int, optional
        Whom it is for, by GitHub number; everybody if None.
    """

    id: str
    level: Level
    text: str
    until: datetime | None = None
    number: int | None = None

    def model(self) -> dict[str, str | None]:
        """Return what the hub tells about it as JSON."""
        until = self.until.isoformat(timespec="seconds") if self.until else None
        return {"id": self.id, "level": self.level, "text": self.text, "until": until}


class Notices(LedgerFile):
    """The notices that were written down."""

    tables = """
CREATE TABLE IF NOT EXISTS notices (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    number  INTEGER,
    level   TEXT NOT NULL,
    text    TEXT NOT NULL,
    until_s REAL,
    at      REAL NOT NULL
);
"""

    def add(
        self,
        text: str,
        level: Level = "info",
        until: datetime | None = None,
        number: int | None = None,
    ) -> str:
        """Keep a notice and return its id.

        Raises
        ------
        NoticeError
            The text is empty, too long or of several lines; the level is unknown;
            `until` has passed.
        """
        text = text.strip()
        if not text or len(text) > LONGEST_TEXT or not text.isprintable():
            raise NoticeError(
                f"notice: the text must be one line of 1 to {LONGEST_TEXT} characters, "
                f"got {len(text)}: {text[:40]!r}"
            )
        if level not in get_args(Level):
            raise NoticeError(
                f"notice: no level {level!r}; there are {', '.join(get_args(Level))}"
            )
        until_s = until.timestamp() if until else None
        if until is not None and until.timestamp() <= self._clock():
            raise NoticeError(
                f"notice: until {until.isoformat(timespec='minutes')!r} has passed; "
                "give a time that is to come"
            )
        done = self._run(
            "INSERT INTO notices (number, level, text, until_s, at) "
            "VALUES (?, ?, ?, ?, ?)",
            *(number, level, text, until_s, self._clock()),
        )
        return str(done.lastrowid)

    def remove(self, id: str) -> None:
        """Take a notice back.

        Raises
        ------
        NoticeError
            There is none of this id.
        """
        if not self._run("DELETE FROM notices WHERE id = ?", id).rowcount:
            there = ", ".join(notice.id for notice in self.standing()) or "none"
            raise NoticeError(f"notice: no notice {id!r}; there are: {there}")

    def standing(self) -> list[Notice]:
        """Return every notice that has not expired, the oldest first."""
        rows = self._run(
            "SELECT id, level, text, until_s, number FROM notices "
            "WHERE until_s IS NULL OR until_s > ? ORDER BY id",
            self._clock(),
        )
        return [
            Notice(
                id=str(id),
                level=level,
                text=text,
                until=datetime.fromtimestamp(until_s, UTC) if until_s else None,
                number=number,
            )
            for id, level, text, until_s, number in rows
        ]

    def for_person(self, number: int | None) -> list[Notice]:
        """Return those for everybody and those for this person."""
        return [notice for notice in self.standing() if notice.number in (None, number)]


@lru_cache
def opened(path: str) -> Notices:
    """Return the notices in the ledger's file at `path`; empty: kept in memory."""
    return Notices(Path(path) if path else None)


def end_of_age(hub: Hub, started: datetime, now: datetime) -> Notice | None:
    """Return the notice that a server will reach its maximum age, once it is near.

    Parameters
    ----------
    hub : Hub
        Says how old a server may get, and how long before its owner is told.
    started, now : datetime
        Both aware.
    """
    end = started + timedelta(hours=hub.idle.max_age_h)
    if now < end - timedelta(minutes=hub.idle.warn_min):
        return None
    text = (
        f"Your server stops at {end:%H:%M} UTC: it will have run for "
        f"{hub.idle.max_age_h:g} hours. Save your work; your files stay, and you can "
        "start a new server at once."
    )
    return Notice(f"age-{int(end.timestamp())}", "warning", text, end)


def for_user(user: Any) -> list[dict[str, str | None]]:
    """Return what a logged-in person is to be told, as the hub tells it.

    Parameters
    ----------
    user : jupyterhub.user.User, optional
        None, for a visitor, gets none.

    Returns
    -------
    list of dict
        ``id``, ``level``, ``text``, ``until``.  A ledger that cannot be read is logged:
        no page fails for a missing notice.
    """
    if user is None:
        return []
    authenticator = user.authenticator
    found: list[Notice] = []
    try:
        notices = opened(authenticator.ledger_path)
        found += notices.for_person(number_of(user.name))
    except LedgerError as error:
        authenticator.log.error("notices: %s", error)
    if text := budget.warning_for(authenticator, user.name):
        found.append(Notice(f"used-{datetime.now(UTC):%Y-%m}", "warning", text))
    spawner = user.spawner
    if spawner.active and spawner.orm_spawner.started:
        # JupyterHub keeps times in UTC, without saying so.
        started = spawner.orm_spawner.started.replace(tzinfo=UTC)
        end = end_of_age(authenticator.hub, started, datetime.now(UTC))
        found += [end] if end else []
    return [notice.model() for notice in found]


def notices_url(spawner: Any) -> str:
    """Return where a server asks, with its own API token."""
    return f"{str(spawner.hub.api_url).removesuffix('api')}notices"
