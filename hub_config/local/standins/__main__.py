"""Serve the stand-ins: ``python -m hub_config.local.standins people | storage``.

Started by the launcher beside the hub, with the state folder in the environment.
"""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import suppress
from pathlib import Path

from aiohttp import web

from ..serving import serving
from ..state import State
from .apps import Ground, add_storage, people_app
from .network import Network, Options
from .services import storage_url


async def main(which: str) -> None:
    """Serve until the parent ends us."""
    state = State(Path(os.environ["ARCHIVE_HUB_STATE"]))
    run = state.run()
    assert run is not None, "the stand-ins are started by the launcher"
    if which == "people":
        ground = Ground(state.path, state.secrets(), storage_url(run))
        app, port = people_app(ground), run.ports["standins"]
    else:
        app, port = web.Application(), run.ports["storage"]
        add_storage(app, state.path, Network(Options(latency_ms=run.latency_ms)))
    async with serving(app, port):
        await asyncio.Event().wait()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main(sys.argv[1]))
