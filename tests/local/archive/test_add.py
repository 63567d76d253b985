"""`archive-hub local add`: whole files in, everything else refused in one line."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import typer
from typer.testing import CliRunner

from hub_config.local.add import Added, AddError, add_command, add_files
from hub_config.local.samples.shelf import DRAFT, Shelf, blob_key, zarr_key

MAKE = """
import sys, h5py
with h5py.File(sys.argv[1] + "/plain.nwb", "w") as file:
    file["x"] = 1
"""


@pytest.fixture(scope="module")
def good(samples) -> Path:
    """A small NWB file of the sample archive, under its own name."""
    shelf = Shelf(samples)
    return shelf.bucket / blob_key(str(shelf.assets("900023")[0].blob))


@pytest.fixture(scope="module")
def wrong(tmp_path_factory, good, in_user_environment) -> dict[Path, str]:
    """Files that are no NWB files, and what is said of each."""
    folder = tmp_path_factory.mktemp("wrong")
    in_user_environment(MAKE, "", str(folder))
    for name, content in {
        "text.nwb": b"this is text",
        "nothing.nwb": b"",
        "cut.nwb": good.read_bytes()[:100_000],
        "header.nwb": good.read_bytes()[:512],
        "noise.nwb": b"\x89HDF\r\n\x1a\n" + bytes(range(256)) * 9,
        "right.h5": good.read_bytes(),
        "folder.zarr/x": b"",
        "broken.zarr/.zattrs": b"{",
        "other.zarr/.zattrs": b'{"a": 1}',
        "list.zarr/.zattrs": b"[]",
        "plainfolder/x": b"",
    }.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    (folder / "loop.nwb").symlink_to("loop.nwb")
    return {
        folder / "plain.nwb": "is HDF5, but does not name an NWB version",
        folder / "text.nwb": "is not an HDF5 file",
        folder / "nothing.nwb": "is not an HDF5 file",
        folder / "cut.nwb": "HDF5 does not open it",
        folder / "header.nwb": "HDF5 does not open it",
        folder / "noise.nwb": "HDF5 does not open it",
        folder / "right.h5": "a file's name must end in .nwb",
        folder / "folder.zarr": "is a folder without Zarr metadata",
        folder / "broken.zarr": "is not JSON",
        folder / "other.zarr": "is Zarr, but does not name an NWB version",
        folder / "list.zarr": "is Zarr, but does not name an NWB version",
        folder / "plainfolder": "a folder's name must end in .zarr",
        folder / "loop.nwb": "loop.nwb",
        folder / "absent.nwb": "is not there",
    }


def test_what_is_not_nwb_is_refused_in_a_line_and_nothing_is_added(
    wrong, good, user_python, tmp_path
):
    fine = tmp_path / "fine.nwb"
    shutil.copyfile(good, fine)
    archive = tmp_path / "archive"
    found = add_files([fine, *wrong], "123456", archive, user_python)
    assert [added.file for added in found] == [str(path) for path in wrong]
    for added, expected in zip(found, wrong.values(), strict=True):
        assert added.outcome == "refused"
        assert expected in str(added)
        assert "\n" not in str(added)
    assert not list(archive.rglob("*"))


@pytest.mark.parametrize(
    "dandiset", ["", "12345", "1234567", "draft", "../../a", "\uff11" * 6]
)
def test_a_dandiset_is_six_digits(dandiset, tmp_path):
    with pytest.raises(AddError, match="is not six digits"):
        add_files([tmp_path / "a.nwb"], dandiset, tmp_path, tmp_path / "python")


def test_a_missing_environment_is_said(tmp_path):
    with pytest.raises(AddError, match="local prepare"):
        add_files([tmp_path / "a.nwb"], "123456", tmp_path, tmp_path / "python")


@dataclass
class Own:
    """An archive into which two files were added at once."""

    folder: Path
    python: Path
    both: list[Added] = field(default_factory=list)

    @property
    def hdf5(self) -> Path:
        return self.folder / "sub-H1" / "one.nwb"

    @property
    def zarr(self) -> Path:
        return self.folder / "two.nwb.zarr"

    @property
    def shelf(self) -> Shelf:
        return Shelf(self.folder / "archive")

    def add(self, path: Path, replaces: bool = False) -> Added:
        (added,) = add_files(
            [path], "123456", self.shelf.root, self.python, replaces=replaces
        )
        return added


@pytest.fixture(scope="module")
def own(good, samples, user_python, tmp_path_factory) -> Own:
    own = Own(tmp_path_factory.mktemp("own"), user_python)
    zarr_id = next(a.zarr for a in Shelf(samples).assets("000054") if a.zarr)
    own.hdf5.parent.mkdir()
    shutil.copyfile(good, own.hdf5)
    shutil.copytree(Shelf(samples).bucket / zarr_key(zarr_id), own.zarr)
    with ThreadPoolExecutor() as pool:
        own.both = list(pool.map(own.add, [own.hdf5, own.zarr]))
    return own


def test_two_adds_at_once_lose_none(own):
    assert [str(added) for added in own.both] == [
        f"{own.hdf5}: added as sub-H1/one.nwb",
        f"{own.zarr}: added as two.nwb.zarr",
    ]
    paths = {asset.path for asset in own.shelf.assets("123456")}
    assert paths == {"sub-H1/one.nwb", "two.nwb.zarr"}


def test_the_same_file_again_changes_nothing(own):
    before = _tree(own.shelf.root)
    assert own.add(own.zarr).outcome == "present"
    assert _tree(own.shelf.root) == before


def test_other_content_takes_the_place_only_when_told(own, samples):
    before = own.shelf.assets("123456")
    shutil.copyfile(_ecog(samples), own.hdf5)
    refused = own.add(own.hdf5)
    assert refused.outcome == "refused"
    assert "use --replace" in str(refused)
    assert own.shelf.assets("123456") == before
    assert own.add(own.hdf5, replaces=True).outcome == "added"
    (asset,) = [a for a in own.shelf.assets("123456") if a.path == "sub-H1/one.nwb"]
    assert asset.size == own.hdf5.stat().st_size
    assert asset.versions == [DRAFT]


def _ecog(samples: Path) -> Path:
    shelf = Shelf(samples)
    return shelf.bucket / blob_key(str(shelf.assets("900019")[0].blob))


def _tree(folder: Path) -> dict[str, int]:
    return {str(p): p.stat().st_mtime_ns for p in folder.rglob("*") if p.is_file()}


def test_the_command_says_what_became_of_each_file(user_python, tmp_path):
    app = typer.Typer()
    app.command()(add_command)
    text = tmp_path / "text.nwb"
    text.write_text("text")
    options = ["--state", str(tmp_path), "--python", str(user_python)]
    done = CliRunner().invoke(app, [str(text), "--dandiset", "654321", *options])
    assert (done.exit_code, done.output) == (1, f"{text}: is not an HDF5 file\n")
    done = CliRunner().invoke(app, [str(text), "--dandiset", "x", *options])
    assert done.exit_code == 1
    assert done.output.count("\n") == 1


COMPARE = """
import json, sys, warnings
warnings.simplefilter("ignore")
import fsspec, h5py
from pynwb import NWBHDF5IO
def look(file):
    try:
        nwb = NWBHDF5IO(file=h5py.File(file, "r"), load_namespaces=True).read()
    except Exception as error:
        return "closed: " + type(error).__name__
    parts = sorted((part.name, type(part).__name__) for part in nwb.objects.values())
    return [nwb.session_description, str(nwb.session_start_time), parts]
