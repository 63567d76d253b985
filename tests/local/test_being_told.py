"""A running hub asks for its terms, and tells people what they are to be told."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from hub_config.notices import Notices

MEI = "gh-1004"


@pytest.fixture
def ledger(running):
    return Path(running["state"]) / "people.sqlite"


@pytest.fixture
def newcomer(person, ledger):
    """Return mei as she was before she accepted anything."""
    visitor = person("mei")
    with closing(sqlite3.connect(ledger, timeout=5)) as db:
        db.execute("DELETE FROM accepted WHERE number = 1004")
        db.commit()
    return visitor


@pytest.fixture
def notices(ledger):
    kept = Notices(ledger)
    yield kept
    for notice in kept.standing():
        kept.remove(notice.id)
    kept.close()


def test_the_start_page_leads_to_the_terms_and_back(newcomer):
    page = newcomer.get("/hub/spawn?next=/user/gh-1004/lab")
    assert page.url.path == "/hub/terms"
    assert "Accept and continue" in page.text
    newcomer.accept_terms()
    assert "Choose a size" in newcomer.get("/hub/spawn").text
    assert "You accepted this version" in newcomer.get("/hub/terms").text


def test_no_way_of_starting_goes_around_the_terms(newcomer):
    headers = {"X-XSRFToken": newcomer.xsrf}
    api = newcomer.post(
        f"/hub/api/users/{MEI}/server", json={"profile": "tiny"}, headers=headers
    )
    assert api.status_code == 403
    assert "/hub/terms" in api.json()["message"]
    form = newcomer.post("/hub/spawn", data={"profile": "tiny", "_xsrf": newcomer.xsrf})
    assert form.status_code == 403
    assert "/hub/terms" in form.text
    link = newcomer.get("/hub/spawn?profile=tiny")
    assert link.url.path == "/hub/terms"
    user = newcomer.get(f"/hub/api/users/{MEI}", headers=headers).json()
    assert user["servers"] == {}


def test_an_old_version_or_no_token_accepts_nothing(newcomer):
    form = {"version": "1999-01", "_xsrf": newcomer.xsrf}
    page = newcomer.post("/hub/terms", data=form)
    assert "changed while you read" in page.text
    unprotected = newcomer.post("/hub/terms", data={"version": "2026-11"})
    assert unprotected.status_code == 403
    assert "Accept and continue" in newcomer.get("/hub/spawn").text


@pytest.mark.parametrize("away", ["https://evil.example", "//evil.example", "/\\evil"])
def test_accepting_never_leads_to_another_site(newcomer, away):
    page = newcomer.get("/hub/terms").text
    version = page.split('name="version" value="')[1].split('"')[0]
    form = {"version": version, "_xsrf": newcomer.xsrf, "next": away}
    answer = newcomer.post("/hub/terms", data=form, follow_redirects=False)
    assert answer.status_code == 302
    # A path of this hub at most, and no browser reads %5C as a second slash.
    assert re.match(r"/(?![/\\])", answer.headers["Location"])


def test_a_visitor_reads_the_terms_but_cannot_accept(person):
    visitor = person("noor")
    page = visitor.get("/hub/terms")
    assert page.status_code == 200
    assert "Accept and continue" not in page.text


def test_notices_are_on_the_start_page_and_at_home(person, notices):
    notices.add("Maintenance <b>tonight</b>")
    notices.add("Only for ada", "danger", number=1001)
    visitor = person("grace")
    for page in ("/hub/spawn", "/hub/home"):
        text = visitor.get(page).text
        assert "Maintenance &lt;b&gt;tonight&lt;/b&gt;" in text
        assert "Only for ada" not in text


def test_a_token_that_may_read_the_name_is_told_the_notices(person, notices):
    id = notices.add("Only for grace", "warning", number=1002)
    visitor = person("grace")
    made = visitor.post(
        "/hub/api/users/gh-1002/tokens",
        json={"note": "as a server's", "scopes": ["read:users:name!user"]},
        headers={"X-XSRFToken": visitor.xsrf},
    ).json()
    visitor.cookies.clear()
    bearer = {"Authorization": f"token {made['token']}"}
    told = visitor.get("/hub/notices", headers=bearer)
    assert told.json() == [
        {"id": id, "level": "warning", "text": "Only for grace", "until": None}
    ]
    assert told.headers["Cache-Control"] == "no-store"


def test_who_is_not_logged_in_is_told_nothing(person, notices):
    notices.add("For people of this hub")
    visitor = person("noor")
    for headers in ({}, {"Authorization": "token wrong"}):
        answer = visitor.get("/hub/notices", headers=headers)
        assert answer.status_code == 403
        assert "For people" not in answer.text


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("GET", "/hub/nowhere", 404),
        ("GET", "/hub/admin", 403),
        ("GET", "/hub/spawn/gh-1002", 404),
        ("POST", "/hub/spawn", 403),
        ("PUT", "/hub/terms", 403),
    ],
)
def test_every_error_page_says_whom_to_ask(person, hub, method, address, status):
    answer = person("mei").request(method, address)
    assert answer.status_code == status
    assert answer.text.count(f"mailto:{hub.hub.support}") == 1
    assert "Traceback" not in answer.text


def test_the_look_is_served_by_the_hub_and_kept_by_the_browser(person, running):
    page = person("noor").get("/hub/login").text
    addresses = re.findall(r'(?:href|src)="(/hub/assets/[^"]+)"', page)
    assert len(addresses) == 3
    for address in addresses:
        answer = person("noor").get(address)
        assert answer.status_code == 200
        assert answer.headers.get("Cache-Control") != "no-cache"
    outside = person("noor").get("/hub/assets/..%2Fpage.html")
    assert outside.status_code == 403
    assert "block" not in outside.text
    others = re.findall(r'<(?:link|script)[^>]+(?:href|src)="(?:https?:)?//', page)
    assert others == []
