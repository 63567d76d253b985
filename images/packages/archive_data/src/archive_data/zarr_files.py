"""A Zarr on S3 as an fsspec filesystem, for whichever Zarr is installed.

Zarr asks for one small object after the other.  With an index all of them are here
already; without one the consolidated metadata come in one request, else a listing and
all metadata together.  Chunks whose codecs we know are given decoded (`zarr_metadata`),
so that zarr has only to place them.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from fsspec.spec import AbstractFileSystem

from . import zarr_fetch, zarr_metadata
from .array import Layout
from .errors import ArchiveDataError, NotReadable, ZarrReadFailed
from .index import store
from .index.zarr_format import ZarrIndex
from .zarr_chunks import Chunks
from .zarr_listing import listed
from .zarr_metadata import CONSOLIDATED, DESCRIBING, Described

#: Of small arrays, each and all; what is more is fetched when it is asked for.
_SMALL_BYTES, _SMALL_ALL_BYTES = 1 << 20, 16 << 20


class ZarrFiles(AbstractFileSystem):
    """The objects below one address.

    Parameters
    ----------
    address : str
        HTTP address of the Zarr, such as ``https://BUCKET.s3.amazonaws.com/zarr/ID/``.
    digest : str
        What the archive calls its content, or another name that is its only.
    indexed : bool
        True if an index is looked up under the digest, and made if there is none.
    """

    protocol = "archive-zarr"

    def __init__(
        self, address: str, digest: str, indexed: bool = False, **options: Any
    ) -> None:
        super().__init__(**options)
        self.url, self.digest = address.rstrip("/"), digest
        self._here: dict[str, bytes] = {}
        self._nodes: dict[str, Any] = {}
        self._arrays: dict[str, Described] = {}
        self._chunks: dict[str, Chunks] = {}
        self._sizes: dict[str, int] = {}
        self._known_below: set[str] = set()
        self._lock = threading.Lock()
        index = store.look_up_zarr(self.url, digest) if indexed else None
        if index is not None:
            self._take_index(index)
        else:
            self._take_consolidated()
        if not self._nodes:
            self._take_listing()
        if indexed and index is None:
            store.make_zarr_in_background(self.url, digest)

    def _take_index(self, index: ZarrIndex) -> None:
        self._here.update(index.objects)
        self._sizes.update(index.sizes)
        if index.is_whole:
            self._known_below.add("")
        self._learn()

    def _take_consolidated(self) -> None:
        most = zarr_metadata.DESCRIPTION_MAX_BYTES
        self._here.update(zarr_fetch.small(self.url, CONSOLIDATED, most, most))
        self._learn()

    def _take_listing(self) -> None:
        """Fetch all that describes, of a Zarr whose metadata are not consolidated."""
        self._list("")
        if not self._sizes:
            raise NotReadable(f"{self.url}: has no objects; is this a Zarr?")
        wanted = [
            key
            for key, size in self._sizes.items()
            if key.rpartition("/")[2] in DESCRIBING
            and size <= zarr_metadata.DESCRIPTION_MAX_BYTES
        ]
        self._here.update(self._read_all([k for k in wanted if k not in self._here]))
        for key in wanted:
            self._learn_node(key, zarr_metadata.parsed(self._here[key]))

    def _learn(self) -> None:
        for key in CONSOLIDATED:
            if key in self._here:
                for name, node in zarr_metadata.nodes(key, self._here[key]).items():
                    self._learn_node(name, node)

    def _learn_node(self, key: str, node: Any) -> None:
        self._nodes[key] = node
        described = zarr_metadata.describe(key, node)
        if described is not None:
            self._arrays[described.path] = described

    def _list(self, below: str) -> None:
        parts = below.split("/")
        above = {"/".join(parts[:n]) for n in range(len(parts) + 1)}
        if not above & self._known_below:
            self._sizes.update(listed(self.url, below))
            self._known_below.add(below)

    def bring_small(self) -> None:
        """Fetch the small arrays that opening an NWB file reads, at once.

        Its specifications are listed meanwhile: hdmf looks through their folders.
        """
        wanted = [
            described.name((0,) * len(described.shape))
            for described in self._arrays.values()
            if described.is_small
        ]
        wanted = [key for key in wanted if key not in self._here]
        some = zarr_fetch.small(self.url, wanted, _SMALL_BYTES, _SMALL_ALL_BYTES)
        with ThreadPoolExecutor(1) as pool:
            listing = pool.submit(self._list, "specifications")
            self._here.update(some)
            listing.result()

    def _read_all(self, keys: list[str]) -> Iterator[tuple[str, bytes]]:
        return zarr_fetch.whole(self.url, self._sizes, keys)

    def _array_of(self, key: str) -> tuple[Described, tuple[int, ...]] | None:
        """Return the array that a key is a chunk of, and which."""
        parts = key.split("/")
        for n in range(len(parts) - 1, -1, -1):
            described = self._arrays.get("/".join(parts[:n]))
            if described is not None:
                place = described.place(key)
                return None if place is None else (described, place)
        return None

    def _has(self, key: str) -> bool:
        """Tell whether there is such an object; lists an array's chunks once."""
        if key in self._here or key in self._sizes or key in self._nodes:
            return True
        if key.rpartition("/")[2] in DESCRIBING:
            return False
        found = self._array_of(key)
        with self._lock:
            self._list(found[0].path if found else key.rpartition("/")[0])
        return key in self._sizes

    def _key(self, path: str) -> str:
        return str(self._strip_protocol(path)).strip("/")

    def cat_file(
        self, path: str, start: int | None = None, end: int | None = None, **_: Any
    ) -> Any:
        """Return an object, or a part of it."""
        return self.cat([path])[path][start:end]

    def cat(
        self, path: Any, recursive: bool = False, on_error: str = "raise", **_: Any
    ) -> Any:
        """Return one object, or several fetched together."""
        if isinstance(path, str):
            return self.cat_file(path)
        try:
            return self._cat(path, on_error)
        except ArchiveDataError as error:
            raise ZarrReadFailed(str(error)) from error

    def _cat(self, path: list[str], on_error: str) -> dict[str, Any]:
        keys = {p: self._key(p) for p in path}
        known = {k for k in keys.values() if self._has(k)}
        missing = [p for p, k in keys.items() if k not in known]
        if missing and on_error == "raise":
            raise FileNotFoundError(missing[0])
        data = dict(self._given(sorted(known)))
        found: dict[str, Any] = {p: data[k] for p, k in keys.items() if k in data}
        if on_error == "return":
            found.update({p: FileNotFoundError(p) for p in missing})
        return found

    def _given(self, keys: list[str]) -> Iterator[tuple[str, Any]]:
        """Yield objects as they are shown."""
        chunks: dict[str, list[tuple[str, tuple[int, ...]]]] = {}
        others = []
        for key in keys:
            place = self._array_of(key)
            if key in self._nodes or key in CONSOLIDATED:
                yield key, self._metadata(key)
            elif place is None or place[0].layout is None:
                others.append(key)
            elif key in self._here:
                yield key, _decoded(place[0].layout, self._here[key])
            else:
                chunks.setdefault(place[0].path, []).append((key, place[1]))
        absent = [key for key in others if key not in self._here]
        self._here.update(self._read_all([k for k in absent if k in self._sizes]))
        for key in others:
            yield key, self._plain(key)
            if key in absent:
                self._here.pop(key, None)
        for path, wanted in chunks.items():
            decoded = self._chunks_of(path).read([place for _, place in wanted])
            yield from zip((key for key, _ in wanted), decoded, strict=True)

    def _plain(self, key: str) -> bytes:
        place = self._array_of(key)
        data = self._here[key]
        if place is not None and place[0].references is not None:
            return zarr_metadata.references(place[0], data)
        return data

    def _metadata(self, key: str) -> bytes:
        if key in CONSOLIDATED and key in self._here:
            return zarr_metadata.consolidated(key, self._here[key], self._arrays)
        return zarr_metadata.dumped(key, self._nodes[key], self._arrays)

    def _chunks_of(self, path: str) -> Chunks:
        with self._lock:
            if path not in self._chunks:
                self._list(path)
                self._chunks[path] = Chunks(
                    self.url, self._arrays[path], self._sizes, self.digest
                )
            return self._chunks[path]

    def sizes(self) -> dict[str, int]:
        """Return the length of each object that there is."""
        self._list("")
        return dict(self._sizes)

    def describing(self) -> dict[str, bytes]:
        """Return what has to be known to learn all that describes."""
        if any(key in self._here for key in CONSOLIDATED):
            return {k: self._here[k] for k in CONSOLIDATED if k in self._here}
        return {k: self._here[k] for k in self._nodes}

    def is_described(self, key: str) -> bool:
        """Tell whether `describing` says what this object says."""
        return key in self._nodes

    def is_text(self, key: str) -> bool:
        """Tell whether this is a chunk that only zarr can decode, such as text."""
        found = self._array_of(key)
        return found is not None and found[0].layout is None

    def stored(self, keys: list[str]) -> dict[str, bytes]:
        """Return objects as they are stored, fetched together."""
        return dict(self._read_all(keys))

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """Return what is known of an object or of a folder."""
        key = self._key(path)
        if self._is_folder(key):
            return {"name": key, "size": 0, "type": "directory"}
        if self._has(key):
            size = self._sizes.get(key, len(self._here.get(key, b"")))
            return {"name": key, "size": size, "type": "file"}
        raise FileNotFoundError(path)

    def _is_folder(self, key: str) -> bool:
        start = f"{key}/" if key else ""
        return any(
            k.startswith(start)
            for names in (self._nodes, self._sizes, self._here)
            for k in names
        )

    def ls(self, path: str, detail: bool = True, **_: Any) -> list[Any]:
        """List a folder."""
        key = self._key(path)
        self._list(key)
        start = f"{key}/" if key else ""
        every = (*self._sizes, *self._nodes, *self._here)
        below = {
            k[len(start) :].partition("/")[0] for k in every if k.startswith(start)
        }
        names = sorted(start + name for name in below)
        return [self.info(name) for name in names] if detail else names


# fsspec would keep each for as long as the process lives, with all that it has fetched.
ZarrFiles._cache = weakref.WeakValueDictionary()


def _decoded(layout: Layout, stored: bytes) -> Any:
    out = np.empty(layout.chunk_bytes, np.uint8)
    layout.pipeline.decode(memoryview(stored), 0, out)
    return out
