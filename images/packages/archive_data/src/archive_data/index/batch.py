"""Makes the indexes of all NWB assets of a dandiset; can be stopped and run again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import archive_api
from ..asset import Asset, of_row
from ..errors import (
    AccessDenied,
    ArchiveDataError,
    IndexRefused,
    UnknownReference,
)
from ..references import InDandiset, parse
from . import store
from .kinds import Kind, kind_of


@dataclass(frozen=True)
class Step:
    """One asset is done, or could not be; `error` says why."""

    number: int
    of: int
    path: str
    error: str = ""


def make_all(reference: str, folder: Path | None) -> Iterator[Step]:
    """Make what is missing, one asset after the other.

    Parameters
    ----------
    reference : str
        A dandiset, with a version or without.
    folder : Path, optional
        Where the indexes go.

    Yields
    ------
    Step
        After each asset; those that are there already take no time.
    """
    kinds = (".nwb", ".zarr")
    assets = [asset for asset in list_assets(reference) if asset.path.endswith(kinds)]
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    for n, asset in enumerate(assets, 1):
        error = ""
        try:
            _make_one(asset, folder or store.local_folder())
        except AccessDenied:
            raise
        except ArchiveDataError as found:
            error = str(found)
        yield Step(n, len(assets), asset.path, error)


def _make_one(asset: Asset, folder: Path) -> None:
    kind: Kind[Any] = kind_of(asset)
    if not _is_good(kind, folder / kind.name):
        kind.put(kind.make(), folder)


def _is_good(kind: Kind[Any], path: Path) -> bool:
    """Tell whether there is an index that is not damaged, nor of another version."""
    try:
        return path.exists() and kind.find(path) is not None
    except IndexRefused:
        return False


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
