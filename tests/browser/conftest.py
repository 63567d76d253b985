"""A real browser before a real hub.

browser
    Chromium, started once for a module; the tests are skipped, with the reason, where
    there is none.
visit
    Makes a page in a browser profile of its own: wide or narrow, light or dark.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
WIDE, NARROW = 1280, 390


def chromium() -> str | None:
    """Return where Chromium is, if there is one."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium")


@contextmanager
def started() -> Iterator[Browser]:
    """Run Chromium while the block runs."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(), args=FLAGS, headless=True
        )
        try:
            yield browser
        finally:
            browser.close()


def open_page(browser: Browser, url: str, width: int = WIDE, **options: Any) -> Page:
    """Return an empty page of a fresh profile; ``page.goto("/…")`` is in the hub."""
    size = {"width": width, "height": 844 if width == NARROW else 900}
    context = browser.new_context(base_url=url, viewport=size, **options)
    context.set_default_timeout(20_000)
    return context.new_page()


def sign_in(page: Page, login: str, *, accept: bool = True) -> None:
    """Sign in by clicking, as `login`; accept the terms if they are asked for."""
    page.goto("/hub/login?next=%2Fhub%2Fspawn")
    page.get_by_role("link", name="Sign in with GitHub").click()
    page.locator(f"button[name=login][value='{login}']").click()
    page.wait_for_load_state()
    button = page.get_by_role("button", name="Accept and continue")
    if accept and button.count():
        button.click()
        page.wait_for_load_state()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Not in a fixture: nothing has to be started to find out.
    if chromium() is None:
        reason = "no Chromium on this machine; Debian has it as chromium"
        for item in items:
            if item.get_closest_marker("browser"):
                item.add_marker(pytest.mark.skip(reason=reason))


# Not of the session: while it runs, its event loop keeps tests that are `async` out.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with started() as browser:
        yield browser


@pytest.fixture
def visit(running: dict[str, Any], browser: Browser) -> Iterator[Callable[..., Page]]:
    pages: list[Page] = []

    def make(login: str = "", width: int = WIDE, **options: Any) -> Page:
        page = open_page(browser, running["url"], width, **options)
        pages.append(page)
        if login:
            sign_in(page, login)
        return page

    yield make
    for page in pages:
        page.context.close()
