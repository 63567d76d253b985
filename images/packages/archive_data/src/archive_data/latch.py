"""Lets one thread wait until others have dealt with so many bytes, or failed."""

from __future__ import annotations

import threading


class Latch:
    """Counts the bytes that are still to be dealt with.

    Attributes
    ----------
    left_bytes : int
        Announced and not yet done.
    """

    def __init__(self) -> None:
        self.left_bytes = 0
        self._error: BaseException | None = None
        self._changed = threading.Condition(threading.Lock())

    def add(self, size_bytes: int) -> None:
        """Announce work."""
        with self._changed:
            self.left_bytes += size_bytes

    def done(self, size_bytes: int, error: BaseException | None = None) -> None:
        """Report work as done, or as failed."""
        with self._changed:
            self.left_bytes -= size_bytes
            self._error = self._error or error
            self._changed.notify_all()

    def wait(self, most_bytes: int) -> None:
        """Wait until at most so much is left; raise the first error at once."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._error is not None or self.left_bytes <= most_bytes
            )
            if self._error is not None:
                raise self._error
