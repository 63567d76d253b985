"""A bare pipeline: the needed bytes by raw sockets, decoded as they land, none kept.

The floor takes the longer of network and decoding, as if each had the machine alone.
Here both happen at once, beside the server, with two threads that decode: what a reader
could reach at best that gave nobody a result.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import floor
import numpy as np


@dataclass
class Part:
    """One request, where its bytes go, and the numbers of the chunks it touches."""

    url: str
    start: int
    stop: int
    into: memoryview
    chunks: list[int] = field(default_factory=list)


class Pipeline:
    """The needed ranges of one operation.

    Parameters
    ----------
    ranges
        The stored bytes, a range for each chunk.
    chunk_bytes : int
        Length of a decoded chunk; 0 if nothing is to be decoded.
    cores : int
        How many threads decode.
    """

    def __init__(self, ranges: floor.Ranges, chunk_bytes: int, cores: int) -> None:
        self.ranges, self.chunk_bytes = sorted(ranges), chunk_bytes
        sizes = [stop - start for _, start, stop in self.ranges]
        self._at = np.cumsum([0, *sizes]).tolist()
        # Written to beforehand: a reader's memory is new when its bytes land.
        self._stored = np.ones(self._at[-1], np.uint8)
        self._left = [0] * len(sizes)
        self._lock, self._spare = threading.Lock(), threading.local()
        self._pool = ThreadPoolExecutor(cores)
        self._decoded = threading.Semaphore(0)

    def seconds(self) -> float:
        """Run it once."""
        parts: queue.SimpleQueue[Part] = queue.SimpleQueue()
        for part in self._parts():
            parts.put(part)
        count = min(parts.qsize(), floor.CONNECTIONS)
        connections = [floor.Connection(self.ranges[0][0]) for _ in range(count)]
        threads = [
            threading.Thread(target=self._receive, args=(one, parts))
            for one in connections
        ]
        began = time.perf_counter()
        for thread in threads:
            thread.start()
        for _ in self.ranges:
            self._decoded.acquire()
        took = time.perf_counter() - began
        for thread in threads:
            thread.join()
        self._pool.shutdown()
        return took

    def _parts(self) -> Iterator[Part]:
        base = 0
        for url, start, stop in floor.cut(floor.merged(self.ranges), self._at[-1]):
            part = Part(url, start, stop, self._stored.data[base : base + stop - start])
            for number, (other, first, end) in enumerate(self.ranges):
                if other == url and first < stop and end > start:
                    part.chunks.append(number)
                    self._left[number] += 1
            base += stop - start
            yield part

    def _receive(
        self, connection: floor.Connection, parts: queue.SimpleQueue[Part]
    ) -> None:
        while True:
            try:
                part = parts.get_nowait()
            except queue.Empty:
                return
            connection.get(part.url, part.start, part.stop, part.into)
            for number in part.chunks:
                with self._lock:
                    self._left[number] -= 1
                    whole = not self._left[number]
                if whole:
                    self._pool.submit(self._decode, number)

    def _decode(self, number: int) -> None:
        stored: Any = self._stored[self._at[number] : self._at[number + 1]].data
        if self.chunk_bytes:
            if not hasattr(self._spare, "out"):
                self._spare.out = np.ones(self.chunk_bytes, np.uint8)
            inflate = floor.inflater(bytes(stored[:2]))
            inflate(stored, out=self._spare.out)
        self._decoded.release()
