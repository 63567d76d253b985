"""Reads the references that hdmf-zarr pickled, as data: nothing of them is ever run.

hdmf-zarr before 0.14 wrote the references of a table (``electrodes/group``) as a pickle
of an array of dictionaries.  To unpickle what a stranger wrote is to run their code, so
numcodecs refuses it, and so do we.  The words of a pickle can be read like any other
format, though: here the few that such an array is made of are understood, names of
functions stay names, and all else is refused.
"""

from __future__ import annotations

import math
import pickletools
import re
import struct
from collections.abc import Callable
from typing import Any

import numpy as np

from .errors import NotReadable

#: Values in one pickle, and characters in all of them: one that repeats itself could
#: take all memory.
VALUES_MAX, TEXT_MAX = 1_000_000, 64 << 20

#: Words in one pickle; a value takes about two.
_WORDS_MAX = 3 * VALUES_MAX

#: Axes of an array.
_AXES_MAX = 32

_MARK = object()
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_EMPTY: dict[str, Callable[[], Any]] = {
    "EMPTY_TUPLE": tuple,
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
}
_PLAIN = frozenset(
    {
        *("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"),
        *("SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"),
        *("SHORT_BINBYTES", "BINBYTES", "BINBYTES8"),
    }
)
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_NUMBER = re.compile(r"[iufb][1248]")


#: What the words of a broken pickle, or of one that means more, lead to.
_WRONG = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
)


class _Made:
    """What a pickle says is made by calling something; it is not called."""

    __slots__ = ("given", "items", "name", "state")

    def __init__(self, name: str, given: Any) -> None:
        self.name, self.given = name, given
        self.state: Any = None
        self.items: dict[Any, Any] = {}


class _Name(str):
    """The name of a class or function."""


def values(stored: bytes) -> tuple[tuple[int, ...], list[Any]]:
    """Read a pickled numpy array of objects.

    Parameters
    ----------
    stored : bytes
        The pickle.

    Returns
    -------
    shape : tuple of int
        Of the array.
    values : list
        Its elements in row-major order: dictionaries, lists, text and numbers.

    Raises
    ------
    NotReadable
        It is anything else.
    """
    try:
        top = _read(stored)
        shape, found = _array(top)
        plain = _Plain()
        return shape, [plain.of(value) for value in found]
    except _WRONG as error:
        raise NotReadable(
            f"pickled references: hold more than plain data ({error}); they are not "
            "unpickled, since that would run code from the file"
        ) from error


def _read(stored: bytes) -> Any:
    """Walk through the words of a pickle; return what is left at its end."""
    stack: list[Any] = []
    memo: dict[int, Any] = {}
    argument: Any
    for n, (word, argument, _) in enumerate(pickletools.genops(stored)):
        name = word.name
        if n > _WORDS_MAX:
            raise ValueError("too many words")
        if name == "STOP":
            return stack.pop()
        if name == "MEMOIZE":
            memo[len(memo)] = stack[-1]
        elif name in ("BINPUT", "LONG_BINPUT"):
            memo[argument] = stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            stack.append(memo[argument])
        elif name not in ("PROTO", "FRAME"):
            _apply(name, argument, stack)
    raise ValueError("it has no end")


def _apply(name: str, argument: Any, stack: list[Any]) -> None:
    if name in _PLAIN:
        stack.append(argument)
    elif name in _CONSTANTS:
        stack.append(_CONSTANTS[name])
    elif name in _EMPTY:
        stack.append(_EMPTY[name]())
    elif name in _TUPLES:
        n = _TUPLES[name]
        stack[-n:] = [tuple(stack[-n:])]
    elif name in _WORDS:
        _WORDS[name](argument, stack)
    else:
        raise ValueError(f"the word {name}")


def _to_mark(stack: list[Any]) -> list[Any]:
    for at in range(len(stack) - 1, -1, -1):
        if stack[at] is _MARK:
            found = stack[at + 1 :]
            del stack[at:]
            return found
    raise ValueError("an end without a beginning")


