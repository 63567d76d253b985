"""Fixtures of the S3 stand-in: some buckets, their address, clients of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import boto3
import botocore
import botocore.exceptions
import httpx
import pytest
from aiohttp import web
from botocore.config import Config

from hub_config.local.serving import serving
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
