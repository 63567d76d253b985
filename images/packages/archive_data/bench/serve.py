"""Serves a folder of buckets with the project's S3 stand-in until standard input ends.

Runs in the hub's environment: ``python serve.py FOLDER``; prints the address.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from aiohttp import web
from hub_config.local.serving import serving
from hub_config.local.standins.storage import Storage


async def main(root: Path) -> None:
    app = web.Application()
    Storage(root).add_routes(app)
    async with serving(app) as url:
        print(url, flush=True)
        await asyncio.to_thread(sys.stdin.read)


asyncio.run(main(Path(sys.argv[1])))
