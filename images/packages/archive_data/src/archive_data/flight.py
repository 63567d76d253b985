"""Bytes on their way: stretches of a blob, fetched in parts by many connections."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from typing import NamedTuple

import numpy as np

from . import pools
from .blob import Blob
from .filters import Bytes
from .gate import gate
from .neighbours import neighbours
from .ranges import Run, part_bytes, parts


class Flight:
    """One run of a blob; its parts arrive in any order.

    Parameters
    ----------
    blob : Blob
        Where from.
    run : Run
        What.
    buffer : array of uint8, optional
        Where it goes; memory of its own if not given.

    Attributes
    ----------
    landed : Future of array of uint8
        All bytes of the run, once the last part is there; or the first error.
    is_from_disk : bool
        True if it came from the local disk.
    """

    def __init__(self, blob: Blob, run: Run, buffer: Bytes | None = None) -> None:
        self.blob, self.run = blob, run
        self.landed: Future[Bytes] = Future()
        self._buffer = np.empty(run.size, np.uint8) if buffer is None else buffer
        self._left = 0
        self.is_from_disk = False
        self._lock = threading.Lock()

    def start(self, size: int) -> None:
        """Send the requests, of about `size` bytes each."""
        spans = list(parts(self.run, size))
        self._left = len(spans)
        for start, stop in spans:
            pools.fetching().submit(self._fetch, start, stop)

    def land(self) -> None:
        """Take the buffer as it is: it was filled from the local disk."""
        self.is_from_disk = True
        self.landed.set_result(self._buffer)

    @property
    def failed(self) -> bool:
        """True if it is known that the bytes will not come."""
        landed = self.landed
        return landed.done() and (landed.cancelled() or landed.exception() is not None)

    def cancel(self) -> None:
        """Leave out the requests that are not under way yet."""
        self.landed.cancel()

    def _fetch(self, start: int, stop: int) -> None:
        if self.landed.done():
            return
        at = self.run.start
        try:
            into = self._buffer.data[start - at : stop - at]
            self.blob.read_into(start, into, self._wait)
        except BaseException as error:
            self._fail(error)
            return
        with self._lock:
            self._left -= 1
            last = not self._left
        if last and self.landed.set_running_or_notify_cancel():
            self.landed.set_result(self._buffer)

    def _wait(self, seconds: float) -> None:
        """Wait before another try; raise if another part failed or nobody waits."""
        try:
            failure = self.landed.exception(seconds)
        except TimeoutError:
            return
        assert failure is not None, "landed without this part"
        raise failure

    def _fail(self, error: BaseException) -> None:
        with self._lock:
            first = not self.landed.done()
            if first and self.landed.set_running_or_notify_cancel():
                self.landed.set_exception(error)


class Piece(NamedTuple):
    """A range of a flight: the stored bytes of one chunk."""

    flight: Flight
    start: int
    stop: int

    def cut(self, buffer: Bytes) -> memoryview:
        """Return the piece of the landed `buffer`."""
        at = self.flight.run.start
        return buffer.data[self.start - at : self.stop - at]


def launch(blob: Blob, runs: Sequence[Run], size: int = 0) -> list[Flight]:
    """Start fetching several runs at once.

    Parameters
    ----------
    blob : Blob
        Where from.
    runs : sequence of Run
        What.
    size : int
        Bytes for each request; 0 chooses what brings all of it soonest.

    Returns
    -------
    list of Flight
        One for each run, in the same order.
    """
    gate.resize(neighbours.share())
    size = size or part_bytes(sum(run.size for run in runs))
    flights = [Flight(blob, run) for run in runs]
    for flight in flights:
        flight.start(size)
    return flights
