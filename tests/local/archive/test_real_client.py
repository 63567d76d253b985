"""The unmodified client and command line of the archive on the stand-in."""

from __future__ import annotations

import json
from pathlib import Path

import httpx

from hub_config.local.samples.shelf import Shelf

PUBLISHED = "0.210819.1547"
TIME = "2021-08-19T12:00:00Z"

CLIENT = """
import json, sys
from dandi.dandiapi import DandiAPIClient
with DandiAPIClient() as client:
    found = {d.identifier: d.version_id for d in client.get_dandisets()}
    hits = [d.identifier for d in client.get_dandisets(search="hippocampus")]
    dandiset = client.get_dandiset("000054", "0.210819.1547")
    paths = [a.path for a in dandiset.get_assets_by_glob("sub-F1/*")]
    asset = dandiset.get_asset_by_path(paths[0])
    raw = asset.get_raw_metadata()
    model = asset.get_metadata()
    url = asset.get_content_url(follow_redirects=1, strip_query=True)
print(json.dumps([found, hits, paths, raw["contentUrl"], url, model.contentSize]))
"""


def test_the_real_client_lists_searches_and_resolves(in_user_environment, sample_url):
    found, hits, paths, addresses, final, size = json.loads(
        in_user_environment(CLIENT, sample_url)
    )
    assert found["000054"] == PUBLISHED
    assert len(found) == 7
    assert hits == ["000054"]
    assert "sub-F1/sub-F1_ses-20190407T210000_behavior+ophys.nwb" in paths
    assert final == addresses[1]
    assert int(httpx.head(final).headers["Content-Length"]) == size


READ = """
import os, sys
os.environ["ARCHIVE_DATA_FOLDER"] = sys.argv[1]
os.environ["ARCHIVE_DATA_INDEX"] = "off"
from archive_data import open_h5, open_zarr
from dandi.dandiapi import DandiAPIClient
with DandiAPIClient() as client:
    dandiset = client.get_dandiset("000054", "0.210819.1547")
    asset = dandiset.get_asset_by_path(
        "sub-F1/sub-F1_ses-20190407T210000_behavior+ophys.nwb"
    )
    whole = client.get_dandiset("000054", "draft").get_asset_by_path(
        "sub-F2/sub-F2_ses-20190409T210000_behavior+ophys.nwb.zarr"
    )
    print(int(open_h5(asset)["acquisition/TwoPhotonSeries/data"][5].sum()))
    print(int(open_zarr(whole)["acquisition/TwoPhotonSeries/data"][5].sum()))
"""

ON_DISK = """
import sys, h5py, zarr
print(int(h5py.File(sys.argv[1])["acquisition/TwoPhotonSeries/data"][5].sum()))
print(int(zarr.open(sys.argv[2])["acquisition/TwoPhotonSeries/data"][5].sum()))
"""


def test_an_asset_of_the_real_client_is_read_as_from_disk(
    in_user_environment, sample_url, samples, tmp_path
):
    shelf = Shelf(samples)
    kept = list(shelf.assets("000054"))
    blob = next(a.blob for a in kept if "sub-F1_ses-20190407" in a.path)
    zarr = next(a.zarr for a in kept if a.zarr)
    places = str(_stored(shelf, blob)), str(shelf.bucket / "zarr" / zarr)
    expected = in_user_environment(ON_DISK, sample_url, *places)
    # The folder of the reader must be the reader's own, and nobody else's.
    folder = tmp_path / "scratch"
    folder.mkdir(mode=0o700)
    assert in_user_environment(READ, sample_url, str(folder)) == expected
    assert len(expected.split()) == 2


CLI = """
import sys
from dandi.cli.command import main
main(sys.argv[1:])
"""


def test_the_real_command_line_lists_and_downloads_byte_for_byte(
    in_user_environment, sample_url, samples, tmp_path
):
    address = f"{sample_url}/dandiset/000054/draft"
    listed = in_user_environment(CLI, sample_url, "ls", "-r", address)
    assert "sub-F2_ses-20190409T210000_behavior+ophys.nwb.zarr" in listed
    in_user_environment(CLI, sample_url, "download", "-o", str(tmp_path), address)
    shelf = Shelf(samples)
    for asset in shelf.assets("000054"):
        copy = tmp_path / "000054" / asset.path
        if asset.blob:
            assert copy.read_bytes() == _stored(shelf, asset.blob).read_bytes()
        else:
            whole = shelf.bucket / "zarr" / str(asset.zarr)
            assert _tree(copy) == _tree(whole)


def _stored(shelf: Shelf, blob: str) -> Path:
    return shelf.bucket / "blobs" / blob[:3] / blob[3:6] / blob


def _tree(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
