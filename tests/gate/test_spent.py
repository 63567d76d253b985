"""Who had all core hours of the day is told; then what they run is stopped."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import httpx

TOLD = {"since": "boot", "clusters": {}, "workers": 0, "worked": []}


def had(gate, who, core_hours, day=None):
    day = day or datetime.now(UTC).strftime("%Y-%m-%d")
    gate.ledger(
        "INSERT OR REPLACE INTO today "
        f"VALUES ({who.number}, '{day}', {core_hours * 3600})"
    )


def notice_of(browser):
    """Return the notice and when it says that all stops; None if there is none."""
    for notice in browser.client.get("/hub/notices").json():
        return notice["text"], datetime.fromisoformat(notice["until"]).timestamp()
    return None


def test_who_is_over_the_bound_is_told_then_stopped_and_nobody_else(
    gate, person, wait_until
):
    people = [person(f"spent-{n}") for n in ("miner", "forgiven", "below")]
    gate.first.people(*people)
    miner, forgiven, below = people
    browsers = [gate.login(who.login) for who in people]
    for who, browser in zip(people, browsers, strict=True):
        browser.start_server(f"gh-{who.number}")
    token = browsers[0].token(f"gh-{miner.number}")
    had(gate, below, 1199)
    had(gate, forgiven, 1201)
    wait_until("one is told", lambda: notice_of(browsers[1]))
    _, forgiven_until_s = notice_of(browsers[1])
    had(gate, forgiven, 1201, "2000-01-01")
    had(gate, miner, 1201)
    wait_until("another is told", lambda: notice_of(browsers[0]))
    text, until_s = notice_of(browsers[0])
    assert "had 1,200 core hours today" in text
    assert f"{datetime.fromtimestamp(until_s, UTC):%H:%M} UTC" in text

    def runs(who):
        return gate.users()[f"gh-{who.number}"]["server"]

    wait_until("the server stops", lambda: not runs(miner), 30)
    assert time.time() >= until_s, "not before it was said"
    assert gate.token_status(token) == 200, "nobody is put out"
    assert time.time() > forgiven_until_s
    assert runs(forgiven), "a day began in between"
    assert notice_of(browsers[1]) is None, "and the notice was taken back"
    assert runs(below)
    assert notice_of(browsers[2]) is None


def test_a_server_that_is_started_all_the_same_stops_too(gate, person, wait_until):
    """This hub refuses no start: as if one had been under way."""
    who = person("spent-again")
    gate.first.people(who)
    browser = gate.login(who.login)
    had(gate, who, 1201)
    wait_until("it is told", lambda: notice_of(browser))
    wait_until("its time is over", lambda: not notice_of(browser))
    name = f"gh-{who.number}"
    answer = browser.post(f"users/{name}/server")
    assert answer.status_code in (201, 202), answer.text
    wait_until("it stops", lambda: not gate.users()[name]["server"])


def test_the_gateway_is_told_who(gate, person):
    over, below = person("spent-over"), person("spent-not")
    had(gate, over, 1200)
    had(gate, below, 1199.9)
    answer = httpx.post(
        f"{gate.url}/hub/api/clusters",
        json=TOLD,
        headers={"Authorization": "token gateway-token"},
    )
    assert answer.status_code == 200, answer.text
    spent = answer.json()["spent"]
    assert f"gh-{over.number}" in spent
    assert f"gh-{below.number}" not in spent
