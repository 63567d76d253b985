"""In Chromium: NWB Widgets and h5web draw; the Explorer is for every screen and reader.

Lab's own commands are called from the page: what is tried is what a view draws, not
Lab's menus.  Lab takes cells that are out of sight out of the page, and a widget draws
only while it is in it: the setting ``windowingMode`` is ``none`` here.
"""

import io
import json
import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

VIEWS = Path(__file__).parents[1] / "images" / "nwb_views.py"
SETTINGS = ".jupyter/lab/user-settings/@jupyterlab/notebook-extension"
INK_SHARE = 0.001
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]


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


@contextmanager
def opening(chromium, server):
    """Yield a function that opens a page of the server, logged in."""
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


@pytest.fixture
def visit(chromium, server):
    with opening(chromium, server) as open_page:
        yield open_page


HDF5 = """
import h5py, numpy as np
with h5py.File("sample.h5", "w") as file:
    file["ramp"] = np.arange(100.0)
"""


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


@pytest.fixture
def lab(start_server):
    """A server whose Lab lets the page call its commands."""
    program = ("bin/hub-server", "--LabApp.expose_app_in_browser=True")
    return start_server(program=program)


def cell(source):
    empty = {"execution_count": None, "outputs": [], "metadata": {}}
    return {"cell_type": "code", "source": source, **empty}


BEGIN = """
import json, sys, warnings
warnings.simplefilter("ignore")
sys.path.insert(0, {folder!r})
import nwb_views
show = nwb_views.Views()
"""


@pytest.fixture
def names(lab):
    """Write a notebook with a cell for each view; return the views' names."""
    begin = BEGIN.format(folder=str(VIEWS.parent))
    told = lab.kernel().run(f"{begin}print(json.dumps(show.names))")
    names = json.loads(told.splitlines()[-1])
    cells = [cell(begin), *(cell(f"show({name!r})") for name in names)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    notebook = {"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 4}
    (lab.home / "views.ipynb").write_text(json.dumps(notebook))
    settings = lab.home / SETTINGS / "tracker.jupyterlab-settings"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text('{"windowingMode": "none"}')
    return names


def ink(locator):
    """Return which share of an element's pixels differs from its commonest colour."""
    shot = Image.open(io.BytesIO(locator.screenshot())).convert("L")
    counts = shot.histogram()
    return 1 - max(counts) / sum(counts)


# Waits for the kernel, as "Run All Cells" of Lab does not.
RUN_ALL = """async () => {
  const app = window.jupyterapp;
  await app.restored;
  const panel = await app.commands.execute("docmanager:open", {path: "views.ipynb"});
  await panel.context.ready;
  await panel.sessionContext.ready;
  await panel.sessionContext.session.kernel.info;
  app.shell.activateById(panel.id);
  return await app.commands.execute("notebook:run-all-cells");
}"""

# One look at all cells: what is drawn, and what is written.
LOOK = """() => [...document.querySelectorAll('.jp-CodeCell')].map((cell) => {
  const out = cell.querySelector('.jp-Cell-outputArea');
  const big = (one) => {
    const box = one.getBoundingClientRect();
    return box.width > 40 && box.height > 40;
  };
  const any = (what, test) => [...out.querySelectorAll(what)].some(test);
  return {
    drawn: any('img', (one) => one.naturalWidth > 0 && big(one)) ||
      any('canvas', big) ||
      any('svg', (one) => big(one) && one.querySelector('path, image, rect')),
    text: out.innerText,
  };
})"""


# Views of words, of folded parts or of controls; all others must have drawn.
WORDS = frozenset(
    (
        "NWBFile",
        "IntracellularRecordingsTable Summary",
        "IntracellularRecordingsTable table",
        "IntracellularResponsesTable Summary",
        "IntracellularStimuliTable Summary",
        "IntracellularElectrodesTable Summary",
        "Units Summary",
        "Units Tuning Curves",
        "Subject",
        "TimeIntervals Summary",
        "OptogeneticStimulusSite",
        "ImagingPlane",
        "OpticalChannel",
        "ElectrodeGroup",
        "ElectrodesTable Summary",
        "ProcessingModule",
        "DfOverF",
        "Images",
        "IntracellularElectrode",
    )
)
# The sample's device has nothing that could be shown.
NOTHING = "Device"


def lacking(page, names):
    """Return the views that have not come, with what is there instead."""
    found = page.evaluate(LOOK)[1:]
    assert len(found) == len(names)
    late = {}
    for name, cell in zip(names, found, strict=True):
        there = cell["drawn"]
        if name in WORDS:
            there = len(cell["text"]) > len("[99]:")
        if "Error" in cell["text"] or not (there or name == NOTHING):
            late[name] = cell["text"][-400:]
    return late


def test_every_view_of_nwb_widgets_draws(chromium, lab, names, wait_until):
    with opening(chromium, lab) as open_page:
        page = open_page("lab?reset")
        page.wait_for_function("window.jupyterapp")
        page.evaluate(RUN_ALL)
        for button in page.get_by_role("button", name="Display ROIs").all():
            button.click()
        try:
            wait_until(lambda: not lacking(page, names), "all views", 300)
        except AssertionError:
            assert lacking(page, names) == {}
        cells = page.locator(".jp-CodeCell")
        for name in ("TwoPhotonSeries", "Units Session Raster", "ElectricalSeries"):
            output = cells.nth(names.index(name) + 1).locator(".jp-OutputArea-output")
            assert ink(output.last) > INK_SHARE, name


def test_h5web_opens_a_file_in_lab(chromium, lab, wait_until):
    lab.kernel().run(HDF5)
    with opening(chromium, lab) as open_page:
        page = open_page("lab?reset")
        page.locator(".jp-DirListing-item", has_text="sample.h5").dblclick()
        page.get_by_role("treeitem", name="ramp").click()
        canvas = page.locator("#main canvas").first
        canvas.wait_for()
        wait_until(lambda: ink(canvas) > INK_SHARE, "the line of the data", 60)
