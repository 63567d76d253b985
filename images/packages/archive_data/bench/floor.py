"""The floor: the needed bytes by raw sockets (N), the needed decoding from memory (D).

``F = max(N, one round trip + D)`` is what a perfect pipeline needs on this machine.
"""

from __future__ import annotations

import json
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
from operations import COLUMNS, FRAMES, PATCH, SECOND, data_name

CONNECTIONS = 32

#: Address, first byte, the byte after the last.
Ranges = list[tuple[str, int, int]]
Box = tuple[tuple[int, int], ...]


def needed(place: Place, operation: str) -> tuple[Ranges, int, int]:
    """Return what an operation needs.

    Returns
    -------
    ranges
        The stored bytes.
    chunk_bytes : int
        Length of a decoded chunk; 0 if nothing is to be decoded.
    cores : int
        How many may decode at once.
    """
    if place.is_zarr:
        return _of_zarr(place, operation)
    with h5py.File(place.path) as file:
        if operation == "units":
            parts = [_ranges(place, file["units"][c], None) for c in COLUMNS]
            return [r for part in parts for r in part], 0, 2
        data = file[data_name(operation)]
        size = int(np.prod(data.chunks)) * data.dtype.itemsize
        return _ranges(place, data, box(operation, data.shape)), size, 2


def box(operation: str, shape: tuple[int, ...]) -> Box:
    n = shape[0]
    if operation in ("patch", "frames"):
        wanted = PATCH if operation == "patch" else (FRAMES, slice(None), slice(None))
        cut = [w.indices(m) for w, m in zip(wanted, shape, strict=True)]
        return tuple((start, stop) for start, stop, _ in cut)
    rows = {
        "second": (n // 3, n // 3 + SECOND),
        "windows": (0, min(n, 20 * SECOND)),
    }.get(operation, (0, n))
    return rows, ((100, 101) if operation == "channel" else (0, shape[1]))


def _ranges(place: Place, data: h5py.Dataset, wanted: Box | None) -> Ranges:
    if data.chunks is None:
        start = data.id.get_offset()
        return [(place.url, start, start + data.id.get_storage_size())]
    found: Ranges = []

    def see(info: Any) -> None:
        pairs = zip(info.chunk_offset, data.chunks, wanted or (), strict=False)
        if all(at < stop and at + n > start for at, n, (start, stop) in pairs):
            first = info.byte_offset
            found.append((place.url, first, first + info.size))

    data.id.chunk_iter(see)
    return found


def _of_zarr(place: Place, operation: str) -> tuple[Ranges, int, int]:
    folder = place.path / data_name(operation)
    if (folder / ".zarray").exists():
        meta = json.loads((folder / ".zarray").read_text())
        chunks, form = meta["chunks"], "{}.{}"
    else:
        meta = json.loads((folder / "zarr.json").read_text())
        chunks = meta["chunk_grid"]["configuration"]["chunk_shape"]
        form = "c/{}/{}"
    wanted = box(operation, meta["shape"])
    spans = [
        range(start // c, -(-stop // c))
        for (start, stop), c in zip(wanted, chunks, strict=True)
    ]
    found: Ranges = []
    for i in spans[0]:
        for j in spans[1]:
            key = f"{data_name(operation)}/{form.format(i, j)}"
            size = (place.path / key).stat().st_size
            found.append((f"{place.url}/{key}", 0, size))
    return found, int(np.prod(chunks)) * 2, 2


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

    return _together([partial(work, c) for c in connections]), n


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
