"""Attributes, read with as few calls of HDF5 as they need.

hdmf reads each attribute of a file while it opens it, and nearly all are one text or
one number.  h5py asks for shape, type and type again of each; the short ways here give
the same values in two thirds of the time.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import h5py
import numpy as np
from h5py import h5a, h5t

_TEXT = h5py.string_dtype()
_in_memory = lru_cache(maxsize=64)(h5t.py_create)


class Attributes(h5py.AttributeManager):
    """h5py's attributes, with a shorter way to one text or one number."""

    def __getitem__(self, name: Any) -> Any:
        attribute = h5a.open(self._id, self._e(name))
        kind = attribute.get_type()
        if isinstance(kind, h5t.TypeStringID) and kind.is_variable_str():
            dtype = _TEXT
        elif type(kind) in (h5t.TypeFloatID, h5t.TypeIntegerID):
            dtype = kind.dtype
        else:
            return super().__getitem__(name)
        if attribute.shape != ():
            return super().__getitem__(name)
        value = np.empty((), dtype)
        attribute.read(value, _in_memory(dtype))
        found: Any = value[()]
        return found.decode("utf-8", "surrogateescape") if dtype is _TEXT else found
