"""Serve the stand-ins: ``python -m hub_config.local.standins people | storage``.

Started by the hub as services of its own, with the state folder in the environment.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from aiohttp import web

from ...settings import Hub, load
from ..serving import serving
from ..state import Run, State
from . import accounts, faults
from .github import Client, GitHub, github_app
from .network import Network, Options
from .people import People
from .services import ARCHIVE, GITHUB, STORAGE
from .storage import Storage


def people_app(state: State, hub: Hub) -> web.Application:
    """Return GitHub and the archive, which are about the same people."""
    secrets = state.secrets()
    people = People(path=state.path / "people.json")
    client = Client(secrets["github_client_id"], secrets["github_client_secret"])
    control = secrets["control_token"]
    app = web.Application()
    app.add_subapp(GITHUB, github_app(GitHub(people, client), control_token=control))
    app.add_subapp(ARCHIVE, archive_app(state, people))
    return app


def archive_app(state: State, people: People) -> web.Application:
    """Return the archive: who is registered, and what there is to read."""
    secrets = state.secrets()
    control = secrets["control_token"]
    caller = accounts.Caller("hub-service", admin=True)
    known = accounts.Accounts(people, {secrets["archive_token"]: caller})
    switch = faults.Switch()
    app = web.Application(middlewares=[faults.middleware(switch)])
    faults.add_control(app, switch, control)
    accounts.add_routes(app, known, control_token=control)
    return app


def storage_app(state: State, run: Run) -> web.Application:
    """Return S3 over the sample archive's objects."""
    network = Network(Options(latency_ms=run.latency_ms))
    objects = state.path / "archive" / "objects"
    objects.mkdir(parents=True, exist_ok=True)
    app = web.Application()
    Storage(objects, network).add_routes(app, STORAGE)
    return app


async def main(which: str) -> None:
    """Serve until the parent ends us."""
    state = State(Path(os.environ["ARCHIVE_HUB_STATE"]))
    run = state.run()
    assert run is not None, "the stand-ins are started by the hub"
    if which == "people":
        app, port = people_app(state, load()), run.ports["standins"]
    else:
        app, port = storage_app(state, run), run.ports["storage"]
    async with serving(app, port):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
