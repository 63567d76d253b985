"""The shapes of the archive's answers: from records and addresses to plain data.

Taken from the serializers of dandi/dandi-archive at 3e3c3c9c584a (2026-08-20).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from hub_config.local.samples.shelf import (
    BUCKET,
    DRAFT,
    AssetRecord,
    blob_key,
    zarr_key,
)
from hub_config.local.standins.records import Dandiset

SCHEMA_VERSION = "0.8.0"
_ALLOWED_SCHEMA_VERSIONS = ["0.6.8", "0.6.10", "0.7.0", SCHEMA_VERSION]
_SCHEMA_URL = "https://raw.githubusercontent.com/dandi/schema/master/releases"


@dataclass(frozen=True)
class Addresses:
    """Where things are for the one who asks now.

    Parameters
    ----------
    archive, storage : str
        Addresses of the two stand-ins, without a closing slash.
    """

    archive: str
    storage: str

    @property
    def api(self) -> str:
        """Address of the archive's API."""
        return f"{self.archive}/api"

    def download(self, asset_id: str) -> str:
        """Address that leads to an asset's bytes."""
        return f"{self.api}/assets/{asset_id}/download/"

    def content(self, asset: AssetRecord) -> str:
        """Address of a blob, or of a Zarr's folder, in the bucket."""
        if asset.blob:
            return f"{self.storage}/{BUCKET}/{blob_key(asset.blob)}"
        return f"{self.storage}/{BUCKET}/{zarr_key(str(asset.zarr))}/"

    def entry(self, zarr_id: str, key: str) -> str:
        """Address of one file of a Zarr."""
        return f"{self.storage}/{BUCKET}/{zarr_key(zarr_id)}/{quote(key)}"


def info(at: Addresses) -> dict[str, Any]:
    """Answer `/info/`."""
    return {
        "instance_config": {
            "instance_name": "DANDI",
            "instance_identifier": None,
            "instance_url": at.archive,
        },
        "schema_version": SCHEMA_VERSION,
        "schema_url": f"{_SCHEMA_URL}/{SCHEMA_VERSION}/dandiset.json",
        "allowed_schema_versions": _ALLOWED_SCHEMA_VERSIONS,
        "version": "0.0.0+stand-in",
        "cli-minimal-version": "0.60.0",
        "cli-requires-python": ">=3.10",
        "cli-bad-versions": [],
        "services": {
            "api": {"url": at.api},
            "webui": {"url": at.archive},
            "jupyterhub": {"url": at.archive},
        },
    }


def version(dandiset: Dandiset, name: str) -> dict[str, Any]:
    """Describe a version in a line of a list."""
    assets = dandiset.assets_of(name)
    created = dandiset.record.versions[name]
    return {
        "version": name,
        "name": dandiset.record.name,
        "asset_count": len(assets),
        "size": sum(asset.size for asset in assets),
        "status": "Valid" if name == DRAFT else "Published",
        "created": created,
        "modified": max([created, *(asset.modified for asset in assets)]),
    }


def dandiset(dandiset: Dandiset) -> dict[str, Any]:
    """Describe a dandiset."""
    draft = version(dandiset, DRAFT)
    published = dandiset.latest and version(dandiset, dandiset.latest)
    return {
        "identifier": dandiset.identifier,
        "created": min(dandiset.record.versions.values()),
        "modified": draft["modified"],
        "contact_person": dandiset.record.contact_person,
        "embargo_status": dandiset.record.embargo_status,
        "star_count": 0,
        "is_starred": False,
        "draft_version": draft,
        "most_recent_published_version": published,
    }


def version_info(dandiset_: Dandiset, name: str, at: Addresses) -> dict[str, Any]:
    """Answer `.../versions/{v}/info/`: the envelope around the metadata."""
    return {
        **version(dandiset_, name),
        "dandiset": dandiset(dandiset_),
        "active_uploads": 0,
        "metadata": version_metadata(dandiset_, name, at),
        "asset_validation_errors": [],
        "version_validation_errors": [],
        "contact_person": dandiset_.record.contact_person,
        "release_notes": None,
    }


def version_metadata(dandiset: Dandiset, name: str, at: Addresses) -> dict[str, Any]:
    """Answer `.../versions/{v}/`: what `dandiset.yaml` holds."""
    record = dandiset.record
    identifier = f"DANDI:{record.identifier}"
    manifest = f"{at.api}/dandisets/{record.identifier}/versions/{name}/assets/"
    return {
        "@context": f"{_SCHEMA_URL}/{SCHEMA_VERSION}/context.json",
        "id": f"{identifier}/{name}",
        "identifier": identifier,
        "url": f"{at.archive}/dandiset/{record.identifier}/{name}",
        "version": name,
        "name": record.name,
        "description": record.description,
        "citation": f"{record.name}. Version {name}. {identifier}.",
        "dateCreated": min(record.versions.values()),
        "access": [_access(dandiset)],
        "repository": at.archive,
        "manifestLocation": [manifest],
        "assetsSummary": _summary(dandiset.assets_of(name)),
        "schemaKey": "Dandiset",
        "schemaVersion": SCHEMA_VERSION,
        **record.metadata,
    }


def asset(asset: AssetRecord) -> dict[str, Any]:
    """Describe an asset in a line of a list."""
    return {
        "asset_id": asset.asset_id,
        "blob": asset.blob,
        "zarr": asset.zarr,
        "path": asset.path,
        "size": asset.size,
        "created": asset.created,
        "modified": asset.modified,
    }


def asset_metadata(
    dandiset: Dandiset, asset: AssetRecord, at: Addresses
) -> dict[str, Any]:
    """Answer `/assets/{id}/`."""
    return {
        "@context": f"{_SCHEMA_URL}/{SCHEMA_VERSION}/context.json",
        "schemaVersion": SCHEMA_VERSION,
        **asset.metadata,
        "schemaKey": "Asset",
        "id": f"dandiasset:{asset.asset_id}",
        "identifier": asset.asset_id,
        "path": asset.path,
        "contentSize": asset.size,
        "contentUrl": [at.download(asset.asset_id), at.content(asset)],
        "access": [_access(dandiset)],
        "repository": at.archive,
    }


def _access(dandiset: Dandiset) -> dict[str, Any]:
    status = "EmbargoedAccess" if dandiset.is_embargoed else "OpenAccess"
    return {"schemaKey": "AccessRequirements", "status": f"dandi:{status}"}


def _summary(assets: Iterable[AssetRecord]) -> dict[str, Any]:
    held = list(assets)
    subjects = [
        person
        for asset in held
        for person in asset.metadata.get("wasAttributedTo") or ()
    ]
    summary = {
        "schemaKey": "AssetsSummary",
        "numberOfBytes": sum(asset.size for asset in held),
        "numberOfFiles": len(held),
        "numberOfSubjects": len({s.get("identifier") for s in subjects}),
        "species": _distinct(s.get("species") for s in subjects),
    }
    for name in ("approach", "measurementTechnique", "dataStandard"):
        summary[name] = _distinct(
            item for asset in held for item in asset.metadata.get(name) or ()
        )
    measured = (v for a in held for v in a.metadata.get("variableMeasured") or ())
    summary["variableMeasured"] = sorted({item["value"] for item in measured})
    return summary


def _distinct(items: Iterable[dict[str, Any] | None]) -> list[dict[str, Any]]:
    return list({str(item): item for item in items if item}.values())
