"""The page of the tools names every one, and only tests that are there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAMES = [
    *("NWB", "PyNWB", "MatNWB", "DANDI Archive", "DANDI CLI", "DANDI Hub", "NeuroConv"),
    *("NWB Widgets", "NWB Explorer", "SpikeInterface", "CellExplorer", "EcogVIS"),
    *("CaImAn", "suite2p", "CIAtah", "EXTRACT", "MIES", "DeepLabCut", "pynapple"),
    "DataJoint",
]


def rows(text):
    """Return the cells of each row of the table, by the tool's name."""
    lines = re.findall(r"^\| (?!Tool)(.+) \|$", text, re.MULTILINE)
    return {cells[0]: cells for cells in (line.split(" | ") for line in lines)}


def missing(text, root):
    """Return the files and notebooks that a page names and that are not there."""
    paths = re.findall(r"`((?:tests|images|notebooks)/[\w/.-]+)`", text)
    found = [path for path in paths if not (root / path).exists()]
    for numbers in re.findall(r"[Nn]otebooks? (\d\d(?:(?:, | and )\d\d)*)", text):
        for number in re.findall(r"\d\d", numbers):
            if not list(root.glob(f"notebooks/{number}-*.ipynb")):
                found.append(number)
    return found


def page():
    return (ROOT / "docs/reference/tools.md").read_text()


def test_every_tool_has_a_row_with_all_its_cells():
    found = rows(page())
    assert list(found) == NAMES
    assert all(len(cells) == 4 and all(cells) for cells in found.values())


def test_every_file_and_notebook_on_the_page_is_there():
    assert missing(page(), ROOT) == []


def test_a_file_that_is_gone_is_named(tmp_path):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks/03-x.ipynb").touch()
    text = "`tests/gone.py`, notebooks 03 and 04, Notebook 05"
    assert missing(text, tmp_path) == ["tests/gone.py", "04", "05"]
