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

import imagecodecs
import numpy as np
from methods import Place
from need import Ranges

CONNECTIONS = 32


def merged(ranges: Ranges) -> Ranges:
    out: list[tuple[str, int, int]] = []
    for url, start, stop in sorted(ranges):
        if out and out[-1][0] == url and start == out[-1][2]:
            out[-1] = url, out[-1][1], stop
        else:
            out.append((url, start, stop))
    return out


def cut(runs: Ranges, total: int) -> Ranges:
    """Cut ranges so that all connections share `total` bytes, into 256 kB to 4 MB."""
    size = max(256 << 10, min(4 << 20, total // CONNECTIONS))
    out: list[tuple[str, int, int]] = []
    for url, start, stop in runs:
        parts = max(1, round((stop - start) / size))
        cuts = [start + (stop - start) * i // parts for i in range(parts + 1)]
        out += [(url, a, b) for a, b in pairwise(cuts)]
    return out


class Connection:
    """A socket that is open before the clock starts."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.socket = socket.create_connection((parts.hostname, parts.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.host = parts.netloc
        self.get(url, 0, 1, memoryview(bytearray(1)))

    def close(self) -> None:
        self.socket.close()

    def get(self, url: str, start: int, stop: int, into: memoryview) -> None:
        head = f"GET {urlsplit(url).path} HTTP/1.1\r\nHost: {self.host}\r\n"
        head += f"Range: bytes={start}-{stop - 1}\r\n\r\n"
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


def network_s(ranges: Ranges) -> tuple[float, int]:
    """Return the seconds that the bytes take, and how many requests that is."""
    total = sum(b - a for _, a, b in ranges)
    jobs: queue.SimpleQueue[tuple[str, int, int]] = queue.SimpleQueue()
    n, longest = 0, 1
    for job in cut(merged(ranges), total):
        jobs.put(job)
        n, longest = n + 1, max(longest, job[2] - job[1])
    count = min(n, CONNECTIONS)
    connections = [Connection(ranges[0][0]) for _ in range(count)]

    def work(connection: Connection) -> None:
        into = memoryview(bytearray(longest + 4096))
        while True:
            try:
                job = jobs.get_nowait()
            except queue.Empty:
                return
            connection.get(*job, into)

    seconds = _together([partial(work, c) for c in connections])
    for connection in connections:
        connection.close()
    return seconds, n


def decoding_s(place: Place, ranges: Ranges, chunk_bytes: int, cores: int) -> float:
    if not chunk_bytes:
        return 0.0
    stored = []
    for url, start, stop in ranges:
        below = urlsplit(url).path.lstrip("/")
        with (place.folder / below).open("rb") as file:
            file.seek(start)
            stored.append(file.read(stop - start))
    spare = threading.local()

    inflate = inflater(stored[0])

    def decode(data: bytes) -> None:
        if not hasattr(spare, "out"):
            spare.out = np.empty(chunk_bytes, np.uint8)
        inflate(data, out=spare.out)

    with ThreadPoolExecutor(cores) as pool:
        list(pool.map(decode, stored[:cores]))
        began = time.perf_counter()
        list(pool.map(decode, stored))
        return time.perf_counter() - began


def inflater(stored: bytes) -> Callable[..., Any]:
    """Return what decodes a chunk: Zarr writes gzip, HDF5 bare deflate."""
    gzip = stored[:2] == b"\x1f\x8b"
    found: Callable[..., Any] = (
        imagecodecs.gzip_decode if gzip else imagecodecs.deflate_decode
    )
    return found


def _together(works: list[Callable[[], None]]) -> float:
    threads = [threading.Thread(target=work) for work in works]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - began
