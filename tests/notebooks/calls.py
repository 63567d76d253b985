"""Keyword arguments only, and labels with units: what a notebook's code may look like.

A reader who sees ``shape=(3, 4)`` knows what the numbers are, and a library that
changes the order of its parameters breaks nothing.  So a call passes by position at
most the one thing that it acts on, and what makes a part of an NWB file passes nothing
by position (PyNWB warns of it, or refuses).  `IN_ORDER` holds the exceptions: where
Python takes no keyword, or where the order is the notation.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

IN_ORDER = {
    # Python takes no keywords here.
    *("get", "getattr", "interactive", "isinstance", "print", "range", "slice", "zip"),
    # x before y, lower before upper: as in a figure.
    *("axvspan", "bar", "barh", "fill", "fill_between", "pcolormesh", "plot"),
    "scatter",
    # Operands, as in a formula: a < b, a * b, if a then b else c.
    *("allclose", "append", "arange", "array_equal", "clip", "convolve", "corrcoef"),
    *("digitize", "full", "ix_", "linspace", "maximum", "meshgrid", "minimum"),
    *("polyfit", "reshape", "searchsorted", "where"),
    # A function, and what it is applied to.
    *("compute", "curve_fit", "map", "submit"),
    # Year, month, day.
    "datetime",
}
# Their constructors pass nothing by position.
NWB = ("pynwb", "hdmf", "ndx_")


def name_of(call: ast.Call) -> str:
    """Return the last word of what is called."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _nodes(cells: Iterable[str]) -> Iterator[ast.AST]:
    for cell in cells:
        yield from ast.walk(ast.parse(cell))


def _from_nwb(nodes: list[ast.AST]) -> set[str]:
    imported = (node for node in nodes if isinstance(node, ast.ImportFrom))
    return {
        alias.asname or alias.name
        for node in imported
        if (node.module or "").startswith(NWB)
        for alias in node.names
    }


def _takes_any_number(nodes: list[ast.AST]) -> set[str]:
    return {
        node.name
        for node in nodes
        if isinstance(node, ast.FunctionDef) and node.args.vararg
    }


def by_position(cells: Iterable[str]) -> list[str]:
    """Return the calls that pass by position what should have a name.

    Parameters
    ----------
    cells : iterable of str
        The code cells of one notebook.
    """
    nodes = list(_nodes(cells))
    none, free = _from_nwb(nodes), IN_ORDER | _takes_any_number(nodes)
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    return [
        ast.unparse(call)
        for call in calls
        if len(call.args) > (0 if name_of(call) in none else 1)
        and name_of(call) not in free
    ]


# What an axis counts or names has no unit, nor has a ratio.
NO_UNIT = (
    *("Animal", "Cell", "Correlation", "Electrode", "Kind", "Published", "Score"),
    *("Licks per second", "Shuffles", "Times as fast", "Tone", "Trial", "True unit"),
    *("Unit", "Way", "Workers"),
)


def without_unit(cells: Iterable[str]) -> list[str]:
    """Return the labels of axes that name neither a unit nor what has none.

    Parameters
    ----------
    cells : iterable of str
        The code cells of one notebook.
    """
    calls = [node for node in _nodes(cells) if isinstance(node, ast.Call)]
    values: list[ast.expr] = []
    for call in calls:
        named = [one for one in call.keywords if one.arg in {"xlabel", "ylabel"}]
        values += [one.value for one in named]
        if name_of(call) in {"set_xlabel", "set_ylabel", "xlabel", "ylabel"}:
            values += call.args[:1]
    texts = [text for value in values for text in _texts(value)]
    return [text for text in texts if not ("(" in text or text.startswith(NO_UNIT))]


def _texts(value: ast.expr) -> list[str]:
    if isinstance(value, ast.IfExp):
        return [*_texts(value.body), *_texts(value.orelse)]
    if isinstance(value, ast.JoinedStr):
        return [ast.unparse(value)]
    # "" leaves the label to a neighbour that shares the axis; a name is not followed.
    return [value.value] if isinstance(value, ast.Constant) and value.value else []