def _set(into: Any, pairs: list[Any]) -> None:
    target = into.items if isinstance(into, _Made) else into
    # A tuple of tuples of tuples may take for ever to be looked up.
    if not all(isinstance(key, str) for key in pairs[::2]):
        raise ValueError("a key that is no text")
    target.update(zip(pairs[::2], pairs[1::2], strict=True))


def _stack_global(_: Any, stack: list[Any]) -> None:
    module, name = stack[-2:]
    # Nothing longer than its parts: neither a name of names nor a list as text.
    if type(module) is not str or type(name) is not str:
        raise ValueError("a name that is no text")
    stack[-2:] = [_Name(f"{module}.{name}")]


def _call(_: Any, stack: list[Any]) -> None:
    name, given = stack[-2:]
    if not isinstance(name, _Name):
        raise ValueError("a call of what is no name")
    stack[-2:] = [_Made(name, given)]


def _build(_: Any, stack: list[Any]) -> None:
    state = stack.pop()
    stack[-1].state = state


def _set_many(_: Any, stack: list[Any]) -> None:
    pairs = _to_mark(stack)
    _set(stack[-1], pairs)


def _set_one(_: Any, stack: list[Any]) -> None:
    pairs = stack[-2:]
    del stack[-2:]
    _set(stack[-1], pairs)


def _append_many(_: Any, stack: list[Any]) -> None:
    found = _to_mark(stack)
    stack[-1].extend(found)


def _append_one(_: Any, stack: list[Any]) -> None:
    found = stack.pop()
    stack[-1].append(found)


_WORDS: dict[str, Callable[[Any, list[Any]], None]] = {
    "MARK": lambda _, stack: stack.append(_MARK),
    "TUPLE": lambda _, stack: stack.append(tuple(_to_mark(stack))),
    "GLOBAL": lambda name, stack: stack.append(_Name(name.replace(" ", "."))),
    "STACK_GLOBAL": _stack_global,
    "REDUCE": _call,
    "NEWOBJ": _call,
    "BUILD": _build,
    "SETITEM": _set_one,
    "SETITEMS": _set_many,
    "APPEND": _append_one,
    "APPENDS": _append_many,
}


def _array(top: Any) -> tuple[tuple[int, ...], list[Any]]:
    if not isinstance(top, _Made) or not top.name.endswith("multiarray._reconstruct"):
        raise ValueError("it is no numpy array")
    _version, shape, kind, _order, found = top.state
    if kind.given[0] not in ("O", "O8") or not isinstance(found, list):
        raise ValueError("it is no array of objects")
    sound = all(type(n) is int and 0 <= n <= VALUES_MAX for n in shape)
    if not sound or len(shape) > _AXES_MAX or math.prod(shape) != len(found):
        raise ValueError("its shape is wrong")
    return tuple(shape), found


def _length(value: Any) -> int:
    """Return about how many characters a value has."""
    if isinstance(value, int):
        return value.bit_length() // 3
    return len(value) if isinstance(value, str) else 0


class _Plain:
    """Turns what was read into dictionaries, lists, text and numbers."""

    def __init__(self) -> None:
        self._left, self._text_left = VALUES_MAX, TEXT_MAX

    def of(self, value: Any) -> Any:
        self._left -= 1
        self._text_left -= _length(value)
        if self._left < 0 or self._text_left < 0:
            raise ValueError("too many values, or too much text")
        if value is None or type(value) in (bool, int, float, str):
            return value
        if isinstance(value, (list, tuple)):
            return [self.of(v) for v in value]
        if isinstance(value, dict):
            return {self.of(k): self.of(v) for k, v in value.items()}
        if isinstance(value, _Made):
            return self._made(value)
        raise ValueError(f"a {type(value).__name__}")

    def _made(self, value: _Made) -> Any:
        if value.name == "hdmf_zarr.utils.ZarrReference" and not value.given:
            return self.of(value.items)
        if value.name.endswith("multiarray.scalar"):
            kind, body = value.given
            if _NUMBER.fullmatch(kind.given[0]):
                order = kind.state[1] if kind.state[1] in "<>" else "="
                return np.frombuffer(body, order + kind.given[0])[0].item()
        raise ValueError(f"what {value.name[:80]} makes")
