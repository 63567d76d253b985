"""Tutorials arrive, follow the image, and never overwrite a person's work."""

import pytest
from hub_server.tutorials import MANIFEST, copy


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "image"
    (folder / "data").mkdir(parents=True)
    (folder / "01 find.ipynb").write_text("one")
    (folder / "data" / "a.csv").write_text("1,2")
    return folder


@pytest.fixture
def target(tmp_path, source):
    folder = tmp_path / "home" / "tutorials"
    copy(source, folder)
    return folder


def test_new_tutorials_appear(source, target):
    (source / "02 stream.ipynb").write_text("two")
    assert copy(source, target).written == ["02 stream.ipynb"]
    assert (target / "02 stream.ipynb").read_text() == "two"


def test_an_unchanged_copy_follows_the_image(source, target):
    (source / "01 find.ipynb").write_text("one, corrected")
    copy(source, target)
    assert (target / "01 find.ipynb").read_text() == "one, corrected"


def test_a_changed_copy_is_never_overwritten(source, target):
    (target / "01 find.ipynb").write_text("my answers")
    (source / "01 find.ipynb").write_text("one, corrected")
    assert copy(source, target).kept == ["01 find.ipynb"]
    assert (target / "01 find.ipynb").read_text() == "my answers"


def test_a_lost_manifest_overwrites_nothing(source, target):
    (target / MANIFEST).write_text("{not json")
    (source / "01 find.ipynb").write_text("one, corrected")
    copy(source, target)
    assert (target / "01 find.ipynb").read_text() == "one"


def test_a_deleted_copy_comes_back(source, target):
    (target / "01 find.ipynb").unlink()
    copy(source, target)
    assert (target / "01 find.ipynb").read_text() == "one"


def test_a_link_of_the_person_is_not_written_through(source, target, tmp_path):
    (target / "data" / "a.csv").unlink()
    (target / "data").rmdir()
    (target / "data").symlink_to(tmp_path)
    assert copy(source, target).kept == ["data/a.csv"]
    assert not (tmp_path / "a.csv").exists()


def test_an_image_without_tutorials_is_no_failure(tmp_path):
    assert copy(tmp_path / "none", tmp_path / "home").failed == {}
    assert not (tmp_path / "home").exists()


def test_a_folder_that_takes_no_file_is_told_by_name(source, tmp_path):
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where the folder should be")
    assert set(copy(source, blocked).failed) >= {"01 find.ipynb", "data/a.csv"}


def test_the_server_brings_them_when_it_starts(told_server, wait_until):
    arrived = told_server.home / "tutorials" / "01 find.ipynb"
    wait_until(arrived.exists, "the tutorial in the home")
    place = "/api/contents/tutorials/01 find.ipynb?content=0"
    assert told_server.http.get(place).is_success
