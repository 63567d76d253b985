"""A stand-in of S3 over a folder: read-only, path style, one folder a bucket.

It answers what readers of an open bucket ask: GetObject with a range and conditions,
HeadObject, ListObjectsV2, ListBuckets, HeadBucket, GetBucketLocation. Files go from
the disk to the socket by sendfile and are never held in memory. Signatures are
believed, not verified: a signed request may read embargoed objects, an anonymous one
may not.

Beside the buckets lies `/_standin/` (no bucket's name begins with an underscore):
`GET stats`, `POST reset`, `PUT options` and `POST`/`DELETE faults`, in JSON.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote

from aiohttp import web
from pydantic import BaseModel, ValidationError

from hub_config.local.standins import storage_xml
from hub_config.local.standins.delivery import Delivery, hang_up
from hub_config.local.standins.listing import (
    MAX_KEYS,
    ListingError,
    Query,
    list_page,
    read_token,
)
from hub_config.local.standins.network import Fault, Network, Options
from hub_config.local.standins.objects import (
    NoSuchBucket,
    NoSuchKey,
    bucket_folder,
    open_object,
)
from hub_config.local.standins.refused import Refused, xml_response

_FAULT_CODES = {"slow_down": "SlowDown", "expired": "ExpiredToken"}
_Message = TypeVar("_Message", bound=BaseModel)


def _nothing_is_embargoed(bucket: str, key: str) -> bool:
    return False


@dataclass
class Storage:
    """Buckets to serve.

    Parameters
    ----------
    root : Path
        Folder of the buckets.
    network : Network
        Speed, faults and counters.
    is_embargoed : callable
        Given bucket and key, says whether the object is hidden from the public.
    region : str
        What GetBucketLocation answers.
    """

    root: Path
    network: Network = field(default_factory=Network)
    is_embargoed: Callable[[str, str], bool] = _nothing_is_embargoed
    region: str = "us-east-2"

    def add_routes(self, app: web.Application, prefix: str = "") -> None:
        """Serve below `prefix` (such as `/services/s3`) of an application."""
        control = f"{prefix}/_standin"
        app.router.add_get(f"{control}/stats", self._stats)
        app.router.add_post(f"{control}/reset", self._reset)
        app.router.add_put(f"{control}/options", self._set_options)
        app.router.add_post(f"{control}/faults", self._add_fault)
        app.router.add_delete(f"{control}/faults", self._clear_faults)

        async def answer(request: web.Request) -> web.StreamResponse:
            raw = request.rel_url.raw_path.removeprefix(prefix)
            return await self._answer(request, raw.lstrip("/"))

        app.router.add_route("*", f"{prefix}/{{path:.*}}", answer)

    async def _answer(self, request: web.Request, raw_path: str) -> web.StreamResponse:
        kind = "list" if "/" not in raw_path.rstrip("/") else request.method.lower()
        self.network.begin(kind)
        try:
            await self.network.first_byte()
            return await self._dispatch(request, raw_path)
        except Refused as refused:
            self.network.counts["refused"] += 1
            return refused.response(request)
        finally:
            self.network.end()

    async def _dispatch(
        self, request: web.Request, raw_path: str
    ) -> web.StreamResponse:
        if request.method not in ("GET", "HEAD"):
            raise Refused("AccessDenied")
        try:
            bucket, _, key = unquote(raw_path, errors="strict").partition("/")
        except UnicodeDecodeError as error:
            raise Refused("InvalidURI") from error
        if not bucket:
            names = [entry.name for entry in self.root.iterdir() if entry.is_dir()]
            return xml_response(storage_xml.buckets(sorted(names)))
        try:
            folder = bucket_folder(self.root, bucket)
        except NoSuchBucket as error:
            raise Refused("NoSuchBucket") from error
        if key:
            return await self._object(request, folder, key)
        if request.method == "HEAD" or "location" in request.query:
            return xml_response(storage_xml.location(self.region))
        return await self._list(request, folder)

    async def _list(self, request: web.Request, folder: Path) -> web.Response:
        try:
            query = _list_query(request)
        except ListingError as error:
            raise Refused("InvalidArgument", str(error)) from error
        page = await asyncio.to_thread(list_page, folder, query)
        encoded = request.query.get("encoding-type") == "url"
        return xml_response(storage_xml.listing(folder.name, query, page, encoded))

    async def _object(
        self, request: web.Request, folder: Path, key: str
    ) -> web.StreamResponse:
        fault = self.network.next_fault(key)
        if fault in _FAULT_CODES:
            raise Refused(_FAULT_CODES[fault])
        if fault == "reset":
            return hang_up(request)
        if not _is_signed(request) and self.is_embargoed(folder.name, key):
            raise Refused("AccessDenied")
        try:
            stored = open_object(folder, key)
        except NoSuchKey as error:
            raise Refused("NoSuchKey") from error
        with stored.file:
            return await Delivery(request, self.network, stored, fault).send()

    async def _stats(self, request: web.Request) -> web.Response:
        return web.json_response(self.network.stats())

    async def _reset(self, request: web.Request) -> web.Response:
        self.network.reset()
        return web.json_response(self.network.stats())

    async def _set_options(self, request: web.Request) -> web.Response:
        self.network.options = await _message(request, Options)
        return web.json_response(self.network.options.model_dump())

    async def _add_fault(self, request: web.Request) -> web.Response:
        fault = await _message(request, Fault)
        self.network.add_fault(fault)
        return web.json_response(fault.model_dump())

    async def _clear_faults(self, request: web.Request) -> web.Response:
        self.network.clear_faults()
        return web.json_response({})


def _is_signed(request: web.Request) -> bool:
    signed_query = {"X-Amz-Signature", "Signature"} & set(request.query)
    return "Authorization" in request.headers or bool(signed_query)


def _list_query(request: web.Request) -> Query:
    asked = request.query
    if asked.get("list-type") != "2":
        raise Refused("NotImplemented")
    after = asked.get("start-after", "")
    if token := asked.get("continuation-token"):
        after = read_token(token)
    max_keys = asked.get("max-keys", str(MAX_KEYS))
    if not (max_keys.isascii() and max_keys.isdecimal()):
        raise ListingError(f"max-keys: {max_keys!r} is not a whole number")
    return Query(
        prefix=asked.get("prefix", ""),
        delimiter=asked.get("delimiter", ""),
        after=after,
        max_keys=min(int(max_keys), MAX_KEYS),
    )


async def _message(request: web.Request, model: type[_Message]) -> _Message:
    # A web page of another origin can send a form, but not JSON, without asking.
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(text="send application/json\n")
    try:
        return model.model_validate_json(await request.read())
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "body"
        raise web.HTTPBadRequest(text=f"{where}: {first['msg']}\n") from error
