"""How much a person's home holds: measured in the background, one home at a time.

Walking a home can take minutes on a file server, so a page shows what was measured last
and never waits.  It is kept in the ledger's file, where `usage_command` finds it.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from .ledger import LedgerError, LedgerFile
from .packing import HOME

# The name under which the hub's pages find the folder of all homes.
SETTING = "archive_hub_homes"
AGAIN_AFTER_S = 3600
PATIENCE_S = 900
WENT_AWAY = b": No such file or directory"


@dataclass(frozen=True)
class Measured:
    """What a home held.

    Parameters
    ----------
    size_bytes : int
        What it takes on the disk, as the quota counts.
    at : datetime
        When; aware.
    """

    size_bytes: int
    at: datetime


class Sizes(LedgerFile):
    """The last known size of each home.

    Parameters
    ----------
    homes : str
        The folder of all homes, as the hub's process sees it; it is only read.
    path : Path, optional
        The ledger's file.
    clock : callable
        Returns seconds.
    """

    tables = """
CREATE TABLE IF NOT EXISTS home_sizes (
    name       TEXT PRIMARY KEY,
    size_bytes INTEGER NOT NULL,
    at         REAL NOT NULL
) WITHOUT ROWID;
"""

    def __init__(
        self,
        homes: str,
        path: Path | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(path, clock)
        self._homes = homes
        self._tried_s: dict[str, float] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        # All people together may not slow the file server down.
        self._one = asyncio.Semaphore(1)

    def known(self, name: str) -> Measured | None:
        """Return what was measured last of a home; None if it never was."""
        row = self._run(
            "SELECT size_bytes, at FROM home_sizes WHERE name = ?", name
        ).fetchone()
        return Measured(row[0], datetime.fromtimestamp(row[1], UTC)) if row else None

    def of(self, name: str) -> Measured | None:
        """Return what is known of a home, and begin to measure it if that is old.

        Parameters
        ----------
        name : str
            ``gh-NUMBER``.
        """
        # Also after a measurement that failed: a page is often loaded again.
        if abs(self._clock() - self._tried_s.get(name, 0)) > AGAIN_AFTER_S:
            self.measure(name)
        return self.known(name)

    def measure(self, name: str) -> None:
        """Begin to measure a home, unless that waits or runs already.

        Parameters
        ----------
        name : str
            ``gh-NUMBER``.
        """
        if name in self._tasks or not HOME.fullmatch(name):
            return
        self._tried_s[name] = self._clock()
        task = asyncio.ensure_future(self._measure(name))
        self._tasks[name] = task
        task.add_done_callback(lambda _: self._tasks.pop(name))

    async def _measure(self, name: str) -> None:
        try:
            async with self._one:
                size_bytes = await disk_usage(os.path.join(self._homes, name))
        except FileNotFoundError:
            # To find that out costs nothing, and the first server makes the home.
            del self._tried_s[name]
            return
        if size_bytes is not None:
            # A ledger that cannot be written is told by the hub's health; next time.
            with suppress(LedgerError):
                self._run(
                    "INSERT OR REPLACE INTO home_sizes VALUES (?, ?, ?)",
                    *(name, size_bytes, self._clock()),
                )


async def disk_usage(path: str, patience_s: float = PATIENCE_S) -> int | None:
    """Return what a folder takes on its disk, in bytes; None if nobody can say.

    Parameters
    ----------
    path : str
        The folder.
    patience_s : float
        After how long to give up, in seconds.

    Returns
    -------
    int or None
        Bytes.

    Raises
    ------
    FileNotFoundError
        There is no such folder.
    """
    words = ["nice", "du", "--summarize", "--one-file-system", "--block-size=1"]
    # Not asyncio's: a hub that ends cancels all there is, and its processes never end
    # then if they have just begun.
    process = subprocess.Popen(
        [*words, "--", path],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "LC_ALL": "C"},
    )
    try:
        answer = await asyncio.to_thread(process.communicate, timeout=patience_s)
    except subprocess.TimeoutExpired:
        process.kill()
        # One that waits for a file server that is away cannot be ended.
        with suppress(subprocess.TimeoutExpired):
            await asyncio.to_thread(process.communicate, timeout=5)
        return None
    except asyncio.CancelledError:
        process.kill()  # the thread waits for it
        raise
    said, complaints = answer
    if process.returncode and not _went_away(complaints):
        return None
    if not said:
        raise FileNotFoundError(f"home size: no folder {path!r}")
    return int(said.split()[0])


def _went_away(complaints: bytes) -> bool:
    """Tell what always happens in the home of a running server from an unread folder.

    Without the latter's files the size would be too small.
    """
    lines = complaints.splitlines()
    return bool(lines) and all(line.endswith(WENT_AWAY) for line in lines)


def sizes_on(settings: dict[str, Any], authenticator: Any) -> Sizes | None:
    """Return the sizes of a hub's homes; None if it does not see them.

    Parameters
    ----------
    settings : dict
        Tornado's, of the running hub.
    authenticator : ArchiveAuthenticator
        Knows the ledger's file.
    """
    homes = settings.get(SETTING, "")
    return _opened(homes, authenticator.ledger_path) if homes else None


@lru_cache
def _opened(homes: str, ledger_path: str) -> Sizes:
    return Sizes(homes, Path(ledger_path) if ledger_path else None)
