"""A person with a browser: by mouse, by keyboard, on a telephone, with a reader."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from hub_config.notices import Notices
from hub_config.terms import Terms

pytestmark = pytest.mark.browser

# What a person may see; each as the login and the address.
PAGES = {
    "login": ("", "/hub/login"),
    "terms": ("", "/hub/terms"),
    "start": ("grace", "/hub/spawn"),
    "home": ("grace", "/hub/home"),
    "usage": ("grace", "/hub/usage"),
    "my files": ("grace", "/hub/my-files"),
    "accepted": ("grace", "/hub/terms"),
    "tokens": ("grace", "/hub/token"),
    "links": ("grace", "/hub/open"),
    "not running": ("grace", "/hub/user/gh-1002/lab"),
    "no such page": ("grace", "/hub/nowhere"),
    "signed out": ("", "/hub/logout"),
}
LOGINS = {login for login, _ in PAGES.values()}
WIDE, NARROW = 1280, 390


@pytest.fixture
def state(running):
    return Path(running["state"])


@pytest.fixture
def terms_unread(state):
    """Make mei a person who has not accepted the terms."""
    Terms(state / "people.sqlite").close()
    with closing(sqlite3.connect(state / "people.sqlite", timeout=5)) as db:
        db.execute("DELETE FROM accepted WHERE number = 1004")
        db.commit()


@pytest.fixture
def broken_start(state):
    """Keep mei's server from starting: a file where a folder should be."""
    scratch, aside = state / "scratch" / "gh-1004", state / "scratch" / "aside"
    if scratch.exists():
        scratch.rename(aside)
    scratch.write_text("")
    yield
    scratch.unlink()
    if aside.exists():
        aside.rename(scratch)


@pytest.fixture
def notice(state):
    with closing(Notices(state / "people.sqlite")) as notices:
        id = notices.add("Maintenance on Friday from 18:00 UTC", "warning")
        yield "Maintenance on Friday from 18:00 UTC"
        notices.remove(id)


def faults_of(page):
    """Return what axe-core finds serious or critical on the page."""
    found = Axe().run(page).response["violations"]
    return {
        fault["id"]: [node["html"] for node in fault["nodes"]]
        for fault in found
        if fault["impact"] in ("serious", "critical")
    }


def too_wide(page):
    return page.evaluate(
        "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    )


def test_a_person_signs_in_reads_the_terms_and_sees_the_sizes(terms_unread, visit):
    page = visit()
    page.goto("/hub/spawn")
    page.get_by_role("link", name="Sign in with GitHub").click()
    page.get_by_role("button", name="mei").click()
    page.get_by_role("heading", name="Terms of use").wait_for()
    assert faults_of(page) == {}
    page.get_by_role("button", name="Accept and continue").click()
    page.get_by_role("group", name="Choose a size").wait_for()
    assert page.get_by_role("radio", checked=True).count() == 1
    assert page.locator("#login_widget").inner_text().split() == ["mei", "Sign", "out"]
    page.goto("/hub/spawn")
    assert page.get_by_role("radio").count() == 6


def test_who_is_refused_reads_why_and_what_to_do(visit):
    page = visit("noor")
    assert "Not registered with" in page.get_by_role("heading", level=1).inner_text()
    assert page.get_by_role("link", name="Try another account").is_visible()
    assert page.get_by_role("link", name="help@").count() >= 1
    assert faults_of(page) == {}


def test_the_keyboard_alone_chooses_a_size_and_starts_it(visit):
    page = visit("grace")
    page.goto("/hub/spawn")
    page.route("**/hub/spawn?**", lambda route: route.abort())
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "profile":
            break
    sizes = ["tiny", "base", "large", "xlarge"]
    first = page.get_by_role("radio", checked=True).get_attribute("value")
    page.keyboard.press("ArrowDown")
    chosen = page.get_by_role("radio", checked=True).get_attribute("value")
    assert chosen == sizes[(sizes.index(first) + 1) % len(sizes)]
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Start"
    with page.expect_request("**/hub/spawn?**") as sent:
        page.keyboard.press("Enter")
    assert sent.value.post_data == f"profile={chosen}"


def test_a_size_that_cannot_be_started_says_why_and_cannot_be_chosen(visit):
    page = visit("grace")
    page.goto("/hub/spawn")
    gpu = page.get_by_role("radio", name="T4 GPU")
    assert gpu.is_disabled()
    about = page.locator(f"#{gpu.get_attribute('aria-describedby')}")
    assert "Not on this machine" in about.inner_text()


def test_the_check_for_faults_and_width_finds_them(visit):
    page = visit(width=390)
    page.set_content("<img src=x><button></button><p style='width: 500px'>wide</p>")
    assert {"image-alt", "button-name"} <= set(faults_of(page))
    assert too_wide(page)


@pytest.mark.parametrize(("scheme", "width"), [("light", WIDE), ("dark", NARROW)])
def test_every_page_fits_and_has_no_serious_fault_for_a_reader(visit, scheme, width):
    people = {login: visit(login, width, color_scheme=scheme) for login in LOGINS}
    found = {}
    for name, (login, address) in PAGES.items():
        page = people[login]
        page.goto(address)
        if faults := faults_of(page):
            found[name] = faults
        assert not too_wide(page), f"{name} at {width} px"
    assert found == {}


def test_a_start_that_fails_says_what_to_do(broken_start, visit):
    page = visit("mei")
    page.goto("/hub/spawn")
    page.get_by_role("button", name="Start").click()
    page.get_by_role("alert").wait_for()
    page.goto("/hub/spawn-pending/gh-1004")
    words = page.locator("main").inner_text()
    assert "Your server did not start" in words
    assert "Start it again." in words
    assert page.locator("body").inner_text().count("help@") == 1
    assert "Error" not in words
    assert faults_of(page) == {}


def test_a_notice_is_shown_before_a_server_is_started(notice, visit):
    page = visit("grace")
    for address in ("/hub/spawn", "/hub/home"):
        page.goto(address)
        assert page.get_by_role("status").first.inner_text() == notice
    assert faults_of(page) == {}


def test_a_start_shows_what_happens_and_can_be_cancelled(visit):
    page = visit("Tomas-N")
    page.goto("/hub/spawn")
    page.get_by_role("radio", name="Tiny").check()
    page.get_by_role("button", name="Start").click()
    page.get_by_role("heading", name="Your server is starting").wait_for()
    page.get_by_text("2 cores").first.wait_for()
    assert faults_of(page) == {}
    page.get_by_role("button", name="Cancel the start").click()
    page.get_by_text("It is not running").wait_for()
    page.goto("/hub/spawn")
    assert page.get_by_role("radio", checked=True).get_attribute("value") == "tiny"
