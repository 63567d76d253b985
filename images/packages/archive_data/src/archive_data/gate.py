"""How many requests may be under way: fewer when S3 says "slow down".

Bulk reads pass through the gate.  Reads made inside HDF5 do not: they hold h5py's lock,
and must not wait for a thread that may want it (h5py issue 2019).
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from . import limits

#: Two halvings within this time count as one, since requests sent together fail
#: together.
_HALVE_EVERY_S = 0.5

#: Successes in a row after which one more request is let through.
_GROW_AFTER = 8


class Gate:
    """A counting semaphore whose limit follows what the server can bear.

    Parameters
    ----------
    limit : int
        Most requests at once.
    """

    def __init__(self, limit: int) -> None:
        self.most = self.limit = max(1, limit)
        self._used = self._good = 0
        self._halved_at = 0.0
        self._free = threading.Condition(threading.Lock())

    @contextmanager
    def passed(self) -> Iterator[None]:
        """Hold one of the places while the block runs."""
        with self._free:
            while self._used >= self.limit:
                self._free.wait()
            self._used += 1
        try:
            yield
        finally:
            with self._free:
                self._used -= 1
                self._free.notify()

    def slow_down(self) -> None:
        """Halve the limit: the server refused a request as one too many."""
        with self._free:
            now = time.monotonic()
            if now - self._halved_at >= _HALVE_EVERY_S:
                self._halved_at, self._good = now, 0
                self.limit = max(1, self.limit // 2)

    def well_done(self) -> None:
        """Count a success."""
        if self.limit == self.most:
            return
        with self._free:
            self._good += 1
            if self._good >= _GROW_AFTER and self.limit < self.most:
                self._good = 0
                self.limit += 1
                self._free.notify()


gate = Gate(limits.CONNECTIONS)


def _after_fork() -> None:
    gate.__init__(gate.most)  # type: ignore[misc]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
