"""The locks of the images: what they must hold, and what must never get in."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "images"
LOCKS = sorted([*IMAGES.glob("*/*.lock"), ROOT / ".ci/requirements.lock"])
SOURCES = sorted(IMAGES.glob("*/*.in"))

# Below these a known fault is back; the reason stands beside each.
FLOORS = {
    "jupyter-server": "2.18",  # stored cross-site scripting
    "jupyter-server-proxy": "4.2",  # websockets without authentication
    "numcodecs": "0.15.2",  # unpickles what a file brings along
    "jupyterlab": "4.6.6",
    "tornado": "6.6",
    "pynwb": "4.2",
    "dandi": "0.81",
    "neuroconv": "0.10.2",
    "spikeinterface": "0.105.3",
}
# `uv pip check` complains of these and of nothing else: NWB Widgets' pins are from
# 2023, and images/base/overrides.txt says why newer ones do.
COMPLAINTS = {
    "nwbwidgets: plotly==5.13.1",
    "nwbwidgets: importlib-metadata<5.0",
    "nwbwidgets: ipydatawidgets==4.3.2",
    # What builds web pages; see overrides.txt.
    "ndx-miniscope: hdmf-docutils",
}


def pins(lock):
    """Return name -> version of a lock."""
    found = re.findall(r"^([a-z0-9._-]+)==([^ ;\\]+)", lock.read_text(), re.MULTILINE)
    return dict(found)


def release(version):
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def requirements(source):
    """Return the requirement lines of a requirements.in."""
    lines = (line.split("#")[0].strip() for line in source.read_text().splitlines())
    return [line for line in lines if line and not line.startswith("-")]


def named(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("source", SOURCES, ids=named)
def test_every_direct_requirement_has_a_floor(source):
    loose = [line for line in requirements(source) if not re.search(r">=|==", line)]
    assert loose == [], "without a floor the resolver picks versions years old"


@pytest.mark.parametrize("source", SOURCES, ids=named)
def test_every_direct_requirement_is_in_its_lock(source):
    lock = IMAGES / source.parent.name / f"{source.stem}.lock"
    names = {re.match(r"[A-Za-z0-9._-]+", line)[0] for line in requirements(source)}
    assert {name.lower().replace("_", "-") for name in names} <= pins(lock).keys()


@pytest.mark.parametrize("lock", LOCKS, ids=named)
def test_every_pin_has_hashes_and_no_address(lock):
    text = lock.read_text()
    assert "://" not in text
    assert not re.search(
        r"^\s*-(i|-index-url|-extra-index-url|f)\b", text, re.MULTILINE
    )
    blocks = re.split(r"\n(?=[a-z0-9])", text.strip())
    bare = [b.splitlines()[0] for b in blocks if "--hash=sha256:" not in b]
    assert bare == []


@pytest.mark.parametrize(("name", "floor"), FLOORS.items())
def test_no_lock_is_below_a_floor(name, floor):
    versions = {named(lock): pins(lock).get(name) for lock in LOCKS}
    low = {
        lock: version
        for lock, version in versions.items()
        if version and release(version) < release(floor)
    }
    assert low == {}
    assert any(versions.values()), f"{name} is in no lock: is it still needed?"


def test_the_base_keeps_to_zarr_2_and_its_kernel_to_zarr_3():
    base, zarr3 = (
        pins(IMAGES / "base/requirements.lock"),
        pins(IMAGES / "base/zarr3.lock"),
    )
    assert release(base["zarr"])[0] == 2
    assert release(base["numcodecs"])[:2] < (0, 16)
    assert release(zarr3["zarr"])[0] == 3


@pytest.mark.parametrize("name", ["torch", "tensorflow", "jax", "suite2p"])
def test_what_belongs_to_the_gpu_image_is_not_in_the_base(name):
    assert name not in pins(IMAGES / "base/requirements.lock")


@pytest.mark.parametrize("lock", LOCKS, ids=named)
def test_caiman_never_comes_from_the_python_index(lock):
    # The project of that name there builds MicroPython.
    assert "caiman" not in pins(lock)


@pytest.mark.parametrize("name", ["jupyterhub", "dask", "distributed"])
def test_hub_server_worker_and_gateway_agree(name):
    versions = {named(lock): pins(lock).get(name) for lock in LOCKS}
    held = {version for version in versions.values() if version}
    assert len(held) == 1, versions


def test_the_gateways_client_and_server_agree():
    client = pins(IMAGES / "base/requirements.lock")["dask-gateway"]
    for image in ("hub", "gateway"):
        lock = IMAGES / image / "requirements.lock"
        assert pins(lock)["dask-gateway-server"] == client


@pytest.mark.parametrize("image", ["gpu", "matlab"])
def test_a_larger_image_adds_to_the_base_and_changes_nothing(image):
    base = pins(IMAGES / "base/requirements.lock")
    more = pins(IMAGES / image / "requirements.lock")
    changed = {n: (base[n], v) for n, v in more.items() if n in base and base[n] != v}
    assert changed == {}


def test_the_tests_run_in_what_the_hub_image_holds():
    hub, tests = (
        pins(IMAGES / "hub/requirements.lock"),
        pins(ROOT / ".ci/requirements.lock"),
    )
    differing = {n: (v, tests.get(n)) for n, v in hub.items() if tests.get(n) != v}
    # For z2jh's configuration only, extra `cluster`: it needs a compiler elsewhere.
    assert differing.keys() == {"pycurl"}


def test_the_environment_complains_of_the_known_and_of_nothing_else():
    python = ROOT / ".envs/base/bin/python"
    if not python.exists():
        pytest.skip(f"no {named(python)}: `make up` makes the user environment")
    uv = ROOT / ".venv/bin/uv"
    line = [uv, "pip", "check", "--python", python]
    told = subprocess.run(line, capture_output=True, text=True)
    found = re.findall(r"`([\w-]+)` requires `([^`]+)`", told.stdout + told.stderr)
    assert {f"{package}: {need}" for package, need in found} == COMPLAINTS


def test_a_pin_below_its_floor_is_seen(tmp_path):
    lock = tmp_path / "requirements.lock"
    lock.write_text(
        "numcodecs==0.15.1 ; python_full_version < '3.14' \\\n    --hash=x\n"
    )
    assert release(pins(lock)["numcodecs"]) < release(FLOORS["numcodecs"])
