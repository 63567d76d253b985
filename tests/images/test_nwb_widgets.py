"""NWB Widgets, last released in 2023, works in the environment of today."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".envs/base/bin/python"
SCRIPT = ROOT / "images/base/patch_nwbwidgets.py"


@pytest.fixture(scope="session")
def patching():
    spec = importlib.util.spec_from_file_location("patch_nwbwidgets", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["patch_nwbwidgets"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def package(tmp_path, patching):
    """A package that has each place once, as the release has."""
    for patch in patching.PATCHES:
        file = tmp_path / patch.file
        file.parent.mkdir(exist_ok=True)
        before = file.read_text() if file.exists() else ""
        file.write_text(before + patch.old + "\n")
    return tmp_path


def test_all_places_are_patched_and_a_second_time_none(package, patching):
    files = {patch.file for patch in patching.PATCHES}
    assert set(patching.apply(package)) == files
    assert patching.apply(package) == []


@pytest.mark.parametrize("times", [0, 2])
def test_a_place_that_is_not_there_once_ends_it_and_writes_nothing(
    package, patching, times
):
    last = patching.PATCHES[-1]
    file, line = package / last.file, last.old + "\n"
    file.write_text(file.read_text().replace(line, line * times))
    before = {path: path.read_text() for path in package.rglob("*.py")}
    with pytest.raises(patching.PatchError, match=f"occurs {times} times"):
        patching.apply(package)
    assert {path: path.read_text() for path in package.rglob("*.py")} == before


def test_the_installers_cache_keeps_the_release(package, patching, tmp_path_factory):
    cached = tmp_path_factory.mktemp("cache") / "view.py"
    os.link(package / "view.py", cached)
    before = cached.read_text()
    patching.apply(package)
    assert cached.read_text() == before


@pytest.fixture(scope="session")
def views(tmp_path_factory):
    if not PYTHON.exists():
        pytest.skip(f"no {PYTHON}: `make up` makes the user environment")
    subprocess.run([PYTHON, SCRIPT], check=True, capture_output=True)
    folder = tmp_path_factory.mktemp("views")
    script = Path(__file__).with_name("nwb_views.py")
    environ = {**os.environ, "XDG_CACHE_HOME": str(folder), "MPLBACKEND": "agg"}
    done = subprocess.run(
        [PYTHON, script, folder], env=environ, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads((folder / "views.json").read_text())


def test_every_view_of_a_session_builds(views):
    failed = {name: why for name, why in views.items() if why != "ok"}
    assert failed == {}


def test_the_session_has_what_the_tutorial_shows(views):
    kinds = {name.split()[0] for name in views}
    shown = {"Units", "ElectricalSeries", "LFP", "TwoPhotonSeries", "PlaneSegmentation"}
    assert kinds >= shown | {"Position", "VoltageClampSeries", "Images", "Subject"}
    assert len(views) >= 40
