"""Every notebook runs from top to bottom, and its science comes out."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
# The first one is executed in a user server of a running hub, where Dask Gateway is:
# tests/local/test_first_notebook.py.
ON_THE_HUB = {"01-find"}
# Spreading an analysis shows its gain where each request to S3 takes its time.
LATENCY_MS = {"13-dask": 100}


def expired(entries, today):
    """Return the entries of the list of exceptions whose day has come."""
    return sorted(name for name, one in entries.items() if one["expires"] <= today)


def as_cases(notebooks):
    """Return the notebooks as cases; one that measures time runs by itself."""
    for path in notebooks:
        marks = [pytest.mark.quiet] if path.stem in LATENCY_MS else []
        yield pytest.param(path, id=path.stem, marks=marks)


@pytest.mark.notebooks
@pytest.mark.parametrize("notebook", list(as_cases(NOTEBOOKS)))
def test_a_notebook_runs_from_top_to_bottom(notebook, execute, archive, not_run):
    if notebook.stem in ON_THE_HUB:
        pytest.skip("executed in a user server: tests/local/test_first_notebook.py")
    if notebook.stem in not_run:
        pytest.skip(not_run[notebook.stem]["reason"])
    archive.set_latency(LATENCY_MS.get(notebook.stem, 0))
    executed = execute(notebook)
    assert executed.status == 0, executed.log[-3000:]


def test_no_exception_has_outlived_its_day(not_run):
    assert expired(not_run, date.today()) == []


def test_an_exception_is_reported_from_its_day_on():
    entries = {"07-x": {"reason": "no such tool yet", "expires": date(2027, 1, 31)}}
    assert expired(entries, date(2027, 1, 30)) == []
    assert expired(entries, date(2027, 1, 31)) == ["07-x"]


def test_each_exception_is_about_a_notebook_and_says_why(not_run, notebooks):
    assert set(not_run) <= {notebook.stem for notebook in notebooks}
    assert all(len(entry["reason"]) > 20 for entry in not_run.values())


def a_notebook(folder, code, count=1):
    """Write a notebook of `count` equal cells, for the Tiny profile."""
    head = {"cell_type": "markdown", "id": "a", "metadata": {}, "source": []}
    head["source"] = ["**Profile** Tiny · "]
    cell = {"cell_type": "code", "metadata": {}, "source": [code]}
    cell |= {"outputs": [], "execution_count": None}
    cells = [cell | {"id": f"b{n}"} for n in range(count)]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    whole = {"cells": [head, *cells], "metadata": {"kernelspec": kernel}}
    path = folder / "trial.ipynb"
    path.write_text(json.dumps(whole | {"nbformat": 4, "nbformat_minor": 5}))
    return path


@pytest.mark.notebooks
def test_widgets_that_catch_output_hang_no_notebook(tmp_path, execute):
    """By papermill alone one of the forty cells waits for ever, nearly each time."""
    code = (
        "from ipywidgets import Output\n"
        "for place in [Output() for _ in range(20)]:\n"
        "    with place: print('caught')\n"
    )
    notebook = a_notebook(tmp_path, code, count=40)
    executed = replace(execute, timeout_s=60)(notebook)
    assert executed.status == 0, executed.log[-3000:]


@pytest.mark.notebooks
def test_a_notebook_reaches_nothing_but_the_loopback_address(tmp_path, execute):
    code = "import socket; socket.create_connection(('192.0.2.1', 80), timeout=3)"
    executed = execute(a_notebook(tmp_path, code))
    assert executed.status != 0
    assert "'192.0.2.1' is not loopback" in executed.log


@pytest.mark.notebooks
def test_a_notebook_gets_no_more_memory_than_its_profile(tmp_path, execute):
    code = "held = bytearray(range(1, 256)) * (10 * 2**20)"
    executed = execute(a_notebook(tmp_path, code))
    assert executed.status != 0
    assert "Kernel died" in executed.log or "MemoryError" in executed.log


@pytest.mark.notebooks
def test_a_notebook_that_hangs_is_ended_and_says_where(tmp_path, execute):
    code = "import threading\ndef hang():\n    threading.Event().wait()\nhang()"
    hanging = replace(execute, timeout_s=25)
    executed = hanging(a_notebook(tmp_path, code))
    assert executed.status != 0
    assert "in hang" in executed.log
