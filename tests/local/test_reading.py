"""From a search in the archive to samples of a recording, in a user server."""

from __future__ import annotations

FIND = """
from dandi.dandiapi import DandiAPIClient
with DandiAPIClient() as client:
    dandiset = client.get_dandiset("000054", "0.210819.1547")
    asset = dandiset.get_asset_by_path(
        "sub-F1/sub-F1_ses-20190407T210000_behavior+ophys.nwb"
    )
    url = asset.get_content_url(follow_redirects=1, strip_query=True)
print(url)
"""

READ = """
import fsspec, h5py
from pynwb import NWBHDF5IO
with fsspec.open(url, "rb") as remote, h5py.File(remote) as file:
    with NWBHDF5IO(file=file) as io:
        nwb = io.read()
        data = nwb.acquisition["TwoPhotonSeries"].data
        print(data.shape[0] > 100, data[:2].mean() > 0)
"""


def test_a_person_finds_an_asset_and_reads_it_from_s3(base):
    found = base.run(FIND)
    assert found.status == "ok", found.error
    assert "/services/s3/dandiarchive/blobs/" in found.text
    read = base.run(READ)
    assert (read.text.strip(), read.error) == ("True True", "")


def test_s3fs_reads_without_any_credentials(base):
    output = base.run(
        "import s3fs; fs = s3fs.S3FileSystem(anon=True);"
        "print(len(fs.ls('dandiarchive/blobs')))"
    )
    assert output.error == ""
    assert int(output.text) > 5
