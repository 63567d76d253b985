"""What reading has cost so far, counted in this process.

Each thread has its own counters and nothing here takes a lock: the counts grow inside
HDF5's callbacks too, where waiting for another thread could last for ever (h5py issue
2019).
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, fields


@dataclass
class Stats:
    """Counts since the start of the process, or since `reset_stats`.

    Attributes
    ----------
    requests : int
        Range requests sent to S3, repeated ones included.
    received_bytes : int
        Bytes of bodies received.
    retries : int
        Requests that had to be sent again.
    hits : int
        Chunks found already decoded.
    ahead : int
        Chunks found already fetched or on their way.
    from_disk : int
        Chunks found on the local disk (``ARCHIVE_DATA_DISK_MB``).
    decoded : int
        Chunks decoded.
    waited_s : float
        Seconds in which calling threads waited for chunks.
    """

    requests: int = 0
    received_bytes: int = 0
    retries: int = 0
    hits: int = 0
    ahead: int = 0
    from_disk: int = 0
    decoded: int = 0
    waited_s: float = 0.0


_NAMES = tuple(field.name for field in fields(Stats))


class _OfThread(threading.local):
    def __init__(self) -> None:
        self.counts = Stats()
        _every_thread.append(self.counts)


_every_thread: list[Stats] = []
_mine = _OfThread()
_before = Stats()


def count(name: str, more: float = 1) -> None:
    """Add to one counter of the calling thread."""
    counts = _mine.counts
    setattr(counts, name, getattr(counts, name) + more)


def stats() -> Stats:
    """Return what was counted in all threads since the last `reset_stats`."""
    total = _sum()
    return Stats(**{n: getattr(total, n) - getattr(_before, n) for n in _NAMES})


def reset_stats() -> None:
    """Count from zero again."""
    global _before
    _before = _sum()


def _sum() -> Stats:
    every = list(_every_thread)
    return Stats(**{name: sum(getattr(s, name) for s in every) for name in _NAMES})


def _after_fork() -> None:
    global _mine, _before
    _every_thread.clear()
    _mine, _before = _OfThread(), Stats()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
