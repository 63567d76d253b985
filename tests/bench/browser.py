"""From the login button to a Lab one can use, in a real browser."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def rows(url: str) -> Iterator[tuple[str, ...]]:
    """Yield the row of the table; says why where there is no browser."""
    chromium = shutil.which("chromium")
    if chromium is None:
        yield "login to Lab, Base", "not measured", "12 s", "no Chromium here", ""
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page()
        page.goto(f"{url}/hub/login")
        loading = time.perf_counter()
        page.goto(f"{url}/hub/login")
        loading = time.perf_counter() - loading
        page.get_by_text("Sign in with").first.click()
        started = time.perf_counter()
        page.locator("button[value=ada]").click()
        page.goto(f"{url}/hub/spawn")
        page.get_by_role("button", name="Start").click()
        page.wait_for_selector(".jp-Launcher", timeout=120_000)
        took = time.perf_counter() - started
        browser.close()
    reference = f"loading the login page: {loading:.2f} s"
    ratio = f"{took / loading:.0f}"
    yield "login to Lab, Base", f"{took:.1f} s", "12 s", reference, ratio
