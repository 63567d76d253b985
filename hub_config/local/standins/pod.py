"""Serve all stand-ins from one pod of a development cluster.

``python -m hub_config.local.standins.pod --beyond-loopback``: without that word they
refuse a pod's address, as everywhere.  The chart says it in one template, beside the
network policy that keeps strangers out, and only where ``standins.enabled`` is set.
"""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from aiohttp import web

from ..serving import NotLoopback, serving
from .apps import Ground, add_storage, people_app
from .network import Network

PORT = 8080
# Name of a secret -> variable that the chart sets from its secret.
VARIABLES = {
    "github_client_id": "GITHUB_CLIENT_ID",
    "github_client_secret": "GITHUB_CLIENT_SECRET",
    "archive_token": "ARCHIVE_TOKEN",
    "control_token": "CONTROL_TOKEN",
}


def app_of(environ: Mapping[str, str]) -> web.Application:
    """Return GitHub, the archive and S3 as one application.

    Parameters
    ----------
    environ : mapping
        The secrets by `VARIABLES`, and ``STANDINS_FOLDER``.

    Raises
    ------
    KeyError
        One is missing.
    """
    folder = Path(environ["STANDINS_FOLDER"])
    secrets = {name: environ[variable] for name, variable in VARIABLES.items()}
    app = people_app(Ground(folder, secrets))
    add_storage(app, folder, Network())
    return app


async def main(words: Sequence[str] | None = None) -> None:
    """Serve until told to end.

    Raises
    ------
    SystemExit
        The address is not ours to listen on.
    """
    parser = argparse.ArgumentParser(prog="stand-ins", description=__doc__)
    parser.add_argument("--address", default="0.0.0.0")
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--beyond-loopback", action="store_true")
    chosen = parser.parse_args(words)
    try:
        async with serving(
            app_of(os.environ),
            chosen.port,
            chosen.address,
            beyond_loopback=chosen.beyond_loopback,
        ):
            await asyncio.Event().wait()
    except NotLoopback as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main())
