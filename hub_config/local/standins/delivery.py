"""One object on its way to one client: conditions, range, headers, bytes, faults."""

from __future__ import annotations

import asyncio
from email.utils import formatdate

from aiohttp import web

from hub_config.local.standins import ranges
from hub_config.local.standins.network import STEP_BYTES, Network
from hub_config.local.standins.objects import StoredObject
from hub_config.local.standins.refused import Refused

_POLL_S = 0.05


class Delivery:
    """The answer to one GET or HEAD of an object.

    Parameters
    ----------
    request : web.Request
        What was asked.
    network : Network
        The road that the answer takes.
    stored : StoredObject
        Open, and left open.
    fault : str or None
        Kind of the fault that strikes this answer.
    """

    def __init__(
        self,
        request: web.Request,
        network: Network,
        stored: StoredObject,
        fault: str | None,
    ) -> None:
        self.request = request
        self.network = network
        self.stored = stored
        self.fault = fault
        # As if the object had been replaced since the client last looked.
        self.etag = stored.etag[::-1] if fault == "etag" else stored.etag

    async def send(self) -> web.StreamResponse:
        """Send headers and, for GET, the bytes."""
        headers, modified_s = self.request.headers, self.stored.status.st_mtime
        refusal = ranges.refusal(headers, self.etag, modified_s)
        if refusal == 304:
            return web.Response(status=304, headers=self._headers())
        if refusal:
            raise Refused("PreconditionFailed")
        span = None
        if self.fault != "whole" and ranges.range_applies(
            headers, self.etag, modified_s
        ):
            span = self._span(headers.get("Range"))
        response = web.StreamResponse(status=206 if span else 200)
        response.headers.update(self._headers())
        if span:
            response.headers["Content-Range"] = (
                f"bytes {span.start}-{span.stop - 1}/{self.stored.size_bytes}"
            )
        span = span or ranges.Span(0, self.stored.size_bytes)
        response.content_length = span.size_bytes
        await response.prepare(self.request)
        if self.request.method == "GET":
            await self._send_body(span)
        return response

    def _span(self, header: str | None) -> ranges.Span | None:
        size_bytes = self.stored.size_bytes
        try:
            return ranges.requested_span(header, size_bytes)
        except ranges.RangeNotSatisfiable as error:
            unsatisfied = {"Content-Range": f"bytes */{size_bytes}"}
            raise Refused("InvalidRange", str(error), **unsatisfied) from error

    def _headers(self) -> dict[str, str]:
        headers = {
            "Accept-Ranges": "bytes",
            "Content-Type": "application/octet-stream",
            "ETag": f'"{self.etag}"',
            "Last-Modified": formatdate(self.stored.status.st_mtime, usegmt=True),
        }
        name = self.request.query.get("response-content-disposition", "")
        if name and name.isprintable():
            headers["Content-Disposition"] = name
        return headers

    async def _send_body(self, span: ranges.Span) -> None:
        stop = span.stop
        if self.fault in ("cut", "stall"):
            stop = span.start + span.size_bytes // 2
        began_s = asyncio.get_running_loop().time()
        offset = span.start
        while offset < stop:
            size_bytes = min(STEP_BYTES, stop - offset)
            await self.network.pace(size_bytes, began_s, offset - span.start)
            await self._send_step(offset, size_bytes)
            offset += size_bytes
        if self.fault == "cut":
            hang_up(self.request)
        elif self.fault == "stall":
            await _until_client_leaves(self.request)

    async def _send_step(self, offset: int, size_bytes: int) -> None:
        transport = self.request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the client has gone")
        loop = asyncio.get_running_loop()
        # Before they leave: who has the last byte may ask for the count at once.
        self.network.counts["bytes"] += size_bytes
        await loop.sendfile(transport, self.stored.file, offset, size_bytes)


def hang_up(request: web.Request) -> web.Response:
    """Close the connection at once; what is returned reaches nobody."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _until_client_leaves(request: web.Request) -> None:
    while request.transport is not None and not request.transport.is_closing():
        await asyncio.sleep(_POLL_S)