opened = 0
for line in sys.stdin:
    path, url = json.loads(line)
    disk = look(open(path, "rb"))
    assert look(fsspec.open(url).open()) == disk, path
    opened += isinstance(disk, list)
print(opened)
"""


def test_real_files_come_back_byte_for_byte_and_open_as_on_disk(
    root, user_python, tmp_path, serve_archive
):
    folder = root.parent / "shared" / "data" / "archive" / "nwb"
    if not folder.is_dir():
        pytest.skip("the real archive inputs (shared/data/archive) are not here")
    files = [p for p in sorted(folder.rglob("*.nwb")) if p.name != "empty.nwb"]
    found = add_files(files, "123456", tmp_path, user_python)
    assert [added.outcome for added in found] == ["added"] * len(files)
    closed = [Path(a.file).name for a in found if "pynwb does not open" in a.remark]
    assert sorted(closed) == [
        "496908818s.nwb",
        "S1.nwb",
        "ecephys_tutorial.nwb",
        "membrane_potential.nwb",
        "test_output.nwb",
    ]
    url = serve_archive(tmp_path)
    api = f"{url}/services/archive/api/dandisets/123456/versions/draft/assets/"
    rows = httpx.get(api, params={"metadata": "true"}).json()["results"]
    where = {row["path"]: row["metadata"]["contentUrl"][1] for row in rows}
    pairs = [(added.file, where[added.path]) for added in found]
    for file, address in pairs:
        served = hashlib.sha256(httpx.get(address).content).hexdigest()
        assert served == hashlib.sha256(Path(file).read_bytes()).hexdigest()
    _open_both(user_python, pairs)


def _open_both(python: Path, pairs: list[tuple[str, str]]) -> None:
    lines = "".join(json.dumps(pair) + "\n" for pair in pairs)
    done = subprocess.run(
        [str(python), "-c", COMPARE], input=lines, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout) == len(pairs) - 5
