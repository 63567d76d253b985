"""A file on disk in the place of an object: the same code reads both."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from .backoff import Wait
from .blob import Blob
from .errors import NotReadable


class LocalBlob(Blob):
    """A file on disk.

    Parameters
    ----------
    path : path-like
        Where it lies.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).absolute()
        self.name = str(self.path)
        with self.path.open("rb"):
            found = self.path.stat()
        self.size, self.etag = found.st_size, f"{found.st_mtime_ns:x}"

    def __reduce__(self) -> tuple[Any, ...]:
        return LocalBlob, (self.path,)

    def read(self, start: int, stop: int) -> bytes:
        """Read a range."""
        buffer = bytearray(max(0, stop - start))
        self.read_into(start, memoryview(buffer))
        return bytes(buffer)

    def read_into(self, start: int, into: memoryview, wait: Wait = time.sleep) -> None:
        """Fill `into` from `start` on; nothing is tried twice."""
        stop = start + len(into)
        if not 0 <= start <= stop <= self.size:
            raise NotReadable(
                f"{self.name}: bytes {start} to {stop} lie outside its {self.size}; "
                "the file is cut short or its index is of another file"
            )
        with self.path.open("rb", buffering=0) as file:
            file.seek(start)
            at = 0
            while at < len(into):
                n = file.readinto(into[at:])
                if not n:
                    raise NotReadable(
                        f"{self.name}: ends at {start + at}; it is cut short"
                    )
                at += n
