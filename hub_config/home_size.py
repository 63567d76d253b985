"""How much a person's home holds: measured in the background, one home at a time.

Walking a home can take minutes on a file server, so a page shows what was measured last
and never waits.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

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


class Sizes:
    """The last known size of each home.

    Parameters
    ----------
    homes : str
        The folder of all homes, as the hub's process sees it; it is only read.
    clock : callable
        Returns seconds.
    """

    def __init__(self, homes: str, clock: Callable[[], float] = time.time) -> None:
        self._homes = homes
        self._clock = clock
        self._known: dict[str, Measured] = {}
        self._tried_s: dict[str, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        # All people together may not slow the file server down.
        self._one = asyncio.Semaphore(1)

    def of(self, name: str) -> Measured | None:
        """Return what is known of a home, and begin to measure it if that is old.

        Parameters
        ----------
        name : str
            ``gh-NUMBER``.
        """
        now_s = self._clock()
        # Also after a measurement that failed: a page is often loaded again.
        due = abs(now_s - self._tried_s.get(name, 0)) > AGAIN_AFTER_S
        if due and HOME.fullmatch(name):
            self._tried_s[name] = now_s
            task = asyncio.ensure_future(self._measure(name))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return self._known.get(name)

    async def _measure(self, name: str) -> None:
        try:
            async with self._one:
                size_bytes = await disk_usage(os.path.join(self._homes, name))
        except FileNotFoundError:
            # To find that out costs nothing, and the first server makes the home.
            del self._tried_s[name]
            return
        if size_bytes is not None:
            now = datetime.fromtimestamp(self._clock(), UTC)
            self._known[name] = Measured(size_bytes, now)


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
    process = await asyncio.create_subprocess_exec(
        *(*words, "--", path),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "LC_ALL": "C"},
    )
    try:
        said, complaints = await asyncio.wait_for(process.communicate(), patience_s)
    except TimeoutError:
        return None
    finally:
        if process.returncode is None:
            process.kill()
            # One that waits for a file server that is away cannot be ended.
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), 5)
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


@lru_cache
def sizes(homes: str) -> Sizes:
    """Return the sizes of the homes in a folder; one for the whole process."""
    return Sizes(homes)
