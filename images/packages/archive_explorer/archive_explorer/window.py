"""Reads a bounded piece of an array: never more than `BUDGET_BYTES` are decoded.

A piece is some rows of some columns, an image, or values as text.  Rows of an NWB time
series are seconds, where the file gives a rate.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from archive_explorer.tree import NotInFile, find, kind_of, said

BUDGET_BYTES = 64 << 20
ROWS = 2000
COLUMNS = 6
TEXTS = 20


class TooLarge(ValueError):
    """No piece of it is small enough to be read here."""


@dataclass(frozen=True)
class Asked:
    """What a person asked to see.

    Parameters
    ----------
    begin, length
        In seconds where the rows have a rate, else in rows; None: as it comes.
    column
        First column, counted from 0.
    """

    begin: float | None = None
    length: float | None = None
    column: int = 0


@dataclass(frozen=True)
class Piece:
    """What was read.

    Parameters
    ----------
    kind
        ``lines``, ``image`` or ``values``.
    values
        Lines: rows by columns, in `unit`.  Image: height by width (by colours).
        Values: texts.
    x
        Of each row: seconds, or its number.
    x_unit
        ``s`` or ``row``.
    unit
        Of the values; empty if the file says none.
    first, total
        Number of the first row (or image), and how many there are.
    start, per_row
        Seconds of row 0 and from row to row; 0 and 1 where rows are counted.
    column, columns
        The first column shown, and how many there are.
    """

    kind: str
    values: npt.NDArray[Any]
    x: npt.NDArray[np.float64]
    x_unit: str
    unit: str
    first: int
    total: int
    start: float = 0.0
    per_row: float = 1.0
    column: int = 0
    columns: int = 1


def read(root: Any, at: str, asked: Asked) -> Piece:
    """Read what was asked for of the array at `at`.

    Raises
    ------
    TooLarge
        It is stored in pieces, one of which is too large to be read here.
    """
    array = find(root, at)
    if array.shape is None or array.dtype.kind not in "biufc" or not array.shape:
        return _texts(array, asked)
    if array.size == 0:
        return Piece("values", np.array([]), np.array([]), "row", "", 0, 0)
    if _is_image(root, at, array):
        return _image(array, asked)
    return _lines(root, at, array, asked)


def _texts(array: Any, asked: Asked) -> Piece:
    """Read a few values of an array that is not of numbers, or the only one."""
    if array.shape is None or not array.shape:
        told = "" if array.shape is None else said(array[()], array)
        return Piece("values", np.array([told]), np.zeros(1), "row", "", 0, 1)
    total = array.shape[0]
    first = max(0, min(int(asked.begin or 0), total - 1))
    rows = array[first : first + _rows_in_budget(array, 1)][:TEXTS]
    texts = np.array([said(row, array) for row in rows])
    x = np.arange(first, first + len(texts), dtype=float)
    return Piece("values", texts, x, "row", "", first, total)


def _is_image(root: Any, at: str, array: Any) -> bool:
    if len(array.shape) >= 3:
        return True
    kind = said(array.attrs.get("neurodata_type", ""))
    return len(array.shape) == 2 and kind in {"GrayscaleImage", "RGBImage", "Image"}


def _image(array: Any, asked: Asked) -> Piece:
    shape = array.shape
    colours = len(shape) == 3 and shape[-1] in {3, 4}
    if len(shape) == 2 or colours:
        first, total, key = 0, 1, ()
    else:
        total = shape[0]
        first = max(0, min(int(asked.begin or 0), total - 1))
        # Of a volume, the middle plane.
        middle = shape[3] // 2 if len(shape) > 3 else 0
        key = (first, slice(None), slice(None), middle) if middle else (first,)
    _rows_in_budget(array, math.prod(shape[1:]) if key else array.size)
    image = np.asarray(array[key] if key else array[...])
    while image.ndim > 2 + colours:
        image = image[..., image.shape[-1] // 2]
    unit = said(array.attrs.get("unit", ""))
    return Piece("image", image, np.array([float(first)]), "row", unit, first, total)


def _lines(root: Any, at: str, array: Any, asked: Asked) -> Piece:
    total = array.shape[0]
    columns = array.shape[1] if len(array.shape) > 1 else 1
    column = max(0, min(asked.column, columns - 1))
    wide = min(COLUMNS, columns - column)
    start, per_row, x_unit = _rate(root, at)
    begin = start if asked.begin is None else asked.begin
    first = max(0, min(round((begin - start) / per_row), total - 1))
    rows = ROWS if asked.length is None else max(2, round(asked.length / per_row))
    rows = min(rows, total - first, _rows_in_budget(array, wide))
    key = slice(first, first + rows)
    read = array[key, column : column + wide] if columns > 1 else array[key]
    values = np.asarray(read).reshape(rows, -1).astype(float)
    scale, offset, unit = _units(array)
    x = start + np.arange(first, first + rows) * per_row
    stamps = _timestamps(root, at, total) if x_unit == "row" else None
    if stamps is not None:
        x, x_unit = np.asarray(stamps[key], dtype=float), "s"
    return Piece(
        "lines",
        values * scale + offset,
        x,
        x_unit,
        unit,
        first,
        total,
        start,
        per_row,
        column,
        columns,
    )


def _rows_in_budget(array: Any, wide: int) -> int:
    """Return how many rows of `wide` values may be read.

    Raises
    ------
    TooLarge
        Not even one.
    """
    item = max(array.dtype.itemsize, 1)
    chunks = array.chunks or (1, *array.shape[1:])
    across = math.prod(
        math.ceil(length / chunk)
        for length, chunk in zip(array.shape[1:], chunks[1:], strict=True)
    )
    if len(array.shape) == 2:
        across = min(across, math.ceil(wide / chunks[1]) + 1)
    stored = math.prod(chunks) * item * max(across, 1)
    if stored > BUDGET_BYTES:
        raise TooLarge(
            f"This array ({kind_of(array.dtype)}) can only be read in pieces of "
            f"{stored / 2**20:,.0f} MiB, and here at most {BUDGET_BYTES >> 20} MiB are "
            "read; open it in a notebook."
        )
    return max(1, BUDGET_BYTES // stored * chunks[0])


def _rate(root: Any, at: str) -> tuple[float, float, str]:
    """Return start, step and unit of the rows of a time series' data."""
    begin = _beside(root, at, "starting_time")
    if begin is None or not at.endswith("/data"):
        return 0.0, 1.0, "row"
    rate = float(begin.attrs.get("rate", 0.0))
    return (float(begin[()]), 1 / rate, "s") if rate > 0 else (0.0, 1.0, "row")


def _timestamps(root: Any, at: str, total: int) -> Any:
    stamps = _beside(root, at, "timestamps") if at.endswith("/data") else None
    fits = stamps is not None and getattr(stamps, "shape", None) == (total,)
    return stamps if fits else None


def _beside(root: Any, at: str, name: str) -> Any:
    try:
        return find(root, f"{at.rpartition('/')[0]}/{name}")
    except NotInFile:
        return None


def _units(array: Any) -> tuple[float, float, str]:
    """Return factor, offset and unit that NWB gives an array of raw values."""
    known = array.attrs
    scale = float(known.get("conversion", 1.0))
    offset = float(known.get("offset", 0.0))
    return scale, offset, said(known.get("unit", ""))
