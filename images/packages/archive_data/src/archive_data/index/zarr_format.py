"""How the index of a Zarr is written down: its small objects, and how long all are.

::

    "ARCHZARR"  version u16  0 u16  length of the rest unpacked u64  its CRC-32 u32
    | zstd of:
    length of the JSON u32, JSON {"identity", "sizes", "objects"}, bodies of the objects

As the index of an HDF5 file (`format`), it may come from anybody.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import IndexRefused
from .format import packed, unpacked

MAGIC = b"ARCHZARR"

#: Of so many objects the lengths are kept; of more, an array's are listed when it is
#: first read.
SIZES_MOST = 20_000

#: JSON takes twenty times its length in memory.
_JSON_MAX_BYTES = 8 << 20


@dataclass(frozen=True)
class ZarrIndex:
    """What the index of a Zarr says.

    Attributes
    ----------
    identity : str
        The archive's digest of the Zarr.
    sizes : mapping of str to int
        Length of each object; empty if there are too many.
    objects : mapping of str to bytes
        Those that describe, and small arrays.
    """

    identity: str
    sizes: Mapping[str, int]
    objects: Mapping[str, bytes]

    @property
    def is_whole(self) -> bool:
        """True if `sizes` has all objects that there are."""
        return bool(self.sizes)


def pack(index: ZarrIndex) -> bytes:
    """Write an index down."""
    said = {
        "identity": index.identity,
        "sizes": dict(index.sizes),
        "objects": {key: len(data) for key, data in index.objects.items()},
    }
    head = json.dumps(said, separators=(",", ":")).encode()
    body = [struct.pack("<I", len(head)), head, *index.objects.values()]
    return packed(MAGIC, b"".join(body))


def unpack(stored: bytes, name: str) -> ZarrIndex:
    """Read an index.

    Raises
    ------
    IndexRefused
        It is malformed or asks for too much.
    """
    try:
        raw = unpacked(MAGIC, stored)
        (n,) = struct.unpack_from("<I", raw)
        if n > _JSON_MAX_BYTES:
            raise ValueError(f"{n} bytes of JSON are more than the bounds allow")
        said = json.loads(bytes(raw[4 : 4 + n]))
        sizes, lengths = _lengths(said["sizes"]), _lengths(said["objects"])
        objects, at = {}, 4 + n
        for key, length in lengths.items():
            objects[key] = bytes(raw[at : at + length])
            at += length
        if at != len(raw):
            raise ValueError(f"{len(raw)} bytes where {at} were announced")
        return ZarrIndex(str(said["identity"]), sizes, objects)
    except (ValueError, KeyError, TypeError, struct.error, RuntimeError) as error:
        raise IndexRefused(
            f"index of {name}: {error}; make it again with `archive-data index make`"
        ) from error


def _lengths(given: Any) -> dict[str, int]:
    found = {}
    for key, length in dict(given).items():
        parts = str(key).split("/")
        if not isinstance(length, int) or not 0 <= length < 1 << 40:
            raise ValueError(f"an object of {length!r} bytes")
        if {".", ".."} & set(parts) or not all(parts):
            raise ValueError(f"an object {key!r}")
        found[key] = length
    return found
