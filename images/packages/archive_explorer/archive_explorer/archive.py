"""Lists what the archive has, page by page."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from archive_data.archive_api import api
from archive_data.web import get_json

DANDISETS = 20
ASSETS = 50


@dataclass(frozen=True)
class Listing:
    """One page of a list.

    Parameters
    ----------
    rows
        What is on it.
    count
        How many there are in all.
    page
        Its number, from 1.
    is_last
        Whether no page follows.
    """

    rows: list[dict[str, Any]]
    count: int
    page: int
    is_last: bool


def dandisets(search: str, page: int) -> Listing:
    """Return dandisets in which each word of `search` occurs.

    Raises
    ------
    archive_data.ArchiveDataError
        The archive does not answer, or has no such page.
    """
    query = {"page": page, "page_size": DANDISETS, "search": search, "empty": "false"}
    answer = get_json(f"{api()}/dandisets/?{urlencode(query)}")
    rows = [_dandiset(row) for row in answer["results"]]
    return Listing(rows, answer["count"], page, not answer["next"])


def _dandiset(row: dict[str, Any]) -> dict[str, Any]:
    version = row.get("most_recent_published_version") or row.get("draft_version") or {}
    return {
        "id": row["identifier"],
        "version": version.get("version", "draft"),
        "name": version.get("name", ""),
        "assets": version.get("asset_count"),
        "size": size(version.get("size")),
    }


def assets(dandiset: str, version: str, page: int) -> Listing:
    """Return the assets of a dandiset; errors as of `dandisets`."""
    query = {"page": page, "page_size": ASSETS, "order": "path"}
    place = f"{api()}/dandisets/{dandiset}/versions/{version}/assets/"
    answer = get_json(f"{place}?{urlencode(query)}")
    rows = [
        {"path": row["path"], "size": size(row.get("size"))}
        for row in answer["results"]
    ]
    return Listing(rows, answer["count"], page, not answer["next"])


def size(size_bytes: Any) -> str:
    """Return a size in words, in powers of 1000; empty if it is unknown."""
    if not isinstance(size_bytes, int | float):
        return ""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size_bytes < 1000:
            return f"{size_bytes:.3g} {unit}"
        size_bytes /= 1000
    return f"{size_bytes:.3g} TB"
