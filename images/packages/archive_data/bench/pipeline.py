"""A bare pipeline: the needed bytes by raw sockets, decoded and placed as they land.

The floor takes the longer of network and decoding, as if each had the machine alone,
and gives nobody a result.  Here all of it happens at once, beside the server: what is
read goes into one array for each read of the operation, by two threads.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import floor
import numpy as np
from need import Box, Need, touches


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
    need : Need
        What, and where it goes.
    cores : int
        How many threads decode.
    """

    def __init__(self, need: Need, cores: int) -> None:
        self.ranges, self.chunk_bytes = need.ranges, need.chunk_bytes
        self._results = Results(need)
        sizes = [stop - start for _, start, stop in self.ranges]
        self._at = np.cumsum([0, *sizes]).tolist()
        # Written to beforehand: a reader's memory is new when its bytes land.
        self._stored = np.ones(self._at[-1], np.uint8)
        self._left = [0] * len(sizes)
        self._lock, self._spare = threading.Lock(), threading.local()
        self._pool = ThreadPoolExecutor(cores)
        self._decoded = threading.Semaphore(0)
        self._error: Exception | None = None

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
        for connection in connections:
            connection.close()
        self._pool.shutdown()
        if self._error:
            raise self._error
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
        try:
            stored: Any = self._stored[self._at[number] : self._at[number + 1]].data
            if self.chunk_bytes:
                if not hasattr(self._spare, "out"):
                    self._spare.out = np.ones(self.chunk_bytes, np.uint8)
                inflate = floor.inflater(bytes(stored[:2]))
                inflate(stored, out=self._spare.out)
                self._results.place(number, self._spare.out)
        except Exception as error:
            self._error = error
        finally:
            self._decoded.release()


class Results:
    """One array for each read of an operation, from its first chunk to its last."""

    def __init__(self, need: Need) -> None:
        self._need, self._lock = need, threading.Lock()
        self._made: dict[Box, Any] = {}
        self._of = [
            [box for box in need.boxes if touches(first, need.chunk, box)]
            for first in need.firsts
        ]
        self._left = Counter(box for boxes in self._of for box in boxes)

    def place(self, number: int, decoded: Any) -> None:
        """Copy the elements of a chunk to where they are wanted."""
        need, first = self._need, self._need.firsts[number]
        chunk = decoded.view(need.dtype).reshape(need.chunk)
        for box in self._of[number]:
            with self._lock:
                if box not in self._made:
                    shape = [stop - start for start, stop in box]
                    self._made[box] = np.empty(shape, need.dtype)
                whole = self._made[box]
            target, source = _cuts(first, need.chunk, box)
            _copy(whole[target], chunk[source])
            with self._lock:
                self._left[box] -= 1
                if not self._left[box]:
                    self.give(box, self._made.pop(box))

    def give(self, box: Box, result: Any) -> None:
        """Let go of a result that is whole, as the caller of an operation does."""


def _cuts(
    first: tuple[int, ...], chunk: tuple[int, ...], box: Box
) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    target, source = [], []
    for at, n, (start, stop) in zip(first, chunk, box, strict=True):
        a, b = max(at, start), min(at + n, stop)
        target.append(slice(a - start, b - start))
        source.append(slice(a - at, b - at))
    return tuple(target), tuple(source)


def _copy(target: Any, source: Any) -> None:
    """Copy row by row, which numpy does faster than element by element."""
    row = source.shape[-1] * source.dtype.itemsize
    if source.shape[-1] > 1 and row <= 4096:
        whole = np.dtype((np.void, row))
        target, source = target.view(whole), source.view(whole)
    target[...] = source
