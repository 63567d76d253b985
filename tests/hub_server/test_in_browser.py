"""In Chromium: every view of NWB Widgets draws, h5web opens a file, the Explorer reads.

Lab takes cells out of the page that are out of sight, and a widget draws only while it
is in the page: its notebook setting ``windowingMode`` is ``none`` here.  What a view
drew is told from the pixels of its output, asked for until they are there.
"""

import io
import json
import re
import shutil
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

VIEWS = Path(__file__).parents[1] / "images" / "nwb_views.py"
TRACKER = ".jupyter/lab/user-settings/@jupyterlab/notebook-extension"
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
INK_SHARE = 0.001
# Views of words; all others must have drawn.
TEXT_ONLY: frozenset[str] = frozenset()
BEGIN = """
import sys, warnings
warnings.simplefilter("ignore")
sys.path.insert(0, {folder!r})
import nwb_views
show = nwb_views.Views()
"""


@pytest.fixture(scope="module")
def chromium():
    from playwright.sync_api import sync_playwright

    found = shutil.which("chromium")
    if found is None:
        pytest.skip("no Chromium on this machine; Debian has it as chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium, server):
    """Return a function that opens a page of the server, logged in."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(180_000)
    page = context.new_page()
    page.goto(f"{server.url}/login?token=a-token", wait_until="commit")

    def open_page(path, width=1280):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"{server.url}/{path}")
        return page

    yield open_page
    context.close()


def cell(source):
    empty = {"execution_count": None, "outputs": [], "metadata": {}}
    return {"cell_type": "code", "source": source, **empty}


@pytest.fixture
def names(server):
    """Write a notebook with a cell for each view; return the views' names."""
    begin = BEGIN.format(folder=str(VIEWS.parent))
    told = server.kernel().run(f"{begin}\nimport json; print(json.dumps(show.names))")
    names = json.loads(told.splitlines()[-1])
    cells = [cell(begin), *(cell(f"show({name!r})") for name in names)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    notebook = {"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 4}
    (server.home / "views.ipynb").write_text(json.dumps(notebook))
    settings = server.home / TRACKER / "tracker.jupyterlab-settings"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text('{"windowingMode": "none"}')
    return names


def ink(locator):
    """Return which share of an element's pixels differs from its commonest colour."""
    shot = Image.open(io.BytesIO(locator.screenshot())).convert("L")
    counts = shot.histogram()
    return 1 - max(counts) / sum(counts)


# One look at all cells: what is drawn, and what is written.  A screenshot of each costs
# seconds on a busy machine.
LOOK = """() => [...document.querySelectorAll('.jp-CodeCell')].map((cell) => {
  const out = cell.querySelector('.jp-Cell-outputArea');
  const big = (one) => {
    const box = one.getBoundingClientRect();
    return box.width > 40 && box.height > 40;
  };
  const any = (what, test) => [...out.querySelectorAll(what)].some(test);
  return {
    ran: /\\d/.test(cell.querySelector('.jp-InputPrompt').innerText),
    drawn: any('img', (one) => one.naturalWidth > 0 && big(one)) ||
      any('canvas', big) ||
      any('svg', (one) => big(one) && one.querySelector('path, image, rect')),
    text: out.innerText,
  };
})"""


def run_all(page):
    """Run all cells: Lab drops the wish without a word until its kernel is there."""
    from playwright.sync_api import TimeoutError as NotYet

    begun = page.locator(".jp-InputPrompt", has_text=re.compile(r"[*\d]")).first
    for _ in range(20):
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        try:
            return begun.wait_for(timeout=10_000)
        except NotYet:
            page.keyboard.press("Escape")
    raise AssertionError("Lab did not run the cells")


def lacking(page, names):
    """Return the views that have not come, with what is there instead."""
    found = page.evaluate(LOOK)[1:]
    assert len(found) == len(names)
    late = {}
    for name, cell in zip(names, found, strict=True):
        there = cell["text"].strip() if name in TEXT_ONLY else cell["drawn"]
        if "Error" in cell["text"] or not (cell["ran"] and there):
            late[name] = cell["text"][-400:]
    return late


def test_every_view_of_nwb_widgets_draws(visit, names, wait_until):
    page = visit("lab/tree/views.ipynb?reset")
    idle = page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]")
    idle.wait_for(state="attached")
    cells = page.locator(".jp-CodeCell")
    cells.nth(len(names)).wait_for(state="attached")
    run_all(page)
    try:
        wait_until(lambda: not lacking(page, names), "all views", 600)
    except AssertionError:
        assert lacking(page, names) == {}
    for name in ("TwoPhotonSeries", "Units Session Raster", "ElectricalSeries"):
        output = cells.nth(names.index(name) + 1).locator(".jp-OutputArea-output").last
        assert ink(output) > INK_SHARE, name


HDF5 = """
import h5py, numpy as np
with h5py.File("sample.h5", "w") as file:
    file["ramp"] = np.arange(100.0)
"""


def test_h5web_opens_a_file_in_lab(visit, server, wait_until):
    server.kernel().run(HDF5)
    page = visit("lab/tree/sample.h5?reset")
    page.get_by_role("treeitem", name="ramp").click()
    canvas = page.locator("#main canvas").first
    canvas.wait_for()
    wait_until(lambda: ink(canvas) > INK_SHARE, "the line of the data", 60)


def faults_of(page):
    """Return what axe-core finds serious or critical on the page."""
    found = Axe().run(page).response["violations"]
    kept = [fault for fault in found if fault["impact"] in ("serious", "critical")]
    return {fault["id"]: fault["nodes"][0]["html"] for fault in kept}


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_the_explorer_is_for_every_screen_and_reader(visit, server, scheme, width):
    server.kernel().run(HDF5)
    file = f"asset={server.home}/sample.h5"
    pages = ["", f"asset?{file}", f"asset?{file}&at=/ramp", f"asset?{file}&at=/none"]
    for path in pages:
        page = visit(f"explorer/{path}", width)
        page.emulate_media(color_scheme=scheme)
        assert faults_of(page) == {}, path
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, path


def test_the_keyboard_alone_opens_a_file_and_finds_its_data(visit, server):
    server.kernel().run(HDF5)
    page = visit("explorer/")
    page.keyboard.press("Tab")
    for _ in range(10):
        if page.evaluate("document.activeElement.id") == "asset":
            break
        page.keyboard.press("Tab")
    page.keyboard.type(f"{server.home}/sample.h5")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="ramp").focus()
    page.keyboard.press("Enter")
    page.get_by_role("img", name="/ramp: 100 values between 0 and 99").wait_for()
