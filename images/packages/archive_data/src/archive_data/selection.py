"""What ``data[...]`` asks for, axis by axis.

Only what numpy, h5py and Zarr understand alike is taken: integers, slices with a
positive step, one Ellipsis, and one list of increasing indices (or a mask along one
axis).  All else is `Unsupported` and left to h5py itself, so there is never a third
behaviour.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


class Unsupported(Exception):
    """The selection is better left to the library that owns the file."""


@dataclass(frozen=True)
class Axis:
    """What is wanted along one axis.

    Attributes
    ----------
    start, stop, step : int
        As of a slice with positive step; `stop` is not wanted itself.
    picks : array of int, optional
        The indices themselves, increasing, where they are no slice.
    keep : bool
        False for a single integer: the axis vanishes from the result.
    """

    start: int
    stop: int
    step: int = 1
    picks: Ints | None = None
    keep: bool = True

    def __len__(self) -> int:
        if self.picks is not None:
            return len(self.picks)
        return len(range(self.start, self.stop, self.step))

    @property
    def last(self) -> int:
        """The largest index wanted; meaningless for an empty axis."""
        if self.picks is not None:
            return int(self.picks[-1])
        return self.start + (len(self) - 1) * self.step

    def chunks(self, size: int) -> list[int]:
        """Return the numbers of the chunks of `size` that are touched."""
        if not len(self):
            return []
        if self.picks is not None:
            return [int(i) for i in np.unique(self.picks // size)]
        if self.step > size:
            return sorted({i // size for i in range(self.start, self.stop, self.step)})
        return list(range(self.start // size, self.last // size + 1))

    def within(self, low: int, high: int) -> tuple[Any, slice]:
        """Cut out what lies in ``[low, high)``.

        Returns
        -------
        source : slice or array of int
            Where it is, counted from `low`.
        target : slice
            Where it goes in the result.
        """
        if self.picks is not None:
            a, b = np.searchsorted(self.picks, (low, high))
            return self.picks[a:b] - low, slice(int(a), int(b))
        first = self.start
        if first < low:
            first += -(-(low - first) // self.step) * self.step
        high = min(high, self.stop)
        at = (first - self.start) // self.step
        n = len(range(first, high, self.step))
        return slice(first - low, max(high - low, 0), self.step), slice(at, at + n)


def parse(key: Any, shape: tuple[int, ...]) -> tuple[Axis, ...]:
    """Read an index expression.

    Parameters
    ----------
    key : object
        What stood between the brackets.
    shape : tuple of int
        Of the array it is applied to.

    Returns
    -------
    tuple of Axis
        One for each axis.

    Raises
    ------
    Unsupported
        h5py must decide.
    """
    keys = _expand(key if isinstance(key, tuple) else (key,), len(shape))
    axes = tuple(_axis(k, n) for k, n in zip(keys, shape, strict=True))
    if sum(axis.picks is not None for axis in axes) > 1:
        raise Unsupported
    return axes


def _expand(keys: tuple[Any, ...], ndim: int) -> tuple[Any, ...]:
    dots = [i for i, k in enumerate(keys) if k is Ellipsis]
    if len(dots) > 1:
        raise Unsupported
    missing = ndim - len(keys) + len(dots)
    if missing < 0:
        raise Unsupported
    at = dots[0] if dots else len(keys)
    return keys[:at] + (slice(None),) * missing + keys[at + len(dots) :]


def _axis(key: Any, n: int) -> Axis:
    if isinstance(key, (bool, np.bool_)):
        raise Unsupported
    if isinstance(key, (int, np.integer)):
        i = int(key) + (n if key < 0 else 0)
        if not 0 <= i < n:
            raise Unsupported
        return Axis(i, i + 1, keep=False)
    if isinstance(key, slice):
        return _slice(key, n)
    if isinstance(key, (list, np.ndarray)):
        return _picked(np.asarray(key), n)
    raise Unsupported


def _slice(key: slice, n: int) -> Axis:
    try:
        start, stop, step = key.indices(n)
    except TypeError as error:
        raise Unsupported from error
    if step < 1:
        raise Unsupported
    return Axis(start, max(start, stop), step)


def _picked(key: npt.NDArray[Any], n: int) -> Axis:
    if key.ndim != 1 or not key.size:
        raise Unsupported
    if key.dtype == bool:
        if len(key) != n:
            raise Unsupported
        key = np.flatnonzero(key)
    elif key.dtype.kind not in "iu":
        raise Unsupported
    picks = key.astype(np.int64)
    inside = picks.size and picks[0] >= 0 and picks[-1] < n
    if not inside or (np.diff(picks) <= 0).any():
        raise Unsupported
    return Axis(int(picks[0]), int(picks[-1]) + 1, picks=picks)
