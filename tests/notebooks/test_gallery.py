"""The gallery shows every notebook, and the page of costs leaves none out."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path

import pytest
from PIL import Image

from hub_config.local.environments import user_python
from tests.notebooks import gallery
from tests.notebooks.running import NOTEBOOKS, profile_of

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "notebooks.md"
COST = {"profile": "Tiny", "seconds": 8.6, "cpu_s": 5.1, "peak_bytes": 246_000_000}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A gallery of which one notebook was executed."""
    if not user_python().exists():
        pytest.skip("no user environment; `archive-hub local prepare` makes it")
    folder = tmp_path_factory.mktemp("gallery")
    notebook = json.loads((NOTEBOOKS / "07-spikes.ipynb").read_text())
    drawn = io.BytesIO()
    Image.new("RGB", (1200, 400), "red").save(drawn, "PNG")
    data = {"image/png": base64.b64encode(drawn.getvalue()).decode()}
    output = {"output_type": "display_data", "data": data, "metadata": {}}
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    code[2]["outputs"] = [output]
    (folder / "executed").mkdir()
    (folder / "executed" / "07-spikes.ipynb").write_text(json.dumps(notebook))
    gallery.build(folder / "executed", folder / "made")
    return folder / "made"


@pytest.mark.notebooks
def test_every_notebook_has_a_page_and_is_in_the_index(built):
    index = (built / "index.html").read_text()
    for path in NOTEBOOKS.glob("*.ipynb"):
        assert f'href="{path.stem}.html"' in index
        assert (built / f"{path.stem}.html").stat().st_size > 10_000


@pytest.mark.notebooks
def test_an_executed_one_has_a_thumbnail_and_another_says_that_it_was_not_run(built):
    with Image.open(built / "07-spikes.png") as picture:
        assert picture.size == (640, 213)
        assert picture.convert("RGB").getpixel((300, 100)) == (255, 0, 0)
    index = (built / "index.html").read_text()
    assert index.count("<img") == 1
    assert index.count("not run here") == len(list(NOTEBOOKS.glob("*.ipynb"))) - 1
    assert "needs MATLAB and a licence" in index


def test_costs_become_a_table_with_their_sum():
    costs = {"02-stream": COST, "03-anatomy": {**COST, "seconds": 10.0}}
    made = gallery.rewrite(f"before\n{gallery.BEGIN}old\n{gallery.END}after\n", costs)
    assert made.startswith("before\n")
    assert made.endswith("after\n")
    assert "| 02-stream | Tiny | 9 | 5 | 246 |" in made
    assert "| all | | 19 | 10 | |" in made
    assert gallery.rewrite(made, costs) == made


def test_the_page_of_costs_leaves_no_notebook_out():
    page = PAGE.read_text()
    rows = dict(re.findall(r"^\| (\d\d-\S+) \| ([^|]+) \|", page, re.M))
    profiles = {path.stem: profile_of(path) for path in NOTEBOOKS.glob("*.ipynb")}
    # In the table, or in the words below it that say why not.
    assert [name for name in profiles if name not in page] == []
    assert rows == {name: profiles[name] for name in rows}
    assert len(rows) >= 13
