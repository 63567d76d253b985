"""MATLAB's toolboxes come at their commits, and nothing else does."""

import importlib.util
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

IMAGE = Path(__file__).parents[2] / "images/matlab"
NAMES = {"matnwb", "cellexplorer", "ciatah", "extract"}


@pytest.fixture(scope="module")
def toolboxes():
    spec = importlib.util.spec_from_file_location("toolboxes", IMAGE / "toolboxes.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def git(folder, *words):
    name = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    line = ["git", "-C", folder, *name, *words]
    return subprocess.run(line, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repository(tmp_path):
    """A repository with two commits, the tag `v1` moved to the second."""
    folder = tmp_path / "source"
    (folder / "docs").mkdir(parents=True)
    git(folder, "init", "--quiet")
    for text in ("first", "second"):
        (folder / "a.m").write_text(text)
        (folder / "docs/page").write_text("words")
        (folder / "LICENSE").write_text("MIT")
        git(folder, "add", ".")
        git(folder, "commit", "--quiet", "-m", text)
        git(folder, "tag", "--force", "v1")
    git(folder, "config", "uploadpack.allowAnySHA1InWant", "true")
    return folder


def test_the_commit_is_taken_and_not_where_a_tag_moved(toolboxes, repository, tmp_path):
    first = git(repository, "rev-parse", "HEAD~1").strip()
    target = tmp_path / "target"
    toolboxes.fetch(target, str(repository), first, ["docs"])
    assert (target / "a.m").read_text() == "first"
    assert {file.name for file in target.iterdir()} == {"a.m", "LICENSE"}


@pytest.mark.parametrize("commit", ["0" * 40, "v2", "refs/heads/none"])
def test_a_commit_that_is_not_there_stops_the_build(
    toolboxes, repository, tmp_path, commit
):
    with pytest.raises(subprocess.CalledProcessError):
        toolboxes.fetch(tmp_path / "target", str(repository), commit, [])


def test_the_list_becomes_folders_and_an_inventory(
    toolboxes, repository, tmp_path, monkeypatch
):
    commit = git(repository, "rev-parse", "HEAD").strip()
    listed = tmp_path / "list.toml"
    listed.write_text(
        f'[one]\nrepository = "{repository}"\nversion = "1"\n'
        f'commit = "{commit}"\nwithout = []\n'
    )
    monkeypatch.setattr(sys, "argv", ["x", str(listed), str(tmp_path / "out")])
    toolboxes.main()
    rows = json.loads((tmp_path / "out/inventory.json").read_text())
    assert rows == [["one", f"1+{commit[:12]}"]]
    assert (tmp_path / "out/one/a.m").exists()


def test_each_toolbox_of_the_tutorial_is_pinned_and_put_on_the_path():
    listed = tomllib.loads((IMAGE / "toolboxes.toml").read_text())
    assert set(listed) == NAMES
    path = (IMAGE / "add_toolboxes.m").read_text()
    for name, one in listed.items():
        assert re.fullmatch(r"[0-9a-f]{40}", one["commit"])
        assert one["repository"].startswith("https://github.com/")
        assert f"'{name}'" in path
