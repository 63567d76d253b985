"""From the archive's page to the file on one's own server, by clicking."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

pytestmark = pytest.mark.browser


@pytest.fixture
def stopped_after(visit):
    """Return a page whose server is stopped in the end."""
    page = visit()
    yield page
    page.goto("/hub/home")
    page.get_by_role("button", name="Stop").click()
    page.get_by_text("It is not running").wait_for(timeout=90_000)


def test_a_click_in_the_archive_ends_in_ones_own_server(stopped_after):
    page = stopped_after
    page.goto("/services/archive/")
    page.get_by_role("link", name="Open in the hub").first.click()
    page.get_by_role("link", name="Sign in with GitHub").click()
    page.locator("button[name=login][value='mei']").click()
    page.wait_for_load_state()
    if page.get_by_role("button", name="Accept and continue").count():
        page.get_by_role("button", name="Accept and continue").click()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_url("**/user/gh-1004/**", timeout=120_000)
    paths = {urlsplit(url).path: parse_qs(urlsplit(url).query) for url in asked}
    asset = paths["/user/gh-1004/archive-hub/open"]["asset"][0]
    assert "/services/archive/api/assets/" in asset


def test_the_page_makes_a_link_that_opens_what_was_typed(visit):
    page = visit("grace", width=390)
    page.goto("/hub/open")
    page.get_by_label("Address of the repository").fill("https://example.org/a/class")
    page.get_by_label("The notebook in it").fill("day 1.ipynb")
    shown = page.locator("output[for='repo path branch']").inner_text()
    assert parse_qs(urlsplit(shown).query) == {
        "repo": ["https://example.org/a/class"],
        "path": ["day 1.ipynb"],
    }
    page.get_by_label("Address of the file").fill("https://evil.example/x")
    page.get_by_role("button", name="Open it").first.click()
    page.get_by_text("This link leads to no file that this hub opens").wait_for()
