"""Makes an index: HDF5 looks at everything in a file, and what it reads is noted."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from itertools import count
from typing import TYPE_CHECKING, Any

import h5py

from .. import crawl
from ..array import CHUNKS_MOST, Table
from ..blob import Blob
from ..blockfile import BlockFile, Spans
from ..errors import ArchiveDataError, NotReadable
from ..tables import address, chunk_table, layout_of
from .format import Index

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

#: Datasets up to this size lie in the index with their values.
SMALL_BYTES = 4 << 10

#: The same for what every view of a table reads: strings, references, ids, row ends.
HANDY_BYTES = 64 << 10

#: Spans nearer than this are one.
_GAP_BYTES = 64


class _Recorder(BlockFile):
    """Notes the exact ranges that HDF5 reads while `on`."""

    def __init__(self, blob: Blob) -> None:
        super().__init__(blob)
        self.on, self.seen = True, set[tuple[int, int]]()

    def readinto(self, into: WriteableBuffer) -> int:
        start = self.tell()
        n = super().readinto(into)
        if self.on and n:
            self.seen.add((start, start + n))
        return n


def make(blob: Blob) -> Index:
    """Make the index of an HDF5 file.

    Parameters
    ----------
    blob : Blob
        The file.

    Raises
    ------
    NotReadable
        It is no HDF5 file, or it is damaged.
    """
    recorder = _Recorder(blob)
    crawl.metadata(recorder)
    tables: dict[int, Table] = {}
    try:
        with h5py.File(recorder, "r", rdcc_nbytes=0) as file:
            for thing in _everything(file):
                _touch_attributes(thing)
                if isinstance(thing, h5py.Dataset):
                    _look_at(thing, recorder, tables)
        _open_with_pynwb(recorder)
    except ArchiveDataError:
        raise
    except OSError as error:
        raise NotReadable(f"{blob.name}: HDF5 does not read it: {error}") from error
    return Index(blob.size, blob.identity, _collect(recorder), tables)


def _everything(group: h5py.Group, seen: set[int] | None = None) -> Iterator[Any]:
    """Yield a group and what is below it, each object once."""
    seen = set() if seen is None else seen
    seen.add(address(group))
    yield group
    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            continue
        thing = group[name]
        if address(thing) in seen:
            continue
        if isinstance(thing, h5py.Group):
            yield from _everything(thing, seen)
        else:
            seen.add(address(thing))
            yield thing


def _touch_attributes(thing: Any) -> None:
    for name in thing.attrs:
        try:
            thing.attrs[name]
        except ArchiveDataError:
            raise
        except (OSError, TypeError, ValueError):
            # A type that h5py does not know: readers will not get further either.
            continue


def _look_at(
    dataset: h5py.Dataset, recorder: _Recorder, tables: dict[int, Table]
) -> None:
    if dataset.shape is None:
        return
    name = (dataset.name or "").rpartition("/")[2]
    handy = dataset.dtype.kind in "OSV" or name == "id" or name.endswith("_index")
    size = dataset.size * dataset.dtype.itemsize
    if size <= (HANDY_BYTES if handy else SMALL_BYTES):
        try:
            dataset[()]
        except (OSError, TypeError, ValueError) as error:
            if isinstance(error, ArchiveDataError):
                raise
        return
    plan = dataset.id.get_create_plist()
    if plan.get_layout() != h5py.h5d.CHUNKED:
        return
    layout = None if dataset.dtype.hasobject else layout_of(dataset, plan)
    if layout is None:
        # HDF5 will read it itself: let it find the chunks here.
        found = count()
        dataset.id.chunk_iter(lambda info: next(found) > CHUNKS_MOST or None)
        return
    recorder.on = False
    crawl.chunk_index(recorder, address(dataset))
    tables[address(dataset)] = chunk_table(dataset, layout)
    recorder.on = True


def _open_with_pynwb(recorder: _Recorder) -> None:
    """Let pynwb read what it reads besides; a file that it refuses keeps the rest."""
    if importlib.util.find_spec("pynwb") is None:
        return
    from pynwb import NWBHDF5IO

    with h5py.File(recorder, "r", rdcc_nbytes=0) as file:
        try:
            NWBHDF5IO(file=file, mode="r", load_namespaces=True).read()
        except ArchiveDataError:
            raise
        except Exception:
            return


def _collect(recorder: _Recorder) -> Spans:
    starts: list[int] = []
    stops: list[int] = []
    for start, stop in sorted(recorder.seen):
        if stops and start - stops[-1] <= _GAP_BYTES:
            stops[-1] = max(stops[-1], stop)
        else:
            starts.append(start)
            stops.append(stop)
    recorder.on = False
    pairs = zip(starts, stops, strict=True)
    body = b"".join(bytes(recorder.bytes(a, b)) for a, b in pairs)
    return Spans(starts, stops, memoryview(body))
