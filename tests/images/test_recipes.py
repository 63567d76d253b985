"""The recipes: what each must have, and what must never be in one."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from hub_config.images import making, page
from hub_config.images.builders import find_builder, run, secret_options
from hub_config.images.recipes import RECIPES, ImagesError, Recipe, find, order

IMAGES = Path(__file__).parents[2] / "images"
DOCKERFILES = sorted(IMAGES.glob("*/Dockerfile"))
USERS = ["base", "gpu", "matlab", "hub", "gateway"]


def named(path):
    return path.parent.name


def text(image):
    return (IMAGES / image / "Dockerfile").read_text()


@pytest.mark.parametrize("file", DOCKERFILES, ids=named)
@pytest.mark.parametrize(
    "never",
    [
        r":latest",
        r"archive/(main|master)|refs/heads",
        r"\bsudo\b(?!, no)",
        r"https?://",
        r"ARG \w*(TOKEN|PASSWORD|SECRET|LICENSE)",
        r"chmod .*777",
        r"^ADD ",
    ],
)
def test_a_recipe_never_says(file, never):
    code = [line for line in file.read_text().splitlines() if not line.startswith("#")]
    assert not re.search(never, "\n".join(code), re.MULTILINE)


@pytest.mark.parametrize("file", DOCKERFILES, ids=named)
def test_system_packages_come_lean_and_leave_no_lists(file):
    for step in re.split(r"\n(?=[A-Z]+ )", file.read_text()):
        if "apt-get install" in step:
            assert "--no-install-recommends" in step
            assert "rm -rf /var/lib/apt/lists/*" in step


@pytest.mark.parametrize("file", DOCKERFILES, ids=named)
def test_python_packages_come_from_a_lock_or_are_ours(file):
    for step in re.split(r"\n(?=[A-Z]+ )", file.read_text()):
        if re.search(r"pip (sync|install)", step):
            ours = "--no-deps" in step and "wheels/*.whl" in step
            assert ours or "--require-hashes" in step


@pytest.mark.parametrize("file", DOCKERFILES, ids=named)
def test_the_installer_leaves_no_cache(file):
    # `uv venv` leaves one in root's home, whatever the other commands are told.
    for step in re.split(r"\n(?=[A-Z]+ )", file.read_text()):
        if "/uv " in step:
            own = re.search(r"UV_CACHE_DIR=(\S+)", step)
            removed = own and f"rm -rf {own[1]} " in step
            assert removed or "UV_NO_CACHE=1" in step


@pytest.mark.parametrize("image", USERS)
def test_an_image_ends_as_nobodys_root_with_labels(image):
    users = re.findall(r"^USER (\S+)", text(image), re.MULTILINE)
    assert users[-1] == "1000"
    assert "org.opencontainers.image.revision" in text(image)
    assert "inventory.py /usr/share/archive-hub" in text(image)


@pytest.mark.parametrize("image", USERS)
def test_each_image_has_a_verify_that_can_run(image):
    assert os.access(IMAGES / image / "verify", os.X_OK)


def test_a_variant_is_built_on_the_base_and_not_a_copy():
    for image in ("gpu", "matlab"):
        assert "FROM ${BASE}" in text(image)
        assert "base/requirements.lock" not in text(image)


def test_what_an_image_needs_is_built_first():
    names = [recipe.name for recipe in order("gpu")]
    assert names == ["debian", "system", "tools", "base", "gpu"]


def test_every_recipe_has_its_folder():
    assert {named(file) for file in DOCKERFILES} | {"debian"} == RECIPES.keys()


def test_a_name_that_is_no_recipe_is_answered_with_those_there_are():
    with pytest.raises(ImagesError, match=r"no recipe 'bse'; there are .*base"):
        find("bse")


def test_an_image_over_its_budget_is_named_with_both_figures():
    told = making.over_budget(Recipe("x", (), 10**8), 2 * 10**8)
    assert told == "x: 200 MB compressed, the budget is 100"
    assert making.over_budget(Recipe("x", (), 10**8), 10**8) is None
    assert making.over_budget(Recipe("x"), 10**12) is None


def git(folder, *arguments):
    subprocess.run(["git", "-C", folder, *arguments], check=True, capture_output=True)


def test_a_build_sees_tracked_files_only(tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "kept").write_text("kept")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "images/kept")
    (tmp_path / "images" / "secret.key").write_text("secret")
    (tmp_path / "outside").write_text("not for images")
    git(tmp_path, "add", "outside")
    with making.context(tmp_path) as folder:
        seen = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    assert seen == {"images/kept"}


def test_a_folder_without_git_is_refused_in_words(tmp_path):
    with (
        pytest.raises(ImagesError, match="build from a git checkout"),
        making.context(tmp_path),
    ):
        pass


def test_a_program_that_is_missing_or_fails_is_named():
    with pytest.raises(ImagesError, match="no program 'buildah-of-nowhere' here"):
        run(["buildah-of-nowhere"], "x")
    with pytest.raises(ImagesError, match="false ended with 1"):
        run(["false"], "x")


def test_certificates_go_as_a_secret_and_only_where_there_are_some(
    monkeypatch, tmp_path
):
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    assert secret_options() == []
    (tmp_path / "ca.pem").write_text("certificates")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    assert secret_options() == ["--secret", f"id=ca_bundle,src={tmp_path}/ca.pem"]


def test_a_machine_without_a_builder_is_told_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ImagesError, match="install one of them"):
        find_builder()


def test_the_page_of_the_images_is_what_the_recipes_say():
    root = IMAGES.parent
    for name, text_of in page.pages(root).items():
        assert (root / name).read_text() == text_of(), f"{name}: `archive-hub render`"


def test_the_page_follows_a_changed_lock(tmp_path):
    shutil.copytree(IMAGES, tmp_path / "images")
    lock = tmp_path / "images/base/requirements.lock"
    lock.write_text(
        re.sub(r"^pynwb==\S+", "pynwb==9.9.9", lock.read_text(), flags=re.M)
    )
    assert "pynwb 9.9.9" in page.images_page(tmp_path)


def test_each_package_of_ours_is_imported_in_the_base_image():
    verify = (IMAGES / "base/verify").read_text()
    words = re.search(r"MODULES = \((.*?)\)", verify, re.S)[1]
    ours = {one.parent.name for one in (IMAGES / "packages").glob("*/pyproject.toml")}
    assert len(ours) >= 3
    assert {name for name in ours if not re.search(rf"\b{name}\b", words)} == set()
