"""A state folder with people in it, and no hub running: fast to make and to look at."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from jupyterhub import orm

from hub_config.keep.backup import backup
from hub_config.keep.place import Place
from hub_config.ledger import Ledger
from hub_config.local.state import State

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
PEOPLE = {1001: "ada", 1002: "ben", 1003: "cleo"}


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """JupyterHub's database with three people who were here yesterday."""
    path = tmp_path_factory.mktemp("database") / "hub.sqlite"
    session = orm.new_session_factory(f"sqlite:///{path}")()
    for number in PEOPLE:
        user = orm.User(name=f"gh-{number}")
        session.add(user)
        session.add(orm.Spawner(name="", user=user))
    session.commit()
    session.close()
    session.get_bind().dispose()
    set_seen(path, dict.fromkeys(PEOPLE, 1))
    return path


def set_seen(database: Path, days: dict[int, int]) -> None:
    """Say how many days before `NOW` each person was here."""
    with closing(sqlite3.connect(database)) as db:
        for number, ago in days.items():
            seen = (NOW - timedelta(days=ago)).replace(tzinfo=None)
            db.execute(
                "UPDATE users SET last_activity = ? WHERE name = ?",
                (str(seen), f"gh-{number}"),
            )
        db.commit()


def set_running(database: Path, name: str, runs: bool) -> None:
    with closing(sqlite3.connect(database)) as db:
        if runs:
            db.execute("INSERT INTO servers (proto, ip, port) VALUES ('http', '', 1)")
        db.execute(
            "UPDATE spawners SET server_id = ? WHERE user_id = "
            "(SELECT id FROM users WHERE name = ?)",
            (1 if runs else None, name),
        )
        db.commit()


@pytest.fixture
def state(tmp_path: Path, database: Path) -> Path:
    """A hub of three people; each has a notebook, ada much more."""
    path = tmp_path / "state"
    State(path).make()
    shutil.copy(database, path / "hub.sqlite")
    (path / "cookie_secret").write_text("ab" * 32)
    (path / "cookie_secret").chmod(0o600)
    with closing(Ledger(path / "people.sqlite")) as ledger:
        for number, login in PEOPLE.items():
            ledger.note_login(number, login)
            home = path / "homes" / f"gh-{number}"
            home.mkdir(mode=0o700)
            (home / "work.ipynb").write_text(f'{{"of": "{login}"}}')
    return path


@pytest.fixture
def place(state: Path) -> Place:
    return Place.of_state(state)


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def as_in_a_cluster(tmp_path, monkeypatch):
    """Return a function that puts a place behind `kubectl exec`.

    A stand-in for kubectl runs here what it is given, in the pod's stead.
    """
    kubectl = tmp_path / "bin" / "kubectl"
    kubectl.parent.mkdir()
    kubectl.write_text(
        '#!/bin/sh\nfor word; do shift; [ "$word" = -- ] && break; done\nexec "$@"\n'
    )
    kubectl.chmod(0o755)
    path = f"{kubectl.parent}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    monkeypatch.setenv("PATH", path)

    def behind(place: Place) -> Place:
        there = Place.of_cluster("hub")
        return replace(place, prefix=there.prefix, python=there.python, state=None)

    return behind


def at(minute):
    return lambda: datetime(2026, 11, 24, 14, minute, tzinfo=UTC)


@pytest.fixture
def made(place, tmp_path, told):
    return backup(place, tmp_path / "backups", told.append, clock=at(0))
