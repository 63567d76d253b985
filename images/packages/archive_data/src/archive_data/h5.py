"""h5py's own classes, whose bulk reads go past HDF5.

HDF5 stays the only one that interprets the file.  `Dataset` takes the reads that need
no interpretation: a plain type, chunks or one stretch, a selection that numpy and h5py
understand alike.  All else is h5py's, on bytes that come from S3.
"""

from __future__ import annotations

import atexit
import weakref
from collections.abc import Callable, Mapping
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
from h5py import h5l

from . import columns, crawl
from .array import Array, Table
from .attributes import Attributes
from .blob import Blob
from .blockfile import BlockFile, Spans
from .errors import ArchiveDataError, NotReadable
from .selection import Unsupported
from .tables import address, array_of
from .visiting import visit

#: An array of more chunks is not looked through for what is here.
_FEW_CHUNKS = 16

#: Of a page so much is read at once; the file says how long its pages are, up to 1 GiB.
_PAGE_MAX_BLOCKS = 512


class Source:
    """What the objects of one file share.

    Attributes
    ----------
    blob : Blob
        The file's bytes.
    file : File
        The file itself.
    tables : mapping of int to Table
        Chunk tables of the index, by the address of the dataset's header.
    """

    def __init__(self, blob: Blob, file: File, tables: Mapping[int, Table]) -> None:
        self.blob, self.tables = blob, tables
        self._file = weakref.ref(file)
        self._arrays: dict[int, Array | None] = {}
        self._brought: set[str] = set()

    @property
    def file(self) -> File | None:
        """The file, as long as somebody holds it."""
        return self._file()

    def array(self, dataset: h5py.Dataset) -> Array | None:
        """Return the array behind a dataset; it is remembered."""
        at = address(dataset)
        if at not in self._arrays:
            table, file = self.tables.get(at), self.file
            # An index has brought what HDF5 will read of a dataset without a table.
            if not self.tables and file is not None and dataset.chunks:
                file.bring_chunk_index(at)
            self._arrays[at] = array_of(dataset, self.blob, table)
        return self._arrays[at]

    def holds(self, array: Array) -> bool:
        """Tell whether all stored bytes of a small array are here already.

        They came with the index or with the metadata around them; then HDF5 reads them
        at no cost.
        """
        file, table = self.file, array.table
        if file is None or len(table.offsets) > _FEW_CHUNKS:
            return False
        stored = zip(table.offsets.tolist(), table.sizes.tolist(), strict=True)
        return all(file.holds(start, start + size) for start, size in stored)

    def bring_neighbours(self, dataset: Dataset) -> None:
        """Fetch a table's small columns together, when any of its columns is read."""
        if dataset.name is None:
            return
        place = dataset.name.rpartition("/")[0]
        if place in self._brought:
            return
        self._brought.add(place)
        # Nobody may hold our file any more; then h5py finds a group of its own.
        group = dataset._adopt(dataset.parent)
        if columns.is_table(group):
            columns.fetch(columns.small_columns(group))


class _Ours:
    """`file` leads back to our `File`, so that what is reached from it is ours too."""

    _source: Source

    @property
    def file(self) -> Any:
        """The file this object is in."""
        return self._source.file or super().file  # type: ignore[misc]

    @property
    def attrs(self) -> Attributes:
        """Its attributes."""
        return Attributes(self)

    @property
    def name(self) -> Any:
        """Where it lies; asked for once, since in a file on S3 nothing moves."""
        if "_name" not in self.__dict__:
            self._name = super().name  # type: ignore[misc]
        return self._name

    def _adopt(self, found: Any) -> Any:
        ours = {h5py.Dataset: Dataset, h5py.Group: Group}.get(type(found))
        if ours is not None:
            found.__class__ = ours
            found._source = self._source
        return found


