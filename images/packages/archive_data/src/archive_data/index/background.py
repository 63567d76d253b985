"""Makes one index in a process of its own: ``python -m archive_data.index.background``.

The folder is its argument; standard input names the blob in JSON.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from ..asset import Asset
from ..blob import HttpBlob
from . import store
from .make import make


def main() -> None:
    """Make the index, politely."""
    os.nice(10)
    folder = Path(sys.argv[1])
    task = json.loads(sys.stdin.read())
    if "zarr" in task:
        _make_zarr(folder, task["zarr"], task["digest"])
        return
    blob = HttpBlob(task["url"], int(task["size"]), digest=task["digest"])
    path = folder / (blob.key + store.SUFFIX)
    if not path.exists():
        store.alone(path, lambda: store.put(make(blob), folder))


def _make_zarr(folder: Path, url: str, digest: str) -> None:
    from .zarr_make import make as make_zarr

    path = folder / store.zarr_name(digest)
    asset = Asset(url, url, digest=digest, is_zarr=True)
    if not path.exists():
        store.alone(path, lambda: store.put_zarr(make_zarr(asset), folder))


if __name__ == "__main__":
    main()
