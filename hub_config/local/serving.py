"""Serving an aiohttp application on the loopback address, unless told otherwise."""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web


class NotLoopback(ValueError):
    """A stand-in was asked to listen where other machines could reach it."""


def require_loopback(address: str) -> None:
    """Refuse an address that other machines could reach.

    Raises
    ------
    NotLoopback
        `address` is not a loopback IP address (names are not looked up).
    """
    try:
        loopback = ipaddress.ip_address(address).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise NotLoopback(
            f"stand-in: {address!r} is not a loopback address; "
            "stand-ins have no real passwords, use 127.0.0.1"
        )


@asynccontextmanager
async def serving(
    app: web.Application,
    port: int = 0,
    address: str = "127.0.0.1",
    *,
    beyond_loopback: bool = False,
) -> AsyncIterator[str]:
    """Serve `app` while the block runs.

    Parameters
    ----------
    app : web.Application
        What answers.
    port : int
        0 lets the system choose a free one.
    address : str
        A loopback address.
    beyond_loopback : bool
        Take any address: for a pod, which network policies keep to itself.

    Yields
    ------
    str
        The URL that reaches it, without a closing slash.
    """
    if not beyond_loopback:
        require_loopback(address)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, address, port)
        await site.start()
        bound = runner.addresses[0][1]
        yield f"http://{address}:{bound}"
    finally:
        await runner.cleanup()
