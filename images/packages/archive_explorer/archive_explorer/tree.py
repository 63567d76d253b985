"""What is in a file: groups and arrays of HDF5 or Zarr, with shapes and attributes."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from archive_data import open_asset

SHOWN = 100
TEXT_MAX = 400
VALUES_MAX = 12


class NotInFile(LookupError):
    """The file has nothing of that name."""


@dataclass(frozen=True)
class Member:
    """One line of the tree.

    Parameters
    ----------
    name, at
        Its name, and its whole path in the file.
    about
        Type or shape, in words.
    is_group
        Whether there may be more below.
    below
        Its members, where they are to be shown.
    more
        How many members there are besides.
    """

    name: str
    at: str
    about: str
    is_group: bool = False
    below: tuple["Member", ...] = ()
    more: int = 0


def open_root(reference: str, path: str | None) -> Any:
    """Open an asset; return the root group of its HDF5 file or Zarr.

    Raises
    ------
    archive_data.ArchiveDataError
        It cannot be found or read.
    """
    asset = open_asset(reference, path)
    return asset.open_zarr() if asset.is_zarr else asset.open_h5()


def find(root: Any, at: str) -> Any:
    """Return the group or array at a path.

    Raises
    ------
    NotInFile
        There is none.
    """
    inside = at.strip("/")
    try:
        return root[inside] if inside else root
    except (KeyError, ValueError, OSError) as error:
        if isinstance(error, OSError) and not isinstance(error, KeyError):
            raise
        raise NotInFile(f"{at!r}: the file has nothing of that name") from error


def is_array(node: Any) -> bool:
    """Tell whether a node has data; else it is a group."""
    return hasattr(node, "shape")


def tree(root: Any, at: str) -> Member:
    """Return the root with all that is open on the way to `at`."""
    return _branch(root, "", "/", [part for part in at.split("/") if part])


def _branch(node: Any, name: str, at: str, way: list[str]) -> Member:
    if is_array(node):
        return Member(name, at, about(node))
    names = sorted(node.keys())
    shown = names[:SHOWN]
    if way and way[0] in names and way[0] not in shown:
        shown.append(way[0])
    below = []
    for child in shown:
        place = f"{at.rstrip('/')}/{child}"
        try:
            member = node[child]
        except KeyError:
            below.append(Member(child, place, "leads nowhere"))
            continue
        if way and child == way[0]:
            below.append(_branch(member, child, place, way[1:]))
        else:
            below.append(Member(child, place, about(member), not is_array(member)))
    more = len(names) - len(shown)
    return Member(name, at, about(node), True, tuple(below), more)


def about(node: Any) -> str:
    """Return type or shape of a node, in words."""
    if not is_array(node):
        kind = node.attrs.get("neurodata_type")
        return said(kind) if kind is not None else "group"
    if node.shape is None:
        return "empty"
    shape = " x ".join(f"{length:,}" for length in node.shape) or "one value"
    return f"{shape}, {kind_of(node.dtype)}"


def kind_of(dtype: Any) -> str:
    """Return a type in words."""
    if dtype.names:
        return "table of " + ", ".join(dtype.names)
    return "text or reference" if dtype.kind == "O" else str(dtype)


def attributes(node: Any) -> list[tuple[str, str]]:
    """Return names and values of a node's attributes, as text."""
    told = []
    for name in sorted(node.attrs.keys()):
        try:
            told.append((name, said(node.attrs[name], node)))
        except (OSError, KeyError, TypeError, ValueError):
            told.append((name, "(cannot be read)"))
    return told


def said(value: Any, node: Any = None) -> str:
    """Return a value as text, cut where it is long; a reference as where it leads."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if type(value).__module__.startswith("h5py") and node is not None:
        return f"→ {node.file[value].name}" if value else "→ nothing"
    if isinstance(value, np.ndarray) and value.ndim:
        parts = [said(part, node) for part in value.ravel()[:VALUES_MAX]]
        rest = f" … ({value.size:,} in all)" if value.size > len(parts) else ""
        return ", ".join(parts) + rest
    text = str(value)
    return text if len(text) <= TEXT_MAX else f"{text[:TEXT_MAX]} …"
