"""Homes are measured as quotas count, whatever is in them; one becomes one file."""

from __future__ import annotations

import json
import os
import subprocess
import tarfile
from contextlib import closing

import pytest

from hub_config.keep.export import export, export_all
from hub_config.keep.homes import survey
from hub_config.keep.measure import measure
from hub_config.keep.place import KeepError
from hub_config.ledger import Ledger
from tests.keep.conftest import set_running


def test_holes_links_and_odd_names_do_not_trip_it(state):
    home = state / "homes/gh-1001"
    before = measure(str(home.parent), "gh-1001").size_bytes
    (home / os.fsdecode(b"caf\xe9")).write_bytes(bytes(100_000))
    os.link(home / os.fsdecode(b"caf\xe9"), home / "again")
    with (home / "sparse").open("wb") as file:
        file.truncate(2**40)
    (home / "up").symlink_to("..")
    (home / "gone").symlink_to("/nowhere")
    deep = home
    for _ in range(60):
        deep /= "folder"
        deep.mkdir()
    found = measure(str(home.parent), "gh-1001")
    assert 100_000 <= found.size_bytes - before < 2**20
    assert found.files == 6
    assert found.unreadable == 0


def test_the_list_says_whose_how_large_and_when(state, archive_hub):
    set_running(state / "hub.sqlite", "gh-1002", True)
    done = archive_hub("homes", "--json", "--state", str(state))
    assert done.returncode == 0, done.stderr
    by_name = {one["name"]: one for one in json.loads(done.stdout)}
    assert by_name["gh-1001"]["login"] == "ada"
    assert by_name["gh-1001"]["last_used"] == "2026-11-23T12:00:00+00:00"
    assert by_name["gh-1002"]["running"] is True
    told = archive_hub("homes", "--state", str(state)).stdout
    assert "running" in told
    assert "3 homes, 0.00 GiB" in told


def test_a_home_that_is_nearly_full_is_told_by_the_exit_code(place):
    ada, *_ = survey(place)
    assert ada.share(ada.home.size_bytes) == 1
    assert ada.model(ada.home.size_bytes * 2)["quota_share"] == 0.5


def test_a_home_whose_person_the_hub_does_not_know_is_listed(state, place):
    (state / "homes/gh-77").mkdir()
    (state / "homes/gh-77/old").write_text("x")
    os.utime(state / "homes/gh-77/old", (1e9, 1e9))
    os.utime(state / "homes/gh-77", (1e9, 1e9))
    found = {one.home.name: one for one in survey(place)}
    assert found["gh-77"].login == ""
    assert f"{found['gh-77'].last_used:%Y}" == "2001"


def test_who_runs_a_server_is_never_guessed(state, archive_hub):
    (state / "hub.sqlite").write_text("no database")
    done = archive_hub("homes", "--state", str(state))
    assert done.returncode == 1
    assert "hub.sqlite: file is not a database" in done.stderr


@pytest.mark.parametrize("who", ["ada", "ADA", "1001", "gh-1001"])
def test_a_person_is_exported_by_any_of_their_names(who, place, tmp_path, told):
    file = export(place, who, tmp_path / "out", told.append)
    assert file.name.startswith("gh-1001-20")
    assert file.stat().st_mode & 0o777 == 0o600
    done = subprocess.run(
        ["sha256sum", "--check", f"{file.name}.sha256"], cwd=file.parent, check=False
    )
    assert done.returncode == 0
    with tarfile.open(file) as tar:
        assert {one.name for one in tar} == {"gh-1001", "gh-1001/work.ipynb"}


def test_an_export_is_never_overwritten(place, tmp_path, told):
    file = export(place, "ada", tmp_path, told.append)
    with pytest.raises(KeepError, match="is there already; move it away"):
        export(place, "ada", tmp_path, told.append)
    assert file.exists()


def test_a_login_that_changed_hands_wants_the_number(state, place, tmp_path):
    with closing(Ledger(state / "people.sqlite")) as ledger:
        ledger.note_login(1002, "ada")
    with pytest.raises(KeepError, match="several accounts; give the number, one of"):
        export(place, "ada", tmp_path, print)


def test_everybody_is_exported_and_a_second_run_goes_on(place, tmp_path, told):
    made = export_all(place, tmp_path, told.append)
    assert [file.name[:7] for file in made] == ["gh-1001", "gh-1002", "gh-1003"]
    made[1].unlink()
    made[1].with_suffix(".tar.sha256").unlink()
    before = made[0].stat().st_mtime_ns
    assert export_all(place, tmp_path, told.append) == made
    assert made[0].stat().st_mtime_ns == before
    assert all(file.exists() for file in made)


def test_a_login_that_changed_hands_is_forgotten(state, archive_hub):
    ledger_file = state / "people.sqlite"
    with closing(Ledger(ledger_file)) as ledger:
        assert ledger.bind("dandi", "Ada", 1001) == 1001
    done = archive_hub("unbind", "ada", "--state", str(state))
    assert (done.returncode, done.stdout) == (
        0,
        "dandi: ada is no longer bound to a GitHub account\n",
    )
    with closing(Ledger(ledger_file)) as ledger:
        assert ledger.bind("dandi", "ada", 5) == 5
    assert archive_hub("unbind", "zoe", "--state", str(state)).returncode == 1


def test_the_home_of_a_hub_behind_kubectl_is_exported(
    place, tmp_path, told, as_in_a_cluster
):
    file = export(as_in_a_cluster(place), "ada", tmp_path, told.append)
    with tarfile.open(file) as tar:
        assert "gh-1001/work.ipynb" in tar.getnames()
