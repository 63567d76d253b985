"""The floor: the needed bytes by raw sockets (N), the needed decoding from memory (D).

``F = max(N, one round trip + D)`` is what a perfect pipeline needs on this machine.
"""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

import h5py
import imagecodecs
import numpy as np
from methods import Place
from operations import COLUMNS, DATA, SECOND

CONNECTIONS = 32
Ranges = list[tuple[int, int]]


def needed(place: Place, operation: str) -> tuple[Ranges, int]:
    """Return the byte ranges an operation needs, and the decoded size of a chunk."""
    with h5py.File(place.path) as file:
        if operation == "units":
            parts = [_ranges(file["units"][c], None) for c in COLUMNS]
            return [r for part in parts for r in part], 0
        data = file[DATA]
        n = data.shape[0]
        rows = {
            "channel": (0, n),
            "second": (n // 3, n // 3 + SECOND),
            "windows": (0, min(n, 20 * SECOND)),
            "stream": (0, n),
        }[operation]
        columns = (100, 101) if operation == "channel" else (0, data.shape[1])
        size = int(np.prod(data.chunks)) * data.dtype.itemsize
        return _ranges(data, (rows, columns)), size


def _ranges(data: h5py.Dataset, wanted: Any) -> Ranges:
    if data.chunks is None:
        start = data.id.get_offset()
        return [(start, start + data.id.get_storage_size())]
    found: Ranges = []

    def see(info: Any) -> None:
        pairs = zip(info.chunk_offset, data.chunks, wanted or (), strict=False)
        if all(at < stop and at + n > start for at, n, (start, stop) in pairs):
            found.append((info.byte_offset, info.byte_offset + info.size))

    data.id.chunk_iter(see)
    return found


def merged(ranges: Ranges) -> Ranges:
    out: list[list[int]] = []
    for start, stop in sorted(ranges):
        if out and start == out[-1][1]:
            out[-1][1] = stop
        else:
            out.append([start, stop])
    return [(a, b) for a, b in out]


class Connection:
    """A socket that is open before the clock starts."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.socket = socket.create_connection((parts.hostname, parts.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.head = f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        self.get(0, 1, memoryview(bytearray(1)))

    def get(self, start: int, stop: int, into: memoryview) -> None:
        head = f"{self.head}Range: bytes={start}-{stop - 1}\r\n\r\n"
        self.socket.sendall(head.encode())
        got = b""
        while b"\r\n\r\n" not in got:
            got += self.socket.recv(2048)
        body = got.partition(b"\r\n\r\n")[2]
        into[: len(body)] = body
        at = len(body)
        while at < stop - start:
            n = self.socket.recv_into(into[at : stop - start])
            if not n:
                raise ConnectionError("the server hung up")
            at += n


def network_s(url: str, ranges: Ranges) -> float:
    total = sum(b - a for a, b in ranges)
    size = max(256 << 10, min(4 << 20, total // CONNECTIONS))
    jobs: queue.SimpleQueue[tuple[int, int]] = queue.SimpleQueue()
    n = 0
    for start, stop in merged(ranges):
        parts = max(1, round((stop - start) / size))
        cuts = [start + (stop - start) * i // parts for i in range(parts + 1)]
        for pair in pairwise(cuts):
            jobs.put(pair)
            n += 1
    connections = [Connection(url) for _ in range(min(n, CONNECTIONS))]
    longest = max(8 << 20, size * 2)

    def work(connection: Connection) -> None:
        into = memoryview(bytearray(longest))
        while True:
            try:
                start, stop = jobs.get_nowait()
            except queue.Empty:
                return
            connection.get(start, stop, into)

    return _together([partial(work, c) for c in connections])


def decoding_s(place: Place, ranges: Ranges, chunk_bytes: int, cores: int) -> float:
    if not chunk_bytes:
        return 0.0
    with place.path.open("rb") as file:
        stored = []
        for start, stop in ranges:
            file.seek(start)
            stored.append(file.read(stop - start))
    spare = threading.local()

    def decode(data: bytes) -> None:
        if not hasattr(spare, "out"):
            spare.out = np.empty(chunk_bytes, np.uint8)
        imagecodecs.deflate_decode(data, out=spare.out)

    with ThreadPoolExecutor(cores) as pool:
        list(pool.map(decode, stored[:cores]))
        began = time.perf_counter()
        list(pool.map(decode, stored))
        return time.perf_counter() - began


def _together(works: list[Callable[[], None]]) -> float:
    threads = [threading.Thread(target=work) for work in works]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - began
