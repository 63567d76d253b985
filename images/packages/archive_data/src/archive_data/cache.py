"""Keeps decoded chunks and read-ahead bytes, each within a number of bytes."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any, Generic, TypeVar

import numpy.typing as npt

from . import limits

V = TypeVar("V")


class Bounded(Generic[V]):
    """A mapping that forgets what was used longest ago when it grows above its limit.

    Parameters
    ----------
    limit_bytes : int
        Most bytes to hold.
    """

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes, self.used_bytes = limit_bytes, 0
        self._kept: OrderedDict[Hashable, tuple[V, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> V | None:
        """Return what is kept under `key`, and remember that it was used."""
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                return None
            self._kept.move_to_end(key)
            return found[0]

    def pop(self, key: Hashable) -> V | None:
        """Return what is kept under `key` and forget it."""
        with self._lock:
            found = self._kept.pop(key, None)
            if found is None:
                return None
            self.used_bytes -= found[1]
            return found[0]

    def put(self, key: Hashable, value: V, size_bytes: int) -> None:
        """Keep a value, unless it is larger than half of all that may be kept."""
        with self._lock:
            if key in self._kept or size_bytes > self.limit_bytes // 2:
                return
            self._kept[key] = value, size_bytes
            self.used_bytes += size_bytes
            while self.used_bytes > self.limit_bytes:
                _, (_, freed) = self._kept.popitem(last=False)
                self.used_bytes -= freed

    def __contains__(self, key: Hashable) -> bool:
        return key in self._kept

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._kept.clear()
            self.used_bytes = 0


#: Decoded chunks of all arrays of this process.
decoded: Bounded[npt.NDArray[Any]] = Bounded(limits.cache_bytes())


def _after_fork() -> None:
    decoded.__init__(decoded.limit_bytes)  # type: ignore[misc]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
