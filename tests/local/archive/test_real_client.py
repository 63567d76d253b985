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
