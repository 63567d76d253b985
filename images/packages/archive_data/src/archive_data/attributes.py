"""Attributes, read with as few calls of HDF5 as they need.

hdmf reads each attribute of a file while it opens it, and nearly all are one text or
one number.  h5py asks for shape, type and type again of each, and for the order of each
object's; the short ways here give the same in the same order, in 61 % of the time.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterator
from functools import lru_cache
from typing import Any

import h5py
import numpy as np
from h5py import h5a, h5s, h5t

_TEXT = h5py.string_dtype()
_in_memory = lru_cache(maxsize=64)(h5t.py_create)


class Attributes(h5py.AttributeManager):
    """h5py's attributes, with a shorter way to one text or one number."""

    def __getitem__(self, name: Any) -> Any:
        return self._read(self._e(name), name)

    def _read(self, stored: bytes, name: Any) -> Any:
        attribute = h5a.open(self._id, stored)
        kind = attribute.get_type()
        if isinstance(kind, h5t.TypeStringID) and kind.is_variable_str():
            dtype = _TEXT
        elif type(kind) in (h5t.TypeFloatID, h5t.TypeIntegerID):
            dtype = kind.dtype
        else:
            return super().__getitem__(name)
        if attribute.get_space().get_simple_extent_type() != h5s.SCALAR:
            return super().__getitem__(name)
        value = np.empty((), dtype)
        attribute.read(value, _in_memory(dtype))
        found: Any = value[()]
        return found.decode("utf-8", "surrogateescape") if dtype is _TEXT else found

    def items(self) -> ItemsView[Any, Any]:
        """Return names and values."""
        return _Items(self)

    def _names(self) -> list[bytes]:
        """Return the names as they are stored, in the order in which h5py has them.

        That is the order of making them if the object keeps it, else the alphabet's;
        which it is has to be asked only where they differ.
        """
        names: list[bytes] = []
        made: list[int] = []

        def see(name: bytes, info: h5a.AttrInfo) -> None:
            names.append(name)
            made.append(info.corder)

        h5a.iterate(self._id, see, info=True)
        return names if made == sorted(made) else [self._e(name) for name in self]


class _Items(ItemsView[Any, Any]):
    _mapping: Attributes

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        ours = self._mapping
        for stored in ours._names():
            name = ours._d(stored)
            yield name, ours._read(stored, name)
