"""Dask preload: marks on scratch, while a client is connected, that work is running.

Dask imports this file in every process that opens a client
(``distributed.client.preload``) whatever environment it runs in, so it needs nothing
but Dask.  `activity` reads the marks; one that is not renewed is no longer believed, so
a killed kernel leaves none behind.
"""

import os
from pathlib import Path
from typing import Any

RENEW_S = 5.0


def _mark(client: Any) -> Path:
    folder = Path(os.environ["ARCHIVE_HUB_SCRATCH"]) / "dask-clients"
    return folder / f"{os.getpid()}-{id(client)}"


def _renew(client: Any) -> None:
    try:
        if client.status == "running":
            _mark(client).touch()
        else:
            _mark(client).unlink(missing_ok=True)
    except OSError:
        pass  # a full scratch must not disturb the computation


def dask_setup(client: Any) -> None:
    """Begin to mark; called by Dask when the client starts."""
    if "ARCHIVE_HUB_SCRATCH" not in os.environ:
        return
    from tornado.ioloop import PeriodicCallback

    renewal = PeriodicCallback(lambda: _renew(client), RENEW_S * 1000)
    client._periodic_callbacks["hub-server-mark"] = renewal
    renewal.start()
    client.loop.call_later(0.5, _renew, client)


def dask_teardown(client: Any) -> None:
    """Take the mark away; called by Dask when the client closes."""
    if "ARCHIVE_HUB_SCRATCH" in os.environ:
        _mark(client).unlink(missing_ok=True)
