"""A stand-in of the archive's data endpoints: what people and clients find there.

The unmodified `dandi` client lists, searches and downloads here. Addresses in the
answers are those by which the asker came, so a state folder may move to another port.
Every path works with and without its closing slash, below any prefix. The people
endpoints (`/users/...`) are elsewhere and share the application.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from aiohttp import web
from yarl import URL

from hub_config.local.samples.shelf import DRAFT, AssetRecord, Shelf
from hub_config.local.standins import answers, catalogue_page
from hub_config.local.standins.answers import Addresses
from hub_config.local.standins.paging import (
    is_wanted,
    json_error,
    limit_of,
    page_of,
    selected,
    sort_assets,
    sort_dandisets,
)
from hub_config.local.standins.records import Catalogue, Dandiset


def _nobody(request: web.Request) -> str | None:
    return None


@dataclass
class Archive:
    """The archive's data endpoints over one folder.

    Parameters
    ----------
    folder : Path
        The local archive, see `hub_config.local.samples.shelf`.
    prefix : str
        Path by which clients reach it, such as `/services/archive`.
    storage_prefix : str
        Path (on the same host) or whole address of the S3 stand-in.
    account_of : callable
        Given a request, names the person who makes it, or None.
    """

    folder: Path
    prefix: str = ""
    storage_prefix: str = "/services/s3"
    account_of: Callable[[web.Request], str | None] = _nobody

    def __post_init__(self) -> None:
        self.catalogue = Catalogue(Shelf(self.folder))

    def add_discovery(self, root_app: web.Application) -> None:
        """Let clients find the archive from the root of the port.

        The `dandi` client drops the path of `DANDI_INSTANCE` and asks `/server-info`.
        """
        root_app.router.add_get("/server-info", self._info)

    def add_routes(self, app: web.Application, below: str = "") -> None:
        """Serve in `app`, beside whatever else it serves.

        Parameters
        ----------
        app : web.Application
            A sub-application at `prefix`, or any application.
        below : str
            Path in `app` itself: empty in a sub-application, else the prefix.
        """
        version = "/api/dandisets/{id}/versions/{version}"
        routes = {
            "/dandiset/{id}{rest:.*}": self._page,
            "/server-info": self._info,
            "/api/info": self._info,
            "/api/dandisets": self._dandisets,
            "/api/dandisets/{id}": self._dandiset,
            "/api/dandisets/{id}/versions": self._versions,
            version: self._version,
            f"{version}/info": self._version_info,
            f"{version}/assets": self._assets,
            "/api/zarr/{zarr_id}/files": self._zarr_files,
        }
        for base in ("/api", version):
            routes[f"{base}/assets/{{asset_id}}"] = self._asset
            routes[f"{base}/assets/{{asset_id}}/info"] = self._asset_info
            routes[f"{base}/assets/{{asset_id}}/download"] = self._download
        for path, handler in routes.items():
            app.router.add_get(below + path + "{slash:/?}", handler)
        for root in {below, f"{below}/"}:
            app.router.add_get(root, self._page)

    def _at(self, request: web.Request) -> Addresses:
        host = f"{request.scheme}://{request.host}"
        storage = self.storage_prefix
        return Addresses(
            archive=host + self.prefix,
            storage=storage if "://" in storage else host + storage,
        )

    async def _page(self, request: web.Request) -> web.Response:
        wanted = request.match_info.get("id")
        found = [self._find(request)] if wanted else self._visible()
        text = catalogue_page.page(found, self._at(request))
        return web.Response(text=text, content_type="text/html")

    async def _info(self, request: web.Request) -> web.Response:
        return web.json_response(answers.info(self._at(request)))

    async def _dandisets(self, request: web.Request) -> web.Response:
        person = self.account_of(request)
        if request.query.get("embargoed") == "true":
            if person is None:
                json_error(401, "Authentication credentials were not provided.")
            found = self._visible(person)
        else:
            found = self._visible()
        at = self._at(request)
        found = [d for d in found if is_wanted(d, request.query, _text(d, at))]
        if request.query.get("user") == "me":
            found = [d for d in found if person in d.record.owners]
        found = sort_dandisets(found, request.query.get("ordering") or "id")
        return page_of(request, found, answers.dandiset, counts_later_pages=True)

    async def _dandiset(self, request: web.Request) -> web.Response:
        return web.json_response(answers.dandiset(self._find(request)))

    async def _versions(self, request: web.Request) -> web.Response:
        dandiset = self._find(request)
        names = sorted(dandiset.record.versions, key=lambda v: (v == DRAFT, v))
        if request.query.get("order") == "-created":
            names.reverse()
        return page_of(
            request,
            names,
            lambda name: answers.version(dandiset, name),
            counts_later_pages=True,
        )

    async def _version(self, request: web.Request) -> web.Response:
        dandiset, version = self._find_version(request)
        at = self._at(request)
        return web.json_response(answers.version_metadata(dandiset, version, at))

    async def _version_info(self, request: web.Request) -> web.Response:
        dandiset, version = self._find_version(request)
        at = self._at(request)
        return web.json_response(answers.version_info(dandiset, version, at))

    async def _assets(self, request: web.Request) -> web.Response:
        dandiset, version = self._find_version(request)
        at, query = self._at(request), request.query
        found = selected(dandiset.assets_of(version), query)
        found = sort_assets(found, query.get("order") or "created")

        def row(asset: AssetRecord) -> dict[str, Any]:
            shown = answers.asset(asset)
            if query.get("metadata") == "true":
                shown["metadata"] = answers.asset_metadata(dandiset, asset, at)
            return shown

        return page_of(request, found, row)

    async def _asset(self, request: web.Request) -> web.Response:
        dandiset, asset = self._find_asset(request)
        at = self._at(request)
        return web.json_response(answers.asset_metadata(dandiset, asset, at))

    async def _asset_info(self, request: web.Request) -> web.Response:
        dandiset, asset = self._find_asset(request)
        metadata = answers.asset_metadata(dandiset, asset, self._at(request))
        return web.json_response({**answers.asset(asset), "metadata": metadata})

    async def _download(self, request: web.Request) -> NoReturn:
        _, asset = self._find_asset(request)
        if asset.zarr:
            json_error(400, "Unable to provide download link for zarr assets.")
        name = asset.path.rpartition("/")[2].replace('"', "")
        query = {"response-content-disposition": f'attachment; filename="{name}"'}
        raise web.HTTPFound(_presigned(self._at(request).content(asset), query))

    async def _zarr_files(self, request: web.Request) -> web.Response:
        zarr_id, query = request.match_info["zarr_id"], request.query
        if zarr_id not in self.catalogue.snapshot.zarrs:
            json_error(404, "Not found.")
        dandiset, _ = self.catalogue.snapshot.zarrs[zarr_id]
        self._require_access(request, dandiset)
        prefix, after = query.get("prefix", ""), query.get("after", "")
        if request.method == "HEAD" or query.get("download") == "true":
            address = self._at(request).entry(zarr_id, prefix)
            raise web.HTTPFound(_presigned(address, {}))
        limit = limit_of(query.get("limit"))
        found = [
            entry
            for entry in self.catalogue.zarr_entries(zarr_id)
            if entry["Key"].startswith(prefix) and entry["Key"] > after
        ]
        shown, following = found[:limit], None
        if len(found) > limit:
            following = str(request.url.update_query(after=shown[-1]["Key"]))
        return web.json_response({"next": following, "results": shown})

    def _visible(self, person: str | None = None) -> list[Dandiset]:
        return [
            dandiset
            for dandiset in self.catalogue.snapshot.dandisets.values()
            if not dandiset.is_embargoed or person in dandiset.record.owners
        ]

    def _require_access(self, request: web.Request, dandiset: Dandiset) -> None:
        if not dandiset.is_embargoed:
            return
        person = self.account_of(request)
        if person is None:
            json_error(401, "Authentication credentials were not provided.")
        if person not in dandiset.record.owners:
            json_error(403, "You do not have permission to perform this action.")

    def _find(self, request: web.Request) -> Dandiset:
        dandiset = self.catalogue.snapshot.dandisets.get(request.match_info["id"])
        if dandiset is None:
            json_error(404, "No Dandiset matches the given query.")
        self._require_access(request, dandiset)
        return dandiset

    def _find_version(self, request: web.Request) -> tuple[Dandiset, str]:
        dandiset, version = self._find(request), request.match_info["version"]
        if version not in dandiset.record.versions:
            json_error(404, "No Version matches the given query.")
        return dandiset, version

    def _find_asset(self, request: web.Request) -> tuple[Dandiset, AssetRecord]:
        found = self.catalogue.snapshot.assets.get(request.match_info["asset_id"])
        if found is None:
            json_error(404, "No Asset matches the given query.")
        dandiset, asset = found
        self._require_access(request, dandiset)
        if "version" in request.match_info:
            inside, version = self._find_version(request)
            if inside is not dandiset or version not in asset.versions:
                json_error(404, "No Asset matches the given query.")
        return dandiset, asset


def _text(dandiset: Dandiset, at: Addresses) -> str:
    metadata = answers.version_metadata(dandiset, dandiset.latest or DRAFT, at)
    return json.dumps(metadata, ensure_ascii=False)


def _presigned(address: str, query: dict[str, str]) -> URL:
    """Sign as the archive does; the S3 stand-in believes every signature."""
    signed = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Expires": "21600",
        "X-Amz-Signature": "stand-in",
        **query,
    }
    return URL(address, encoded=True).update_query(signed)
