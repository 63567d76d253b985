"""Lists as the archive gives them: selected, ordered, in pages; and its errors."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NoReturn, TypeVar

from aiohttp import web

from hub_config.local.samples.shelf import DRAFT, AssetRecord
from hub_config.local.standins.records import Dandiset

PAGE_SIZE = 100
MAX_PAGE_SIZE = 1000

_Item = TypeVar("_Item")
_STATUS = {
    400: web.HTTPBadRequest,
    401: web.HTTPUnauthorized,
    403: web.HTTPForbidden,
    404: web.HTTPNotFound,
}


def json_error(status: int, detail: str) -> NoReturn:
    """Refuse in the words of the archive: `{"detail": ...}`."""
    text = json.dumps({"detail": detail})
    raise _STATUS[status](text=text, content_type="application/json")


def page_of(
    request: web.Request,
    items: Sequence[_Item],
    row: Callable[[_Item], dict[str, Any]],
    counts_later_pages: bool = False,
) -> web.Response:
    """Answer with the page that was asked for.

    Parameters
    ----------
    request : web.Request
        With `page` and `page_size`.
    items : sequence
        The whole list.
    row : callable
        Makes an item's line.
    counts_later_pages : bool
        Whether `count` is a number beyond the first page: not for assets.
    """
    size = limit_of(request.query.get("page_size"), PAGE_SIZE)
    number = _page_number(request.query.get("page", "1"))
    start = (number - 1) * size
    if number > 1 and start >= len(items):
        json_error(404, "Invalid page.")

    def address(page: int) -> str:
        return str(request.url.update_query(page=str(page)))

    counted = number == 1 or counts_later_pages
    return web.json_response(
        {
            "count": len(items) if counted else None,
            "next": address(number + 1) if start + size < len(items) else None,
            "previous": address(number - 1) if number > 1 else None,
            "results": [row(item) for item in items[start : start + size]],
        }
    )


def limit_of(asked: str | None, default: int = MAX_PAGE_SIZE) -> int:
    """Read a page size; the archive takes its own for one that makes no sense."""
    if asked and asked.isascii() and asked.isdecimal() and int(asked) > 0:
        return min(int(asked), MAX_PAGE_SIZE)
    return default


def _page_number(asked: str) -> int:
    if not (asked.isascii() and asked.isdecimal()) or int(asked) == 0:
        json_error(404, "Invalid page.")
    return int(asked)


def selected(
    assets: Iterable[AssetRecord], query: Mapping[str, str]
) -> list[AssetRecord]:
    """Apply `path` (a prefix, unless a whole path matches), `glob` and `zarr`."""
    found = list(assets)
    if path := query.get("path", "").casefold():
        exact = [asset for asset in found if asset.path.casefold() == path]
        found = exact or [a for a in found if a.path.casefold().startswith(path)]
    if glob := query.get("glob"):
        parts = (re.escape(part) for part in glob.split("*"))
        pattern = re.compile(".*".join(parts), re.IGNORECASE | re.DOTALL)
        found = [asset for asset in found if pattern.fullmatch(asset.path)]
    if query.get("zarr") in ("true", "false"):
        wanted = query["zarr"] == "true"
        found = [asset for asset in found if (asset.zarr is not None) == wanted]
    return found


def sort_assets(assets: Sequence[AssetRecord], order: str) -> list[AssetRecord]:
    """Order by `created`, `modified` or `path`; a hyphen in front turns it round."""
    name = order.removeprefix("-")
    if name not in ("created", "modified", "path"):
        json_error(400, f"order: {order!r} is not a field to order by")

    def key(asset: AssetRecord) -> tuple[str, str]:
        return str(getattr(asset, name)), asset.path

    return sorted(assets, key=key, reverse=order.startswith("-"))


def sort_dandisets(dandisets: Iterable[Dandiset], order: str) -> list[Dandiset]:
    """Order as `ordering` says; what the archive does not know leaves the order."""
    keys: dict[str, Callable[[Dandiset], Any]] = {
        "id": lambda d: d.identifier,
        "name": lambda d: d.record.name,
        "created": lambda d: min(d.record.versions.values()),
        "modified": lambda d: max(a.modified for a in d.assets) if d.assets else "",
        "size": lambda d: sum(asset.size for asset in d.assets_of(DRAFT)),
    }
    key = keys.get(order.removeprefix("-"), keys["id"])
    return sorted(dandisets, key=key, reverse=order.startswith("-"))


def is_wanted(dandiset: Dandiset, query: Mapping[str, str], metadata: str) -> bool:
    """Apply `draft`, `empty` and `search` of a list of dandisets.

    Parameters
    ----------
    dandiset : Dandiset
        The candidate.
    query : mapping
        Parameters of the request.
    metadata : str
        Text of its metadata, in which each searched word must occur.
    """
    if query.get("draft") == "false" and dandiset.latest is None:
        return False
    if query.get("empty") == "false" and not dandiset.assets_of(DRAFT):
        return False
    text = metadata.casefold()
    return all(word in text for word in query.get("search", "").casefold().split())
