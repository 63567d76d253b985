"""Photographs notebook 01 in Lab, and the dashboard of its cluster at work.

Nothing is clicked but what a test of its own covers: the cells run through the server's
API, so each picture is taken at a known moment.  That of the dashboard comes after the
results are there and before they are let go, when every task is still shown.
"""

from __future__ import annotations

import io
import json
import re
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page

from tests.browser.conftest import open_page, sign_in
from tests.conftest import Visitor
from tests.local.conftest import Server, started
from tests.local.test_first_notebook import EXECUTE, NAME

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / NAME
GATHERS = "client.gather("
CELL_S = 240
# Which of the notebook's pictures: the maps of all recordings.
PLOT = 2


def take_lab(
    browser: Browser, url: str, save: Callable[[bytes, str], None], login: str
) -> None:
    """Take both pictures, as a person whose server is not running."""
    visitor = Visitor(url)
    visitor.log_in(login)
    server = started(visitor, "base")
    page = open_page(browser, url)
    page.set_viewport_size({"width": 1280, "height": 800})
    sign_in(page, login)
    save(dashboard(page, server), "dask-dashboard")
    save(plot(page, server), "lab-plot")
    server.stop()


def dashboard(page: Page, server: Server) -> bytes:
    """Run the notebook until its results are there; return what the dashboard shows."""
    notebook = json.loads(NOTEBOOK.read_text())
    cells = [c for c in notebook["cells"] if c["cell_type"] == "code"]
    codes = ["".join(cell["source"]) for cell in cells]
    last = next(place for place, code in enumerate(codes) if GATHERS in code)
    said = "".join(run(server, code) for code in codes[:last])
    link = re.search(r"dashboard: (\S+)", said)
    assert link, f"no link to the dashboard in {said!r}"
    # The scheduler keeps the stream of tasks from the first look at it on.
    page.goto(link[1], timeout=CELL_S * 1000)
    run(server, codes[last])
    picture = when_drawn(page)
    run(server, "client.close(); cluster.shutdown()")
    return picture


def run(server: Server, code: str) -> str:
    """Run one cell; return what it printed."""
    output = server.run(code, timeout_s=CELL_S)
    assert not output.error, f"{code[:60]!r}: {output.error}"
    return output.text


def when_drawn(page: Page, timeout_s: float = 120) -> bytes:
    """Return a picture of the page once tasks are on it."""
    deadline, share = time.monotonic() + timeout_s, 0.0
    while time.monotonic() < deadline:
        picture = page.screenshot()
        if (share := coloured(picture)) > 0.1:
            return picture
        page.wait_for_timeout(500)
    raise AssertionError(
        f"{page.url}: no tasks drawn within {timeout_s} s; {share:.0%} has a colour"
    )


def coloured(picture: bytes) -> float:
    """Return the share of a picture that is neither black, white nor grey."""
    saturation = Image.open(io.BytesIO(picture)).convert("HSV").getchannel("S")
    counts = saturation.histogram()
    return sum(counts[64:]) / sum(counts)


def plot(page: Page, server: Server) -> bytes:
    """Run the whole notebook; return Lab with its maps of all recordings."""
    content = json.loads(NOTEBOOK.read_text())
    put(server, f"api/contents/{NAME}", {"type": "notebook", "content": content})
    # All cells at once, or the one that is wanted may not be drawn.
    settings = "lab/api/settings/@jupyterlab/notebook-extension:tracker"
    put(server, settings, {"raw": '{"windowingMode": "none"}'})
    run(server, EXECUTE)
    page.goto(f"{server.url}lab/tree/executed.ipynb?reset")
    image = page.locator(".jp-NotebookPanel .jp-OutputArea img").nth(PLOT)
    image.wait_for(timeout=120_000)
    image.scroll_into_view_if_needed()
    page.wait_for_load_state("networkidle")
    return page.screenshot()


def put(server: Server, path: str, message: dict[str, object]) -> None:
    """Send something to the server."""
    address = f"{server.url}{path}"
    answer = server.visitor.put(address, json=message, headers=server.headers)
    assert answer.is_success, f"{path}: {answer.status_code} {answer.text[:200]}"
