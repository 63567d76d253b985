"""How many readers share this machine, so that they share its connections too.

Each process holds a lock on a file of its own for as long as it lives; who is dead
holds none.  Four Dask workers thus open 64 connections in all, not 128.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from . import limits
from .errors import ArchiveDataError
from .folders import scratch

#: The files are counted again after this time.
_COUNT_EVERY_S = 2.0


class Neighbours:
    """The readers on this machine, counted now and then."""

    def __init__(self) -> None:
        self._mine: int | None = None
        self._counted_at = float("-inf")
        self._share = limits.CONNECTIONS

    def share(self) -> int:
        """Return how many connections this process may use, at least 4."""
        now = time.monotonic()
        if now - self._counted_at >= _COUNT_EVERY_S:
            self._counted_at = now
            try:
                readers = self._count()
            except (ArchiveDataError, OSError):
                readers = 1
            most = limits.NODE_CONNECTIONS // readers
            self._share = max(4, min(limits.CONNECTIONS, most))
        return self._share

    def _count(self) -> int:
        folder = scratch() / "live"
        folder.mkdir(mode=0o700, exist_ok=True)
        mine = folder / str(os.getpid())
        if self._mine is None:
            self._mine = os.open(mine, os.O_CREAT | os.O_RDWR, 0o600)
            fcntl.flock(self._mine, fcntl.LOCK_EX)
        others = [p for p in folder.iterdir() if p != mine]
        return 1 + sum(_lives(path) for path in others)


def _lives(path: Path) -> bool:
    """Tell whether somebody holds the lock; clear the file away if not."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            path.unlink(missing_ok=True)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


neighbours = Neighbours()


def _after_fork() -> None:
    # The lock is the parent's; the child closes its copy and takes one of its own.
    if neighbours._mine is not None:
        os.close(neighbours._mine)
    neighbours.__init__()  # type: ignore[misc]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
