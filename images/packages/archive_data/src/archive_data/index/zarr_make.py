"""Makes the index of a Zarr: a listing, and the small objects that opening reads."""

from __future__ import annotations

from ..asset import Asset
from ..errors import NotReadable
from ..zarr_files import ZarrFiles
from .zarr_format import SIZES_MOST, ZarrIndex

#: Chunks up to this size are taken along, specifications up to the second; and no more
#: than the third in all.
_TINY_BYTES, _HANDY_BYTES, _MOST_BYTES = 4 << 10, 256 << 10, 8 << 20


def make(asset: Asset) -> ZarrIndex:
    """Make the index of a Zarr.

    Raises
    ------
    NotReadable
        It is no Zarr, or the archive has no digest of it.
    """
    if not asset.is_zarr or not asset.digest:
        raise NotReadable(
            f"{asset.path}: the archive knows no digest of it, by which an index "
            "could be found; open it by its dandiset and path"
        )
    files = ZarrFiles(asset.url, asset.digest, skip_instance_cache=True)
    sizes = files.sizes()
    objects = files.describing()
    total = 0
    wanted = []
    for key, size in sorted(sizes.items()):
        handy = key.startswith("specifications/") or files.is_text(key)
        if key in objects or size > (_HANDY_BYTES if handy else _TINY_BYTES):
            continue
        if files.is_described(key):
            continue
        total += size
        if total > _MOST_BYTES:
            break
        wanted.append(key)
    objects.update(files.stored(wanted))
    many = len(sizes) > SIZES_MOST
    return ZarrIndex(asset.digest, {} if many else sizes, objects)
