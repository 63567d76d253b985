"""Every notebook has the same form, so that a person finds their way in each."""

from __future__ import annotations

import ast
import copy
import json
import re
from pathlib import Path

import pytest

from hub_config import settings
from tests.notebooks.calls import IN_ORDER, by_position, name_of, without_unit

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
MOST_CELLS = 25
PROFILES = {one.display_name for one in settings.load().profiles.values()}
PLOT = re.compile(r"plt\.show\(\)|^figure;", re.M)


def source(cell):
    return "".join(cell["source"])


def code_of(notebook):
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def tags(cell):
    return cell["metadata"].get("tags", [])


def is_python(notebook):
    return notebook["metadata"]["language_info"].get("name") != "matlab"


def imports(code):
    tree = ast.walk(ast.parse(code))
    return any(isinstance(node, (ast.Import, ast.ImportFrom)) for node in tree)


def faults_of_the_file(notebook):
    """Yield what is wrong with what Jupyter keeps beside the text."""
    if set(notebook["metadata"]) > {"kernelspec", "language_info"}:
        yield "more metadata than the kernel"
    for cell in code_of(notebook):
        if cell["outputs"] or cell["execution_count"] is not None:
            yield "not stripped"
    if len(notebook["cells"]) > MOST_CELLS:
        yield f"more than {MOST_CELLS} cells"


def faults_of_the_text(notebook):
    """Yield what a reader misses."""
    cells = notebook["cells"]
    # Lines break anywhere in the text of a script.
    first, words = source(cells[0]), "".join(map(source, cells))
    if not re.match(r"# \d\d · \S", first):
        yield "no numbered title"
    told = re.search(
        r"\*\*You will\*\* .*\*\*Profile\*\* (.+) · \*\*time\*\* ", first, re.S
    )
    if not told:
        yield "does not say what you will do, on which profile, how long"
    elif told[1] not in PROFILES:
        yield "names no profile of the hub"
    if not re.search(r"dandiarchive\.org/dandiset/\d{6}", first):
        yield "does not say which dandiset it stands for"
    if "## Exercise" not in words or "**Next**" not in words:
        yield "ends without an exercise or what to read next"


def faults_of_the_code(notebook):
    """Yield what a person cannot run, change or read, in any language."""
    cells = code_of(notebook)
    texts = [source(cell) for cell in cells]
    if any(re.search(r"^\s*!|pip install", text, re.M) for text in texts):
        yield "installs packages"
    if "parameters" not in tags(cells[1]):
        yield "no parameters after the imports"
    if tags(notebook["cells"][-1]) != ["check"] or "assert" not in texts[-1]:
        yield "last cell does not check the science"
    for text in texts:
        if PLOT.search(text) and not ("xlabel" in text and "ylabel" in text):
            yield "a plot without labelled axes"
    if not any(PLOT.search(text) for text in texts):
        yield "nothing to look at"


def faults_of_the_python(notebook):
    """Yield what is particular to Python."""
    texts = [source(cell) for cell in code_of(notebook)]
    if any(re.search(r"^\s*[!%]", text, re.M) for text in texts):
        yield "uses magics"
        return
    if not imports(texts[0]) or any(map(imports, texts[1:])):
        yield "imports not in the first code cell alone"
    for call in by_position(texts):
        yield f"arguments without a name: {call}"
    for label in without_unit(texts):
        yield f"an axis without a unit: {label}"


def faults(notebook):
    """Return all that is wrong with the form of a notebook."""
    found = [*faults_of_the_file(notebook), *faults_of_the_text(notebook)]
    found += faults_of_the_code(notebook)
    return [*found, *(faults_of_the_python(notebook) if is_python(notebook) else [])]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_has_the_form(path):
    assert faults(json.loads(path.read_text())) == []


def test_the_sixteen_are_there():
    numbers = [int(path.name[:2]) for path in NOTEBOOKS]
    assert numbers == list(range(1, 17))


@pytest.fixture
def good():
    return json.loads(NOTEBOOKS[0].read_text())


def change(cell, old, new):
    cell["source"] = [source(cell).replace(old, new)]


DAMAGES = {
    "more metadata than the kernel": lambda n: n["metadata"].update(
        kernelspec={}, language_info={}, widgets={}
    ),
    "not stripped": lambda n: code_of(n)[0].update(execution_count=3),
    "more than 25 cells": lambda n: n["cells"].extend(n["cells"][:2] * 20),
    "no numbered title": lambda n: change(n["cells"][0], "# 0", "# Chapter 0"),
    "does not say what you will do, on which profile, how long": lambda n: change(
        n["cells"][0], "**time**", ""
    ),
    "does not say which dandiset it stands for": lambda n: n["cells"][0].update(
        source="# 01 · A title"
    ),
    "ends without an exercise or what to read next": lambda n: change(
        n["cells"][-2], "## Exercise", "## End"
    ),
    "names no profile of the hub": lambda n: change(
        n["cells"][0], "**Profile** Base", "**Profile** Huge"
    ),
    "installs packages": lambda n: code_of(n)[3].update(source="!uv pip install numpy"),
    "uses magics": lambda n: code_of(n)[3].update(source="%matplotlib widget"),
    "arguments without a name: f(a, b)": lambda n: code_of(n)[3].update(
        source="f(a, b)"
    ),
    "an axis without a unit: Speed": lambda n: code_of(n)[3].update(
        source="ax.set(ylabel='Speed')"
    ),
    "nothing to look at": lambda n: [
        change(cell, "plt.show()", "") for cell in code_of(n)
    ],
    "imports not in the first code cell alone": lambda n: code_of(n)[3].update(
        source="import os"
    ),
    "no parameters after the imports": lambda n: code_of(n)[1].update(metadata={}),
    "last cell does not check the science": lambda n: n["cells"].append(n["cells"][0]),
    "a plot without labelled axes": lambda n: code_of(n)[3].update(source="plt.show()"),
}


@pytest.mark.parametrize("fault", DAMAGES)
def test_each_fault_of_form_is_found(fault, good):
    assert faults(good) == []
    damaged = copy.deepcopy(good)
    DAMAGES[fault](damaged)
    assert fault in faults(damaged)


CALLS = {
    "open_nwb(asset)": [],
    "open_nwb(asset, path)": ["open_nwb(asset, path)"],
    "open_nwb(asset, path=path)": [],
    "ax.plot(x, y, '.')": [],
    "def ours(*words): pass\nours('a', 'b')": [],
    "def ours(a, b): pass\nours(1, 2)": ["ours(1, 2)"],
    "from pynwb.file import Subject\nSubject('M1')": ["Subject('M1')"],
    "from pynwb.file import Subject\nSubject(subject_id='M1')": [],
}


@pytest.mark.parametrize("code", CALLS)
def test_arguments_have_names(code):
    assert by_position([code]) == CALLS[code]


def test_every_exception_is_used():
    python = [json.loads(path.read_text()) for path in NOTEBOOKS]
    texts = [source(c) for n in python if is_python(n) for c in code_of(n)]
    trees = [node for text in texts for node in ast.walk(ast.parse(text))]
    calls = [node for node in trees if isinstance(node, ast.Call)]
    assert IN_ORDER - {name_of(call) for call in calls if len(call.args) > 1} == set()
