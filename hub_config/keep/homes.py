"""Homes, how full they are, and when their people were last here."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..gate import number_of
from ..ledger import Ledger
from .accounts import Account, accounts
from .measure import Home, measure_all
from .place import KeepError, Place

NEARLY_FULL = 0.9


@dataclass(frozen=True)
class Kept:
    """One home and whose it is.

    Attributes
    ----------
    home : Home
        As measured.
    number : int
        The person's.
    login : str
        Their latest, empty if the hub never saw it.
    last_used : datetime
        When they last worked here; what the home says, if the hub does not know them.
    is_running : bool
        A server of theirs runs: hands off.
    """

    home: Home
    number: int
    login: str
    last_used: datetime
    is_running: bool

    def share(self, quota_bytes: int) -> float:
        """Return how much of the quota is taken; 1 is all of it."""
        return self.home.size_bytes / quota_bytes

    def model(self, quota_bytes: int) -> dict[str, Any]:
        """Return what is told about it as JSON."""
        return {
            "name": self.home.name,
            "login": self.login,
            "size_bytes": self.home.size_bytes,
            "quota_share": round(self.share(quota_bytes), 4),
            "files": self.home.files,
            "unreadable_folders": self.home.unreadable,
            "last_used": self.last_used.isoformat(timespec="seconds"),
            "running": self.is_running,
        }


def survey(place: Place, each: Callable[[Home], None] | None = None) -> list[Kept]:
    """Look at every home of a hub.

    Parameters
    ----------
    place : Place
        On this machine, or in the pod that this runs in.
    each : callable, optional
        Is given each home as soon as it is measured.

    Raises
    ------
    KeepError
        There is no hub there, or its files cannot be read.
    """
    assert not place.prefix, "runs where the homes are"
    known = accounts(place.database)
    try:
        homes = measure_all(place.homes, each)
    except OSError as error:
        raise KeepError(f"homes: {error.filename}: {error.strerror}") from None
    with closing(Ledger(Path(place.people))) as ledger:
        return [_kept(home, known.get(home.name), ledger) for home in homes]


def _kept(home: Home, account: Account | None, ledger: Ledger) -> Kept:
    number = number_of(home.name)
    assert number is not None
    written = datetime.fromtimestamp(home.changed_s, UTC)
    return Kept(
        home=home,
        number=number,
        login=ledger.login_of(number) or "",
        last_used=(account and account.last_seen) or written,
        is_running=account is not None and account.is_running,
    )
