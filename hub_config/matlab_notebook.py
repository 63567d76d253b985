"""Makes a notebook of a MATLAB script: a derived file, so that both say the same.

The script is what MATLAB's own *publish* reads: `%%` begins a section, the comment
below it is text.  `Parameters` and `Check` tag their cells as in the other notebooks;
`Exercise` is text alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

SCRIPT = "notebooks/matlab/anatomy.m"
NOTEBOOK = "notebooks/04-anatomy-matlab.ipynb"
KERNEL = {
    "kernelspec": {
        "display_name": "MATLAB Kernel",
        "language": "matlab",
        "name": "jupyter_matlab_kernel",
    },
    "language_info": {"name": "matlab"},
}
# Sections that are not headed in a notebook, with what marks their cell.
BARE: dict[str, dict[str, Any]] = {
    "Setup": {},
    "Parameters": {"tags": ["parameters"]},
    "Exercise": {},
    "Check": {"jupyter": {"source_hidden": True}, "tags": ["check"]},
}


def pages(root: Path) -> dict[str, Callable[[], str]]:
    """Return the derived notebook by path, with the function that makes its text."""
    return {NOTEBOOK: partial(_of_file, root / SCRIPT)}


def _of_file(script: Path) -> str:
    return notebook(script.read_text(encoding="utf-8"))


def notebook(script: str) -> str:
    """Return the notebook of a script, as Jupyter writes it.

    Parameters
    ----------
    script : str
        A MATLAB script in sections.

    Raises
    ------
    ValueError
        There is code before the first section.
    """
    cells: list[dict[str, Any]] = []
    for title, text, code in _sections(script):
        if title not in BARE:
            # The first section is the title of the whole.
            text = f"{'##' if cells else '#'} {title}\n\n{text}".strip()
        if text:
            cells.append(_cell("markdown", text, {}, len(cells)))
        if code:
            cells.append(_cell("code", code, BARE.get(title, {}), len(cells)))
    whole = {"cells": cells, "metadata": KERNEL, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def _sections(script: str) -> Iterator[tuple[str, str, str]]:
    """Yield title, text and code of each section."""
    before, *sections = ("\n" + script).split("\n%% ")
    if before.strip():
        raise ValueError(f"script: begins with {before.strip()[:40]!r}, not with '%% '")
    for section in sections:
        title, *lines = section.split("\n")
        text = []
        while lines and lines[0].startswith("%"):
            text.append(lines.pop(0).removeprefix("%").removeprefix(" "))
        yield title.strip(), "\n".join(text).strip(), "\n".join(lines).strip()


def _cell(
    kind: str, text: str, metadata: dict[str, Any], number: int
) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": kind, "id": f"cell-{number:02d}"}
    cell["metadata"] = metadata
    if kind == "code":
        cell |= {"execution_count": None, "outputs": []}
    # In the order in which Jupyter writes the keys.
    return dict(sorted((cell | {"source": text.splitlines(keepends=True)}).items()))
