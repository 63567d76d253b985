"""Objects of a Zarr, many at once: those of known length, and those that are small."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar
from urllib.parse import quote

from . import limits
from .array import CHUNK_MAX_BYTES
from .blob import HttpBlob, read_small
from .errors import NotReadable, ObjectNotFound

T = TypeVar("T")

#: After so many small objects it is asked how much there is by now.
_BATCH = 4 * limits.CONNECTIONS


def whole(
    url: str, sizes: Mapping[str, int], keys: Sequence[str]
) -> Iterator[tuple[str, bytes]]:
    """Fetch objects of known length.

    Parameters
    ----------
    url : str
        HTTP address of the Zarr.
    sizes : mapping of str to int
        Length of each object, by its key.
    keys : sequence of str
        Which.

    Raises
    ------
    NotReadable
        One is longer than a chunk may be; an index may say so, who knows why.
    """
    for key in keys:
        if sizes[key] > CHUNK_MAX_BYTES:
            raise NotReadable(
                f"{url}/{key}: has {sizes[key]} bytes, at most {CHUNK_MAX_BYTES} are "
                "read in one piece; its index may be wrong"
            )

    def read(key: str) -> bytes:
        blob = HttpBlob(f"{url}/{quote(key)}", sizes[key])
        buffer = bytearray(blob.size)
        if buffer:
            blob.read_into(0, memoryview(buffer))
        return bytes(buffer)

    yield from _together(read, keys)


def small(
    url: str, keys: Sequence[str], each_bytes: int, all_bytes: int
) -> Iterator[tuple[str, bytes]]:
    """Fetch objects of unknown length, those that there are.

    Parameters
    ----------
    url : str
        HTTP address of the Zarr.
    keys : sequence of str
        Which.
    each_bytes, all_bytes : int
        Longer objects are left out; and what follows, once there is so much.
    """
    total, read = 0, partial(_try, url, each_bytes)
    for first in range(0, len(keys), _BATCH):
        for key, data in _together(read, keys[first : first + _BATCH]):
            if data is not None:
                total += len(data)
                yield key, data
        if total > all_bytes:
            return


def _together(read: Callable[[str], T], keys: Sequence[str]) -> Iterator[tuple[str, T]]:
    if keys:
        with ThreadPoolExecutor(min(limits.CONNECTIONS, len(keys))) as pool:
            yield from zip(keys, pool.map(read, keys), strict=True)


def _try(url: str, most_bytes: int, key: str) -> bytes | None:
    try:
        return read_small(f"{url}/{quote(key)}", most_bytes)
    except ObjectNotFound:
        return None
