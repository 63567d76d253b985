"""A backup comes back as it was, onto an empty place, and never over anything."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from hub_config.keep.backup import backup
from hub_config.keep.made import verify
from hub_config.keep.place import KeepError, Place
from hub_config.keep.restore import restore, restore_inside
from hub_config.ledger import Ledger
from tests.keep.conftest import at
from tests.test_packing import tree


def test_everything_comes_back_onto_an_empty_place(made, state, tmp_path, told):
    odd = state / "homes/gh-1001" / os.fsdecode(b"caf\xe9")
    odd.write_text("new")
    place = Place.of_state(state)
    second = backup(place, made.parent, told.append, clock=at(1))
    target = tmp_path / "new"
    assert restore(Place.of_state(target), second, told.append) == []
    assert tree(target / "homes") == tree(state / "homes")
    for name in ("secrets.json", "cookie_secret"):
        assert (target / name).read_text() == (state / name).read_text()
        assert stat.S_IMODE((target / name).stat().st_mode) == 0o600
    with closing(sqlite3.connect(target / "hub.sqlite")) as db:
        names = db.execute("SELECT name FROM users ORDER BY name").fetchall()
    assert names == [("gh-1001",), ("gh-1002",), ("gh-1003",)]
    with closing(Ledger(target / "people.sqlite")) as ledger:
        assert ledger.numbers_called("BEN") == [1002]


def damage(made: Path, name: str) -> None:
    with (made / name).open("r+b") as file:
        file.seek(100)
        file.write(b"\xff")


@pytest.mark.parametrize("name", ["hub.sqlite", "homes/gh-1002.tar", "manifest.json"])
def test_a_damaged_backup_is_not_restored(name, made, tmp_path):
    damage(made, name)
    with pytest.raises(KeepError):
        restore(Place.of_state(tmp_path / "new"), made, print)
    assert not (tmp_path / "new").exists()


def test_what_is_wrong_is_named(made):
    damage(made, "hub.sqlite")
    (made / "homes/gh-1003.tar").unlink()
    (made / "homes/gh-9.tar").write_text("slipped in")
    with pytest.raises(KeepError, match="3 files are wrong") as caught:
        verify(made)
    for words in ("hub.sqlite: damaged", "gh-1003.tar: missing", "gh-9.tar: not of"):
        assert words in str(caught.value)


def test_a_place_that_is_not_empty_is_kept(made, state, place, told):
    (state / "homes/gh-1001/work.ipynb").write_text("newer")
    with pytest.raises(KeepError, match=r"not empty: .*hub\.sqlite.*3 homes; choose"):
        restore(place, made, told.append)
    assert (state / "homes/gh-1001/work.ipynb").read_text() == "newer"
    restore(place, made, told.append, replace=True)
    assert json.loads((state / "homes/gh-1001/work.ipynb").read_text())["of"] == "ada"
    (aside,) = (state / "homes").glob(".replaced-*")
    assert (aside / "gh-1001/work.ipynb").read_text() == "newer"
    assert len(list(state.glob("hub.sqlite.replaced-*"))) == 1


def test_an_interrupted_restore_goes_on(made, tmp_path, told):
    target = Place.of_state(tmp_path / "new")

    class Enough(Exception):
        pass

    def stop_at_the_second(line: str) -> None:
        if line.startswith("2 of 3"):
            raise Enough

    with pytest.raises(Enough):
        restore(target, made, stop_at_the_second)
    assert not Path(target.database).exists()
    other = backup(Place.of_state(tmp_path / "state"), made.parent, print)
    with pytest.raises(KeepError, match="not empty"):
        restore(target, other, print)
    told.clear()
    restore(target, made, told.append)
    assert [line.split(": ")[-1] for line in told[1:]] == [
        "there already",
        "there already",
        "1 files",
    ]
    assert Path(target.database).exists()


def test_a_restore_waits_for_no_running_hub(made, place):
    with place.at_rest(), pytest.raises(KeepError, match="a hub already runs on it"):
        restore(place, made, print, replace=True)


def test_one_persons_file_comes_beside_what_they_have(made, state, place):
    (state / "homes/gh-1001/work.ipynb").write_text("newer")
    beside, files = restore_inside(place, made, "gh-1001", "work.ipynb")
    assert files == 1
    home = state / "homes/gh-1001"
    assert json.loads((home / beside / "work.ipynb").read_text())["of"] == "ada"
    assert (home / "work.ipynb").read_text() == "newer"


@pytest.mark.parametrize("path", ["nothing", "../gh-1002/work.ipynb", "", "work"])
def test_a_file_that_was_not_there_is_said(path, made, place, state):
    with pytest.raises(KeepError, match=r"gh-1001 had no "):
        restore_inside(place, made, "gh-1001", path)
    assert len(list((state / "homes/gh-1001").iterdir())) == 1


def test_a_person_who_was_not_there_is_said(made, place):
    with pytest.raises(KeepError, match="no home gh-9; there are: gh-1001"):
        restore_inside(place, made, "gh-9", "work.ipynb")


def test_a_hub_behind_kubectl_comes_and_goes_the_same_way(
    place, tmp_path, told, as_in_a_cluster
):
    made = backup(as_in_a_cluster(place), tmp_path / "backups", told.append)
    assert verify(made)["secrets"] is False
    target = tmp_path / "new"
    (target / "homes").mkdir(parents=True)
    assert restore(as_in_a_cluster(Place.of_state(target)), made, told.append) == []
    assert tree(target / "homes") == tree(Path(place.homes))
    assert Path(target / "hub.sqlite").exists()
    assert not (target / "secrets.json").exists()