class Dataset(_Ours, h5py.Dataset):
    """A dataset that fetches and decodes its chunks itself."""

    @property
    def array(self) -> Array | None:
        """The array behind it, which can be pickled; None where only HDF5 can read."""
        if "_array" not in self.__dict__:
            self._array = self._source.array(self)
        return self._array

    def __getitem__(self, key: Any, new_dtype: npt.DTypeLike | None = None) -> Any:
        array = self.array if self._converts(new_dtype) else None
        if array is not None and not self._source.holds(array):
            self._source.bring_neighbours(self)
            try:
                found = array[key]
                return found if new_dtype is None else found.astype(new_dtype)
            except Unsupported:
                pass
        return super().__getitem__(key, new_dtype)

    def _converts(self, new_dtype: npt.DTypeLike | None) -> bool:
        """Tell whether numpy converts as HDF5 does: where every value has its like.

        HDF5 clips what does not fit, numpy wraps it around.
        """
        if new_dtype is None:
            return True
        kinds = self.dtype.kind + np.dtype(new_dtype).kind
        exact = self.dtype.itemsize <= 4 or kinds == "ff"
        return set(kinds) <= set("iuf") and exact and np.can_cast(self.dtype, new_dtype)

    def read_direct(
        self, dest: npt.NDArray[Any], source_sel: Any = None, dest_sel: Any = None
    ) -> None:
        """Read into an array that is there already."""
        source = () if source_sel is None else source_sel
        target = () if dest_sel is None else dest_sel
        if self.array is not None and getattr(dest, "dtype", None) == self.dtype:
            try:
                found = self.array[source]
                room = dest[target]
                if np.shape(room) == np.shape(found):
                    dest[target] = found
                    return
            except (Unsupported, IndexError, ValueError):
                pass
        super().read_direct(dest, source_sel, dest_sel)

    def __array__(
        self, dtype: npt.DTypeLike | None = None, copy: bool | None = True
    ) -> npt.NDArray[Any]:
        if self.array is None:
            return np.asarray(super().__array__(dtype))
        return np.asarray(self.array[...], dtype)


class Group(_Ours, h5py.Group):
    """A group whose members are ours."""

    def __getitem__(self, name: Any) -> Any:
        return self._adopt(super().__getitem__(name))

    def get(self, name: Any, default: Any = None, *args: Any, **options: Any) -> Any:
        """Return a member, or `default`; h5py's own goes past ``__getitem__``.

        It is the way of hdmf, and so of pynwb, to every dataset and its link.
        """
        if not args and options == {"getlink": True} and self._is_hard(name):
            return h5py.HardLink()
        return self._adopt(super().get(name, default, *args, **options))

    def _is_hard(self, name: Any) -> bool:
        """Tell whether a link is there and hard; h5py looks for it twice."""
        try:
            info = self.id.links.get_info(self._e(name), lapl=self._lapl)
        except (KeyError, RuntimeError):  # So says HDF5 where there is none.
            return False
        return bool(info.type == h5l.TYPE_HARD)

    def visititems(self, func: Callable[[str, Any], Any]) -> Any:
        """Call `func` for each object below, in h5py's order, each once."""
        return visit(self, "", func, {address(self)})


class File(Group, h5py.File):
    """An HDF5 file on S3, read-only.

    Parameters
    ----------
    blob : Blob
        Its bytes.
    spans : Spans, optional
        Bytes of it that an index brought.
    tables : mapping of int to Table, optional
        Chunk tables that an index brought.

    Raises
    ------
    NotReadable
        The blob is no HDF5 file, or it is cut short.
    """

    def __init__(
        self,
        blob: Blob,
        spans: Spans | None = None,
        tables: Mapping[int, Table] | None = None,
    ) -> None:
        self._bytes = BlockFile(blob, spans)
        self._source = Source(blob, self, tables or {})
        if spans is None:
            crawl.metadata(self._bytes)
        try:
            h5py.File.__init__(self, self._bytes, "r")
        except ArchiveDataError:
            raise
        except OSError as error:
            raise NotReadable(f"{blob.name}: HDF5 does not open it: {error}") from error
        self._bytes.page_blocks = _page_blocks(self)
        _open_files.add(self)

    @property
    def filename(self) -> str:
        """Where the file is."""
        return self._source.blob.name

    def holds(self, start: int, stop: int) -> bool:
        """Tell whether these bytes are here already."""
        return self._bytes.holds(start, stop)

    def bring_chunk_index(self, address: int) -> None:
        """Fetch what tells where the chunks of a dataset lie; once is enough."""
        crawl.chunk_index(self._bytes, address)


def _page_blocks(file: h5py.File) -> int:
    from .blockfile import BLOCK_BYTES

    plan = file.id.get_create_plist()
    if plan.get_file_space_strategy()[0] != h5py.h5f.FSPACE_STRATEGY_PAGE:
        return 1
    blocks = int(plan.get_file_space_page_size()) // BLOCK_BYTES
    return max(1, min(blocks, _PAGE_MAX_BLOCKS))


_open_files: weakref.WeakSet[File] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """Close what is open: HDF5 2.0 crashes if Python ends before its file does."""
    for file in list(_open_files):
        if file.id.valid:
            file.close()
