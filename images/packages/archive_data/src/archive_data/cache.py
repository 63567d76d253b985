"""Keeps decoded chunks and read-ahead bytes, each within a number of bytes."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterable
from typing import Any, Generic, TypeVar

import numpy.typing as npt

from . import limits
from .array import Key

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Bounded(Generic[K, V]):
    """A mapping that forgets what was used longest ago when it grows above its limit.

    Its methods take many keys at once: a read of small chunks has thousands of them.

    Parameters
    ----------
    limit_bytes : int
        Most bytes to hold.
    """

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes, self.used_bytes = limit_bytes, 0
        self._kept: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, keys: Iterable[K]) -> dict[K, V]:
        """Return what is kept under some keys, and remember that it was used."""
        found = {}
        with self._lock:
            for key in keys:
                if (kept := self._kept.get(key)) is not None:
                    self._kept.move_to_end(key)
                    found[key] = kept[0]
        return found

    def take(self, keys: Iterable[K]) -> dict[K, V]:
        """Return what is kept under some keys, and forget it."""
        found = {}
        with self._lock:
            for key in keys:
                if (kept := self._kept.pop(key, None)) is not None:
                    self.used_bytes -= kept[1]
                    found[key] = kept[0]
        return found

    def put(self, items: Iterable[tuple[K, V, int]]) -> None:
        """Keep values, each with its length in bytes.

        One that is kept already is not replaced, and one larger than half of all that
        may be kept is left out.
        """
        with self._lock:
            for key, value, size_bytes in items:
                if key in self._kept or size_bytes > self.limit_bytes // 2:
                    continue
                self._kept[key] = value, size_bytes
                self.used_bytes += size_bytes
            while self.used_bytes > self.limit_bytes:
                _, (_, freed) = self._kept.popitem(last=False)
                self.used_bytes -= freed

    def absent(self, keys: Iterable[K]) -> list[K]:
        """Return those of some keys under which nothing is kept."""
        kept = self._kept
        return [key for key in keys if key not in kept]

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._kept.clear()
            self.used_bytes = 0


#: Decoded chunks of all arrays of this process.
decoded: Bounded[Key, npt.NDArray[Any]] = Bounded(limits.cache_bytes())


def _after_fork() -> None:
    decoded.__init__(decoded.limit_bytes)  # type: ignore[misc]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
