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
# A person's first server makes the home a moment after the page was first looked at.
AGAIN_AFTER_FAILURE_S = 60
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
        self._failed: set[str] = set()
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
        # Not at once after a measurement that failed: a page is often loaded again.
        after_s = AGAIN_AFTER_FAILURE_S if name in self._failed else AGAIN_AFTER_S
        due = abs(now_s - self._tried_s.get(name, 0)) > after_s
        if due and HOME.fullmatch(name):
            self._tried_s[name] = now_s
            task = asyncio.ensure_future(self._measure(name))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return self._known.get(name)

    async def _measure(self, name: str) -> None:
        async with self._one:
            size_bytes = await disk_usage(os.path.join(self._homes, name))
        if size_bytes is None:
            self._failed.add(name)
            return
        self._failed.discard(name)
        now = datetime.fromtimestamp(self._clock(), UTC)
        self._known[name] = Measured(size_bytes, now)


async def disk_usage(path: str, patience_s: float = PATIENCE_S) -> int | None:
    """Return what a folder takes on its disk, in bytes; None if nobody can say."""
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
    # It fails if it could not read a folder, whose size would be missing; and also if a
    # file went away meanwhile, as in the home of a running server they always do.
    unread = [line for line in complaints.splitlines() if not line.endswith(WENT_AWAY)]
    if unread or not said or (process.returncode and not complaints):
        return None
    return int(said.split()[0])


@lru_cache
def sizes(homes: str) -> Sizes:
    """Return the sizes of the homes in a folder; one for the whole process."""
    return Sizes(homes)
