"""An asset is found in each form in which people write it down."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from archive_data import (
    AccessDenied,
    ArchiveUnreachable,
    AssetNotFound,
    UnknownReference,
    open_asset,
    open_h5,
)
from archive_data.archive_api import bytes_address
from archive_data.references import (
    AtAddress,
    InApi,
    InBucket,
    InDandiset,
    OnDisk,
    parse,
)

ASSET = "9a6b3c1d-0000-4000-8000-0123456789ab"
BLOB = "blobs/cda/e5c/cdae5c54-9c8a-4c1c-9a7e-0123456789ab"
PATH = "sub-F1/sub-F1_ses-1_behavior+ophys.nwb"

PAGE, OLD_PAGE = "https://dandiarchive.org", "https://gui.dandiarchive.org/#"

FORMS = {
    "DANDI:000054/0.210819.1547": InDandiset("000054", "0.210819.1547"),
    "dandi:000054": InDandiset("000054"),
    "000054": InDandiset("000054"),
    "000054/draft": InDandiset("000054", "draft"),
    "000054@draft": InDandiset("000054", "draft"),
    f"dandi://dandi/000054@draft/{PATH}": InDandiset("000054", "draft", PATH),
    "https://dandiarchive.org/dandiset/000054": InDandiset("000054"),
    f"{PAGE}/dandiset/000054/0.210819.1547/files?location=sub-F1%2Fx.nwb": InDandiset(
        "000054", "0.210819.1547", "sub-F1/x.nwb"
    ),
    f"{OLD_PAGE}/dandiset/000054/draft/files?location=sub-F1%2Fx.nwb": InDandiset(
        "000054", "draft", "sub-F1/x.nwb"
    ),
    f"https://api.dandiarchive.org/api/assets/{ASSET}/download/": InApi(
        ASSET, "https://api.dandiarchive.org/api"
    ),
    f"https://api.dandiarchive.org/api/assets/{ASSET}": InApi(
        ASSET, "https://api.dandiarchive.org/api"
    ),
    (
        "https://api.dandiarchive.org/api/dandisets/000054/versions/draft/assets/"
        f"{ASSET}/download/"
    ): InApi(ASSET, "https://api.dandiarchive.org/api"),
    f"https://dandiarchive.s3.amazonaws.com/{BLOB}": InBucket("dandiarchive", BLOB),
    f"https://dandiarchive.s3.us-east-2.amazonaws.com/{BLOB}?X-Amz-Date=1": InBucket(
        "dandiarchive", BLOB, "X-Amz-Date=1"
    ),
    f"https://s3.amazonaws.com/dandiarchive/{BLOB}": InBucket("dandiarchive", BLOB),
    f"s3://dandiarchive/{BLOB}": InBucket("dandiarchive", BLOB),
    "https://example.org/x.nwb": AtAddress("https://example.org/x.nwb"),
    "/data/x.nwb": OnDisk(Path("/data/x.nwb")),
    "file:///data/x%20y.nwb": OnDisk(Path("/data/x y.nwb")),
}


@pytest.mark.parametrize("text", FORMS, ids=lambda t: t[:60])
def test_a_reference_is_read_without_asking_anybody(text: str) -> None:
    assert parse(text) == FORMS[text]


@pytest.mark.parametrize(
    "text", ["", "DANDI:54", "ftp://example.org/x.nwb", "nowhere.nwb"]
)
def test_what_is_no_reference_says_what_would_be_one(text: str, archive: Any) -> None:
    with pytest.raises((UnknownReference, AssetNotFound), match=r"DANDI|there are"):
        open_asset(text)


def samples() -> list[Path]:
    root = Path(__file__).parents[4]
    for place in (root / "shared", root.parent / "shared"):
        found = sorted(place.glob("data/archive/metadata/*/*/assets.json"))
        if found:
            return found
    return []


@pytest.mark.skipif(not samples(), reason="the real metadata are not in shared/")
@pytest.mark.parametrize("path", samples(), ids=lambda p: "/".join(p.parts[-3:-1]))
def test_real_metadata_of_any_age_lead_to_the_bucket(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    for asset in json.loads(path.read_text()):
        metadata = asset.get("metadata", asset)
        url = bytes_address(metadata)
        if "2021-06-30" in str(path):
            assert url is None
        else:
            assert url is not None
            assert url.startswith("https://dandiarchive.s3.amazonaws.com/")
            assert "?" not in url


def file_bytes() -> bytes:
    memory = io.BytesIO()
    with h5py.File(memory, "w") as file:
        file["x"] = np.arange(100)
    return memory.getvalue()


def test_each_form_opens_the_same_asset(archive: Any) -> None:
    number = archive.put(PATH, file_bytes())
    (key,) = [p for p in (archive.root / "objects").rglob("*") if p.is_file()][-1:]
    key = key.relative_to(archive.root / "objects/dandiarchive")
    place = f"{archive.url}/dandiset/000054/draft/files?location={PATH}"
    api = "https://api.dandiarchive.org/api"
    forms: list[tuple[str, ...]] = [
        ("DANDI:000054/0.210819.1547", PATH),
        ("000054", PATH),
        (place.replace("+", "%2B"),),
        (f"{api}/assets/{number}/download/",),
        (f"{archive.url}/api/assets/{number}/",),
    ]
    for form in forms:
        asset = open_asset(*form)
        assert asset.size == len(file_bytes()), form
        assert open_h5(asset)["x"][5] == 5


def test_the_address_of_a_blob_follows_the_endpoint(s3: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3.url)
    s3.put("blobs/a/b/x", file_bytes())
    for form in (
        "s3://bucket/blobs/a/b/x",
        "https://bucket.s3.amazonaws.com/blobs/a/b/x",
    ):
        assert open_h5(form)["x"][7] == 7


def test_a_wrong_path_names_near_ones(archive: Any) -> None:
    archive.put(PATH, file_bytes())
    with pytest.raises(AssetNotFound, match=r"there are 'sub-F1/sub-F1_ses-1"):
        open_asset("DANDI:000054/draft", PATH.replace("ses-1", "ses-2"))


def test_no_such_dandiset_is_not_unreachable(archive: Any) -> None:
    archive.put(PATH, file_bytes())
    with pytest.raises(AssetNotFound, match="404"):
        open_asset("DANDI:999999/draft", PATH)


def test_an_archive_that_does_not_answer_is_not_a_no() -> None:
    with pytest.raises(ArchiveUnreachable, match="could not be asked"):
        open_asset("DANDI:000054/draft", PATH)


def test_an_embargoed_asset_says_how_to_get_in(archive: Any) -> None:
    number = archive.put("x.nwb", file_bytes(), "000777", "EMBARGOED")
    with pytest.raises(AccessDenied, match="set DANDI_API_KEY"):
        open_asset(f"{archive.url}/api/assets/{number}/")


def test_an_embargoed_asset_opens_with_its_owners_key(
    archive: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.put("y.nwb", file_bytes(), "000778", "EMBARGOED")
    monkeypatch.setenv("DANDI_API_KEY", "owner")
    asset = open_asset("DANDI:000778/draft", "y.nwb")
    assert asset.is_embargoed
    assert open_h5(asset)["x"][9] == 9


def test_an_asset_of_the_dandi_client_is_taken(archive: Any) -> None:
    archive.put(PATH, file_bytes())

    class Client:
        api_url = f"{archive.url}/api"

    class RemoteAsset:
        """What `dandi.dandiapi.RemoteAsset` offers of itself."""

        client, path, size, zarr = Client, PATH, len(file_bytes()), None

        def __init__(self, found: Any) -> None:
            self.identifier = found.download_url.split("/")[-3]
            self.found = found

        def get_raw_metadata(self) -> Any:
            return self.found.metadata

    given = RemoteAsset(open_asset("DANDI:000054/draft", PATH))
    assert open_h5(given)["x"][3] == 3


def test_what_is_no_asset_at_all_is_said() -> None:
    with pytest.raises(UnknownReference, match="int: is no asset"):
        open_asset(5)


def test_a_local_path_opens(tmp_path: Path) -> None:
    (tmp_path / "x.nwb").write_bytes(file_bytes())
    assert open_h5(os.fspath(tmp_path / "x.nwb"))["x"][4] == 4
    assert open_h5(tmp_path / "x.nwb")["x"][4] == 4
