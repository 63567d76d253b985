"""Serves a folder with the project's stand-ins until standard input ends.

Runs in the hub's environment: ``python serve.py FOLDER``; prints the address.
Buckets of FOLDER are at ``/``; the archive kept in ``FOLDER/archive``, if there is one,
at ``/services/archive`` and its bucket at ``/services/s3``.  A key for the archive is
the account's name.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from aiohttp import web
from hub_config.local.serving import serving
from hub_config.local.standins.catalogue import Archive
from hub_config.local.standins.storage import Storage


def account(request: web.Request) -> str | None:
    return request.headers.get("Authorization", "").removeprefix("token ") or None


def application(root: Path) -> web.Application:
    app = web.Application()
    place = root / "archive"
    archive = Archive(place, prefix="/services/archive", account_of=account)
    inside = web.Application()
    archive.add_routes(inside)
    app.add_subapp("/services/archive", inside)
    hidden = archive.catalogue.is_embargoed
    Storage(place / "objects", is_embargoed=hidden).add_routes(app, "/services/s3")
    Storage(root).add_routes(app)
    return app


async def main(root: Path) -> None:
    async with serving(application(root)) as url:
        print(url, flush=True)
        await asyncio.to_thread(sys.stdin.read)


asyncio.run(main(Path(sys.argv[1])))
