"""What happens to people who are logged in: revoked, renamed, and outages."""

import pytest

OUTAGES = [
    "http-500",
    "http-503",
    "http-429",
    "rate-limit-403",
    "html",
    "garbage",
    "cut",
]


@pytest.fixture
def at_work(gate, person):
    """Return how to log a person in and to start a server."""

    def begin(login, **fields):
        who = person(login, **fields)
        gate.first.people(who)
        browser = gate.login(login)
        assert browser.status == 200
        browser.name = f"gh-{who.number}"
        browser.number = who.number
        browser.start_server(browser.name)
        return browser

    return begin


def has_server(gate, browser):
    return bool(gate.users()[browser.name]["server"])


def was_asked(gate, browser, wait_until, answer, times=3):
    """Wait until the person was looked up some times with this answer.

    After once, the last good look may be young enough for the hub to go by it.
    """
    line = f'"at": "recheck", "number": {browser.number},'

    def found():
        lines = [row for row in gate.log().splitlines() if line in row]
        return sum(f'"answer": "{answer}"' in row for row in lines) >= times

    wait_until(f"{browser.name} was looked up: {answer}", found)


def test_a_rejected_person_loses_pages_tokens_and_server(gate, at_work, wait_until):
    browser = at_work("erin")
    token = browser.token(browser.name)
    assert gate.token_status(token) == 200
    gate.first.change(browser.number, status="REJECTED")
    wait_until("pages end", lambda: browser.home() == 302)
    wait_until("tokens end", lambda: gate.token_status(token) == 403)
    wait_until("the server ends", lambda: not has_server(gate, browser))
    gate.first.change(browser.number, status="APPROVED")
    assert gate.login("erin").status == 200
    assert gate.token_status(token) == 403, "the token is gone for good"


def test_a_silent_server_of_a_rejected_person_ends(gate, at_work, wait_until):
    browser = at_work("silent")
    gate.first.change(browser.number, status="REJECTED")
    wait_until("the server ends", lambda: not has_server(gate, browser))


def test_a_revoked_github_token_ends_pages_tokens_and_server(gate, at_work, wait_until):
    browser = at_work("fred")
    token = browser.token(browser.name)
    gate.first.change(browser.number, revoke=True)
    wait_until("pages end", lambda: browser.home() == 302)
    wait_until("tokens end", lambda: gate.token_status(token) == 403)
    wait_until("the server ends", lambda: not has_server(gate, browser))
    assert gate.login("fred").status == 200
    assert gate.token_status(token) == 200, "it waits for the next login"


def test_a_renamed_person_is_the_same_user(gate, at_work, wait_until):
    browser = at_work("gwen")
    gate.first.change(browser.number, login="gwen-new", archive_login="gwen-new")
    wait_until("the new login is seen", lambda: '"login": "gwen-new"' in gate.log())
    assert browser.home() == 200
    assert has_server(gate, browser)


def test_a_rename_that_the_archive_does_not_know_ends_the_session(
    gate, at_work, wait_until
):
    browser = at_work("hana")
    gate.first.change(browser.number, login="hana-new")
    wait_until("pages end", lambda: browser.home() == 302)
    assert gate.login("hana-new").status == 403


@pytest.mark.parametrize("kind", OUTAGES)
def test_a_github_outage_touches_nobody_who_is_in(gate, at_work, wait_until, kind):
    browser = at_work(f"git-{kind}")
    token = browser.token(browser.name)
    gate.github.fault(kind)
    was_asked(gate, browser, wait_until, "github unreachable")
    assert browser.home() == 200
    assert gate.token_status(token) == 200
    assert has_server(gate, browser)


def test_a_github_that_hangs_touches_nobody_who_is_in(gate, at_work, wait_until):
    browser = at_work("git-hang")
    gate.github.fault("hang")
    was_asked(gate, browser, wait_until, "github unreachable", times=1)
    assert browser.home() == 200
    assert has_server(gate, browser)


@pytest.mark.parametrize("kind", [*OUTAGES, "http-401", "null", "hang"])
def test_an_archive_outage_touches_nobody_who_is_in(gate, at_work, wait_until, kind):
    browser = at_work(f"arc-{kind}")
    gate.first.fault(kind)
    was_asked(gate, browser, wait_until, "archive unreachable")
    assert browser.home() == 200
    assert has_server(gate, browser)


def test_after_the_grace_pages_end_but_the_server_runs_on(gate, at_work, wait_until):
    browser = at_work("late")
    gate.first.fault("http-500")
    gate.ledger(f"UPDATE admitted SET at = at - 90000 WHERE number = {browser.number}")
    wait_until("pages end", lambda: browser.home() == 302)
    assert gate.login("late").status == 503
    assert has_server(gate, browser)


def test_no_grace_is_left_after_a_no(gate, at_work, wait_until):
    browser = at_work("nora")
    gate.first.change(browser.number, status="REJECTED")
    wait_until("pages end", lambda: browser.home() == 302)
    gate.first.fault("http-500")
    assert browser.home() == 302
