"""The archive's data endpoints, in their true shapes and with the real client."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from hub_config.local.samples.shelf import AssetRecord, DandisetRecord, Shelf

PUBLISHED = "0.210819.1547"
TIME = "2021-08-19T12:00:00Z"


def dandiset(identifier: str, **fields) -> DandisetRecord:
    return DandisetRecord(
        identifier=identifier,
        name=f"Sleep of {identifier}",
        description="Replay <during> sleep",
        contact_person="Somebody",
        **{"versions": {"draft": TIME}, **fields},
    )


def put(shelf: Shelf, owner: str, path: str, number: int, **fields) -> None:
    name = f"{number:08}-0000-0000-0000-{owner:0>12}"
    with shelf.workspace() as place:
        if path.endswith(".zarr"):
            ready = place / "z"
            (ready / "a").mkdir(parents=True)
            for part in (".zgroup", "a/0", "a/1", "a/10"):
                (ready / part).write_text(part)
            shelf.put_zarr(ready, name)
            content = {"zarr": name}
        else:
            (place / "b").write_bytes(path.encode())
            shelf.put_blob(place / "b", name)
            content = {"blob": name}
    record = AssetRecord(
        asset_id=name,
        path=path,
        size=len(path),
        created=TIME,
        modified=TIME,
        metadata={"variableMeasured": [{"value": "Units"}]},
        **{"versions": ["draft"], **content, **fields},
    )
    shelf.write_asset(owner, record)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory) -> Shelf:
    shelf = Shelf(tmp_path_factory.mktemp("archive"))
    both = {"draft": TIME, PUBLISHED: TIME}
    shelf.write_dandiset(dandiset("000001", versions=both))
    for number in range(120):
        path = f"sub-{number % 3}/Run+{number:03} a.nwb"
        versions = ["draft", PUBLISHED] if number < 5 else ["draft"]
        put(shelf, "000001", path, number, versions=versions)
    put(shelf, "000001", "sub-0/whole.nwb.zarr", 500)
    shelf.write_dandiset(dandiset("000002"))
    secret = {"embargo_status": "EMBARGOED", "owners": ["olga"]}
    shelf.write_dandiset(dandiset("000003", **secret))
    put(shelf, "000003", "sub-1/secret.nwb", 700)
    put(shelf, "000003", "sub-1/secret.nwb.zarr", 701)
    return shelf


@pytest.fixture(scope="module")
def url(shelf, serve_archive) -> str:
    return serve_archive(shelf.root)


@pytest.fixture
def api(url) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{url}/services/archive/api/", timeout=10) as client:
        yield client


def asset_id(number: int, owner: str = "000001") -> str:
    return f"{number:08}-0000-0000-0000-{owner:0>12}"


def test_info_is_found_with_and_without_prefix(url, api):
    keys = {"schema_version", "cli-minimal-version", "cli-bad-versions", "services"}
    for address in (f"{url}/server-info", f"{url}/services/archive/server-info"):
        found = httpx.get(address).json()
        assert keys <= set(found)
        assert found["services"]["api"]["url"] == f"{url}/services/archive/api"
    assert api.get("info").json() == api.get("info/").json() == found


def test_a_list_of_dandisets_hides_embargoed_ones(api):
    found = api.get("dandisets/").json()
    assert [row["identifier"] for row in found["results"]] == ["000001", "000002"]
    first = found["results"][0]
    assert first["draft_version"]["asset_count"] == 121
    assert first["most_recent_published_version"]["asset_count"] == 5
    assert found["results"][1]["most_recent_published_version"] is None


def test_embargoed_dandisets_are_for_their_owners(api):
    olga = {"Authorization": "token olga"}
    other = {"Authorization": "token otto"}
    asked = "dandisets/?embargoed=true"
    assert api.get(asked).status_code == 401
    assert api.get(asked, headers=other).json()["count"] == 2
    assert api.get(asked, headers=olga).json()["count"] == 3
    for path in (
        "dandisets/000003/",
        "dandisets/000003/versions/draft/assets/",
        f"assets/{asset_id(700, '000003')}/",
        f"assets/{asset_id(700, '000003')}/download/",
        f"zarr/{asset_id(701, '000003')}/files/",
    ):
        assert api.get(path).status_code == 401
        assert api.get(path, headers=other).status_code == 403
        assert api.get(path, headers=olga).status_code in (200, 302)


def test_an_embargoed_object_is_read_through_the_archive_alone(api):
    olga = {"Authorization": "token olga"}
    for number, key in ((700, None), (701, "a/0")):
        name = asset_id(number, "000003")
        direct = api.get(f"assets/{name}/", headers=olga).json()["contentUrl"][1]
        assert httpx.get(direct + (key or "")).status_code == 403
        path = f"assets/{name}/download/"
        if key:
            path = f"zarr/{name}/files/?download=true&prefix={key}"
        answer = api.get(path, headers=olga, follow_redirects=True)
        assert answer.text == (key or "sub-1/secret.nwb")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("search=SLEEP replay", 2),
        ("search=000002", 1),
        ("search=units sleep", 1),
        ("search=nothing", 0),
        ("draft=false", 1),
        ("empty=false", 1),
        ("ordering=-name&page_size=1", 2),
    ],
)
def test_dandisets_are_searched_in_their_metadata(api, query, found):
    assert api.get(f"dandisets/?{query}").json()["count"] == found


def test_count_of_assets_is_null_after_the_first_page(api):
    path = "dandisets/000001/versions/draft/assets/"
    first = api.get(path).json()
    assert first["count"] == 121
    assert len(first["results"]) == 100
    assert first["previous"] is None
    later = api.get(first["next"]).json()
    assert later["count"] is None
    assert len(later["results"]) == 21
    assert later["next"] is None
    assert set(later["results"][0]) == {
        "asset_id",
        "blob",
        "zarr",
        "path",
        "size",
        "created",
        "modified",
    }


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"path": "SUB-0/"}, 41),
        ({"path": "sub-0/run+000 A.nwb"}, 1),
        ({"path": "sub-1/Run+00"}, 3),
        ({"glob": "*run+00*"}, 10),
        ({"glob": "sub-0/*"}, 41),
        ({"glob": "Run*"}, 0),
        ({"glob": "sub-?/*"}, 0),
        ({"zarr": "true"}, 1),
        ({"zarr": "false"}, 120),
        ({"page_size": "0"}, 121),
    ],
)
def test_assets_are_selected_by_path_glob_and_kind(api, query, count):
    path = "dandisets/000001/versions/draft/assets/"
    assert api.get(path, params=query).json()["count"] == count


def test_assets_are_ordered_and_come_with_metadata_when_asked(api):
    path = "dandisets/000001/versions/draft/assets/"
    query = {"order": "-path", "page_size": 1, "metadata": "true"}
    (row,) = api.get(path, params=query).json()["results"]
    assert row["path"] == "sub-2/Run+119 a.nwb"
    assert row["metadata"]["path"] == row["path"]


def test_an_asset_tells_both_addresses_and_they_give_its_bytes(api, url):
    found = api.get(f"assets/{asset_id(7)}/").json()
    name = asset_id(7)
    assert found["contentUrl"] == [
        f"{url}/services/archive/api/assets/{name}/download/",
        f"{url}/services/s3/dandiarchive/blobs/{name[:3]}/{name[3:6]}/{name}",
    ]
    for address in found["contentUrl"]:
        assert httpx.get(address, follow_redirects=True).text == found["path"]
    info = api.get(f"assets/{name}/info/").json()
    assert info["metadata"] == found
    assert (info["blob"], info["zarr"]) == (name, None)


def test_downloads_are_redirects_that_name_the_file(api):
    answer = api.head(f"assets/{asset_id(7)}/download/")
    assert answer.status_code == 302
    served = httpx.get(answer.headers["Location"])
    assert served.headers["Content-Disposition"] == (
        'attachment; filename="Run+007 a.nwb"'
    )
    assert api.get(f"assets/{asset_id(500)}/download/").status_code == 400


def test_addresses_follow_the_host_that_was_asked(api):
    headers = {"Host": "elsewhere.test:81"}
    found = api.get(f"assets/{asset_id(7)}/", headers=headers).json()
    assert all(a.startswith("http://elsewhere.test:81/") for a in found["contentUrl"])


def test_entries_of_a_zarr_come_in_pages_with_their_md5(api):
    path = f"zarr/{asset_id(500)}/files/"
    first = api.get(path, params={"limit": 3}).json()
    assert [row["Key"] for row in first["results"]] == [".zgroup", "a/0", "a/1"]
    assert first["results"][1]["ETag"] == hashlib.md5(b"a/0").hexdigest()
    second = api.get(first["next"]).json()
    assert [row["Key"] for row in second["results"]] == ["a/10"]
    assert second["next"] is None
    bare = api.get(path, params={"prefix": "a/1"}).json()["results"]
    assert [row["Key"] for row in bare] == ["a/1", "a/10"]
    one = api.get(path, params={"prefix": "a/1", "download": "true"})
    assert httpx.get(one.headers["Location"]).text == "a/1"


def test_versions_and_their_metadata(api):
    found = api.get("dandisets/000001/versions/").json()["results"]
    assert [row["version"] for row in found] == [PUBLISHED, "draft"]
    bare = api.get(f"dandisets/000001/versions/{PUBLISHED}/").json()
    assert bare["id"] == f"DANDI:000001/{PUBLISHED}"
    assert bare["assetsSummary"]["variableMeasured"] == ["Units"]
    info = api.get(f"dandisets/000001/versions/{PUBLISHED}/info/").json()
    assert info["metadata"] == bare
    assert info["asset_count"] == bare["assetsSummary"]["numberOfFiles"] == 5


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("dandisets/999999/", 404),
        ("dandisets/1/", 404),
        ("dandisets/..%2f..%2f/", 404),
        ("dandisets/000001/versions/0.1.1/", 404),
        ("dandisets/000002/versions/draft/assets/?page=2", 404),
        ("dandisets/000001/versions/draft/assets/?page=x", 404),
        ("dandisets/000001/versions/draft/assets/?page=0", 404),
        ("dandisets/000001/versions/draft/assets/?order=colour", 400),
        (f"dandisets/000001/versions/{PUBLISHED}/assets/{asset_id(99)}/", 404),
        (f"dandisets/000002/versions/draft/assets/{asset_id(9)}/", 404),
        ("assets/nothing/", 404),
        ("assets/nothing/download/", 404),
        ("zarr/nothing/files/", 404),
    ],
)
def test_what_is_not_there_is_refused_in_json(api, path, status):
    answer = api.get(path)
    assert answer.status_code == status
    if answer.headers["Content-Type"].startswith("application/json"):
        assert answer.json()["detail"]


def test_a_record_that_arrives_is_seen_at_once(api, shelf):
    path = "dandisets/000002/versions/draft/assets/"
    assert api.get(path).json()["count"] == 0
    put(shelf, "000002", "sub-9/late.nwb", 900)
    assert api.get(path).json()["count"] == 1
    shelf.asset_file("000002", asset_id(900, "000002")).unlink()
    assert api.get(path).json()["count"] == 0


def test_the_page_for_people_escapes_what_it_shows(url):
    page = httpx.get(f"{url}/services/archive/").text
    assert "Replay &lt;during&gt; sleep" in page
    assert "secret.nwb" not in page
    assert httpx.get(f"{url}/services/archive/dandiset/000003/draft").status_code == 401


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
