"""One process that answers for all user servers: HTTP, and a websocket that echoes.

``python stub_server.py`` prints the port that it listens on.
"""

from __future__ import annotations

import asyncio

from aiohttp import WSMsgType, web


async def answer(request: web.Request) -> web.StreamResponse:
    """Tell which path was asked for, or echo what comes by websocket."""
    if request.headers.get("Upgrade", "").lower() != "websocket":
        return web.json_response({"version": "stub", "path": request.path})
    channel = web.WebSocketResponse(timeout=5)
    await channel.prepare(request)
    async for message in channel:
        if message.type is WSMsgType.TEXT:
            await channel.send_str(message.data)
    return channel


async def main() -> None:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=2048).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
