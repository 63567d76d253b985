"""Makes what the prebuilt ways need, beside the file on the server."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

from methods import Place


def prepare(place: Place) -> None:
    """Make the indexes of a file."""
    if place.is_zarr:
        _prepare_zarr(place)
        return
    _prepare_ours(place)
    base = place.path.name
    for maker, name in ((_make_lindi, "lindi"), (_make_kerchunk, "kerchunk")):
        target = place.path.with_name(f"{base}.{name}.json")
        if not target.exists():
            maker(place, target)
        # An index of lindi names the server, which has another port each time.
        text = re.sub(r"http://127\.0\.0\.1:\d+", place.server, target.read_text())
        target.write_text(text)


def _note(place: Place, digest: str, size: int) -> None:
    note = {"digest": digest, "size": size}
    place.path.with_suffix(".json").write_text(json.dumps(note))


def _prepare_ours(place: Place) -> None:
    from archive_data.blob import HttpBlob
    from archive_data.index import store
    from archive_data.index.make import make

    blob = HttpBlob(place.url)
    (place.folder / "indexes").mkdir(exist_ok=True)
    store.put(make(blob), place.folder / "indexes")
    _note(place, blob.identity, blob.size)


def _prepare_zarr(place: Place) -> None:
    from archive_data import Asset
    from archive_data.index import store, zarr_make

    files = sorted(p for p in place.path.rglob("*") if p.is_file())
    sizes = [(str(p.relative_to(place.path)), p.stat().st_size) for p in files]
    digest = f"{hashlib.sha256(repr(sizes).encode()).hexdigest()[:32]}-{len(files)}"
    total = sum(size for _, size in sizes)
    asset = Asset(place.name, place.url, total, digest, is_zarr=True)
    (place.folder / "indexes").mkdir(exist_ok=True)
    store.put_zarr(zarr_make.make(asset), place.folder / "indexes")
    _note(place, digest, total)


def _make_lindi(place: Place, target: Path) -> None:
    import lindi

    lindi.LindiH5pyFile.from_hdf5_file(place.url).write_lindi_file(str(target))


def _make_kerchunk(place: Place, target: Path) -> None:
    from kerchunk.hdf import SingleHdf5ToZarr

    with place.path.open("rb") as file:
        address = f"s3://bench/{place.name}.nwb"
        references = SingleHdf5ToZarr(
            file, address, inline_threshold=300, error="ignore"
        ).translate()
    target.write_text(json.dumps(references))
