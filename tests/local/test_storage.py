"""The S3 stand-in, asked by the clients that people use."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import boto3
import botocore
import botocore.exceptions
import httpx
import psutil
import pytest
import s3fs
from aiohttp import web
from botocore.config import Config
from hypothesis import given
from hypothesis import strategies as st

from hub_config.local.serving import serving
from hub_config.local.standins import ranges
from hub_config.local.standins.listing import Query, list_page, read_token
from hub_config.local.standins.network import Network, Options
from hub_config.local.standins.storage import Storage

BODY = bytes(range(256)) * 40
KEYS = ["a-b/x", "a/1.nwb", "a/2+3 4.nwb", "a/ü/µ.nwb", "a0", "z&<%41>.nwb"]
PREFIX = "/services/s3"


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("s3")
    for key in KEYS:
        path = root / "open" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(BODY)
    (root / "open/hidden.nwb").write_bytes(b"embargoed")
    (root / "outside.txt").write_text("secret")
    (root / "open/link").symlink_to(root / "outside.txt")
    (root / "open/folder_link").symlink_to("/etc")
    (root / "open/nothing").mkdir()
    (root / "open/zero").touch()
    with open(root / "open/gigabyte", "wb") as sparse:
        sparse.truncate(10**9)
    return root


@pytest.fixture(scope="module")
def endpoint(root) -> Iterator[str]:
    """The stand-in on its own thread, so that blocking clients can be used."""
    storage = Storage(root, is_embargoed=lambda _, key: key == "hidden.nwb")
    app = web.Application()
    storage.add_routes(app, PREFIX)
    loop, started, stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    found: list[str] = []

    async def run() -> None:
        async with serving(app) as url:
            found.append(url + PREFIX)
            started.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    assert started.wait(10)
    yield found[0]
    loop.call_soon_threadsafe(stop.set)
    thread.join(10)
    loop.close()


@pytest.fixture
def http(endpoint) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=endpoint, timeout=10) as client:
        yield client
        client.put("/_standin/options", json={})
        client.delete("/_standin/faults")


@pytest.fixture(scope="module")
def s3(endpoint):
    anonymous = Config(signature_version=botocore.UNSIGNED, retries={"max_attempts": 0})
    client = boto3.client(
        "s3", endpoint_url=endpoint, config=anonymous, region_name="us-east-2"
    )
    yield client
    client.close()


def test_boto3_reads_every_key_that_it_lists(s3):
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket="open", PaginationConfig={"PageSize": 2}
    )
    keys = [row["Key"] for page in pages for row in page["Contents"]]
    assert keys == sorted([*KEYS, "hidden.nwb", "zero", "gigabyte"], key=str.encode)
    for key in KEYS:
        assert s3.get_object(Bucket="open", Key=key)["Body"].read() == BODY


def test_a_signed_client_reads_what_an_anonymous_one_is_refused(endpoint, s3):
    with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
        s3.get_object(Bucket="open", Key="hidden.nwb")
    signed = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-2",
        aws_access_key_id="any",
        aws_secret_access_key="any",
    )
    answer = signed.get_object(Bucket="open", Key="hidden.nwb")
    assert answer["Body"].read() == b"embargoed"
    signed.close()


def test_s3fs_walks_and_reads_a_range(endpoint):
    fs = s3fs.S3FileSystem(
        anon=True, endpoint_url=endpoint, skip_instance_cache=True, asynchronous=False
    )
    assert "open/a/ü/µ.nwb" in fs.find("open/a")
    assert sorted(fs.ls("open", detail=False))[:2] == ["open/a", "open/a-b"]
    assert fs.cat_file("open/a/2+3 4.nwb", start=10, end=20) == BODY[10:20]


def test_common_prefixes_stand_in_for_folders_without_empty_ones(s3):
    answer = s3.list_objects_v2(Bucket="open", Delimiter="/")
    assert [row["Prefix"] for row in answer["CommonPrefixes"]] == ["a-b/", "a/"]
    paged = s3.get_paginator("list_objects_v2").paginate(
        Bucket="open", Delimiter="/", PaginationConfig={"PageSize": 1}
    )
    found = [r["Prefix"] for page in paged for r in page.get("CommonPrefixes", ())]
    assert found == ["a-b/", "a/"]


@given(
    keys=st.sets(st.from_regex(r"[ab\-/0]{1,4}", fullmatch=True), max_size=12),
    prefix=st.text("ab-/0", max_size=3),
    delimiter=st.sampled_from(["", "/", "a", "-/"]),
    max_keys=st.integers(1, 4),
)
def test_pages_of_a_listing_join_to_what_s3_defines(
    tmp_path_factory, keys, prefix, delimiter, max_keys
):
    bucket = tmp_path_factory.mktemp("bucket")
    stored = []
    for key in keys:
        path = bucket / key.lstrip("/")
        if "//" in key or key.startswith("/") or key.endswith("/") or path.exists():
            continue
        if any((bucket / str(parent)).is_file() for parent in Path(key).parents):
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        stored.append(key)
    found, after = [], ""
    while True:
        page = list_page(bucket, Query(prefix, delimiter, after, max_keys))
        found += [entry.key for entry in page.entries]
        if page.next_token is None:
            break
        after = read_token(page.next_token)
    expected = set()
    for key in stored:
        if key.startswith(prefix):
            end = key.find(delimiter, len(prefix)) if delimiter else -1
            expected.add(key if end < 0 else key[: end + len(delimiter)])
    assert found == sorted(expected)


@given(st.binary(max_size=40), st.integers(0, 50), st.integers(0, 50))
def test_a_range_is_a_slice(body, first, last):
    def read(header):
        try:
            span = ranges.requested_span(header, len(body))
        except ranges.RangeNotSatisfiable:
            return b""
        return body if span is None else body[span.start : span.stop]

    assert read(f"bytes={first}-") == body[first:]
    assert read(f"bytes=-{last}") == (body[-last:] if last else b"")
    if last >= first:
        assert read(f"bytes={first}-{last}") == body[first : last + 1]


@pytest.mark.parametrize(
    "header",
    ["bytes=5-2", "bytes=-", "bytes=1-2,4-5", "items=0-1", "bytes=a-b", "bytes=²-3"],
)
def test_a_range_that_is_none_is_ignored_as_s3_does(header):
    assert ranges.requested_span(header, 10) is None


def test_a_range_beyond_the_end_is_refused_with_the_size(http):
    answer = http.get("/open/a0", headers={"Range": f"bytes={len(BODY)}-"})
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(BODY)}"
    assert "<Code>InvalidRange</Code>" in answer.text


def test_conditions_are_answered_with_304_and_412(http):
    first = http.head("/open/a0")
    etag, date = first.headers["ETag"], first.headers["Last-Modified"]
    past = "Thu, 01 Jan 1998 00:00:00 GMT"

    def status(**conditions):
        headers = {name.replace("_", "-"): value for name, value in conditions.items()}
        return http.get("/open/a0", headers=headers).status_code

    assert status(If_Match=etag) == status(If_None_Match='"x"') == 200
    assert status(If_Match='"x"') == status(If_Unmodified_Since=past) == 412
    assert status(If_None_Match=etag) == status(If_Modified_Since=date) == 304
    assert status(Range="bytes=0-1", If_Range=etag) == 206
    assert status(Range="bytes=0-1", If_Range='"x"') == 200


def test_the_etag_changes_with_the_file_and_only_then(http, root):
    path = root / "open/changing"
    path.write_bytes(b"one")
    before = [http.head("/open/changing").headers["ETag"] for _ in range(2)]
    path.write_bytes(b"two, longer")
    after = http.head("/open/changing").headers["ETag"]
    path.unlink()
    assert before[0] == before[1] != after


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/open/absent", 404, "NoSuchKey"),
        ("/open/a", 404, "NoSuchKey"),
        ("/open/a/", 404, "NoSuchKey"),
        ("/open//a0", 404, "NoSuchKey"),
        ("/open/link", 404, "NoSuchKey"),
        ("/open/folder_link/passwd", 404, "NoSuchKey"),
        ("/open/%2e%2e/outside.txt", 404, "NoSuchKey"),
        ("/open/..%2f..%2fetc%2fpasswd", 404, "NoSuchKey"),
        ("/open/a%00b", 404, "NoSuchKey"),
        ("/open/" + "x" * 300, 404, "NoSuchKey"),
        ("/open/%ff", 400, "InvalidURI"),
        ("/absent/a0", 404, "NoSuchBucket"),
        ("/%2e%2e/outside.txt", 404, "NoSuchBucket"),
        ("/outside.txt/x", 404, "NoSuchBucket"),
        ("/open?list-type=2&max-keys=-1", 400, "InvalidArgument"),
        ("/open?list-type=2&max-keys=many", 400, "InvalidArgument"),
        ("/open?list-type=2&continuation-token=%C3%A4", 400, "InvalidArgument"),
        ("/open?prefix=a", 501, "NotImplemented"),
    ],
)
def test_wrong_requests_get_the_code_of_s3(endpoint, path, status, code):
    answer = _raw_get(endpoint, path)
    assert answer.status_code == status
    assert f"<Code>{code}</Code>" in answer.text


def _raw_get(endpoint, path):
    # httpx would normalise dots in a path that is not passed as raw bytes.
    url = httpx.URL(endpoint)
    raw = url.copy_with(raw_path=(PREFIX + path).encode())
    with httpx.Client() as client:
        return client.get(raw)


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH"])
def test_nothing_can_be_written(http, root, method):
    answer = http.request(method, "/open/a0", content=b"x")
    assert answer.status_code == 403
    assert (root / "open/a0").read_bytes() == BODY


def test_a_gigabyte_is_served_by_range_in_little_memory(http):
    process = psutil.Process()
    before = process.memory_info().rss
    size = 10**9
    for start in range(0, size, size // 20):
        headers = {"Range": f"bytes={start}-{start + 99}"}
        assert http.get("/open/gigabyte", headers=headers).content == bytes(100)
    with http.stream("GET", "/open/gigabyte") as answer:
        total = sum(len(part) for part in answer.iter_raw(1 << 20))
    assert total == size
    assert process.memory_info().rss - before < 50e6


def test_latency_and_bandwidth_slow_the_answers(endpoint, http):
    http.put("/_standin/options", json={"latency_ms": 200})
    assert http.head("/open/a0").elapsed.total_seconds() >= 0.2
    http.put("/_standin/options", json={"connection_mb_s": 0.05})
    answer = http.get("/open/a0")
    assert answer.content == BODY
    assert answer.elapsed.total_seconds() >= len(BODY) / 0.05e6


async def test_bandwidth_is_shared_and_connection_speed_is_not():
    async def seconds(options: Options) -> float:
        network, loop = Network(options), asyncio.get_running_loop()
        began = loop.time()
        await asyncio.gather(*(network.pace(10_000, began, 0) for _ in range(5)))
        return loop.time() - began

    assert await seconds(Options(bandwidth_mb_s=0.2)) >= 0.25
    assert 0.05 <= await seconds(Options(connection_mb_s=0.2)) < 0.25


def test_counters_say_what_was_asked_and_start_again(http):
    http.post("/_standin/reset")
    http.get("/open/a0", headers={"Range": "bytes=0-99"})
    http.head("/open/a0")
    http.get("/open/absent")
    http.get("/open?list-type=2")
    stats = http.get("/_standin/stats").json()
    assert stats == {
        "requests": 4,
        "bytes": 100,
        "get": 2,
        "head": 1,
        "list": 1,
        "refused": 1,
        "peak": 1,
    }
    assert http.post("/_standin/reset").json()["requests"] == 0


@pytest.mark.parametrize(
    ("kind", "seen"),
    [
        ("slow_down", 503),
        ("expired", 403),
        ("whole", 200),
        ("etag", 412),
        ("reset", httpx.RemoteProtocolError),
        ("cut", httpx.RemoteProtocolError),
        ("stall", httpx.ReadTimeout),
    ],
)
def test_a_fault_strikes_the_asked_request_once(http, kind, seen):
    fault = {"kind": kind, "key": "a0", "skip": 1}
    assert http.post("/_standin/faults", json=fault).status_code == 200
    etag = http.head("/open/a/1.nwb").headers["ETag"]
    etag = http.head("/open/a0").headers["ETag"]
    assert _seen(http, etag) == seen
    assert _seen(http, etag) == 206


def _seen(http, etag):
    headers = {"Range": "bytes=0-4999", "If-Match": etag}
    try:
        answer = http.get("/open/a0", headers=headers, timeout=0.5)
    except httpx.HTTPError as error:
        return type(error)
    assert answer.status_code != 206 or answer.content == BODY[:5000]
    return answer.status_code


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("options", '{"latency_ms": -1}'),
        ("options", '{"latency_ms": "NaN"}'),
        ("options", '{"latency": 1}'),
        ("options", "not json"),
        ("faults", '{"kind": "earthquake"}'),
        ("faults", '{"kind": "cut", "times": 0}'),
    ],
)
def test_wrong_controls_are_named_and_change_nothing(http, path, body):
    method = {"options": "PUT", "faults": "POST"}[path]
    headers = {"Content-Type": "application/json"}
    url = f"/_standin/{path}"
    answer = http.request(method, url, content=body, headers=headers)
    assert answer.status_code == 400
    assert answer.text.count("\n") == 1
    plain = http.request(method, url, content="{}")
    assert plain.status_code == 415
    assert http.get("/open/a0").content == BODY


def test_listing_a_page_does_not_walk_the_whole_bucket(tmp_path, monkeypatch):
    for folder in range(50):
        (tmp_path / f"{folder:02}").mkdir()
        (tmp_path / f"{folder:02}/x").touch()
    entered = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda p: entered.append(p) or scandir(p))
    page = list_page(tmp_path, Query(prefix="25/"))
    assert [entry.key for entry in page.entries] == ["25/x"]
    list_page(tmp_path, Query(after="40/x", max_keys=3))
    assert len(entered) <= 2 + 1 + 5


async def test_unquoted_and_quoted_keys_are_the_same(http):
    plus = http.get("/open/" + quote("a/2+3 4.nwb", safe="/"))
    assert plus.content == http.get("/open/a/2+3%204.nwb").content == BODY


def test_a_key_that_xml_cannot_hold_is_listed_encoded_or_marked(http, root):
    path = root / "open/a/bell\a"
    path.touch()
    plain = http.get("/open?list-type=2&prefix=a/bell").text
    encoded = http.get("/open?list-type=2&prefix=a/bell&encoding-type=url").text
    path.unlink()
    assert "<Key>a/bell\N{REPLACEMENT CHARACTER}</Key>" in plain
    assert "<Key>a/bell%07</Key>" in encoded
