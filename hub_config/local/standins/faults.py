"""A switch that lets a stand-in fail the way real services fail."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from enum import StrEnum
from hmac import compare_digest
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
CONTROL = "/_standin"


class Kind(StrEnum):
    """How a stand-in answers."""

    OK = "ok"
    ERROR = "http-500"
    UNAVAILABLE = "http-503"
    TOO_MANY = "http-429"
    RATE_LIMIT = "rate-limit-403"
    UNAUTHORIZED = "http-401"
    FORBIDDEN = "http-403"
    REDIRECT = "redirect"
    HTML = "html"
    NULL = "null"
    GARBAGE = "garbage"
    HANG = "hang"
    SLOW = "slow"
    CUT = "cut"


class Fault(BaseModel):
    """What to do to the requests that match.

    Parameters
    ----------
    kind : Kind
        How to answer.
    path : str
        Only requests whose path contains this.
    delay_s : float
        How long `slow` waits before it answers.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind = Kind.OK
    path: str = ""
    delay_s: float = Field(default=1.0, ge=0, le=60)


class Switch:
    """The present fault of one stand-in, and how many requests it got."""

    def __init__(self) -> None:
        self._fault = Fault()
        self._changed = asyncio.Event()
        self.requests = 0

    @property
    def fault(self) -> Fault:
        """The present fault."""
        return self._fault

    def set(self, fault: Fault) -> None:
        """Answer so from now on; requests that hang are let go."""
        self._fault = fault
        self._changed.set()
        self._changed = asyncio.Event()

    async def changed(self) -> None:
        """Wait for the next `set`."""
        await self._changed.wait()


def middleware(switch: Switch) -> Any:
    """Return middleware that answers as `switch` says; control requests pass."""

    @web.middleware
    async def faulty(request: web.Request, handler: Handler) -> web.StreamResponse:
        if f"{CONTROL}/" in request.path:
            return await handler(request)
        switch.requests += 1
        fault = switch.fault
        if fault.kind is Kind.OK or fault.path not in request.path:
            return await handler(request)
        return await _fail(request, handler, switch)

    return faulty


async def _fail(
    request: web.Request, handler: Handler, switch: Switch
) -> web.StreamResponse:
    kind = switch.fault.kind
    if kind in _PLAIN:
        status, headers, body = _PLAIN[kind]
        content_type = "text/html" if body.startswith("<") else "application/json"
        return web.Response(
            status=status, headers=headers, text=body, content_type=content_type
        )
    if kind is Kind.HANG:
        await switch.changed()
    elif kind is Kind.SLOW:
        await asyncio.sleep(switch.fault.delay_s)
    elif kind is Kind.CUT:
        return await _cut(request)
    answer = await handler(request)
    if kind in (Kind.NULL, Kind.GARBAGE):
        return _spoilt(answer, kind)
    return answer


_PAGE = "<!doctype html><title>Unicorn</title><p>Down for maintenance."
_PLAIN: dict[Kind, tuple[int, dict[str, str], str]] = {
    Kind.ERROR: (500, {}, '{"message": "Server Error"}'),
    Kind.UNAVAILABLE: (503, {}, _PAGE),
    Kind.TOO_MANY: (429, {"Retry-After": "30"}, '{"message": "Too many requests"}'),
    Kind.RATE_LIMIT: (
        403,
        {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "4102444800"},
        '{"message": "API rate limit exceeded"}',
    ),
    Kind.UNAUTHORIZED: (401, {}, '{"detail": "Invalid token."}'),
    Kind.FORBIDDEN: (403, {}, '{"detail": "You do not have permission."}'),
    Kind.REDIRECT: (302, {"Location": "https://moved.invalid/"}, "{}"),
    Kind.HTML: (200, {}, _PAGE),
}


async def _cut(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "100000"})
    response.content_type = "application/json"
    await response.prepare(request)
    await response.write(b'[{"admin": fal')
    if request.transport is not None:
        request.transport.abort()
    return response


def _spoilt(answer: web.StreamResponse, kind: Kind) -> web.StreamResponse:
    body = answer.body if isinstance(answer, web.Response) else None
    text = body.decode() if isinstance(body, bytes) else "[{}]"
    if kind is Kind.GARBAGE:
        text = text[: max(1, len(text) // 2)]
    else:
        text = json.dumps(_nulled(json.loads(text)))
    return web.Response(text=text, content_type="application/json")


def _nulled(value: Any) -> Any:
    if isinstance(value, list):
        return [_nulled(item) for item in value]
    if isinstance(value, dict):
        return dict.fromkeys(value)
    return None


def guard(request: web.Request, token: str) -> None:
    """Refuse a control request without the control token.

    Raises
    ------
    aiohttp.web.HTTPUnauthorized
        The ``Authorization`` header is not ``token TOKEN``.
    """
    given = request.headers.get("Authorization", "").removeprefix("token ")
    if not token or not compare_digest(given.encode(), token.encode()):
        raise web.HTTPUnauthorized(text="stand-in: the control token is wrong\n")


def add_control(
    app: web.Application, switch: Switch, token: str, *, prefix: str = ""
) -> None:
    """Add ``GET`` and ``PUT {prefix}/_standin/fault``, behind the control token."""

    async def show(request: web.Request) -> web.Response:
        guard(request, token)
        state = switch.fault.model_dump(mode="json")
        return web.json_response({**state, "requests": switch.requests})

    async def change(request: web.Request) -> web.Response:
        guard(request, token)
        try:
            switch.set(Fault.model_validate_json(await request.read()))
        except ValidationError as error:
            raise web.HTTPBadRequest(text=f"stand-in: {error}\n") from None
        return await show(request)

    app.router.add_get(f"{prefix}{CONTROL}/fault", show)
    app.router.add_put(f"{prefix}{CONTROL}/fault", change)
