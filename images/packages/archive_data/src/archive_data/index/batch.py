"""Makes the indexes of all HDF5 assets of a dandiset; can be stopped and run again."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .. import archive_api
from ..asset import Asset, of_row
from ..errors import AccessDenied, ArchiveDataError, UnknownReference
from ..references import InDandiset, parse
from . import store
from .make import make


def make_all(reference: str, folder: Path | None) -> int:
    """Make what is missing, with a line for each asset that could not be done.

    Parameters
    ----------
    reference : str
        A dandiset, with a version or without.
    folder : Path, optional
        Where the indexes go.

    Returns
    -------
    int
        0, or 1 if some could not be made.
    """
    assets = [asset for asset in list_assets(reference) if asset.path.endswith(".nwb")]
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    failed = 0
    for n, asset in enumerate(assets, 1):
        _progress(n, len(assets), asset.path)
        try:
            _make_one(asset, folder or store.local_folder())
        except AccessDenied:
            raise
        except ArchiveDataError as error:
            failed += 1
            print(f"\r{asset.path}: {error}", file=sys.stderr)
    print(
        f"\r{len(assets) - failed} of {len(assets)} indexes are there", file=sys.stderr
    )
    return 1 if failed else 0


def _make_one(asset: Asset, folder: Path) -> None:
    if asset.is_zarr:
        return
    blob = asset.blob
    if not (folder / (blob.key + store.SUFFIX)).exists():
        store.put(make(blob), folder)


def list_assets(reference: str) -> Iterator[Asset]:
    """Yield all assets of a dandiset."""
    place = parse(reference)
    if not isinstance(place, InDandiset):
        raise UnknownReference(
            f"{reference!r}: is no dandiset; write DANDI:000054/0.210819.1547"
        )
    base = archive_api.api()
    for row in archive_api.rows(base, place):
        yield of_row(base, row)


def _progress(n: int, of: int, what: Any) -> None:
    if sys.stderr.isatty():
        bar = "#" * (30 * n // of)
        print(f"\r[{bar:30}] {n}/{of} {what!s:.60}", end="", file=sys.stderr)
