"""A database that somebody holds: the person is told to try again, not to sign in."""

from __future__ import annotations

import itertools
import sqlite3
from contextlib import closing, contextmanager

import httpx
import pytest
from sqlalchemy.exc import OperationalError

from hub_config.busy import is_held

COUNT = itertools.count()


@pytest.fixture
def ada(gate, person):
    # A login is bound to its number: another one for each test.
    someone = person(f"busy-{next(COUNT)}")
    gate.first.people(someone)
    visitor = gate.login(someone.login)
    visitor.name = f"gh-{someone.number}"
    visitor.start_server(visitor.name)
    return visitor


@contextmanager
def held(gate):
    """Hold the right to write, as a copy or a person with a shell would."""
    file = gate.state / "hub.sqlite"
    with closing(sqlite3.connect(file, isolation_level=None, timeout=20)) as db:
        db.execute("BEGIN IMMEDIATE")
        yield
        db.execute("ROLLBACK")


def said_busy(answer):
    assert answer.status_code == 503, (answer.status_code, answer.text)
    assert answer.headers["retry-after"] == "5"
    return "The hub's records are busy" in answer.text.replace("&#39;", "'")


def test_the_first_entry_into_ones_server_says_try_again(gate, ada):
    query = {
        "client_id": f"jupyterhub-user-{ada.name}",
        "redirect_uri": f"/user/{ada.name}/oauth_callback",
        "response_type": "code",
        "state": "x",
    }
    entry = httpx.URL("/hub/api/oauth2/authorize", params=query)
    with held(gate):
        answer = ada.client.get(entry, follow_redirects=False)
        assert said_busy(answer)
        assert "Traceback" not in answer.text
    answer = ada.client.get(entry, follow_redirects=False)
    assert answer.status_code == 302, answer.text
    assert "oauth_callback?code=" in answer.headers["location"]


def test_nobody_is_taken_for_one_who_is_not_signed_in(gate, ada, wait_until):
    """A page where it is time again to note that the person is there."""
    with held(gate):
        seen = []

        def busy():
            seen.append(ada.client.get("/hub/home", follow_redirects=False))
            return seen[-1].status_code != 200

        wait_until("it to be noted that the person is there", busy)
        assert said_busy(seen[-1])
    assert ada.home() == 200


def test_a_token_is_not_refused(gate, ada):
    # A new token's first use is noted.
    token = {"Authorization": f"token {ada.token(ada.name)}"}
    with held(gate):
        answer = httpx.get(f"{gate.url}/hub/api/user", headers=token, timeout=20)
        assert said_busy(answer)
        assert answer.json()["status"] == 503
    assert httpx.get(f"{gate.url}/hub/api/user", headers=token).is_success


def test_looking_people_up_goes_on_afterwards(gate, ada, wait_until):
    """The hub looks each second, and has one session with the database for all."""
    with held(gate):
        wait_until("a look to fail", lambda: "gate: cannot look up" in gate.log())
    begun = len(gate.log())
    wait_until("a look", lambda: '"at": "recheck"' in gate.log()[begun:])
    assert "Exception in callback" not in gate.log()[begun:]
    assert ada.home() == 200


def test_what_needs_no_sign_in_is_there(gate, ada):
    with held(gate):
        for _ in range(3):
            parts = ada.client.get("/hub/health/parts", follow_redirects=False)
            assert "github" in parts.json()
            login = ada.client.get("/hub/login", follow_redirects=False)
            assert login.status_code in (200, 302)


def test_another_fault_of_the_database_is_not_hushed():
    other = OperationalError("", {}, sqlite3.OperationalError("no such table: x"))
    assert not is_held(other)
    assert is_held(
        OperationalError("", {}, sqlite3.OperationalError("database is locked"))
    )
    assert not is_held(ValueError("database is locked"))
