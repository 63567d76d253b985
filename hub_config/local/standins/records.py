"""The catalogue in memory: read from its folder, and again when the folder changes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from hub_config.local.samples.shelf import (
    DRAFT,
    AssetRecord,
    DandisetRecord,
    Shelf,
    blob_key,
    zarr_key,
)


@dataclass(frozen=True)
class Dandiset:
    """A dandiset's record and its assets, in order of path."""

    record: DandisetRecord
    assets: tuple[AssetRecord, ...]

    @property
    def identifier(self) -> str:
        """Six digits."""
        return self.record.identifier

    @property
    def is_embargoed(self) -> bool:
        """Whether only its owners may see it."""
        return self.record.embargo_status != "OPEN"

    @property
    def latest(self) -> str | None:
        """The newest published version."""
        return max((v for v in self.record.versions if v != DRAFT), default=None)

    def assets_of(self, version: str) -> list[AssetRecord]:
        """Return the assets of a version."""
        return [asset for asset in self.assets if version in asset.versions]


@dataclass(frozen=True)
class Snapshot:
    """All dandisets at one moment, by identifier."""

    dandisets: dict[str, Dandiset] = field(default_factory=dict)

    @cached_property
    def assets(self) -> dict[str, tuple[Dandiset, AssetRecord]]:
        """Every asset by its id, with its dandiset."""
        return {
            asset.asset_id: (dandiset, asset)
            for dandiset in self.dandisets.values()
            for asset in dandiset.assets
        }

    @cached_property
    def zarrs(self) -> dict[str, tuple[Dandiset, AssetRecord]]:
        """Every Zarr by its id."""
        found = self.assets.values()
        return {pair[1].zarr: pair for pair in found if pair[1].zarr}

    @cached_property
    def embargoed_keys(self) -> frozenset[str]:
        """Keys of blobs, and prefixes of Zarrs, that only embargoed dandisets hold."""
        hidden: set[str] = set()
        public: set[str] = set()
        for dandiset, asset in self.assets.values():
            key = blob_key(asset.blob) if asset.blob else zarr_key(str(asset.zarr))
            (hidden if dandiset.is_embargoed else public).add(key)
        return frozenset(hidden - public)


class Catalogue:
    """The catalogue of a local archive.

    Parameters
    ----------
    shelf : Shelf
        Where it lies on disk.
    """

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._seen: object = None
        self._snapshot = Snapshot()

    @property
    def snapshot(self) -> Snapshot:
        """What the catalogue holds now."""
        seen = tuple(self._stamps())
        if seen != self._seen:
            self._snapshot = self._read()
            self._seen = seen
        return self._snapshot

    def zarr_entries(self, zarr_id: str) -> list[dict[str, Any]]:
        """Return the entries of a Zarr, in order of key."""
        entries: list[dict[str, Any]] = _load(self._shelf.zarr_file(zarr_id))
        return entries

    def is_embargoed(self, bucket: str, key: str) -> bool:
        """Say whether an object is hidden from the public."""
        hidden = self.snapshot.embargoed_keys
        return key in hidden or "/".join(key.split("/")[:2]) in hidden

    def _folders(self) -> Iterator[Path]:
        for record in sorted(self._shelf.catalogue.glob("*/dandiset.json")):
            yield record.parent

    def _stamps(self) -> Iterator[tuple[str, int]]:
        # Records come by rename, which changes the time of the folder around them.
        for folder in self._folders():
            for place in (folder, folder / "assets"):
                if place.exists():
                    yield str(place), place.stat().st_mtime_ns

    def _read(self) -> Snapshot:
        dandisets = {}
        for folder in self._folders():
            record = DandisetRecord(**_load(folder / "dandiset.json"))
            files = (folder / "assets").glob("*.json")
            assets = (AssetRecord(**_load(file)) for file in files)
            ordered = sorted(assets, key=lambda asset: asset.path)
            dandisets[record.identifier] = Dandiset(record, tuple(ordered))
        return Snapshot(dandisets)


def _load(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
