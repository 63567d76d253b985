"""Visits the objects of a file without reading more of it than their headers.

h5py's own way asks HDF5 for each object's storage size, which walks every chunk tree.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import h5py

from .tables import address


def visit(
    group: h5py.Group, base: str, func: Callable[[str, Any], Any], seen: set[int]
) -> Any:
    """Call a function for each object below a group, in h5py's order, each once.

    Parameters
    ----------
    group : h5py.Group
        Where to begin; it is not visited itself.
    base : str
        What the names begin with.
    func : callable
        Takes name and object; what it returns, if not None, ends the visit.
    seen : set of int
        Addresses of the objects that were visited; it grows.

    Returns
    -------
    object
        What `func` returned at the end.
    """
    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            continue
        thing = group[name]
        at = address(thing)
        if at in seen:
            continue
        seen.add(at)
        result = func(base + name, thing)
        if result is None and isinstance(thing, h5py.Group):
            result = visit(thing, f"{base}{name}/", func, seen)
        if result is not None:
            return result
    return None
