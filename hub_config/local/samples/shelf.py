"""Where the local archive keeps things on disk, and how they get there whole.

Layout below one folder::

    objects/dandiarchive/blobs/aaa/bbb/UUID    the bucket, keys as in the real one
    objects/dandiarchive/zarr/UUID/...
    catalogue/000054/dandiset.json             one record per dandiset
    catalogue/000054/assets/ASSET_ID.json      one record per asset
    catalogue/zarr/UUID.json                   entries of a Zarr, with their MD5
    incoming/                                  half-made things, swept at the next start
    made/                                      a receipt per sample, then `complete`

Objects come first, records last, each by a rename: a reader finds an asset whole or not
at all, and two writers never touch one file. Only the standard library is used, because
the hub's environment reads what the user environment writes.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

BUCKET = "dandiarchive"
DRAFT = "draft"
# Makes our identifiers differ from the real archive's.
_OURS = "archive-hub local archive"
_BLOCK_BYTES = 1 << 20


def stable_uuid(*words: str) -> str:
    """Make the same UUID from the same words each time.

    Its version says 4, "random", because dandischema takes no other for an asset.
    """
    seed = hashlib.sha256("\n".join((_OURS, *words)).encode()).digest()
    return str(uuid.UUID(bytes=seed[:16], version=4))


def now() -> str:
    """Return the time as the archive writes it."""
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def blob_key(blob_id: str) -> str:
    """Return the key of a blob in the bucket."""
    return f"blobs/{blob_id[:3]}/{blob_id[3:6]}/{blob_id}"


def zarr_key(zarr_id: str) -> str:
    """Return the prefix of a Zarr's keys, without the closing slash."""
    return f"zarr/{zarr_id}"


@dataclass(frozen=True)
class DandisetRecord:
    """What the archive holds about a dandiset.

    Parameters
    ----------
    identifier : str
        Six digits.
    name, description, contact_person : str
        For people.
    versions : mapping of str to str
        Version to the time it was made; `draft` is always there.
    metadata : mapping
        More fields of the dandiset's metadata (`contributor`, `license`, `keywords`).
    embargo_status : str
        `OPEN` or `EMBARGOED`.
    owners : list of str
        Account names of people who see it while it is embargoed.
    """

    identifier: str
    name: str
    description: str
    contact_person: str
    versions: dict[str, str]
    metadata: dict[str, Any] = field(default_factory=dict)
    embargo_status: str = "OPEN"
    owners: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class AssetRecord:
    """What the archive holds about an asset; exactly one of `blob` and `zarr` is set.

    Parameters
    ----------
    asset_id : str
        UUID.
    path : str
        Path inside the dandiset.
    size : int
        Bytes.
    created, modified : str
        Times, ISO 8601.
    versions : list of str
        Versions of the dandiset that hold it.
    metadata : mapping
        The asset's metadata; addresses are left out, they are known when asked.
    blob, zarr : str or None
        UUID of the object, or of the Zarr.
    """

    asset_id: str
    path: str
    size: int
    created: str
    modified: str
    versions: list[str]
    metadata: dict[str, Any]
    blob: str | None = None
    zarr: str | None = None


