"""In Chromium: the Archive Explorer is for every screen and every reader."""

import shutil

import pytest
from axe_playwright_python.sync_playwright import Axe

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

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
