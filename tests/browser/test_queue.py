"""Whom the hub tells to come back later stays in a queue, not on an error."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser


def too_many(count):
    """Return what answers `count` starts as a full hub does, and then lets them on."""
    left = [count]

    def answer(route):
        if route.request.method == "POST" and left[0] > 0:
            left[0] -= 1
            return route.fulfill(status=429, headers={"Retry-After": "1"}, body="full")
        return route.continue_()

    return answer


def test_the_start_page_waits_in_the_queue_and_then_starts(visit, until_stopped):
    page = visit("mei")
    until_stopped(page)
    page.goto("/hub/spawn")
    page.route("**/hub/spawn*", too_many(2))
    page.get_by_label("Tiny").check()
    page.get_by_role("button", name="Start").click()
    queue = page.get_by_text("you are in the queue: this page asks again in 1 ")
    queue.wait_for()
    page.wait_for_url("**/hub/spawn-pending/gh-1004*", timeout=60_000)


def test_a_refused_choice_is_still_said_on_the_page(visit):
    page = visit("grace")
    page.goto("/hub/spawn")
    page.evaluate("document.querySelector('[name=profile]:checked').value = 'huge'")
    page.get_by_role("button", name="Start").click()
    page.get_by_text("There is no size 'huge'").wait_for()


@pytest.fixture
def until_stopped(running):
    """Return a function that takes a page whose server is to be stopped in the end."""
    pages = []
    yield pages.append
    for page in pages:
        page.goto("/hub/home")
        page.get_by_role("button", name="Stop").click()
        page.get_by_text("It is not running").wait_for(timeout=60_000)