class Shelf:
    """One local archive on disk.

    Parameters
    ----------
    root : Path
        Its folder; made when something is put there.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.objects = root / "objects"
        self.bucket = self.objects / BUCKET
        self.catalogue = root / "catalogue"
        self.incoming = root / "incoming"
        self.made = root / "made"
        self.complete = self.made / "complete"

    @property
    def is_complete(self) -> bool:
        """Whether every sample has been made."""
        return self.complete.exists()

    def dandiset_file(self, identifier: str) -> Path:
        """Return the place of a dandiset's record."""
        return self.catalogue / identifier / "dandiset.json"

    def asset_file(self, identifier: str, asset_id: str) -> Path:
        """Return the place of an asset's record."""
        return self.catalogue / identifier / "assets" / f"{asset_id}.json"

    def zarr_file(self, zarr_id: str) -> Path:
        """Return the place of the list of a Zarr's entries."""
        return self.catalogue / "zarr" / f"{zarr_id}.json"

    @contextmanager
    def workspace(self) -> Iterator[Path]:
        """Lend a folder on the same disk, gone afterwards."""
        self.incoming.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            dir=self.incoming, prefix=f"{os.getpid()}-"
        ) as place:
            yield Path(place)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other writers out while several records change together."""
        self.root.mkdir(parents=True, exist_ok=True)
        with open(self.root / "lock", "a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def assets(self, identifier: str) -> list[AssetRecord]:
        """Read the records of a dandiset's assets."""
        files = (self.catalogue / identifier / "assets").glob("*.json")
        return [AssetRecord(**json.loads(file.read_text("utf-8"))) for file in files]

    def leave_draft(self, identifier: str, record: AssetRecord) -> None:
        """Take an asset out of the draft; published versions keep it."""
        kept = [version for version in record.versions if version != DRAFT]
        if kept:
            self.write_asset(identifier, replace(record, versions=kept))
        else:
            self.asset_file(identifier, record.asset_id).unlink()

    def sweep(self) -> None:
        """Remove what dead processes left half-made."""
        for place in self.incoming.glob("*-*"):
            pid = place.name.partition("-")[0]
            if pid.isdecimal() and not _is_alive(int(pid)):
                shutil.rmtree(place, ignore_errors=True)

    def put_blob(self, source: Path, blob_id: str) -> None:
        """Move a file of `workspace` into the bucket."""
        target = self.bucket / blob_key(blob_id)
        target.parent.mkdir(parents=True, exist_ok=True)
        # The same id is the same content; leaving it keeps its ETag.
        if not target.exists():
            os.replace(source, target)

    def put_zarr(self, source: Path, zarr_id: str) -> None:
        """Move a folder of `workspace` into the bucket, and list its entries."""
        target = self.bucket / zarr_key(zarr_id)
        entries = zarr_entries(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            os.rename(source, target)
        self._write(self.zarr_file(zarr_id), entries)

    def write_dandiset(self, record: DandisetRecord) -> None:
        """Write or replace a dandiset's record."""
        self._write(self.dandiset_file(record.identifier), asdict(record))

    def create_dandiset(self, record: DandisetRecord) -> bool:
        """Write a dandiset's record unless there is one; say whether it was written."""
        target = self.dandiset_file(record.identifier)
        with self.workspace() as place:
            written = _dump(place / "record", asdict(record))
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(written, target)
            except FileExistsError:
                return False
        return True

    def write_asset(self, identifier: str, record: AssetRecord) -> None:
        """Write an asset's record: from here on the archive has it."""
        self._write(self.asset_file(identifier, record.asset_id), asdict(record))

    def _write(self, target: Path, content: object) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        with self.workspace() as place:
            os.replace(_dump(place / "record", content), target)


def zarr_entries(folder: Path) -> list[dict[str, Any]]:
    """List a Zarr's files as the archive does; the `ETag` is the MD5."""
    entries = []
    for path in folder.rglob("*"):
        if path.is_file():
            status = path.stat()
            changed = datetime.fromtimestamp(status.st_mtime, UTC)
            entries.append(
                {
                    "Key": path.relative_to(folder).as_posix(),
                    "LastModified": changed.isoformat(),
                    "ETag": digest(path, "md5"),
                    "Size": status.st_size,
                }
            )
    return sorted(entries, key=lambda entry: str(entry["Key"]))


def digest(path: Path, algorithm: str) -> str:
    """Return the hex digest of a file, read in pieces."""
    hasher = hashlib.new(algorithm, usedforsecurity=False)
    with open(path, "rb") as file:
        while block := file.read(_BLOCK_BYTES):
            hasher.update(block)
    return hasher.hexdigest()


def _dump(path: Path, content: object) -> Path:
    with open(path, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1, sort_keys=True, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    return path


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
