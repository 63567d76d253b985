"""Each switch of the relay does what its name says."""

from __future__ import annotations

import asyncio
import time

import aiohttp
import pytest
from aiohttp import web

from hub_config.local.serving import serving

from .relay import Relay

BODY = "x" * 100_000


@pytest.fixture
async def relay():
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=BODY)

    app = web.Application()
    app.router.add_get("/", answer)
    async with serving(app) as url:
        relay = Relay()
        await relay.start(int(url.rsplit(":", 1)[1]))
        yield relay
        await relay.close()


async def got(relay: Relay, within_s: float = 10) -> str:
    async with asyncio.timeout(within_s), aiohttp.ClientSession() as http:
        answer = await http.get(f"http://127.0.0.1:{relay.port}/")
        return await answer.text()


async def test_open_carries_everything(relay):
    assert await got(relay) == BODY


async def test_refuse_refuses_until_opened_again(relay):
    await relay.refuse()
    with pytest.raises(aiohttp.ClientConnectorError):
        await got(relay)
    await relay.open()
    assert await got(relay) == BODY


async def test_hang_accepts_and_never_answers(relay):
    relay.hang()
    with pytest.raises(TimeoutError):
        await got(relay, within_s=0.5)
    await relay.swallowed(1)
    await relay.open()
    assert await got(relay) == BODY


async def test_slow_delays_and_loses_nothing(relay):
    relay.slow(0.3)
    began_s = time.monotonic()
    assert await got(relay) == BODY
    assert time.monotonic() - began_s >= 0.3


async def test_cut_closes_in_the_middle_of_an_answer(relay):
    relay.cut(after_bytes=1000)
    with pytest.raises(aiohttp.ClientPayloadError):
        await got(relay)
    await relay.open()
    assert await got(relay) == BODY
