"""Photographs notebook 01 in Lab, and its cluster's dashboard, on a running local hub.

`python tests/notebooks/pictures.py STATE docs/images`, with the hub's environment;
STATE is the folder that `archive-hub local up --state STATE` was started with.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from hub_config.local.environments import user_python

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = ROOT / "notebooks" / "01-find.ipynb"
SIZE = {"width": 1280, "height": 800}
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync", "--disable-quic"]
TIMEOUT_MS = 240_000
# Photographs have too many colours for a README; a palette keeps them small.
SHRINK = "import sys, io; from PIL import Image; "
SHRINK += "image = Image.open(io.BytesIO(sys.stdin.buffer.read())).convert('RGB'); "
SHRINK += "image.quantize(128).save(sys.argv[1], optimize=True)"


def save(picture: bytes, place: Path) -> None:
    """Write a picture as a PNG with a palette (Pillow is in the user environment)."""
    command = [str(user_python()), "-c", SHRINK, str(place)]
    subprocess.run(command, input=picture, check=True)


def status(state: str) -> dict[str, Any]:
    """Return what the hub says of itself."""
    script = Path(sys.executable).with_name("archive-hub")
    command = [str(script), "local", "status", "--state", state, "--json"]
    done = subprocess.run(command, capture_output=True, check=True, text=True, cwd=ROOT)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def log_in(page: Page, url: str) -> str:
    """Log in as Ada, have her server started, and return its address."""
    page.goto(f"{url}/hub/oauth_login?next=/hub/home")
    page.locator("button[value=ada], input[value=ada]").first.click()
    page.wait_for_url("**/hub/home")
    page.goto(f"{url}/hub/spawn")
    if "/hub/spawn" in page.url:
        page.locator("#spawn_form [type=submit]").click()
    page.wait_for_url("**/user/*/**", timeout=TIMEOUT_MS)
    name = page.url.split("/user/")[1].split("/")[0]
    return f"{url}/user/{name}"


def upload(page: Page, server: str) -> None:
    """Put the notebook into the home, and have Lab draw all its cells at once."""
    page.goto(f"{server}/lab")
    page.locator("#jp-top-panel").wait_for(timeout=TIMEOUT_MS)
    put = """async ([place, body]) => {
        const xsrf = document.cookie.match(/_xsrf=([^;]+)/)[1];
        const headers = {'X-XSRFToken': xsrf};
        const options = {method: 'PUT', headers, body: JSON.stringify(body)};
        return (await fetch(place, options)).status;
    }"""
    content = {"type": "notebook", "content": json.loads(NOTEBOOK.read_text())}
    assert page.evaluate(put, [f"{server}/api/contents/{NOTEBOOK.name}", content]) < 300
    place = f"{server}/lab/api/settings/@jupyterlab/notebook-extension:tracker"
    assert page.evaluate(put, [place, {"raw": '{"windowingMode": "none"}'}]) < 300


def photograph(page: Page, server: str, folder: Path) -> None:
    """Run the notebook in Lab; take its dashboard while it computes, then its plot."""
    page.goto(f"{server}/lab/tree/{NOTEBOOK.name}?reset")
    page.locator(".jp-NotebookPanel .jp-Cell").first.wait_for(timeout=TIMEOUT_MS)
    page.locator(".lm-MenuBar-item", has_text=re.compile("^Run$")).click()
    page.locator(".lm-Menu-item", has_text=re.compile("^Run All Cells")).click()
    line = page.get_by_text(re.compile("workers; dashboard: /services")).first
    line.wait_for(timeout=TIMEOUT_MS)
    link = (line.text_content() or "").split("dashboard: ")[1].split()[0]
    dashboard = page.context.new_page()
    dashboard.goto(server.split("/user/")[0] + link)
    dashboard.locator("canvas, .bk-Figure").first.wait_for(timeout=60_000)
    page.bring_to_front()
    plot = page.locator(".jp-OutputArea img").nth(2)
    plot.wait_for(timeout=TIMEOUT_MS)
    dashboard.bring_to_front()
    save(dashboard.screenshot(), folder / "dask-dashboard.png")
    page.bring_to_front()
    plot.scroll_into_view_if_needed()
    save(page.screenshot(), folder / "lab-plot.png")


def main(state: str, folder: str) -> None:
    """Take both pictures."""
    url, place = status(state)["url"], Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_context(viewport=SIZE).new_page()
        server = log_in(page, url)
        upload(page, server)
        photograph(page, server, place)
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
