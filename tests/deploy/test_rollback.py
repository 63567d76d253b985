"""There and back: a new version begins with a copy, an old one comes back."""

from __future__ import annotations

import pytest

from hub_config.deploy.kept import new_folder

from .test_deploy import NOWHERE, change_image, order


@pytest.fixture
def twice(deploy, deployed):
    """Deploy the hub a second time, with another image."""
    change_image(deployed)
    deploy("deploy", "production", "--yes", *NOWHERE)
    deployed.forget()
    return deployed


def copies(checkout):
    return sorted((checkout / "backups" / "production").glob("*/hub.sqlite"))


def test_an_upgrade_copies_the_databases_and_says_where(deploy, deployed, checkout):
    change_image(deployed)
    code, output = deploy("upgrade", "production", "--yes", *NOWHERE)
    assert (code, order(deployed)) == (2, ["hub"]), output
    assert len(copies(checkout)) == 1
    assert "copied the databases: " in output
    assert "Back again: archive-hub rollback production" in output


def test_an_upgrade_to_what_runs_does_nothing(deploy, deployed, checkout):
    code, output = deploy("upgrade", "production", "--yes")
    assert (code, order(deployed), copies(checkout)) == (0, [], [])
    assert "Nothing to do." in output


def test_a_rollback_goes_to_the_revision_before(deploy, twice, checkout):
    before = len(copies(checkout))
    code, output = deploy("rollback", "production", "--yes", *NOWHERE)
    assert code == 2, output
    assert "from revision 2 back to 1" in output
    (line,) = twice.said("helm rollback")
    assert line.startswith("helm rollback hub 1 --namespace=hub --wait")
    assert len(copies(checkout)) == before + 1


def test_two_copies_of_one_second_do_not_meet(tmp_path):
    made = [new_folder(tmp_path / "backups") for _ in range(3)]
    assert len({*made}) == 3
    assert made == sorted((tmp_path / "backups").iterdir())


def test_a_folder_that_is_a_file_is_no_reason_to_wait(tmp_path):
    (tmp_path / "backups").write_text("x")
    with pytest.raises(NotADirectoryError):
        new_folder(tmp_path / "backups")


def test_without_a_yes_nothing_goes_back(deploy, twice):
    code, _ = deploy("rollback", "production", given="n\n")
    assert (code, twice.said("helm rollback")) == (1, [])


def test_a_first_revision_has_none_before(deploy, deployed):
    code, output = deploy("rollback", "production", "--yes")
    assert code == 1
    assert "there is no earlier revision that worked" in output
    assert deployed.said("helm rollback") == []
