"""The database crosses a change of its schema, and comes back from it."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from jupyterhub import dbutil

from hub_config.keep.database import COPY, revision, rollback, upgrade
from hub_config.keep.place import KeepError

HERE = Path(sys.executable)
NEW, OLD = "4621fec11365", "3c2384c5aae1"


@pytest.fixture
def older(state):
    """The state's database, as an older JupyterHub left it: its log beside it."""
    database = state / "hub.sqlite"
    with dbutil._temp_alembic_ini(f"sqlite:///{database}") as settings:
        alembic = [HERE.with_name("alembic"), "-c", settings]
        subprocess.run([*alembic, "downgrade", OLD], check=True, capture_output=True)
    return database


def people(database):
    with closing(sqlite3.connect(database)) as db:
        return [name for (name,) in db.execute("SELECT name FROM users ORDER BY id")]


def add(database, name):
    with closing(sqlite3.connect(database)) as db:
        db.execute("INSERT INTO users (name, cookie_id) VALUES (?, ?)", (name, name))
        db.commit()


def test_a_database_that_fits_is_left_alone(state, told):
    assert revision(state / "hub.sqlite") == NEW
    assert upgrade(state / "hub.sqlite", HERE, told.append) is None
    assert told[-1].endswith("the database fits; nothing to do.")
    assert list(state.glob(f"*{COPY}*")) == []


def test_it_goes_up_and_back_and_nobody_is_lost(older, told, monkeypatch):
    # JupyterHub itself calls `alembic` by its bare name.
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    copy = upgrade(older, HERE, told.append)
    assert copy is not None
    assert (revision(older), revision(copy)) == (NEW, OLD)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert people(older) == ["gh-1001", "gh-1002", "gh-1003"]
    add(older, "gh-77")
    rollback(older, told.append)
    assert revision(older) == OLD
    assert people(older) == ["gh-1001", "gh-1002", "gh-1003"]
    (kept,) = older.parent.glob("hub.sqlite.before-rollback-*")
    assert people(kept)[-1] == "gh-77"
    with pytest.raises(KeepError, match="no copy beside"):
        rollback(older, told.append)


def test_what_is_only_in_the_log_is_in_the_copy_and_an_old_log_spoils_nothing(
    older, told
):
    with closing(sqlite3.connect(older)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("INSERT INTO users (name, cookie_id) VALUES ('gh-5', 'x')")
        db.commit()
        log = older.with_name("hub.sqlite-wal").read_bytes()
        assert b"gh-5" in log
        assert b"gh-5" not in older.read_bytes()
        copy = upgrade(older, HERE, told.append)
    assert copy is not None
    assert people(copy)[-1] == "gh-5"
    # As after a crash: the log of the newer schema lies there.
    older.with_name("hub.sqlite-wal").write_bytes(log)
    rollback(older, told.append)
    assert not older.with_name("hub.sqlite-wal").exists()
    assert people(older)[-1] == "gh-5"


def test_an_upgrade_that_fails_changes_nothing(older, told, tmp_path):
    broken = tmp_path / "bin/python"
    broken.parent.mkdir()
    broken.write_text(
        f'#!/bin/sh\n[ $# -gt 1 ] && {{ echo "no such column" >&2; exit 1; }}\n'
        f'exec {HERE} "$@"\n'
    )
    broken.chmod(0o755)
    with pytest.raises(KeepError, match=f"JupyterHub of {broken}: no such column"):
        upgrade(older, broken, told.append)
    assert revision(older) == OLD
    assert people(older) == ["gh-1001", "gh-1002", "gh-1003"]


def test_what_is_no_database_of_jupyterhubs_is_told(tmp_path, told):
    (tmp_path / "hub.sqlite").write_text("nothing")
    with pytest.raises(KeepError, match="not a database of JupyterHub"):
        upgrade(tmp_path / "hub.sqlite", HERE, told.append)
    with pytest.raises(KeepError, match="unable to open"):
        upgrade(tmp_path / "none.sqlite", HERE, told.append)
    assert not (tmp_path / "none.sqlite").exists()


def test_an_environment_without_jupyterhub_is_told(older, told, tmp_path):
    with pytest.raises(KeepError, match="No module named 'jupyterhub'"):
        upgrade(older, Path("/usr/bin/python3"), told.append)


def test_the_command_waits_for_no_running_hub(place, archive_hub):
    with place.at_rest():
        done = archive_hub("local", "upgrade", "--state", place.name)
        assert "a hub already runs on it" in done.stderr
    done = archive_hub("local", "upgrade", "--state", place.name)
    assert done.returncode == 0
    assert "nothing to do" in done.stderr


def test_a_copy_alone_is_a_way_back_too(state, archive_hub):
    database = state / "hub.sqlite"
    done = archive_hub("local", "upgrade", "--copy-only", "--state", str(state))
    assert "Copied the database to" in done.stderr
    add(database, "gh-77")
    assert archive_hub("local", "rollback", "--state", str(state)).returncode == 0
    assert "gh-77" not in people(database)
