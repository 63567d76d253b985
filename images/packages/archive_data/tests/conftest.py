"""Fixtures: `s3`, the project's S3 stand-in over an empty folder; `scratch_folder`.

The stand-in runs in the hub's environment, this suite in the users' own.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from archive_data import ahead, cache

# Whoever starts the tests in the background of a shell lets them ignore interrupts, and
# so would every program that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).parents[4]
HUB_PYTHON = ROOT / ".venv/bin/python"


class S3:
    """The stand-in, one bucket and its control plane."""

    def __init__(self, url: str, root: Path) -> None:
        self.url, self.root = url, root
        self.bucket = root / "bucket"
        self.bucket.mkdir(exist_ok=True)

    def put(self, name: str, data: bytes) -> str:
        path = self.bucket / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return f"{self.url}/bucket/{name}"

    def control(self, what: str, method: str = "GET", body: Any = None) -> Any:
        request = urllib.request.Request(
            f"{self.url}/_standin/{what}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read())

    def stats(self) -> dict[str, int]:
        found: dict[str, int] = self.control("stats")
        return found

    def fault(self, kind: str, **more: Any) -> None:
        self.control("faults", "POST", {"kind": kind, **more})


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    if not HUB_PYTHON.exists():
        pytest.skip("the hub's environment .venv is not there: make .venv/.made")
    root = tmp_path_factory.mktemp("s3")
    serve = Path(__file__).parents[1] / "bench/serve.py"
    with subprocess.Popen(
        [HUB_PYTHON, serve, root],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
    ) as server:
        assert server.stdout is not None
        url = server.stdout.readline().decode().strip()
        assert url, "the S3 stand-in did not start"
        yield S3(url, root)
        server.kill()


@pytest.fixture
def s3(s3_server: S3) -> S3:
    s3_server.control("faults", "DELETE")
    s3_server.control("options", "PUT", {})
    s3_server.control("reset", "POST", {})
    return s3_server


@pytest.fixture(autouse=True)
def scratch_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing leaks from test to test, onto the disk or into the real archive."""
    for name in ("DANDI_INSTANCE", "DANDI_API_KEY", "ARCHIVE_HUB_INDEX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("DANDI_INSTANCE", "http://127.0.0.1:9")
    monkeypatch.setenv("ARCHIVE_DATA_INDEX", "off")
    monkeypatch.setenv("ARCHIVE_DATA_FOLDER", str(tmp_path / "scratch"))
    cache.decoded.clear()
    ahead.store.clear()
    return tmp_path / "scratch"


class Archive:
    """The archive stand-in; what is put here is found through its API.

    Records are written in the layout that `hub_config.local.samples.shelf` describes.
    """

    def __init__(self, s3: S3) -> None:
        self.root = s3.root / "archive"
        self.url = f"{s3.url}/services/archive"
        self.storage = f"{s3.url}/services/s3"

    def put(
        self, path: str, data: bytes, dandiset: str = "000054", embargo: str = "OPEN"
    ) -> str:
        """Put an asset into the draft and the published version; return its number."""
        blob = str(uuid.uuid4())
        key = f"blobs/{blob[:3]}/{blob[3:6]}/{blob}"
        _write(self.root / "objects/dandiarchive" / key, data)
        digest = {"dandi:dandi-etag": hashlib.md5(data).hexdigest() + "-1"}
        kept = {"blob": blob, "size": len(data), "metadata": {"digest": digest}}
        return self._record(path, kept, dandiset, embargo)

    def put_zarr(self, path: str) -> str:
        """Put a Zarr there, whose objects are yet to be written; return its number."""
        number = str(uuid.uuid4())
        digest = {"dandi:dandi-zarr-checksum": f"{number.replace('-', '')}-9--999"}
        metadata = {"digest": digest, "encodingFormat": "application/x-zarr"}
        kept = {"zarr": number, "size": 999, "metadata": metadata}
        self._record(path, kept, "000054", "OPEN")
        return number

    def _record(
        self, path: str, kept: dict[str, Any], dandiset: str, embargo: str
    ) -> str:
        asset_id, time = str(uuid.uuid4()), "2021-08-19T15:47:00Z"
        versions = {"draft": time, "0.210819.1547": time}
        dandi = {
            "identifier": dandiset,
            "name": "n",
            "description": "d",
            "contact_person": "p",
            "versions": versions,
            "embargo_status": embargo,
            "owners": ["owner"],
        }
        said = {"asset_id": asset_id, "path": path, "versions": list(versions)}
        asset = {**said, "created": time, "modified": time, **kept}
        catalogue = self.root / "catalogue" / dandiset
        _write(catalogue / f"assets/{asset_id}.json", json.dumps(asset).encode())
        _write(catalogue / "dandiset.json", json.dumps(dandi).encode())
        return asset_id


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


@pytest.fixture
def archive(s3: S3, monkeypatch: pytest.MonkeyPatch) -> Archive:
    found = Archive(s3)
    monkeypatch.setenv("DANDI_INSTANCE", found.url)
    monkeypatch.setenv("AWS_ENDPOINT_URL", found.storage)
    return found
