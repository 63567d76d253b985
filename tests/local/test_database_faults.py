"""The hub's database is held by somebody, or the disk that is its own is full."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing, contextmanager

import pytest

from hub_config.visit.browser import Visitor
from hub_config.visit.server import Server

# What is ill is told within half a minute: nothing may run beside it.
pytestmark = pytest.mark.quiet
KEPT = ("users", "spawners", "api_tokens", "servers", "oauth_clients")


@contextmanager
def held(file):
    """Hold the right to write, as a copy or a person with a shell would."""
    with closing(sqlite3.connect(file, isolation_level=None, timeout=60)) as db:
        db.execute("BEGIN IMMEDIATE")
        yield
        db.execute("ROLLBACK")


def rows(file):
    """Return what the hub must not lose; fails on a damaged file."""
    with closing(sqlite3.connect(file, timeout=60)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return {
            (table, id)
            for table in KEPT
            for (id,) in db.execute(f"SELECT id FROM {table}")
        }


def started(visitor, login, name):
    """Log in and start a server; return it."""
    visitor.log_in(login)
    visitor.start_server(name, "tiny")
    server = Server(visitor, name)
    assert server.get("lab").status_code == 200
    return server


def test_a_database_that_is_held_delays_and_heals(tmp_path, root, hub_on, until, ill):
    file = tmp_path / "state" / "hub.sqlite"
    with (
        hub_on(tmp_path / "state", root) as status,
        Visitor(status["url"]) as ada,
        Visitor(status["url"]) as mei,
    ):
        server = started(ada, "ada", "gh-1001")
        mei.log_in("mei")
        before = rows(file)
        start = threading.Thread(target=mei.start_server, args=("gh-1004", "tiny"))
        with held(file):
            start.start()
            released_s = time.monotonic() + 3
            while time.monotonic() < released_s:
                assert server.get("lab").status_code == 200
        start.join(120)
        assert mei.server_of("gh-1004")["ready"], "a few seconds only delay a start"
        with held(file):
            until(lambda: "database" in ill(status["url"]), 30, "it to be ill")
            assert server.get("lab").status_code == 200
        until(lambda: not ill(status["url"]), 30, "it to be well")
        mei.stop_server("gh-1004")
        mei.start_server("gh-1004", "tiny")
        assert ada.server_of("gh-1001")["ready"]
        assert rows(file) >= before


def test_a_full_database_is_told_touches_no_server_and_loses_nothing(
    small_disk, fill, ill, tmp_path, root, hub_on, until
):
    """The people's ledger and the homes are on another disk, which has room."""
    own, state = small_disk(tmp_path / "own", "16m"), tmp_path / "state"
    state.mkdir(mode=0o700)
    (state / "hub.sqlite").symlink_to(own / "hub.sqlite")
    with (
        hub_on(state, root) as status,
        Visitor(status["url"]) as ada,
        Visitor(status["url"]) as mei,
    ):
        server = started(ada, "ada", "gh-1001")
        before = rows(own / "hub.sqlite")
        filler = fill(own)
        until(lambda: "database" in ill(status["url"]), 30, "it to be ill")
        assert "database does not answer" in mei.get("/hub/login").text
        assert mei.log_in("mei").status_code in (500, 503)
        assert server.get("lab").status_code == 200
        assert ill(status["url"]) == {"database"}, "it alone"
        filler.unlink()
        until(lambda: not ill(status["url"]), 30, "it to be well")
        assert mei.log_in("mei").status_code == 200
        assert mei.name == "gh-1004"
        assert ada.server_of("gh-1001")["ready"]
        assert rows(own / "hub.sqlite") >= before
